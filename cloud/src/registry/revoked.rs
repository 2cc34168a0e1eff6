//! Who lost their rights, and which list of them is told?

use std::collections::BTreeSet;

use serde_json::{Value, json as value};
use vigie_model::{NodeId, UtcMs};
use vigie_net::{MAX_REVOKED, Revocations};
use vigie_node::Failed;
use vigie_people::Note;
use vigie_store::{StateTx, TxError};

use super::{HUB, NODES, NodeRow, Recalled, Registry, json, not_found};

/// Nodes of clients that were erased, by their ids: nothing else is kept of them.
pub(super) const OUT: &str = "node.out";

impl Registry {
    pub(crate) fn revoke_node(&self, node: NodeId, now: UtcMs) -> Result<NodeRow, Failed> {
        let mut row = self.node(node)?.ok_or_else(|| not_found("node", &node.to_string()))?;
        if !row.revoked {
            row.revoked = true;
            let version = (self.revocation_version()? + 1).to_be_bytes();
            let bytes = json(&row);
            let told = value!({ "role": row.role, "site": row.site, "name": row.name });
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
