//! Where do rows stand? In `state.redb`, or in memory for a simulator.

use std::io;
use std::sync::Arc;

use vigie_merge::{Key, Scope, Urgency};

use crate::errors::{CommitError, ReadError};
use crate::state::{State, StateRow, StateTx, StateView, TxError};

/// The tables of rows within the state.
pub(crate) mod tables {
    /// A row's key to its record.
    pub(crate) const ROWS: &str = "rows.row";
    /// Urgency, scope and place in the sequence to the key of the row that changed there: exactly one for each row.
    pub(crate) const CHANGES: &str = "rows.change";
    /// A node's id to what is remembered of it.
    pub(crate) const PEERS: &str = "rows.peer";
    /// The life of these rows, the end of their sequence, and what was forgotten.
    pub(crate) const OWN: &str = "rows.own";
}

/// Reads at one moment.
pub trait Look {
    /// The value at a key.
    ///
    /// # Errors
    /// To be handed through.
    fn get(&mut self, table: &str, key: &[u8]) -> Result<Option<Vec<u8>>, TxError>;

    /// Rows whose keys begin with `prefix` and are not before `from`, in order, at most so many.
    ///
    /// # Errors
    /// To be handed through.
    fn range(&mut self, table: &str, prefix: &[u8], from: &[u8], most: usize) -> Result<Vec<StateRow>, TxError>;

    /// Whether something was met that failed its checksum, and so read as not there.
    fn met_damage(&self) -> bool;
}

/// Reads and writes in one transaction.
pub trait Change: Look {
    /// Writes one row.
    ///
    /// # Errors
    /// To be handed through.
    fn put(&mut self, table: &str, key: &[u8], value: &[u8]) -> Result<(), TxError>;

    /// Removes one row.
    ///
    /// # Errors
    /// To be handed through.
    fn remove(&mut self, table: &str, key: &[u8]) -> Result<(), TxError>;
}

/// Where rows stand.
pub trait Shelf {
    /// Reads.
    ///
    /// # Errors
    /// When nothing can be read.
    fn look(&self, work: &mut dyn FnMut(&mut dyn Look) -> Result<(), TxError>) -> Result<(), ReadError>;

    /// Reads and changes; all of it becomes durable together, or nothing does. `work` says whether it should.
    ///
    /// # Errors
    /// When nothing of it is durable for certain.
    fn change(&self, work: &mut dyn FnMut(&mut dyn Change) -> Result<bool, TxError>) -> Result<(), CommitError>;

    /// What stands beside the rows, where a copy of the rows alone does not have it.
    fn witness(&self) -> Option<Vec<u8>>;

    /// Puts it there.
    ///
    /// # Errors
    /// When it is not durable for certain.
    fn set_witness(&self, bytes: &[u8]) -> io::Result<()>;
}

impl Shelf for Arc<State> {
    fn look(&self, work: &mut dyn FnMut(&mut dyn Look) -> Result<(), TxError>) -> Result<(), ReadError> {
        self.view(|view| work(view))
    }

    fn change(&self, work: &mut dyn FnMut(&mut dyn Change) -> Result<bool, TxError>) -> Result<(), CommitError> {
        self.transact_if(|tx| work(tx))
    }

    fn witness(&self) -> Option<Vec<u8>> {
        State::witness(self)
    }

    fn set_witness(&self, bytes: &[u8]) -> io::Result<()> {
        State::set_witness(self, bytes)
    }
}

impl Look for StateView<'_> {
    fn get(&mut self, table: &str, key: &[u8]) -> Result<Option<Vec<u8>>, TxError> {
        StateView::get(self, table, key)
    }

    fn range(&mut self, table: &str, prefix: &[u8], from: &[u8], most: usize) -> Result<Vec<StateRow>, TxError> {
        StateView::range(self, table, prefix, from, most)
    }

    fn met_damage(&self) -> bool {
        StateView::met_damage(self)
    }
}

impl Look for StateTx<'_> {
    fn get(&mut self, table: &str, key: &[u8]) -> Result<Option<Vec<u8>>, TxError> {
        StateTx::get(self, table, key)
    }

    fn range(&mut self, table: &str, prefix: &[u8], from: &[u8], most: usize) -> Result<Vec<StateRow>, TxError> {
        StateTx::range(self, table, prefix, from, most)
    }

    fn met_damage(&self) -> bool {
        StateTx::met_damage(self)
    }
}

impl Change for StateTx<'_> {
    fn put(&mut self, table: &str, key: &[u8], value: &[u8]) -> Result<(), TxError> {
        StateTx::put(self, table, key, value)
    }

    fn remove(&mut self, table: &str, key: &[u8]) -> Result<(), TxError> {
        StateTx::remove(self, table, key).map(drop)
    }
}

/// Where the changes of one scope begin.
pub(crate) fn scope_prefix(urgency: Urgency, scope: &Scope) -> Vec<u8> {
    let mut prefix = vec![urgency as u8];
    prefix.extend(scope.to_string().bytes());
    prefix.push(0);
    prefix
}

/// Where a change stands.
pub(crate) fn place(urgency: Urgency, key: &Key, seq: u64) -> Vec<u8> {
    let mut place = scope_prefix(urgency, &key.scope());
    place.extend(seq.to_be_bytes());
    place
}
