//! Records on their way out.

use redb::ReadableTable;
use vigie_merge::RangeSet;
use vigie_model::StreamId;

use super::facts::Change;
use super::index::SpanChange;
use super::loss::Loss;
use super::pen::{Pen, add};
use super::read;
use super::shelf::{SealRow, Shelf, at, number};
use crate::errors::Trouble;
use crate::types::StreamFacts;

/// Segments deleted in one transaction: 8 MB, and a commit that a card writes in a second.
const SEGMENTS_AT_ONCE: usize = 512;

/// Loose ticks deleted in one transaction.
const TICKS_AT_ONCE: usize = 4_096;

/// Records on their way out.
pub(crate) struct Sweep {
    /// Enough is deleted when so many bytes are.
    wanted_bytes: u64,
    pub(crate) bytes: u64,
    pub(crate) ticks: u64,
    segments: usize,
    /// There may be more to delete.
    pub(crate) stopped: bool,
    /// What went, run by run, with the samples in it.
    pub(crate) runs: Vec<(u64, u64, u64)>,
}

impl Sweep {
    pub(crate) fn new(wanted_bytes: u64) -> Self {
        Self { wanted_bytes, bytes: 0, ticks: 0, segments: 0, stopped: false, runs: Vec::new() }
    }

    fn is_full(&self) -> bool {
        self.segments >= SEGMENTS_AT_ONCE || self.bytes + self.bytes / 10 >= self.wanted_bytes
    }

    fn went(&mut self, first: u64, last: u64, samples: u64, bytes: i64) {
        self.bytes += bytes.unsigned_abs();
        self.ticks += last - first + 1;
        match self.runs.last_mut() {
            Some(run) if run.1 + 1 == first => (run.1, run.2) = (last, run.2 + samples),
            _ => self.runs.push((first, last, samples)),
        }
    }
}

impl Pen<'_> {
    /// Deletes the segments and loose ticks that lie in a set, oldest first, until enough is deleted.
    pub(crate) fn sweep(
        &mut self,
        stream: StreamId,
        facts: &mut StreamFacts,
        may_go: &RangeSet,
        sweep: &mut Sweep,
    ) -> Result<(), Trouble> {
        let may_go = may_go.intersection(&facts.present_ticks());
        for (first, last) in may_go.ranges() {
            let (victims, damaged) = self.segments_within(stream, first, last, sweep)?;
            for victim in victims {
                if sweep.is_full() {
                    sweep.stopped = true;
                    return Ok(());
                }
                self.delete_segment(stream, facts, &victim, sweep)?;
            }
            for key in damaged {
                self.later.push(Loss::row(stream, Shelf::Seal, key));
            }
            if sweep.is_full() {
                sweep.stopped = true;
                return Ok(());
            }
            self.delete_loose(stream, facts, first, last, sweep)?;
        }
        Ok(())
    }

    fn segments_within(
        &mut self,
        stream: StreamId,
        first: u64,
        last: u64,
        sweep: &Sweep,
    ) -> Result<(Vec<SealRow>, Vec<Vec<u8>>), Trouble> {
        let (mut victims, mut damaged) = (Vec::new(), Vec::new());
        let most = SEGMENTS_AT_ONCE - sweep.segments.min(SEGMENTS_AT_ONCE) + 1;
        read::segments_from(self.table(Shelf::Seal)?, stream, first, |key, row| match row {
            Ok(row) if row.last() <= last => {
                victims.push(row);
                victims.len() < most
            }
            Ok(_) => false,
            Err(_) => {
                damaged.push(key.to_vec());
                true
            }
        })?;
        Ok((victims, damaged))
    }

    fn delete_segment(
        &mut self,
        stream: StreamId,
        facts: &mut StreamFacts,
        row: &SealRow,
        sweep: &mut Sweep,
    ) -> Result<(), Trouble> {
        let key = at(stream, row.first());
        let columns = self.columns_of(stream, row)?;
        let mut bytes = self.remove(Shelf::Seal, &key)? + self.remove(Shelf::Body, &key)?;
        facts.present.remove(row.first(), row.last());
        match columns {
            None => self.spans.push((stream, SpanChange::Gone(row.first()))),
            // Values go with the last of the segments that brought them.
            Some((first, columns)) if !facts.present_ticks().touches(first, columns.last.0) => {
                bytes += self.remove_columns(stream, first)?;
                self.spans.push((stream, SpanChange::Gone(first)));
            }
            Some(_) => {}
        }
        add(&mut facts.bytes.sealed, bytes);
        sweep.segments += 1;
        sweep.went(row.first(), row.last(), row.seal.header.samples, bytes);
        Ok(())
    }

    fn delete_loose(
        &mut self,
        stream: StreamId,
        facts: &mut StreamFacts,
        first: u64,
        last: u64,
        sweep: &mut Sweep,
    ) -> Result<(), Trouble> {
        let end = self.end_of_sweep(stream, first, last, sweep)?;
        let mut gone = Vec::new();
        let bytes = self.remove_range(Shelf::Tick, &at(stream, first), &at(stream, end), |key, row| {
            let samples = read::tick(key, row).map_or(0, |tick| tick.samples.len() as u64);
            gone.push((number(key).unwrap_or(first), samples, (key.len() + row.len()) as i64));
        })?;
        sweep.stopped |= end < last;
        add(&mut facts.bytes.loose, bytes);
        for (number, samples, bytes) in gone {
            facts.present.remove(number, number);
            sweep.went(number, number, samples, bytes);
        }
        Ok(())
    }

    /// The last loose tick that has to go.
    fn end_of_sweep(&mut self, stream: StreamId, first: u64, last: u64, sweep: &Sweep) -> Result<u64, Trouble> {
        let (low, high) = (at(stream, first), at(stream, last));
        let (mut bytes, mut rows, mut end) = (sweep.bytes, 0, last);
        for row in self.table(Shelf::Tick)?.range::<&[u8]>(low.as_slice()..=high.as_slice())? {
            let (key, row) = row?;
            bytes += (key.value().len() + row.value().len()) as u64;
            rows += 1;
            if rows >= TICKS_AT_ONCE || bytes + bytes / 10 >= sweep.wanted_bytes {
                end = number(key.value()).unwrap_or(last);
                break;
            }
        }
        Ok(end)
    }
}
