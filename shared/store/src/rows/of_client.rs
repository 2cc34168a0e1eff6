//! Which of what stands in the state for the rows is about one client?
//!
//! For whoever erases a client whose nodes never come back: then nobody is left to whom a deletion would have to be told, and
//! what the rows keep goes as it stands, without a tombstone. To be used while no rows are open.

use std::collections::BTreeSet;

use vigie_merge::{Key, Kind, Row};
use vigie_model::{NodeId, Slug};

use super::record;
use super::shelf::tables;
use crate::errors::ReadError;
use crate::state::State;

/// Where rows stand in the state, and what is remembered beside them.
pub const STATE_TABLES: [&str; 4] = [tables::ROWS, tables::CHANGES, tables::PEERS, tables::OWN];

/// Whether what stands at a key of one of [`STATE_TABLES`] is a client's: its rows, the places where they changed, up to where
/// its deletions were forgotten, and what is remembered of its nodes.
pub fn is_of_client(table: &str, key: &[u8], client: &Slug, nodes: &BTreeSet<NodeId>) -> bool {
    let scope = |text: &[u8]| text.strip_prefix(client.as_str().as_bytes()).is_some_and(|rest| rest.starts_with(b"/"));
    match table {
        tables::ROWS => scope(key),
        tables::CHANGES => key.split_first().is_some_and(|(_, text)| scope(text)),
        tables::OWN => key.strip_prefix(b"floor ").is_some_and(scope),
        tables::PEERS => key.try_into().is_ok_and(|id| nodes.contains(&NodeId::from_bytes(id))),
        _ => false,
    }
}

/// All rows of a kind as they stand, whether they are open or not.
///
/// # Errors
/// When nothing can be read at all.
pub fn of_kind(state: &State, kind: &Kind) -> Result<Vec<(Key, Row)>, ReadError> {
    state.view(|view| {
        let mut found = Vec::new();
        record::each(view, b"", &mut |key, record| {
            if key.kind() == *kind {
                found.extend(record.row().map(|row| (key.clone(), row)));
            }
        })?;
        Ok(found)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_whose_name_begins_with_anothers_is_another() {
        let client: Slug = "acme".parse().expect("a name");
        let node = NodeId::from_bytes([7; 16]);
        let is = |table, key: &[u8]| is_of_client(table, key, &client, &[node].into());
        for (table, own, others) in [
            (tables::ROWS, &b"acme/lyon/fact/x"[..], &b"acme-2/lyon/fact/x"[..]),
            (tables::CHANGES, b"\x00acme/*\x00\x00\x00\x00\x00\x00\x00\x00\x01", b"\x01acme2/*\x00\x00"),
            (tables::OWN, b"floor acme/lyon", b"life"),
            (tables::PEERS, &[7; 16], &[8; 16]),
        ] {
            assert!(is(table, own) && !is(table, others), "{table}");
        }
        assert!(!is(tables::ROWS, b"*/*/route/acme") && !is("other", b"acme/"));
    }
}
