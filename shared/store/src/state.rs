//! What is small and precious: reservations, tokens, rosters, revocations, sessions.
//!
//! Rows by table and key, each with a checksum. Every change is durable when the call returns, with two syncs and the
//! allocator's state beside it, so that the file opens at once after any stop. Knows no shapes: whoever keeps a row knows
//! what it means and which version it has.

mod file;
mod place;
mod tx;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use redb::TableDefinition;

use crate::engine::{self, Opened, Rows};
use crate::errors::{CommitError, OpenError, ReadError, Trouble, guarded};
use crate::folder::Folder;
use crate::medium::Medium;
use crate::snapshot::{Snapshot, Which};
use file::{Inner, begin, how};
pub(crate) use place::is_right;
pub use tx::{StateTx, StateView, TxError};

const ROWS: Rows = TableDefinition::new("rows");
const QUARANTINE: Rows = TableDefinition::new("quarantine");

/// What proves itself stands in the first of them.
pub(crate) const TABLES: [Rows; 2] = [ROWS, QUARANTINE];

/// The small state of a node. Many threads may share it; one changes it at a time.
#[derive(Debug)]
pub struct State {
    inner: Mutex<Inner>,
}

/// What became of the file that was there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StateReport {
    /// There was no file, or an empty one.
    pub fresh: bool,
    /// The last stop was not in order.
    pub unclean: bool,
    /// The file was damaged; what could be read was saved into another one. What could not is lost.
    pub damaged: bool,
    /// Where the damaged file is now, if it was kept.
    pub set_aside: Option<String>,
    /// Rows saved from the damaged file.
    pub saved_rows: u64,
}

/// A row that failed its checksum and was moved aside: it reads as not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostRow {
    /// Its table.
    pub table: String,
    /// Its key.
    pub key: Vec<u8>,
}

/// A key and a value.
pub type StateRow = (Vec<u8>, Vec<u8>);

impl State {
    /// Opens the state in a folder, or begins one.
    ///
    /// # Errors
    /// When another process has it, the disk refuses or is full. Damage is no error: see [`StateReport`].
    pub fn open(dir: &Path) -> Result<(Self, StateReport), OpenError> {
        // Without a ballast: the log's stands in the same folder, and is removed when the disk is full.
        Self::open_on(Folder::lock(dir, "state", 0)?)
    }

    /// Opens the state on any medium: the simulator's disk, or a test's.
    ///
    /// # Errors
    /// As [`State::open`].
    pub fn open_on(medium: impl Medium + 'static) -> Result<(Self, StateReport), OpenError> {
        let mut medium: Box<dyn Medium> = Box::new(medium);
        let opened = engine::open(medium.as_mut(), how())?;
        let (opened, fresh) = match begin(&opened.db) {
            Ok(fresh) => (opened, fresh),
            Err(Trouble::Damaged(_)) if !opened.damaged => {
                drop(opened);
                let mended = engine::mend(medium.as_mut(), how())?;
                let fresh = begin(&mended.db).map_err(engine::refused)?;
                (mended, fresh)
            }
            Err(trouble) => return Err(engine::refused(trouble)),
        };
        let Opened { db, unclean, damaged, set_aside, saved_rows } = opened;
        let inner = Inner { medium, db: Some(db), damaged: false, lost: Vec::new() };
        Ok((Self { inner: Mutex::new(inner) }, StateReport { fresh, unclean, damaged, set_aside, saved_rows }))
    }

    /// The value at a key.
    ///
    /// # Errors
    /// When nothing can be read at all.
    pub fn get(&self, table: &str, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        self.view(|view| view.get(table, key))
    }

    /// All rows of a table whose keys begin with `prefix`, in the order of keys.
    ///
    /// # Errors
    /// When nothing can be read at all.
    pub fn scan(&self, table: &str, prefix: &[u8]) -> Result<Vec<StateRow>, ReadError> {
        self.view(|view| view.range(table, prefix, prefix, usize::MAX))
    }

    /// Writes one row.
    ///
    /// # Errors
    /// When it is not durable for certain; put it again.
    pub fn put(&self, table: &str, key: &[u8], value: &[u8]) -> Result<(), CommitError> {
        self.transact(|tx| tx.put(table, key, value))
    }

    /// Removes one row; says whether it was there.
    ///
    /// # Errors
    /// When it is not gone for certain; remove it again.
    pub fn remove(&self, table: &str, key: &[u8]) -> Result<bool, CommitError> {
        self.transact(|tx| tx.remove(table, key))
    }

    /// Reads and changes several rows; all of it becomes durable together or not at all. When `work` fails, nothing does.
    ///
    /// # Errors
    /// When nothing of it is durable for certain; begin again.
    pub fn transact<T>(&self, work: impl FnOnce(&mut StateTx<'_>) -> Result<T, TxError>) -> Result<T, CommitError> {
        self.inner().transact(work)
    }

    /// As [`State::transact`], but nothing becomes durable when `work` says `false`, and that is no error.
    ///
    /// # Errors
    /// As [`State::transact`].
    pub fn transact_if(&self, work: impl FnOnce(&mut StateTx<'_>) -> Result<bool, TxError>) -> Result<(), CommitError> {
        self.inner().transact_if(|tx| Ok(((), work(tx)?)))
    }

    /// Reads several rows as they are at one moment.
    ///
    /// # Errors
    /// When nothing can be read at all.
    pub fn view<T>(&self, work: impl FnOnce(&mut StateView<'_>) -> Result<T, TxError>) -> Result<T, ReadError> {
        let mut inner = self.inner();
        let mut lost = Vec::new();
        let value = inner.read(|rows| {
            let mut view = StateView { rows, lost: Vec::new() };
            let value = work(&mut view).map_err(|TxError(trouble)| trouble);
            lost = view.lost;
            value
        })?;
        inner.lose(&lost);
        Ok(value)
    }

    /// All of it as it is now, for a backup.
    ///
    /// # Errors
    /// When nothing can be read at all.
    pub fn snapshot(&self) -> Result<Snapshot, ReadError> {
        let mut inner = self.inner();
        let db = inner.stand_up().map_err(ReadError::from)?;
        let taken = guarded(|| Snapshot::of(Which::State, db));
        taken.map_err(|trouble| ReadError::from(inner.fall(trouble)))
    }

    /// Writes all rows into another file, which takes the place of this one: of what was removed nothing stands in it. Nobody can
    /// read or write meanwhile, for as long as all of it is large. Says whether that was done: where the disk has no room for both
    /// files it is not, and this one may still hold what was removed.
    ///
    /// # Errors
    /// When the disk refuses; nothing is lost.
    pub fn write_anew(&self) -> Result<bool, CommitError> {
        let mut inner = self.inner();
        inner.stand_up()?;
        let Inner { medium, db, .. } = &mut *inner;
        if !engine::has_room_for_another(medium.as_ref()) {
            return Ok(false);
        }
        let Some(old) = db.take() else { return Ok(false) };
        match engine::write_anew(medium.as_mut(), old, how()) {
            Ok(new) => {
                *db = Some(new);
                Ok(true)
            }
            Err(trouble) => Err(inner.fall(trouble).into()),
        }
    }

    /// What was put beside the file by [`State::set_witness`], if it is there.
    pub fn witness(&self) -> Option<Vec<u8>> {
        self.inner().medium.witness()
    }

    /// Puts a few bytes beside the file, which a copy of the file alone does not have.
    ///
    /// # Errors
    /// When they are not durable for certain.
    pub fn set_witness(&self, bytes: &[u8]) -> std::io::Result<()> {
        self.inner().medium.set_witness(bytes)
    }

    /// Rows that were found damaged since this was last asked.
    pub fn take_lost(&self) -> Vec<LostRow> {
        std::mem::take(&mut self.inner().lost)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // A caller that panicked inside a transaction has undone it.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
