//! The newest sample of each series: from memory, or from the log once, whereafter memory has it.

use std::sync::Arc;

use vigie_model::UtcMs;
use vigie_query::{LabelSet, Limits, SeriesSamples, SourceError, Visit};

use crate::asked::Row;
use crate::fleet::Fleet;
use crate::memory::StreamIx;
use crate::newest::{Newest, Told};
use crate::samples::{Stretch, failed};
use crate::source::AT_ONCE;
use crate::spread::spread;

/// The newest sample of one series.
struct Last {
    labels: Arc<LabelSet>,
    at_ms: i64,
    value: f64,
}

impl Fleet {
    /// From memory where memory is sure; else memory is filled from the log, and what it can not know even then is read.
    pub(crate) fn newest(
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
        spread(&streams, streams.len(), work, |()| Visit::Continue(())).map(|_| ())
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
}
