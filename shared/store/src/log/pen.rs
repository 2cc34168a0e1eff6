//! One transaction: what is written, and what will be known when it is durable.

use std::collections::BTreeMap;
use std::ops::Bound;

use redb::{ReadableTable, ReadableTableMetadata, Table, WriteTransaction};
use vigie_merge::RangeSet;
use vigie_model::StreamId;

use super::facts;
use super::index::SpanChange;
use super::loss::Loss;
use super::options::Options;
use super::shelf::Shelf;
use crate::errors::Trouble;
use crate::types::StreamFacts;

/// Damaged records kept for a curious person, the newest.
const QUARANTINED: u64 = 64;

pub(crate) type Bytes = &'static [u8];

/// A transaction under way. Memory is untouched until its [`Changes`] are adopted.
pub(crate) struct Pen<'t> {
    txn: &'t WriteTransaction,
    /// Opened when first needed: most commits touch two or three.
    tables: [Option<Table<'t, Bytes, Bytes>>; Shelf::ALL.len()],
    known: &'t BTreeMap<StreamId, StreamFacts>,
    staged: BTreeMap<StreamId, StreamFacts>,
    pub(crate) options: &'t Options,
    pub(crate) damage: Vec<(StreamId, RangeSet)>,
    pub(crate) spans: Vec<(StreamId, SpanChange)>,
    /// Damage found where it could not be settled at once.
    pub(crate) later: Vec<Loss>,
    /// Streams of which something has to be folded anew.
    pub(crate) unfolded: Vec<StreamId>,
}

/// What memory takes over once the transaction is durable.
pub(crate) struct Changes {
    pub(crate) streams: BTreeMap<StreamId, StreamFacts>,
    pub(crate) damage: Vec<(StreamId, RangeSet)>,
    pub(crate) spans: Vec<(StreamId, SpanChange)>,
    pub(crate) later: Vec<Loss>,
    pub(crate) unfolded: Vec<StreamId>,
}

impl<'t> Pen<'t> {
    pub(crate) fn new(
        txn: &'t WriteTransaction,
        known: &'t BTreeMap<StreamId, StreamFacts>,
        options: &'t Options,
    ) -> Self {
        Self {
            txn,
            tables: Default::default(),
            known,
            staged: BTreeMap::new(),
            options,
            damage: Vec::new(),
            spans: Vec::new(),
            later: Vec::new(),
            unfolded: Vec::new(),
        }
    }

    /// Writes the facts of each stream that was touched, once.
    pub(crate) fn finish(mut self) -> Result<Changes, Trouble> {
        let staged = std::mem::take(&mut self.staged);
        for (stream, facts) in &staged {
            let row = facts::write(*stream, facts);
            self.table(Shelf::Facts)?.insert(stream.to_bytes().as_slice(), row.as_slice())?;
        }
        let (damage, spans, later, unfolded) = (self.damage, self.spans, self.later, self.unfolded);
        Ok(Changes { streams: staged, damage, spans, later, unfolded })
    }

    pub(crate) fn table(&mut self, shelf: Shelf) -> Result<&mut Table<'t, Bytes, Bytes>, Trouble> {
        let place = &mut self.tables[shelf as usize];
        match place {
            Some(table) => Ok(table),
            None => Ok(place.insert(self.txn.open_table(shelf.table())?)),
        }
    }

    /// What is known of a stream, to be read.
    pub(crate) fn look(&self, stream: StreamId) -> Option<&StreamFacts> {
        self.staged.get(&stream).or_else(|| self.known.get(&stream))
    }

    /// What is known of a stream, to be changed and given back by [`Pen::give`]: rows are written meanwhile.
    pub(crate) fn take(&mut self, stream: StreamId) -> Option<StreamFacts> {
        self.staged.remove(&stream).or_else(|| self.known.get(&stream).cloned())
    }

    /// See [`Pen::take`].
    pub(crate) fn give(&mut self, stream: StreamId, facts: StreamFacts) {
        self.staged.insert(stream, facts);
    }

    /// Nothing is written of a stream that goes.
    pub(crate) fn forget(&mut self, stream: StreamId) {
        self.staged.remove(&stream);
    }

    /// The record at a key, as it stands.
    pub(crate) fn get(&mut self, shelf: Shelf, key: &[u8]) -> Result<Option<Vec<u8>>, Trouble> {
        Ok(self.table(shelf)?.get(key)?.map(|row| row.value().to_vec()))
    }

    /// Writes a record that is already wrapped; says how many bytes more there are now.
    pub(crate) fn put(&mut self, shelf: Shelf, key: &[u8], row: &[u8]) -> Result<i64, Trouble> {
        let old = self.table(shelf)?.insert(key, row)?.map(|old| weight(key, old.value()));
        Ok(weight(key, row) - old.unwrap_or(0))
    }

    /// Removes a record; says how many bytes more there are now (a number below zero).
    pub(crate) fn remove(&mut self, shelf: Shelf, key: &[u8]) -> Result<i64, Trouble> {
        let old = self.table(shelf)?.remove(key)?.map(|old| weight(key, old.value()));
        Ok(-old.unwrap_or(0))
    }

    /// Removes all records between two keys, both included, handing each to `each`; says how many bytes more there are.
    pub(crate) fn remove_range(
        &mut self,
        shelf: Shelf,
        from: &[u8],
        to: &[u8],
        mut each: impl FnMut(&[u8], &[u8]),
    ) -> Result<i64, Trouble> {
        let table = self.table(shelf)?;
        let mut bytes = 0;
        for row in table.extract_from_if::<&[u8], _>((Bound::Included(from), Bound::Included(to)), |_, _| true)? {
            let (key, row) = row?;
            bytes -= weight(key.value(), row.value());
            each(key.value(), row.value());
        }
        Ok(bytes)
    }

    /// Moves a record that failed its checksum aside; says how many bytes more there are.
    pub(crate) fn quarantine(&mut self, shelf: Shelf, key: &[u8]) -> Result<i64, Trouble> {
        let Some(row) = self.get(shelf, key)? else { return Ok(0) };
        let bytes = self.remove(shelf, key)?;
        let mut place = vec![shelf as u8];
        place.extend(key);
        let table = self.table(Shelf::Quarantine)?;
        while table.len()? >= QUARANTINED {
            table.pop_first()?;
        }
        table.insert(place.as_slice(), row.as_slice())?;
        Ok(bytes)
    }
}

fn weight(key: &[u8], row: &[u8]) -> i64 {
    (key.len() + row.len()) as i64
}

/// Adds a difference to a count that never goes below zero.
pub(crate) fn add(count: &mut u64, difference: i64) {
    *count = count.saturating_add_signed(difference);
}
