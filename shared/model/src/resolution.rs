//! How fine is a metric measured, and so how is it kept as a whole number?

use serde::{Deserialize, Serialize};

/// The step in which a metric's values are kept.
///
/// Quantising at the source is the largest saving there is: a CPU share in steps of 0.001 costs less than a byte, the
/// same share as a full float costs three. What was declared is what everyone sees, bit for bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Resolution {
    /// Values are `n * step * 10^exponent` for whole `n`.
    Step {
        /// The factor, at least 1.
        step: u32,
        /// The power of ten, from -9 to 9.
        exponent: i8,
    },
    /// The 64 bits of an IEEE 754 double, every bit kept, NaN payloads included.
    Exact,
}

/// Powers of ten, from 0.
const TENS: [f64; 10] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

impl Resolution {
    /// Whole numbers.
    pub const ONE: Self = Self::Step { step: 1, exponent: 0 };
    /// Tenths.
    pub const TENTH: Self = Self::Step { step: 1, exponent: -1 };
    /// Hundredths.
    pub const HUNDREDTH: Self = Self::Step { step: 1, exponent: -2 };
    /// Thousandths.
    pub const THOUSANDTH: Self = Self::Step { step: 1, exponent: -3 };

    /// Whether the declared step is one we keep: a step of at least 1 and an exponent from -9 to 9.
    pub fn is_valid(self) -> bool {
        match self {
            Self::Step { step, exponent } => step > 0 && (-9..=9).contains(&exponent),
            Self::Exact => true,
        }
    }

    /// The whole number kept for `value`, or `None` when it can not be kept in this step (not finite, or too large).
    pub fn quantise(self, value: f64) -> Option<i64> {
        match self {
            Self::Exact => Some(value.to_bits().cast_signed()),
            Self::Step { step, exponent } => {
                let scaled = if exponent < 0 {
                    value * 10f64.powi(i32::from(-exponent)) / f64::from(step)
                } else {
                    value / (f64::from(step) * 10f64.powi(i32::from(exponent)))
                };
                // Beyond 2^53 a double no longer counts by one.
                (scaled.is_finite() && scaled.abs() < 9.007e15).then(|| scaled.round() as i64)
            }
        }
    }

    /// The value that `kept` stands for.
    ///
    /// For a decimal step the product is exact in whole numbers and divided once, so the double is the one nearest to
    /// the decimal: 3 tenths read as `0.3`, never as `0.30000000000000004`.
    pub fn value(self, kept: i64) -> f64 {
        match self {
            Self::Exact => f64::from_bits(kept.cast_unsigned()),
            Self::Step { step, exponent } => {
                // What does not fit is rare, and wide arithmetic is slow where a million values are read.
                if let Some(whole) = kept.checked_mul(i64::from(step)).filter(|_| exponent <= 0) {
                    return if exponent == 0 {
                        whole as f64
                    } else {
                        whole as f64 / TENS[usize::from(exponent.unsigned_abs()).min(9)]
                    };
                }
                let whole = i128::from(kept) * i128::from(step);
                if exponent < 0 {
                    whole as f64 / 10f64.powi(i32::from(-exponent))
                } else {
                    (whole * 10i128.pow(u32::from(exponent.unsigned_abs().min(9)))) as f64
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quick_way_and_the_wide_way_read_the_same() {
        let wide = |kept: i64, step: u32, exponent: i8| {
            let whole = i128::from(kept) * i128::from(step);
            if exponent < 0 {
                whole as f64 / 10f64.powi(i32::from(-exponent))
            } else {
                (whole * 10i128.pow(u32::from(exponent.unsigned_abs()))) as f64
            }
        };
        for kept in [0, 1, -1, 3, -7, 123_456_789, i64::MAX, i64::MIN, i64::MAX / 3, (1 << 53) + 1] {
            for step in [1, 3, 25, u32::MAX] {
                for exponent in -9..=9 {
                    let value = Resolution::Step { step, exponent }.value(kept);
                    assert_eq!(value.to_bits(), wide(kept, step, exponent).to_bits(), "{kept} {step} {exponent}");
                }
            }
        }
    }

    #[test]
    fn a_decimal_step_reads_as_the_decimal() {
        assert_eq!(Resolution::TENTH.value(3), 0.3);
        assert_eq!(Resolution::THOUSANDTH.value(1), 0.001);
        assert_eq!(Resolution::Step { step: 4096, exponent: 0 }.value(3), 12288.0);
        assert_eq!(Resolution::TENTH.quantise(0.30000000000000004), Some(3));
    }

    #[test]
    fn every_bit_of_an_exact_value_is_kept() {
        for bits in [0, 1, f64::NAN.to_bits() | 2, f64::NEG_INFINITY.to_bits(), (-0.0f64).to_bits()] {
            let kept = Resolution::Exact.quantise(f64::from_bits(bits)).expect("exact keeps every double");
            assert_eq!(Resolution::Exact.value(kept).to_bits(), bits);
        }
    }

    #[test]
    fn what_can_not_be_kept_is_not_kept() {
        assert_eq!(Resolution::ONE.quantise(f64::NAN), None);
        assert_eq!(Resolution::ONE.quantise(f64::INFINITY), None);
        assert_eq!(Resolution::THOUSANDTH.quantise(1e300), None);
    }
}
