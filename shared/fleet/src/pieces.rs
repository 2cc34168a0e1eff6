//! All samples of a time, and what stands for those that are not here.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use vigie_merge::RangeSet;
use vigie_model::{Resolution, SeriesIx, StreamId};
use vigie_query::{Coverage, LabelSet, Lack, Limits, SeriesCells, SeriesPart, SeriesSamples, SourceError, Visit};
use vigie_rollup::Window;

use crate::asked::Row;
use crate::fleet::Fleet;
use crate::grain::Choice;
use crate::memory::StreamIx;
use crate::portions::portions;
use crate::rolled::{CellPiece, Form, Leg, Plan, lacks_samples};
use crate::samples::{Column, Stretch};
use crate::spread::spread;

/// What is younger is never deleted for its age, and an hour that is folded is no news: of so young a moment samples tell,
/// or nothing does.
const FRESH_MS: i64 = 2 * 3_600_000;

/// The wanted series of one stream.
struct Wanted {
    stream: StreamId,
    series: Vec<SeriesIx>,
    labels: Vec<Arc<LabelSet>>,
    resolutions: Vec<Resolution>,
    /// What is not durable, as far as is known.
    pending: Vec<Column>,
}

/// What one thread hands to the one that takes in the answer.
enum Given {
    Samples(Piece),
    Cells(CellPiece),
    Told(Coverage),
}

/// Some columns of some series.
struct Piece {
    labels: Vec<Arc<LabelSet>>,
    times_ms: Vec<Vec<i64>>,
    values: Vec<Vec<f64>>,
}

impl Fleet {
    /// Rows of streams of which something since a time may be here in hours alone, and the others.
    pub(crate) fn apart(&self, rows: Vec<Row>, start_ms: i64) -> (Vec<Row>, Vec<Row>) {
        if self.clock.now().utc.0.saturating_sub(start_ms) < FRESH_MS {
            return (Vec::new(), rows);
        }
        let streams: HashMap<StreamIx, StreamId> = {
            let memory = self.memory();
            rows.iter().map(|row| (row.stream, memory.stream(row.stream).id)).collect()
        };
        let log = self.log();
        let begins = |id: StreamId| log.time_span(id).ok().flatten().map_or(i64::MAX, |span| span.0.0);
        // What memory knows of the log may be some seconds old.
        let is_far = |id: StreamId| log.streams().get(&id).is_some_and(lacks_samples) && begins(id) > start_ms;
        let far: HashSet<StreamIx> = streams.into_iter().filter(|(_, id)| is_far(*id)).map(|(ix, _)| ix).collect();
        if far.is_empty() { (Vec::new(), rows) } else { rows.into_iter().partition(|row| far.contains(&row.stream)) }
    }

    /// As [`Fleet::read`], with cells where they are chosen, or all there is.
    pub(crate) fn read_parts(
        &self,
        rows: Vec<Row>,
        (asked, choice): (Stretch, Choice),
        limits: &Limits,
        sink: &mut dyn FnMut(SeriesPart<'_>) -> Visit,
        coverage: &mut Coverage,
    ) -> Result<Visit, SourceError> {
        let weight = rows.len();
        let portions = portions(&self.memory(), rows);
        let work = |rows: &Vec<Row>, hand: &mut dyn FnMut(Given) -> Visit| {
            for of_stream in rows.chunk_by(|a, b| a.stream == b.stream) {
                limits.stop.check()?;
                if self.read_stream_parts(of_stream, (asked, choice), limits, hand)?.is_break() {
                    return Ok(Visit::Break(()));
                }
            }
            Ok(Visit::Continue(()))
        };
        spread(&portions, weight, work, |given| match given {
            Given::Samples(piece) => give(&piece, &mut |samples| sink(SeriesPart::Samples(samples))),
            Given::Cells(piece) => give_cells(&piece, sink),
            Given::Told(told) => {
                coverage.merge(told);
                Visit::Continue(())
            }
        })
    }

    fn read_stream_parts(
        &self,
        rows: &[Row],
        (asked, choice): (Stretch, Choice),
        limits: &Limits,
        hand: &mut dyn FnMut(Given) -> Visit,
    ) -> Result<Visit, SourceError> {
        let Some(row) = rows.first() else { return Ok(Visit::Continue(())) };
        let id = self.memory().stream(row.stream).id;
        // What memory knows of the log may be some seconds old.
        let lacking = self.log().streams().get(&id).is_some_and(lacks_samples);
        if !lacking && choice.always.is_none() {
            return self.read_stream(rows, asked, limits, &mut |piece| hand(Given::Samples(piece)));
        }
        let Plan { legs, gone_before_ms } = self.plan(id, (asked.start_ms, asked.end_ms), choice)?;
        let mut read: Vec<(Leg, RangeSet)> = Vec::new();
        for leg in legs {
            let ended = match leg.form {
                Form::Samples => {
                    let stretch = Stretch { start_ms: leg.from_ms, end_ms: leg.to_ms, ..asked };
                    self.read_stream(rows, stretch, limits, &mut |piece| hand(Given::Samples(piece)))?
                }
                Form::Cells { window, .. } => {
                    let (ended, covered) = self.read_cells(rows, (leg, window), choice.spread, limits, hand)?;
                    match read.iter_mut().find(|(known, _)| known.form == leg.form) {
                        Some((known, all)) => {
                            known.to_ms = leg.to_ms;
                            all.union_with(&covered);
                        }
                        None => read.push((leg, covered)),
                    }
                    ended
                }
            };
            if ended.is_break() {
                return Ok(ended);
            }
        }
        let mut told = gone_before_ms.and_then(|before_ms| self.expired(*row, before_ms)).unwrap_or_default();
        let coarse = read.iter().filter_map(|(leg, covered)| self.coarse(id, *leg, covered));
        coarse.for_each(|coarse| told.is_coarse(coarse));
        Ok(if told == Coverage::whole() { Visit::Continue(()) } else { hand(Given::Told(told)) })
    }

    fn read_cells(
        &self,
        rows: &[Row],
        (leg, window): (Leg, Window),
        spread: bool,
        limits: &Limits,
        hand: &mut dyn FnMut(Given) -> Visit,
    ) -> Result<(Visit, RangeSet), SourceError> {
        // Nothing that is not durable is wanted of it.
        let Some(wanted) = self.wanted(rows, (i64::MAX, i64::MIN)) else {
            return Ok((Visit::Continue(()), RangeSet::new()));
        };
        let of = (wanted.stream, wanted.series.as_slice());
        self.cells(of, (leg, window), (&wanted.resolutions, spread), limits, &mut |cells| {
            hand(Given::Cells(CellPiece { labels: wanted.labels.clone(), cells }))
        })
    }

    fn expired(&self, row: Row, before_ms: i64) -> Option<Coverage> {
        let memory = self.memory();
        let enrolled = memory.node(memory.stream(row.stream).node).enrolled.as_ref()?;
        let mut told = Coverage::whole();
        told.lacks(enrolled.shortfall(Lack::Expired { before_ms }));
        Some(told)
    }

    /// Machine by machine, the lives of its store one after the other, window by window.
    pub(crate) fn read(
        &self,
        rows: Vec<Row>,
        asked: Stretch,
        limits: &Limits,
        sink: &mut dyn FnMut(SeriesSamples<'_>) -> Visit,
    ) -> Result<Visit, SourceError> {
        let weight = rows.len();
        let portions = portions(&self.memory(), rows);
        let work = |rows: &Vec<Row>, give: &mut dyn FnMut(Piece) -> Visit| {
            for of_stream in rows.chunk_by(|a, b| a.stream == b.stream) {
                limits.stop.check()?;
                if self.read_stream(of_stream, asked, limits, give)?.is_break() {
                    return Ok(Visit::Break(()));
                }
            }
            Ok(Visit::Continue(()))
        };
        spread(&portions, weight, work, |piece| give(&piece, sink))
    }

    /// What came and is perhaps not durable is looked up before the log is read, so that nothing falls between.
    fn read_stream(
        &self,
        rows: &[Row],
        asked: Stretch,
        limits: &Limits,
        give: &mut dyn FnMut(Piece) -> Visit,
    ) -> Result<Visit, SourceError> {
        let Some(mut wanted) = self.wanted(rows, (asked.start_ms, asked.end_ms)) else {
            return Ok(Visit::Continue(()));
        };
        let series = wanted.series.clone();
        let read = self.columns(wanted.stream, &series, asked, limits, &mut |columns| {
            wanted.forget_pending(&columns);
            give(wanted.piece(columns))
        })?;
        if read.is_break() {
            return Ok(Visit::Break(()));
        }
        let pending = std::mem::take(&mut wanted.pending);
        Ok(give(wanted.piece(pending)))
    }

    fn wanted(&self, rows: &[Row], (start_ms, end_ms): (i64, i64)) -> Option<Wanted> {
        let memory = self.memory();
        let ix = rows.first()?.stream;
        let stream = memory.stream(ix);
        let labels: Option<Vec<_>> = self.labels(&memory, rows).into_iter().collect();
        let series: Vec<SeriesIx> = rows.iter().map(|row| row.series).collect();
        let mut pending = vec![Column::default(); series.len()];
        for (seen, tick) in stream.recent.pending() {
            let at_ms = stream.true_ms(seen.at);
            if at_ms < start_ms || at_ms > end_ms {
                continue;
            }
            for (series, column) in series.iter().zip(&mut pending) {
                tick.value(*series).into_iter().for_each(|kept| column.push(at_ms, kept));
            }
        }
        pending.iter_mut().for_each(Column::put_in_order);
        let resolutions = series.iter().map(|series| memory.resolution_of(ix, *series)).collect();
        Some(Wanted { stream: stream.id, labels: labels?, series, resolutions, pending })
    }
}

impl Wanted {
    /// What has become durable meanwhile came from the log.
    fn forget_pending(&mut self, read: &[Column]) {
        for (pending, read) in self.pending.iter_mut().zip(read).filter(|(pending, _)| !pending.times_ms.is_empty()) {
            let is_left = |at_ms: &i64| read.times_ms.binary_search(at_ms).is_err();
            let left = pending.times_ms.iter().copied().zip(pending.kept.iter().copied()).filter(|(at, _)| is_left(at));
            (pending.times_ms, pending.kept) = left.unzip();
        }
    }

    fn piece(&self, columns: Vec<Column>) -> Piece {
        let values = columns.iter().zip(&self.resolutions);
        let values =
            values.map(|(column, resolution)| column.kept.iter().map(|kept| resolution.value(*kept)).collect());
        let values = values.collect();
        Piece {
            labels: self.labels.clone(),
            values,
            times_ms: columns.into_iter().map(|column| column.times_ms).collect(),
        }
    }
}

fn give_cells(piece: &CellPiece, sink: &mut dyn FnMut(SeriesPart<'_>) -> Visit) -> Visit {
    for (labels, cells) in piece.labels.iter().zip(&piece.cells).filter(|(_, cells)| !cells.is_empty()) {
        sink(SeriesPart::Cells(SeriesCells { labels, cells }))?;
    }
    Visit::Continue(())
}

fn give(piece: &Piece, sink: &mut dyn FnMut(SeriesSamples<'_>) -> Visit) -> Visit {
    let columns = piece.times_ms.iter().zip(&piece.values);
    for (labels, (timestamps_ms, values)) in piece.labels.iter().zip(columns) {
        if !timestamps_ms.is_empty() {
            sink(SeriesSamples { labels, timestamps_ms, values })?;
        }
    }
    Visit::Continue(())
}
