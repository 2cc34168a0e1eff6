//! How are the values of an hour spread? Quantiles within one per cent, that add up in any order.
//!
//! DDSketch (Masson, Rim, Lee 2019) with 32 bins for each doubling, so that a bin is within 1.1 % of all in it. When there
//! are more than [`MAX_BINS`], each two become one (UDDSketch: Epicoco et al. 2020): at worst 2.2 % for values that span
//! 65 000 times, 4.4 % beyond. How coarse it is follows from the values alone, and so not from the order they came in.

use std::sync::LazyLock;

use crate::shape::{Shape, double};

/// Bins of one sketch, of both signs together. An hour at ten seconds has 360 values.
pub const MAX_BINS: usize = 256;

/// Bins for each doubling.
const PER_DOUBLING: i32 = 32;

/// Halvings after which all doubles of one sign fall into a bin or two.
pub(crate) const MAX_COARSE: u8 = 17;

/// A bin and how many values fell into it.
pub(crate) type Bin = (i32, u32);

/// How values are spread.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sketch {
    /// How often bins were joined in twos.
    pub(crate) coarse: u8,
    /// Zeros, and what is nearer to zero than any normal double.
    pub(crate) zeros: u32,
    pub(crate) below_all: u32,
    pub(crate) above_all: u32,
    /// By magnitude.
    pub(crate) negative: Vec<Bin>,
    pub(crate) positive: Vec<Bin>,
}

/// The 32nd powers of two from 1 to 2. By square roots and products, which every machine rounds the same way.
static STEPS: LazyLock<[f64; PER_DOUBLING as usize + 1]> = LazyLock::new(|| {
    let root = (0..PER_DOUBLING.ilog2()).fold(2f64, |root, _| root.sqrt());
    let mut steps = [1f64; PER_DOUBLING as usize + 1];
    for at in 1..PER_DOUBLING as usize {
        steps[at] = steps[at - 1] * root;
    }
    steps[PER_DOUBLING as usize] = 2.0;
    steps
});

impl Sketch {
    /// How many values are in it.
    pub fn count(&self) -> u64 {
        let bins = self.negative.iter().chain(&self.positive).map(|bin| u64::from(bin.1)).sum::<u64>();
        bins + u64::from(self.zeros) + u64::from(self.below_all) + u64::from(self.above_all)
    }

    /// How far a quantile may be from a value that stood there, as a share of it.
    pub fn accuracy(&self) -> f64 {
        let wide = width(self.coarse);
        (wide - 1.0) / (wide + 1.0)
    }

    /// The value below which a share of all values lies, from 0 to 1, in steps where the series has steps; nothing where
    /// there are no values.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let count = self.count();
        if count == 0 || !(0.0..=1.0).contains(&share) {
            return None;
        }
        // The lower of the two neighbours, as a sketch knows no places between.
        let rank = (share * (count - 1) as f64).floor() as u64;
        let mut before = 0;
        self.values().find_map(|(value, count)| {
            before += count;
            (rank < before).then_some(value)
        })
    }

    /// Values, rising, and how many of all are near each; in steps where the series has steps.
    pub fn values(&self) -> impl Iterator<Item = (f64, u64)> + '_ {
        let negative = self.negative.iter().rev().map(|(bin, count)| (-self.middle(*bin), *count));
        let positive = self.positive.iter().map(|(bin, count)| (self.middle(*bin), *count));
        let all = [(f64::NEG_INFINITY, self.below_all)].into_iter().chain(negative);
        let all = all.chain([(0.0, self.zeros)]).chain(positive).chain([(f64::INFINITY, self.above_all)]);
        all.filter(|(_, count)| *count > 0).map(|(value, count)| (value, u64::from(count)))
    }

    /// Adds a kept value so many times. NaN is none.
    pub(crate) fn add(&mut self, shape: Shape, kept: i64, times: u32) {
        let value = if shape.exact { double(kept) } else { kept as f64 };
        let grow = |count: &mut u32| *count = count.saturating_add(times);
        if value.is_nan() {
            return;
        }
        if value.is_infinite() {
            grow(if value > 0.0 { &mut self.above_all } else { &mut self.below_all });
        } else if !value.is_normal() {
            grow(&mut self.zeros);
        } else {
            let bin = coarser(finest_bin(value.abs()), self.coarse);
            put(if value > 0.0 { &mut self.positive } else { &mut self.negative }, bin, times);
            self.shrink();
        }
    }

    /// Adds all of another.
    pub(crate) fn add_all(&mut self, other: &Self) {
        self.coarsen(other.coarse);
        self.zeros = self.zeros.saturating_add(other.zeros);
        self.below_all = self.below_all.saturating_add(other.below_all);
        self.above_all = self.above_all.saturating_add(other.above_all);
        let more = self.coarse - other.coarse;
        for (mine, theirs) in [(&mut self.negative, &other.negative), (&mut self.positive, &other.positive)] {
            theirs.iter().for_each(|(bin, count)| put(mine, coarser(*bin, more), *count));
        }
        self.shrink();
    }

    pub(crate) fn bins(&self) -> usize {
        self.negative.len() + self.positive.len()
    }

    fn shrink(&mut self) {
        while self.bins() > MAX_BINS {
            self.coarsen(self.coarse + 1);
        }
    }

    fn coarsen(&mut self, to: u8) {
        let more = to.saturating_sub(self.coarse);
        if more == 0 {
            return;
        }
        self.coarse = to;
        for bins in [&mut self.negative, &mut self.positive] {
            let old = std::mem::take(bins);
            old.into_iter().for_each(|(bin, count)| put(bins, coarser(bin, more), count));
        }
    }

    /// The value that is as far, as a share, from both ends of a bin.
    fn middle(&self, bin: i32) -> f64 {
        let wide = width(self.coarse);
        let exponent = f64::from(bin) * f64::from(1u32 << self.coarse.min(MAX_COARSE)) / f64::from(PER_DOUBLING);
        // In two factors: the upper end of the largest bin is beyond all doubles.
        ((exponent - 1.0).exp2() * (4.0 / (1.0 + wide))).min(f64::MAX)
    }
}

/// How much larger the upper end of a bin is than the lower.
fn width(coarse: u8) -> f64 {
    (f64::from(1u32 << coarse.min(MAX_COARSE)) / f64::from(PER_DOUBLING)).exp2()
}

/// The bin of a normal, positive value: the least whose upper end is not below it.
fn finest_bin(value: f64) -> i32 {
    let bits = value.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i32 - 1023;
    let fraction = f64::from_bits((bits & ((1 << 52) - 1)) | (1023 << 52));
    exponent * PER_DOUBLING + STEPS.partition_point(|step| *step < fraction) as i32
}

/// The bin that holds a bin when each two have become one, so many times.
fn coarser(bin: i32, times: u8) -> i32 {
    let into = 1i32 << times.min(MAX_COARSE);
    // Upper ends stay upper ends: rounded up.
    bin.div_euclid(into) + i32::from(bin.rem_euclid(into) != 0)
}

fn put(bins: &mut Vec<Bin>, bin: i32, times: u32) {
    match bins.binary_search_by_key(&bin, |(bin, _)| *bin) {
        Ok(at) => bins[at].1 = bins[at].1.saturating_add(times),
        Err(at) => bins.insert(at, (bin, times)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WHOLE: Shape = Shape { exact: false, climbs: false, sketched: true };

    fn of(values: &[i64]) -> Sketch {
        let mut sketch = Sketch::default();
        values.iter().for_each(|value| sketch.add(WHOLE, *value, 1));
        sketch
    }

    proptest! {
        #[test]
        fn a_quantile_is_as_near_as_it_says(mut values in prop::collection::vec(prop_oneof![any::<i64>(), -900i64..900], 1..700), share in 0.0f64..=1.0) {
            let sketch = of(&values);
            values.sort_unstable();
            let there = values[(share * (values.len() - 1) as f64).floor() as usize] as f64;
            let said = sketch.quantile(share).expect("there are values");
            prop_assert!((said - there).abs() <= there.abs() * (sketch.accuracy() + 1e-9), "{} for {}", said, there);
        }

        #[test]
        fn any_order_and_any_split_gives_the_same(values in prop::collection::vec(any::<i64>(), 1..900), seed in any::<u64>()) {
            let side = |at: usize| (seed >> (at % 61)) & 1 == 0;
            let part = |wanted| values.iter().enumerate().filter(|(at, _)| side(*at) == wanted).map(|(_, value)| *value).collect::<Vec<_>>();
            let (mut one, other) = (of(&part(true)), of(&part(false)));
            let mut again = other.clone();
            again.add_all(&one);
            one.add_all(&other);
            prop_assert_eq!(&one, &of(&values));
            prop_assert_eq!(&again, &one);
            prop_assert!(one.bins() <= MAX_BINS);
        }
    }

    #[test]
    fn what_is_no_common_number_has_its_place() {
        let exact = Shape { exact: true, ..WHOLE };
        let mut sketch = Sketch::default();
        let values = [f64::NEG_INFINITY, -1e308, -1e-300, -0.0, 5e-324, f64::MAX, f64::INFINITY];
        values.iter().for_each(|value| sketch.add(exact, crate::shape::bits(*value), 1));
        sketch.add(exact, crate::shape::bits(f64::NAN), 1);
        assert_eq!(sketch.count(), 7);
        let said: Vec<f64> = (0..7).filter_map(|at| sketch.quantile(f64::from(at) / 6.0)).collect();
        assert!(said.is_sorted(), "{said:?}");
        assert_eq!((said[0], said[3], said[4], said[6]), (f64::NEG_INFINITY, 0.0, 0.0, f64::INFINITY));
        assert!((said[5] / f64::MAX - 1.0).abs() < 0.011);
        assert!(sketch.accuracy() < 0.011);
    }
}
