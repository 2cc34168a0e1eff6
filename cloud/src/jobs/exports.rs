//! Writes a client's samples into files that wait to be fetched, for some days.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use tracing::warn;
use vigie_jobs::{Ended, Job, JobId, JobKind, JobWish, Priority};
use vigie_model::{Slug, UtcMs};
use vigie_node::{Failed, NodeClock};
use vigie_query::{Halt, Limits, QueryError, Stop};
use vigie_serve::{ExportGiven, ExportWish, Lookout, Stamp, Undecided};

use super::Book;
use super::book::NotChanged;

/// Where the files are, below the data folder. No backup takes them along: their samples it has.
pub(crate) const FOLDER: &str = "exports";

/// The largest file: a year of one machine's series as JSON lines has a tenth of it, and a hub's disk is for samples.
const MOST_BYTES: u64 = 1 << 30;

/// All files of one client together.
const MOST_OF_ONE_BYTES: u64 = 4 << 30;

/// For how long a file is kept: over a weekend.
const KEEP_MS: i64 = 3 * 86_400_000;

/// Written at once.
const BUFFER_BYTES: usize = 256 * 1024;

/// The files, and the samples that go into them.
pub(crate) struct Exports {
    folder: PathBuf,
    book: Arc<Book>,
    lookout: Arc<dyn Lookout>,
    clock: NodeClock,
}

impl std::fmt::Debug for Exports {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exports").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Exports {
    /// Opens the folder. What no job knows goes: it was broken off, or its client was erased.
    pub(crate) fn open(
        data: &Path,
        book: Arc<Book>,
        lookout: Arc<dyn Lookout>,
        clock: NodeClock,
    ) -> Result<Self, Failed> {
        let folder = data.join(FOLDER);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let exports = Self { folder, book, lookout, clock };
        exports.sweep()?;
        Ok(exports)
    }

    /// Takes an export in.
    pub(crate) fn ask(&self, wish: &ExportWish, by: &str) -> Result<Job, Undecided> {
        let kept = self.kept_of(&wish.client);
        if kept >= MOST_OF_ONE_BYTES {
            let text =
                format!("the exports of {} that are kept take {kept} bytes: wait until some of them go", wish.client);
            return Err(Undecided::Senseless(text));
        }
        let job = self.book.add(JobWish {
            kind: JobKind::Export,
            priority: Priority::Usual,
            client: Some(wish.client.clone()),
            what: about(wish),
            by: by.to_owned(),
            order: json!(wish),
            not_before: self.clock.now().utc,
        });
        Ok(job?)
    }

    /// What an export gave.
    pub(crate) fn file(&self, id: &JobId) -> Result<File, Undecided> {
        let none = Undecided::NotHere("such file");
        let job = self.book.one(id).ok_or_else(|| none.clone())?;
        let given =
            ExportGiven::of(&job).filter(|given| given.until > self.clock.now().utc).ok_or_else(|| none.clone())?;
        File::open(self.path(id, &given.name)).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => none,
            _ => Undecided::NotKept(error.to_string()),
        })
    }

    pub(crate) fn carry_out(&self, job: &Job, stop: &Arc<AtomicBool>) -> Ended {
        let wish: ExportWish = match serde_json::from_value(job.order.clone()) {
            Ok(wish) => wish,
            Err(error) => return Ended::Hopeless(format!("what was asked for can not be read any more: {error}")),
        };
        // What was asked for at once may all have fitted then.
        let room = MOST_OF_ONE_BYTES.saturating_sub(self.kept_of(&wish.client)).min(MOST_BYTES);
        if room == 0 {
            let why = "the client's exports that are kept take all that they may: ask again when some of them are gone";
            return Ended::Hopeless(why.to_owned());
        }
        let now = self.clock.now().utc;
        let part = self.folder.join(format!("{}.part", job.id));
        let ended = self.write((&wish, room), &part, stop).and_then(|(samples, bytes)| {
            let name = name(&wish, now);
            fs::rename(&part, self.path(&job.id, &name)).and_then(|()| File::open(&self.folder)?.sync_all())?;
            let given = ExportGiven { name, bytes, samples, until: UtcMs(now.0.saturating_add(KEEP_MS)) };
            Ok(Ended::Done(json!(given), format!("{samples} samples, {bytes} bytes")))
        });
        ended.unwrap_or_else(|not| {
            // What is left where even that fails goes at the next start.
            drop(fs::remove_file(&part));
            not.ended(stop)
        })
    }

    fn write(
        &self,
        (wish, room): (&ExportWish, u64),
        part: &Path,
        stop: &Arc<AtomicBool>,
    ) -> Result<(u64, u64), NotWritten> {
        let made = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(part)?;
        let mut out = Capped { out: BufWriter::with_capacity(BUFFER_BYTES, made), room, bytes: 0, failed: None };
        let halts = stop.clone();
        let stopped = move || halts.load(Ordering::Relaxed).then_some(Halt::Canceled);
        let limits = Limits { stop: Stop::when(stopped), ..Limits::usual() };
        let written = wish.write(self.lookout.source(), &limits, &mut out);
        if let Some(failed) = out.failed.take() {
            return Err(failed);
        }
        let samples = written?;
        out.out.flush()?;
        out.out.get_ref().sync_all()?;
        Ok((samples, out.bytes))
    }

    /// Files go whose days are over.
    pub(crate) fn let_go_of_old(&self) -> Result<(), NotChanged> {
        let now = self.clock.now().utc;
        for job in self.book.all() {
            let Some(given) = ExportGiven::of(&job).filter(|given| given.until <= now) else { continue };
            drop(fs::remove_file(self.path(&job.id, &given.name)));
            let removed = |job: &mut Job, now: UtcMs| {
                job.removed("the file was kept for three days", now);
                Ok(())
            };
            self.book.change(&job.id, removed)?;
        }
        self.sweep().unwrap_or_else(|error| warn!(%error, "old exports could not be removed; it is tried again"));
        Ok(())
    }

    /// What no job knows goes. What is no file was never an export.
    fn sweep(&self) -> io::Result<()> {
        let mut swept = Ok(());
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                continue;
            }
            let path = entry.path();
            let id = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.split('.').next());
            let job = id.and_then(|id| id.parse::<JobId>().ok()).and_then(|id| self.book.one(&id));
            let is_known = job.is_some_and(|job| match ExportGiven::of(&job) {
                Some(given) => path == self.path(&job.id, &given.name),
                // Under one name or the other: that it is whole is not written down yet.
                None => job.is_running(),
            });
            if !is_known {
                // The others go all the same.
                swept = fs::remove_file(&path).and(swept);
            }
        }
        swept
    }

    fn kept_of(&self, client: &Slug) -> u64 {
        let own = self.book.all().into_iter().filter(|job| job.client.as_ref() == Some(client));
        own.filter_map(|job| ExportGiven::of(&job)).map(|given| given.bytes).sum()
    }

    /// Nothing that somebody wrote stands in a path: the name of the job and the ending of the file.
    fn path(&self, id: &JobId, name: &str) -> PathBuf {
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        self.folder.join(format!("{id}.{ending}"))
    }
}

/// What it is about, for people: which series, and of when.
fn about(wish: &ExportWish) -> String {
    let series: String = match wish.matches.as_slice() {
        [] => "all series".to_owned(),
        some => some.join(", ").chars().take(200).collect(),
    };
    let at = |stamp: Option<Stamp>| stamp.map_or_else(|| "…".to_owned(), |at| at.to_string());
    match (wish.start, wish.end) {
        (None, None) => series,
        (start, end) => format!("{series}, {} – {}", at(start), at(end)),
    }
}

fn name(wish: &ExportWish, now: UtcMs) -> String {
    let stamp: String = Stamp(now).to_string().chars().filter(char::is_ascii_alphanumeric).take(15).collect();
    format!("vigie-{}-{stamp}.{}", wish.client, wish.format.ending())
}

/// Why there is no file.
#[derive(Debug)]
enum NotWritten {
    Io(io::Error),
    /// More than there is room for.
    TooLarge(u64),
    Query(QueryError),
}

impl From<io::Error> for NotWritten {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<QueryError> for NotWritten {
    fn from(error: QueryError) -> Self {
        Self::Query(error)
    }
}

impl NotWritten {
    fn ended(self, stop: &AtomicBool) -> Ended {
        match self {
            _ if stop.load(Ordering::Relaxed) => Ended::Stopped,
            Self::TooLarge(room) => Ended::Hopeless(format!(
                "it takes more than {room} bytes, and no file was kept: ask for fewer series, a shorter time, Parquet, or hours"
            )),
            Self::Query(QueryError::BadData(why) | QueryError::Execution(why)) => Ended::Hopeless(why),
            Self::Query(error) => Ended::Failed(error.to_string()),
            Self::Io(error) => Ended::Failed(format!("the file can not be written: {error}")),
        }
    }
}

/// A file that takes so much and no more, and remembers why it took no more.
struct Capped {
    out: BufWriter<File>,
    room: u64,
    bytes: u64,
    failed: Option<NotWritten>,
}

impl Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.saturating_add(bytes.len() as u64) > self.room {
            self.failed = Some(NotWritten::TooLarge(self.room));
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.out.write_all(bytes).inspect_err(|error| {
            self.failed = Some(NotWritten::Io(io::Error::new(error.kind(), error.to_string())));
        })?;
        self.bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
