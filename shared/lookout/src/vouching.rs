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
    /// By the relay's clock: since when it answers, or when it was last heard. Of two relays the later one has it.
    since: UtcMs,
}

/// What a relay has to say of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Saying {
    pub(crate) machine: NodeId,
    pub(crate) answers: bool,
    pub(crate) since: UtcMs,
    /// The latest that another relay of the site said of it: a word that is older than this is said again.
    pub(crate) beside: Option<UtcMs>,
}

impl Saying {
    /// Whether a word that was said says this already.
    pub(crate) fn is_said_by(&self, answers: bool, since: UtcMs) -> bool {
        let is_later = self.beside.is_none_or(|beside| since >= beside || self.since <= beside);
        answers == self.answers && (is_later || !answers)
    }
}

/// What writes a relay's word; the same word again changes nothing.
pub(crate) fn write(scope: &Scope, relay: NodeId, said: Saying) -> Result<RowEdit, KeyError> {
    let key = Key::new(scope, &Kind::Presence, &format!("{}/{relay}", said.machine))?;
    let Saying { answers, since, .. } = said;
    Ok(RowEdit::new(key, move |row, marker| {
        let value = [vec![VERSION], postcard::to_stdvec(&Word { answers, since }).unwrap_or_default()].concat();
        match row {
            None => Ok(Row::Last(Last::new(Some(value), marker))),
            Some(Row::Last(last)) if word(&last).is_some_and(|word| said.is_said_by(word.answers, word.since)) => {
                Ok(Row::Last(last))
            }
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
    pub(crate) since: UtcMs,
}

/// Which relay says of which machine whether it answers.
pub(crate) fn read(key: &Key, row: &Row) -> Option<Vouched> {
    let (machine, relay) = key.name().split_once('/')?;
    let Row::Last(last) = row else { return None };
    let (relay, machine) = (relay.parse().ok()?, machine.parse().ok()?);
    let Word { answers, since } = word(last)?;
    Some(Vouched { scope: key.scope(), relay, machine, answers, since })
}

fn word(last: &Last) -> Option<Word> {
    postcard::from_bytes(last.value()?.strip_prefix(&[VERSION])?).ok()
}
