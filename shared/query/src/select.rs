//! What is the newest sample of each series at each step?
//!
//! Pieces are brought to their steps as they come, so that a plain selector holds what it shows and not what it read.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::at_once::newest_at_once;
use crate::column::{ABSENT, Column, Grid, Row, is_present};
use crate::evaluate::Evaluator;
use crate::gather::collect;
use crate::plan::{At, Selector, When};
use crate::{Hints, LabelSet, QueryError, Selection, SeriesCells, SeriesPart, SeriesSamples, Wish};

/// The moments that a selector looks at, at each step of a grid.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moments {
    grid: Grid,
    fixed: Option<i64>,
    offset_ms: i64,
}

impl Moments {
    pub(crate) fn at(&self, step: usize) -> i64 {
        self.fixed.unwrap_or_else(|| self.grid.at(step)).saturating_sub(self.offset_ms)
    }

    pub(crate) fn first(&self) -> i64 {
        self.at(0)
    }

    pub(crate) fn last(&self) -> i64 {
        self.at(self.grid.count - 1)
    }

    /// The first step whose moment is not before this one; the number of steps when there is none.
    pub(crate) fn first_step_from(&self, at_ms: i64) -> usize {
        if self.first() >= at_ms {
            return 0;
        }
        if self.fixed.is_some() || self.last() < at_ms {
            return self.grid.count;
        }
        // Both differences are positive and below the length of the grid.
        let behind = at_ms.abs_diff(self.first());
        behind.div_ceil(self.grid.step_ms.unsigned_abs()) as usize
    }
}

/// The newest sample so far at each step, and when it was measured: together what a budget calls a sample.
pub(crate) struct Newest {
    pub(crate) row: Row,
    pub(crate) measured: SmallVec<[i64; 1]>,
}

impl Newest {
    pub(crate) fn absent(labels: Arc<LabelSet>, column: Column) -> Self {
        let measured = SmallVec::from_elem(i64::MIN, column.values.len());
        Self { row: Row { labels, column }, measured }
    }
}

impl Evaluator<'_> {
    pub(crate) fn moments(&self, when: When, grid: Grid) -> Moments {
        let fixed = match when.at {
            At::Step => None,
            At::Start => Some(self.start_ms),
            At::End => Some(self.end_ms),
            At::Fixed(at) => Some(at),
        };
        Moments { grid, fixed, offset_ms: when.offset_ms }
    }

    /// An instant vector: the newest sample at each step, if it is not older than the lookback.
    pub(crate) fn instant_vector(&mut self, selector: &Selector, grid: Grid) -> Result<Vec<Row>, QueryError> {
        let newest = self.newest(selector, self.moments(selector.when, grid), grid)?;
        let rows = newest.into_iter().map(|newest| newest.row);
        Ok(rows.filter(|row| !row.column.is_empty()).collect())
    }

    /// When the newest sample of each series was measured, in seconds.
    pub(crate) fn instant_times(&mut self, selector: &Selector, grid: Grid) -> Result<Vec<Row>, QueryError> {
        let newest = self.newest(selector, self.moments(selector.when, grid), grid)?;
        let times = |newest: Newest| {
            let Newest { mut row, measured, .. } = newest;
            row.column.change(|step, _| measured[step] as f64 / 1000.0);
            row
        };
        Ok(newest.into_iter().map(times).filter(|row| !row.column.is_empty()).collect())
    }

    fn newest(&mut self, selector: &Selector, moments: Moments, grid: Grid) -> Result<Vec<Newest>, QueryError> {
        let (lookback_ms, dialect) = (self.lookback_ms, self.options.dialect);
        let hints = Hints {
            step_ms: (grid.count > 1).then_some(grid.step_ms),
            range_ms: Some(lookback_ms),
            function: None,
            newest_alone: moments.first() == moments.last(),
            newest_at_steps: moments.first() != moments.last(),
        };
        let selection = Selection {
            matchers: &selector.matchers,
            start_ms: dialect.first_within(moments.first(), lookback_ms),
            end_ms: moments.last(),
            hints,
        };
        let budget = &self.budget;
        let bring = |newest: &mut Newest, part: SeriesPart<'_>| match part {
            SeriesPart::Samples(piece) => {
                moments.bring(newest, piece, |moment| dialect.first_within(moment, lookback_ms));
            }
            SeriesPart::Cells(cells) => moments.bring_cells(newest, cells, |moment, length_ms| {
                dialect.first_within(moment, lookback_ms.saturating_add(length_ms))
            }),
        };
        let wish = Wish { grain: self.grain, takes_cells: true, spread: false, cells_alone: false };
        let asked = (&selection, wish);
        let (series, coverage) = if grid.count == 1 {
            newest_at_once(self.source, asked, (self.limits, budget), bring)?
        } else {
            let make = |labels| Ok(Newest::absent(labels, Column::absent(budget, grid.count)?));
            let add = |newest: &mut Newest, part: SeriesPart<'_>| {
                bring(newest, part);
                Ok(())
            };
            collect::<_, QueryError>(self.source, asked, self.limits, make, add)?
        };
        self.coverage.merge(coverage);
        Ok(series)
    }
}

impl Moments {
    /// Of a minute or an hour the last value is a sample, which is looked back for as much longer: of what came after it
    /// in the same window nothing is known at a moment within.
    fn bring_cells(&self, newest: &mut Newest, given: SeriesCells<'_>, first_within: impl Fn(i64, i64) -> i64) {
        for of_length in given.cells.chunk_by(|a, b| a.length_ms == b.length_ms) {
            let mut lasts: Vec<(i64, f64)> = of_length.iter().filter_map(|cell| cell.last).collect();
            // A clock that was set back may have measured later what it says was earlier.
            lasts.sort_by_key(|last| last.0);
            let (times, values): (Vec<i64>, Vec<f64>) = lasts.into_iter().unzip();
            let samples = SeriesSamples { labels: given.labels, timestamps_ms: &times, values: &values };
            self.bring(newest, samples, |moment| first_within(moment, of_length[0].length_ms));
        }
    }

    /// Brings a piece to the steps at which its samples are the newest so far. Of two samples of one moment the one that
    /// comes last counts.
    fn bring(&self, newest: &mut Newest, piece: SeriesSamples<'_>, first_within: impl Fn(i64) -> i64) {
        let Some(first) = piece.timestamps_ms.first() else { return };
        let mut next = 0;
        for step in self.first_step_from(*first)..self.grid.count {
            let moment = self.at(step);
            next += advance(&piece.timestamps_ms[next..], moment);
            let Some(at) = next.checked_sub(1) else { continue };
            let measured = piece.timestamps_ms[at];
            if measured < first_within(moment) {
                if next == piece.timestamps_ms.len() {
                    // Later steps only look further away from it.
                    return;
                }
                continue;
            }
            if measured >= newest.measured[step] {
                newest.measured[step] = measured;
                let value = piece.values[at];
                // The mark of an end takes the place of what was before it.
                newest.row.column.values[step] = if is_present(value) { value } else { ABSENT };
            }
        }
    }
}

/// How many of these rising times are not after the moment: looks in wider and wider steps, then between them.
pub(crate) fn advance(times: &[i64], moment: i64) -> usize {
    let mut width = 1;
    while width < times.len() && times[width] <= moment {
        width *= 2;
    }
    let until = width.saturating_add(1).min(times.len());
    let from = width / 2;
    from.min(until) + times[from.min(until)..until].partition_point(|at| *at <= moment)
}
