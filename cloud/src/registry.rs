//! Who belongs to this deployment: join tokens, nodes, API tokens, and who lost their rights.
//!
//! Rows of the hub's small state. A row is JSON in a versioned envelope of its own: people may have to read it.

mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use vigie_model::{NodeId, Role, Slug, UtcMs};
use vigie_net::{MAX_REVOKED, Parting, ProofKey, Refused, RefusedWhy, Revocations};
use vigie_node::Failed;
use vigie_people::Note;
use vigie_store::{State, StateTx, TxError};

use crate::people::{Doer, append};
use crate::quotas::most_machines;
pub(crate) use rows::{AccessRow, NewToken, NodeRow, TokenRow};

pub(crate) const TOKENS: &str = "join-token";
pub(crate) const NODES: &str = "node";
pub(crate) const ACCESS: &str = "api-token";
pub(crate) const HUB: &str = "hub";

/// Nodes of clients that were erased, by their ids: nothing else is kept of them.
const OUT: &str = "node.out";

/// Copies of one machine that may become nodes of their own without a person's doing: a golden image that was enrolled by
/// mistake is found out by then.
const MAX_COPIES: usize = 64;

/// Two that can not know which of them is the copy both ask. Once one has parted, this is long enough for the other to see
/// that it is alone.
const PARTED_MS: i64 = 120_000;

/// Who is in doubt is heard when it asks again after this long: an outage that has just ended may have kept the one that
/// knows it is the copy from coming first.
const DOUBT_MS: i64 = 35_000;

/// Pleas in doubt that are remembered.
const MAX_DOUBTS: usize = 1_024;

/// Machines that do not know whether they are the copy, and when they first asked lately.
#[derive(Debug, Default)]
struct Doubts(BTreeMap<NodeId, i64>);

impl Doubts {
    /// Whether this one asked before, long enough ago; else that it did is remembered.
    fn is_lasting(&mut self, node: NodeId, now: UtcMs) -> bool {
        self.0.retain(|_, first_ms| (0..PARTED_MS).contains(&now.0.saturating_sub(*first_ms)));
        if self.0.len() >= MAX_DOUBTS && !self.0.contains_key(&node) {
            return false;
        }
        now.0.saturating_sub(*self.0.entry(node).or_insert(now.0)) >= DOUBT_MS
    }
}

/// Who asks a month later what became of a token that has ended reads it in the audit.
const OVER_MS: i64 = 30 * 86_400_000;

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

    // ---- join tokens

    pub(crate) fn tokens(&self) -> Result<Vec<TokenRow>, Failed> {
        self.all(TOKENS)
    }

    /// Whether there is a join token of this number.
    pub(crate) fn has_token(&self, id: &str) -> Result<bool, Failed> {
        Ok(self.state.get(TOKENS, id.as_bytes())?.is_some())
    }

    /// Keeps a token. Those that ended long ago go in the same step. With `noted` so does its line in the audit, in the
    /// console's name; else whoever asked writes it.
    pub(crate) fn add_token(&self, new: NewToken, now: UtcMs, noted: bool) -> Result<TokenRow, Failed> {
        let NewToken { id, proof, client, site, roles, uses, expires_at, by } = new;
        let over = self.tokens()?.into_iter().filter(|row| now.0.saturating_sub(row.expires_at_ms) > OVER_MS);
        let over: Vec<String> = over.map(|row| row.id).collect();
        let row = TokenRow {
            id: hex(&id.0),
            client,
            site,
            roles,
            uses_left: uses,
            expires_at_ms: expires_at.0,
            revoked: false,
            made_at_ms: now.0,
            by,
            proof: hex(proof.as_bytes()),
        };
        let note = noted.then(|| row.note("join-token.make", Value::Null, row.told()));
        self.noted(note, now, |tx| {
            over.iter().try_for_each(|id| tx.remove(TOKENS, id.as_bytes()).map(drop))?;
            tx.put(TOKENS, row.id.as_bytes(), &json(&row))
        })?;
        Ok(row)
    }

    /// Takes a token back; `noted` as for [`Registry::add_token`].
    pub(crate) fn revoke_token(&self, id: &str, now: UtcMs, noted: bool) -> Result<TokenRow, Failed> {
        let mut row: TokenRow = self.get(TOKENS, id.as_bytes())?.ok_or_else(|| not_found("join token", id))?;
        row.revoked = true;
        let note = noted.then(|| row.note("join-token.revoke", row.told(), Value::Null));
        self.noted(note, now, |tx| tx.put(TOKENS, id.as_bytes(), &json(&row)))?;
        Ok(row)
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

    // ---- nodes

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

    /// Decides whether a request may enrol; counts the use and notes the node in the same transaction.
    ///
    /// The same key with the same token again is the same node whose answer was lost: nothing is counted.
    pub(crate) fn admit(
        &self,
        request: &vigie_net::EnrolRequest,
        node: NodeId,
        from: &str,
        now: UtcMs,
    ) -> Result<(NodeRow, ProofKey), Refused> {
        let trouble =
            |error: Failed| Refused::saying(RefusedWhy::NotNow, format!("the hub can not note it now: {}", error.text));
        let id = hex(&request.token.0);
        let row: Option<TokenRow> = self.get(TOKENS, id.as_bytes()).map_err(trouble)?;
        let mut row = row.ok_or_else(|| Refused::new(RefusedWhy::Unknown))?;
        let known = self.node(node).map_err(trouble)?;
        if known.as_ref().is_some_and(|known| known.revoked) {
            return Err(Refused::saying(
                RefusedWhy::Revoked,
                "this machine's key was revoked; remove its identity folder and enrol anew",
            ));
        }
        if self.state.get(OUT, node.as_bytes()).map_err(|error| trouble(error.into()))?.is_some() {
            return Err(Refused::saying(
                RefusedWhy::Revoked,
                "the client that this machine belonged to was erased from this hub, and its key with it; remove its identity folder and \
                 enrol anew",
            ));
        }
        let again = known.as_ref().is_some_and(|known| known.token == id);
        let was_relay = known.as_ref().is_some_and(|known| known.role == Role::Relay);
        let proof = row.proof_key().ok_or_else(|| Refused::new(RefusedWhy::Unknown))?;
        row.as_token(proof).check(now, request, again)?;
        let admitting = self.admitting.lock().unwrap_or_else(PoisonError::into_inner);
        let is_counted = |known: &NodeRow| known.role == Role::Agent && known.client == row.client;
        if request.role == Role::Agent && !known.as_ref().is_some_and(is_counted) {
            self.has_room(&row.client).map_err(trouble)?.map_or(Ok(()), Err)?;
        }
        if !again {
            row.uses_left = row.uses_left.saturating_sub(1);
        }
        let made = NodeRow {
            node: node.to_string(),
            role: request.role,
            client: row.client.clone(),
            site: row.site.clone(),
            name: request.hostname.clone(),
            advertised: request.advertised.clone(),
            token: id.clone(),
            enrolled_at_ms: known.map_or(now.0, |known| known.enrolled_at_ms),
            revoked: false,
            copy_of: None,
        };
        let rows = (json(&row), json(&made));
        let concerns_relays = made.role == Role::Relay || was_relay;
        let who = format!("join token {id}");
        let doer = Doer { who: &who, by: "enrolment", from };
        let kept = self.state.transact(|tx| {
            tx.put(TOKENS, id.as_bytes(), &rows.0)?;
            tx.put(NODES, made.node.as_bytes(), &rows.1)?;
            // The same machine whose answer was lost has its line already.
            if again { Ok(()) } else { append(tx, made.note("node.enrol", Value::Null), doer, now) }
        });
        kept.map_err(|error| trouble(error.into()))?;
        let mut recalled = self.recalled();
        recalled.machines = None;
        recalled.joined = None;
        if concerns_relays {
            recalled.relays = None;
        }
        drop((recalled, admitting));
        Ok((made, proof))
    }

    /// Why a client has no room for one machine more, if it has none.
    fn has_room(&self, client: &Slug) -> Result<Option<Refused>, Failed> {
        let Some(most) = most_machines(&self.state, client)? else { return Ok(None) };
        let used = self.machines_of(client)?;
        let text = format!(
            "{client} may have {most} machines and has {used}, so this one was not let in: revoke one that is gone, or ask whoever \
             looks after the hub for more (vigie quotas set {client} --machines …), then enrol it again with the same token"
        );
        Ok((used >= most).then(|| Refused::saying(RefusedWhy::UsedUp, text)))
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

    /// Decides whether a machine that runs with another's identity becomes a node of its own, and notes it. The same key again
    /// is the same machine whose answer was lost.
    ///
    /// A copy has the rights of what it was copied from and no more; whoever takes these back from the one can take them back
    /// from the other, for each is listed. That who holds the shared key could make many is bounded.
    pub(crate) fn part(&self, parting: &Parting, node: NodeId, from: &str, now: UtcMs) -> Result<NodeRow, Refused> {
        let trouble =
            |error: Failed| Refused::saying(RefusedWhy::NotNow, format!("the hub can not note it now: {}", error.text));
        let gone = || Refused::saying(RefusedWhy::Revoked, "the node is not enrolled here any more; enrol it anew");
        let nodes = self.nodes().map_err(trouble)?;
        let find = |id: NodeId| nodes.iter().find(|row| row.node == id.to_string());
        let original = find(parting.peer.node).filter(|row| !row.revoked).ok_or_else(gone)?;
        if let Some(known) = find(node) {
            let again = known.copy_of.as_ref() == Some(&original.node) && !known.revoked;
            return if again { Ok(known.clone()) } else { Err(gone()) };
        }
        if original.role != Role::Agent {
            let text = "only machines part from their copies by themselves; stop one of both relays and enrol it anew";
            return Err(Refused::saying(RefusedWhy::WrongRole, text));
        }
        let copies: Vec<&NodeRow> =
            nodes.iter().filter(|row| row.copy_of.as_ref() == Some(&original.node) && !row.revoked).collect();
        if copies.len() >= MAX_COPIES {
            let text =
                format!("{MAX_COPIES} copies of this machine have identities of their own; revoke some, or enrol anew");
            return Err(Refused::saying(RefusedWhy::UsedUp, text));
        }
        let newest_ms = copies.iter().map(|row| row.enrolled_at_ms).max().unwrap_or(i64::MIN);
        let parted_lately = now.0.saturating_sub(newest_ms) < PARTED_MS;
        if !parting.certain && (parted_lately || !self.doubts().is_lasting(node, now)) {
            let text =
                "of two machines that do not know which is the copy, one parts at a time; who still is two asks again";
            return Err(Refused::saying(RefusedWhy::NotNow, text));
        }
        let made = NodeRow {
            node: node.to_string(),
            name: parting.hostname.clone(),
            advertised: Vec::new(),
            enrolled_at_ms: now.0,
            copy_of: Some(original.node.clone()),
            ..original.clone()
        };
        let (row, who) = (json(&made), format!("machine {}", original.node));
        let doer = Doer { who: &who, by: "enrolment", from };
        let kept = self.state.transact(|tx| {
            tx.put(NODES, made.node.as_bytes(), &row)?;
            append(tx, made.note("node.part", Value::Null), doer, now)
        });
        kept.map_err(|error| trouble(error.into()))?;
        self.recalled().machines = None;
        Ok(made)
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

    fn doubts(&self) -> MutexGuard<'_, Doubts> {
        self.doubts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn recalled(&self) -> MutexGuard<'_, Recalled> {
        self.recalled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn revoke_node(&self, node: NodeId, now: UtcMs) -> Result<NodeRow, Failed> {
        let mut row = self.node(node)?.ok_or_else(|| not_found("node", &node.to_string()))?;
        if !row.revoked {
            row.revoked = true;
            let version = (self.revocation_version()? + 1).to_be_bytes();
            let bytes = json(&row);
            let told = json!({ "role": row.role, "site": row.site, "name": row.name });
            let client = Some(row.client.clone());
            let note = Note { client, what: "node.revoke", on: row.node.clone(), before: told, after: Value::Null };
            self.noted([note], now, |tx| {
                tx.put(NODES, row.node.as_bytes(), &bytes)?;
                tx.put(HUB, b"revocations", &version)
            })?;
            *self.recalled() = Recalled::default();
        }
        Ok(row)
    }

    fn revocation_version(&self) -> Result<u64, Failed> {
        Ok(version_in(self.state.get(HUB, b"revocations")?))
    }

    /// The list as it is told to nodes. Of those whose client was erased as many stand in it as there is room for: the hub lets
    /// none of them in, and of others only a relay of the same name would.
    pub(crate) fn told_revocations(&self) -> Result<Revocations, Failed> {
        let (all, out) = (self.revocations()?, self.out()?);
        let (first, last): (Vec<NodeId>, Vec<NodeId>) = all.nodes().partition(|node| !out.contains(node));
        Ok(Revocations::new(all.version(), first.into_iter().chain(last).take(MAX_REVOKED)))
    }

    /// The nodes of clients that were erased.
    fn out(&self) -> Result<BTreeSet<NodeId>, Failed> {
        let rows = self.state.scan(OUT, b"")?;
        Ok(rows.iter().filter_map(|(key, _)| key.as_slice().try_into().ok().map(NodeId::from_bytes)).collect())
    }

    pub(crate) fn revocations(&self) -> Result<Revocations, Failed> {
        let mut recalled = self.recalled();
        if let Some(revocations) = &recalled.revocations {
            return Ok(revocations.clone());
        }
        let revoked = self.nodes()?.into_iter().filter(|row| row.revoked);
        let revoked = revoked.filter_map(|row| row.node.parse().ok());
        let nodes: Vec<NodeId> = revoked.chain(self.out()?).collect();
        let revocations = Revocations::new(self.revocation_version()?, nodes);
        Ok(recalled.revocations.insert(revocations).clone())
    }

    // ---- API tokens

    pub(crate) fn accesses(&self) -> Result<Vec<AccessRow>, Failed> {
        self.all(ACCESS)
    }

    pub(crate) fn add_access(&self, row: &AccessRow) -> Result<(), Failed> {
        if self.get::<AccessRow>(ACCESS, row.name.as_bytes())?.is_some() {
            return Err(Failed::new(
                1,
                format!("there is an API token named {:?} already; nothing was changed", row.name),
            ));
        }
        let notes = row.notes("api-token.make", |told| (Value::Null, told));
        self.noted(notes, UtcMs(row.made_at_ms), |tx| tx.put(ACCESS, row.name.as_bytes(), &json(row)))
    }

    pub(crate) fn remove_access(&self, name: &str, now: UtcMs) -> Result<(), Failed> {
        let row: AccessRow = self.get(ACCESS, name.as_bytes())?.ok_or_else(|| not_found("API token", name))?;
        let notes = row.notes("api-token.revoke", |told| (told, Value::Null));
        self.noted(notes, now, |tx| tx.remove(ACCESS, name.as_bytes()).map(drop))
    }

    // ---- the hub itself

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

/// Shuts nodes out for ever, within a transaction; nothing but their ids is kept.
pub(crate) fn shut_out(tx: &mut StateTx<'_>, nodes: &BTreeSet<NodeId>) -> Result<(), TxError> {
    nodes.iter().try_for_each(|node| tx.put(OUT, node.as_bytes(), &[]))?;
    let version = version_in(tx.get(HUB, b"revocations")?) + 1;
    tx.put(HUB, b"revocations", &version.to_be_bytes())
}

fn version_in(row: Option<Vec<u8>>) -> u64 {
    row.and_then(|bytes| Some(u64::from_be_bytes(bytes.try_into().ok()?))).unwrap_or(0)
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
