//! Under which keys do an alert's rows stand, and what is in their values?

use serde::Serialize;
use serde::de::DeserializeOwned;
use vigie_merge::{Key, KeyError, Kind, Scope, Ulid};

/// Version of every value's shape; a changed shape has another number and the old one stays readable.
const VERSION: u8 = 1;

/// Which alert of whom.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Whose: the site, or the client for what concerns several sites.
    pub scope: Scope,
    /// Which.
    pub id: Ulid,
}

/// Which row of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Its raises.
    Raises,
    /// What it is about.
    About,
    /// The times before this one that it began and ended.
    Past,
    /// Who has seen it.
    Acknowledged,
    /// Who takes care of it.
    Assigned,
    /// Until when it is quiet.
    Snoozed,
    /// Who closed it.
    Closed,
    /// One comment.
    Comment(Ulid),
}

impl Place {
    /// The key of one of its rows.
    ///
    /// # Errors
    /// When the scope's names are too long for a key.
    pub fn key(&self, part: Part) -> Result<Key, KeyError> {
        let id = self.id;
        let decision = |word: &str| Key::new(&self.scope, &Kind::Ack, &format!("{id}/{word}"));
        match part {
            Part::Raises => Key::new(&self.scope, &Kind::Alert, &id.to_string()),
            Part::About => Key::new(&self.scope, &Kind::About, &id.to_string()),
            Part::Past => Key::new(&self.scope, &Kind::About, &format!("{id}/past")),
            Part::Acknowledged => decision("acknowledged"),
            Part::Assigned => decision("assigned"),
            Part::Snoozed => decision("snoozed"),
            Part::Closed => decision("closed"),
            Part::Comment(which) => Key::new(&self.scope, &Kind::Comment, &format!("{id}/{which}")),
        }
    }

    /// Which alert and row a key is of; nothing for rows of other things, and for parts a later version may have.
    pub fn of(key: &Key) -> Option<(Self, Part)> {
        let mut words = key.name().split('/');
        let id = Ulid::read(words.next()?)?;
        let part = match (key.kind(), words.next()) {
            (Kind::Alert, None) => Part::Raises,
            (Kind::About, None) => Part::About,
            (Kind::About, Some("past")) => Part::Past,
            (Kind::Ack, Some("acknowledged")) => Part::Acknowledged,
            (Kind::Ack, Some("assigned")) => Part::Assigned,
            (Kind::Ack, Some("snoozed")) => Part::Snoozed,
            (Kind::Ack, Some("closed")) => Part::Closed,
            (Kind::Comment, Some(which)) => Part::Comment(Ulid::read(which)?),
            _ => return None,
        };
        words.next().is_none().then(|| (Self { scope: key.scope(), id }, part))
    }
}

/// The bytes of a value.
pub(crate) fn write<T: Serialize>(value: &T) -> Vec<u8> {
    // Texts and numbers in memory: writing them does not fail.
    [vec![VERSION], postcard::to_stdvec(value).unwrap_or_default()].concat()
}

/// The value in these bytes; nothing when it is of a version that this program does not know, or none.
pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let body = bytes.strip_prefix(&[VERSION])?;
    let (value, rest) = postcard::take_from_bytes(body).ok()?;
    rest.is_empty().then_some(value)
}
