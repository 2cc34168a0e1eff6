//! The body: one task that sends what is due and says how it went.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::{Id, JoinHandle, JoinSet, spawn_blocking};
use tokio::time::sleep;
use tracing::{debug, error, warn};

use super::{Delivery, HookPost, Hooks};
use crate::messenger::Clock;
use crate::mind::{Outcome, Text, Whose};

/// How long the task sleeps at most.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// What can not be read or written now is tried again after this.
const AGAIN_AFTER: Duration = Duration::from_secs(5);

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
    under_way: JoinSet<Outcome>,
    sent: BTreeMap<Id, Delivery>,
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
                    let (id, outcome) = match ended {
                        Ok(ended) => ended,
                        Err(error) => {
                            error!(%error, "an event was not sent by an error of ours; it is tried again");
                            let why = Text::new("an error of ours");
                            (error.id(), Outcome::Later { why, after_ms: None, whose: Whose::Channel })
                        }
                    };
                    self.settle(id, outcome).await;
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
        for delivery in due {
            let (post, sent) = (self.post.clone(), delivery.clone());
            let task = self.under_way.spawn(async move { post.send(&sent, now.utc).await });
            self.sent.insert(task.id(), delivery);
        }
        true
    }

    async fn settle(&mut self, task: Id, outcome: Outcome) {
        let Some(delivery) = self.sent.remove(&task) else { return };
        match &outcome {
            Outcome::Taken(_) => debug!(id = delivery.id(), "an event was taken"),
            Outcome::Later { why, .. } => debug!(id = delivery.id(), %why, "an event was not taken; it is sent again"),
            Outcome::Never(why) => warn!(id = delivery.id(), %why, "an event was refused; it is among the dead"),
        }
        let mut chance = [0];
        // Without chance all senders come back together; nothing is lost by it.
        getrandom::fill(&mut chance).unwrap_or_default();
        let (hooks, now) = (self.hooks.clone(), (self.clock)());
        let settled = spawn_blocking(move || hooks.settle(&delivery, &outcome, now, chance[0])).await;
        if let Ok(Err(error)) = settled {
            warn!(%error, "what became of an event is not written down: it is sent again, with the same key");
        }
    }
}
