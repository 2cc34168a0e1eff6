//! What does a function make of windows of which only minutes or hours are kept?
//!
//! A cell belongs to the window of a step in which it ends, so that windows side by side share every cell and none counts
//! twice. The edges of a window are therefore only as fine as its cells: a range of a day over hours may begin and end up
//! to an hour earlier than asked, and is exact where both are whole hours but for a sample at the very edge.

use crate::cell::{Cell, Together, quantile};
use crate::column::Column;
use crate::evaluate::Evaluator;
use crate::gather::Whole;
use crate::rate::stretched;
use crate::rolling::Rolling;
use crate::windows::Frame;
use crate::{Dialect, QueryError};

/// Cells that a function looks at between two looks at the deadline.
const CELLS_PER_LOOK: usize = 16_384;

/// What the window of a step holds: cells and samples in order of time.
struct Seen {
    cells: Vec<Cell>,
    start_ms: i64,
    end_ms: i64,
    range_ms: i64,
}

impl Rolling {
    /// Whether it can be worked out, to the edges of the windows, from cells.
    pub(crate) fn takes_cells(self) -> bool {
        match self {
            Self::Rate | Self::Increase | Self::Delta | Self::Sum | Self::Avg | Self::Min | Self::Max => true,
            Self::Count | Self::First | Self::Last | Self::Present | Self::Quantile => true,
            Self::Irate | Self::Idelta | Self::Changes | Self::Resets | Self::Deriv | Self::PredictLinear => false,
            Self::Smoothing | Self::Stddev | Self::Stdvar | Self::Mad => false,
        }
    }

    /// Whether what it says of a longer range than was asked is no answer to the question.
    fn grows_with_the_range(self) -> bool {
        matches!(self, Self::Sum | Self::Count)
    }

    fn of_cells(self, seen: &Seen, together: &Together, part: Option<f64>) -> Option<f64> {
        match self {
            Self::Rate => Some(seen.gain(together, together.climbed, true)?.0),
            Self::Increase => Some(seen.gain(together, together.climbed, true)?.1),
            Self::Delta => {
                let gained = together.last?.1 - together.first?.1;
                Some(seen.gain(together, gained, false)?.1)
            }
            Self::Sum => Some(together.sum.total()),
            Self::Avg => Some(together.mean()),
            Self::Min => Some(together.min),
            Self::Max => Some(together.max),
            Self::Count => Some(together.count as f64),
            Self::First => together.first.filter(|_| together.is_first).map(|first| first.1),
            Self::Last => together.last.map(|last| last.1),
            Self::Present => Some(1.0),
            Self::Quantile => quantile(part?, seen.cells.iter()),
            Self::Irate | Self::Idelta | Self::Changes | Self::Resets | Self::Deriv | Self::PredictLinear => None,
            Self::Smoothing | Self::Stddev | Self::Stdvar | Self::Mad => None,
        }
    }
}

impl Seen {
    /// What was gained per second, and over the range that was asked; stretched to the edges as of single samples.
    fn gain(&self, together: &Together, gained: f64, of_counter: bool) -> Option<(f64, f64)> {
        let (first, last) = (together.first?, together.last?);
        if first.0 >= last.0 || together.points < 2 {
            return None;
        }
        let of_zero = if of_counter && gained > 0.0 && first.1 >= 0.0 { first.1 / gained } else { f64::INFINITY };
        let (sampled, edges) = ((first.0, last.0), (self.start_ms, self.end_ms));
        let stretch = stretched(sampled, together.points, edges, of_zero, Dialect::Prometheus3);
        let per_second = gained * stretch / (self.end_ms.saturating_sub(self.start_ms) as f64 / 1000.0);
        Some((per_second, per_second * (self.range_ms as f64 / 1000.0)))
    }
}

impl Evaluator<'_> {
    /// A column of a series of which some is only kept as cells.
    pub(crate) fn rolling_over_cells(
        &mut self,
        rolling: Rolling,
        whole: &Whole,
        frame: &Frame,
        part: Option<&Column>,
        column: &mut Column,
    ) -> Result<(), QueryError> {
        let (mut looked, mut error) = (0, 0f64);
        let (mut wider, mut unanswered) = (None, None);
        for step in 0..column.values.len() {
            let (start_ms, end_ms) = frame.edges(step);
            let mut seen = whole.seen((start_ms, end_ms), frame.range_ms);
            looked += seen.cells.len() + 1;
            if looked > CELLS_PER_LOOK {
                self.limits.stop.check()?;
                looked = 0;
            }
            let longest = seen.cells.iter().map(|cell| cell.length_ms).max().unwrap_or(0);
            if longest > frame.range_ms {
                if rolling.grows_with_the_range() {
                    unanswered = Some(longest);
                    continue;
                }
                wider = Some(longest);
            }
            seen.align();
            let mut together = Together::default();
            seen.cells.iter().for_each(|cell| together.add(cell));
            if together.count == 0 {
                continue;
            }
            if let Some(value) = rolling.of_cells(&seen, &together, part.map(|part| part.values[step])) {
                column.values[step] = value;
            }
            if rolling == Rolling::Quantile {
                error = seen.cells.iter().map(|cell| cell.spread_error).fold(error, f64::max);
            }
        }
        if error > 0.0 {
            self.notes
                .remark(format!("Vigie: quantiles are within {:.1} % of a value that was measured", error * 100.0));
        }
        for (longest, said) in [(wider, "is answered over a whole one"), (unanswered, "is not answered there")] {
            if let Some(longest) = longest {
                self.notes.remark(format!(
                    "Vigie: a range of {} s is shorter than the windows of {} s that are kept, and {said}",
                    frame.range_ms as f64 / 1000.0,
                    longest / 1000,
                ));
            }
        }
        Ok(())
    }
}

impl Whole {
    /// Whether a minute or an hour with samples lies in a window, or begins in it or ends in it.
    pub(crate) fn has_cells_in(&self, (start_ms, end_ms): (i64, i64)) -> bool {
        let from = self.cells.partition_point(|cell| cell.ends_ms() <= start_ms);
        self.cells[from..].iter().any(|cell| cell.begins_ms <= end_ms)
    }

    /// Cells that end in a window, and samples in it. A window shorter than the cells that are kept sees the last of them.
    fn seen(&self, (start_ms, end_ms): (i64, i64), range_ms: i64) -> Seen {
        let until = self.cells.partition_point(|cell| cell.ends_ms() <= end_ms);
        let longest = self.cells[..until].last().map_or(0, |cell| cell.length_ms);
        let from_ms = end_ms.saturating_sub(range_ms.max(longest)).min(start_ms);
        let from = self.cells[..until].partition_point(|cell| cell.ends_ms() <= from_ms);
        let own = |cell: &&Cell| cell.ends_ms() > end_ms.saturating_sub(range_ms.max(cell.length_ms));
        let mut cells: Vec<Cell> = self.cells[from..until].iter().filter(own).cloned().collect();
        let (first, last) =
            (self.times.partition_point(|at| *at <= start_ms), self.times.partition_point(|at| *at <= end_ms));
        let samples = self.times[first..last.max(first)].iter().zip(&self.values[first..last.max(first)]);
        cells.extend(samples.map(|(at, value)| Cell::of_sample(*at, *value)));
        // By what was measured last, so that a running total is followed in its order.
        cells.sort_by_key(|cell| (cell.last.map_or(cell.begins_ms, |last| last.0), cell.ends_ms()));
        Seen { cells, start_ms, end_ms, range_ms }
    }
}

impl Seen {
    /// Moves the edges to where the first and the last cell begin and end: those are what it tells of.
    fn align(&mut self) {
        let down = |ms: i64, length_ms: i64| ms.saturating_sub(ms.rem_euclid(length_ms));
        if let Some(first) = self.cells.first().filter(|cell| cell.length_ms > 0) {
            let asked = self.start_ms.min(self.end_ms.saturating_sub(first.length_ms));
            self.start_ms = down(asked, first.length_ms);
        }
        if let Some(last) = self.cells.last().filter(|cell| cell.length_ms > 0) {
            self.end_ms = down(self.end_ms, last.length_ms);
        }
    }
}
