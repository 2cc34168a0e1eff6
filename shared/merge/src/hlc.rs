//! Which of two writes is the later one?

use std::fmt;

use serde::{Deserialize, Serialize};
use vigie_model::UtcMs;

/// 2025-01-01T00:00:00Z, where hybrid time begins.
const ZERO_UTC_MS: i64 = 1_735_689_600_000;

/// Bits of the counter, below those of the milliseconds.
const COUNTER_BITS: u32 = 16;

/// Hybrid logical time (Kulkarni, Demirbas et al., OPODIS 2014): 48 bits of milliseconds since 2025-01-01 UTC, and 16 bits
/// that count what happens within one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Hlc(u64);

impl Hlc {
    /// Where it begins.
    pub const ZERO: Self = Self(0);

    /// The largest that is admitted from others: the year 6484. A write after it still has as long again.
    pub const MAX_ADMITTED: Self = Self::of(1 << 47, 0);

    /// From milliseconds since 2025, of which 48 bits count, and a counter.
    pub const fn of(ms: u64, counter: u16) -> Self {
        Self(ms << COUNTER_BITS | counter as u64)
    }

    /// The first moment of a millisecond. What lies before 2025 is taken as its beginning.
    pub fn of_utc(utc: UtcMs) -> Self {
        Self::of(u64::try_from(utc.0.saturating_sub(ZERO_UTC_MS)).unwrap_or(0).min((1 << 48) - 1), 0)
    }

    /// The time it stands for.
    pub fn utc(self) -> UtcMs {
        UtcMs(ZERO_UTC_MS + self.ms().cast_signed())
    }

    /// Milliseconds since 2025.
    pub const fn ms(self) -> u64 {
        self.0 >> COUNTER_BITS
    }

    /// The counter within the millisecond.
    pub const fn counter(self) -> u16 {
        self.0 as u16
    }

    /// The next one; the last of a millisecond is followed by the first of the next.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// As many milliseconds later.
    #[must_use]
    pub const fn plus_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms << COUNTER_BITS))
    }

    /// The eight bytes that sort as it does.
    pub const fn to_bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }

    /// The inverse of [`Hlc::to_bytes`].
    pub const fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(u64::from_be_bytes(bytes))
    }
}

impl fmt::Debug for Hlc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.ms(), self.counter())
    }
}

/// Who stamps: one life of the rows of a relay or of the hub.
///
/// The upper half is the node's number, given at enrolment; the lower half is drawn anew with each life of its store,
/// because dots given twice would hide one of two writes for ever. Small numbers, for they stand in every clock: 100
/// actors of 16 bytes would make a row of two kilobytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Actor(pub u32);

impl Actor {
    /// A life of a node.
    pub const fn of(number: u16, life: u16) -> Self {
        Self((number as u32) << 16 | life as u32)
    }

    /// The node's number.
    pub const fn number(self) -> u16 {
        (self.0 >> 16) as u16
    }

    /// Which of its lives.
    pub const fn life(self) -> u16 {
        self.0 as u16
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:04x}", self.number(), self.life())
    }
}

impl fmt::Debug for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// When and by whom something was written: no two writes of one row bear the same.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Marker {
    /// When.
    pub hlc: Hlc,
    /// By whom; decides between two writes of one moment.
    pub actor: Actor,
}

impl fmt::Debug for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}@{}", self.hlc, self.actor)
    }
}
