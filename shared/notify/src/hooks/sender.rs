//! The body: one task for each receiver that is told, and one that says how they went.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch as signal;
use tokio::task::{Id, JoinError, JoinHandle, JoinSet, spawn_blocking};
use tokio::time::{Instant, sleep};
use tracing::{debug, error, warn};

use super::{Gone, HookPost, Hooks, Round};
use crate::messenger::{Clock, LAST_WORDS, told_to_stop};
use crate::mind::{Outcome, Text, Whose};

/// How long the task sleeps at most.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// What can not be read or written now is tried again after this.
const AGAIN_AFTER: Duration = Duration::from_secs(5);

/// A round takes no more events after this: what was taken is written down, and seen, soon.
const LONGEST_ROUND: Duration = Duration::from_millis(500);

/// Sends until it is closed.
#[derive(Debug)]
pub struct HookSender {
    stop: signal::Sender<bool>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl HookSender {
    /// Begins to send, from within a runtime.
    pub fn start(hooks: Arc<Hooks>, post: Arc<HookPost>, clock: Clock) -> Self {
        let (stop, stopped) = signal::channel(false);
        hooks.release();
        let body = Body { hooks, post, clock, stopped, under_way: JoinSet::new(), sent: BTreeMap::new() };
        Self { stop, task: Mutex::new(Some(tokio::spawn(body.live()))) }
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
    hooks: Arc<Hooks>,
    post: Arc<HookPost>,
    clock: Clock,
    stopped: signal::Receiver<bool>,
    under_way: JoinSet<Vec<Outcome>>,
    sent: BTreeMap<Id, Round>,
}

impl Body {
    async fn live(mut self) {
        let mut stopped = self.stopped.clone();
        loop {
            let pause = match self.send_what_is_due().await {
                true => self.hooks.wait_ms((self.clock)()).map_or(LONGEST_SLEEP, Duration::from_millis),
                false => AGAIN_AFTER,
            };
            tokio::select! {
                Some(ended) = self.under_way.join_next_with_id() => {
                    let mut all = vec![ended];
                    // What ended meanwhile is written down in the same step.
                    while let Some(ended) = self.under_way.try_join_next_with_id() {
                        all.push(ended);
                    }
                    let gone = all.into_iter().filter_map(|ended| self.gone(ended)).collect();
                    self.settle(gone).await;
                }
                () = self.hooks.woken() => {}
                () = sleep(pause.min(LONGEST_SLEEP)) => {}
                () = told_to_stop(&mut stopped) => break,
            }
        }
        self.end().await;
    }

    /// Each round ends by itself in a moment; what was taken of any of them is not told again.
    async fn end(&mut self) {
        let mut gone = Vec::new();
        while let Some(ended) = self.under_way.join_next_with_id().await {
            gone.extend(self.gone(ended));
        }
        if !gone.is_empty() {
            self.settle(gone).await;
        }
    }

    async fn send_what_is_due(&mut self) -> bool {
        let (hooks, now) = (self.hooks.clone(), (self.clock)());
        let due = match spawn_blocking(move || hooks.due(now)).await {
            Ok(Ok(due)) => due,
            Ok(Err(error)) => {
                warn!(%error, "what waits for webhooks can not be read; it is tried again");
                return false;
            }
            Err(error) => {
                error!(%error, "what waits for webhooks was not read by an error of ours; it is tried again");
                return false;
            }
        };
        for round in due {
            let (hooks, post, clock) = (self.hooks.clone(), self.post.clone(), self.clock.clone());
            let task = self.under_way.spawn(tell((hooks, post, clock), round.clone(), self.stopped.clone()));
            self.sent.insert(task.id(), round);
        }
        true
    }

    fn gone(&mut self, ended: Result<(Id, Vec<Outcome>), JoinError>) -> Option<Gone> {
        let (id, outcomes) = match ended {
            Ok(ended) => ended,
            Err(error) => {
                error!(%error, "events were not sent by an error of ours; they are tried again");
                let why = Text::new("an error of ours");
                (error.id(), vec![Outcome::Later { why, after_ms: None, whose: Whose::Channel }])
            }
        };
        let round = self.sent.remove(&id)?;
        for (delivery, outcome) in round.0.iter().zip(&outcomes) {
            match outcome {
                Outcome::Taken(_) => debug!(id = delivery.id(), "an event was taken"),
                Outcome::Later { why, .. } => {
                    debug!(id = delivery.id(), %why, "an event was not taken; it is sent again");
                }
                Outcome::Never(why) => warn!(id = delivery.id(), %why, "an event was refused; it is among the dead"),
            }
        }
        Some(Gone { round, outcomes })
    }

    async fn settle(&mut self, gone: Vec<Gone>) {
        let mut chance = [0];
        // Without chance all senders come back together; nothing is lost by it.
        getrandom::fill(&mut chance).unwrap_or_default();
        let (hooks, now) = (self.hooks.clone(), (self.clock)());
        let settled = spawn_blocking(move || hooks.settle(&gone, now, chance[0])).await;
        if let Ok(Err(error)) = settled {
            warn!(%error, "what became of events is not written down: they are sent again, with the same keys");
        }
    }
}

/// Sends a round, one after the other, as long as they are taken, or refused for what they are, and nobody says stop. What is under
/// way then has a moment to be answered.
async fn tell(
    (hooks, post, clock): (Arc<Hooks>, Arc<HookPost>, Clock),
    round: Round,
    mut stopped: signal::Receiver<bool>,
) -> Vec<Outcome> {
    let (began, mut outcomes) = (Instant::now(), Vec::new());
    for delivery in &round.0 {
        // Whoever ended the subscription meanwhile is told nothing more.
        if began.elapsed() > LONGEST_ROUND || *stopped.borrow() || !hooks.has(&delivery.hook.id) {
            break;
        }
        tokio::select! {
            outcome = post.send(delivery, clock().utc) => outcomes.push(outcome),
            () = out_of_time(&mut stopped) => break,
        }
        if matches!(outcomes.last(), Some(Outcome::Later { .. })) {
            break;
        }
    }
    outcomes
}

/// Returns a moment after it is to stop.
async fn out_of_time(stopped: &mut signal::Receiver<bool>) {
    told_to_stop(stopped).await;
    sleep(LAST_WORDS).await;
}
