//! What do the samples of a minute or an hour come down to, and what do several of them?

use std::collections::BTreeMap;

use crate::kahan::Kahan;

/// What the samples of one series come down to in one window, a minute or an hour.
///
/// A window holds its first moment and not its end. Samples that are no number are counted, and make a sum one that is no
/// number, as they do where single samples are added.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// When its window begins, in ms since 1970 UTC.
    pub begins_ms: i64,
    /// How long that is; 0 of a single sample.
    pub length_ms: i64,
    /// How many samples.
    pub count: u64,
    /// Their sum.
    pub sum: f64,
    /// The smallest; NaN where none is a number.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// The first number and when it was measured, where that is kept.
    pub first: Option<(i64, f64)>,
    /// The last number and when it was measured.
    pub last: Option<(i64, f64)>,
    /// What a running total climbed from the first to the last, where that is kept.
    pub climbed: f64,
    /// How the values are spread: values, and how many are near each. Empty where that is not kept.
    pub spread: Vec<(f64, u64)>,
    /// How far a value of the spread may be from those that it stands for, as a share of it.
    pub spread_error: f64,
    /// The share of what was measured in its window that is in it; of a minute that of its hour.
    pub coverage: f64,
}

impl Cell {
    /// A single sample.
    pub(crate) fn of_sample(at_ms: i64, value: f64) -> Self {
        Self {
            begins_ms: at_ms,
            length_ms: 0,
            count: 1,
            sum: value,
            min: value,
            max: value,
            first: Some((at_ms, value)),
            last: Some((at_ms, value)),
            climbed: 0.0,
            spread: vec![(value, 1)],
            spread_error: 0.0,
            coverage: 1.0,
        }
    }

    /// The first moment after it; of a sample its own.
    pub(crate) fn ends_ms(&self) -> i64 {
        self.begins_ms.saturating_add(self.length_ms)
    }

    /// In samples of 16 bytes, as a budget counts.
    pub(crate) fn weight(&self) -> usize {
        size_of::<Self>() / 16 + self.spread.len()
    }
}

/// What cells come down to that follow one another.
#[derive(Debug, Clone, Default)]
pub(crate) struct Together {
    pub(crate) count: u64,
    pub(crate) sum: Kahan,
    pub(crate) min: f64,
    pub(crate) max: f64,
    /// The earliest value that is known, which of a cell without a first is its last.
    pub(crate) first: Option<(i64, f64)>,
    /// Whether that is the first of all.
    pub(crate) is_first: bool,
    pub(crate) last: Option<(i64, f64)>,
    /// What a running total climbed.
    pub(crate) climbed: f64,
    /// Values that single samples or cells told of, for the mean distance between them.
    pub(crate) points: u64,
}

impl Together {
    /// Adds what was measured after all of it.
    pub(crate) fn add(&mut self, cell: &Cell) {
        if self.count == 0 {
            (self.min, self.max) = (f64::NAN, f64::NAN);
            self.is_first = cell.first.is_some();
        }
        self.count += cell.count;
        self.sum.add(cell.sum);
        // NaN is the smallest only where there is nothing else, and so the largest.
        self.min = self.min.min(cell.min);
        self.max = self.max.max(cell.max);
        let Some(last) = cell.last else { return };
        let first = cell.first.unwrap_or(last);
        if let Some((_, before)) = self.last {
            self.climbed += if first.1 < before { first.1 } else { first.1 - before };
        }
        self.climbed += cell.climbed;
        self.points += if cell.first.is_some() { cell.count } else { 1 };
        self.first = self.first.or(Some(first));
        self.last = Some(last);
    }

    pub(crate) fn mean(&self) -> f64 {
        self.sum.total() / self.count as f64
    }
}

/// The value below which a part of all values lies, as their spreads have it.
pub(crate) fn quantile<'a>(part: f64, cells: impl Iterator<Item = &'a Cell>) -> Option<f64> {
    if part.is_nan() {
        return Some(f64::NAN);
    }
    if !(0.0..=1.0).contains(&part) {
        return Some(if part < 0.0 { f64::NEG_INFINITY } else { f64::INFINITY });
    }
    let mut values: BTreeMap<Ordered, u64> = BTreeMap::new();
    for (value, count) in cells.flat_map(|cell| &cell.spread) {
        *values.entry(Ordered(*value)).or_default() += count;
    }
    let count: u64 = values.values().sum();
    let rank = (part * count.checked_sub(1)? as f64).floor() as u64;
    let mut before = 0;
    values.into_iter().find_map(|(value, count)| {
        before += count;
        (rank < before).then_some(value.0)
    })
}

/// A number in the order of numbers.
#[derive(Debug, Clone, Copy)]
struct Ordered(f64);

impl PartialEq for Ordered {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ordered {}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}
