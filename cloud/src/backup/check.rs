//! Reading a backup from its beginning to its end: is it whole, and does every row in it prove right?

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use serde::Serialize;
use vigie_backup::{Head, Item, Passphrase, ReadError, Reader};
use vigie_node::Failed;
use vigie_store::Which;

/// What is known of a backup after it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Checked {
    pub(super) node: String,
    pub(super) name: String,
    pub(super) software: String,
    pub(super) made_at_ms: i64,
    pub(super) sealed: bool,
    pub(super) files: u64,
    pub(super) rows: u64,
    /// Rows that were damaged already when it was taken.
    pub(super) damaged_rows: u64,
}

/// Reads all of it, and hands each piece with the store it is of to `each`.
pub(super) fn read(
    from: &Path,
    passphrase: Option<&Passphrase>,
    mut told: impl FnMut(u64),
    mut each: impl FnMut(&Head, Option<Which>, Item) -> Result<(), Failed>,
) -> Result<Checked, Failed> {
    let wrong = |error: ReadError| Failed::new(1, format!("{}: {error}", from.display()));
    let file = File::open(from).map_err(|error| wrong(ReadError::Io(error)))?;
    let (head, mut reader) = Reader::open(BufReader::with_capacity(1 << 20, file), passphrase).map_err(wrong)?;
    let (mut which, mut damaged_rows) = (None, 0);
    while let Some(item) = reader.next().map_err(wrong)? {
        match &item {
            Item::Store(name) => which = Which::of_name(name),
            Item::Row { table, key, value } => {
                damaged_rows += u64::from(!which.is_some_and(|which| which.is_right(*table, key, value)));
            }
            Item::File { .. } => {}
        }
        each(&head, which, item)?;
        told(reader.good_bytes());
    }
    let total = reader.total();
    Ok(Checked {
        node: head.node,
        name: head.name,
        software: head.software,
        made_at_ms: head.made_at_ms,
        sealed: head.lock.is_some(),
        files: total.files,
        rows: total.rows,
        damaged_rows,
    })
}
