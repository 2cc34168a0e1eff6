//! What is wrong with a backup, and what happens next?

use std::io;

/// A backup that could not be written. The file is not whole; remove it.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The disk refused, or is full.
    #[error("the backup could not be written: {0}")]
    Io(#[from] io::Error),
    /// Something is larger than a backup holds.
    #[error("{what} of {bytes} bytes is more than a backup holds in one piece ({most})")]
    TooLarge {
        /// What it is.
        what: &'static str,
        /// How large it is.
        bytes: usize,
        /// How large it may be.
        most: usize,
    },
    /// The passphrase's key could not be made.
    #[error("no key could be made of the passphrase: {0}")]
    Key(String),
}

/// A backup that could not be read. Nothing of it is to be believed.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The disk refused.
    #[error("the backup could not be read: {0}")]
    Io(#[source] io::Error),
    /// It is another file.
    #[error("this is no backup of vigie")]
    NotOne,
    /// A later program wrote it: use that one.
    #[error("the backup was written by a later version of vigie (format {0})")]
    Newer(u8),
    /// It ends before its end.
    #[error("the backup is cut short")]
    CutShort,
    /// A bit is not what was written; or, where it is sealed, the passphrase is another.
    #[error("the backup is damaged after {good_bytes} good bytes{}", if *sealed { ", or the passphrase is another" } else { "" })]
    Damaged {
        /// So much of its content proved right before.
        good_bytes: u64,
        /// It is sealed with a passphrase.
        sealed: bool,
    },
    /// It is sealed, and no passphrase was given.
    #[error("the backup is sealed with a passphrase, and none was given")]
    Sealed,
    /// A chunk proves right and holds what no writer writes.
    #[error("the backup holds {0}, which nothing writes")]
    Senseless(&'static str),
    /// The passphrase's key could not be made.
    #[error("no key could be made of the passphrase: {0}")]
    Key(String),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::CutShort,
            _ => Self::Io(error),
        }
    }
}
