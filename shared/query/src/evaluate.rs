//! What is the answer at a moment, or at each step of a range?

use std::sync::Arc;

use crate::gather::{gather, too_many_samples};
use crate::parse::{Ask, At, Query, Selector};
use crate::{Coverage, LabelSet, Limits, QueryError, Source};

/// A value at a moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// The value.
    pub value: f64,
}

/// The moments of a range question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steps {
    start_ms: i64,
    end_ms: i64,
    step_ms: i64,
}

/// What was found, and what was not.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// What was found.
    pub value: Value,
    /// What is missing from it.
    pub coverage: Coverage,
}

/// What was found, in one of PromQL's shapes.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A number.
    Scalar(Point),
    /// A text, and its moment.
    Text(i64, String),
    /// One point of each series, sorted by labels.
    Vector(Vec<(Arc<LabelSet>, Point)>),
    /// Some points of each series, sorted by labels; no series is empty.
    Matrix(Vec<(Arc<LabelSet>, Vec<Point>)>),
}

/// The bit pattern by which Prometheus marks that a series ended. Nobody's measurement has it.
const STALE_NAN_BITS: u64 = 0x7ff0_0000_0000_0002;

impl Steps {
    /// Every `step_ms` from `start_ms` to `end_ms`.
    ///
    /// # Errors
    /// When the step is not positive, the end is before the start, or there are more than `limits.max_points`.
    pub fn new(start_ms: i64, end_ms: i64, step_ms: i64, limits: &Limits) -> Result<Self, QueryError> {
        let refuse = |why: String| Err(QueryError::BadData(why));
        if end_ms < start_ms {
            return refuse("invalid parameter \"end\": end timestamp must not be before start time".to_owned());
        }
        if step_ms <= 0 {
            return refuse(
                "invalid parameter \"step\": zero or negative query resolution step widths are not accepted. \
                 Try a positive integer"
                    .to_owned(),
            );
        }
        let steps = Self { start_ms, end_ms, step_ms };
        if steps.count() > limits.max_points as u64 {
            let most = limits.max_points;
            return refuse(format!(
                "exceeded maximum resolution of {most} points per timeseries. Try decreasing the query resolution \
                 (?step=XX)"
            ));
        }
        Ok(steps)
    }

    fn count(self) -> u64 {
        (self.end_ms.abs_diff(self.start_ms) / self.step_ms.unsigned_abs()).saturating_add(1)
    }

    fn iter(self) -> impl Iterator<Item = i64> {
        let step = self.step_ms;
        std::iter::successors(Some(self.start_ms), move |at| at.checked_add(step))
            .take_while(move |at| *at <= self.end_ms)
    }
}

impl Query {
    /// How far back the newest sample still counts as the present one, unless the asker says otherwise: Prometheus' five
    /// minutes.
    pub const LOOKBACK_MS: i64 = 300_000;

    /// Answers for one moment.
    ///
    /// # Errors
    /// When a limit is passed or storage fails.
    pub fn instant(
        &self,
        source: &dyn Source,
        at_ms: i64,
        lookback_ms: i64,
        limits: &Limits,
    ) -> Result<Answer, QueryError> {
        let whole = |value| Ok(Answer { value, coverage: Coverage::whole() });
        match &self.ask {
            Ask::Number(value) => whole(Value::Scalar(Point { at_ms, value: *value })),
            Ask::Text(text) => whole(Value::Text(at_ms, text.clone())),
            Ask::Vector(selector) => {
                let now = Steps { start_ms: at_ms, end_ms: at_ms, step_ms: 1 };
                let (rows, coverage) = at_steps(selector, source, now, lookback_ms, limits)?;
                let vector = rows.into_iter().filter_map(|(labels, points)| Some((labels, *points.first()?)));
                Ok(Answer { value: Value::Vector(vector.collect()), coverage })
            }
            Ask::Matrix { selector, range_ms } => {
                let end = selector.moment(at_ms, at_ms, at_ms);
                let (rows, coverage) = raw(selector, source, end, *range_ms, limits)?;
                Ok(Answer { value: Value::Matrix(rows), coverage })
            }
        }
    }

    /// Answers for every step of a range.
    ///
    /// # Errors
    /// As [`Query::instant`], and for a range vector or a text, which have no value at a step.
    pub fn range(
        &self,
        source: &dyn Source,
        steps: Steps,
        lookback_ms: i64,
        limits: &Limits,
    ) -> Result<Answer, QueryError> {
        match &self.ask {
            Ask::Number(value) => {
                let points = steps.iter().map(|at_ms| Point { at_ms, value: *value }).collect();
                let value = Value::Matrix(vec![(Arc::new(LabelSet::default()), points)]);
                Ok(Answer { value, coverage: Coverage::whole() })
            }
            Ask::Vector(selector) => {
                let (rows, coverage) = at_steps(selector, source, steps, lookback_ms, limits)?;
                Ok(Answer { value: Value::Matrix(rows), coverage })
            }
            Ask::Text(_) => Err(not_for_a_range("string")),
            Ask::Matrix { .. } => Err(not_for_a_range("range vector")),
        }
    }
}

impl Selector {
    /// The moment it looks at, at step `at_ms` of a question from `start_ms` to `end_ms`.
    fn moment(&self, at_ms: i64, start_ms: i64, end_ms: i64) -> i64 {
        let at = match self.at {
            At::Step => at_ms,
            At::Start => start_ms,
            At::End => end_ms,
            At::Fixed(at) => at,
        };
        at.saturating_sub(self.offset_ms)
    }
}

type Rows = Vec<(Arc<LabelSet>, Vec<Point>)>;

/// The newest sample of each series at each step, if it is not older than the lookback.
fn at_steps(
    selector: &Selector,
    source: &dyn Source,
    steps: Steps,
    lookback_ms: i64,
    limits: &Limits,
) -> Result<(Rows, Coverage), QueryError> {
    let moment = |at| selector.moment(at, steps.start_ms, steps.end_ms);
    let first = after(moment(steps.start_ms).saturating_sub(lookback_ms));
    let last = moment(steps.end_ms);
    let (series, coverage) = gather(source, &selector.matchers, first, last, limits)?;
    let mut rows = Vec::with_capacity(series.len());
    let mut held = 0;
    for (labels, samples) in series {
        limits.stop.check()?;
        let points = newest_at_each(&samples, steps.iter().map(|at| (at, moment(at))), lookback_ms);
        held += points.len();
        if held > limits.max_samples {
            return Err(too_many_samples());
        }
        if !points.is_empty() {
            rows.push((labels, points));
        }
    }
    Ok((rows, coverage))
}

/// For each step `(at, moment)` in rising order: the newest of `samples` at that moment, shown at `at`.
fn newest_at_each(samples: &[Point], steps: impl Iterator<Item = (i64, i64)>, lookback_ms: i64) -> Vec<Point> {
    let mut next = 0;
    let mut points = Vec::new();
    for (at_ms, moment) in steps {
        next += samples[next..].partition_point(|sample| sample.at_ms <= moment);
        let Some(newest) = next.checked_sub(1).map(|at| samples[at]) else { continue };
        // Left-open, as in Prometheus 3: a sample just as old as the lookback no longer counts.
        let fresh = newest.at_ms > moment.saturating_sub(lookback_ms);
        if fresh && newest.value.to_bits() != STALE_NAN_BITS {
            points.push(Point { at_ms, value: newest.value });
        }
    }
    points
}

/// Every sample of each series in the range that ends at `end_ms`, its beginning excluded.
fn raw(
    selector: &Selector,
    source: &dyn Source,
    end_ms: i64,
    range_ms: i64,
    limits: &Limits,
) -> Result<(Rows, Coverage), QueryError> {
    let (mut rows, coverage) =
        gather(source, &selector.matchers, after(end_ms.saturating_sub(range_ms)), end_ms, limits)?;
    for (_, points) in &mut rows {
        points.retain(|point| point.value.to_bits() != STALE_NAN_BITS);
    }
    rows.retain(|(_, points)| !points.is_empty());
    Ok((rows, coverage))
}

fn after(ms: i64) -> i64 {
    ms.saturating_add(1)
}

fn not_for_a_range(kind: &str) -> QueryError {
    QueryError::BadData(format!(
        "invalid parameter \"query\": invalid expression type \"{kind}\" for range query, must be Scalar or instant Vector"
    ))
}
