//! In which step is a number kept that somebody else measured?
//!
//! In the coarsest of [`STEPS`] that gives it back bit for bit: whole numbers cost a byte or less where the bits of a
//! double cost five. The first value that its step would change moves a series to a finer one; that is one more definition
//! of the same name and labels, at most one for each step. Whoever reads joins them: a series is what bears the same
//! labels, its samples those of all its definitions in the order of time. What no step can hold (an end mark, a NaN, an
//! infinity, minus zero) goes to the exact definition and moves nothing.

use crate::Resolution;

/// Steps in which values are kept, coarsest first: whole numbers, USER_HZ and load averages, milliseconds,
/// microseconds, nanoseconds, and every bit.
pub const STEPS: [Resolution; 6] = [
    Resolution::ONE,
    Resolution::HUNDREDTH,
    Resolution::THOUSANDTH,
    Resolution::Step { step: 1, exponent: -6 },
    Resolution::Step { step: 1, exponent: -9 },
    Resolution::Exact,
];

/// The place of the last of [`STEPS`].
pub const EXACT: usize = STEPS.len() - 1;

/// The place of the coarsest step from `least` on that gives the value back bit for bit, and the value in it.
pub fn fitting(value: f64, least: usize) -> (usize, i64) {
    let exact = (EXACT, value.to_bits().cast_signed());
    if !is_number(value) {
        return exact;
    }
    let fits = |step: usize| {
        let kept = STEPS[step].quantise(value)?;
        (STEPS[step].value(kept).to_bits() == value.to_bits()).then_some((step, kept))
    };
    (least..EXACT).find_map(fits).unwrap_or(exact)
}

/// Whether a value says anything about the step its series needs.
pub fn is_number(value: f64) -> bool {
    value.is_finite() && value.to_bits() != (-0.0f64).to_bits()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_comes_back_bit_for_bit_from_the_coarsest_step_that_can_hold_it() {
        let values = [
            (0.0, 0),
            (3.0, 0),
            (9_007_199_254_740_000.0, EXACT),
            (0.25, 1),
            (12_345.678, 2),
            (0.000_001, 3),
            (1.5e-9, EXACT),
            (1.0 / 3.0, EXACT),
            (-0.0, EXACT),
            (f64::NAN, EXACT),
            (f64::NEG_INFINITY, EXACT),
        ];
        for (value, step) in values {
            let (found, kept) = fitting(value, 0);
            assert_eq!((found, STEPS[found].value(kept).to_bits()), (step, value.to_bits()), "{value}");
        }
        assert_eq!(fitting(3.0, 2), (2, 3_000), "a series never comes back to a coarser step");
    }
}
