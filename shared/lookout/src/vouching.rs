//! A relay's word on whether a machine answers it, as a row that the hub reads.

use serde::{Deserialize, Serialize};
use vigie_alerts::EditError;
use vigie_merge::{Key, KeyError, Kind, Last, Row, Scope};
use vigie_model::{NodeId, UtcMs};

use crate::rows::RowEdit;

/// Version of the value's shape.
const VERSION: u8 = 1;

#[derive(Debug, Serialize, Deserialize)]
struct Word {
    answers: bool,
    /// Since when, by the relay's clock.
    since: UtcMs,
}

/// What writes a relay's word; the same word again changes nothing.
pub(crate) fn write(
    scope: &Scope,
    relay: NodeId,
    (machine, answers): (NodeId, bool),
    now: UtcMs,
) -> Result<RowEdit, KeyError> {
    let key = Key::new(scope, &Kind::Presence, &format!("{machine}/{relay}"))?;
    Ok(RowEdit::new(key, move |row, marker| {
        let value = [vec![VERSION], postcard::to_stdvec(&Word { answers, since: now }).unwrap_or_default()].concat();
        match row {
            None => Ok(Row::Last(Last::new(Some(value), marker))),
            Some(Row::Last(last)) if word(&last).is_some_and(|word| word.answers == answers) => Ok(Row::Last(last)),
            Some(Row::Last(mut last)) => {
                last.write(Some(value), marker);
                Ok(Row::Last(last))
            }
            Some(_) => Err(EditError::OtherType),
        }
    }))
}

/// What a relay says of a machine. All of it is its writer's word: whether they are of that place is for the reader to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Vouched {
    /// Where the row stands, which its writer could not choose: a relay writes for its own site alone.
    pub(crate) scope: Scope,
    pub(crate) relay: NodeId,
    pub(crate) machine: NodeId,
    pub(crate) answers: bool,
}

/// Which relay says of which machine whether it answers.
pub(crate) fn read(key: &Key, row: &Row) -> Option<Vouched> {
    let (machine, relay) = key.name().split_once('/')?;
    let Row::Last(last) = row else { return None };
    let (relay, machine) = (relay.parse().ok()?, machine.parse().ok()?);
    Some(Vouched { scope: key.scope(), relay, machine, answers: word(last)?.answers })
}

fn word(last: &Last) -> Option<Word> {
    postcard::from_bytes(last.value()?.strip_prefix(&[VERSION])?).ok()
}
