//! What the samples of one series come down to, as far as the numbers of their ticks follow one another.
//!
//! A window whose ticks are all there is one part. Where numbers are missing there is a part on each side, so that what
//! comes between them later finds its place: whether a running total began again can only be told of neighbours.

use crate::shape::{Nature, Shape};
use crate::total::Total;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Part {
    /// Samples that are numbers, infinite ones too.
    pub(crate) count: u32,
    pub(crate) stale: u32,
    pub(crate) nan: u32,
    /// The last number, and when it was measured, in ms since 1970 UTC.
    pub(crate) last: i64,
    pub(crate) last_ms: i64,
    pub(crate) min: i64,
    pub(crate) max: i64,
    pub(crate) sum: Total,
    /// Zero, and none, where climbs are not kept.
    pub(crate) first: i64,
    pub(crate) first_ms: i64,
    /// What stood before each fall of a running total: what it climbed is the last less the first and this.
    pub(crate) fallen: Total,
}

impl Part {
    pub(crate) fn none(shape: Shape) -> Self {
        Self {
            count: 0,
            stale: 0,
            nan: 0,
            last: 0,
            last_ms: 0,
            min: 0,
            max: 0,
            sum: Total::none(shape),
            first: 0,
            first_ms: 0,
            fallen: Total::none(shape),
        }
    }

    /// A part of one sample.
    pub(crate) fn of(shape: Shape, at_ms: i64, kept: i64) -> Self {
        let mut part = Self::none(shape);
        match shape.nature(kept) {
            Nature::Stale => part.stale = 1,
            Nature::Nan => part.nan = 1,
            Nature::Number => {
                (part.count, part.last, part.last_ms, part.min, part.max) = (1, kept, at_ms, kept, kept);
                part.sum.add(kept);
                if shape.climbs {
                    (part.first, part.first_ms) = (kept, at_ms);
                }
            }
        }
        part
    }

    /// This and what was measured after it.
    pub(crate) fn then(mut self, shape: Shape, next: &Self) -> Self {
        self.stale = self.stale.saturating_add(next.stale);
        self.nan = self.nan.saturating_add(next.nan);
        if next.count == 0 {
            return self;
        }
        if self.count == 0 {
            return Self { stale: self.stale, nan: self.nan, ..*next };
        }
        if shape.climbs {
            if shape.order(next.first, self.last).is_lt() {
                self.fallen.add(self.last);
            }
            self.fallen.add_all(next.fallen);
        }
        self.count = self.count.saturating_add(next.count);
        (self.last, self.last_ms) = (next.last, next.last_ms);
        self.min = if shape.order(next.min, self.min).is_lt() { next.min } else { self.min };
        self.max = if shape.order(next.max, self.max).is_gt() { next.max } else { self.max };
        self.sum.add_all(next.sum);
        self
    }
}
