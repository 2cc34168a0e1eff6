//! The body: one task that sends what is due and says how it went.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch as signal;
use tokio::task::{Id, JoinError, JoinHandle, JoinSet, spawn_blocking};
use tokio::time::{Instant, sleep, timeout_at};
use tracing::{error, info, warn};
use vigie_model::{Now, UtcMs};

use crate::channel::Channels;
use crate::desk::Desk;
use crate::mind::{Digest16, Letter, Outcome, Settled, Text, Whose};

/// How long the task sleeps at most: quiet hours follow a wall clock that was set within this.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// And at least, so that what can not be sent yet keeps no processor busy.
const SHORTEST_SLEEP: Duration = Duration::from_millis(1);

/// What is under way when its sender stops has so long to be answered.
pub(crate) const LAST_WORDS: Duration = Duration::from_secs(2);

/// The time, as the node knows it, by both its clocks: `mono_ms` is the boot clock.
pub type Clock = Arc<dyn Fn() -> Now + Send + Sync>;

/// What hears that something was told: [`Desk::unshown`] says what is to be shown to the other side.
pub type Told = Arc<dyn Fn() + Send + Sync>;

/// Sends until it is closed.
pub struct Messenger {
    stop: signal::Sender<bool>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl fmt::Debug for Messenger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Messenger").finish_non_exhaustive()
    }
}

impl Messenger {
    /// Begins to send, from within a runtime.
    pub fn start(desk: Arc<Desk>, channels: impl Into<Channels>, clock: Clock, told: Told) -> Self {
        let (stop, stopped) = signal::channel(false);
        // Whoever sent before does so no more.
        desk.release();
        let body =
            Body { desk, channels: channels.into(), clock, told, under_way: JoinSet::new(), letters: BTreeMap::new() };
        let task = tokio::spawn(body.live(stopped));
        Self { stop, task: Mutex::new(Some(task)) }
    }

    /// Stops. What was taken until then is written down; what nobody answers in a moment is sent again the next time, with the same
    /// key.
    pub async fn close(&self) {
        self.stop.send_replace(true);
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            // It ends by itself; a panic in it has been told.
            drop(task.await);
        }
    }
}

struct Body {
    desk: Arc<Desk>,
    channels: Channels,
    clock: Clock,
    told: Told,
    under_way: JoinSet<Outcome>,
    letters: BTreeMap<Id, Digest16>,
}

impl Body {
    async fn live(mut self, mut stopped: signal::Receiver<bool>) {
        loop {
            self.send_what_is_due().await;
            let wait = self.desk.wait((self.clock)()).unwrap_or(LONGEST_SLEEP);
            let pause = wait.clamp(SHORTEST_SLEEP, LONGEST_SLEEP);
            tokio::select! {
                Some(ended) = self.under_way.join_next_with_id() => self.take_in(ended).await,
                () = self.desk.woken() => {}
                () = sleep(pause) => {}
                () = told_to_stop(&mut stopped) => break,
            }
        }
        let until = Instant::now() + LAST_WORDS;
        while let Ok(Some(ended)) = timeout_at(until, self.under_way.join_next_with_id()).await {
            self.take_in(ended).await;
        }
        self.under_way.shutdown().await;
    }

    async fn send_what_is_due(&mut self) {
        let (desk, now) = (self.desk.clone(), (self.clock)());
        let Ok(due) = spawn_blocking(move || desk.due(now)).await else {
            return error!("what is to be told can not be decided by an error of ours");
        };
        if let Err(error) = due.written {
            warn!(%error, "what is sent now is not written down: after a crash it is sent again");
        }
        for letter in due.letters {
            let channels = self.channels.clone();
            let id = letter.id();
            let task = self.under_way.spawn(async move { send(&channels, &letter, now.utc).await });
            self.letters.insert(task.id(), id);
        }
    }

    async fn take_in(&mut self, ended: Result<(Id, Outcome), JoinError>) {
        let (task, outcome) = match ended {
            Ok(ended) => ended,
            Err(error) => {
                error!(%error, "a message was not sent by an error of ours; it is tried again");
                let why = Text::new("an error of ours");
                (error.id(), Outcome::Later { why, after_ms: None, whose: Whose::Letter })
            }
        };
        if let Some(letter) = self.letters.remove(&task) {
            self.settle(letter, outcome).await;
        }
    }

    async fn settle(&self, letter: Digest16, outcome: Outcome) {
        note(letter, &outcome);
        let (desk, now) = (self.desk.clone(), (self.clock)());
        let mut chance = [0];
        // Without chance all senders come back together; nothing is lost by it.
        getrandom::fill(&mut chance).unwrap_or_default();
        let settled = match spawn_blocking(move || desk.settle(letter, outcome, now, chance[0])).await {
            Ok(Ok(settled)) => settled,
            Ok(Err((settled, error))) => {
                warn!(%error, "what became of a message is not written down: after a crash it is sent again");
                settled
            }
            Err(_) => Settled::Unknown,
        };
        if matches!(&settled, Settled::Sent(marks) if !marks.is_empty()) {
            (self.told)();
        }
    }
}

/// Also when nobody is left who could say it.
pub(crate) async fn told_to_stop(stopped: &mut signal::Receiver<bool>) {
    drop(stopped.wait_for(|stop| *stop).await);
}

async fn send(channels: &Channels, letter: &Letter, now: UtcMs) -> Outcome {
    match channels.get(&letter.intent.channel) {
        Some(channel) => channel.send(&letter.intent, now).await,
        None => {
            let why = Text::new("its channel is not open");
            Outcome::Later { why, after_ms: None, whose: Whose::Channel }
        }
    }
}

fn note(letter: Digest16, outcome: &Outcome) {
    match outcome {
        Outcome::Taken(said) => info!(%letter, %said, "a message was taken"),
        Outcome::Later { why, .. } => warn!(%letter, %why, "a message was not taken; it is sent again"),
        Outcome::Never(why) => error!(%letter, %why, "a message was refused; it is among the dead letters"),
    }
}
