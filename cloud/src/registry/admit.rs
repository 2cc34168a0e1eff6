//! Is a node let in that comes with a token?

use std::sync::PoisonError;

use serde_json::Value;
use vigie_model::{NodeId, Role, Slug, UtcMs};
use vigie_net::{EnrolRequest, ProofKey, Refused, RefusedWhy};
use vigie_node::Failed;

use super::revoked::OUT;
use super::{NODES, NodeRow, Registry, TOKENS, TokenRow, hex, json};
use crate::people::{Doer, append};
use crate::quotas::most_machines;

impl Registry {
    /// Decides whether a request may enrol; counts the use and notes the node in the same transaction.
    ///
    /// The same key with the same token again is the same node whose answer was lost: nothing is counted.
    pub(crate) fn admit(
        &self,
        request: &EnrolRequest,
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
}
