//! What one series comes down to in one window.

use vigie_model::{Resolution, UtcMs};

use crate::part::Part;
use crate::shape::{Shape, double};
use crate::total::Total;

/// What one series comes down to in one window. Values are as they are kept: whole steps of the series' resolution, or the
/// bits of doubles.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cell {
    shape: Shape,
    part: Part,
}

impl Cell {
    pub(crate) fn of(shape: Shape, part: Part) -> Self {
        Self { shape, part }
    }

    /// Samples that are numbers, infinite ones too.
    pub fn count(&self) -> u32 {
        self.part.count
    }

    /// Marks that the series ended.
    pub fn stale(&self) -> u32 {
        self.part.stale
    }

    /// Samples that are no number.
    pub fn nan(&self) -> u32 {
        self.part.nan
    }

    /// The last number and when it was measured.
    pub fn last(&self) -> Option<(UtcMs, i64)> {
        self.numbers().then_some((UtcMs(self.part.last_ms), self.part.last))
    }

    /// The first number and when it was measured, of series of which climbs are kept.
    pub fn first(&self) -> Option<(UtcMs, i64)> {
        (self.numbers() && self.shape.climbs).then_some((UtcMs(self.part.first_ms), self.part.first))
    }

    /// The smallest number.
    pub fn min(&self) -> Option<i64> {
        self.numbers().then_some(self.part.min)
    }

    /// The largest number.
    pub fn max(&self) -> Option<i64> {
        self.numbers().then_some(self.part.max)
    }

    /// The sum of all numbers, in the unit of the series; infinite, or no number, where some are infinite.
    pub fn sum(&self, resolution: Resolution) -> f64 {
        let infinite = |kept: i64| self.shape.exact && self.numbers() && double(kept).is_infinite();
        match (infinite(self.part.min), infinite(self.part.max)) {
            (false, false) => value(self.part.sum, resolution),
            (true, false) => double(self.part.min),
            (false, true) => double(self.part.max),
            (true, true) => double(self.part.min) + double(self.part.max),
        }
    }

    /// The mean of all numbers, in the unit of the series.
    pub fn mean(&self, resolution: Resolution) -> Option<f64> {
        self.numbers().then(|| self.sum(resolution) / f64::from(self.part.count))
    }

    /// What a running total climbed from its [first](Cell::first) number to its [last](Cell::last), in the unit of the
    /// series: a value smaller than the one before means that it began again at zero. Nothing where climbs are not kept.
    ///
    /// As Prometheus' `increase`, without its extrapolation to the ends of the window.
    pub fn climb(&self, resolution: Resolution) -> Option<f64> {
        let (_, first) = self.first()?;
        let mut climbed = self.part.fallen;
        Some(match &mut climbed {
            Total::Whole(sum) => {
                let straight = i128::from(self.part.last) - i128::from(first);
                value(Total::Whole(sum.saturating_add(straight)), resolution)
            }
            Total::Double(..) => {
                climbed.add(self.part.last);
                climbed.add((-double(first)).to_bits().cast_signed());
                value(climbed, resolution)
            }
        })
    }

    /// This and what was measured in a window after it.
    #[must_use]
    pub fn then(&self, next: &Self) -> Self {
        Self { shape: self.shape, part: self.part.then(self.shape, &next.part) }
    }

    fn numbers(&self) -> bool {
        self.part.count > 0
    }
}

/// A sum in the unit of the series.
fn value(sum: Total, resolution: Resolution) -> f64 {
    match (sum, resolution) {
        (Total::Double(high, low), _) => high + low,
        (Total::Whole(sum), Resolution::Step { step, exponent }) => {
            let whole = sum.saturating_mul(i128::from(step));
            let power = 10f64.powi(i32::from(exponent.unsigned_abs()));
            // Divided once, as a single value is, so that three tenths stay 0.3.
            if exponent < 0 { whole as f64 / power } else { whole as f64 * power }
        }
        // A definition that contradicts what was folded by it; there is one definition for a series.
        (Total::Whole(sum), Resolution::Exact) => sum as f64,
    }
}
