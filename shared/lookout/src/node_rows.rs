//! The rows of a running node, as the watchman needs them.

use vigie_alerts::EditError;
use vigie_merge::{Key, Row};
use vigie_node::NodeRows;
use vigie_store::rows::{Reaching, WriteError};

use crate::register::KINDS;
use crate::rows::{Found, RowBook, RowEdit, RowTrouble};

impl RowBook for NodeRows {
    fn all(&self) -> Result<Vec<Found>, RowTrouble> {
        let all = self.scan_learnt(&KINDS).map_err(|error| RowTrouble::Store(error.to_string()))?;
        Ok(all.into_iter().map(|(key, row, learnt)| Found { key, row, learnt }).collect())
    }

    fn some(&self, keys: &[Key]) -> Result<Vec<(Key, Row)>, RowTrouble> {
        let mut found = Vec::with_capacity(keys.len());
        for key in keys {
            let row = self.get(key).map_err(|error| RowTrouble::Store(error.to_string()))?;
            found.extend(row.map(|row| (key.clone(), row)));
        }
        Ok(found)
    }

    fn change(&self, edits: Vec<RowEdit>) -> Result<Vec<(Key, Row)>, RowTrouble> {
        let changed = self.edit_blocking(move |pen| {
            let mut keys = Vec::with_capacity(edits.len());
            for RowEdit { key, make } in edits {
                // What one of them refuses undoes them all.
                pen.put_made(&key, make)?.map_err(|error| match error {
                    EditError::Stale(_) => WriteError::Stale,
                    EditError::OtherType => WriteError::OtherType(key.clone()),
                })?;
                keys.push(key);
            }
            let mut rows = Vec::with_capacity(keys.len());
            for key in keys {
                rows.extend(pen.get(&key)?.map(|row| (key, row)));
            }
            Ok(rows)
        });
        changed.map_err(|error| match error {
            WriteError::Stale => RowTrouble::Changed,
            WriteError::NotOurs(_) | WriteError::OtherType(_) | WriteError::TooMuch(_) => {
                RowTrouble::Refused(error.to_string())
            }
            WriteError::Rows(error) => RowTrouble::Store(error.to_string()),
        })
    }

    fn have_each(&self, asked: Vec<Reaching>) -> Vec<bool> {
        let questions = asked.len();
        // What can not be read is not said to have arrived.
        self.have(asked).unwrap_or_else(|_| vec![false; questions])
    }
}
