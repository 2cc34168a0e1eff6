//! Does a copy of a machine become a node of its own?

use std::collections::BTreeMap;
use std::sync::{MutexGuard, PoisonError};

use serde_json::Value;
use vigie_model::{NodeId, Role, UtcMs};
use vigie_net::{Parting, Refused, RefusedWhy};
use vigie_node::Failed;

use super::{NODES, NodeRow, Registry, json};
use crate::people::{Doer, append};

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
pub(super) struct Doubts(BTreeMap<NodeId, i64>);

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

impl Registry {
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

    fn doubts(&self) -> MutexGuard<'_, Doubts> {
        self.doubts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
