//! What is not there, and why.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Seq, UtcMs};

/// Why ticks are not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum GapReason {
    /// The agent stopped without warning between two commits: these numbers were reserved, and not all of them need
    /// have been used.
    Interrupted,
    /// The agent's disk budget was full and the oldest went.
    Evicted,
    /// A record failed its checksum and was set aside.
    Corrupt,
    /// The agent's store was damaged as a whole and set aside.
    StoreLost,
    /// The hub lost its copy and no node below still had one.
    HubLost,
}

impl GapReason {
    /// Every reason, for counters and tables.
    pub const ALL: [Self; 5] = [Self::Interrupted, Self::Evicted, Self::Corrupt, Self::StoreLost, Self::HubLost];

    /// The word used in labels and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Interrupted => "interrupted",
            Self::Evicted => "evicted",
            Self::Corrupt => "corrupt",
            Self::StoreLost => "store_lost",
            Self::HubLost => "hub_lost",
        }
    }
}

impl fmt::Display for GapReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A range of ticks that nobody will bring any more, travelling in their place.
///
/// Where a node holds a tick inside a gap, the tick wins: a gap says "not from me", never "it did not happen".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// First number of the range.
    pub first: Seq,
    /// Last number of the range, included.
    pub last: Seq,
    /// Why.
    pub reason: GapReason,
    /// How many samples went with it, when somebody counted.
    pub samples: Option<u64>,
    /// When it was noted, by the noting machine's wall clock.
    pub noted_at: UtcMs,
}

impl Gap {
    /// How many ticks the gap covers.
    pub fn ticks(&self) -> u64 {
        self.last.0.saturating_sub(self.first.0).saturating_add(1)
    }
}
