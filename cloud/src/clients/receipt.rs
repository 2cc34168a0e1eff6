//! What is written down of an erasure, from the wish to the receipt?

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use vigie_model::{Slug, StreamId};
use vigie_node::Failed;
use vigie_people::Erasure;
use vigie_serve::{Erasure as Told, ErasureState};
use vigie_store::{ReadError, State};

use crate::people::Belongings;

/// A row for each, by its number.
pub(super) const TABLE: &str = "client.erasure";

/// An erasure as it stands in the state.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) told: Told,
    /// Whom it erases, until nothing but the log has anything of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) client: Option<Slug>,
    /// The streams whose records go, in hexadecimal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    streams: Vec<String>,
}

impl Row {
    pub(super) fn new(told: Told, client: Slug) -> Self {
        Self { told, client: Some(client), streams: Vec::new() }
    }

    pub(super) fn is(&self, state: ErasureState) -> bool {
        self.told.state == state
    }

    pub(super) fn set_streams(&mut self, streams: &BTreeSet<StreamId>) {
        self.streams = streams.iter().map(|stream| data_encoding::HEXLOWER.encode(&stream.to_bytes())).collect();
    }

    pub(super) fn streams(&self) -> BTreeSet<StreamId> {
        let read = |text: &String| {
            let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).ok()?;
            Some(StreamId::from_bytes(bytes.try_into().ok()?))
        };
        self.streams.iter().filter_map(read).collect()
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        // Texts and numbers: writing them to memory does not fail.
        serde_json::to_vec(self).unwrap_or_default()
    }

    pub(super) fn put(&self, state: &State) -> Result<(), Failed> {
        Ok(state.put(TABLE, self.told.id.as_bytes(), &self.encode())?)
    }
}

/// The receipts, of which a person's name goes with them.
#[derive(Debug)]
pub(crate) struct Receipts(pub(crate) Arc<State>);

impl Belongings for Receipts {
    /// Who asked for an erasure bears the pseudonym.
    fn let_go(&self, erasure: &Erasure) -> Result<(), String> {
        for mut row in all(&self.0).map_err(|error| format!("receipts: {error}"))? {
            if let Some(by) = erasure.renamed(&row.told.by) {
                row.told.by = by;
                row.put(&self.0).map_err(|failed| format!("receipts: {}", failed.text))?;
            }
        }
        Ok(())
    }
}

/// All of them, the latest first.
pub(super) fn all(state: &State) -> Result<Vec<Row>, ReadError> {
    let rows = state.scan(TABLE, b"")?.into_iter();
    let mut rows: Vec<Row> = rows.filter_map(|(_, row)| serde_json::from_slice(&row).ok()).collect();
    rows.sort_by_key(|row| std::cmp::Reverse((row.told.asked_at, row.told.id.clone())));
    Ok(rows)
}
