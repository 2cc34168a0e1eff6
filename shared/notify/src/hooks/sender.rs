//! The body: one task for each receiver that is told, and one that says how they went.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::{Id, JoinError, JoinHandle, JoinSet, spawn_blocking};
use tokio::time::{Instant, sleep};
use tracing::{debug, error, warn};

use super::{Gone, HookPost, Hooks, Round};
use crate::messenger::Clock;
use crate::mind::{Outcome, Text, Whose};

/// How long the task sleeps at most.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// What can not be read or written now is tried again after this.
const AGAIN_AFTER: Duration = Duration::from_secs(5);

/// A round takes no more events after this: what was taken is written down, and seen, soon.
const LONGEST_ROUND: Duration = Duration::from_millis(500);

/// Sends until it is closed.
#[derive(Debug)]
pub struct HookSender(Mutex<Option<JoinHandle<()>>>);

impl HookSender {
    /// Begins to send, from within a runtime.
    pub fn start(hooks: Arc<Hooks>, post: Arc<HookPost>, clock: Clock) -> Self {
        hooks.release();
        let body = Body { hooks, post, clock, under_way: JoinSet::new(), sent: BTreeMap::new() };
        Self(Mutex::new(Some(tokio::spawn(body.live()))))
    }

    /// Stops. What is under way is sent again the next time, with the same key.
    pub async fn close(&self) {
        let task = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            task.abort();
            // It was told to end.
            drop(task.await);
        }
    }
}

struct Body {
    hooks: Arc<Hooks>,
    post: Arc<HookPost>,
    clock: Clock,
    under_way: JoinSet<Vec<Outcome>>,
    sent: BTreeMap<Id, Round>,
}

impl Body {
    async fn live(mut self) {
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
            }
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
            let told = tell(self.hooks.clone(), self.post.clone(), self.clock.clone(), round.clone());
            let task = self.under_way.spawn(told);
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

/// Sends a round, one after the other, as long as they are taken, or refused for what they are.
async fn tell(hooks: Arc<Hooks>, post: Arc<HookPost>, clock: Clock, round: Round) -> Vec<Outcome> {
    let (began, mut outcomes) = (Instant::now(), Vec::new());
    for delivery in &round.0 {
        // Whoever ended the subscription meanwhile is told nothing more.
        if began.elapsed() > LONGEST_ROUND || !hooks.has(&delivery.hook.id) {
            break;
        }
        outcomes.push(post.send(delivery, clock().utc).await);
        if matches!(outcomes.last(), Some(Outcome::Later { .. })) {
            break;
        }
    }
    outcomes
}
