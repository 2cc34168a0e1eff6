//! What is to be different from now on? What is not mentioned stays as it is.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Chance, ChanceError, Condition, MAX_DELAY, MAX_QUEUE_BYTES, MAX_RATE_KBIT, Profile, RateKbit};

/// A change to one direction, in the units people type.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConditionChange {
    /// See [`Condition::delay`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
    /// See [`Condition::jitter`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jitter_ms: Option<u64>,
    /// See [`Condition::rate`]; zero lifts the limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_kbit: Option<u32>,
    /// See [`Condition::queue_bytes`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_bytes: Option<usize>,
    /// See [`Condition::loss`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss_percent: Option<f64>,
    /// See [`Condition::duplicate`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duplicate_percent: Option<f64>,
    /// See [`Condition::reorder`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reorder_percent: Option<f64>,
    /// See [`Condition::corrupt`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrupt_percent: Option<f64>,
}

/// A change to both directions: first the profile, then what holds both ways, then what holds one way.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkChange {
    /// Start from this profile instead of from how things are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    /// Both ways.
    #[serde(default, skip_serializing_if = "ConditionChange::is_nothing")]
    pub both: ConditionChange,
    /// Towards the target; wins over `both`.
    #[serde(default, skip_serializing_if = "ConditionChange::is_nothing")]
    pub up: ConditionChange,
    /// Back from the target; wins over `both`.
    #[serde(default, skip_serializing_if = "ConditionChange::is_nothing")]
    pub down: ConditionChange,
}

/// Why a change was refused. Nothing has changed then.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum ChangeError {
    /// A delay or a jitter is too long.
    #[error("{what} of {ms} ms is too long; at most {} ms", MAX_DELAY.as_millis())]
    TooLong {
        /// Which of the two.
        what: &'static str,
        /// What was asked for.
        ms: u64,
    },
    /// A rate is too high to mean anything.
    #[error("rate_kbit of {0} is too high; at most {MAX_RATE_KBIT}, or 0 for no limit")]
    TooFast(u32),
    /// A queue is too large, or could hold nothing.
    #[error("queue_bytes of {0} is out of range; give 1 to {MAX_QUEUE_BYTES}")]
    Queue(usize),
    /// A percentage is none.
    #[error("{what}: {why}")]
    Chance {
        /// Which one.
        what: &'static str,
        /// What is wrong with it.
        why: ChanceError,
    },
}

impl LinkChange {
    /// The conditions up and down after this change.
    pub fn apply(&self, up: Condition, down: Condition) -> Result<(Condition, Condition), ChangeError> {
        let (up, down) = match self.profile {
            Some(profile) => (profile.up(), profile.down()),
            None => (up, down),
        };
        let up = self.up.apply(self.both.apply(up)?)?;
        let down = self.down.apply(self.both.apply(down)?)?;
        Ok((up, down))
    }

    /// Whether it changes nothing at all.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl ConditionChange {
    /// The condition after this change.
    pub fn apply(&self, before: Condition) -> Result<Condition, ChangeError> {
        Ok(Condition {
            delay: wait("delay_ms", self.delay_ms, before.delay)?,
            jitter: wait("jitter_ms", self.jitter_ms, before.jitter)?,
            rate: rate(self.rate_kbit, before.rate)?,
            queue_bytes: queue(self.queue_bytes, before.queue_bytes)?,
            loss: chance("loss_percent", self.loss_percent, before.loss)?,
            duplicate: chance("duplicate_percent", self.duplicate_percent, before.duplicate)?,
            reorder: chance("reorder_percent", self.reorder_percent, before.reorder)?,
            corrupt: chance("corrupt_percent", self.corrupt_percent, before.corrupt)?,
        })
    }

    /// Whether it changes nothing at all.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// The change that would lead here from anywhere: how a condition is shown to people.
impl From<Condition> for ConditionChange {
    fn from(condition: Condition) -> Self {
        Self {
            delay_ms: Some(millis(condition.delay)),
            jitter_ms: Some(millis(condition.jitter)),
            rate_kbit: Some(condition.rate.map_or(0, RateKbit::as_kbit)),
            queue_bytes: Some(condition.queue_bytes),
            loss_percent: Some(condition.loss.as_percent()),
            duplicate_percent: Some(condition.duplicate.as_percent()),
            reorder_percent: Some(condition.reorder.as_percent()),
            corrupt_percent: Some(condition.corrupt.as_percent()),
        }
    }
}

fn wait(what: &'static str, asked_ms: Option<u64>, before: Duration) -> Result<Duration, ChangeError> {
    let Some(ms) = asked_ms else {
        return Ok(before);
    };
    let wait = Duration::from_millis(ms);
    if wait > MAX_DELAY {
        return Err(ChangeError::TooLong { what, ms });
    }
    Ok(wait)
}

fn rate(asked_kbit: Option<u32>, before: Option<RateKbit>) -> Result<Option<RateKbit>, ChangeError> {
    match asked_kbit {
        None => Ok(before),
        Some(0) => Ok(None),
        Some(kbit) => RateKbit::new(kbit).map(Some).ok_or(ChangeError::TooFast(kbit)),
    }
}

fn queue(asked_bytes: Option<usize>, before: usize) -> Result<usize, ChangeError> {
    match asked_bytes {
        None => Ok(before),
        Some(bytes) if (1..=MAX_QUEUE_BYTES).contains(&bytes) => Ok(bytes),
        Some(bytes) => Err(ChangeError::Queue(bytes)),
    }
}

fn chance(what: &'static str, asked: Option<f64>, before: Chance) -> Result<Chance, ChangeError> {
    match asked {
        None => Ok(before),
        Some(percent) => Chance::percent(percent).map_err(|why| ChangeError::Chance { what, why }),
    }
}

fn millis(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis()).expect("a wait is at most MAX_DELAY")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_way_wins_over_both_and_both_over_the_profile() {
        let change = LinkChange {
            profile: Some(Profile::Thin),
            both: ConditionChange { delay_ms: Some(7), ..Default::default() },
            up: ConditionChange { delay_ms: Some(9), rate_kbit: Some(0), ..Default::default() },
            ..Default::default()
        };
        let (up, down) = change.apply(Condition::CLEAR, Condition::CLEAR).unwrap();
        assert_eq!((up.delay, up.rate), (Duration::from_millis(9), None));
        assert_eq!((down.delay, down.rate), (Duration::from_millis(7), RateKbit::new(64)));
    }

    #[test]
    fn each_nonsense_is_refused_with_its_own_sentence() {
        let nonsense = [
            (ConditionChange { delay_ms: Some(600_001), ..Default::default() }, "delay_ms of 600001 ms is too long"),
            (ConditionChange { queue_bytes: Some(0), ..Default::default() }, "queue_bytes of 0 is out of range"),
            (ConditionChange { loss_percent: Some(101.0), ..Default::default() }, "loss_percent: 101 is not a"),
            (ConditionChange { rate_kbit: Some(u32::MAX), ..Default::default() }, "is too high"),
        ];
        for (change, sentence) in nonsense {
            let refused = change.apply(Condition::CLEAR).unwrap_err().to_string();
            assert!(refused.contains(sentence), "{refused}");
        }
    }

    #[test]
    fn every_profile_survives_being_shown_and_typed_again() {
        for profile in Profile::ALL {
            for condition in [profile.up(), profile.down()] {
                assert_eq!(ConditionChange::from(condition).apply(Condition::CLEAR), Ok(condition));
            }
            assert_eq!(profile.name().parse(), Ok(profile));
        }
    }
}
