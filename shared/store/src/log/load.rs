//! What is there to send, and what do the numbers hold?

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use redb::{ReadOnlyTable, ReadableDatabase};
use vigie_codec::block::MAX_TICKS;
use vigie_codec::segment::Seal;
use vigie_codec::statement::SignedStatement;
use vigie_merge::RangeSet;
use vigie_model::{SeriesDef, StreamId, Tick};

use super::loader::Loader;
use super::loss::Loss;
use super::pen::Bytes;
use super::shelf::{Shelf, all_of, at};
use super::{Log, Standing, read};
use crate::errors::{ReadError, Trouble, guarded};
use crate::types::Record;

/// Bytes of definitions read at once: half of what one frame may be.
const SCHEMA_BYTES: usize = 128 * 1024;

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

    /// Definitions from a place on, at least one if there is any, and as many as one frame may hold.
    ///
    /// # Errors
    /// When nothing can be read at all.
    pub fn schema(&self, stream: StreamId, from: u32, max: usize) -> Result<Vec<SeriesDef>, ReadError> {
        let len = self.streams.get(&stream).map_or(0, |facts| facts.schema_len);
        self.reading(|shelves| {
            let (mut defs, mut bytes) = (Vec::new(), 0);
            for place in (from..len).take(max) {
                let key = at(stream, u64::from(place));
                let row = shelves.series.get(key.as_slice())?;
                bytes += row.as_ref().map_or(0, |row| row.value().len());
                if bytes > SCHEMA_BYTES && !defs.is_empty() {
                    break;
                }
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
            // What came after all under a gap that was stated may be loose.
            let stated: RangeSet = facts.gap_list.iter().map(|gap| (gap.first.0, gap.last.0)).collect();
            let (mut seals, mut missed) = (Vec::new(), within.intersection(&facts.sealed).without(&stated));
            for (first, last) in within.ranges() {
                read::segments_from(&shelves.seals, stream, first, |key, row| match row {
                    Ok(row) => {
                        missed.remove(row.first(), row.last());
                        let inside = row.last() <= last;
                        if inside {
                            seals.push(row.seal);
                        }
                        inside
                    }
                    Err(_) => {
                        missed = RangeSet::new();
                        self.note(Loss::row(stream, Shelf::Seal, key.to_vec()));
                        true
                    }
                })?;
            }
            // The facts say that these are here and signed for; all that may be is a segment that begins before them.
            for (first, _) in missed.ranges() {
                let before = read::segment_before(&shelves.seals, stream, first)?;
                if before.is_none_or(|(_, row)| row.is_ok_and(|row| row.last() < first)) {
                    self.suspect();
                }
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
        self.reading_from(Shelves::open, work)
    }

    /// The same from some tables only: each that is opened costs a question some microseconds.
    pub(crate) fn reading_from<S, T>(
        &self,
        open: impl FnOnce(&redb::Database) -> Result<S, Trouble>,
        work: impl FnOnce(&S) -> Result<T, Trouble>,
    ) -> Result<T, ReadError> {
        self.at_database(|db| work(&open(db)?))
    }

    /// What is done with the open file itself.
    pub(crate) fn at_database<T>(
        &self,
        work: impl FnOnce(&redb::Database) -> Result<T, Trouble>,
    ) -> Result<T, ReadError> {
        let Standing::Open(db) = &self.state else {
            return Err(match &self.state {
                Standing::Damaged(why) => ReadError::Damaged(why.clone()),
                _ => ReadError::Io(std::io::ErrorKind::NotConnected.into()),
            });
        };
        guarded(|| work(db)).map_err(|trouble| {
            if matches!(trouble, Trouble::Damaged(_)) {
                self.suspect();
            }
            trouble.into()
        })
    }

    /// The structure of the file is wrong: nothing more is written to it, for it may not be found again.
    pub(crate) fn suspect(&self) {
        self.suspect.store(true, Ordering::Relaxed);
    }

    /// Notes damage for the next commit: a reader can not write.
    pub(crate) fn note(&self, loss: Loss) {
        self.losses.lock().unwrap_or_else(PoisonError::into_inner).push(loss);
    }
}

/// Loose ticks alone, as of one moment.
pub(crate) fn loose_ticks(db: &redb::Database) -> Result<ReadOnlyTable<Bytes, Bytes>, Trouble> {
    Ok(db.begin_read()?.open_table(Shelf::Tick.table())?)
}

/// The tables a reader needs, as of one moment.
pub(crate) struct Shelves {
    pub(crate) ticks: ReadOnlyTable<Bytes, Bytes>,
    pub(crate) seals: ReadOnlyTable<Bytes, Bytes>,
    pub(crate) bodies: ReadOnlyTable<Bytes, Bytes>,
    pub(crate) statements: ReadOnlyTable<Bytes, Bytes>,
    pub(crate) series: ReadOnlyTable<Bytes, Bytes>,
    pub(crate) columns: ReadOnlyTable<Bytes, Bytes>,
    pub(crate) leaves: ReadOnlyTable<Bytes, Bytes>,
    pub(crate) rollups: ReadOnlyTable<Bytes, Bytes>,
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
            columns: txn.open_table(Shelf::Columns.table())?,
            leaves: txn.open_table(Shelf::Leaf.table())?,
            rollups: txn.open_table(Shelf::Rollup.table())?,
        })
    }
}
