//! What went wrong, and what happens next?

use std::io;
use std::path::PathBuf;

/// A store that could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process, or another part of this one, has it open. Nothing was touched; try again when it has ended.
    #[error("the store in {0} is open in another process")]
    InUse(PathBuf),
    /// A later version of Vigie wrote it. Nothing was touched; the newer program can still read it.
    #[error("the store was written by a later version of vigie (format {0})")]
    Newer(u8),
    /// The disk is full, even without the ballast. Nothing is lost; try again when there is room.
    #[error("the disk is too full to open the store")]
    Full,
    /// The operating system refused. Nothing is lost; try again.
    #[error("the store could not be opened")]
    Io(#[from] io::Error),
    /// The file is damaged and so was the fresh one begun in its place: the disk itself is failing.
    #[error("the store is damaged and a fresh one could not be begun: {0}")]
    Damaged(String),
}

/// A commit that did not happen. Nothing of it is durable for certain, and memory is as before.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// The disk is full. The ballast is gone already; make room, then commit again.
    #[error("the disk is full")]
    Full,
    /// The operating system refused. The file is opened anew before the next commit; commit again.
    #[error("the disk refused a write")]
    Io(#[source] io::Error),
    /// The file's structure is damaged. `heal()` saves what can be read into a fresh file, which has a new epoch.
    #[error("the store's file is damaged: {0}")]
    Damaged(String),
}

/// Something that could not be read. A single damaged record is no error: it is reported by `take_damage()`.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The operating system refused, or the file is closed since a failed commit; the next commit opens it anew.
    #[error("the disk refused a read")]
    Io(#[source] io::Error),
    /// The file's structure is damaged. `heal()` saves what can be read into a fresh file.
    #[error("the store's file is damaged: {0}")]
    Damaged(String),
}

/// What redb or the disk said, before it is known who asked.
#[derive(Debug)]
pub(crate) enum Trouble {
    Full,
    Io(io::Error),
    InUse,
    Damaged(String),
}

impl Trouble {
    pub(crate) fn of_io(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            // redb asks for bytes that its own header promises.
            io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData => Self::Damaged(error.to_string()),
            _ => Self::Io(error),
        }
    }
}

impl From<redb::Error> for Trouble {
    fn from(error: redb::Error) -> Self {
        match error {
            redb::Error::Io(error) => Self::of_io(error),
            redb::Error::DatabaseAlreadyOpen => Self::InUse,
            redb::Error::PreviousIo | redb::Error::DatabaseClosed | redb::Error::TransactionInProgress => {
                Self::Io(io::Error::other(error.to_string()))
            }
            other => Self::Damaged(other.to_string()),
        }
    }
}

macro_rules! through_redb_error {
    ($($of:ty),*) => { $(impl From<$of> for Trouble {
        fn from(error: $of) -> Self {
            Self::from(redb::Error::from(error))
        }
    })* };
}
through_redb_error!(
    redb::StorageError,
    redb::TableError,
    redb::TransactionError,
    redb::CommitError,
    redb::DatabaseError,
    redb::CompactionError,
    redb::SetDurabilityError
);

impl From<Trouble> for ReadError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Full => Self::Io(io::ErrorKind::StorageFull.into()),
            Trouble::InUse => Self::Io(io::ErrorKind::ResourceBusy.into()),
            Trouble::Io(error) => Self::Io(error),
            Trouble::Damaged(why) => Self::Damaged(why),
        }
    }
}

/// What was to be changed had to be read first.
impl From<ReadError> for CommitError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Io(error) => Self::Io(error),
            ReadError::Damaged(why) => Self::Damaged(why),
        }
    }
}

impl From<Trouble> for CommitError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Full => Self::Full,
            Trouble::InUse => Self::Io(io::ErrorKind::ResourceBusy.into()),
            Trouble::Io(error) => Self::Io(error),
            Trouble::Damaged(why) => Self::Damaged(why),
        }
    }
}

/// Runs what may meet a damaged page, where redb panics. In a program that aborts on panic this changes nothing: there
/// the next start finds the mark in the folder.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, Trouble>) -> Result<T, Trouble> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(Trouble::Damaged("a page that can not be read".to_owned())))
}
