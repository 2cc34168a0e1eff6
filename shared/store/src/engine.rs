//! How is a file opened that may be damaged?
//!
//! redb refuses or panics on a damaged structure and reads damaged values as they stand. So an unclean stop is followed by
//! a check; what fails it is saved row by row, for every row proves itself, into a fresh file; what can not even be read
//! is set aside. A store opens in any case but on a full or refusing disk.

use std::cell::Cell;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redb::{Builder, Database, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition, TableHandle};

use crate::errors::{OpenError, Trouble, guarded};
use crate::medium::{Boxed, LastTime, Medium};
use crate::salvage;

/// Every table of every store: bytes to bytes, encoded by `vigie_codec::disk`.
pub(crate) type Rows = TableDefinition<'static, &'static [u8], &'static [u8]>;

/// A process that died this often in a row while opening the file is dying of the file; one that died so often while it was
/// open may be.
const DEATHS: u32 = 3;

/// How to open.
#[derive(Clone, Copy)]
pub(crate) struct How<'a> {
    pub(crate) cache_bytes: usize,
    /// Files above this are not checked as a whole after an unclean stop, but for one that came after others.
    pub(crate) check_up_to_bytes: u64,
    /// Check the file as a whole at every opening.
    pub(crate) check_always: bool,
    /// The tables that are saved from a damaged file.
    pub(crate) tables: &'a [Rows],
    /// Whether a row of the table at this place in `tables` proves right.
    pub(crate) is_right: fn(usize, &[u8], &[u8]) -> bool,
}

/// An open database. Closing writes, and a damaged file panics then as well as at any other time.
#[derive(Debug)]
pub(crate) struct Db {
    database: Option<Database>,
    cut: Arc<AtomicBool>,
}

impl Db {
    fn check(&mut self) -> Result<(), Trouble> {
        let Some(database) = &mut self.database else { return Ok(()) };
        guarded(|| Ok(database.check_integrity().map(drop)?))
    }

    /// Closes it without another word to its file. What redb writes last goes by what it believes of the file, and of some
    /// damage it panics twice then, which ends any program.
    pub(crate) fn abandon(mut self) {
        self.cut.store(true, Ordering::Relaxed);
        // It learns of that by the first read, and writes no more.
        self.check().unwrap_or_default();
    }

    /// Gives what is free in the file back to the disk. Moves pages, so it takes as long as the file is large.
    pub(crate) fn compact(&mut self) -> Result<(), Trouble> {
        let Some(database) = &mut self.database else { return Ok(()) };
        guarded(|| Ok(database.compact().map(drop)?))
    }
}

impl Deref for Db {
    type Target = Database;

    fn deref(&self) -> &Database {
        self.database.as_ref().expect("taken only when dropped")
    }
}

impl Drop for Db {
    fn drop(&mut self) {
        let database = self.database.take();
        // What it panics of is found again at the next opening.
        guarded(|| {
            drop(database);
            Ok(())
        })
        .unwrap_or_default();
    }
}

/// An open file, and what became of the one that was there.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) db: Db,
    /// The last stop was unclean.
    pub(crate) unclean: bool,
    /// The file that was there was damaged.
    pub(crate) damaged: bool,
    /// Where the damaged file is now, if it was kept.
    pub(crate) set_aside: Option<String>,
    /// Rows saved from it.
    pub(crate) saved_rows: u64,
}

/// Opens what is there, or saves what can be saved of it.
pub(crate) fn open(medium: &mut dyn Medium, how: How<'_>) -> Result<Opened, OpenError> {
    let last_time = medium.last_time();
    // What was being written beside it when the program stopped takes room, and is no store.
    medium.drop_fresh()?;
    medium.note_opening()?;
    let deaths = last_time.deaths();
    // A damaged page of which each commit dies is not found by who opens a large file and reads little of it.
    let how = How { check_always: how.check_always || deaths.open >= DEATHS, ..how };
    let opened = if deaths.opening >= DEATHS {
        start_over(medium, how, 0)?
    } else {
        open_believed(medium, how, last_time != LastTime::Clean)?
    };
    medium.note_open(if how.check_always || opened.damaged { 0 } else { deaths.open });
    Ok(Opened { unclean: last_time != LastTime::Clean, ..opened })
}

/// Opens again what this process had open, after a full disk or a refused write.
pub(crate) fn reopen(medium: &mut dyn Medium, how: How<'_>) -> Result<Opened, OpenError> {
    open_believed(medium, how, false)
}

/// Saves what can be read of a file that showed its damage while it was open, and goes on with that.
pub(crate) fn mend(medium: &mut dyn Medium, how: How<'_>) -> Result<Opened, OpenError> {
    let saved_rows = save(medium, how)?;
    start_over(medium, how, saved_rows)
}

/// Whether the disk has room for as much again, and half of that: a disk that is filled for it would stop everybody.
pub(crate) fn has_room_for_another(medium: &dyn Medium) -> bool {
    let (taken, space) = (medium.taken_bytes().unwrap_or(0), medium.space());
    space.is_none_or(|space| space.free_bytes > taken + taken / 2)
}

/// Writes all rows into fresh bytes and goes on with these: what was removed stands nowhere in them. redb frees pages as they are,
/// and leaves what was removed at the ends of pages that are still in use. Where that fails the old bytes are there.
pub(crate) fn write_anew(medium: &mut dyn Medium, old: Db, how: How<'_>) -> Result<Db, Trouble> {
    let fresh = medium.fresh().map_err(Trouble::of_io)?;
    let copied = guarded(|| {
        let new = Builder::new().set_cache_size(how.cache_bytes).create_with_backend(Boxed::new(fresh))?;
        let read = old.begin_read()?;
        for table in read.list_tables()? {
            copy_all(&read, &new, table.name())?;
        }
        Ok(())
    });
    if copied.is_err() {
        // A disk that is full needs the room. Where this fails too, it goes when the store is opened again.
        medium.drop_fresh().unwrap_or_default();
    }
    copied?;
    drop(old);
    medium.replace().map_err(Trouble::of_io)?;
    Ok(plain(medium, how)?.db)
}

/// Copies a table as it stands, also rows that a later version wrote.
fn copy_all(old: &ReadTransaction, new: &Database, name: &str) -> Result<(), Trouble> {
    let table = TableDefinition::<&[u8], &[u8]>::new(name);
    let mut txn = new.begin_write()?;
    txn.set_quick_repair(true);
    {
        let mut copy = txn.open_table(table)?;
        for row in old.open_table(table)?.iter()? {
            let (key, row) = row?;
            copy.insert(key.value(), row.value())?;
        }
    }
    Ok(txn.commit()?)
}

fn open_believed(medium: &mut dyn Medium, how: How<'_>, unclean: bool) -> Result<Opened, OpenError> {
    let mut tried = believed(medium, how, unclean);
    if matches!(tried, Err(Trouble::Full)) {
        // Even a repair writes. The ballast comes back when there is room again.
        medium.ballast(false)?;
        tried = believed(medium, how, unclean);
    }
    match tried {
        Ok(db) => Ok(Opened { db, unclean, damaged: false, set_aside: None, saved_rows: 0 }),
        Err(Trouble::Damaged(why)) => {
            tracing::warn!(why, "the store is damaged; what can be read is saved into a fresh file");
            mend(medium, how)
        }
        Err(other) => Err(refused(other)),
    }
}

/// The file, if it can be believed.
fn believed(medium: &mut dyn Medium, how: How<'_>, unclean: bool) -> Result<Db, Trouble> {
    let Plain { mut db, repaired, bytes } = plain(medium, how)?;
    // redb's own repair has just checked every page.
    let doubtful = how.check_always || (unclean && bytes <= how.check_up_to_bytes);
    if doubtful
        && !repaired
        && let Err(trouble) = db.check()
    {
        db.abandon();
        return Err(trouble);
    }
    Ok(db)
}

struct Plain {
    db: Db,
    /// redb had to repair it, and so has read all of it.
    repaired: bool,
    bytes: u64,
}

fn plain(medium: &mut dyn Medium, how: How<'_>) -> Result<Plain, Trouble> {
    let backend = medium.backend().map_err(Trouble::of_io)?;
    let bytes = backend.len().map_err(Trouble::of_io)?;
    let repaired = Rc::new(Cell::new(false));
    let seen = Rc::clone(&repaired);
    let mut builder = Builder::new();
    builder.set_cache_size(how.cache_bytes).set_repair_callback(move |_| seen.set(true));
    let backend = Boxed::new(backend);
    let cut = backend.cut();
    let database = Some(guarded(|| Ok(builder.create_with_backend(backend)?))?);
    Ok(Plain { db: Db { database, cut }, repaired: repaired.get(), bytes })
}

/// Copies what can be read into the medium's fresh bytes; says how many rows.
fn save(medium: &mut dyn Medium, how: How<'_>) -> Result<u64, OpenError> {
    let fresh = medium.fresh()?;
    let old = match plain(medium, how) {
        Ok(plain) => plain.db,
        Err(Trouble::Damaged(_)) => return Ok(0),
        Err(other) => return Err(refused(other)),
    };
    let copied = guarded(|| {
        let new = Builder::new().set_cache_size(how.cache_bytes).create_with_backend(Boxed::new(fresh))?;
        how.tables.iter().enumerate().try_fold(0, |rows, (at, table)| {
            Ok(rows + salvage::copy(&old, &new, *table, |key, row| (how.is_right)(at, key, row))?)
        })
    });
    old.abandon();
    match copied {
        Ok(rows) => Ok(rows),
        Err(Trouble::Full) => Err(OpenError::Full),
        Err(Trouble::Io(error)) => Err(error.into()),
        Err(_) => Ok(0),
    }
}

/// Goes on with the fresh bytes, if there are any, or with none.
fn start_over(medium: &mut dyn Medium, how: How<'_>, saved_rows: u64) -> Result<Opened, OpenError> {
    let set_aside = medium.set_aside()?;
    let Plain { db, .. } = plain(medium, how).map_err(refused)?;
    Ok(Opened { db, unclean: true, damaged: true, set_aside, saved_rows })
}

pub(crate) fn refused(trouble: Trouble) -> OpenError {
    match trouble {
        Trouble::Full => OpenError::Full,
        Trouble::Io(error) => OpenError::Io(error),
        Trouble::InUse => OpenError::Io(std::io::ErrorKind::ResourceBusy.into()),
        Trouble::Damaged(why) => OpenError::Damaged(why),
    }
}
