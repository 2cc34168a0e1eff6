//! Below which value lies a part of what a histogram counted?

use std::collections::HashMap;
use std::sync::Arc;

use crate::column::{Column, Grid, Row, is_present};
use crate::evaluate::Evaluator;
use crate::plan::Node;
use crate::unite::unite;
use crate::{Dialect, LabelSet, NAME, QueryError};

/// The label that says up to which value a bucket counts.
const BOUND: &str = "le";

/// Counts that differ by less than this part of them are held for the same: sums of rates are not exact.
const SMALL: f64 = 1e-12;

/// How many of what was observed are not above a bound.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    bound: f64,
    count: f64,
}

impl Evaluator<'_> {
    pub(crate) fn histogram_quantile(
        &mut self,
        of: &Node,
        quantile: &Node,
        grid: Grid,
    ) -> Result<Vec<Row>, QueryError> {
        let quantile = self.scalar(quantile, grid)?;
        let rows = self.vector(of, grid)?;
        if !rows.is_empty() {
            self.warn_of_quantiles(&quantile);
        }
        let histograms = self.histograms(&rows);
        let mut quantiles = Vec::with_capacity(histograms.len());
        for (labels, buckets) in histograms {
            self.limits.stop.check()?;
            let mut column = Column::absent(&self.budget, grid.count)?;
            let mut here = Vec::with_capacity(buckets.len());
            let mut was_repaired = false;
            for step in 0..grid.count {
                here.clear();
                let counts = buckets.iter().map(|(bound, row)| (*bound, row.column.values[step]));
                here.extend(
                    counts.filter(|(_, count)| is_present(*count)).map(|(bound, count)| Bucket { bound, count }),
                );
                if !here.is_empty() {
                    let (value, repaired) = bucket_quantile(quantile.values[step], &mut here, self.options.dialect);
                    column.values[step] = value;
                    was_repaired |= repaired;
                }
            }
            if was_repaired && self.options.dialect == Dialect::Prometheus3 {
                let name = labels.get(NAME);
                self.notes.inform(format!(
                    "input to histogram_quantile needed to be fixed for monotonicity (see \
                     https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile) for metric \
                     name {name:?}"
                ));
            }
            quantiles.push(Row { labels: Arc::new(labels.nameless()), column });
        }
        unite(quantiles)
    }

    /// The buckets that belong together, with their bounds; what bears no bound is no bucket.
    fn histograms<'r>(&mut self, rows: &'r [Row]) -> Vec<(LabelSet, Vec<(f64, &'r Row)>)> {
        let mut places: HashMap<LabelSet, usize> = HashMap::new();
        let mut histograms: Vec<(LabelSet, Vec<(f64, &Row)>)> = Vec::new();
        for row in rows {
            let Ok(bound) = row.labels.get(BOUND).parse::<f64>() else {
                if self.options.dialect == Dialect::Prometheus3 {
                    let (bound, name) = (row.labels.get(BOUND), row.labels.get(NAME));
                    self.notes.warn(format!(
                        "bucket label {BOUND:?} is missing or has a malformed value of {bound:?} for metric name \
                         {name:?}"
                    ));
                }
                continue;
            };
            let labels = row.labels.with(BOUND, "");
            let place = *places.entry(labels.clone()).or_insert_with(|| {
                histograms.push((labels, Vec::new()));
                histograms.len() - 1
            });
            histograms[place].1.push((bound, row));
        }
        for (_, buckets) in &mut histograms {
            buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        }
        histograms
    }
}

/// The quantile, linear within its bucket, and whether counts had to be repaired. Buckets come in rising order of bounds.
fn bucket_quantile(part: f64, buckets: &mut Vec<Bucket>, dialect: Dialect) -> (f64, bool) {
    if part.is_nan() {
        return (f64::NAN, false);
    }
    if !(0.0..=1.0).contains(&part) {
        return (if part < 0.0 { f64::NEG_INFINITY } else { f64::INFINITY }, false);
    }
    if buckets.last().is_none_or(|last| last.bound != f64::INFINITY) {
        return (f64::NAN, false);
    }
    coalesce(buckets);
    let repaired = make_rise(buckets, dialect);
    let last = buckets.len() - 1;
    let observed = buckets[last].count;
    if last == 0 || observed == 0.0 {
        return (f64::NAN, repaired);
    }
    (within(part * observed, buckets, last), repaired)
}

fn within(mut rank: f64, buckets: &[Bucket], last: usize) -> f64 {
    // A count that is NaN is not the one that is looked for.
    let is_below = |count: f64| count < rank || count.is_nan() || rank.is_nan();
    let at = buckets[..last].partition_point(|bucket| is_below(bucket.count));
    if at == last {
        return buckets[last - 1].bound;
    }
    let Bucket { bound: end, mut count } = buckets[at];
    if at == 0 && end <= 0.0 {
        return end;
    }
    let mut begin = 0.0;
    if at > 0 {
        begin = buckets[at - 1].bound;
        count -= buckets[at - 1].count;
        rank -= buckets[at - 1].count;
    }
    begin + (end - begin) * (rank / count)
}

/// Adds up buckets of one bound: `le="1"` and `le="1.0"`.
fn coalesce(buckets: &mut Vec<Bucket>) {
    buckets.dedup_by(|later, first| {
        let same = later.bound == first.bound;
        if same {
            first.count += later.count;
        }
        same
    });
}

/// Counts never fall from bucket to bucket; where they do, because buckets were read at different times, the higher one
/// holds. Says whether more than rounding was repaired.
fn make_rise(buckets: &mut [Bucket], dialect: Dialect) -> bool {
    let mut repaired = false;
    let mut highest = buckets[0].count;
    for bucket in &mut buckets[1..] {
        let rounding = dialect == Dialect::Prometheus3 && is_almost(highest, bucket.count);
        if bucket.count < highest || rounding {
            repaired |= !rounding;
            bucket.count = highest;
        } else if bucket.count > highest {
            highest = bucket.count;
        }
    }
    repaired
}

fn is_almost(a: f64, b: f64) -> bool {
    if a == b {
        return true;
    }
    let (sum, apart) = (a.abs() + b.abs(), (a - b).abs());
    // Near zero a part of the sum means nothing.
    if a == 0.0 || b == 0.0 || sum < f64::MIN_POSITIVE {
        return apart < SMALL * f64::MIN_POSITIVE;
    }
    apart / sum.min(f64::MAX) < SMALL
}
