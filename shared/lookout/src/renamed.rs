//! What people decided, by other names: for whoever is erased from what is kept.

use vigie_alerts::Place;
use vigie_merge::{Key, Kind};

use crate::mutes;

/// The kinds of rows that [`renamed`] reads: what people decided of alerts, and when they let nobody be told.
pub const RENAMED_KINDS: [Kind; 3] = [Kind::Ack, Kind::Comment, Kind::Maintenance];

/// The value of a row with other names for people; nothing where no name in it has another, or it can not be read.
pub fn renamed(key: &Key, value: &[u8], rename: &dyn Fn(&str) -> Option<String>) -> Option<Vec<u8>> {
    if key.kind() != Kind::Maintenance {
        let (_, part) = Place::of(key)?;
        return vigie_alerts::renamed(part, value, rename);
    }
    let mut said = mutes::read(value)?;
    let by = rename(&said.by);
    let ended = said.what.ended.as_ref().and_then(|(who, at)| Some((rename(who)?, *at)));
    if by.is_none() && ended.is_none() {
        return None;
    }
    (said.by, said.what.ended) = (by.unwrap_or(said.by), ended.or(said.what.ended));
    Some(mutes::written(&said))
}
