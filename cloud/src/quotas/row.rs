//! What is said of a client, as it stands in the hub's state.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vigie_model::Slug;
use vigie_serve::QuotaMost;
use vigie_store::{ReadError, State};

/// A row for each client.
pub(crate) const TABLE: &str = "quota.client";

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) most: QuotaMost,
    pub(super) by: String,
    pub(super) made_ms: i64,
}

impl Row {
    pub(super) fn encode(&self) -> Vec<u8> {
        // Numbers and a name: writing them to memory does not fail.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

pub(super) fn all(state: &State) -> Result<BTreeMap<Slug, Row>, ReadError> {
    let read = |(key, row): (Vec<u8>, Vec<u8>)| {
        let client: Slug = std::str::from_utf8(&key).ok()?.parse().ok()?;
        Some((client, serde_json::from_slice(&row).ok()?))
    };
    Ok(state.scan(TABLE, b"")?.into_iter().filter_map(read).collect())
}

/// The most machines that a client may have; nothing where that is not limited.
pub(crate) fn most_machines(state: &State, client: &Slug) -> Result<Option<u64>, ReadError> {
    let row = state.get(TABLE, client.as_str().as_bytes())?;
    let row = row.and_then(|row| serde_json::from_slice::<Row>(&row).ok());
    Ok(row.and_then(|row| row.most.machines))
}
