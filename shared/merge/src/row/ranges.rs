//! Numbers that only get more.

use super::limit;
use crate::rangeset::RangeSet;
use crate::written::{Garbled, Reader, put_number};

/// A [`RangeSet`] as a row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ranges(RangeSet);

impl Ranges {
    /// A row of these numbers.
    pub fn of(set: RangeSet) -> Self {
        Self(set)
    }

    /// The numbers.
    pub fn set(&self) -> &RangeSet {
        &self.0
    }

    /// Adds numbers; says whether any was new.
    pub fn add(&mut self, more: &RangeSet) -> bool {
        self.0.union_with(more)
    }

    pub(super) fn join(&mut self, other: Self) {
        self.0.union_with(&other.0);
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let ranges = self.0.ranges();
        put_number(out, ranges.len() as u64);
        let mut from = 0;
        for (first, last) in ranges {
            put_number(out, first - from);
            put_number(out, last - first);
            from = last;
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Garbled> {
        let count = reader.count(limit::RANGES)?;
        let (mut ranges, mut from) = (Vec::with_capacity(count), 0u64);
        for _ in 0..count {
            let first = from.checked_add(reader.number()?).ok_or(Garbled)?;
            let last = first.checked_add(reader.number()?).ok_or(Garbled)?;
            ranges.push((first, last));
            from = last;
        }
        RangeSet::try_from(ranges).map(Self).map_err(|_| Garbled)
    }
}
