//! By which clock does somebody wait, and by which is it said when?
//!
//! Waiting goes by a steady clock, which nobody can set: back-off, fences, intervals, how long a message is worth sending.
//! What people mean by their wall goes by that: quiet hours, maintenance, and what messages say.

use serde::{Deserialize, Serialize};
use vigie_model::UtcMs;

/// A moment of a desk's steady clock, in milliseconds.
///
/// It began as UTC, so rows that were written as UTC can be read as it; from then on it goes on through everything that
/// is done to the wall clock, and through restarts. It can be compared with other moments of the same desk only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Steady(pub i64);

impl Steady {
    /// So many milliseconds later.
    pub fn after(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from an earlier moment to this one.
    pub fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// What both clocks of a desk show at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clocks {
    /// What people's clocks show, as far as the node knows.
    pub wall: UtcMs,
    /// What cannot be set.
    pub steady: Steady,
}

impl Clocks {
    /// When the wall clock will show that, if nobody sets it before.
    pub(crate) fn steady_of(self, wall: UtcMs) -> Steady {
        self.steady.after(wall.0.saturating_sub(self.wall.0))
    }

    /// What the wall clock shows at that moment, as it is set now.
    pub(crate) fn wall_of(self, steady: Steady) -> UtcMs {
        UtcMs(self.wall.0.saturating_add(steady.since(self.steady)))
    }

    /// When that happened, as far as it matters: now if it lies ahead, so long ago at most otherwise.
    pub(crate) fn happened(self, wall: UtcMs, longest_ms: i64) -> Steady {
        self.steady.after(-self.wall.0.saturating_sub(wall.0).clamp(0, longest_ms))
    }

    /// By how much the wall clock is ahead of the steady one.
    pub(crate) fn ahead_ms(self) -> i64 {
        self.wall.0.saturating_sub(self.steady.0)
    }
}
