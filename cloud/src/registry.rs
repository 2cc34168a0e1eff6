//! Who belongs to this deployment: join tokens, nodes, API tokens, and who lost their rights.
//!
//! Rows of the hub's small state. A row is JSON in a versioned envelope of its own: people may have to read it.

mod admit;
mod part;
mod revoked;
mod rows;
mod tokens;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;
use vigie_model::{NodeId, Role, Slug, UtcMs};
use vigie_net::Revocations;
use vigie_node::Failed;
use vigie_people::Note;
use vigie_store::{State, StateTx, TxError};

use crate::people::{Doer, append};
use part::Doubts;
pub(crate) use revoked::shut_out;
pub(crate) use rows::{AccessRow, NewToken, NodeRow, TokenRow};

pub(crate) const TOKENS: &str = "join-token";
pub(crate) const NODES: &str = "node";
pub(crate) const ACCESS: &str = "api-token";
pub(crate) const HUB: &str = "hub";

/// Relays of one site that agents are told of.
const MAX_RELAYS: usize = 8;

/// The rows, with their meaning.
#[derive(Debug)]
pub(crate) struct Registry {
    state: Arc<State>,
    recalled: Mutex<Recalled>,
    /// Held from the look at what a client may have until one more of its machines is noted.
    admitting: Mutex<()>,
    doubts: Mutex<Doubts>,
}

/// What is asked for at each enrolment and each greeting, until a row of it changes: to read all nodes each time would make
/// the ten-thousandth machine a thousand times as dear as the tenth.
#[derive(Debug, Default)]
struct Recalled {
    /// All relays that have their rights, the newest first.
    relays: Option<Arc<[NodeRow]>>,
    /// How many machines of each client have their rights.
    machines: Option<BTreeMap<Slug, u64>>,
    revocations: Option<Revocations>,
    /// Who joined by which token.
    joined: Option<Arc<BTreeMap<String, Vec<NodeRow>>>>,
}

impl Registry {
    pub(crate) fn new(state: impl Into<Arc<State>>) -> Self {
        Self { state: state.into(), recalled: Mutex::default(), admitting: Mutex::default(), doubts: Mutex::default() }
    }

    /// Changes rows, and writes into the audit what the command line did; both or neither.
    fn noted(
        &self,
        notes: impl IntoIterator<Item = Note>,
        now: UtcMs,
        work: impl FnOnce(&mut StateTx<'_>) -> Result<(), TxError>,
    ) -> Result<(), Failed> {
        let console = Doer { who: "console", by: "command line", from: "" };
        Ok(self.state.transact(|tx| {
            work(tx)?;
            notes.into_iter().try_for_each(|note| append(tx, note, console, now))
        })?)
    }

    pub(crate) fn nodes(&self) -> Result<Vec<NodeRow>, Failed> {
        self.all(NODES)
    }

    /// Who joined by which token, those first who came first; nobody who lost their rights, and no copy.
    pub(crate) fn joined(&self) -> Result<Arc<BTreeMap<String, Vec<NodeRow>>>, Failed> {
        let mut recalled = self.recalled();
        if let Some(joined) = &recalled.joined {
            return Ok(joined.clone());
        }
        let mut joined: BTreeMap<String, Vec<NodeRow>> = BTreeMap::new();
        for row in self.nodes()?.into_iter().filter(|row| !row.revoked && row.copy_of.is_none()) {
            joined.entry(row.token.clone()).or_default().push(row);
        }
        joined.values_mut().for_each(|rows| rows.sort_by_key(|row| row.enrolled_at_ms));
        Ok(recalled.joined.insert(Arc::new(joined)).clone())
    }

    pub(crate) fn node(&self, node: NodeId) -> Result<Option<NodeRow>, Failed> {
        self.get(NODES, node.to_string().as_bytes())
    }

    /// How many machines of a client have their rights.
    pub(crate) fn machines_of(&self, client: &Slug) -> Result<u64, Failed> {
        // Held while the rows are read: whoever changes one forgets what was recalled after its commit.
        let mut recalled = self.recalled();
        if recalled.machines.is_none() {
            let mut machines = BTreeMap::new();
            for row in self.nodes()?.into_iter().filter(|row| row.role == Role::Agent && !row.revoked) {
                *machines.entry(row.client).or_insert(0) += 1;
            }
            recalled.machines = Some(machines);
        }
        Ok(recalled.machines.as_ref().and_then(|machines| machines.get(client)).copied().unwrap_or(0))
    }

    /// Whose each node is, one that lost its rights too: what it brought is its client's all the same.
    pub(crate) fn clients_of_nodes(&self) -> Result<BTreeMap<NodeId, Slug>, Failed> {
        Ok(self.nodes()?.into_iter().filter_map(|row| Some((row.node.parse().ok()?, row.client))).collect())
    }

    /// Where the relays of a site listen.
    pub(crate) fn relays_of(&self, client: &Slug, site: &Slug) -> Result<Vec<String>, Failed> {
        let relays = self.relays()?;
        let there = relays.iter().filter(|row| &row.client == client && &row.site == site);
        Ok(there.flat_map(|row| row.advertised.iter().cloned()).take(MAX_RELAYS).collect())
    }

    fn relays(&self) -> Result<Arc<[NodeRow]>, Failed> {
        // Held while the rows are read: whoever changes one forgets what was recalled after its commit.
        let mut recalled = self.recalled();
        if let Some(relays) = &recalled.relays {
            return Ok(relays.clone());
        }
        let mut relays = self.nodes()?;
        relays.retain(|row| row.role == Role::Relay && !row.revoked);
        relays.sort_by_key(|row| std::cmp::Reverse(row.enrolled_at_ms));
        Ok(recalled.relays.insert(relays.into()).clone())
    }

    fn recalled(&self) -> MutexGuard<'_, Recalled> {
        self.recalled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The life of the hub's store, for receipts: a higher number whenever the telemetry log is another.
    pub(crate) fn hub_epoch(&self, log_epoch: u64, now: UtcMs) -> Result<u64, Failed> {
        let kept = self.state.get(HUB, b"epoch")?.unwrap_or_default();
        let number = |at: usize| Some(u64::from_be_bytes(kept.get(at..at + 8)?.try_into().ok()?));
        if let (Some(epoch), Some(log)) = (number(0), number(8))
            && log == log_epoch
        {
            return Ok(epoch);
        }
        let epoch = now.0.max(0).cast_unsigned().max(number(0).unwrap_or(0) + 1);
        self.state.put(HUB, b"epoch", &[epoch.to_be_bytes(), log_epoch.to_be_bytes()].concat())?;
        Ok(epoch)
    }

    fn get<T: DeserializeOwned>(&self, table: &str, key: &[u8]) -> Result<Option<T>, Failed> {
        Ok(self.state.get(table, key)?.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    fn all<T: DeserializeOwned>(&self, table: &str) -> Result<Vec<T>, Failed> {
        let rows = self.state.scan(table, b"")?;
        Ok(rows.into_iter().filter_map(|(_, bytes)| serde_json::from_slice(&bytes).ok()).collect())
    }
}

fn json<T: Serialize>(row: &T) -> Vec<u8> {
    // These rows are plain structs with string keys: writing them to memory does not fail.
    serde_json::to_vec(row).unwrap_or_default()
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

fn not_found(what: &str, which: &str) -> Failed {
    Failed::new(5, format!("there is no {what} {which:?}; nothing was changed"))
}

#[cfg(test)]
mod tests;
