//! A shelf in memory whose commits fail as a disk's do, for simulators: thousands of times faster than a simulated disk.

use std::collections::BTreeMap;
use std::io;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::shelf::{Change, Look, Shelf};
use crate::errors::{CommitError, ReadError};
use crate::state::{StateRow, TxError};

type Table = BTreeMap<Vec<u8>, Vec<u8>>;

/// Rows in memory. Clones are the same shelf.
#[derive(Debug, Clone, Default)]
pub struct MemoryShelf(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    tables: BTreeMap<String, Table>,
    witness: Option<Vec<u8>>,
    /// The commit after so many fails: it happened, or it did not.
    fails_in: Option<(u64, bool)>,
    commits: u64,
    dead: bool,
}

impl MemoryShelf {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// The commit after so many more is the last: power fails, after it became durable or before.
    pub fn fail_in(&self, commits: u64, durable: bool) {
        self.inner().fails_in = Some((commits, durable));
    }

    /// No commit fails any more.
    pub fn fail_never(&self) {
        self.inner().fails_in = None;
    }

    /// How many commits there were.
    pub fn commits(&self) -> u64 {
        self.inner().commits
    }

    /// What a restart finds.
    #[must_use]
    pub fn restarted(&self) -> Self {
        let old = self.inner();
        let inner = Inner { tables: old.tables.clone(), witness: old.witness.clone(), ..Inner::default() };
        Self(Arc::new(Mutex::new(inner)))
    }

    /// What a copy of the file brings back, beside what stands beside it now: all of the copy's when `whole`.
    #[must_use]
    pub fn replaced_by(&self, copy: &Self, whole: bool) -> Self {
        let restored = copy.restarted();
        if !whole {
            restored.inner().witness.clone_from(&self.inner().witness);
        }
        restored
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn no_power() -> io::Error {
    io::Error::other("no power")
}

impl Shelf for MemoryShelf {
    fn look(&self, work: &mut dyn FnMut(&mut dyn Look) -> Result<(), TxError>) -> Result<(), ReadError> {
        let mut inner = self.inner();
        if inner.dead {
            return Err(ReadError::Io(no_power()));
        }
        let mut tx = Tx { tables: &mut inner.tables, undo: Vec::new() };
        // Nothing of memory refuses.
        work(&mut tx).map_err(|_| ReadError::Io(no_power()))
    }

    fn change(&self, work: &mut dyn FnMut(&mut dyn Change) -> Result<bool, TxError>) -> Result<(), CommitError> {
        let mut inner = self.inner();
        if inner.dead {
            return Err(CommitError::Io(no_power()));
        }
        let mut tx = Tx { tables: &mut inner.tables, undo: Vec::new() };
        let keep = work(&mut tx);
        let undo = std::mem::take(&mut tx.undo);
        if !matches!(keep, Ok(true)) {
            inner.undo(undo);
            return keep.map(drop).map_err(|_| CommitError::Io(no_power()));
        }
        inner.commits += 1;
        match inner.fails_in {
            Some((0, durable)) => {
                inner.dead = true;
                if !durable {
                    inner.undo(undo);
                }
                Err(CommitError::Io(no_power()))
            }
            Some((more, durable)) => {
                inner.fails_in = Some((more - 1, durable));
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn witness(&self) -> Option<Vec<u8>> {
        self.inner().witness.clone()
    }

    fn set_witness(&self, bytes: &[u8]) -> io::Result<()> {
        let mut inner = self.inner();
        if inner.dead {
            return Err(no_power());
        }
        inner.witness = Some(bytes.to_vec());
        Ok(())
    }
}

/// What stood at a place before.
type Before = (String, Vec<u8>, Option<Vec<u8>>);

impl Inner {
    fn undo(&mut self, undo: Vec<Before>) {
        for (table, key, before) in undo.into_iter().rev() {
            let table = self.tables.entry(table).or_default();
            match before {
                Some(value) => drop(table.insert(key, value)),
                None => drop(table.remove(&key)),
            }
        }
    }
}

struct Tx<'t> {
    tables: &'t mut BTreeMap<String, Table>,
    undo: Vec<Before>,
}

impl Look for Tx<'_> {
    fn get(&mut self, table: &str, key: &[u8]) -> Result<Option<Vec<u8>>, TxError> {
        Ok(self.tables.get(table).and_then(|table| table.get(key)).cloned())
    }

    fn range(&mut self, table: &str, prefix: &[u8], from: &[u8], most: usize) -> Result<Vec<StateRow>, TxError> {
        let Some(table) = self.tables.get(table) else { return Ok(Vec::new()) };
        let from = Bound::Included(from.max(prefix));
        let rows = table.range::<[u8], _>((from, Bound::Unbounded));
        let within = rows.take_while(|(key, _)| key.starts_with(prefix)).take(most);
        Ok(within.map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    fn met_damage(&self) -> bool {
        false
    }
}

impl Change for Tx<'_> {
    fn put(&mut self, table: &str, key: &[u8], value: &[u8]) -> Result<(), TxError> {
        let rows = match self.tables.get_mut(table) {
            Some(rows) => rows,
            None => self.tables.entry(table.to_owned()).or_default(),
        };
        let before = rows.insert(key.to_vec(), value.to_vec());
        self.undo.push((table.to_owned(), key.to_vec(), before));
        Ok(())
    }

    fn remove(&mut self, table: &str, key: &[u8]) -> Result<(), TxError> {
        let before = self.tables.get_mut(table).and_then(|table| table.remove(key));
        self.undo.push((table.to_owned(), key.to_vec(), before));
        Ok(())
    }
}
