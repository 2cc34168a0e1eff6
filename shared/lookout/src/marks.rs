//! What did hub and relay tell? Each shows the other, so that a hand-over tells nobody twice.
//!
//! A row for each alert that only grows: `audit/told/ID`, with a mark for each change of it that a route told.

use vigie_merge::{Grow, Key, KeyError, Kind, Row, Ulid};
use vigie_notify::{Digest16, Mark};

use vigie_alerts::{Alert, EditError};

use crate::rows::RowEdit;

/// Marks of one alert; what is told beyond them may be told twice.
const MAX_MARKS: usize = 60;

/// Where it is noted what of an alert was told.
pub(crate) fn key(alert: &Alert) -> Result<Key, KeyError> {
    Key::new(&alert.place.scope, &Kind::Audit, &format!("told/{}", alert.place.id))
}

/// What notes there that these changes were told.
pub(crate) fn write(key: Key, marks: Vec<Mark>) -> RowEdit {
    RowEdit::new(key, move |row, _| {
        let mut grow = match row {
            None => Grow::new(),
            Some(Row::Grow(grow)) => grow,
            Some(_) => return Err(EditError::OtherType),
        };
        let room = MAX_MARKS.saturating_sub(grow.members().len());
        for mark in marks.iter().take(room) {
            grow.add(mark.0.to_vec());
        }
        Ok(Row::Grow(grow))
    })
}

/// Of which alert a row says what was told, if it is one of these.
pub(crate) fn alert_of(key: &Key) -> Option<Ulid> {
    Ulid::read(key.name().strip_prefix("told/")?)
}

/// The marks in a row, if it is one of these.
pub(crate) fn read(key: &Key, row: &Row) -> Vec<Mark> {
    let (true, Row::Grow(grow)) = (key.name().starts_with("told/"), row) else { return Vec::new() };
    grow.members().iter().filter_map(|member| <[u8; 16]>::try_from(member.as_slice()).ok()).map(Digest16).collect()
}
