//! What takes the room in the file?

use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTableMetadata, TableHandle};

use super::shelf::Shelf;
use super::{Log, Standing};
use crate::engine::Rows;
use crate::errors::{ReadError, Trouble, guarded};

/// What the records of one kind take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShelfUsage {
    /// The kind, as its table is called.
    pub name: String,
    /// How many.
    pub rows: u64,
    /// Keys and records.
    pub record_bytes: u64,
    /// What redb adds to find them.
    pub index_bytes: u64,
    /// What is empty in their pages: redb keeps a record that is larger than a page in a power of two of pages.
    pub padding_bytes: u64,
}

/// What takes the room in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// Each kind of record.
    pub shelves: Vec<ShelfUsage>,
    /// Pages in use, with redb's own. What the file takes beyond them is free for what comes next.
    pub taken_bytes: u64,
}

impl Usage {
    /// What redb needs besides the records: which pages are free, and which will be.
    pub fn bookkeeping_bytes(&self) -> u64 {
        let shelves = self.shelves.iter().map(|shelf| shelf.record_bytes + shelf.index_bytes + shelf.padding_bytes);
        self.taken_bytes.saturating_sub(shelves.sum())
    }
}

impl Log {
    /// What takes the room in the file. Reads all of it: for a person who asks, not for every minute.
    ///
    /// # Errors
    /// When nothing can be read at all.
    pub fn usage(&self) -> Result<Usage, ReadError> {
        let Standing::Open(db) = &self.state else {
            return Err(ReadError::Io(std::io::ErrorKind::NotConnected.into()));
        };
        Ok(guarded(|| usage(db))?)
    }
}

fn usage(db: &Database) -> Result<Usage, Trouble> {
    let read = db.begin_read()?;
    let shelves: Result<Vec<_>, Trouble> = Shelf::TABLES.iter().map(|table| shelf(&read, *table)).collect();
    drop(read);
    // Only one that could write is told how many pages are taken; it writes nothing.
    let write = db.begin_write()?;
    let stats = write.stats()?;
    write.abort()?;
    Ok(Usage { shelves: shelves?, taken_bytes: stats.allocated_pages() * stats.page_size() as u64 })
}

fn shelf(read: &ReadTransaction, table: Rows) -> Result<ShelfUsage, Trouble> {
    let open = read.open_table(table)?;
    let stats = open.stats()?;
    Ok(ShelfUsage {
        name: table.name().to_owned(),
        rows: open.len()?,
        record_bytes: stats.stored_bytes(),
        index_bytes: stats.metadata_bytes(),
        padding_bytes: stats.fragmented_bytes(),
    })
}
