//! Which samples does each step of a range vector see?

use std::ops::Range;
use std::sync::Arc;

use crate::column::{Grid, Row, is_present};
use crate::evaluate::{Evaluator, Point};
use crate::gather::{Whole, gather};
use crate::plan::{Node, Selector, Windows};
use crate::rolling::Rolling;
use crate::select::{Moments, advance};
use crate::{Dialect, Hints, LabelSet, Limits, QueryError, Selection, Wish};

/// Samples that a function looks at between two looks at the deadline: well under a millisecond of work.
const SAMPLES_PER_LOOK: usize = 65_536;

/// Some points of each series.
type Matrix = Vec<(Arc<LabelSet>, Vec<Point>)>;

/// Whole series, and the windows over them.
pub(crate) struct Windowed {
    pub(crate) series: Vec<Whole>,
    pub(crate) frame: Frame,
}

/// Where the window of each step is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame {
    moments: Moments,
    pub(crate) range_ms: i64,
    dialect: Dialect,
    grid: Grid,
}

/// The samples of a series that one step sees; never none.
pub(crate) struct Window<'a> {
    pub(crate) step: usize,
    /// The moment of the step.
    pub(crate) at_ms: i64,
    /// The edges, wherever an offset has moved them.
    pub(crate) start_ms: i64,
    pub(crate) end_ms: i64,
    /// Where in the series the window begins.
    pub(crate) first: usize,
    pub(crate) times: &'a [i64],
    pub(crate) values: &'a [f64],
}

impl Evaluator<'_> {
    /// Reads all that the windows of a grid need.
    pub(crate) fn windowed(
        &mut self,
        windows: &Windows,
        function: Option<&'static str>,
        grid: Grid,
    ) -> Result<Windowed, QueryError> {
        let frame = self.frame(windows, grid);
        let series = match windows {
            Windows::Raw { selector, .. } => self.raw(selector, frame, function)?,
            Windows::Subquery { of, step_ms, .. } => self.subquery(of, *step_ms, frame)?,
        };
        Ok(Windowed { series, frame })
    }

    pub(crate) fn frame(&self, windows: &Windows, grid: Grid) -> Frame {
        let (when, range_ms) = match windows {
            Windows::Raw { selector, range_ms } => (selector.when, *range_ms),
            Windows::Subquery { when, range_ms, .. } => (*when, *range_ms),
        };
        let moments = self.moments(when, grid);
        Frame { moments, range_ms, dialect: self.options.dialect, grid }
    }

    /// A range vector as an answer.
    pub(crate) fn samples_within(&mut self, windows: &Windows, grid: Grid) -> Result<Matrix, QueryError> {
        let Windowed { series, .. } = self.windowed(windows, None, grid)?;
        let points = |whole: Whole| {
            let samples = whole.times.iter().zip(&whole.values);
            (whole.labels, samples.map(|(at_ms, value)| Point { at_ms: *at_ms, value: *value }).collect())
        };
        Ok(series.into_iter().map(points).collect())
    }

    fn raw(
        &mut self,
        selector: &Selector,
        frame: Frame,
        function: Option<&'static str>,
    ) -> Result<Vec<Whole>, QueryError> {
        let selection = frame.selection(selector, function);
        let (series, coverage) = gather(self.source, (&selection, self.wish(function)), self.limits, &self.budget)?;
        self.coverage.merge(coverage);
        Ok(series)
    }

    /// What a function may be given beside single samples.
    pub(crate) fn wish(&self, function: Option<&'static str>) -> Wish {
        let rolling = function.and_then(Rolling::named);
        let takes_cells = function == Some("absent_over_time") || rolling.is_some_and(Rolling::takes_cells);
        Wish { grain: self.grain, takes_cells, spread: rolling == Some(Rolling::Quantile), cells_alone: false }
    }

    /// An expression at steps of its own, which are multiples of the step since 1970.
    fn subquery(&mut self, of: &Node, step_ms: Option<i64>, frame: Frame) -> Result<Vec<Whole>, QueryError> {
        let step_ms = step_ms.unwrap_or(self.options.default_step_ms).max(1);
        let first = frame.first_ms();
        let start_ms = first.saturating_add((-first.rem_euclid(step_ms)).rem_euclid(step_ms));
        let end_ms = frame.moments.last();
        if end_ms < start_ms {
            return Ok(Vec::new());
        }
        let count = usize::try_from(end_ms.abs_diff(start_ms) / step_ms.unsigned_abs()).unwrap_or(usize::MAX);
        if count >= self.limits.max_samples {
            return Err(crate::gather::too_many_samples());
        }
        let grid = Grid { start_ms, step_ms, count: count + 1 };
        self.vector(of, grid)?.into_iter().map(|row| self.sampled(row, grid)).collect()
    }

    fn sampled(&self, Row { labels, column }: Row, grid: Grid) -> Result<Whole, QueryError> {
        let present = column.values.iter().filter(|value| is_present(**value)).count();
        let hold = self.budget.hold(present)?;
        let steps = column.values.iter().enumerate().filter(|(_, value)| is_present(**value));
        let (times, values) = steps.map(|(step, value)| (grid.at(step), *value)).unzip();
        Ok(Whole { labels, times, values, cells: Vec::new(), hold })
    }
}

impl Frame {
    /// The oldest moment that any window holds.
    fn first_ms(&self) -> i64 {
        self.dialect.first_within(self.moments.first(), self.range_ms)
    }

    /// The edges of the window of a step: the first does not lie in it, the second does.
    pub(crate) fn edges(&self, step: usize) -> (i64, i64) {
        let end_ms = self.moments.at(step);
        (self.dialect.first_within(end_ms, self.range_ms).saturating_sub(1), end_ms)
    }

    /// What is read for all windows.
    pub(crate) fn selection<'a>(&self, selector: &'a Selector, function: Option<&'static str>) -> Selection<'a> {
        let step_ms = (self.grid.count > 1).then_some(self.grid.step_ms);
        let (start_ms, end_ms) = (self.first_ms(), self.moments.last());
        let hints = Hints { step_ms, range_ms: Some(self.range_ms), function, ..Hints::default() };
        Selection { matchers: &selector.matchers, start_ms, end_ms, hints }
    }

    /// How many steps have windows that end by a moment.
    pub(crate) fn steps_until(&self, at_ms: i64) -> usize {
        at_ms.checked_add(1).map_or(self.grid.count, |after_ms| self.moments.first_step_from(after_ms))
    }

    /// Where in some rising times the window of a step begins; behind them all where there is no such step.
    pub(crate) fn begins_at(&self, step: usize, times: &[i64]) -> usize {
        if step < self.grid.count { advance(times, self.edges(step).0) } else { times.len() }
    }

    /// Visits the windows of some steps, from the first to the last; those without samples are passed over.
    pub(crate) fn slide(
        &self,
        steps: Range<usize>,
        (times, values): (&[i64], &[f64]),
        limits: &Limits,
        mut visit: impl FnMut(&Window<'_>) -> Result<(), QueryError>,
    ) -> Result<(), QueryError> {
        let (mut from, mut until, mut seen) = (0, 0, 0);
        for step in steps {
            let end_ms = self.moments.at(step);
            until += advance(&times[until..], end_ms);
            from += advance(&times[from..], self.edges(step).0);
            seen += until.saturating_sub(from) + 1;
            if seen > SAMPLES_PER_LOOK {
                limits.stop.check()?;
                seen = 0;
            }
            if from < until {
                visit(&Window {
                    step,
                    at_ms: self.grid.at(step),
                    start_ms: end_ms.saturating_sub(self.range_ms),
                    end_ms,
                    first: from,
                    times: &times[from..until],
                    values: &values[from..until],
                })?;
            }
        }
        Ok(())
    }
}
