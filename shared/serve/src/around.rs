//! What lies between a node on a site and the hub, and does it answer?

use std::time::Duration;

use tokio::sync::{Notify, watch};
use vigie_model::UtcMs;

use crate::Stamp;

/// What was asked so long ago is asked again before it is shown.
const FRESH_MS: u64 = 10_000;

/// One thing on the way, as it was when it was last asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Around {
    /// Which.
    pub what: AroundWhat,
    /// Its address; none where there is nothing to ask.
    pub to: Option<String>,
    /// When it was asked.
    pub asked: Stamp,
    /// What came of it.
    pub answer: AroundAnswer,
    /// When it last answered, if it did since this node was started.
    pub answered: Option<Stamp>,
}

/// What lies on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AroundWhat {
    /// The way out of the site's own network.
    Gateway,
    /// The nearest that answers behind it: as a rule the line's operator. Many never answer, so silence says nothing.
    Behind,
    /// Who knows which address a name has.
    Names,
    /// The machine that the hub runs on, whatever becomes of datagrams to the hub. Some let no echo through, so silence says
    /// nothing.
    HubsMachine,
}

/// What came of asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AroundAnswer {
    /// It answered, after so long.
    After(Duration),
    /// It answered that it will not answer this.
    Refused(String),
    /// Nothing came within so long.
    Silent(Duration),
    /// It could not be asked.
    Unreachable(String),
    /// There is none.
    Nobody,
}

impl AroundAnswer {
    /// Whether something is there.
    #[must_use]
    pub fn is_there(&self) -> bool {
        matches!(self, Self::After(_) | Self::Refused(_))
    }
}

/// What a node knows of its surroundings, and where it is asked to look again.
///
/// Who looks at the page asks; the node does the looking, for it knows how, and tells here.
#[derive(Debug)]
pub struct Surroundings {
    told: watch::Sender<Vec<Around>>,
    wanted: Notify,
}

impl Default for Surroundings {
    fn default() -> Self {
        Self { told: watch::Sender::new(Vec::new()), wanted: Notify::new() }
    }
}

impl Surroundings {
    /// What is known, at most ten seconds old where an answer comes within `patience`; older otherwise, and it says so.
    pub async fn fresh(&self, now: UtcMs, patience: Duration) -> Vec<Around> {
        let is_fresh = |all: &[Around]| all.iter().any(|one| now.0.abs_diff(one.asked.ms()) < FRESH_MS);
        let mut told = self.told.subscribe();
        if !is_fresh(&told.borrow_and_update()) {
            self.wanted.notify_one();
            // Whoever tells lives as long as this; what comes later is shown the next time.
            drop(tokio::time::timeout(patience, told.changed()).await);
        }
        self.known()
    }

    /// What is known now.
    #[must_use]
    pub fn known(&self) -> Vec<Around> {
        self.told.borrow().clone()
    }

    /// Waits until somebody wants to know.
    pub async fn wanted(&self) {
        self.wanted.notified().await;
    }

    /// Says how it is.
    pub fn tell(&self, all: Vec<Around>) {
        self.told.send_replace(all);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(2);

    fn gateway(asked_ms: i64) -> Around {
        let asked = Stamp(UtcMs(asked_ms));
        let answer = AroundAnswer::After(Duration::from_millis(2));
        Around { what: AroundWhat::Gateway, to: None, asked, answer, answered: Some(asked) }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_old_is_asked_anew_and_what_is_fresh_is_not() {
        let around = Arc::new(Surroundings::default());
        let node = Arc::clone(&around);
        let looks = tokio::spawn(async move {
            node.wanted().await;
            node.tell(vec![gateway(50_000)]);
            node.wanted().await;
            node.tell(vec![gateway(60_001)]);
        });
        assert_eq!(around.fresh(UtcMs(50_000), PATIENCE).await, vec![gateway(50_000)]);
        assert_eq!(around.fresh(UtcMs(59_999), PATIENCE).await, vec![gateway(50_000)], "nobody was asked again");
        assert_eq!(around.fresh(UtcMs(60_001), PATIENCE).await, vec![gateway(60_001)]);
        looks.await.expect("it was wanted twice");
    }

    #[tokio::test(start_paused = true)]
    async fn who_looks_does_not_wait_for_ever_and_sees_what_was_known() {
        let around = Surroundings::default();
        around.tell(vec![gateway(1_000)]);
        assert_eq!(around.fresh(UtcMs(90_000), PATIENCE).await, vec![gateway(1_000)]);
    }
}
