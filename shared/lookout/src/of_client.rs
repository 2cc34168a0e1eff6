//! Which of what a judge wrote down for itself is about one client? For whoever erases a client.

use std::collections::BTreeSet;

use vigie_merge::{Key, Kind, Row};
use vigie_model::{NodeId, Slug};

use crate::remembered::{self, GROUPS, INSTANCES, RELAYS};
use crate::routes::Held;
use crate::{first_learnt, silences};

/// The tables of what was written down: what is wrong, when groups were last worked out, relays, silences, when incidents
/// were first learnt of.
pub const REMEMBERED_TABLES: [&str; 5] = [INSTANCES, GROUPS, RELAYS, silences::TABLE, first_learnt::TABLE];

/// Whether a row of one of [`REMEMBERED_TABLES`] is about a client, whose nodes these are.
pub fn is_remembered_of_client(table: &str, key: &[u8], row: &[u8], client: &Slug, nodes: &BTreeSet<NodeId>) -> bool {
    let node = || key.first_chunk::<16>().is_some_and(|id| nodes.contains(&NodeId::from_bytes(*id)));
    match table {
        INSTANCES => remembered::client_of(row).is_some_and(|of| of == client.as_str()),
        // As groups of a place's own file are called: `till (shop of acme/lyon)`.
        GROUPS => std::str::from_utf8(key).is_ok_and(|name| {
            let place = name.strip_suffix(')').and_then(|name| name.rsplit_once(" of ")).map(|(_, place)| place);
            place.and_then(|place| place.split('/').next()) == Some(client.as_str())
        }),
        RELAYS => node(),
        table if table == silences::TABLE => node(),
        table if table == first_learnt::TABLE => first_learnt::client_of(row) == Some(client.as_str()),
        _ => false,
    }
}

/// What a route is called whose row this is; nothing where it is none, or was taken back.
pub fn route_named(key: &Key, row: &Row) -> Option<String> {
    let held = (key.kind() == Kind::Route).then(|| Held::read(row)).flatten()?;
    held.said.filter(|said| said.what.text.is_some()).map(|said| said.what.name)
}
