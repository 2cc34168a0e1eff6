//! Sums that do not depend on the order: exact for whole numbers, and as good as it gets for doubles.

use crate::shape::{Shape, double};

/// A sum of kept values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Total {
    /// Exact: 2^63 values of 2^63 fit.
    Whole(i128),
    /// The sum and what it was too coarse for (Dekker's double-double): 106 bits, so that another order shows in the last
    /// of 31 digits at worst. Of finite values only, and stays finite.
    Double(f64, f64),
}

impl Total {
    pub(crate) fn none(shape: Shape) -> Self {
        if shape.exact { Self::Double(0.0, 0.0) } else { Self::Whole(0) }
    }

    /// Adds a kept value; an infinite one adds nothing.
    pub(crate) fn add(&mut self, kept: i64) {
        match self {
            Self::Whole(sum) => *sum = sum.saturating_add(i128::from(kept)),
            Self::Double(high, low) => {
                let value = double(kept);
                if value.is_finite() {
                    (*high, *low) = add((*high, *low), value);
                }
            }
        }
    }

    pub(crate) fn add_all(&mut self, other: Self) {
        match (self, other) {
            (Self::Whole(sum), Self::Whole(more)) => *sum = sum.saturating_add(more),
            (Self::Double(high, low), Self::Double(more, rest)) => {
                (*high, *low) = add(add((*high, *low), more), rest);
            }
            // One series has one shape.
            (Self::Whole(_) | Self::Double(..), _) => {}
        }
    }
}

/// Adds a finite value to a sum in two parts.
fn add((high, low): (f64, f64), value: f64) -> (f64, f64) {
    let sum = high + value;
    if !sum.is_finite() {
        return (f64::MAX.copysign(sum), 0.0);
    }
    // Knuth's TwoSum: what the sum was too coarse for, exactly.
    let back = sum - high;
    let rest = (high - (sum - back)) + (value - back) + low;
    let whole = sum + rest;
    if !whole.is_finite() || !rest.is_finite() {
        return (f64::MAX.copysign(sum), 0.0);
    }
    (whole, rest - (whole - sum))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::bits;

    const EXACT: Shape = Shape { exact: true, climbs: false, sketched: false };

    #[test]
    fn small_things_beside_large_ones_are_not_lost() {
        let mut sum = Total::none(EXACT);
        for value in [1e16, 1.0, 1.0, -1e16] {
            sum.add(bits(value));
        }
        assert_eq!(sum, Total::Double(2.0, 0.0));
    }

    #[test]
    fn what_is_too_large_for_a_double_stays_the_largest() {
        let mut sum = Total::none(EXACT);
        for value in [f64::MAX, f64::MAX, f64::INFINITY] {
            sum.add(bits(value));
        }
        assert_eq!(sum, Total::Double(f64::MAX, 0.0));
    }
}
