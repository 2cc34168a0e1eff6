//! A relay's word on whether a machine answers it, as a row that the hub reads.

use serde::{Deserialize, Serialize};
use vigie_alerts::EditError;
use vigie_fleet::{Answers, Word};
use vigie_merge::{Key, KeyError, Kind, Last, Row, Scope};
use vigie_model::{NodeId, UtcMs};

use crate::rows::RowEdit;

/// Version of the value's shape: of version 1 it knew no goodbyes, and is read as it is.
const VERSION: u8 = 2;

/// The versions that are read.
const READ: [u8; 2] = [1, VERSION];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Says {
    No,
    Yes,
    Away,
}

#[derive(Debug, Serialize, Deserialize)]
struct Shape {
    says: Says,
    /// By the relay's clock: since when it answers, or when it was last heard.
    since: UtcMs,
}

/// What a relay has to say of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Saying {
    pub(crate) machine: NodeId,
    pub(crate) answers: Answers,
    pub(crate) since: UtcMs,
    /// The latest that another relay of the site said of it: a word that is older than this is said again.
    pub(crate) beside: Option<UtcMs>,
}

impl Saying {
    /// Whether a word that was said says this already.
    pub(crate) fn is_said_by(&self, answers: Answers, since: UtcMs) -> bool {
        let is_later = self.beside.is_none_or(|beside| since >= beside || self.since <= beside);
        answers == self.answers && (is_later || answers != Answers::Yes)
    }
}

/// What writes a relay's word; the same word again changes nothing.
pub(crate) fn write(scope: &Scope, relay: NodeId, said: Saying) -> Result<RowEdit, KeyError> {
    let key = Key::new(scope, &Kind::Presence, &format!("{}/{relay}", said.machine))?;
    let Saying { answers, since, .. } = said;
    Ok(RowEdit::new(key, move |row, marker| {
        let shape = Shape { says: answers.into(), since };
        let value = [vec![VERSION], postcard::to_stdvec(&shape).unwrap_or_default()].concat();
        match row {
            None => Ok(Row::Last(Last::new(Some(value), marker))),
            Some(Row::Last(last)) if shape_of(&last).is_some_and(|was| said.is_said_by(was.says.into(), was.since)) => {
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

/// Which relay says what of which machine. The place is where the row stands, which its writer could not choose; whether
/// both are of that place is for the reader to know.
pub(crate) fn read(key: &Key, row: &Row) -> Option<Word> {
    let (machine, relay) = key.name().split_once('/')?;
    let (Row::Last(last), Scope::Site(client, site)) = (row, key.scope()) else { return None };
    let (relay, machine) = (relay.parse().ok()?, machine.parse().ok()?);
    let Shape { says, since } = shape_of(last)?;
    Some(Word { client, site, relay, machine, answers: says.into(), since })
}

fn shape_of(last: &Last) -> Option<Shape> {
    let (version, body) = last.value()?.split_first()?;
    READ.contains(version).then(|| postcard::from_bytes(body).ok())?
}

impl From<Answers> for Says {
    fn from(answers: Answers) -> Self {
        match answers {
            Answers::Yes => Self::Yes,
            Answers::No => Self::No,
            Answers::Away => Self::Away,
        }
    }
}

impl From<Says> for Answers {
    fn from(says: Says) -> Self {
        match says {
            Says::Yes => Self::Yes,
            Says::No => Self::No,
            Says::Away => Self::Away,
        }
    }
}

#[cfg(test)]
mod tests {
    use vigie_merge::{Actor, Hlc, Marker};

    use super::*;

    #[test]
    fn a_word_is_read_as_it_was_written_and_one_of_before_goodbyes_were_known_too() {
        let place = |name: &str| name.parse().expect("a name");
        let scope = Scope::Site(place("acme"), place("lyon"));
        let (machine, relay) = (NodeId::from_bytes([1; 16]), NodeId::from_bytes([2; 16]));
        let marker = Marker { hlc: Hlc::of_utc(UtcMs(1_000)), actor: Actor::of(1, 1) };
        let word = |answers, since| {
            Some(Word { client: place("acme"), site: place("lyon"), relay, machine, answers, since: UtcMs(since) })
        };
        for answers in [Answers::Yes, Answers::No, Answers::Away] {
            let said = Saying { machine, answers, since: UtcMs(77), beside: None };
            let edit = write(&scope, relay, said).expect("short names");
            let key = edit.key.clone();
            let row = (edit.make)(None, marker).expect("a new row");
            assert_eq!(read(&key, &row), word(answers, 77));
        }
        let key = Key::new(&scope, &Kind::Presence, &format!("{machine}/{relay}")).expect("a key");
        for (bytes, answers) in [([1, 1, 154, 1], Answers::Yes), ([1, 0, 154, 1], Answers::No)] {
            let row = Row::Last(Last::new(Some(bytes.to_vec()), marker));
            assert_eq!(read(&key, &row), word(answers, 77));
        }
        let later = Row::Last(Last::new(Some(vec![3, 1, 0]), marker));
        assert_eq!(read(&key, &later), None, "of a later version");
    }
}
