//! What is wrong with a file that was carried here, and where?

use std::io;

/// A file that could not be written. It is not whole; remove it.
#[derive(Debug, thiserror::Error)]
pub enum NotWritten {
    /// The disk refused, is full, or whoever took it is gone.
    #[error("the file could not be written: {0}")]
    Io(#[from] io::Error),
    /// Something is larger than a file holds in one piece.
    #[error("{what} of {bytes} bytes is more than a file holds in one piece ({most})")]
    TooLarge {
        /// What it is.
        what: &'static str,
        /// How large it is.
        bytes: usize,
        /// How large it may be.
        most: usize,
    },
}

/// A file that can not be read, or not further. What stood before the place that is named was right.
#[derive(Debug, thiserror::Error)]
pub enum CarriedError {
    /// The disk or the line refused.
    #[error("the file could not be read any further: {0}")]
    Io(#[source] io::Error),
    /// It is another file.
    #[error("this is no file that a relay of vigie wrote to be carried")]
    NotOne,
    /// A later program wrote it.
    #[error("a later version of vigie wrote this file (format {0})")]
    Newer(u8),
    /// Its first bytes are not what its relay signed.
    #[error("the head of the file is not what its relay wrote")]
    Head,
    /// It ends before its end.
    #[error("the file is cut short: it ends within part {part}, which begins at byte {at}")]
    CutShort {
        /// The part, counted from 1.
        part: u64,
        /// Where it begins.
        at: u64,
    },
    /// A part is not what was written.
    #[error("part {part} of the file, which begins at byte {at}, is not what its relay wrote")]
    Damaged {
        /// The part, counted from 1.
        part: u64,
        /// Where it begins.
        at: u64,
    },
    /// The last part was read, and more follows.
    #[error("something follows the end of the file, at byte {at}")]
    AfterEnd {
        /// Where it begins.
        at: u64,
    },
}
