//! The log and the newest ticks, as a question sees them.

use std::sync::Arc;

use vigie_model::UtcMs;
use vigie_query::{
    Coverage, LabelSet, Lack, Limits, Matcher, Selection, SeriesPart, SeriesSamples, Source, SourceError, Visit, Wish,
    samples_alone,
};
use vigie_serve::Reachability;

use crate::asked::{Row, machines_of, rows, rows_from};
use crate::fleet::Fleet;
use crate::ledgers::waiting_of;
use crate::machines::newest_sample_ms;
use crate::memory::{Memory, Node, NodeIx};
use crate::samples::Stretch;
use crate::spread::beside;

/// What so many machines lack takes several times as long as a thread takes to begin.
const WORTH_A_THREAD: usize = 512;

/// Series looked up in memory at once: some hundred microseconds in which nothing new is taken in.
pub(crate) const AT_ONCE: usize = 1_024;

impl Source for Fleet {
    fn select(
        &self,
        selection: &Selection<'_>,
        limits: &Limits,
        sink: &mut dyn FnMut(SeriesSamples<'_>) -> Visit,
    ) -> Result<Coverage, SourceError> {
        samples_alone(self, selection, limits, sink)
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
        samples_alone(self, selection, limits, sink)
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
        // Each is as long as the other where only the newest is asked for; where much is read, two threads read already.
        let is_worth = selection.hints.newest_alone && machines.len() >= WORTH_A_THREAD;
        let (read, lacks) = beside(
            is_worth,
            || self.lacks(&machines, selection.end_ms),
            || self.read_rows(rows, selection, wish, limits, sink),
        );
        match read? {
            (Visit::Continue(()), mut coverage) => {
                coverage.merge(lacks);
                Ok(coverage)
            }
            // Whoever wants no more is told nothing more.
            (Visit::Break(()), _) => Ok(Coverage::whole()),
        }
    }

    fn read_rows(
        &self,
        rows: Vec<Row>,
        selection: &Selection<'_>,
        wish: Wish,
        limits: &Limits,
        sink: &mut dyn FnMut(SeriesPart<'_>) -> Visit,
    ) -> Result<(Visit, Coverage), SourceError> {
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
        Ok((ended, coverage))
    }
}

impl Fleet {
    /// The labels of each row; none where its machine has just been removed.
    pub(crate) fn labels(&self, memory: &Memory, rows: &[Row]) -> Vec<Option<Arc<LabelSet>>> {
        let mut cache = self.label_cache();
        let of = |row: &Row| {
            let stream = memory.stream(row.stream);
            memory.node(stream.node).owner()?;
            let make = || memory.labels_of(row.stream, row.series).unwrap_or_default();
            Some(cache.of(stream.labels, row.series, make))
        };
        rows.iter().map(of).collect()
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
