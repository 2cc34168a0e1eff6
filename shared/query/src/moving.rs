//! What does a function make of windows while the samples of their series come?
//!
//! Nearly every series comes in the order of time, so the windows over a piece are worked out where the piece lies, and only
//! what the next windows see as well is kept: a day of a thousand series is never held. What comes for a window that was
//! worked out already has the question asked again, of whole series.

use std::ops::Range;
use std::sync::Arc;

use crate::column::{ABSENT, Budget, Column, Grid, is_present};
use crate::evaluate::Evaluator;
use crate::gather::{Whole, collect};
use crate::plan::Selector;
use crate::rolling::Rolling;
use crate::windows::Frame;
use crate::{Dialect, LabelSet, Limits, QueryError, SeriesPart, SeriesSamples};

/// A series, and what a function makes of it at each step.
pub(crate) struct Rolled {
    pub(crate) labels: Arc<LabelSet>,
    pub(crate) column: Column,
}

/// What is done with each piece.
struct Work<'a> {
    rolling: Rolling,
    frame: Frame,
    parameters: &'a [Column],
    dialect: Dialect,
    limits: &'a Limits,
    budget: &'a Budget,
}

/// A series on its way.
struct Coming {
    /// What windows that are not worked out see of what came.
    held: Whole,
    column: Column,
    /// The windows of all steps before this one are worked out.
    next: usize,
    /// The latest moment of anything that came.
    latest_ms: i64,
    /// Anything came that is no mark of an end.
    is_there: bool,
    /// Something is no longer held.
    let_go: bool,
}

/// Why not every piece is taken.
enum Halted {
    Refused(QueryError),
    /// A window that was worked out lacks what came now.
    Late,
}

impl From<QueryError> for Halted {
    fn from(error: QueryError) -> Self {
        Self::Refused(error)
    }
}

impl Evaluator<'_> {
    /// What a function makes of each series, by their labels; nothing where something came too late for that.
    pub(crate) fn rolled_as_it_comes(
        &mut self,
        rolling: Rolling,
        (selector, frame): (&Selector, Frame),
        parameters: &[Column],
        grid: Grid,
    ) -> Result<Option<Vec<Rolled>>, QueryError> {
        let (dialect, limits, budget) = (self.options.dialect, self.limits, self.budget.clone());
        let work = Work { rolling, frame, parameters, dialect, limits, budget: &budget };
        let make = |labels| Coming::new(labels, &budget, grid.count).map_err(Halted::from);
        let asked = (&frame.selection(selector, rolling.name()), self.wish(rolling.name()));
        let came = collect(self.source, asked, limits, make, |coming, part| work.take(coming, part));
        let (coming, coverage) = match came {
            Ok(came) => came,
            Err(Halted::Late) => return Ok(None),
            Err(Halted::Refused(error)) => return Err(error),
        };
        self.coverage.merge(coverage);
        let mut rolled = Vec::with_capacity(coming.len());
        for mut coming in coming.into_iter().filter(|coming| coming.is_there) {
            if coming.held.cells.is_empty() {
                work.end(&mut coming)?;
            } else {
                coming.held.put_in_order();
                // Nothing was let go, so what was worked out before the first cell came is worked out anew.
                coming.column.values.fill(ABSENT);
                let (part, column) = (parameters.first(), &mut coming.column);
                self.rolling_over_cells(rolling, &coming.held, &frame, part, column)?;
            }
            rolled.push(Rolled { labels: coming.held.labels, column: coming.column });
        }
        Ok(Some(rolled))
    }
}

impl Coming {
    fn new(labels: Arc<LabelSet>, budget: &Budget, steps: usize) -> Result<Self, QueryError> {
        let (held, column) = (Whole::empty(labels, budget)?, Column::absent(budget, steps)?);
        Ok(Self { held, column, next: 0, latest_ms: i64::MIN, is_there: false, let_go: false })
    }
}

impl Work<'_> {
    fn take(&self, coming: &mut Coming, part: SeriesPart<'_>) -> Result<(), Halted> {
        match part {
            SeriesPart::Samples(samples) => self.take_samples(coming, samples),
            SeriesPart::Cells(cells) if cells.cells.is_empty() => Ok(()),
            // What minutes and hours tell of is worked out when all of it is there.
            SeriesPart::Cells(_) if coming.let_go => Err(Halted::Late),
            SeriesPart::Cells(_) => {
                coming.is_there = true;
                Ok(coming.held.take(part, self.budget)?)
            }
        }
    }

    fn take_samples(&self, coming: &mut Coming, samples: SeriesSamples<'_>) -> Result<(), Halted> {
        let SeriesSamples { timestamps_ms: times, values, .. } = samples;
        let (Some(first_ms), Some(last_ms)) = (times.first(), times.last()) else { return Ok(()) };
        let is_whole = values.iter().all(|value| is_present(*value));
        coming.is_there |= is_whole || values.iter().any(|value| is_present(*value));
        let goes_on = *first_ms > coming.latest_ms && times.is_sorted_by(|a, b| a < b);
        coming.latest_ms = coming.latest_ms.max(*last_ms);
        if !coming.held.cells.is_empty() {
            return Ok(coming.held.take_samples(times, values, self.budget)?);
        }
        if goes_on && is_whole && coming.held.times.is_empty() {
            return Ok(self.move_over(coming, times, values)?);
        }
        let settled_ms = coming.next.checked_sub(1).map(|step| self.frame.edges(step).1);
        if !goes_on && settled_ms.is_some_and(|settled_ms| times.iter().any(|at| *at <= settled_ms)) {
            return Err(Halted::Late);
        }
        coming.held.take_samples(times, values, self.budget)?;
        coming.held.put_in_order();
        self.move_on(coming)?;
        Ok(())
    }

    /// Works out the windows over a piece that begins with the first sample that they see, and holds the rest of it.
    fn move_over(&self, coming: &mut Coming, times: &[i64], values: &[f64]) -> Result<(), QueryError> {
        let (next, from) = self.worked_out(&mut coming.column, coming.next, (times, values), coming.latest_ms)?;
        coming.next = next;
        coming.let_go |= from > 0;
        coming.held.take_samples(&times[from..], &values[from..], self.budget)
    }

    /// The same over what is held.
    fn move_on(&self, coming: &mut Coming) -> Result<(), QueryError> {
        let Coming { held, column, next, latest_ms, .. } = coming;
        let (after, from) = self.worked_out(column, *next, (&held.times, &held.values), *latest_ms)?;
        coming.let_go |= from > 0;
        coming.next = after;
        coming.held.let_go(from);
        Ok(())
    }

    /// Nothing more comes.
    fn end(&self, coming: &mut Coming) -> Result<(), QueryError> {
        let Coming { held, column, next, .. } = coming;
        let steps = *next..column.values.len();
        self.work_out(column, steps, (&held.times, &held.values))
    }

    /// Works out the windows that end by a moment; says which is the next, and with which sample it begins.
    fn worked_out(
        &self,
        column: &mut Column,
        next: usize,
        (times, values): (&[i64], &[f64]),
        latest_ms: i64,
    ) -> Result<(usize, usize), QueryError> {
        let after = self.frame.steps_until(latest_ms).max(next);
        self.work_out(column, next..after, (times, values))?;
        Ok((after, self.frame.begins_at(after, times)))
    }

    fn work_out(
        &self,
        column: &mut Column,
        steps: Range<usize>,
        (times, values): (&[i64], &[f64]),
    ) -> Result<(), QueryError> {
        if steps.is_empty() || times.is_empty() {
            return Ok(());
        }
        let mut kernel = self.rolling.kernel(values, &self.frame, self.parameters, self.dialect);
        self.frame.slide(steps, (times, values), self.limits, |window| {
            column.values[window.step] = kernel(window)?.unwrap_or(ABSENT);
            Ok(())
        })
    }
}
