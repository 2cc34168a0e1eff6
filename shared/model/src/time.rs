//! When did it happen, by whose clock, and how is that put right later?

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01 UTC, as some clock claims them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct UtcMs(pub i64);

/// A point on a machine's boot-time clock, which no one can set.
///
/// `ms` counts suspended time too (CLOCK_BOOTTIME on Linux); `no` is counted by the agent, one for each kernel boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Boot {
    /// Which boot of the machine.
    pub no: u32,
    /// Milliseconds since that boot.
    pub ms: u64,
}

/// When a tick was measured, by both clocks of its machine.
///
/// The wall clock is what the machine believed; the boot clock lets an [`Anchor`](crate::Anchor) put it right later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// What the machine's wall clock said.
    pub utc: UtcMs,
    /// What its boot clock said.
    pub boot: Boot,
}

/// The time a mind is told: it never asks a clock itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Milliseconds on a clock that only goes forward; its zero means nothing.
    pub mono_ms: u64,
    /// The best knowledge of UTC.
    pub utc: UtcMs,
}
