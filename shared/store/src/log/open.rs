//! How does a log come to life, and how does it go on after damage?

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use redb::{Database, ReadOnlyTable, ReadableDatabase, ReadableTable, WriteTransaction};
use vigie_codec::statement::{SignedStatement, Statement};
use vigie_merge::RangeSet;
use vigie_model::StreamId;

use super::columns::LastUnfolded;
use super::facts::Change;
use super::hot::Hot;
use super::index::Index;
use super::loss::Loss;
use super::pen::Bytes;
use super::shelf::{Shelf, at, number, stated, stream_of};
use super::{Log, Options, Standing, disown, facts, foreign, read, rebuild, rolls, thin};
use crate::engine::{self, How, Opened};
use crate::errors::{CommitError, OpenError, Trouble, guarded};
use crate::folder::Folder;
use crate::medium::Medium;
use crate::types::StreamFacts;

/// Version of the file as a whole; a file with a higher one is left alone. Since 2 ticks may be laid out by series,
/// since 3 a series may go on from one leaf into the next.
const FORMAT: u8 = 3;
const FORMAT_KEY: &[u8] = b"format";
const EPOCH_KEY: &[u8] = b"epoch";

/// What became of the file that was there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OpenReport {
    /// There was no file, or an empty one.
    pub fresh: bool,
    /// The last stop was not in order: a crash, a power cut, a kill.
    pub unclean: bool,
    /// The file was damaged; another one was begun, with another epoch.
    pub damaged: bool,
    /// Where the damaged file is now, if it was kept.
    pub set_aside: Option<String>,
    /// Rows saved from the damaged file.
    pub saved_rows: u64,
    /// Streams whose facts were lost and counted again from their records. What had been forgotten of them on the hub's
    /// word is no longer known, nor what was reserved: their agent begins a new incarnation.
    pub rebuilt: Vec<StreamId>,
}

impl Log {
    /// Opens the log in a folder, or begins one.
    ///
    /// # Errors
    /// When another process has it, the disk refuses or is full. Damage is no error: see [`OpenReport`].
    pub fn open(dir: &Path, options: Options) -> Result<(Self, OpenReport), OpenError> {
        let folder = Folder::lock(dir, "log", options.ballast_bytes)?;
        Self::open_on(folder, options)
    }

    /// Opens the log on any medium: the simulator's disk, or a test's.
    ///
    /// # Errors
    /// As [`Log::open`].
    pub fn open_on(medium: impl Medium + 'static, options: Options) -> Result<(Self, OpenReport), OpenError> {
        let mut medium: Box<dyn Medium> = Box::new(medium);
        let opened = engine::open(medium.as_mut(), how(&options))?;
        let hot = Hot::new(options.hot_bytes);
        let mut log = Self {
            medium,
            options,
            state: Standing::Refused,
            starved: false,
            epoch: 0,
            streams: BTreeMap::new(),
            record_bytes: 0,
            losses: Mutex::default(),
            suspect: AtomicBool::new(false),
            damage: Vec::new(),
            index: Mutex::new(Index::default()),
            agenda: Mutex::default(),
            unfolded: LastUnfolded::default(),
            kept_free_bytes: None,
            thinned_to_ms: None,
            disowned: BTreeSet::new(),
            hot,
        };
        let report = match log.take_over(opened, true) {
            Err(OpenError::Damaged(why)) => {
                tracing::warn!(why, "the log is damaged; what can be read is saved into a fresh file");
                log.mend_file()?
            }
            other => other?,
        };
        Ok((log, report))
    }

    /// Mends a log whose file showed its damage while it was open: what can be read is saved into a fresh file. Does
    /// nothing to a sound one.
    ///
    /// # Errors
    /// As [`Log::open`]; try again.
    pub fn heal(&mut self) -> Result<OpenReport, OpenError> {
        match &self.state {
            Standing::Open(_) if self.suspect.load(Ordering::Relaxed) => self.mend_file(),
            Standing::Open(_) => Ok(OpenReport::default()),
            Standing::Full | Standing::Refused => match self.reopen() {
                Err(OpenError::Damaged(_)) => self.mend_file(),
                other => other,
            },
            Standing::Damaged(_) => self.mend_file(),
        }
    }

    /// Opens the file again after a full or refusing disk.
    pub(crate) fn reopen(&mut self) -> Result<OpenReport, OpenError> {
        let opened = engine::reopen(self.medium.as_mut(), how(&self.options))?;
        let taken = self.take_over(opened, false);
        if let Err(OpenError::Damaged(why)) = &taken {
            self.state = Standing::Damaged(why.clone());
        }
        taken
    }

    fn mend_file(&mut self) -> Result<OpenReport, OpenError> {
        self.shut_damaged("being mended".to_owned());
        let opened = engine::mend(self.medium.as_mut(), how(&self.options))?;
        self.take_over(opened, true)
    }

    /// Reads into memory what the file says.
    fn take_over(&mut self, opened: Opened, thorough: bool) -> Result<OpenReport, OpenError> {
        let Opened { db, unclean, damaged, set_aside, saved_rows } = opened;
        let begun = guarded(|| begin(&db, &self.options, damaged)).map_err(engine::refused)?;
        let (epoch, fresh) = match begun {
            Begun::Here { epoch, fresh, .. } => (epoch, fresh),
            Begun::Newer(version) => return Err(OpenError::Newer(version)),
        };
        let known = guarded(|| Known::read(&db)).map_err(engine::refused)?;
        self.epoch = epoch;
        self.record_bytes = known.streams.values().map(|facts| facts.bytes.total()).sum();
        self.streams = known.streams;
        self.disowned = known.disowned;
        self.index.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
        self.unfolded.forget();
        self.hot.forget_all();
        let agenda = self.agenda.get_mut().unwrap_or_else(PoisonError::into_inner);
        self.streams.keys().for_each(|stream| agenda.met(*stream));
        *self.losses.get_mut().unwrap_or_else(PoisonError::into_inner) = known.losses;
        let mut mend = known.mend;
        if (thorough && unclean) || damaged || !mend.is_empty() {
            mend.extend(guarded(|| orphans(&db, &self.streams)).map_err(engine::refused)?);
        }
        self.state = Standing::Open(db);
        self.suspect.store(false, Ordering::Relaxed);
        let rebuilt = self.mend(mend)?;
        if damaged {
            self.compare_with_records().map_err(engine::refused)?;
        }
        if let Err(error) = self.medium.ballast(true) {
            // On a disk that stays full the file is opened again and again.
            match thorough {
                true => tracing::warn!(%error, "no room for the ballast; a full disk will be harder to leave"),
                false => tracing::debug!(%error, "no room for the ballast yet"),
            }
        }
        Ok(OpenReport { fresh, unclean, damaged, set_aside, saved_rows, rebuilt })
    }

    /// Counts again what is known of streams whose facts were lost.
    fn mend(&mut self, streams: BTreeSet<StreamId>) -> Result<Vec<StreamId>, OpenError> {
        if streams.is_empty() {
            return Ok(Vec::new());
        }
        let introduced: Vec<StreamId> =
            streams.into_iter().filter(|stream| self.streams.contains_key(stream)).collect();
        let mended = self.transact(|pen| {
            for stream in &introduced {
                let Some(old) = pen.take(*stream) else { continue };
                let facts = rebuild::rebuild(pen, *stream, StreamFacts::new(old.key, old.name))?;
                pen.give(*stream, facts);
            }
            Ok(())
        });
        match mended {
            Ok(()) => Ok(introduced),
            Err(CommitError::Full) => Err(OpenError::Full),
            Err(CommitError::Io(error)) => Err(OpenError::Io(error)),
            Err(CommitError::Damaged(why)) => Err(OpenError::Damaged(why)),
        }
    }
}

impl Log {
    /// Notes what the facts promise and the records of a saved file do not hold.
    fn compare_with_records(&mut self) -> Result<(), Trouble> {
        let Standing::Open(db) = &self.state else { return Ok(()) };
        let mut losses = Vec::new();
        guarded(|| {
            let txn = db.begin_read()?;
            let (ticks, seals) = (txn.open_table(Shelf::Tick.table())?, txn.open_table(Shelf::Seal.table())?);
            let (bodies, series) = (txn.open_table(Shelf::Body.table())?, txn.open_table(Shelf::Series.table())?);
            let heads = txn.open_table(Shelf::Columns.table())?;
            for (stream, facts) in &self.streams {
                let mut here = facts.gaps.clone();
                read::segments_from(&seals, *stream, 0, |_, row| {
                    if let Ok(row) = row {
                        here.insert(row.first(), row.last());
                    }
                    true
                })?;
                for row in read::rows_of(&ticks, *stream)? {
                    if let Some(number) = number(row?.0.value()) {
                        here.insert(number, number);
                    }
                }
                let mut columns = RangeSet::new();
                for row in read::rows_of(&heads, *stream)? {
                    let (key, row) = row?;
                    // Whether its leaves are all there is found when it is settled.
                    losses.push(Loss::row(*stream, Shelf::Columns, key.value().to_vec()));
                    if let (Some(first), Ok(row)) = (number(key.value()), read::columns(key.value(), row.value())) {
                        columns.insert(first, row.last.0);
                    }
                }
                let laid_out = |key: &[u8]| number(key).is_some_and(|first| columns.contains(first));
                for row in read::rows_of(&seals, *stream)? {
                    let (key, _) = row?;
                    if bodies.get(key.value())?.is_none() && !laid_out(key.value()) {
                        losses.push(Loss::row(*stream, Shelf::Seal, key.value().to_vec()));
                    }
                }
                let lost = facts.present.without(&here);
                if !lost.is_empty() {
                    losses.push(Loss::missing(*stream, lost));
                }
                // Of a sheet that is gone nobody else would know.
                losses.push(Loss::rollups(*stream));
                for place in 0..facts.schema_len {
                    let key = at(*stream, u64::from(place));
                    if series.get(key.as_slice())?.is_none() {
                        losses.push(Loss::row(*stream, Shelf::Series, key.to_vec()));
                        break;
                    }
                }
            }
            Ok(())
        })?;
        self.losses.get_mut().unwrap_or_else(PoisonError::into_inner).extend(losses);
        Ok(())
    }
}

pub(super) fn how(options: &Options) -> How<'static> {
    let (cache_bytes, check_up_to_bytes) = (options.cache_bytes, options.check_up_to_bytes);
    let (tables, is_right) = (&Shelf::TABLES, Shelf::is_right);
    How { cache_bytes, check_up_to_bytes, check_always: false, tables, is_right }
}

enum Begun {
    Here { epoch: u64, fresh: bool, format: u8 },
    Newer(u8),
}

/// Makes sure that the file has its tables, its format and its epoch: another one if it was saved from a damaged file.
fn begin(db: &Database, options: &Options, new_life: bool) -> Result<Begun, Trouble> {
    let old = match begun(db)? {
        Some(Begun::Here { epoch, .. }) if new_life => Some(epoch),
        Some(Begun::Here { epoch, format, .. }) if format < FORMAT || lacks_tables(db)? => {
            return write_anew(db, options, epoch);
        }
        Some(begun) => return Ok(begun),
        None => None,
    };
    let mut txn = db.begin_write()?;
    txn.set_quick_repair(options.quick_repair);
    let epoch = match options.new_epoch {
        Some(said) if new_life => old.unwrap_or(said).wrapping_add(1),
        Some(said) => said,
        None => random(),
    };
    let fresh = write_beginning(&txn, epoch)?;
    txn.commit()?;
    Ok(Begun::Here { epoch, fresh, format: FORMAT })
}

/// Brings a file of an earlier version to this one: its tables and its number. What is in it stays as it is.
fn write_anew(db: &Database, options: &Options, epoch: u64) -> Result<Begun, Trouble> {
    let mut txn = db.begin_write()?;
    txn.set_quick_repair(options.quick_repair);
    write_beginning(&txn, epoch)?;
    txn.commit()?;
    Ok(Begun::Here { epoch, fresh: false, format: FORMAT })
}

/// Whether a table is missing that came later than the file's version did.
fn lacks_tables(db: &Database) -> Result<bool, Trouble> {
    Ok(db.begin_read()?.list_tables()?.count() < Shelf::ALL.len())
}

fn begun(db: &Database) -> Result<Option<Begun>, Trouble> {
    let notes = match db.begin_read()?.open_table(Shelf::Note.table()) {
        Ok(notes) => notes,
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let format = notes.get(FORMAT_KEY)?.and_then(|row| Shelf::Note.read::<u8>(FORMAT_KEY, row.value()).ok());
    if let Some(later) = format.filter(|format| *format > FORMAT) {
        return Ok(Some(Begun::Newer(later)));
    }
    let epoch = notes.get(EPOCH_KEY)?.and_then(|row| Shelf::Note.read::<u64>(EPOCH_KEY, row.value()).ok());
    Ok(epoch.map(|epoch| Begun::Here { epoch, fresh: false, format: format.unwrap_or(FORMAT) }))
}

/// The row that says the log's epoch.
pub(crate) fn epoch_row(epoch: u64) -> (Vec<u8>, Vec<u8>) {
    (EPOCH_KEY.to_vec(), Shelf::Note.write(EPOCH_KEY, &epoch))
}

/// Says whether the file was empty.
fn write_beginning(txn: &WriteTransaction, epoch: u64) -> Result<bool, Trouble> {
    let fresh = txn.list_tables()?.next().is_none();
    for shelf in Shelf::ALL {
        txn.open_table(shelf.table())?;
    }
    let mut notes = txn.open_table(Shelf::Note.table())?;
    notes.insert(FORMAT_KEY, Shelf::Note.write(FORMAT_KEY, &FORMAT).as_slice())?;
    let (key, row) = epoch_row(epoch);
    notes.insert(key.as_slice(), row.as_slice())?;
    Ok(fresh)
}

fn random() -> u64 {
    // A machine without randomness has a clock.
    getrandom::u64().unwrap_or_else(|_| {
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(1, |since| since.as_nanos() as u64)
    })
}

/// What a file says, and what in it must be mended.
#[derive(Default)]
struct Known {
    streams: BTreeMap<StreamId, StreamFacts>,
    losses: Vec<Loss>,
    /// Streams without readable facts.
    mend: BTreeSet<StreamId>,
    /// Streams whose records are still to go.
    disowned: BTreeSet<StreamId>,
}

impl Known {
    fn read(db: &Database) -> Result<Self, Trouble> {
        let txn = db.begin_read()?;
        let disowned = disown::noted(&txn.open_table(Shelf::Note.table())?)?;
        let mut known = Self { disowned, ..Self::default() };
        for row in txn.open_table(Shelf::Intro.table())?.iter()? {
            let (key, row) = row?;
            let Some(stream) = stream_of(key.value()) else { continue };
            if let Ok((agent, name)) = Shelf::Intro.read(key.value(), row.value()) {
                known.streams.insert(stream, StreamFacts::new(agent, name));
                known.mend.insert(stream);
            }
        }
        for row in txn.open_table(Shelf::Facts.table())?.iter()? {
            let (key, row) = row?;
            let Some(stream) = stream_of(key.value()) else { continue };
            let Some(facts) = known.streams.get_mut(&stream) else { continue };
            if facts::read(stream, row.value(), facts).is_ok() {
                known.mend.remove(&stream);
            }
        }
        known.read_rolled(&txn.open_table(Shelf::Rollup.table())?)?;
        for row in txn.open_table(Shelf::Statement.table())?.iter()? {
            let (key, row) = row?;
            known.read_statement(key.value(), row.value());
        }
        known.find_lost_gaps();
        Ok(known)
    }

    /// What is in minutes and hours. A damaged note is counted again when it is settled.
    fn read_rolled(&mut self, rollups: &ReadOnlyTable<Bytes, Bytes>) -> Result<(), Trouble> {
        for (stream, facts) in &mut self.streams {
            match rolls::note(rollups, *stream)? {
                Ok(note) => facts.rolled.own = note.ticks,
                Err(_) => self.losses.push(Loss::row(*stream, Shelf::Rollup, rolls::note_key(*stream))),
            }
            match foreign::beside(rollups, *stream)? {
                Ok(beside) => beside.tell(facts),
                Err(_) => self.losses.push(Loss::row(*stream, Shelf::Rollup, foreign::beside_key(*stream))),
            }
            match thin::read(rollups, *stream)? {
                Ok(let_go) => let_go.tell(facts),
                Err(_) => self.losses.push(Loss::row(*stream, Shelf::Rollup, thin::key(*stream))),
            }
        }
        Ok(())
    }

    fn read_statement(&mut self, key: &[u8], row: &[u8]) {
        let Some(stream) = stream_of(key) else { return };
        let Some(facts) = self.streams.get_mut(&stream) else { return };
        match Shelf::Statement.read::<SignedStatement>(key, row) {
            Ok(said) if stated(stream, &said.statement) == key => match said.statement {
                Statement::Gap(gap) => facts.list(gap),
                Statement::Anchor(anchor) => {
                    facts.anchors.insert(anchor.boot.no, anchor);
                }
            },
            _ => self.losses.push(Loss::row(stream, Shelf::Statement, key.to_vec())),
        }
    }

    /// Numbers that are gaps by the facts, and no gap says so.
    fn find_lost_gaps(&mut self) {
        for (stream, facts) in &self.streams {
            let stated: RangeSet = facts.gap_list.iter().map(|gap| (gap.first.0, gap.last.0)).collect();
            let lost = facts.gaps.without(&stated);
            if !lost.is_empty() {
                self.losses.push(Loss::missing(*stream, lost));
            }
        }
    }
}

/// Streams that are introduced, have records, and of which nothing is known.
fn orphans(db: &Database, streams: &BTreeMap<StreamId, StreamFacts>) -> Result<Vec<StreamId>, Trouble> {
    let txn = db.begin_read()?;
    let (ticks, seals) = (txn.open_table(Shelf::Tick.table())?, txn.open_table(Shelf::Seal.table())?);
    let mut orphans = Vec::new();
    for (stream, facts) in streams {
        if facts.have.is_empty() && (read::any(&ticks, *stream)? || read::any(&seals, *stream)?) {
            orphans.push(*stream);
        }
    }
    Ok(orphans)
}
