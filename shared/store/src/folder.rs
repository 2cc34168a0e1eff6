//! A store's files in a folder: `log.redb`, and beside it a lock, a mark and a ballast.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use redb::StorageBackend;

use crate::errors::OpenError;
use crate::medium::{Deaths, LastTime, Medium, Space};

/// Damaged files that are kept for a curious person. The third takes the place of the oldest.
const KEPT_ASIDE: u32 = 2;

/// What `st_blocks` counts, whatever the file system.
#[cfg(unix)]
const UNIX_BLOCK_BYTES: u64 = 512;

/// The files of one store.
#[derive(Debug)]
pub struct Folder {
    dir: PathBuf,
    name: &'static str,
    ballast_bytes: u64,
    last_time: LastTime,
    /// Held, not read: dropping it lets the next process in.
    _lock: File,
}

impl Folder {
    /// The store `name` in a folder, which is made if it is not there. Only one at a time.
    ///
    /// # Errors
    /// When another process has it, or the folder can not be used.
    pub fn lock(dir: &Path, name: &'static str, ballast_bytes: u64) -> Result<Self, OpenError> {
        fs::create_dir_all(dir)?;
        let lock =
            OpenOptions::new().create(true).truncate(false).write(true).open(dir.join(format!("{name}.lock")))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::InUse(dir.to_owned())),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let mut folder = Self { dir: dir.to_owned(), name, ballast_bytes, last_time: LastTime::Clean, _lock: lock };
        folder.last_time = folder.read_mark();
        Ok(folder)
    }

    /// The file itself.
    pub fn file(&self) -> PathBuf {
        self.beside("redb")
    }

    fn beside(&self, ending: &str) -> PathBuf {
        self.dir.join(format!("{}.{ending}", self.name))
    }

    /// `opening <times> <kernel boot> <deaths while open>`, or `open <deaths before> <kernel boot>`. A power cut is not the file's fault: deaths are
    /// counted only within one boot of the kernel.
    fn read_mark(&self) -> LastTime {
        let Ok(mark) = fs::read_to_string(self.beside("mark")) else { return LastTime::Clean };
        let mut words = mark.split_whitespace();
        let (doing, times, boot) = (words.next(), words.next(), words.next());
        if boot != Some(kernel_boot().as_str()) {
            return LastTime::Unclean;
        }
        let number = |word: Option<&str>| word.and_then(|word| word.parse::<u32>().ok());
        match doing {
            Some("opening") => {
                LastTime::Died(Deaths { opening: number(times).unwrap_or(1), open: number(words.next()).unwrap_or(0) })
            }
            Some("open") => LastTime::Died(Deaths { opening: 0, open: number(times).unwrap_or(0).saturating_add(1) }),
            _ => LastTime::Unclean,
        }
    }

    fn name_aside(&self) -> PathBuf {
        let path = |at: u32| self.beside(&format!("redb.damaged-{at}"));
        let age = |path: &PathBuf| fs::metadata(path).and_then(|meta| meta.modified()).ok();
        let free = (1..=KEPT_ASIDE).map(path).find(|path| !path.exists());
        free.unwrap_or_else(|| (1..=KEPT_ASIDE).map(path).min_by_key(age).unwrap_or_else(|| path(1)))
    }

    /// A damaged file is a curiosity: it goes where it takes room that the disk needs.
    fn has_room_aside(&self, bytes: u64) -> bool {
        self.space().is_none_or(|space| may_stay(bytes, space))
    }
}

impl Medium for Folder {
    fn backend(&mut self) -> io::Result<Box<dyn StorageBackend>> {
        open_file(&self.file())
    }

    fn fresh(&mut self) -> io::Result<Box<dyn StorageBackend>> {
        let path = self.beside("redb.new");
        remove(&path)?;
        open_file(&path)
    }

    fn drop_fresh(&mut self) -> io::Result<()> {
        remove(&self.beside("redb.new"))
    }

    fn set_aside(&mut self) -> io::Result<Option<String>> {
        let (file, fresh) = (self.file(), self.beside("redb.new"));
        let bytes = fs::metadata(&file).map_or(0, |meta| meta.len());
        let mut aside = None;
        if !self.has_room_aside(bytes) {
            remove(&file)?;
        } else if file.exists() {
            let to = self.name_aside();
            fs::rename(&file, &to)?;
            aside = Some(to.display().to_string());
        }
        if fresh.exists() {
            fs::rename(&fresh, &file)?;
        }
        sync_dir(&self.dir)?;
        Ok(aside)
    }

    fn replace(&mut self) -> io::Result<()> {
        fs::rename(self.beside("redb.new"), self.file())?;
        sync_dir(&self.dir)
    }

    fn last_time(&self) -> LastTime {
        self.last_time
    }

    fn note_opening(&mut self) -> io::Result<()> {
        let Deaths { opening, open } = self.last_time.deaths();
        // A disk too full for thirty bytes is no reason not to open; then deaths are not counted.
        match fs::write(
            self.beside("mark"),
            format!("opening {} {} {open}\n", opening.saturating_add(1), kernel_boot()),
        ) {
            Err(error) if error.kind() != io::ErrorKind::StorageFull => Err(error),
            _ => Ok(()),
        }
    }

    fn note_open(&mut self, deaths: u32) {
        // Where it fails, the mark still says that the store was not closed.
        fs::write(self.beside("mark"), format!("open {deaths} {}\n", kernel_boot())).unwrap_or_default();
        self.last_time = LastTime::Unclean;
    }

    fn note_closed(&mut self) {
        remove(&self.beside("mark")).unwrap_or_default();
        self.last_time = LastTime::Clean;
    }

    fn ballast(&mut self, hold: bool) -> io::Result<()> {
        let path = self.beside("ballast");
        if !hold || self.ballast_bytes == 0 {
            return remove(&path);
        }
        if fs::metadata(&path).is_ok_and(|meta| meta.len() == self.ballast_bytes) {
            return Ok(());
        }
        // Twice its size must be free: it is there for a full disk, not to fill one.
        if self.space().is_some_and(|space| space.free_bytes < 2 * self.ballast_bytes) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let written = write_ballast(&path, self.ballast_bytes);
        if written.is_err() {
            remove(&path)?;
        }
        written
    }

    #[cfg(unix)]
    fn taken_bytes(&self) -> Option<u64> {
        use std::os::unix::fs::MetadataExt;
        fs::metadata(self.file()).ok().map(|meta| meta.blocks() * UNIX_BLOCK_BYTES)
    }

    fn witness(&self) -> Option<Vec<u8>> {
        fs::read(self.beside("witness")).ok()
    }

    fn set_witness(&mut self, bytes: &[u8]) -> io::Result<()> {
        let (path, new) = (self.beside("witness"), self.beside("witness.new"));
        let mut file = File::create(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(new, path)?;
        sync_dir(&self.dir)
    }

    #[cfg(unix)]
    fn space(&self) -> Option<Space> {
        let said = rustix::fs::statvfs(&self.dir).ok()?;
        let bytes = |blocks: u64| blocks.saturating_mul(said.f_frsize);
        Some(Space { total_bytes: bytes(said.f_blocks), free_bytes: bytes(said.f_bavail) })
    }
}

/// The store that takes a damaged file's place may grow as large again, and a second one may be set aside. On a disk that
/// is full to nine tenths only a small one stays.
fn may_stay(bytes: u64, space: Space) -> bool {
    let times = if space.free_bytes < space.total_bytes / 10 { 100 } else { 4 };
    bytes.saturating_mul(times) <= space.free_bytes
}

fn open_file(path: &Path) -> io::Result<Box<dyn StorageBackend>> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
    // After a failed fsync the kernel may hold pages that are not on the disk and never will be (the reason why
    // PostgreSQL stops then). What is read from here on comes from the disk.
    #[cfg(target_os = "linux")]
    rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed).unwrap_or_default();
    #[cfg(target_os = "linux")]
    let backend = crate::sparse::Sparse::new(file)?;
    #[cfg(not(target_os = "linux"))]
    let backend = redb::backends::FileBackend::new(file).map_err(io::Error::other)?;
    Ok(Box::new(backend))
}

/// Written, not reserved: what some file systems reserve they do not give.
fn write_ballast(path: &Path, bytes: u64) -> io::Result<()> {
    let mut file = File::create(path)?;
    let block = [0x5a; 4096];
    let mut left = bytes;
    while left > 0 {
        let some = left.min(block.len() as u64);
        file.write_all(&block[..some as usize])?;
        left -= some;
    }
    file.sync_all()
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn sync_dir(dir: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(dir)?.sync_all() } else { Ok(()) }
}

fn kernel_boot() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map_or_else(|_| "unknown".to_owned(), |id| id.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GB: u64 = 1 << 30;

    #[test]
    fn a_damaged_file_stays_where_it_takes_little_of_what_is_free() {
        let disk = |free_bytes| Space { total_bytes: 100 * GB, free_bytes };
        assert!(may_stay(5 * GB, disk(20 * GB)) && !may_stay(6 * GB, disk(20 * GB)));
        assert!(may_stay(GB / 20, disk(5 * GB)) && !may_stay(GB / 10, disk(5 * GB)));
        assert!(may_stay(0, disk(0)) && !may_stay(1, disk(0)));
    }
}
