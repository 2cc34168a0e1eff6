//! What is in a backup: files, and the rows of stores.

use std::io::{Read, Write};

use crate::chunk::{Chunks, Prover, Unchunked};
use crate::error::{ReadError, WriteError};
use crate::head::Head;
use crate::lock::Passphrase;

/// Longest path of a file, and longest name of a store.
const MAX_NAME_BYTES: usize = 1024;

/// Longest key of a row.
const MAX_KEY_BYTES: usize = 64 * 1024;

/// Longest value of a row, and largest file: a segment is far below it.
const MAX_VALUE_BYTES: usize = 64 * 1024 * 1024;

const FILE: u8 = 1;
const STORE: u8 = 2;
const ROW: u8 = 3;
const END: u8 = 4;

/// A piece of a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// A file, by its path below the data folder, with the bits of who may read it.
    File {
        /// With `/` between its parts, none of which is `..`.
        path: String,
        /// As in Unix.
        mode: u32,
        /// All of it.
        content: Vec<u8>,
    },
    /// The rows that follow are of this store.
    Store(String),
    /// A row as it stands, with its checksum.
    Row {
        /// The table's place in its store.
        table: u8,
        /// The key.
        key: Vec<u8>,
        /// The value.
        value: Vec<u8>,
    },
}

/// How much a backup holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Total {
    /// Files.
    pub files: u64,
    /// Rows of all stores.
    pub rows: u64,
}

impl Total {
    fn count(&mut self, item: u8) {
        match item {
            FILE => self.files += 1,
            ROW => self.rows += 1,
            _ => {}
        }
    }
}

/// Writes a backup, from its head on.
#[expect(missing_debug_implementations, reason = "holds a key")]
pub struct Writer<W: Write> {
    out: Chunks<W>,
    total: Total,
}

impl<W: Write> Writer<W> {
    /// Begins a backup. Where its head has a lock there must be a passphrase, and takes some tenths of a second for it.
    ///
    /// # Errors
    /// When the head can not be written, or no key can be made.
    pub fn begin(mut out: W, head: &Head, passphrase: Option<&Passphrase>) -> Result<Self, WriteError> {
        let key = match (&head.lock, passphrase) {
            (Some(lock), Some(passphrase)) => Some(lock.key(passphrase).map_err(WriteError::Key)?),
            (Some(_), None) => return Err(WriteError::Key("there is none".to_owned())),
            (None, _) => None,
        };
        let head = head.write(&mut out)?;
        Ok(Self { out: Chunks::new(out, Prover::new(head, key)), total: Total::default() })
    }

    /// A file, by its path below the data folder.
    ///
    /// # Errors
    /// When it is too large, or can not be written.
    pub fn file(&mut self, path: &str, mode: u32, content: &[u8]) -> Result<(), WriteError> {
        self.tag(FILE)?;
        self.bytes("a path", path.as_bytes(), MAX_NAME_BYTES)?;
        self.out.write(&mode.to_be_bytes())?;
        self.bytes("a file", content, MAX_VALUE_BYTES)
    }

    /// The rows from here on are of this store.
    ///
    /// # Errors
    /// When it can not be written.
    pub fn store(&mut self, name: &str) -> Result<(), WriteError> {
        self.tag(STORE)?;
        self.bytes("a name", name.as_bytes(), MAX_NAME_BYTES)
    }

    /// A row of the store that was named last.
    ///
    /// # Errors
    /// When it is too large, or can not be written.
    pub fn row(&mut self, table: u8, key: &[u8], value: &[u8]) -> Result<(), WriteError> {
        self.tag(ROW)?;
        self.out.write(&[table])?;
        self.bytes("a key", key, MAX_KEY_BYTES)?;
        self.bytes("a value", value, MAX_VALUE_BYTES)
    }

    /// Ends it: without this it is cut short. Hands back what was written to, to be made durable.
    ///
    /// # Errors
    /// When it can not be written.
    pub fn end(mut self) -> Result<(W, Total), WriteError> {
        let total = self.total;
        self.out.write(&[END])?;
        self.out.write(&total.files.to_be_bytes())?;
        self.out.write(&total.rows.to_be_bytes())?;
        Ok((self.out.end()?, total))
    }

    fn tag(&mut self, tag: u8) -> Result<(), WriteError> {
        self.total.count(tag);
        self.out.write(&[tag])
    }

    fn bytes(&mut self, what: &'static str, bytes: &[u8], most: usize) -> Result<(), WriteError> {
        if bytes.len() > most {
            return Err(WriteError::TooLarge { what, bytes: bytes.len(), most });
        }
        self.out.write(&(bytes.len() as u32).to_be_bytes())?;
        self.out.write(bytes)
    }
}

/// Reads a backup, piece by piece. Only once it has come to its end is it known to be whole.
#[expect(missing_debug_implementations, reason = "holds a key")]
pub struct Reader<R: Read> {
    input: Unchunked<R>,
    total: Total,
    ended: bool,
}

impl<R: Read> Reader<R> {
    /// Opens a backup: what it says of itself, and its pieces.
    ///
    /// # Errors
    /// When it is none, or is sealed and there is no passphrase.
    pub fn open(mut input: R, passphrase: Option<&Passphrase>) -> Result<(Head, Self), ReadError> {
        let (head, bound_to) = Head::read(&mut input)?;
        let key = match (&head.lock, passphrase) {
            (Some(lock), Some(passphrase)) => Some(lock.key(passphrase).map_err(ReadError::Key)?),
            (Some(_), None) => return Err(ReadError::Sealed),
            (None, _) => None,
        };
        let input = Unchunked::new(input, Prover::new(bound_to, key));
        Ok((head, Self { input, total: Total::default(), ended: false }))
    }

    /// The next piece; nothing at the end, where it is known that none is missing.
    ///
    /// # Errors
    /// When it is damaged, cut short, or can not be read.
    #[expect(clippy::should_implement_trait, reason = "an error ends it")]
    pub fn next(&mut self) -> Result<Option<Item>, ReadError> {
        if self.ended {
            return Ok(None);
        }
        let [tag] = self.fixed()?;
        self.total.count(tag);
        Ok(Some(match tag {
            FILE => {
                let path = self.name()?;
                let mode = u32::from_be_bytes(self.fixed()?);
                Item::File { path, mode, content: self.bytes(MAX_VALUE_BYTES)? }
            }
            STORE => Item::Store(self.name()?),
            ROW => {
                let [table] = self.fixed()?;
                Item::Row { table, key: self.bytes(MAX_KEY_BYTES)?, value: self.bytes(MAX_VALUE_BYTES)? }
            }
            END => {
                let said = Total { files: self.number()?, rows: self.number()? };
                self.input.end()?;
                if said != self.total {
                    return Err(ReadError::Senseless("another number of pieces than it says"));
                }
                self.ended = true;
                return Ok(None);
            }
            _ => return Err(ReadError::Senseless("a piece of a kind")),
        }))
    }

    /// What was read so far.
    pub fn total(&self) -> Total {
        self.total
    }

    /// Bytes of content that proved right so far.
    pub fn good_bytes(&self) -> u64 {
        self.input.good_bytes()
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], ReadError> {
        let mut bytes = [0; N];
        self.input.read(&mut bytes)?;
        Ok(bytes)
    }

    fn number(&mut self) -> Result<u64, ReadError> {
        self.fixed().map(u64::from_be_bytes)
    }

    fn bytes(&mut self, most: usize) -> Result<Vec<u8>, ReadError> {
        let len = u32::from_be_bytes(self.fixed()?) as usize;
        if len > most {
            return Err(ReadError::Senseless("a piece of that length"));
        }
        let mut bytes = vec![0; len];
        self.input.read(&mut bytes)?;
        Ok(bytes)
    }

    fn name(&mut self) -> Result<String, ReadError> {
        String::from_utf8(self.bytes(MAX_NAME_BYTES)?).map_err(|_| ReadError::Senseless("a name that is no text"))
    }
}
