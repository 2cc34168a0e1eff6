//! Bearer tokens for page and API, looked up by hash.

use std::sync::{PoisonError, RwLock};

use vigie_node::Failed;
use vigie_serve::{Access, Clients, Identity, TokenTable};

use crate::registry::{AccessRow, Registry};

/// The table in memory; read anew when a token is made or revoked.
#[derive(Debug, Default)]
pub(crate) struct Tokens(RwLock<TokenTable>);

impl Tokens {
    /// Reads the rows. `own` is the token that the hub's own machine keeps in a file.
    pub(crate) fn read(&self, registry: &Registry, own: &str) -> Result<(), Failed> {
        let rows = registry.accesses()?;
        let kept = rows.into_iter().filter_map(|row| Some((parse(&row.hash)?, identity(row))));
        let first = (TokenTable::hash(own), Identity { name: "hub".to_owned(), clients: Clients::All });
        let table = TokenTable::new(kept.chain([first]));
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = table;
        Ok(())
    }
}

impl Access for Tokens {
    fn check_bearer(&self, token: &str) -> Option<Identity> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).check_bearer(token)
    }

    fn identity(&self, name: &str) -> Option<Identity> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).identity(name)
    }
}

fn parse(hash: &str) -> Option<blake3::Hash> {
    blake3::Hash::from_hex(hash).ok()
}

fn identity(row: AccessRow) -> Identity {
    let clients = if row.clients.is_empty() { Clients::All } else { Clients::Only(row.clients.into_iter().collect()) };
    Identity { name: row.name, clients }
}
