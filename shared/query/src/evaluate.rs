//! What is the answer at a moment, or at each step of a range?

use std::sync::Arc;

use crate::column::{Budget, Column, Grid, Row, is_present};
use crate::order::sort_by_labels;
use crate::plan::{Kind, Node};
use crate::{Coverage, Grain, LabelSet, Limits, Notes, Options, Query, QueryError, Source};

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
    /// What is strange about the question.
    pub notes: Notes,
}

/// What was found, in one of PromQL's shapes.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A number.
    Scalar(Point),
    /// A text, and its moment.
    Text(i64, String),
    /// One point of each series, in the order that the question asks for; by labels where it asks for none.
    Vector(Vec<(Arc<LabelSet>, Point)>),
    /// Some points of each series, sorted by labels; no series is empty.
    Matrix(Vec<(Arc<LabelSet>, Vec<Point>)>),
}

/// The bit pattern by which Prometheus marks that a series ended. Nobody's measurement has it.
pub(crate) const STALE_NAN_BITS: u64 = 0x7ff0_0000_0000_0002;

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

    fn grid(self) -> Grid {
        // `Steps::new` let no more than a limit of points through, which is a usize.
        Grid { start_ms: self.start_ms, step_ms: self.step_ms, count: self.count() as usize }
    }

    fn count(self) -> u64 {
        (self.end_ms.abs_diff(self.start_ms) / self.step_ms.unsigned_abs()).saturating_add(1)
    }
}

impl Query {
    /// How far back the newest sample still counts as the present one, unless the asker says otherwise: Prometheus' five
    /// minutes.
    pub const LOOKBACK_MS: i64 = 300_000;

    /// Answers for one moment.
    ///
    /// # Errors
    /// When a limit is passed, the question has no answer (series that do not match one to one), or storage fails.
    pub fn instant(
        &self,
        source: &dyn Source,
        at_ms: i64,
        lookback_ms: i64,
        limits: &Limits,
    ) -> Result<Answer, QueryError> {
        let grid = Grid::once(at_ms);
        let mut evaluator = Evaluator::new(source, limits, (self.options, self.grain), lookback_ms, (at_ms, at_ms));
        let value = match &self.plan {
            Node::Windows(windows) => Value::Matrix(evaluator.samples_within(windows, grid)?),
            plan => match evaluator.evaluate(plan, grid)? {
                Evaluated::Text(text) => Value::Text(at_ms, text),
                Evaluated::Scalar(column) => Value::Scalar(Point { at_ms, value: column.values[0] }),
                Evaluated::Vector(rows) => {
                    let point = |row: Row| (row.labels, Point { at_ms, value: row.column.values[0] });
                    Value::Vector(rows.into_iter().map(point).collect())
                }
            },
        };
        Ok(evaluator.answer(value))
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
        let kind = self.plan.kind();
        if matches!(kind, Kind::Text | Kind::Matrix) {
            return Err(not_for_a_range(kind.documented()));
        }
        let grid = steps.grid();
        let mut evaluator =
            Evaluator::new(source, limits, (self.options, self.grain), lookback_ms, (steps.start_ms, steps.end_ms));
        let mut rows = match evaluator.evaluate(&self.plan, grid)? {
            Evaluated::Vector(rows) => rows,
            Evaluated::Scalar(column) => vec![Row { labels: Arc::default(), column }],
            Evaluated::Text(_) => return Err(not_for_a_range(Kind::Text.documented())),
        };
        sort_by_labels(&mut rows, |row| &row.labels);
        let mut matrix = Vec::with_capacity(rows.len());
        for Row { labels, column } in rows {
            limits.stop.check()?;
            let present = column.values.iter().enumerate().filter(|(_, value)| is_present(**value));
            let points: Vec<_> = present.map(|(step, value)| Point { at_ms: grid.at(step), value: *value }).collect();
            if !points.is_empty() {
                matrix.push((labels, points));
            }
        }
        Ok(evaluator.answer(Value::Matrix(matrix)))
    }
}

fn not_for_a_range(kind: &str) -> QueryError {
    QueryError::BadData(format!(
        "invalid parameter \"query\": invalid expression type \"{kind}\" for range query, must be Scalar or instant Vector"
    ))
}

/// One question at work.
pub(crate) struct Evaluator<'a> {
    pub(crate) source: &'a dyn Source,
    pub(crate) limits: &'a Limits,
    pub(crate) options: Options,
    pub(crate) grain: Grain,
    pub(crate) lookback_ms: i64,
    /// The first moment of the question, which `@ start()` means at any depth.
    pub(crate) start_ms: i64,
    /// The end of the question, which need not be a step.
    pub(crate) end_ms: i64,
    pub(crate) budget: Budget,
    pub(crate) coverage: Coverage,
    pub(crate) notes: Notes,
}

/// What a part of a question comes to, over all steps.
pub(crate) enum Evaluated {
    Scalar(Column),
    Text(String),
    /// No row is empty, and at no step do two rows with the same labels have a value.
    Vector(Vec<Row>),
}

impl<'a> Evaluator<'a> {
    fn new(
        source: &'a dyn Source,
        limits: &'a Limits,
        (options, grain): (Options, Grain),
        lookback_ms: i64,
        (start_ms, end_ms): (i64, i64),
    ) -> Self {
        let (budget, coverage, notes) = (Budget::new(limits.max_samples), Coverage::whole(), Notes::default());
        Self { source, limits, options, grain, lookback_ms, start_ms, end_ms, budget, coverage, notes }
    }

    fn answer(self, value: Value) -> Answer {
        Answer { value, coverage: self.coverage, notes: self.notes }
    }

    pub(crate) fn evaluate(&mut self, node: &Node, grid: Grid) -> Result<Evaluated, QueryError> {
        self.limits.stop.check()?;
        match node {
            Node::Number(number) => Ok(Evaluated::Scalar(Column::filled(&self.budget, *number, grid.count)?)),
            Node::Text(text) => Ok(Evaluated::Text(text.clone())),
            Node::Time => self.time(grid),
            Node::Once(of) => self.once(of, grid),
            Node::Negate(of) => self.negated(of, grid),
            Node::Binary(binary) => self.binary(binary, grid),
            Node::ToScalar(of) => self.only_value(of, grid),
            Node::Windows(_) => Err(QueryError::BadData("a range vector has no value at a step".to_owned())),
            other => self.vector_of(other, grid).map(Evaluated::Vector),
        }
    }

    /// The nodes that always are vectors.
    fn vector_of(&mut self, node: &Node, grid: Grid) -> Result<Vec<Row>, QueryError> {
        match node {
            Node::Instant(selector) => self.instant_vector(selector, grid),
            Node::TimestampOf(selector) => self.timestamps_of(selector, grid),
            Node::Timestamp(of) => self.each_value(of, grid, move |step, _| grid.at(step) as f64 / 1000.0),
            Node::Aggregate(aggregate) => self.aggregate(aggregate, grid),
            Node::Rolling(call) => self.rolling(call, grid),
            Node::Absent(of, labels) => self.absent(of, labels, grid),
            Node::AbsentOverTime(over, labels) => self.absent_over_time(over, labels, grid),
            Node::Each(change, of) => self.each_value(of, grid, |_, value| change(value)),
            Node::Clamp { of, least, most } => self.clamp(of, (least.as_deref(), most.as_deref()), grid),
            Node::Round { of, to } => self.round(of, to, grid),
            Node::Calendar(part, of) => self.each_value(of, grid, |_, value| part.of(value)),
            Node::ToVector(of) => {
                let column = self.scalar(of, grid)?;
                Ok(vec![Row { labels: Arc::default(), column }])
            }
            Node::Sort { of, descending } => self.sorted(of, *descending, grid),
            Node::SortByLabel { of, names, descending } => self.sorted_by_label(of, names, *descending, grid),
            Node::Relabel(relabel) => self.relabel(relabel, grid),
            Node::HistogramQuantile { of, quantile } => self.histogram_quantile(of, quantile, grid),
            Node::NoHistograms(arguments) => {
                for argument in arguments {
                    self.evaluate(argument, grid)?;
                }
                Ok(Vec::new())
            }
            Node::Number(_) | Node::Text(_) | Node::Time | Node::Once(_) | Node::Negate(_) | Node::Binary(_) => {
                self.vector(node, grid)
            }
            Node::ToScalar(_) | Node::Windows(_) => self.vector(node, grid),
        }
    }

    /// A part that the plan knows to be a vector.
    pub(crate) fn vector(&mut self, node: &Node, grid: Grid) -> Result<Vec<Row>, QueryError> {
        match self.evaluate(node, grid)? {
            Evaluated::Vector(rows) => Ok(rows),
            Evaluated::Scalar(column) => Ok(vec![Row { labels: Arc::default(), column }]),
            Evaluated::Text(_) => Err(QueryError::BadData("a string is no instant vector".to_owned())),
        }
    }

    /// A part that the plan knows to be a number at each step.
    pub(crate) fn scalar(&mut self, node: &Node, grid: Grid) -> Result<Column, QueryError> {
        match self.evaluate(node, grid)? {
            Evaluated::Scalar(column) => Ok(column),
            Evaluated::Vector(_) | Evaluated::Text(_) => {
                Err(QueryError::BadData("expected a number at each step".to_owned()))
            }
        }
    }

    /// Works out what is the same at every step for the first, and shows it at each.
    fn once(&mut self, of: &Node, grid: Grid) -> Result<Evaluated, QueryError> {
        let once = self.evaluate(of, Grid { count: 1, ..grid })?;
        if grid.count == 1 {
            return Ok(once);
        }
        let spread = |column: &Column| Column::filled(&self.budget, column.values[0], grid.count);
        Ok(match once {
            Evaluated::Text(text) => Evaluated::Text(text),
            Evaluated::Scalar(column) => Evaluated::Scalar(spread(&column)?),
            Evaluated::Vector(rows) => {
                let spread = |row: Row| Ok(Row { column: spread(&row.column)?, labels: row.labels });
                Evaluated::Vector(rows.into_iter().map(spread).collect::<Result<_, QueryError>>()?)
            }
        })
    }

    fn time(&mut self, grid: Grid) -> Result<Evaluated, QueryError> {
        let mut column = Column::filled(&self.budget, 0.0, grid.count)?;
        column.change(|step, _| grid.at(step) as f64 / 1000.0);
        Ok(Evaluated::Scalar(column))
    }
}
