//! How are the values of a series to be understood?

use std::cmp::Ordering;

use vigie_model::{Kind, Resolution, SeriesDef};

/// How the values of a series are to be understood; follows from its definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shape {
    /// Values are the bits of doubles, not whole steps.
    pub exact: bool,
    /// What it climbs is kept: a running total, or what somebody else named and may use as one.
    pub climbs: bool,
    /// Quantiles of an hour are kept: anything but a running total.
    pub sketched: bool,
}

impl Shape {
    /// The shape of a declared series.
    pub fn of(def: &SeriesDef) -> Self {
        let total = def.kind() == Kind::Counter;
        Self {
            exact: matches!(def.resolution(), Resolution::Exact),
            climbs: total || def.is_foreign(),
            sketched: !total,
        }
    }

    /// Which of two kept values is larger. Zero is larger than minus zero, so that it does not depend on who came first.
    pub(crate) fn order(self, one: i64, other: i64) -> Ordering {
        if self.exact { double(one).total_cmp(&double(other)) } else { one.cmp(&other) }
    }

    /// What a kept value is among the numbers.
    pub(crate) fn nature(self, kept: i64) -> Nature {
        match self.exact {
            false => Nature::Number,
            true if kept.cast_unsigned() == STALE => Nature::Stale,
            true if double(kept).is_nan() => Nature::Nan,
            true => Nature::Number,
        }
    }

    pub(crate) fn bits(self) -> u8 {
        u8::from(self.exact) | u8::from(self.climbs) << 1 | u8::from(self.sketched) << 2
    }

    pub(crate) fn of_bits(bits: u8) -> Self {
        Self { exact: bits & 1 != 0, climbs: bits & 2 != 0, sketched: bits & 4 != 0 }
    }
}

/// The NaN by which Prometheus says that a series ended (`model/value/value.go`).
const STALE: u64 = 0x7ff0_0000_0000_0002;

pub(crate) enum Nature {
    /// To be counted; infinities too.
    Number,
    /// The mark that the series ended.
    Stale,
    Nan,
}

pub(crate) fn double(kept: i64) -> f64 {
    f64::from_bits(kept.cast_unsigned())
}

pub(crate) fn bits(double: f64) -> i64 {
    double.to_bits().cast_signed()
}
