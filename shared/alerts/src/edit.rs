//! How is one row changed?

use vigie_merge::{Context, Key, Last, Many, Marker, Members, Row, StaleError, Value};

/// A change of one row, to be applied where the row is: [`Edit::onto`] what stands there, under the store's own lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// Which row.
    pub key: Key,
    /// How.
    pub(crate) change: Change,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// Writes a row that has one writer.
    Write(Value),
    /// Decides, having seen what stood there.
    Decide(Value, Option<Context>),
    /// Adds a raise.
    Raise(Vec<u8>),
    /// Takes away raises as far as they had been seen.
    Settle(Vec<(Vec<u8>, Context)>),
}

/// Why a row was not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// Somebody changed it meanwhile: look again, and decide again.
    #[error(transparent)]
    Stale(#[from] StaleError),
    /// The row is of another type: another program wrote it, or the store is damaged. It was left as it is.
    #[error("what stands under this key is no such row")]
    OtherType,
}

impl Edit {
    /// The row after the change. `marker` is later than the row's own.
    ///
    /// # Errors
    /// When it can not be changed so; the row stays as it is.
    pub fn onto(self, row: Option<Row>, marker: Marker) -> Result<Row, EditError> {
        match (self.change, row) {
            (Change::Write(value), None) => Ok(Row::Last(Last::new(value, marker))),
            (Change::Write(value), Some(Row::Last(mut last))) => {
                last.write(value, marker);
                Ok(Row::Last(last))
            }
            (Change::Decide(value, seen), row @ (None | Some(Row::Many(_)))) => {
                let mut many = if let Some(Row::Many(many)) = row { many } else { Many::new() };
                many.write(value, marker, &seen.unwrap_or_else(|| Many::new().context()))?;
                Ok(Row::Many(many))
            }
            (Change::Raise(member), row @ (None | Some(Row::Members(_)))) => {
                let mut members = if let Some(Row::Members(members)) = row { members } else { Members::new() };
                members.add(member, marker.actor);
                Ok(Row::Members(members))
            }
            (Change::Settle(seen), row @ (None | Some(Row::Members(_)))) => {
                let mut members = if let Some(Row::Members(members)) = row { members } else { Members::new() };
                for (member, context) in seen {
                    members.remove(&member, &context)?;
                }
                Ok(Row::Members(members))
            }
            _ => Err(EditError::OtherType),
        }
    }
}
