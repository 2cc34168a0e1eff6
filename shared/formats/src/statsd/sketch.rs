//! Where do quantiles lie, in few bytes?

use std::collections::BTreeMap;

/// A quantile is at most this part off its value (2 %).
const ERROR: f64 = 0.02;

/// Buckets of one sign; with their steps of 4 % they span a factor of 28,000 below the largest.
const MAX_BUCKETS: usize = 256;

/// Counts values in buckets whose bounds grow by a constant factor, after DDSketch (Masson, Rim, Lee 2019). When there
/// are too many, the ones nearest to zero become one: high quantiles stay exact to [`ERROR`].
#[derive(Debug, Default, Clone)]
pub(super) struct Sketch {
    above: BTreeMap<i32, f64>,
    below: BTreeMap<i32, f64>,
    zero: f64,
    count: f64,
    bounds: Option<(f64, f64)>,
}

impl Sketch {
    pub(super) fn observe(&mut self, value: f64, weight: f64) {
        let (min, max) = self.bounds.unwrap_or((value, value));
        self.bounds = Some((min.min(value), max.max(value)));
        self.count += weight;
        if value > 0.0 {
            add(&mut self.above, value, weight);
        } else if value < 0.0 {
            add(&mut self.below, -value, weight);
        } else {
            self.zero += weight;
        }
    }

    /// The least and the greatest value; none without a value.
    pub(super) fn bounds(&self) -> Option<(f64, f64)> {
        self.bounds
    }

    /// The value below which this part of all values lies; none without a value.
    pub(super) fn quantile(&self, part: f64) -> Option<f64> {
        let (min, max) = self.bounds?;
        let mut left = part * self.count;
        let below = self.below.iter().rev().map(|(bucket, count)| (-middle(*bucket), *count));
        let above = self.above.iter().map(|(bucket, count)| (middle(*bucket), *count));
        for (value, count) in below.chain([(0.0, self.zero)]).chain(above) {
            left -= count;
            if left <= 0.0 && count > 0.0 {
                return Some(value.clamp(min, max));
            }
        }
        Some(max)
    }
}

fn growth() -> f64 {
    ((1.0 + ERROR) / (1.0 - ERROR)).ln()
}

fn add(buckets: &mut BTreeMap<i32, f64>, size: f64, weight: f64) {
    // Doubles lie between e^-745 and e^710, so the bucket is within ±19,000.
    let bucket = (size.ln() / growth()).ceil() as i32;
    *buckets.entry(bucket).or_default() += weight;
    if buckets.len() > MAX_BUCKETS
        && let Some((_, count)) = buckets.pop_first()
        && let Some(mut next) = buckets.first_entry()
    {
        *next.get_mut() += count;
    }
}

/// The value nearest to all of a bucket.
fn middle(bucket: i32) -> f64 {
    (f64::from(bucket) * growth()).exp() * (1.0 - ERROR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_near_and_bounds_are_exact() {
        let mut sketch = Sketch::default();
        (1..=1000).for_each(|value| sketch.observe(f64::from(value), 1.0));
        for (part, wanted) in [(0.5, 500.0), (0.9, 900.0), (0.99, 990.0)] {
            let found = sketch.quantile(part).expect("values");
            assert!((found - wanted).abs() <= wanted * ERROR, "{part}: {found}");
        }
        assert_eq!(sketch.bounds(), Some((1.0, 1000.0)));
    }

    #[test]
    fn signs_and_zero_have_their_order() {
        let mut sketch = Sketch::default();
        [-100.0, -1.0, 0.0, 1.0, 100.0].into_iter().for_each(|value| sketch.observe(value, 1.0));
        assert_eq!(sketch.quantile(0.0), Some(-100.0));
        assert_eq!(sketch.quantile(0.5), Some(0.0));
        assert_eq!(sketch.quantile(1.0), Some(100.0));
        assert!(Sketch::default().quantile(0.5).is_none());
    }

    #[test]
    fn any_values_take_bounded_memory() {
        let mut sketch = Sketch::default();
        for exponent in -300..300 {
            sketch.observe(10_f64.powi(exponent), 1.0);
            sketch.observe(-(10_f64.powi(exponent)), 1.0);
        }
        assert!(sketch.above.len() <= MAX_BUCKETS && sketch.below.len() <= MAX_BUCKETS);
        let high = sketch.quantile(0.999).expect("values");
        assert!((high - 1e298).abs() <= 1e298 * ERROR || (high - 1e299).abs() <= 1e299 * ERROR, "{high}");
    }
}
