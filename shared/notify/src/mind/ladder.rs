//! Who is told step by step, while nobody says that they know?

use vigie_model::UtcMs;

use super::alert::Instance;

/// The longest wait before a step: beyond a day nobody waits for an answer.
pub(crate) const LONGEST_WAIT_MS: i64 = 24 * 3_600_000;

/// One step of a ladder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// How long after the step before; of the first, after the notice that told of it.
    pub after_ms: i64,
    /// Channels that are told, each to all of its receivers.
    pub channels: Vec<String>,
    /// Schedules, of which whoever is on call then is told.
    pub on_call: Vec<String>,
}

/// Steps, one after the other, and how often all of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ladder {
    /// In order.
    pub steps: Vec<Step>,
    /// How often all of them are gone through again, when nobody answered.
    pub repeats: u32,
}

impl Ladder {
    /// All steps of all rounds.
    pub(crate) fn total(&self) -> u32 {
        u32::try_from(self.steps.len()).unwrap_or(u32::MAX).saturating_mul(self.repeats.saturating_add(1))
    }

    /// The step after so many.
    pub(crate) fn step(&self, done: u32) -> Option<&Step> {
        let turn = usize::try_from(done).unwrap_or_default().checked_rem(self.steps.len())?;
        self.steps.get(turn)
    }

    /// How long it is waited for.
    pub(crate) fn wait_ms(&self, done: u32) -> i64 {
        self.step(done).map_or(0, |step| step.after_ms)
    }
}

/// A ladder that is climbed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Climbing {
    /// Whose ladder.
    pub route: String,
    /// What nobody has said that they know.
    pub alerts: Vec<Instance>,
    /// Steps that are done, over all rounds.
    pub done: u32,
    /// Of how many.
    pub total: u32,
    /// When the next is due; not while all is quiet, nor when all steps are done.
    pub due: Option<UtcMs>,
    /// What is left of the wait while all is quiet.
    pub left_ms: Option<i64>,
    /// Whom the next tells: people by name, and channels.
    pub whom: Vec<String>,
}
