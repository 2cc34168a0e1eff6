//! Which numbers of a stream are here?

use std::fmt;

use crdts::CvRDT;
use serde::{Deserialize, Serialize};

/// Ranges in one set as it arrives from disk or from a peer.
///
/// Each lost or reordered piece splits a range; 65,536 splits in one stream would be a node that never got two
/// neighbouring ticks in a week.
pub const MAX_RANGES: usize = 65_536;

/// A set of numbers, kept as disjoint, ordered ranges that never touch.
///
/// A join-semilattice under union: the number of ranges is what a set costs, not the number of its members. A week of a
/// machine that was never cut is one range.
#[derive(Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Vec<(u64, u64)>", into = "Vec<(u64, u64)>")]
pub struct RangeSet {
    /// `(first, last)` with both included; sorted; a gap of at least one number between neighbours.
    ranges: Vec<(u64, u64)>,
}

impl RangeSet {
    /// The empty set.
    pub const fn new() -> Self {
        Self { ranges: Vec::new() }
    }

    /// The set of one range; empty when `last < first`.
    pub fn of(first: u64, last: u64) -> Self {
        let mut set = Self::new();
        set.insert(first, last);
        set
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// How many numbers are in it.
    pub fn count(&self) -> u64 {
        self.ranges.iter().map(|(first, last)| (last - first).saturating_add(1)).fold(0, u64::saturating_add)
    }

    /// The ranges, ascending, both ends included.
    pub fn ranges(&self) -> impl DoubleEndedIterator<Item = (u64, u64)> + ExactSizeIterator + '_ {
        self.ranges.iter().copied()
    }

    /// The largest number.
    pub fn last(&self) -> Option<u64> {
        self.ranges.last().map(|range| range.1)
    }

    /// The smallest number.
    pub fn first(&self) -> Option<u64> {
        self.ranges.first().map(|range| range.0)
    }

    /// Whether a number is in it.
    pub fn contains(&self, number: u64) -> bool {
        self.contains_range(number, number)
    }

    /// Whether all of a range is in it. An empty range (`last < first`) always is.
    pub fn contains_range(&self, first: u64, last: u64) -> bool {
        if last < first {
            return true;
        }
        let at = self.ranges.partition_point(|range| range.1 < first);
        self.ranges.get(at).is_some_and(|range| range.0 <= first && last <= range.1)
    }

    /// Whether any number of a range is in it.
    pub fn touches(&self, first: u64, last: u64) -> bool {
        let at = self.ranges.partition_point(|range| range.1 < first);
        first <= last && self.ranges.get(at).is_some_and(|range| range.0 <= last)
    }

    /// Adds a range; says whether anything was new. An empty range (`last < first`) adds nothing.
    pub fn insert(&mut self, first: u64, last: u64) -> bool {
        if self.contains_range(first, last) {
            return false;
        }
        // Everything that overlaps or touches melts into one.
        let from = self.ranges.partition_point(|range| range.1.saturating_add(1) < first);
        let to = self.ranges.partition_point(|range| range.0 <= last.saturating_add(1));
        let melted = self.ranges[from..to]
            .iter()
            .fold((first, last), |(low, high), range| (low.min(range.0), high.max(range.1)));
        self.ranges.splice(from..to, [melted]);
        true
    }

    /// Takes a range out; says whether anything was there.
    pub fn remove(&mut self, first: u64, last: u64) -> bool {
        if !self.touches(first, last) {
            return false;
        }
        let from = self.ranges.partition_point(|range| range.1 < first);
        let to = self.ranges.partition_point(|range| range.0 <= last);
        let left = (self.ranges[from].0 < first).then(|| (self.ranges[from].0, first - 1));
        let right = (self.ranges[to - 1].1 > last).then(|| (last + 1, self.ranges[to - 1].1));
        self.ranges.splice(from..to, left.into_iter().chain(right));
        true
    }

    /// Adds all of another set; says whether anything was new.
    pub fn union_with(&mut self, other: &Self) -> bool {
        if self.ranges.is_empty() {
            self.ranges.clone_from(&other.ranges);
            return !other.is_empty();
        }
        other.ranges.iter().fold(false, |new, range| self.insert(range.0, range.1) | new)
    }

    /// What is here and not in `other`.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        let mut left = Vec::with_capacity(self.ranges.len());
        let mut theirs = other.ranges.iter().copied().peekable();
        for &(mut first, last) in &self.ranges {
            while theirs.next_if(|range| range.1 < first).is_some() {}
            let mut at = theirs.clone();
            loop {
                match at.peek() {
                    Some(&(from, to)) if from <= last => {
                        if from > first {
                            left.push((first, from - 1));
                        }
                        if to >= last {
                            break;
                        }
                        first = first.max(to + 1);
                        at.next();
                    }
                    _ => {
                        left.push((first, last));
                        break;
                    }
                }
            }
        }
        Self { ranges: left }
    }

    /// What is in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let (mut mine, mut theirs) = (self.ranges.iter().copied().peekable(), other.ranges.iter().copied().peekable());
        let mut both = Vec::new();
        while let (Some(&(a, b)), Some(&(c, d))) = (mine.peek(), theirs.peek()) {
            let (first, last) = (a.max(c), b.min(d));
            if first <= last {
                both.push((first, last));
            }
            if b <= d {
                mine.next()
            } else {
                theirs.next()
            };
        }
        Self { ranges: both }
    }

    /// The part of this set within a range.
    #[must_use]
    pub fn within(&self, first: u64, last: u64) -> Self {
        let from = self.ranges.partition_point(|range| range.1 < first);
        let touching = self.ranges[from..].iter().take_while(|range| range.0 <= last && first <= last);
        Self { ranges: touching.map(|range| (range.0.max(first), range.1.min(last))).collect() }
    }

    /// The last number of the unbroken run that begins at `first`, if `first` is here.
    pub fn contiguous_from(&self, first: u64) -> Option<u64> {
        let at = self.ranges.partition_point(|range| range.1 < first);
        self.ranges.get(at).filter(|range| range.0 <= first).map(|range| range.1)
    }
}

impl CvRDT for RangeSet {
    type Validation = std::convert::Infallible;

    fn validate_merge(&self, _: &Self) -> Result<(), Self::Validation> {
        Ok(())
    }

    fn merge(&mut self, other: Self) {
        self.union_with(&other);
    }
}

/// A list of ranges that is no range set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RangeSetError {
    /// More than [`MAX_RANGES`].
    #[error("a range set has at most {MAX_RANGES} ranges, this one has {0}")]
    TooMany(usize),
    /// Ranges out of order, empty, or touching: not the one way to write this set.
    #[error("ranges are ascending and never touch")]
    NotCanonical,
}

impl TryFrom<Vec<(u64, u64)>> for RangeSet {
    type Error = RangeSetError;

    fn try_from(ranges: Vec<(u64, u64)>) -> Result<Self, Self::Error> {
        if ranges.len() > MAX_RANGES {
            return Err(RangeSetError::TooMany(ranges.len()));
        }
        let ordered = ranges.iter().all(|range| range.0 <= range.1);
        let apart = ranges.windows(2).all(|pair| pair[0].1 < pair[1].0 && pair[0].1 + 1 < pair[1].0);
        if ordered && apart { Ok(Self { ranges }) } else { Err(RangeSetError::NotCanonical) }
    }
}

impl From<RangeSet> for Vec<(u64, u64)> {
    fn from(set: RangeSet) -> Self {
        set.ranges
    }
}

impl FromIterator<(u64, u64)> for RangeSet {
    fn from_iter<I: IntoIterator<Item = (u64, u64)>>(ranges: I) -> Self {
        let mut set = Self::new();
        ranges.into_iter().for_each(|(first, last)| {
            set.insert(first, last);
        });
        set
    }
}

impl fmt::Debug for RangeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.ranges.iter().map(|range| format!("{}..={}", range.0, range.1))).finish()
    }
}
