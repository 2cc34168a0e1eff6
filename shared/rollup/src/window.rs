//! Into which minute and hour does a moment fall?

use vigie_model::UtcMs;

/// Milliseconds of a minute.
pub const MINUTE_MS: i64 = 60_000;

/// Milliseconds of an hour.
pub const HOUR_MS: i64 = 3_600_000;

/// How long a cell is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Window {
    /// A minute.
    Minute,
    /// An hour.
    Hour,
}

impl Window {
    /// Its length.
    pub const fn length_ms(self) -> i64 {
        match self {
            Self::Minute => MINUTE_MS,
            Self::Hour => HOUR_MS,
        }
    }
}

/// An hour of UTC, counted from 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hour(i64);

impl Hour {
    /// The hour a moment falls into.
    pub fn of(at: UtcMs) -> Self {
        Self(at.0.div_euclid(HOUR_MS))
    }

    /// The hour with this count; the last or first that has all its milliseconds where there is none.
    pub fn number(count: i64) -> Self {
        Self(count.clamp(i64::MIN / HOUR_MS, i64::MAX / HOUR_MS - 1))
    }

    /// How many hours since 1970.
    pub fn count(self) -> i64 {
        self.0
    }

    /// Its first millisecond.
    pub fn begins(self) -> UtcMs {
        UtcMs(self.0.saturating_mul(HOUR_MS))
    }

    /// The first millisecond after it.
    pub fn ends(self) -> UtcMs {
        UtcMs(self.begins().0.saturating_add(HOUR_MS))
    }
}
