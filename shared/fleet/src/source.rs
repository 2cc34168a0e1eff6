//! The log and the newest ticks, as a question sees them.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use vigie_merge::RangeSet;
use vigie_model::{Resolution, SeriesIx, StreamId, UtcMs};
use vigie_query::{
    Coverage, LabelSet, Lack, Limits, Matcher, Selection, SeriesCells, SeriesPart, SeriesSamples, Source, SourceError,
    Visit, Wish,
};
use vigie_rollup::Window;
use vigie_serve::Reachability;

use crate::asked::{Row, machines_of, rows, rows_from};
use crate::fleet::Fleet;
use crate::grain::Choice;
use crate::ledgers::waiting_of;
use crate::machines::newest_sample_ms;
use crate::memory::{Memory, Node, NodeIx, StreamIx};
use crate::newest::{Newest, Told};
use crate::rolled::{CellPiece, Form, Leg, Plan, lacks_samples};
use crate::samples::{Column, Stretch, failed};
use crate::spread::spread;

/// Series looked up in memory at once: some hundred microseconds in which nothing new is taken in.
const AT_ONCE: usize = 1_024;

/// What is younger is never deleted for its age, and an hour that is folded is no news: of so young a moment samples tell,
/// or nothing does.
const FRESH_MS: i64 = 2 * 3_600_000;

impl Source for Fleet {
    fn select(
        &self,
        selection: &Selection<'_>,
        limits: &Limits,
        sink: &mut dyn FnMut(SeriesSamples<'_>) -> Visit,
    ) -> Result<Coverage, SourceError> {
        self.select_parts(selection, Wish::RAW, limits, &mut |part| match part {
            SeriesPart::Samples(samples) => sink(samples),
            // Not wished for.
            SeriesPart::Cells(_) => Visit::Continue(()),
        })
    }

    fn select_parts(
        &self,
        selection: &Selection<'_>,
        wish: Wish,
        limits: &Limits,
        sink: &mut dyn FnMut(SeriesPart<'_>) -> Visit,
    ) -> Result<Coverage, SourceError> {
        let rows = rows(&self.memory(), selection.matchers);
        self.select_rows(rows, selection, wish, limits, sink)
    }

    fn series(
        &self,
        matchers: &[Matcher],
        start_ms: i64,
        _end_ms: i64,
        limits: &Limits,
        sink: &mut dyn FnMut(&Arc<LabelSet>) -> Visit,
    ) -> Result<Coverage, SourceError> {
        let rows = rows(&self.memory(), matchers);
        for some in rows.chunks(AT_ONCE) {
            limits.stop.check()?;
            let memory = self.memory();
            let seen = |row: &Row| !memory.stream(row.stream).newest.ended_before(row.series, start_ms);
            let some: Vec<Row> = some.iter().copied().filter(seen).collect();
            let labels = self.labels(&memory, &some);
            drop(memory);
            if labels.iter().flatten().any(|labels| sink(labels).is_break()) {
                break;
            }
        }
        Ok(Coverage::whole())
    }
}

/// Of what a fleet has, what others pushed to this node itself: no relay gets it.
#[derive(Debug)]
pub struct PushedHere<'a>(pub &'a Fleet);

impl Source for PushedHere<'_> {
    fn select(
        &self,
        selection: &Selection<'_>,
        limits: &Limits,
        sink: &mut dyn FnMut(SeriesSamples<'_>) -> Visit,
    ) -> Result<Coverage, SourceError> {
        self.select_parts(selection, Wish::RAW, limits, &mut |part| match part {
            SeriesPart::Samples(samples) => sink(samples),
            // Not wished for.
            SeriesPart::Cells(_) => Visit::Continue(()),
        })
    }

    fn select_parts(
        &self,
        selection: &Selection<'_>,
        wish: Wish,
        limits: &Limits,
        sink: &mut dyn FnMut(SeriesPart<'_>) -> Visit,
    ) -> Result<Coverage, SourceError> {
        let Some(me) = self.0.me else { return Ok(Coverage::whole()) };
        let rows = rows_from(&self.0.memory(), me, selection.matchers);
        self.0.select_rows(rows, selection, wish, limits, sink)
    }
}

impl Fleet {
    fn select_rows(
        &self,
        rows: Vec<Row>,
        selection: &Selection<'_>,
        wish: Wish,
        limits: &Limits,
        sink: &mut dyn FnMut(SeriesPart<'_>) -> Visit,
    ) -> Result<Coverage, SourceError> {
        let machines = machines_of(&self.memory(), &rows);
        let range = (selection.start_ms, selection.end_ms);
        let choice = self.choose(&rows, selection, wish, limits);
        let mut coverage = Coverage::whole();
        let ended = if selection.hints.newest_alone {
            let (far, near) = self.apart(rows, selection.start_ms);
            let ended = self.newest(&near, range, limits, &mut |samples| sink(SeriesPart::Samples(samples)))?;
            let stretch = (Stretch::newest(range), choice);
            if ended.is_continue() { self.read_parts(far, stretch, limits, sink, &mut coverage)? } else { ended }
        } else {
            self.read_parts(rows, (Stretch::of(selection), choice), limits, sink, &mut coverage)?
        };
        match ended {
            Visit::Continue(()) => {
                coverage.merge(self.lacks(&machines, selection.end_ms));
                Ok(coverage)
            }
            // Whoever wants no more is told nothing more.
            Visit::Break(()) => Ok(Coverage::whole()),
        }
    }
}

/// The newest sample of one series.
struct Last {
    labels: Arc<LabelSet>,
    at_ms: i64,
    value: f64,
}

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
    /// The labels of each row; none where its machine has just been removed.
    fn labels(&self, memory: &Memory, rows: &[Row]) -> Vec<Option<Arc<LabelSet>>> {
        let mut cache = self.label_cache();
        let of = |row: &Row| {
            let stream = memory.stream(row.stream);
            memory.node(stream.node).owner()?;
            let make = || memory.labels_of(row.stream, row.series).unwrap_or_default();
            Some(cache.of(stream.labels, row.series, make))
        };
        rows.iter().map(of).collect()
    }

    // ---- the newest sample alone

    /// From memory where memory is sure; else memory is filled from the log, and what it can not know even then is read.
    fn newest(
        &self,
        rows: &[Row],
        range: (i64, i64),
        limits: &Limits,
        sink: &mut dyn FnMut(SeriesSamples<'_>) -> Visit,
    ) -> Result<Visit, SourceError> {
        let mut unsure = Vec::new();
        if self.newest_of_memory(rows, range, &mut unsure, limits, sink)?.is_break() {
            return Ok(Visit::Break(()));
        }
        if unsure.is_empty() {
            return Ok(Visit::Continue(()));
        }
        self.fill(&unsure, range, limits)?;
        let mut left = Vec::new();
        if self.newest_of_memory(&unsure, range, &mut left, limits, sink)?.is_break() {
            return Ok(Visit::Break(()));
        }
        self.read(left, Stretch::newest(range), limits, sink)
    }

    fn newest_of_memory(
        &self,
        rows: &[Row],
        range: (i64, i64),
        unsure: &mut Vec<Row>,
        limits: &Limits,
        sink: &mut dyn FnMut(SeriesSamples<'_>) -> Visit,
    ) -> Result<Visit, SourceError> {
        for some in rows.chunks(AT_ONCE) {
            limits.stop.check()?;
            for last in self.lasts(some, range, unsure) {
                let (timestamps_ms, values) = (&[last.at_ms][..], &[last.value][..]);
                if sink(SeriesSamples { labels: &last.labels, timestamps_ms, values }).is_break() {
                    return Ok(Visit::Break(()));
                }
            }
        }
        Ok(Visit::Continue(()))
    }

    fn lasts(&self, rows: &[Row], (start_ms, end_ms): (i64, i64), unsure: &mut Vec<Row>) -> Vec<Last> {
        let memory = self.memory();
        let (mut told, mut found) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
        for row in rows {
            let stream = memory.stream(row.stream);
            match stream.newest.tell(row.series, start_ms, end_ms, |seq| stream.has(seq)) {
                Told::Sample { true_ms, kept } => {
                    let resolution = memory.resolution_of(row.stream, row.series);
                    told.push(*row);
                    found.push((true_ms, resolution.value(kept)));
                }
                Told::Nothing => {}
                Told::Unsure => unsure.push(*row),
            }
        }
        let labels = self.labels(&memory, &told);
        drop(memory);
        let lasts = labels.into_iter().zip(found);
        lasts.filter_map(|(labels, (at_ms, value))| Some(Last { labels: labels?, at_ms, value })).collect()
    }

    /// Reads what the log holds of these streams since the beginning of the range, where that would make memory sure.
    fn fill(&self, rows: &[Row], (start_ms, end_ms): (i64, i64), limits: &Limits) -> Result<(), SourceError> {
        let streams = {
            let memory = self.memory();
            let mut streams: Vec<StreamIx> = rows.iter().map(|row| row.stream).collect();
            streams.sort_unstable();
            streams.dedup();
            streams.retain(|stream| memory.stream(*stream).newest.is_worth_reading(start_ms, end_ms));
            streams
        };
        let work = |stream: &StreamIx, _: &mut dyn FnMut(()) -> Visit| {
            limits.stop.check()?;
            self.fill_stream(*stream, start_ms).map(|()| Visit::Continue(()))
        };
        spread(&streams, work, |()| Visit::Continue(())).map(|_| ())
    }

    fn fill_stream(&self, ix: StreamIx, start_ms: i64) -> Result<(), SourceError> {
        let (id, defs) = {
            let memory = self.memory();
            (memory.stream(ix).id, memory.defs_of(ix))
        };
        let log = self.log();
        let facts = log.streams().get(&id);
        let have = facts.map(|facts| facts.have.clone()).unwrap_or_default();
        let anchors = facts.map(|facts| facts.anchors.clone()).unwrap_or_default();
        let mut read = Newest::reading(start_ms, have);
        let taken = log.ticks_between(id, UtcMs(start_ms), UtcMs(i64::MAX), |at, tick| {
            // When it was learnt is no longer known; not before it was measured.
            read.take(tick, at.0, at, defs);
        });
        drop(log);
        taken.map_err(failed)?;
        self.memory_mut().filled(ix, read, &anchors);
        Ok(())
    }

    // ---- all samples, and what stands for those that are not here

    /// Rows of streams of which something since a time may be here in hours alone, and the others.
    fn apart(&self, rows: Vec<Row>, start_ms: i64) -> (Vec<Row>, Vec<Row>) {
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
    fn read_parts(
        &self,
        rows: Vec<Row>,
        (asked, choice): (Stretch, Choice),
        limits: &Limits,
        sink: &mut dyn FnMut(SeriesPart<'_>) -> Visit,
        coverage: &mut Coverage,
    ) -> Result<Visit, SourceError> {
        let machines = by_machine(&self.memory(), rows);
        let work = |rows: &Vec<Row>, hand: &mut dyn FnMut(Given) -> Visit| {
            for of_stream in rows.chunk_by(|a, b| a.stream == b.stream) {
                limits.stop.check()?;
                if self.read_stream_parts(of_stream, (asked, choice), limits, hand)?.is_break() {
                    return Ok(Visit::Break(()));
                }
            }
            Ok(Visit::Continue(()))
        };
        spread(&machines, work, |given| match given {
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
    fn read(
        &self,
        rows: Vec<Row>,
        asked: Stretch,
        limits: &Limits,
        sink: &mut dyn FnMut(SeriesSamples<'_>) -> Visit,
    ) -> Result<Visit, SourceError> {
        let machines = by_machine(&self.memory(), rows);
        let work = |rows: &Vec<Row>, give: &mut dyn FnMut(Piece) -> Visit| {
            for of_stream in rows.chunk_by(|a, b| a.stream == b.stream) {
                limits.stop.check()?;
                if self.read_stream(of_stream, asked, limits, give)?.is_break() {
                    return Ok(Visit::Break(()));
                }
            }
            Ok(Visit::Continue(()))
        };
        spread(&machines, work, |piece| give(&piece, sink))
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

    // ---- what is missing

    /// An answer that reaches into a time of which something is missing says so.
    fn lacks(&self, machines: &[NodeIx], end_ms: i64) -> Coverage {
        let mut coverage = Coverage::whole();
        let now = self.clock.now().utc;
        for some in machines.chunks(AT_ONCE) {
            let memory = self.memory();
            for machine in some.iter().map(|machine| memory.node(*machine)).filter(|node| node.machine().is_some()) {
                let lack = self.lack(&memory, machine, end_ms, now);
                // One tick on its way is everyday life; a backlog is not.
                let ticks = waiting_of(&memory, &machine.streams, self.role);
                let waiting = (ticks > 2).then_some(Lack::Waiting { ticks });
                let Some(enrolled) = &machine.enrolled else { continue };
                lack.into_iter().chain(waiting).for_each(|lack| coverage.lacks(enrolled.shortfall(lack)));
            }
        }
        coverage
    }

    fn lack(&self, memory: &Memory, machine: &Node, end_ms: i64, now: UtcMs) -> Option<Lack> {
        let state = self.reach_of(memory, machine, now).state;
        if !matches!(state, Reachability::Cut | Reachability::Silent) {
            return None;
        }
        let since_ms = newest_sample_ms(memory, machine).unwrap_or(0);
        let lack = if state == Reachability::Cut { Lack::Cut { since_ms } } else { Lack::Silent { since_ms } };
        (end_ms > since_ms).then_some(lack)
    }
}

/// The rows of each machine, those of one stream beside each other.
fn by_machine(memory: &Memory, mut rows: Vec<Row>) -> Vec<Vec<Row>> {
    rows.sort_by_cached_key(|row| {
        let stream = memory.stream(row.stream);
        (stream.id, row.series)
    });
    rows.chunk_by(|a, b| memory.stream(a.stream).node == memory.stream(b.stream).node).map(<[Row]>::to_vec).collect()
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
