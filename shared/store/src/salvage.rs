//! Which rows of a damaged table can still be read?
//!
//! From the front until a page refuses, then from the back. Only rows that prove right are copied, so that the new file is
//! in order whatever the old one was.

use redb::{Database, ReadableDatabase, ReadableTable};

use crate::engine::Rows;
use crate::errors::{Trouble, guarded};

/// Rows and bytes that are read before they are written: memory on a small machine.
const ROWS_AT_ONCE: usize = 256;
const BYTES_AT_ONCE: usize = 512 * 1024;

/// Wrong rows in one table after which it is believed to go in circles.
const MANY_WRONG: usize = 1 << 16;

/// Copies the rows of a table that prove right; says how many. Only trouble with the new file is an error.
pub(crate) fn copy(
    old: &Database,
    new: &Database,
    table: Rows,
    is_right: impl Fn(&[u8], &[u8]) -> bool,
) -> Result<u64, Trouble> {
    let mut copy =
        Copy { new, table, is_right, waiting: Vec::new(), bytes: 0, rows: 0, last: None, wrong: 0, refused: None };
    // What a page says that refuses is of no interest; what the new file says is.
    let whole = guarded(|| copy.forward(old));
    copy.flush()?;
    if !whole.is_ok_and(|whole| whole) && copy.refused.is_none() {
        let reached = copy.last.take();
        guarded(|| copy.backward(old, reached.as_deref())).unwrap_or_default();
        copy.flush()?;
    }
    copy.refused.map_or(Ok(copy.rows), Err)
}

struct Copy<'a, F> {
    new: &'a Database,
    table: Rows,
    is_right: F,
    waiting: Vec<(Vec<u8>, Vec<u8>)>,
    bytes: usize,
    rows: u64,
    /// The key of the last right row.
    last: Option<Vec<u8>>,
    wrong: usize,
    /// The new file could not be written.
    refused: Option<Trouble>,
}

impl<F: Fn(&[u8], &[u8]) -> bool> Copy<'_, F> {
    /// Says whether it came to the end.
    fn forward(&mut self, old: &Database) -> Result<bool, Trouble> {
        let table = old.begin_read()?.open_table(self.table)?;
        for row in table.iter()? {
            let (key, row) = row?;
            if !self.take(key.value(), row.value(), |key, last| key > last) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn backward(&mut self, old: &Database, reached: Option<&[u8]>) -> Result<(), Trouble> {
        let table = old.begin_read()?.open_table(self.table)?;
        for row in table.iter()?.rev() {
            let (key, row) = row?;
            let met =
                (self.is_right)(key.value(), row.value()) && reached.is_some_and(|reached| key.value() <= reached);
            if met || !self.take(key.value(), row.value(), |key, last| key < last) {
                break;
            }
        }
        Ok(())
    }

    /// Says whether to go on.
    fn take(&mut self, key: &[u8], row: &[u8], in_order: impl Fn(&[u8], &[u8]) -> bool) -> bool {
        if !(self.is_right)(key, row) {
            self.wrong += 1;
            return self.wrong < MANY_WRONG;
        }
        if self.last.as_deref().is_some_and(|last| !in_order(key, last)) {
            return false;
        }
        self.last = Some(key.to_vec());
        self.waiting.push((key.to_vec(), row.to_vec()));
        self.bytes += row.len();
        if self.waiting.len() >= ROWS_AT_ONCE || self.bytes >= BYTES_AT_ONCE {
            self.refused = self.flush().err();
        }
        self.refused.is_none()
    }

    fn flush(&mut self) -> Result<(), Trouble> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let txn = self.new.begin_write()?;
        {
            let mut table = txn.open_table(self.table)?;
            for (key, row) in &self.waiting {
                table.insert(key.as_slice(), row.as_slice())?;
            }
        }
        txn.commit()?;
        self.rows += self.waiting.len() as u64;
        self.waiting.clear();
        self.bytes = 0;
        Ok(())
    }
}
