//! The file of the state: open, or closed after trouble until the next call, which mends it first where it is damaged.

use redb::{Database, ReadableDatabase, TableError};

use super::place::{is_right, lost_row};
use super::tx::{StateTx, TxError};
use super::{LostRow, QUARANTINE, ROWS, TABLES};
use crate::engine::{self, Db, How};
use crate::errors::{CommitError, OpenError, ReadError, Trouble, guarded};
use crate::medium::Medium;

/// The state of the largest hub is some tens of megabytes, most of which is seldom read.
const CACHE_BYTES: usize = 2 << 20;

/// What the lock of a [`State`](super::State) guards.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) medium: Box<dyn Medium>,
    /// Closed after a full or refusing disk until the next call.
    pub(super) db: Option<Db>,
    /// The structure showed its damage while open.
    pub(super) damaged: bool,
    pub(super) lost: Vec<LostRow>,
}

impl Inner {
    pub(super) fn read<T>(
        &mut self,
        work: impl FnOnce(&redb::ReadOnlyTable<&'static [u8], &'static [u8]>) -> Result<T, Trouble>,
    ) -> Result<T, ReadError> {
        let db = self.stand_up().map_err(ReadError::from)?;
        let done = guarded(|| work(&db.begin_read()?.open_table(ROWS)?));
        done.map_err(|trouble| ReadError::from(self.fall(trouble)))
    }

    pub(super) fn transact<T>(
        &mut self,
        work: impl FnOnce(&mut StateTx<'_>) -> Result<T, TxError>,
    ) -> Result<T, CommitError> {
        self.transact_if(|tx| Ok((work(tx)?, true)))
    }

    pub(super) fn transact_if<T>(
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
    pub(super) fn stand_up(&mut self) -> Result<&Database, Trouble> {
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

    pub(super) fn fall(&mut self, trouble: Trouble) -> Trouble {
        let is_damaged = matches!(trouble, Trouble::Damaged(_));
        match self.db.take() {
            Some(db) if is_damaged => db.abandon(),
            other => drop(other),
        }
        self.damaged |= is_damaged;
        trouble
    }

    /// Moves rows aside that failed their checksum.
    pub(super) fn lose(&mut self, places: &[Vec<u8>]) {
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

pub(super) fn how() -> How<'static> {
    // A row that can not be found looks like one that was never there; only the file as a whole can say. It is small.
    How { cache_bytes: CACHE_BYTES, check_up_to_bytes: u64::MAX, check_always: true, tables: &TABLES[..1], is_right }
}

/// Makes sure that the tables are there; says whether the file was empty.
pub(super) fn begin(db: &Database) -> Result<bool, Trouble> {
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
