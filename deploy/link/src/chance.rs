//! Does it happen this time? Seeded dice, and how likely a thing is.
//!
//! Every parcel throws all its dice once, on arrival, whether or not they are looked at. So the fate of the n-th parcel
//! depends on the seed and on n alone: not on timing, and not on what was set or cut before it.

use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// How likely something is, in percent.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct Chance(f64);

/// A number that is no percentage.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("{0} is not a percentage; give a number from 0 to 100")]
pub struct ChanceError(f64);

impl Chance {
    /// It does not happen.
    pub const NEVER: Self = Self(0.0);

    /// So many percent.
    pub fn percent(percent: f64) -> Result<Self, ChanceError> {
        if (0.0..=100.0).contains(&percent) { Ok(Self(percent)) } else { Err(ChanceError(percent)) }
    }

    /// So many percent, written into this program.
    pub(crate) const fn known(percent: f64) -> Self {
        Self(percent)
    }

    /// In percent, as it was given.
    pub fn as_percent(self) -> f64 {
        self.0
    }

    /// Whether it happens with this die.
    pub fn strikes(self, die: u32) -> bool {
        f64::from(die) < self.fraction() * SIDES
    }

    /// How many times in a row it happens, at most `most`, all read from one die.
    pub fn strikes_in_a_row(self, die: u32, most: u32) -> u32 {
        let mut below = SIDES;
        for count in 0..most {
            below *= self.fraction();
            if f64::from(die) >= below {
                return count;
            }
        }
        most
    }

    fn fraction(self) -> f64 {
        self.0 / 100.0
    }
}

/// How many sides a die has: one for each `u32`.
const SIDES: f64 = 4_294_967_296.0;

/// The throw of one parcel. Its fate is this and the [`crate::Condition`] it meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dice {
    /// Is it lost?
    pub loss: u32,
    /// Does a twin arrive as well?
    pub duplicate: u32,
    /// Is it held back, so that others overtake it?
    pub reorder: u32,
    /// Is it damaged?
    pub corrupt: u32,
    /// Which of its bits, if so?
    pub which_bit: u32,
    /// How much of the jitter does it wait?
    pub jitter: u32,
}

impl Dice {
    /// This parcel's share of a jitter.
    pub fn share_of(&self, jitter: Duration) -> Duration {
        let nanos = (jitter.as_nanos() * u128::from(self.jitter)) >> 32;
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// Where the dice come from.
#[derive(Debug, Clone)]
pub struct DiceCup(ChaCha8Rng);

impl DiceCup {
    /// The cup of a seed. Cups of different streams know nothing of each other, so that TCP, whose pieces depend on the
    /// kernel's mood, never moves the dice of UDP.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Self(rng)
    }

    /// Throws all dice of one parcel.
    pub fn throw(&mut self) -> Dice {
        Dice {
            loss: self.0.next_u32(),
            duplicate: self.0.next_u32(),
            reorder: self.0.next_u32(),
            corrupt: self.0.next_u32(),
            which_bit: self.0.next_u32(),
            jitter: self.0.next_u32(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_never_strikes_and_always_always_does() {
        let always = Chance::percent(100.0).unwrap();
        for die in [0, 1, u32::MAX / 2, u32::MAX] {
            assert!(!Chance::NEVER.strikes(die));
            assert!(always.strikes(die));
        }
    }

    #[test]
    fn what_is_no_percentage_is_refused() {
        for nonsense in [-0.1, 100.1, f64::NAN, f64::INFINITY] {
            assert!(Chance::percent(nonsense).is_err());
        }
    }

    #[test]
    fn one_die_tells_how_often_it_strikes_in_a_row() {
        let half = Chance::percent(50.0).unwrap();
        assert_eq!(half.strikes_in_a_row(u32::MAX, 6), 0);
        assert_eq!(half.strikes_in_a_row(u32::MAX / 3, 6), 1);
        assert_eq!(half.strikes_in_a_row(0, 6), 6);
        assert_eq!(Chance::NEVER.strikes_in_a_row(0, 6), 0);
    }
}
