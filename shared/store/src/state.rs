//! What is small and precious: reservations, tokens, rosters, revocations, sessions.
//!
//! Rows by table and key, each with a checksum. Every change is durable when the call returns, with two syncs and the
//! allocator's state beside it, so that the file opens at once after any stop. Knows no shapes: whoever keeps a row knows
//! what it means and which version it has.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use redb::{Database, ReadableDatabase, ReadableTable, Table, TableDefinition, TableError};
use vigie_codec::disk::{self, Kind};

use crate::engine::{self, Db, How, Opened, Rows};
use crate::errors::{CommitError, OpenError, ReadError, Trouble, guarded};
use crate::folder::Folder;
use crate::medium::Medium;
use crate::snapshot::{Snapshot, Which};

const ROWS: Rows = TableDefinition::new("rows");
const QUARANTINE: Rows = TableDefinition::new("quarantine");

/// What proves itself stands in the first of them.
pub(crate) const TABLES: [Rows; 2] = [ROWS, QUARANTINE];

/// The state of the largest hub is some tens of megabytes, most of which is seldom read.
const CACHE_BYTES: usize = 2 << 20;

/// Longest name of a table: its length stands in one byte.
const MAX_NAME_BYTES: usize = 64;

/// The small state of a node. Many threads may share it; one changes it at a time.
#[derive(Debug)]
pub struct State {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    medium: Box<dyn Medium>,
    /// Closed after a full or refusing disk until the next call.
    db: Option<Db>,
    /// The structure showed its damage while open.
    damaged: bool,
    lost: Vec<LostRow>,
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
        let place = place(table, key);
        let mut inner = self.inner();
        let row = inner.read(|rows| Ok(rows.get(place.as_slice())?.map(|row| row.value().to_vec())))?;
        let Some(row) = row else { return Ok(None) };
        let value = unwrap(&place, &row);
        if value.is_none() {
            inner.lose(&[place]);
        }
        Ok(value)
    }

    /// All rows of a table whose keys begin with `prefix`, in the order of keys.
    ///
    /// # Errors
    /// When nothing can be read at all.
    pub fn scan(&self, table: &str, prefix: &[u8]) -> Result<Vec<StateRow>, ReadError> {
        let from = place(table, prefix);
        let mut inner = self.inner();
        let (mut found, mut lost) = (Vec::new(), Vec::new());
        inner.read(|rows| {
            for row in rows.range::<&[u8]>(from.as_slice()..)? {
                let (at, row) = row?;
                if !at.value().starts_with(&from) {
                    break;
                }
                match unwrap(at.value(), row.value()) {
                    Some(value) => found.push((at.value()[1 + table.len()..].to_vec(), value)),
                    None => lost.push(at.value().to_vec()),
                }
            }
            Ok(())
        })?;
        inner.lose(&lost);
        Ok(found)
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

/// A transaction under way.
pub struct StateTx<'t> {
    rows: Table<'t, &'static [u8], &'static [u8]>,
    lost: Vec<Vec<u8>>,
}

impl std::fmt::Debug for StateTx<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StateTx").finish_non_exhaustive()
    }
}

/// A moment of the state.
pub struct StateView<'v> {
    rows: &'v redb::ReadOnlyTable<&'static [u8], &'static [u8]>,
    lost: Vec<Vec<u8>>,
}

impl std::fmt::Debug for StateView<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StateView").finish_non_exhaustive()
    }
}

impl StateView<'_> {
    /// The value at a key.
    ///
    /// # Errors
    /// To be handed through.
    pub fn get(&mut self, table: &str, key: &[u8]) -> Result<Option<Vec<u8>>, TxError> {
        get_of(self.rows, table, key, &mut self.lost).map_err(TxError)
    }

    /// As [`StateTx::range`].
    ///
    /// # Errors
    /// To be handed through.
    pub fn range(&mut self, table: &str, prefix: &[u8], from: &[u8], most: usize) -> Result<Vec<StateRow>, TxError> {
        Ok(range_of(self.rows, table, prefix, from, most, &mut self.lost)?)
    }

    /// As [`StateTx::met_damage`].
    pub fn met_damage(&self) -> bool {
        !self.lost.is_empty()
    }
}

fn get_of(
    rows: &impl ReadableTable<&'static [u8], &'static [u8]>,
    table: &str,
    key: &[u8],
    lost: &mut Vec<Vec<u8>>,
) -> Result<Option<Vec<u8>>, Trouble> {
    let place = place(table, key);
    let row = rows.get(place.as_slice())?.map(|row| row.value().to_vec());
    let value = row.as_deref().and_then(|row| unwrap(&place, row));
    if row.is_some() && value.is_none() {
        lost.push(place);
    }
    Ok(value)
}

fn range_of(
    rows: &impl ReadableTable<&'static [u8], &'static [u8]>,
    table: &str,
    prefix: &[u8],
    from: &[u8],
    most: usize,
    lost: &mut Vec<Vec<u8>>,
) -> Result<Vec<StateRow>, Trouble> {
    let (within, from, mut found) = (place(table, prefix), place(table, from.max(prefix)), Vec::new());
    for row in rows.range::<&[u8]>(from.as_slice()..)? {
        let (at, row) = row?;
        if found.len() >= most || !at.value().starts_with(&within) {
            break;
        }
        match unwrap(at.value(), row.value()) {
            Some(value) => found.push((at.value()[1 + table.len()..].to_vec(), value)),
            None => lost.push(at.value().to_vec()),
        }
    }
    Ok(found)
}

/// Why a transaction can not go on; to be handed through.
#[derive(Debug)]
pub struct TxError(Trouble);

impl From<Trouble> for TxError {
    fn from(trouble: Trouble) -> Self {
        Self(trouble)
    }
}

impl StateTx<'_> {
    /// The value at a key, as of this transaction.
    ///
    /// # Errors
    /// To be handed through.
    pub fn get(&mut self, table: &str, key: &[u8]) -> Result<Option<Vec<u8>>, TxError> {
        get_of(&self.rows, table, key, &mut self.lost).map_err(TxError)
    }

    /// Rows of a table whose keys begin with `prefix` and are not before `from`, in the order of keys, at most so many.
    ///
    /// # Errors
    /// To be handed through.
    pub fn range(&mut self, table: &str, prefix: &[u8], from: &[u8], most: usize) -> Result<Vec<StateRow>, TxError> {
        Ok(range_of(&self.rows, table, prefix, from, most, &mut self.lost)?)
    }

    /// Whether a row was met in this transaction that failed its checksum, and so read as not there.
    pub fn met_damage(&self) -> bool {
        !self.lost.is_empty()
    }

    /// Writes one row.
    ///
    /// # Errors
    /// To be handed through.
    pub fn put(&mut self, table: &str, key: &[u8], value: &[u8]) -> Result<(), TxError> {
        let place = place(table, key);
        let row = disk::wrap(Kind::Note, 1, &place, value);
        self.rows.insert(place.as_slice(), row.as_slice()).map_err(Trouble::from)?;
        Ok(())
    }

    /// Removes one row; says whether it was there.
    ///
    /// # Errors
    /// To be handed through.
    pub fn remove(&mut self, table: &str, key: &[u8]) -> Result<bool, TxError> {
        let old = self.rows.remove(place(table, key).as_slice()).map_err(Trouble::from)?;
        Ok(old.is_some())
    }
}

impl Inner {
    fn read<T>(
        &mut self,
        work: impl FnOnce(&redb::ReadOnlyTable<&'static [u8], &'static [u8]>) -> Result<T, Trouble>,
    ) -> Result<T, ReadError> {
        let db = self.stand_up().map_err(ReadError::from)?;
        let done = guarded(|| work(&db.begin_read()?.open_table(ROWS)?));
        done.map_err(|trouble| ReadError::from(self.fall(trouble)))
    }

    fn transact<T>(&mut self, work: impl FnOnce(&mut StateTx<'_>) -> Result<T, TxError>) -> Result<T, CommitError> {
        self.transact_if(|tx| Ok((work(tx)?, true)))
    }

    fn transact_if<T>(
        &mut self,
        work: impl FnOnce(&mut StateTx<'_>) -> Result<(T, bool), TxError>,
    ) -> Result<T, CommitError> {
        let db = self.stand_up().map_err(CommitError::from)?;
        let done = guarded(|| {
            let mut txn = db.begin_write()?;
            txn.set_quick_repair(true);
            let done = {
                let mut tx = StateTx { rows: txn.open_table(ROWS)?, lost: Vec::new() };
                let (value, keep) = work(&mut tx).map_err(|TxError(trouble)| trouble)?;
                (value, keep, tx.lost)
            };
            let (value, keep, lost) = done;
            if keep {
                txn.commit()?;
            } else {
                txn.abort()?;
            }
            Ok((value, lost))
        });
        match done {
            Ok((value, lost)) => {
                self.lose(&lost);
                Ok(value)
            }
            Err(trouble) => Err(self.fall(trouble).into()),
        }
    }

    /// Opens the file again after a failure; mends it first if it is damaged.
    fn stand_up(&mut self) -> Result<&Database, Trouble> {
        if self.db.is_none() {
            let medium = self.medium.as_mut();
            let opened = if self.damaged { engine::mend(medium, how()) } else { engine::reopen(medium, how()) };
            let opened = opened.map_err(|error| match error {
                OpenError::Full => Trouble::Full,
                OpenError::Io(error) => Trouble::Io(error),
                other => Trouble::Damaged(other.to_string()),
            })?;
            begin(&opened.db)?;
            if opened.damaged {
                tracing::error!(saved_rows = opened.saved_rows, "the state was damaged; what could be read was saved");
            }
            self.damaged = false;
            self.db = Some(opened.db);
        }
        self.db.as_deref().ok_or_else(|| Trouble::Damaged("the state is closed".to_owned()))
    }

    fn fall(&mut self, trouble: Trouble) -> Trouble {
        self.db = None;
        self.damaged |= matches!(trouble, Trouble::Damaged(_));
        trouble
    }

    /// Moves rows aside that failed their checksum.
    fn lose(&mut self, places: &[Vec<u8>]) {
        if places.is_empty() {
            return;
        }
        let Ok(db) = self.stand_up() else { return };
        let moved = guarded(|| {
            let mut txn = db.begin_write()?;
            txn.set_quick_repair(true);
            {
                let (mut rows, mut aside) = (txn.open_table(ROWS)?, txn.open_table(QUARANTINE)?);
                for place in places {
                    if let Some(row) = rows.remove(place.as_slice())? {
                        aside.insert(place.as_slice(), row.value())?;
                    }
                }
            }
            Ok(txn.commit()?)
        });
        match moved {
            Ok(()) => self.lost.extend(places.iter().filter_map(|place| lost_row(place))),
            Err(trouble) => drop(self.fall(trouble)),
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if self.db.take().is_some() {
            self.medium.note_closed();
        }
    }
}

/// Whether a row proves right.
pub(crate) fn is_right(_: usize, key: &[u8], row: &[u8]) -> bool {
    disk::unwrap(Kind::Note, key, row).is_ok()
}

fn how() -> How<'static> {
    // A row that can not be found looks like one that was never there; only the file as a whole can say. It is small.
    How { cache_bytes: CACHE_BYTES, check_up_to_bytes: u64::MAX, check_always: true, tables: &TABLES[..1], is_right }
}

/// Makes sure that the tables are there; says whether the file was empty.
fn begin(db: &Database) -> Result<bool, Trouble> {
    guarded(|| {
        let reader = db.begin_read()?;
        match (reader.open_table(ROWS), reader.open_table(QUARANTINE)) {
            (Ok(_), Ok(_)) => return Ok(false),
            (Ok(_) | Err(TableError::TableDoesNotExist(_)), Ok(_) | Err(TableError::TableDoesNotExist(_))) => {}
            (Err(error), _) | (_, Err(error)) => return Err(error.into()),
        }
        drop(reader);
        let mut txn = db.begin_write()?;
        txn.set_quick_repair(true);
        let fresh = txn.list_tables()?.next().is_none();
        txn.open_table(ROWS)?;
        txn.open_table(QUARANTINE)?;
        txn.commit()?;
        Ok(fresh)
    })
}

/// Where a row stands: the length of its table's name, the name, the key.
fn place(table: &str, key: &[u8]) -> Vec<u8> {
    debug_assert!(table.len() <= MAX_NAME_BYTES, "a table's name is a word");
    let mut place = vec![table.len() as u8];
    place.extend(table.as_bytes());
    place.extend(key);
    place
}

fn lost_row(place: &[u8]) -> Option<LostRow> {
    let name = 1 + usize::from(*place.first()?);
    let table = String::from_utf8_lossy(place.get(1..name)?).into_owned();
    Some(LostRow { table, key: place.get(name..)?.to_vec() })
}

fn unwrap(place: &[u8], row: &[u8]) -> Option<Vec<u8>> {
    match disk::unwrap(Kind::Note, place, row) {
        Ok((1, value)) => Some(value.to_vec()),
        _ => None,
    }
}
