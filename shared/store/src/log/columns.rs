//! Reading ticks that were laid out by series.

use std::sync::{Arc, Mutex, PoisonError};

use redb::{Database, ReadOnlyTable, ReadableDatabase, ReadableTable};
use vigie_codec::columns::Head;
use vigie_codec::segment::Segment;
use vigie_model::{StreamId, Tick};

use super::Log;
use super::load::Shelves;
use super::loss::Loss;
use super::pen::Bytes;
use super::read;
use super::shelf::{ColumnsRow, SealRow, Shelf, at, leaf_at, number};
use crate::errors::Trouble;

/// What one of the records of some columns holds, if it proves right.
pub(crate) enum Laid<T> {
    Sound(T),
    Damaged,
}

/// Columns with all their values.
#[derive(Debug)]
pub(crate) struct Whole {
    pub(crate) head: Head,
    pub(crate) leaves: Vec<Vec<u8>>,
}

/// The two tables that a question about laid out ticks needs, as of one moment.
pub(crate) struct LaidShelves {
    columns: ReadOnlyTable<Bytes, Bytes>,
    leaves: ReadOnlyTable<Bytes, Bytes>,
}

impl LaidShelves {
    pub(crate) fn open(db: &Database) -> Result<Self, Trouble> {
        let txn = db.begin_read()?;
        Ok(Self { columns: txn.open_table(Shelf::Columns.table())?, leaves: txn.open_table(Shelf::Leaf.table())? })
    }

    /// The columns that begin with a number; nothing where none do.
    pub(crate) fn head(&self, stream: StreamId, first: u64) -> Result<Option<Laid<Head>>, Trouble> {
        head(&self.columns, stream, first)
    }

    /// The leaves of the columns that begin with a number, to be asked for in their order.
    pub(crate) fn leaves(&self, stream: StreamId, first: u64) -> Leaves<'_> {
        Leaves { shelf: &self.leaves, stream, first, rows: None, held: None }
    }
}

/// Leaves one after the other: neighbours lie side by side on the disk, and are read without being looked for.
pub(crate) struct Leaves<'a> {
    shelf: &'a ReadOnlyTable<Bytes, Bytes>,
    stream: StreamId,
    first: u64,
    /// What follows, and which of the leaves is the next.
    rows: Option<(redb::Range<'a, Bytes, Bytes>, u32)>,
    held: Option<(u32, Vec<u8>)>,
}

impl Leaves<'_> {
    /// One leaf; nothing where it is damaged or missing.
    pub(crate) fn read(&mut self, leaf: u32) -> Result<Option<&[u8]>, Trouble> {
        if self.held.as_ref().is_none_or(|(held, _)| *held != leaf) {
            self.held = self.next(leaf)?.map(|bytes| (leaf, bytes));
        }
        Ok(self.held.as_ref().map(|(_, bytes)| bytes.as_slice()))
    }

    fn next(&mut self, leaf: u32) -> Result<Option<Vec<u8>>, Trouble> {
        let key = leaf_at(self.stream, self.first, leaf);
        let (rows, next) = match &mut self.rows {
            Some((rows, next)) if *next == leaf => (rows, next),
            rows => {
                let (rows, next) = rows.insert((self.shelf.range(key.as_slice()..)?, leaf));
                (rows, next)
            }
        };
        *next = next.saturating_add(1);
        let Some(row) = rows.next().transpose()? else { return Ok(None) };
        if row.0.value() != key {
            self.rows = None;
            return Ok(None);
        }
        Ok(Shelf::Leaf.unwrap(&key, row.1.value()).ok().map(<[u8]>::to_vec))
    }
}

impl Shelves {
    /// The columns that begin with a number; nothing where none do.
    pub(crate) fn head(&self, stream: StreamId, first: u64) -> Result<Option<Laid<Head>>, Trouble> {
        head(&self.columns, stream, first)
    }

    /// The columns that begin with a number, with all their leaves.
    pub(crate) fn columns(&self, stream: StreamId, first: u64) -> Result<Option<Laid<Whole>>, Trouble> {
        let key = at(stream, first);
        let Some(row) = self.columns.get(key.as_slice())? else { return Ok(None) };
        let Ok(row) = read::columns(&key, row.value()) else { return Ok(Some(Laid::Damaged)) };
        let leaves = all_leaves(&row, &self.leaves, stream, first)?;
        Ok(Some(sound(head_of(first, &row).zip(leaves).map(|(head, leaves)| Whole { head, leaves }))))
    }

    /// All ticks of the columns that begin with a number.
    pub(crate) fn ticks_laid_out(&self, stream: StreamId, first: u64) -> Result<Option<Laid<Vec<Tick>>>, Trouble> {
        Ok(match self.columns(stream, first)? {
            Some(Laid::Sound(whole)) => Some(sound(whole.head.ticks(&whole.leaves).ok())),
            Some(Laid::Damaged) => Some(Laid::Damaged),
            None => None,
        })
    }
}

/// The ticks of some columns.
#[derive(Debug, Clone)]
pub(crate) struct Unfolded {
    stream: StreamId,
    first: u64,
    ticks: Arc<Vec<Tick>>,
}

impl Unfolded {
    /// The tick with a number.
    pub(crate) fn tick(&self, number: u64) -> Option<&Tick> {
        self.ticks.get(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }

    fn between(&self, first: u64, last: u64) -> Option<&[Tick]> {
        self.ticks.get((first - self.first) as usize..=(last - self.first) as usize)
    }
}

/// The columns that were last made into segments again: neighbours are asked for one after the other.
#[derive(Debug, Default)]
pub(crate) struct LastUnfolded(Mutex<Option<Unfolded>>);

impl LastUnfolded {
    pub(crate) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn get(&self, stream: StreamId, first: u64) -> Option<Unfolded> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().filter(|last| (last.stream, last.first) == (stream, first)).cloned()
    }

    fn put(&self, unfolded: &Unfolded) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(unfolded.clone());
    }
}

impl Log {
    /// A segment, or nothing if it is damaged or gone. One whose ticks were laid out by series is made again from them,
    /// byte for byte as its agent signed it.
    pub(crate) fn segment(
        &self,
        shelves: &Shelves,
        stream: StreamId,
        row: SealRow,
    ) -> Result<Option<Segment>, Trouble> {
        let key = at(stream, row.first());
        if let Some(body) = shelves.bodies.get(key.as_slice())? {
            let body = Shelf::Body.unwrap(&key, body.value()).ok();
            return Ok(body.map(|body| Segment { seal: row.seal, body: body.to_vec() }));
        }
        let Some(unfolded) = self.laid_out_with(shelves, stream, row.first())? else { return Ok(None) };
        let own = unfolded.between(row.first(), row.last());
        Ok(own.and_then(|own| row.seal.over(own).ok()))
    }

    /// The ticks of the columns that hold a number; nothing if none do or they are damaged.
    pub(crate) fn laid_out_with(
        &self,
        shelves: &Shelves,
        stream: StreamId,
        held: u64,
    ) -> Result<Option<Unfolded>, Trouble> {
        let Some((key, Ok(row))) = read::columns_before(&shelves.columns, stream, held)? else { return Ok(None) };
        let Some(first) = number(&key).filter(|_| held <= row.last.0) else { return Ok(None) };
        if let Some(unfolded) = self.unfolded.get(stream, first) {
            return Ok(Some(unfolded));
        }
        let Some(Laid::Sound(ticks)) = shelves.ticks_laid_out(stream, first)? else {
            self.note(Loss::row(stream, Shelf::Columns, key));
            return Ok(None);
        };
        let unfolded = Unfolded { stream, first, ticks: Arc::new(ticks) };
        self.unfolded.put(&unfolded);
        Ok(Some(unfolded))
    }
}

/// Whether columns and all their leaves prove right, inside a transaction that writes.
pub(crate) fn are_sound(
    row: &[u8],
    key: &[u8],
    leaves: &impl ReadableTable<Bytes, Bytes>,
    stream: StreamId,
    first: u64,
) -> Result<bool, Trouble> {
    let Ok(row) = read::columns(key, row) else { return Ok(false) };
    Ok(head_of(first, &row).is_some() && all_leaves(&row, leaves, stream, first)?.is_some())
}

/// All ticks of columns, inside a transaction that writes; nothing if they are damaged.
pub(crate) fn all_ticks(
    row: &ColumnsRow,
    leaves: &impl ReadableTable<Bytes, Bytes>,
    stream: StreamId,
    first: u64,
) -> Result<Option<Vec<Tick>>, Trouble> {
    let Some(head) = head_of(first, row) else { return Ok(None) };
    let leaves = all_leaves(row, leaves, stream, first)?;
    Ok(leaves.and_then(|leaves| head.ticks(&leaves).ok()))
}

fn all_leaves(
    row: &ColumnsRow,
    leaves: &impl ReadableTable<Bytes, Bytes>,
    stream: StreamId,
    first: u64,
) -> Result<Option<Vec<Vec<u8>>>, Trouble> {
    let mut all = Vec::new();
    for leaf in 0..row.leaves {
        let key = leaf_at(stream, first, leaf);
        let row = leaves.get(key.as_slice())?;
        let Some(values) = row.and_then(|row| Shelf::Leaf.unwrap(&key, row.value()).ok().map(<[u8]>::to_vec)) else {
            return Ok(None);
        };
        all.push(values);
    }
    Ok(Some(all))
}

fn head(
    columns: &impl ReadableTable<Bytes, Bytes>,
    stream: StreamId,
    first: u64,
) -> Result<Option<Laid<Head>>, Trouble> {
    let key = at(stream, first);
    let Some(row) = columns.get(key.as_slice())? else { return Ok(None) };
    Ok(Some(sound(read::columns(&key, row.value()).ok().and_then(|row| head_of(first, &row)))))
}

fn head_of(first: u64, row: &ColumnsRow) -> Option<Head> {
    let head = Head::read(&row.head).ok()?;
    let agrees = head.first().0 == first && head.last() == row.last && head.leaves() <= row.leaves;
    agrees.then_some(head)
}

fn sound<T>(found: Option<T>) -> Laid<T> {
    found.map_or(Laid::Damaged, Laid::Sound)
}
