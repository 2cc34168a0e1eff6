//! What does the log hold of some series between two times?
//!
//! The one place where samples are read from the log for a question.

use vigie_model::{SeriesIx, StreamId, UtcMs};
use vigie_query::{Limits, Selection, SourceError, Visit};
use vigie_store::{Moments, ReadError};

use crate::fleet::Fleet;

/// Series times milliseconds that are read at once: half a day of 100 series. At ten seconds that is 6 MB of columns, at
/// one second 64.
const WINDOW_SERIES_MS: i64 = 100 * 12 * 3_600_000;

/// The same where only the newest samples at some steps are wanted: little is held, and what is laid out for a day is
/// opened once.
const WINDOW_AT_STEPS_SERIES_MS: i64 = 4 * WINDOW_SERIES_MS;

/// However few series there are, commits wait no longer than it takes to read this.
const MAX_WINDOW_MS: i64 = 10 * 24 * 3_600_000;

/// Which samples of a series are read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stretch {
    pub(crate) start_ms: i64,
    pub(crate) end_ms: i64,
    /// Only the newest at or before each of these, if there are some.
    pub(crate) moments: Option<Moments>,
}

/// Times in ms since 1970 UTC, rising, each once, and values as they are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) times_ms: Vec<i64>,
    pub(crate) kept: Vec<i64>,
}

impl Fleet {
    /// Gives the columns of some series of one stream, a stretch of time after the other, as long as `each` goes on. The
    /// columns stand in the order of `series`; a series without samples in the stretch has an empty one. No lock is held
    /// while `each` takes them.
    pub(crate) fn columns(
        &self,
        stream: StreamId,
        series: &[SeriesIx],
        asked: Stretch,
        limits: &Limits,
        each: &mut dyn FnMut(Vec<Column>) -> Visit,
    ) -> Result<Visit, SourceError> {
        let at_once = if asked.moments.is_some() { WINDOW_AT_STEPS_SERIES_MS } else { WINDOW_SERIES_MS };
        let window_ms = (at_once / series.len().max(1) as i64).clamp(1, MAX_WINDOW_MS);
        let (mut from, mut until) = (asked.start_ms, asked.end_ms);
        // What is read at once need not be looked for first.
        if until.saturating_sub(from) >= window_ms {
            let Some((first, last)) = self.log().time_span(stream).map_err(failed)? else {
                return Ok(Visit::Continue(()));
            };
            (from, until) = (from.max(first.0), until.min(last.0));
        }
        while from <= until {
            limits.stop.check()?;
            let to = from.saturating_add(window_ms - 1).min(until);
            let stretch = Stretch { start_ms: from, end_ms: to, ..asked };
            let columns = self.window(stream, series, stretch).map_err(failed)?;
            if each(columns).is_break() {
                return Ok(Visit::Break(()));
            }
            from = to.saturating_add(1);
        }
        Ok(Visit::Continue(()))
    }

    fn window(&self, stream: StreamId, series: &[SeriesIx], asked: Stretch) -> Result<Vec<Column>, ReadError> {
        let mut columns = vec![Column::default(); series.len()];
        let (from, to) = (UtcMs(asked.start_ms), UtcMs(asked.end_ms));
        self.log().columns_at(stream, series, from, to, asked.moments, |piece| {
            for (column, more) in columns.iter_mut().zip(piece) {
                column.take(&mut more.times_ms, &mut more.values);
            }
            Visit::Continue(())
        })?;
        columns.iter_mut().for_each(Column::put_in_order);
        Ok(columns)
    }
}

impl Stretch {
    /// Only the newest sample of a time.
    pub(crate) fn newest((start_ms, end_ms): (i64, i64)) -> Self {
        Self { start_ms, end_ms, moments: Some(Moments { at: UtcMs(end_ms), step_ms: i64::MAX }) }
    }

    pub(crate) fn of(selection: &Selection<'_>) -> Self {
        let step_ms = selection.hints.step_ms.filter(|_| selection.hints.newest_at_steps);
        let moments = step_ms.map(|step_ms| Moments { at: UtcMs(selection.end_ms), step_ms });
        Self { start_ms: selection.start_ms, end_ms: selection.end_ms, moments }
    }
}

impl Column {
    fn take(&mut self, times_ms: &mut Vec<i64>, kept: &mut Vec<i64>) {
        if self.times_ms.is_empty() {
            std::mem::swap(&mut self.times_ms, times_ms);
            std::mem::swap(&mut self.kept, kept);
            return;
        }
        self.times_ms.append(times_ms);
        self.kept.append(kept);
    }

    pub(crate) fn push(&mut self, at_ms: i64, kept: i64) {
        self.times_ms.push(at_ms);
        self.kept.push(kept);
    }

    /// Ticks come in the order of their numbers; a clock that was set back makes their times fall, and so does a sender who
    /// pushes what is old. What was pushed again because nobody heard that it was kept lies there twice: of two values at
    /// one moment the one that came last stays, as in every answer.
    pub(crate) fn put_in_order(&mut self) {
        if self.times_ms.is_sorted_by(|a, b| a < b) {
            return;
        }
        let mut order: Vec<usize> = (0..self.times_ms.len()).collect();
        // Stable, so the order of arrival is kept within a moment.
        order.sort_by_key(|at| self.times_ms[*at]);
        order.dedup_by(|later, kept| {
            let again = self.times_ms[*later] == self.times_ms[*kept];
            if again {
                *kept = *later;
            }
            again
        });
        self.kept = order.iter().map(|at| self.kept[*at]).collect();
        self.times_ms = order.iter().map(|at| self.times_ms[*at]).collect();
    }
}

/// What a question is told when the log can not be read.
pub(crate) fn failed(error: ReadError) -> SourceError {
    SourceError::Failed(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_values_at_one_moment_the_one_that_came_last_stays() {
        let mut column = Column::default();
        for (at_ms, kept) in [(5, 1), (7, 2), (5, 3), (6, 4), (7, 5), (7, 6), (1, 7)] {
            column.push(at_ms, kept);
        }
        column.put_in_order();
        assert_eq!(column, Column { times_ms: vec![1, 5, 6, 7], kept: vec![7, 3, 4, 6] });
        let rising = column.clone();
        column.put_in_order();
        assert_eq!(column, rising);
    }
}
