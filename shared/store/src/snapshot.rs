//! All rows of a store as they are at one moment, and a store made of such rows.
//!
//! For backups. While a snapshot is held the store goes on: what is replaced meanwhile stays in the file until it is
//! dropped. Rows go as they stand, each with its checksum, so that what was damaged before is found again after.

use std::ops::ControlFlow;
use std::path::Path;

use redb::{Builder, Database, ReadTransaction, ReadableDatabase, ReadableTable, ReadableTableMetadata};

use crate::engine::{self, Rows};
use crate::errors::{CommitError, OpenError, ReadError, Trouble, guarded};
use crate::folder::Folder;
use crate::log::shelf::Shelf;
use crate::medium::{Boxed, Medium};
use crate::state;

/// Bytes of rows in one transaction of a store that is being made: memory, and a second's writing.
const BYTES_AT_ONCE: usize = 32 << 20;

/// Which of a node's two stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The telemetry; see [`crate::Log`].
    Log,
    /// What is small and precious; see [`crate::State`].
    State,
}

impl Which {
    /// Both, in the order in which they are to be taken: nothing that the state knows of the log is then missing there.
    pub const BOTH: [Self; 2] = [Self::State, Self::Log];

    /// As in the name of its file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::State => "state",
        }
    }

    /// By its name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::BOTH.into_iter().find(|which| which.name() == name)
    }

    fn tables(self) -> &'static [Rows] {
        match self {
            Self::Log => &Shelf::TABLES,
            Self::State => &state::TABLES,
        }
    }

    /// Whether a row proves right; what is in quarantine need not.
    pub fn is_right(self, table: u8, key: &[u8], value: &[u8]) -> bool {
        match self {
            Self::Log => table as usize == Shelf::Quarantine as usize || Shelf::is_right(table.into(), key, value),
            Self::State => table != 0 || state::is_right(0, key, value),
        }
    }
}

/// A row as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BareRow<'r> {
    /// The table's place in its store.
    pub table: u8,
    /// The key.
    pub key: &'r [u8],
    /// The value, with its checksum.
    pub value: &'r [u8],
}

/// A store at one moment.
pub struct Snapshot {
    which: Which,
    txn: ReadTransaction,
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot").field("which", &self.which).finish_non_exhaustive()
    }
}

impl Snapshot {
    pub(crate) fn of(which: Which, db: &Database) -> Result<Self, Trouble> {
        Ok(Self { which, txn: db.begin_read()? })
    }

    /// Which store it is of.
    pub fn which(&self) -> Which {
        self.which
    }

    /// How many rows there are.
    ///
    /// # Errors
    /// When nothing can be read at all.
    pub fn rows(&self) -> Result<u64, ReadError> {
        let rows =
            || self.which.tables().iter().try_fold(0, |rows, table| Ok(rows + self.txn.open_table(*table)?.len()?));
        Ok(guarded(rows)?)
    }

    /// Hands on every row, table by table in the order of keys, until it is told to break.
    ///
    /// # Errors
    /// When a page can not be read.
    pub fn each(&self, mut hand: impl FnMut(BareRow<'_>) -> ControlFlow<()>) -> Result<(), ReadError> {
        let walk = || {
            for (place, table) in (0u8..).zip(self.which.tables()) {
                for row in self.txn.open_table(*table)?.iter()? {
                    let (key, value) = row?;
                    if hand(BareRow { table: place, key: key.value(), value: value.value() }).is_break() {
                        return Ok(());
                    }
                }
            }
            Ok(())
        };
        Ok(guarded(walk)?)
    }
}

/// A store that is being made of rows, in a folder where there is none.
pub struct Restoring {
    which: Which,
    db: Database,
    waiting: Vec<(u8, Vec<u8>, Vec<u8>)>,
    bytes: usize,
    _folder: Folder,
}

impl std::fmt::Debug for Restoring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Restoring").field("which", &self.which).finish_non_exhaustive()
    }
}

impl Restoring {
    /// Begins one.
    ///
    /// # Errors
    /// When there is a store of that name already, or the folder can not be used.
    pub fn begin(dir: &Path, which: Which) -> Result<Self, OpenError> {
        let mut folder = Folder::lock(dir, which.name(), 0)?;
        if folder.file().exists() {
            return Err(OpenError::Io(std::io::ErrorKind::AlreadyExists.into()));
        }
        let backend = folder.backend()?;
        let begun = guarded(|| {
            let db = Builder::new().create_with_backend(Boxed::new(backend))?;
            let txn = db.begin_write()?;
            for table in which.tables() {
                txn.open_table(*table)?;
            }
            txn.commit()?;
            Ok(db)
        });
        let db = begun.map_err(engine::refused)?;
        Ok(Self { which, db, waiting: Vec::new(), bytes: 0, _folder: folder })
    }

    /// A row as it stood. A table that this version does not have is left out.
    ///
    /// # Errors
    /// When the disk is full or refuses; begin again in another folder.
    pub fn put(&mut self, table: u8, key: Vec<u8>, value: Vec<u8>) -> Result<(), CommitError> {
        self.bytes += key.len() + value.len();
        self.waiting.push((table, key, value));
        if self.bytes < BYTES_AT_ONCE {
            return Ok(());
        }
        self.flush()
    }

    /// Makes it durable. A log gets another epoch: what it signs from now on is of another life.
    ///
    /// # Errors
    /// When the disk is full or refuses; begin again in another folder.
    pub fn end(mut self, new_epoch: u64) -> Result<(), CommitError> {
        if self.which == Which::Log {
            let (key, value) = crate::log::open::epoch_row(new_epoch);
            self.waiting.push((Shelf::Note as u8, key, value));
        }
        self.flush()
    }

    fn flush(&mut self) -> Result<(), CommitError> {
        let (tables, waiting) = (self.which.tables(), &self.waiting);
        guarded(|| {
            let txn = self.db.begin_write()?;
            for of_table in waiting.chunk_by(|a, b| a.0 == b.0) {
                let Some(table) = tables.get(usize::from(of_table[0].0)) else { continue };
                let mut table = txn.open_table(*table)?;
                for (_, key, value) in of_table {
                    table.insert(key.as_slice(), value.as_slice())?;
                }
            }
            txn.commit()?;
            Ok(())
        })?;
        self.waiting.clear();
        self.bytes = 0;
        Ok(())
    }
}
