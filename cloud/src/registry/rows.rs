//! What does the hub keep of tokens and nodes?

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use vigie_model::{NodeId, Role, Slug, UtcMs};
use vigie_net::{ProofKey, Standing, Token, TokenId};
use vigie_people::Note;
use vigie_serve::Place;

/// A join token as the hub keeps it: not the secret, only what proves it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TokenRow {
    pub(crate) id: String,
    pub(crate) client: Slug,
    pub(crate) site: Slug,
    pub(crate) roles: Vec<Role>,
    pub(crate) uses_left: u32,
    pub(crate) expires_at_ms: i64,
    pub(crate) revoked: bool,
    pub(crate) made_at_ms: i64,
    /// Who made it; nobody is named where the hub's own machine did.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) by: String,
    pub(super) proof: String,
}

/// A join token that is to be kept.
#[derive(Debug)]
pub(crate) struct NewToken {
    pub(crate) id: TokenId,
    pub(crate) proof: ProofKey,
    pub(crate) client: Slug,
    pub(crate) site: Slug,
    pub(crate) roles: Vec<Role>,
    pub(crate) uses: u32,
    pub(crate) expires_at: UtcMs,
    pub(crate) by: String,
}

/// An enrolled node.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct NodeRow {
    pub(crate) node: String,
    pub(crate) role: Role,
    pub(crate) client: Slug,
    pub(crate) site: Slug,
    pub(crate) name: String,
    pub(crate) advertised: Vec<String>,
    pub(crate) token: String,
    pub(crate) enrolled_at_ms: i64,
    pub(crate) revoked: bool,
    /// The node it was a copy of, before it was given an identity of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) copy_of: Option<String>,
}

impl NodeRow {
    pub(super) fn note(&self, what: &'static str, before: Value) -> Note {
        let after = json!({ "role": self.role, "site": self.site, "name": self.name, "copy_of": self.copy_of });
        Note { client: Some(self.client.clone()), what, on: self.node.clone(), before, after }
    }

    /// Whose ticks it may bring beside its own.
    pub(crate) fn formerly(&self) -> Option<NodeId> {
        self.copy_of.as_deref()?.parse().ok()
    }

    /// Where it stands, if its id is one.
    pub(crate) fn standing(&self) -> Option<Standing> {
        let (client, site) = (self.client.clone(), self.site.clone());
        Some(Standing { node: self.node.parse().ok()?, role: self.role, client, site })
    }
}

/// A bearer token for API and page: only its hash.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct AccessRow {
    pub(crate) name: String,
    pub(crate) hash: String,
    /// Whose machines it shows; none means everybody's, unless it writes.
    pub(crate) clients: Vec<Slug>,
    /// Into which places it may write.
    #[serde(default)]
    pub(crate) writes: Vec<Place>,
    /// Whether it decides of what it shows.
    #[serde(default)]
    pub(crate) decides: bool,
    pub(crate) made_at_ms: i64,
}

impl AccessRow {
    /// A line for each client whose machines it shows or writes for, and the provider's where that is everybody's.
    pub(super) fn notes(&self, what: &'static str, turned: impl Fn(Value) -> (Value, Value)) -> Vec<Note> {
        let mut clients: BTreeSet<Option<Slug>> = self.clients.iter().cloned().map(Some).collect();
        clients.extend(self.writes.iter().map(|place| Some(place.client.clone())));
        if self.clients.is_empty() && self.writes.is_empty() {
            clients.insert(None);
        }
        let line = |client: Option<Slug>| {
            let writes: Vec<_> = self.writes.iter().filter(|place| Some(&place.client) == client.as_ref()).collect();
            let looks = client.as_ref().is_none_or(|client| self.clients.contains(client));
            let (before, after) = turned(json!({ "looks": looks, "decides": self.decides, "writes": writes }));
            Note { client, what, on: self.name.clone(), before, after }
        };
        clients.into_iter().map(line).collect()
    }
}

impl TokenRow {
    pub(super) fn told(&self) -> Value {
        json!({ "site": self.site, "roles": self.roles, "uses": self.uses_left, "until_ms": self.expires_at_ms })
    }

    pub(super) fn note(&self, what: &'static str, before: Value, after: Value) -> Note {
        Note { client: Some(self.client.clone()), what, on: self.id.clone(), before, after }
    }

    pub(super) fn proof_key(&self) -> Option<ProofKey> {
        let bytes = data_encoding::HEXLOWER.decode(self.proof.as_bytes()).ok()?;
        Some(ProofKey::from_bytes(bytes.try_into().ok()?))
    }

    pub(super) fn as_token(&self, proof_key: ProofKey) -> Token {
        Token {
            client: self.client.clone(),
            site: self.site.clone(),
            roles: self.roles.clone(),
            uses_left: self.uses_left,
            expires_at: UtcMs(self.expires_at_ms),
            revoked: self.revoked,
            proof_key,
        }
    }
}
