//! Which rows of a damaged table can still be read?
//!
//! From the front until a page refuses, then from the back. Rows are copied as they stand: their checksums say later which
//! of them are right.

use redb::{Database, ReadableDatabase};

use crate::engine::Rows;
use crate::errors::{Trouble, guarded};

/// Rows and bytes that are read before they are written: memory on a small machine.
const ROWS_AT_ONCE: usize = 256;
const BYTES_AT_ONCE: usize = 512 * 1024;

type Row = (Vec<u8>, Vec<u8>);

/// Copies a table; says how many rows. Only trouble with the new file is an error.
pub(crate) fn copy(old: &Database, new: &Database, table: Rows) -> Result<u64, Trouble> {
    let mut rows = 0;
    let mut front: Option<Vec<u8>> = None;
    loop {
        let some = read_forward(old, table, front.as_deref());
        rows += write(new, table, &some.rows)?;
        if let Some((key, _)) = some.rows.last() {
            front = Some(key.clone());
        }
        match some.end {
            End::More if !some.rows.is_empty() => {}
            End::Refused => break,
            _ => return Ok(rows),
        }
    }
    let mut back: Option<Vec<u8>> = None;
    loop {
        let some = read_backward(old, table, front.as_deref(), back.as_deref());
        rows += write(new, table, &some.rows)?;
        if let Some((key, _)) = some.rows.last() {
            back = Some(key.clone());
        }
        if !matches!(some.end, End::More) || some.rows.is_empty() {
            return Ok(rows);
        }
    }
}

/// What one reading brought.
struct Batch {
    rows: Vec<Row>,
    end: End,
}

enum End {
    /// There may be more.
    More,
    /// There is no more.
    Last,
    /// A page could not be read.
    Refused,
}

fn read_forward(db: &Database, table: Rows, after: Option<&[u8]>) -> Batch {
    read(|rows| {
        let table = db.begin_read()?.open_table(table)?;
        let range = match after {
            Some(key) => table.range::<&[u8]>((std::ops::Bound::Excluded(key), std::ops::Bound::Unbounded))?,
            None => table.range::<&[u8]>(..)?,
        };
        let mut last = after.map(<[u8]>::to_vec);
        for row in range {
            let (key, value) = row?;
            // A tree that goes in circles.
            if last.as_deref().is_some_and(|last| key.value() <= last) {
                return Ok(End::Refused);
            }
            last = Some(key.value().to_vec());
            if !take(rows, key.value(), value.value()) {
                return Ok(End::More);
            }
        }
        Ok(End::Last)
    })
}

fn read_backward(db: &Database, table: Rows, after: Option<&[u8]>, before: Option<&[u8]>) -> Batch {
    use std::ops::Bound;
    read(|rows| {
        let table = db.begin_read()?.open_table(table)?;
        let low = after.map_or(Bound::Unbounded, Bound::Excluded);
        let high = before.map_or(Bound::Unbounded, Bound::Excluded);
        let mut last = before.map(<[u8]>::to_vec);
        for row in table.range::<&[u8]>((low, high))?.rev() {
            let (key, value) = row?;
            if last.as_deref().is_some_and(|last| key.value() >= last) {
                return Ok(End::Refused);
            }
            last = Some(key.value().to_vec());
            if !take(rows, key.value(), value.value()) {
                return Ok(End::More);
            }
        }
        Ok(End::Last)
    })
}

/// Says whether there is room for another row.
fn take(rows: &mut Vec<Row>, key: &[u8], value: &[u8]) -> bool {
    rows.push((key.to_vec(), value.to_vec()));
    rows.len() < ROWS_AT_ONCE && rows.iter().map(|row| row.1.len()).sum::<usize>() < BYTES_AT_ONCE
}

/// What was read before a page refused is kept.
fn read(work: impl FnOnce(&mut Vec<Row>) -> Result<End, Trouble>) -> Batch {
    let mut rows = Vec::new();
    let end = guarded(|| work(&mut rows)).unwrap_or(End::Refused);
    Batch { rows, end }
}

fn write(db: &Database, table: Rows, rows: &[Row]) -> Result<u64, Trouble> {
    if rows.is_empty() {
        return Ok(0);
    }
    let txn = db.begin_write()?;
    {
        let mut table = txn.open_table(table)?;
        for (key, value) in rows {
            table.insert(key.as_slice(), value.as_slice())?;
        }
    }
    txn.commit()?;
    Ok(rows.len() as u64)
}
