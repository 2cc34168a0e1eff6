//! When is it? As far as the link knows: so long after it was built.

use std::ops::Add;
use std::time::Duration;

/// A point in the life of one link, counted from its birth.
///
/// Not a clock reading: whoever drives the link decides what passes for time, so a test may live a day in a
/// millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment(Duration);

impl Moment {
    /// The birth of the link.
    pub const BIRTH: Self = Self(Duration::ZERO);

    /// The moment this long after the birth.
    pub const fn after_birth(age: Duration) -> Self {
        Self(age)
    }

    /// How old the link is at this moment.
    pub const fn age(self) -> Duration {
        self.0
    }

    /// How long until `later`; zero if it has passed.
    pub const fn until(self, later: Self) -> Duration {
        later.0.saturating_sub(self.0)
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(wait))
    }
}
