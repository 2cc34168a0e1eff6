//! Join tokens, by which nodes come, and API tokens, by which programs ask.

use serde_json::Value;
use vigie_model::UtcMs;
use vigie_node::Failed;

use super::{ACCESS, AccessRow, NewToken, Registry, TOKENS, TokenRow, hex, json, not_found};

/// Who asks a month later what became of a token that has ended reads it in the audit.
const OVER_MS: i64 = 30 * 86_400_000;

impl Registry {
    pub(crate) fn tokens(&self) -> Result<Vec<TokenRow>, Failed> {
        self.all(TOKENS)
    }

    /// The join token of this number.
    pub(crate) fn token(&self, id: &str) -> Result<Option<TokenRow>, Failed> {
        self.get(TOKENS, id.as_bytes())
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
}
