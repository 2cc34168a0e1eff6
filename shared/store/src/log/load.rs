//! What is there to send, and what do the numbers hold?

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use redb::{ReadOnlyTable, ReadableDatabase};
use vigie_codec::block::MAX_TICKS;
use vigie_codec::segment::{Seal, Segment};
use vigie_codec::statement::SignedStatement;
use vigie_merge::RangeSet;
use vigie_model::{SeriesDef, StreamId, Tick};

use super::loss::Loss;
use super::pen::Bytes;
use super::shelf::{SealRow, Shelf, all_of, at, gap_key, number};
use super::{Log, Standing, read};
use crate::errors::{ReadError, Trouble, guarded};
use crate::types::Record;

/// Loose ticks in one record: what a session sends in one frame.
const TICKS_AT_ONCE: usize = 64;

/// Bytes of loose ticks in one record, as they are on disk.
const TICK_BYTES_AT_ONCE: usize = 16_000;

/// What a segment weighs besides its body.
const SEAL_BYTES: usize = 240;

impl Log {
    /// Records that hold wanted numbers, until the budget is spent; at least one, if there is any.
    ///
    /// Newest first or oldest first. A record may hold more than is wanted: a segment or a gap goes whole. Records that
    /// prove damaged are left out and noted; see [`Log::take_damage`].
    ///
    /// # Errors
    /// When nothing can be read at all.
    pub fn load(
        &self,
        stream: StreamId,
        wanted: &RangeSet,
        budget_bytes: usize,
        newest_first: bool,
    ) -> Result<Vec<Record>, ReadError> {
        let Some(facts) = self.streams.get(&stream) else { return Ok(Vec::new()) };
        let left = wanted.intersection(&facts.present);
        if left.is_empty() {
            return Ok(Vec::new());
        }
        self.reading(|shelves| {
            let mut loader = Loader { log: self, stream, shelves, left, newest_first };
            let (mut records, mut bytes) = (Vec::new(), 0);
            while bytes < budget_bytes
                && let Some((record, weight)) = loader.next()?
            {
                records.push(record);
                bytes += weight;
            }
            Ok(records)
        })
    }

    /// All that the agent has stated of its stream.
    ///
    /// # Errors
    /// When nothing can be read at all.
    pub fn statements(&self, stream: StreamId) -> Result<Vec<SignedStatement>, ReadError> {
        self.reading(|shelves| {
            let (low, high) = all_of(stream);
            let mut statements = Vec::new();
            for row in shelves.statements.range::<&[u8]>(low.as_slice()..=high.as_slice())? {
                let (key, row) = row?;
                match Shelf::Statement.read(key.value(), row.value()) {
                    Ok(said) => statements.push(said),
                    Err(_) => self.note(Loss::row(stream, Shelf::Statement, key.value().to_vec())),
                }
            }
            Ok(statements)
        })
    }

    /// Definitions from a place on.
    ///
    /// # Errors
    /// When nothing can be read at all.
    pub fn schema(&self, stream: StreamId, from: u32, max: usize) -> Result<Vec<SeriesDef>, ReadError> {
        let len = self.streams.get(&stream).map_or(0, |facts| facts.schema_len);
        self.reading(|shelves| {
            let mut defs = Vec::new();
            for place in (from..len).take(max) {
                let key = at(stream, u64::from(place));
                let row = shelves.series.get(key.as_slice())?;
                match row.map(|row| Shelf::Series.read(&key, row.value())) {
                    Some(Ok(def)) => defs.push(def),
                    _ => {
                        self.note(Loss::row(stream, Shelf::Series, key.to_vec()));
                        break;
                    }
                }
            }
            Ok(defs)
        })
    }

    /// Headers and signatures of the segments that lie wholly within a set, in order.
    ///
    /// # Errors
    /// When nothing can be read at all.
    pub fn seals(&self, stream: StreamId, within: &RangeSet) -> Result<Vec<Seal>, ReadError> {
        let Some(facts) = self.streams.get(&stream) else { return Ok(Vec::new()) };
        let within = within.intersection(&facts.present);
        self.reading(|shelves| {
            let mut seals = Vec::new();
            for (first, last) in within.ranges() {
                read::segments_from(&shelves.seals, stream, first, |key, row| match row {
                    Ok(row) if row.last() <= last => {
                        seals.push(row.seal);
                        true
                    }
                    Ok(_) => false,
                    Err(_) => {
                        self.note(Loss::row(stream, Shelf::Seal, key.to_vec()));
                        true
                    }
                })?;
            }
            Ok(seals)
        })
    }

    /// Loose ticks in order, the oldest first and as many as one segment may hold: what an agent has to seal.
    ///
    /// # Errors
    /// When nothing can be read at all.
    pub fn tail(&self, stream: StreamId) -> Result<Vec<Arc<Tick>>, ReadError> {
        self.reading(|shelves| {
            let mut ticks = Vec::new();
            read::ticks_in(&shelves.ticks, stream, (0, u64::MAX), |key, tick| {
                match tick {
                    Ok(tick) => ticks.push(Arc::new(tick)),
                    Err(_) => self.note(Loss::row(stream, Shelf::Tick, key.to_vec())),
                }
                ticks.len() < MAX_TICKS as usize
            })?;
            Ok(ticks)
        })
    }

    /// Runs one short read transaction: a long one keeps pages that a deletion has freed.
    pub(crate) fn reading<T>(&self, work: impl FnOnce(&Shelves) -> Result<T, Trouble>) -> Result<T, ReadError> {
        let Standing::Open(db) = &self.state else {
            return Err(match &self.state {
                Standing::Damaged(why) => ReadError::Damaged(why.clone()),
                _ => ReadError::Io(std::io::ErrorKind::NotConnected.into()),
            });
        };
        guarded(|| work(&Shelves::open(db)?)).map_err(|trouble| {
            if matches!(trouble, Trouble::Damaged(_)) {
                self.suspect();
            }
            trouble.into()
        })
    }

    /// The structure of the file is wrong: nothing more is written to it, for it may not be found again.
    fn suspect(&self) {
        self.suspect.store(true, Ordering::Relaxed);
    }

    /// Notes damage for the next commit: a reader can not write.
    pub(crate) fn note(&self, loss: Loss) {
        self.losses.lock().unwrap_or_else(PoisonError::into_inner).push(loss);
    }
}

/// The tables a reader needs, as of one moment.
pub(crate) struct Shelves {
    pub(crate) ticks: ReadOnlyTable<Bytes, Bytes>,
    pub(crate) seals: ReadOnlyTable<Bytes, Bytes>,
    pub(crate) bodies: ReadOnlyTable<Bytes, Bytes>,
    pub(crate) statements: ReadOnlyTable<Bytes, Bytes>,
    pub(crate) series: ReadOnlyTable<Bytes, Bytes>,
}

impl Shelves {
    fn open(db: &redb::Database) -> Result<Self, Trouble> {
        let txn = db.begin_read()?;
        Ok(Self {
            ticks: txn.open_table(Shelf::Tick.table())?,
            seals: txn.open_table(Shelf::Seal.table())?,
            bodies: txn.open_table(Shelf::Body.table())?,
            statements: txn.open_table(Shelf::Statement.table())?,
            series: txn.open_table(Shelf::Series.table())?,
        })
    }

    /// The body of a segment, or nothing if it is damaged or gone.
    pub(crate) fn segment(&self, stream: StreamId, row: SealRow) -> Result<Option<Segment>, Trouble> {
        let key = at(stream, row.first());
        let Some(body) = self.bodies.get(key.as_slice())? else { return Ok(None) };
        Ok(Shelf::Body.unwrap(&key, body.value()).ok().map(|body| Segment { seal: row.seal, body: body.to_vec() }))
    }
}

/// Walks through wanted numbers from one end.
struct Loader<'a> {
    log: &'a Log,
    stream: StreamId,
    shelves: &'a Shelves,
    left: RangeSet,
    newest_first: bool,
}

impl Loader<'_> {
    /// The next record and what it weighs.
    fn next(&mut self) -> Result<Option<(Record, usize)>, Trouble> {
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
        match self.shelves.segment(stream, row)? {
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
