//! Which records hold the wanted numbers, from one end to the other?

use std::sync::Arc;

use vigie_codec::statement::SignedStatement;
use vigie_merge::RangeSet;
use vigie_model::{StreamId, Tick};

use super::load::Shelves;
use super::loss::Loss;
use super::shelf::{Shelf, at, gap_key, number};
use super::{Log, read};
use crate::errors::Trouble;
use crate::types::Record;

/// Loose ticks in one record: what a session sends in one frame.
const TICKS_AT_ONCE: usize = 64;

/// Bytes of loose ticks in one record, as they are on disk.
const TICK_BYTES_AT_ONCE: usize = 16_000;

/// What a segment weighs besides its body.
const SEAL_BYTES: usize = 240;

/// Walks through wanted numbers from one end.
pub(crate) struct Loader<'a> {
    pub(crate) log: &'a Log,
    pub(crate) stream: StreamId,
    pub(crate) shelves: &'a Shelves,
    pub(crate) left: RangeSet,
    pub(crate) newest_first: bool,
}

impl Loader<'_> {
    /// The next record and what it weighs.
    pub(crate) fn next(&mut self) -> Result<Option<(Record, usize)>, Trouble> {
        loop {
            let end = if self.newest_first { self.left.last() } else { self.left.first() };
            let Some(number) = end else { return Ok(None) };
            let found = match self.gap(number)? {
                Some(found) => Some(found),
                None => match self.loose(number)? {
                    Some(found) => Some(found),
                    None => self.segment(number)?,
                },
            };
            match found {
                Some(Some(found)) => return Ok(Some(found)),
                // It was damaged; what it held is out of `left`.
                Some(None) => {}
                None => self.miss(number)?,
            }
        }
    }

    /// A gap that holds the number.
    fn gap(&mut self, number: u64) -> Result<Option<Option<(Record, usize)>>, Trouble> {
        let Some(facts) = self.log.streams.get(&self.stream).filter(|facts| facts.gaps.contains(number)) else {
            return Ok(None);
        };
        let Some(gap) = facts.gap_list.iter().find(|gap| gap.first.0 <= number && number <= gap.last.0) else {
            return Ok(None);
        };
        for (first, last) in facts.gaps.within(gap.first.0, gap.last.0).ranges() {
            self.left.remove(first, last);
        }
        let key = gap_key(self.stream, gap);
        let row = self.shelves.statements.get(key.as_slice())?;
        match row.map(|row| Shelf::Statement.read::<SignedStatement>(&key, row.value())) {
            Some(Ok(said)) => Ok(Some(Some((Record::Statement(said), 128)))),
            _ => {
                self.log.note(Loss::row(self.stream, Shelf::Statement, key));
                Ok(Some(None))
            }
        }
    }

    /// The run of loose ticks that ends, or begins, with the number.
    fn loose(&mut self, number: u64) -> Result<Option<Option<(Record, usize)>>, Trouble> {
        let (first, last) = self.run(number);
        let (low, high) = (at(self.stream, first), at(self.stream, last));
        let rows = self.shelves.ticks.range::<&[u8]>(low.as_slice()..=high.as_slice())?;
        let mut run = Run { ticks: Vec::new(), bytes: 0, next: number, damaged: None };
        if self.newest_first {
            for row in rows.rev() {
                let (key, row) = row?;
                if !run.take(key.value(), row.value(), -1) {
                    break;
                }
            }
            run.ticks.reverse();
        } else {
            for row in rows {
                let (key, row) = row?;
                if !run.take(key.value(), row.value(), 1) {
                    break;
                }
            }
        }
        for tick in &run.ticks {
            self.left.remove(tick.seq.0, tick.seq.0);
        }
        if let Some((number, key)) = run.damaged {
            self.left.remove(number, number);
            self.log.note(Loss::row(self.stream, Shelf::Tick, key));
            return Ok(Some((!run.ticks.is_empty()).then_some((Record::Ticks(run.ticks), run.bytes))));
        }
        Ok((!run.ticks.is_empty()).then_some(Some((Record::Ticks(run.ticks), run.bytes))))
    }

    /// Wanted numbers that follow one another up to, or from, this one.
    fn run(&self, number: u64) -> (u64, u64) {
        let most = TICKS_AT_ONCE as u64 - 1;
        let range = if self.newest_first { self.left.ranges().next_back() } else { self.left.ranges().next() };
        match range {
            Some((first, _)) if self.newest_first => (first.max(number.saturating_sub(most)), number),
            Some((_, last)) => (number, last.min(number.saturating_add(most))),
            None => (number, number),
        }
    }

    /// The segment that holds the number.
    fn segment(&mut self, number: u64) -> Result<Option<Option<(Record, usize)>>, Trouble> {
        let stream = self.stream;
        let Some((key, row)) = read::segment_before(&self.shelves.seals, stream, number)? else { return Ok(None) };
        let Ok(row) = row else {
            self.log.note(Loss::row(stream, Shelf::Seal, key));
            self.pass(number)?;
            return Ok(Some(None));
        };
        if row.last() < number {
            return Ok(None);
        }
        self.left.remove(row.first(), row.last());
        match self.log.segment(self.shelves, stream, row)? {
            Some(segment) => {
                let weight = segment.body.len() + SEAL_BYTES;
                Ok(Some(Some((Record::Segment(segment), weight))))
            }
            None => {
                self.log.note(Loss::row(stream, Shelf::Body, key));
                Ok(Some(None))
            }
        }
    }

    /// No record holds the number, nor its neighbours up to the nearest records, though the facts say that one does.
    fn miss(&mut self, number: u64) -> Result<(), Trouble> {
        self.pass(number)?;
        self.log.suspect();
        Ok(())
    }

    /// Goes past a number and its wanted neighbours that no record holds.
    fn pass(&mut self, here: u64) -> Result<(), Trouble> {
        let mut hole = self.left.within(here, here);
        let range = self.left.ranges().find(|range| range.0 <= here && here <= range.1);
        let (low, high) = range.unwrap_or((here, here));
        let mut before = low;
        if let Some((_, Ok(row))) = read::segment_before(&self.shelves.seals, self.stream, here)?
            && row.last() < here
        {
            before = before.max(row.last() + 1);
        }
        let mut after = high;
        read::segments_from(&self.shelves.seals, self.stream, here.saturating_add(1), |key, _| {
            after = number(key).map_or(after, |first| after.min(first - 1));
            false
        })?;
        let keys = (at(self.stream, before), at(self.stream, after));
        let ticks = |from: &[u8], to: &[u8]| self.shelves.ticks.range::<&[u8]>(from..=to);
        if let Some(row) = ticks(&keys.0, &at(self.stream, here))?.next_back() {
            before = before.max(number(row?.0.value()).map_or(before, |tick| tick + 1));
        }
        if let Some(row) = ticks(&at(self.stream, here), &keys.1)?.next() {
            after = after.min(number(row?.0.value()).map_or(after, |tick| tick.saturating_sub(1)));
        }
        hole.union_with(&self.left.within(before.min(here), after.max(here)));
        for (first, last) in hole.ranges() {
            self.left.remove(first, last);
        }
        Ok(())
    }
}

/// Loose ticks that follow one another.
struct Run {
    ticks: Vec<Arc<Tick>>,
    bytes: usize,
    next: u64,
    damaged: Option<(u64, Vec<u8>)>,
}

impl Run {
    /// Says whether the run may go on.
    fn take(&mut self, key: &[u8], row: &[u8], step: i64) -> bool {
        if number(key) != Some(self.next) {
            return false;
        }
        match read::tick(key, row) {
            Ok(tick) => self.ticks.push(Arc::new(tick)),
            Err(_) => {
                self.damaged = Some((self.next, key.to_vec()));
                return false;
            }
        }
        self.bytes += row.len();
        self.next = self.next.saturating_add_signed(step);
        self.ticks.len() < TICKS_AT_ONCE && self.bytes < TICK_BYTES_AT_ONCE
    }
}
