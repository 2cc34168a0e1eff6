//! What kinds of work are there, how many of each at once, and how patiently is each tried again?

use serde::{Deserialize, Serialize};

const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60 * SECOND_MS;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// A kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// All of the hub in one file.
    Backup,
    /// Records of a client that was erased are deleted.
    Erasure,
    /// A client's samples into a file that people fetch.
    Export,
    /// A letter to one person, as with an invitation.
    Mail,
    /// What is older than it is to be kept is let go of.
    Retention,
}

impl JobKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Backup, Self::Erasure, Self::Export, Self::Mail, Self::Retention];

    /// Their names.
    pub const WORDS: [&'static str; 5] = ["backup", "erasure", "export", "mail", "retention"];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Backup => "backup",
            Self::Erasure => "erasure",
            Self::Export => "export",
            Self::Mail => "mail",
            Self::Retention => "retention",
        }
    }

    /// How many of them are under way at once. Of what goes through all of the store one is enough for its disk.
    pub fn at_once(self) -> usize {
        match self {
            Self::Backup | Self::Erasure | Self::Retention => 1,
            Self::Export => 2,
            // A mail server that falls silent holds each for minutes; of these eight one client has four at most.
            Self::Mail => 8,
        }
    }

    /// Whether it goes through stores and files, of which few go on at once whatever their kind: what only talks to somebody
    /// else waits for none of them.
    pub(crate) fn weighs(self) -> bool {
        !matches!(self, Self::Mail)
    }

    /// How often it is tried before it is given up; what has to happen in the end is never given up.
    pub fn tries(self) -> Option<u32> {
        match self {
            // Until about when the next one of a daily plan is due.
            Self::Backup => Some(12),
            Self::Export => Some(5),
            // Some twelve hours: the code by which somebody gets in again holds for a day.
            Self::Mail => Some(18),
            Self::Erasure | Self::Retention => None,
        }
    }

    /// The pause after a first failure, and the longest.
    fn pauses(self) -> (i64, i64) {
        match self {
            Self::Backup => (15 * MINUTE_MS, 2 * HOUR_MS),
            Self::Export => (10 * SECOND_MS, 10 * MINUTE_MS),
            Self::Mail => (30 * SECOND_MS, HOUR_MS),
            Self::Erasure | Self::Retention => (MINUTE_MS, HOUR_MS),
        }
    }

    /// How long one that was under way when the program ended waits after the next start: a hub that has just begun has other
    /// things to do, but for one that was promised to somebody. Not for long, or one that is started again and again
    /// would never get to it.
    pub fn rest_after_start_ms(self) -> i64 {
        match self {
            Self::Erasure => 0,
            Self::Export | Self::Mail => 5 * SECOND_MS,
            Self::Backup | Self::Retention => 15 * SECOND_MS,
        }
    }

    /// Whether it may be called off. An erasure was decided for good when its client was let go of.
    pub fn may_be_cancelled(self) -> bool {
        !matches!(self, Self::Erasure)
    }

    /// How long to wait after so many failures: twice as long each time, and up to a quarter less by `jitter` (0 to 1), so
    /// that what failed together is not tried together.
    pub fn pause_ms(self, failures: u32, jitter: f64) -> i64 {
        let (first, longest) = self.pauses();
        let doublings = failures.saturating_sub(1).min(20);
        let pause = first.saturating_mul(1 << doublings).min(longest);
        // Within an hour or two: exact as a float.
        pause - (pause as f64 * 0.25 * jitter.clamp(0.0, 1.0)) as i64
    }
}

/// What comes first where there is no room for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// The law waits for it.
    Urgent,
    /// A person waits for it.
    Usual,
    /// Nobody does: it is upkeep.
    Low,
}

impl Priority {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Urgent => "urgent",
            Self::Usual => "usual",
            Self::Low => "low",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_the_one_that_is_kept() {
        for (kind, word) in JobKind::ALL.into_iter().zip(JobKind::WORDS) {
            assert_eq!((kind.as_str(), serde_json::json!(kind)), (word, serde_json::json!(word)));
        }
    }

    #[test]
    fn pauses_double_up_to_the_longest_and_chance_takes_a_quarter_at_most() {
        let pauses = [1, 2, 3, 20, u32::MAX].map(|failures| JobKind::Export.pause_ms(failures, 0.0));
        assert_eq!(pauses, [10_000, 20_000, 40_000, 600_000, 600_000]);
        assert_eq!(JobKind::Export.pause_ms(1, 1.0), 7_500);
        assert_eq!(JobKind::Export.pause_ms(1, 9.0), 7_500, "what is no share is taken for the nearest");
    }
}
