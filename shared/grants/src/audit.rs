//! Who came in at a site, who was not let in, and when?
//!
//! Written where it happens, into rows that only grow, one for each day and relay and as many again as a day needs; they come
//! to the hub when the line is back.

use serde::{Deserialize, Serialize};
use vigie_merge::{Key, Kind, Row, Scope};
use vigie_model::{NodeId, Slug, UtcMs};
use vigie_node::NodeRows;
use vigie_serve::Place;
use vigie_store::rows::{RowsError, WriteError};

use crate::grant::scope;

/// The version that stands before a visit in its row.
const VERSION: u8 = 1;

const FAMILY: &str = "sign-in";

/// Visits in one row: what a row may hold.
const IN_ONE_ROW: usize = vigie_merge::limit::MEMBERS;

/// Rows of one day at one relay, for those who came in and for those who did not. Whoever knocks more often on one day is not
/// written down any more, but for the log: guessing must not fill what everybody keeps, nor hide who came in.
const ROWS_A_DAY: usize = 4;

/// Bytes of a name that are written down: a member of a row is short.
const NAME_BYTES: usize = 120;

const DAY_MS: i64 = 86_400_000;

/// Somebody at the door of a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// Where.
    pub client: Slug,
    /// Where.
    pub site: Slug,
    /// At which relay.
    pub relay: NodeId,
    /// When, by its clock.
    pub at: UtcMs,
    /// Who it was, as the grant calls them; of a name that nobody has there, that it is unknown.
    pub name: String,
    /// From which address.
    pub from: String,
    /// What came of it.
    pub came: Came,
}

/// What came of a knock at the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Came {
    /// Let in.
    In,
    /// Nobody of this name, or not this passphrase.
    Wrong,
    /// The right one, after its end.
    Expired,
    /// The right one, taken back.
    Revoked,
}

impl Came {
    /// Its words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::In => "signed in",
            Self::Wrong => "refused: wrong name or passphrase",
            Self::Expired => "refused: expired",
            Self::Revoked => "refused: revoked",
        }
    }
}

/// As it stands in a row, version 1.
#[derive(Serialize, Deserialize)]
struct Kept {
    at_ms: i64,
    came: Came,
    from: String,
    name: String,
}

/// Writes a visit down, durably.
pub(crate) fn note(rows: &NodeRows, place: &Place, visit: &Visit) -> Result<(), WriteError> {
    let name: String = visit.name.char_indices().take_while(|(at, _)| *at < NAME_BYTES).map(|(_, char)| char).collect();
    let kept = Kept { at_ms: visit.at.0, came: visit.came, from: visit.from.clone(), name };
    let body = postcard::to_stdvec(&kept).unwrap_or_default();
    let member = [&[VERSION], body.as_slice()].concat();
    rows.edit_blocking(|pen| {
        for number in 0..ROWS_A_DAY {
            let key = key(place, visit, number);
            let members = match pen.get(&key)? {
                Some(Row::Grow(grow)) => grow.members().len(),
                _ => 0,
            };
            if members < IN_ONE_ROW {
                return pen.grow(&key, member);
            }
        }
        Ok(())
    })
}

/// All visits that are known here, the latest first.
///
/// # Errors
/// When rows can not be read now.
pub fn visits(rows: &NodeRows) -> Result<Vec<Visit>, RowsError> {
    let mut visits = Vec::new();
    for (key, row) in rows.scan_all(&[Kind::Audit])? {
        visits.extend(visits_of(&key, &row).into_iter().map(|(visit, _)| visit));
    }
    visits.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.name.cmp(&b.name)));
    Ok(visits)
}

/// The visits in a row, each with its bytes; none in rows of other things.
pub(crate) fn visits_of(key: &Key, row: &Row) -> Vec<(Visit, Vec<u8>)> {
    let (Scope::Site(client, site), Some(relay), Row::Grow(grow)) = (key.scope(), relay_of(key), row) else {
        return Vec::new();
    };
    let visit = |member: Vec<u8>| {
        let Kept { at_ms, came, from, name } = read(&member)?;
        Some((Visit { client: client.clone(), site: site.clone(), relay, at: UtcMs(at_ms), name, from, came }, member))
    };
    grow.members().into_iter().filter_map(visit).collect()
}

fn read(member: &[u8]) -> Option<Kept> {
    let (version, body) = member.split_first()?;
    (*version == VERSION).then(|| postcard::from_bytes(body).ok()).flatten()
}

fn key(place: &Place, visit: &Visit, number: usize) -> Key {
    let (day, came) = (visit.at.0.div_euclid(DAY_MS), if visit.came == Came::In { "in" } else { "not" });
    Key::new(&scope(place), &Kind::Audit, &format!("{FAMILY}/{}/{day}/{came}-{number}", visit.relay))
        .expect("two names, the digits of an id, a word and two numbers, far below a key's length")
}

/// The relay that wrote a row of visits; nothing for other rows.
fn relay_of(key: &Key) -> Option<NodeId> {
    let mut parts = key.name().split('/');
    (parts.next() == Some(FAMILY)).then(|| parts.next()?.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use vigie_model::Role;
    use vigie_node::NodeClock;
    use vigie_store::State;
    use vigie_store::fault::FaultDisk;

    use super::*;

    #[test]
    fn guessing_fills_no_more_than_its_share_of_a_day_and_hides_nobody_who_came_in() {
        let place: Place = "acme/lyon".parse().expect("a place");
        let (state, _) = State::open_on(FaultDisk::new()).expect("a state");
        let (relay, clock) = (NodeId::of_key(&[2; 32]), NodeClock::new());
        let at = Some((&place.client, &place.site));
        let rows = NodeRows::open(Arc::new(state), (relay, Role::Relay), at, UtcMs(0), false, clock).expect("rows");
        let visit = |number: i64, came| Visit {
            client: place.client.clone(),
            site: place.site.clone(),
            relay,
            at: UtcMs(number),
            name: "é".repeat(300),
            from: "2001:db8::".to_owned(),
            came,
        };
        for number in 0..300 {
            note(&rows, &place, &visit(number, Came::Wrong)).expect("it is written");
        }
        note(&rows, &place, &visit(300, Came::In)).expect("it is written");
        let told = visits(&rows).expect("rows");
        assert_eq!(told.len(), ROWS_A_DAY * IN_ONE_ROW + 1);
        assert_eq!((told[0].came, told[0].name.len()), (Came::In, NAME_BYTES));
    }
}
