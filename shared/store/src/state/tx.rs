//! Several rows read at one moment, or read and changed together.

use redb::{ReadOnlyTable, ReadableTable, Table};
use vigie_codec::disk::{self, Kind};

use super::StateRow;
use super::place::{place, unwrap};
use crate::errors::Trouble;

/// A transaction under way.
pub struct StateTx<'t> {
    pub(super) rows: Table<'t, &'static [u8], &'static [u8]>,
    pub(super) lost: Vec<Vec<u8>>,
}

impl std::fmt::Debug for StateTx<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StateTx").finish_non_exhaustive()
    }
}

/// A moment of the state.
pub struct StateView<'v> {
    pub(super) rows: &'v ReadOnlyTable<&'static [u8], &'static [u8]>,
    pub(super) lost: Vec<Vec<u8>>,
}

impl std::fmt::Debug for StateView<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StateView").finish_non_exhaustive()
    }
}

/// Why a transaction can not go on; to be handed through.
#[derive(Debug)]
pub struct TxError(pub(super) Trouble);

impl From<Trouble> for TxError {
    fn from(trouble: Trouble) -> Self {
        Self(trouble)
    }
}

impl StateTx<'_> {
    /// The value at a key, as of this transaction.
    ///
    /// # Errors
    /// To be handed through.
    pub fn get(&mut self, table: &str, key: &[u8]) -> Result<Option<Vec<u8>>, TxError> {
        get_of(&self.rows, table, key, &mut self.lost).map_err(TxError)
    }

    /// Rows of a table whose keys begin with `prefix` and are not before `from`, in the order of keys, at most so many.
    ///
    /// # Errors
    /// To be handed through.
    pub fn range(&mut self, table: &str, prefix: &[u8], from: &[u8], most: usize) -> Result<Vec<StateRow>, TxError> {
        Ok(range_of(&self.rows, table, prefix, from, most, &mut self.lost)?)
    }

    /// Whether a row was met in this transaction that failed its checksum, and so read as not there.
    pub fn met_damage(&self) -> bool {
        !self.lost.is_empty()
    }

    /// Writes one row.
    ///
    /// # Errors
    /// To be handed through.
    pub fn put(&mut self, table: &str, key: &[u8], value: &[u8]) -> Result<(), TxError> {
        let place = place(table, key);
        let row = disk::wrap(Kind::Note, 1, &place, value);
        self.rows.insert(place.as_slice(), row.as_slice()).map_err(Trouble::from)?;
        Ok(())
    }

    /// Removes one row; says whether it was there.
    ///
    /// # Errors
    /// To be handed through.
    pub fn remove(&mut self, table: &str, key: &[u8]) -> Result<bool, TxError> {
        let old = self.rows.remove(place(table, key).as_slice()).map_err(Trouble::from)?;
        Ok(old.is_some())
    }
}

impl StateView<'_> {
    /// The value at a key.
    ///
    /// # Errors
    /// To be handed through.
    pub fn get(&mut self, table: &str, key: &[u8]) -> Result<Option<Vec<u8>>, TxError> {
        get_of(self.rows, table, key, &mut self.lost).map_err(TxError)
    }

    /// As [`StateTx::range`].
    ///
    /// # Errors
    /// To be handed through.
    pub fn range(&mut self, table: &str, prefix: &[u8], from: &[u8], most: usize) -> Result<Vec<StateRow>, TxError> {
        Ok(range_of(self.rows, table, prefix, from, most, &mut self.lost)?)
    }

    /// As [`StateTx::met_damage`].
    pub fn met_damage(&self) -> bool {
        !self.lost.is_empty()
    }
}

fn get_of(
    rows: &impl ReadableTable<&'static [u8], &'static [u8]>,
    table: &str,
    key: &[u8],
    lost: &mut Vec<Vec<u8>>,
) -> Result<Option<Vec<u8>>, Trouble> {
    let place = place(table, key);
    let row = rows.get(place.as_slice())?.map(|row| row.value().to_vec());
    let value = row.as_deref().and_then(|row| unwrap(&place, row));
    if row.is_some() && value.is_none() {
        lost.push(place);
    }
    Ok(value)
}

fn range_of(
    rows: &impl ReadableTable<&'static [u8], &'static [u8]>,
    table: &str,
    prefix: &[u8],
    from: &[u8],
    most: usize,
    lost: &mut Vec<Vec<u8>>,
) -> Result<Vec<StateRow>, Trouble> {
    let (within, from, mut found) = (place(table, prefix), place(table, from.max(prefix)), Vec::new());
    for row in rows.range::<&[u8]>(from.as_slice()..)? {
        let (at, row) = row?;
        if found.len() >= most || !at.value().starts_with(&within) {
            break;
        }
        match unwrap(at.value(), row.value()) {
            Some(value) => found.push((at.value()[1 + table.len()..].to_vec(), value)),
            None => lost.push(at.value().to_vec()),
        }
    }
    Ok(found)
}
