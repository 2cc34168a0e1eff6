//! What is read of a stream for a question, where not all of it is there as it was measured?

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use vigie_merge::RangeSet;
use vigie_model::{Resolution, SeriesIx, StreamId, UtcMs};
use vigie_query::{Cell, Coarse, LabelSet, Limits, SourceError};
use vigie_rollup::{HOUR_MS, Hour, Sketch, Window};
use vigie_store::Log;
use vigie_sync::keep::StreamFacts;

use crate::fleet::Fleet;
use crate::grain::Choice;
use crate::samples::failed;

/// Cells read at once, while commits wait: some ten milliseconds.
const CELLS_AT_ONCE: i64 = 50_000;

/// A stretch of time of a stream, both ends included, and in which form it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Leg {
    pub(crate) from_ms: i64,
    pub(crate) to_ms: i64,
    pub(crate) form: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Samples,
    Cells {
        window: Window,
        /// There are no samples to read in their place.
        only: bool,
    },
}

/// How a stream is read.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) legs: Vec<Leg>,
    /// What was measured before this is gone, and nothing stands in its place that could be read.
    pub(crate) gone_before_ms: Option<i64>,
}

/// Cells of some series of one stream.
#[derive(Debug)]
pub(crate) struct CellPiece {
    pub(crate) labels: Vec<Arc<LabelSet>>,
    pub(crate) cells: Vec<Vec<Cell>>,
}

/// Whether ticks of a stream were here, or are in hours here, and can not be read one by one.
pub(crate) fn lacks_samples(facts: &StreamFacts) -> bool {
    // The same numbers in both is what nearly all streams have, and quickly seen.
    (facts.have != facts.present || !facts.rolled.foreign.is_empty()) && !gone(facts).is_empty()
}

/// Their numbers.
fn gone(facts: &StreamFacts) -> RangeSet {
    let mut known = facts.ticks();
    known.union_with(&facts.rolled.own);
    known.union_with(&facts.rolled.foreign);
    known.without(&facts.present)
}

impl Fleet {
    /// Looks which hours of a stream are read as cells.
    pub(crate) fn plan(
        &self,
        stream: StreamId,
        (start_ms, end_ms): (i64, i64),
        choice: Choice,
    ) -> Result<Plan, SourceError> {
        let log = self.log();
        let all = vec![Leg { from_ms: start_ms, to_ms: end_ms, form: Form::Samples }];
        let Some(facts) = log.streams().get(&stream) else { return Ok(Plan { legs: all, gone_before_ms: None }) };
        let gone = gone(facts);
        if gone.is_empty() && choice.always.is_none() {
            return Ok(Plan { legs: all, gone_before_ms: None });
        }
        let hours = heads(&log, stream, Window::Hour, (start_ms, end_ms))?;
        let is_gone = |covered: &RangeSet| !covered.intersection(&gone).is_empty();
        let Some(where_gone) = choice.where_gone else {
            let last = hours.iter().rev().find(|(_, covered)| is_gone(covered)).map(|(hour, _)| hour.ends().0);
            let before = if last.is_some() { last } else { gone_before(&log, stream, facts, (start_ms, end_ms))? };
            return Ok(Plan { legs: all, gone_before_ms: before.filter(|before| *before > start_ms) });
        };
        let unfolded_ms = match choice.always {
            Some(_) => log.unfolded_from(stream).map_err(failed)?.map_or(i64::MAX, |from| from.0),
            None => i64::MAX,
        };
        let wants_minutes = where_gone == Window::Minute || choice.always == Some(Window::Minute);
        let minutes =
            if wants_minutes { heads(&log, stream, Window::Minute, (start_ms, end_ms))? } else { BTreeMap::new() };
        let form = |hour: Hour, covered: &RangeSet| {
            let only = is_gone(covered);
            let whole = hour.ends().0 <= end_ms.saturating_add(1) && hour.ends().0 <= unfolded_ms;
            let window = if only { Some(where_gone) } else { choice.always.filter(|_| whole || choice.cells_alone) }?;
            // Minutes go before their hours, and a site that sends hours sends no minutes.
            let window = if minutes.get(&hour) == Some(covered) { window } else { Window::Hour };
            Some(Form::Cells { window, only })
        };
        let cells = hours.iter().filter_map(|(hour, covered)| Some((*hour, form(*hour, covered)?)));
        let mut legs = legs((start_ms, end_ms), cells);
        legs.retain(|leg| !choice.cells_alone || leg.form != Form::Samples);
        let gone_before_ms = gone_before(&log, stream, facts, (start_ms, end_ms))?.filter(|before| *before > start_ms);
        Ok(Plan { legs, gone_before_ms })
    }

    /// Gives the cells of some series in a stretch, some hours after the others; and tells what they cover.
    pub(crate) fn cells(
        &self,
        (stream, series): (StreamId, &[SeriesIx]),
        (leg, window): (Leg, Window),
        (resolutions, spread): (&[Resolution], bool),
        limits: &Limits,
        each: &mut dyn FnMut(Vec<Vec<Cell>>) -> ControlFlow<()>,
    ) -> Result<(ControlFlow<()>, RangeSet), SourceError> {
        let in_hour = if window == Window::Hour { 1 } else { 60 };
        let hours = (CELLS_AT_ONCE / in_hour / series.len().max(1) as i64).max(1);
        let (mut next, last) = (Hour::of(UtcMs(leg.from_ms)).count(), Hour::of(UtcMs(leg.to_ms)).count());
        let mut covered = RangeSet::new();
        while next <= last {
            limits.stop.check()?;
            let end = last.min(next.saturating_add(hours - 1));
            let mut columns = vec![Vec::new(); series.len()];
            let (from, to) = (Hour::number(next).begins(), UtcMs(Hour::number(end).ends().0 - 1));
            let log = self.log();
            let all = log.streams().get(&stream).map(|facts| facts.rolled.all()).unwrap_or_default();
            let read = log.rollups_between(stream, series, window, from, to, |rolled| {
                covered.union_with(&rolled.covered);
                let coverage = share(&rolled.covered, &all);
                for (place, (cells, column)) in rolled.cells.iter().zip(&mut columns).enumerate() {
                    let sketch = rolled.sketches.get(place).and_then(Option::as_ref).filter(|_| spread);
                    let resolution = resolutions.get(place).copied().unwrap_or(Resolution::Exact);
                    let cells = cells.iter();
                    let cells = cells.filter_map(|(begins, cell)| told(*begins, window, cell, resolution, sketch));
                    column.extend(cells.map(|cell| Cell { coverage, ..cell }));
                }
                ControlFlow::Continue(())
            });
            read.map_err(failed)?;
            drop(log);
            if each(columns).is_break() {
                return Ok((ControlFlow::Break(()), covered));
            }
            next = end.saturating_add(1);
        }
        Ok((ControlFlow::Continue(()), covered))
    }

    /// How much of what was measured in some hours is in them: numbers between those that they hold were measured then too,
    /// unless they are in other hours.
    pub(crate) fn coarse(&self, stream: StreamId, leg: Leg, covered: &RangeSet) -> Option<Coarse> {
        let Form::Cells { window, only } = leg.form else { return None };
        let hull = covered.first().zip(covered.last()).map(|(first, last)| RangeSet::of(first, last))?;
        let log = self.log();
        let elsewhere = log.streams().get(&stream).map(|facts| facts.rolled.all().without(covered)).unwrap_or_default();
        Some(Coarse {
            window_ms: window.length_ms(),
            from_ms: leg.from_ms,
            to_ms: leg.to_ms.saturating_add(1),
            counted: covered.count(),
            known: hull.without(&elsewhere).count(),
            only,
        })
    }
}

/// Which ticks each hour holds.
fn heads(
    log: &Log,
    stream: StreamId,
    window: Window,
    (start_ms, end_ms): (i64, i64),
) -> Result<BTreeMap<Hour, RangeSet>, SourceError> {
    let mut heads = BTreeMap::new();
    let read = log.rollups_between(stream, &[], window, UtcMs(start_ms), UtcMs(end_ms), |rolled| {
        heads.insert(rolled.hour, rolled.covered.clone());
        ControlFlow::Continue(())
    });
    read.map_err(failed)?;
    Ok(heads)
}

/// From when on anything is left of a stream, where something before it is gone altogether.
fn gone_before(
    log: &Log,
    stream: StreamId,
    facts: &StreamFacts,
    (start_ms, end_ms): (i64, i64),
) -> Result<Option<i64>, SourceError> {
    let mut oldest: Option<(Hour, RangeSet)> = None;
    let read = log.rollups_between(stream, &[], Window::Hour, UtcMs(i64::MIN), UtcMs(i64::MAX), |rolled| {
        oldest = Some((rolled.hour, rolled.covered.clone()));
        ControlFlow::Break(())
    });
    read.map_err(failed)?;
    let span = log.time_span(stream).map_err(failed)?;
    let left_from = oldest.as_ref().map(|(hour, _)| hour.begins().0).into_iter().chain(span.map(|span| span.0.0)).min();
    let mut left = facts.present.clone();
    if let Some((_, covered)) = &oldest {
        left.union_with(covered);
    }
    // Numbers before all that is left were measured before it.
    let older = facts.ticks().first().zip(left.first()).is_some_and(|(first, left)| first < left);
    let all_gone = left.is_empty() && !facts.have.is_empty();
    let before = if all_gone { Some(end_ms) } else { left_from.filter(|_| older) };
    Ok(before.filter(|before| *before > start_ms))
}

/// How much of what was measured in an hour is in it, as far as numbers tell.
fn share(covered: &RangeSet, all: &RangeSet) -> f64 {
    let Some((first, last)) = covered.first().zip(covered.last()) else { return 1.0 };
    let known = RangeSet::of(first, last).without(&all.within(first, last).without(covered)).count();
    covered.count() as f64 / known as f64
}

/// What is read as cells, and samples before, between and after.
fn legs((start_ms, end_ms): (i64, i64), cells: impl Iterator<Item = (Hour, Form)>) -> Vec<Leg> {
    let (mut legs, mut next_ms): (Vec<Leg>, _) = (Vec::new(), start_ms);
    for (hour, form) in cells {
        let (from_ms, to_ms) = (hour.begins().0, hour.ends().0 - 1);
        match legs.last_mut() {
            Some(last) if last.form == form && last.to_ms + 1 == from_ms => last.to_ms = to_ms,
            _ => {
                if next_ms < from_ms {
                    legs.push(Leg { from_ms: next_ms, to_ms: from_ms - 1, form: Form::Samples });
                }
                legs.push(Leg { from_ms, to_ms, form });
            }
        }
        next_ms = hour.begins().0.saturating_add(HOUR_MS);
    }
    if next_ms <= end_ms {
        legs.push(Leg { from_ms: next_ms, to_ms: end_ms, form: Form::Samples });
    }
    legs
}

/// A cell in the unit of its series; nothing where there was only the mark of its end.
fn told(
    begins: UtcMs,
    window: Window,
    cell: &vigie_rollup::Cell,
    resolution: Resolution,
    sketch: Option<&Sketch>,
) -> Option<Cell> {
    let value = |(at, kept): (UtcMs, i64)| (at.0, resolution.value(kept));
    let count = u64::from(cell.count()) + u64::from(cell.nan());
    let bound = |kept: Option<i64>| kept.map_or(f64::NAN, |kept| resolution.value(kept));
    (count > 0).then(|| Cell {
        begins_ms: begins.0,
        length_ms: window.length_ms(),
        count,
        sum: if cell.nan() > 0 { f64::NAN } else { cell.sum(resolution) },
        min: bound(cell.min()),
        max: bound(cell.max()),
        first: cell.first().map(value),
        last: cell.last().map(value),
        climbed: cell.climb(resolution).unwrap_or(0.0),
        spread: sketch
            .map(|sketch| sketch.values().map(|(value, count)| (in_unit(value, resolution), count)).collect())
            .unwrap_or_default(),
        spread_error: sketch.map_or(0.0, Sketch::accuracy),
        coverage: 1.0,
    })
}

/// A value between steps.
fn in_unit(steps: f64, resolution: Resolution) -> f64 {
    match resolution {
        Resolution::Exact => steps,
        Resolution::Step { step, exponent } => {
            let power = 10f64.powi(i32::from(exponent.unsigned_abs()));
            let whole = steps * f64::from(step);
            if exponent < 0 { whole / power } else { whole * power }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_read_wherever_no_hour_is() {
        let at = |hours: i64| hours * HOUR_MS;
        let form = Form::Cells { window: Window::Hour, only: true };
        let other = Form::Cells { window: Window::Minute, only: true };
        let cells = [(3, form), (4, form), (5, other), (8, other)].map(|(hour, form)| (Hour::number(hour), form));
        let leg = |from_ms, to_ms, form| Leg { from_ms, to_ms, form };
        assert_eq!(
            legs((at(2) + 7, at(10)), cells.into_iter()),
            [
                leg(at(2) + 7, at(3) - 1, Form::Samples),
                leg(at(3), at(5) - 1, form),
                leg(at(5), at(6) - 1, other),
                leg(at(6), at(8) - 1, Form::Samples),
                leg(at(8), at(9) - 1, other),
                leg(at(9), at(10), Form::Samples),
            ]
        );
    }
}
