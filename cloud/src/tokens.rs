//! Bearer tokens for page and API, looked up by hash.

use std::sync::{PoisonError, RwLock};

use vigie_node::Failed;
use vigie_people::Powers;
use vigie_serve::{Access, Clients, Decides, Identity, TokenTable, Writes};

use crate::registry::{AccessRow, Registry};

/// The table in memory; read anew when a token is made or revoked.
#[derive(Debug, Default)]
pub(crate) struct Tokens(RwLock<TokenTable>);

impl Tokens {
    /// Reads the rows. `own` is the token that the hub's own machine keeps in a file.
    pub(crate) fn read(&self, registry: &Registry, own: &str) -> Result<(), Failed> {
        let rows = registry.accesses()?;
        let kept = rows.into_iter().filter_map(|row| Some((parse(&row.hash)?, identity(row))));
        let (clients, writes, decides) = (Clients::All, Writes::Everywhere, Decides::Seen);
        // Whoever reads that file has all the hub's files, and may whatever its command line may.
        let powers = Powers::all();
        let hub = Identity { name: "hub".to_owned(), clients, writes, decides, powers, ..Identity::default() };
        let table = TokenTable::new(kept.chain([(TokenTable::hash(own), hub)]));
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
    let sees_all = row.clients.is_empty() && row.writes.is_empty();
    let clients = if sees_all { Clients::All } else { Clients::Only(row.clients.into_iter().collect()) };
    let writes = if row.writes.is_empty() { Writes::Nothing } else { Writes::Only(row.writes.into_iter().collect()) };
    let decides = if row.decides { Decides::Seen } else { Decides::Nothing };
    Identity { name: row.name, clients, writes, decides, ..Identity::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(clients: &[&str], writes: &[&str]) -> AccessRow {
        AccessRow {
            name: "somebody".to_owned(),
            hash: String::new(),
            clients: clients.iter().map(|name| name.parse().expect("a name")).collect(),
            writes: writes.iter().map(|place| place.parse().expect("a place")).collect(),
            decides: false,
            made_at_ms: 0,
        }
    }

    #[test]
    fn a_token_that_writes_sees_nothing_that_it_was_not_given() {
        let who = identity(row(&[], &["acme/lyon"]));
        assert!(!who.clients.include(&"acme".parse().expect("a name")));
        assert!(who.writes.include(&"acme/lyon".parse().expect("a place")));
        assert!(!who.writes.include(&"acme/paris".parse().expect("a place")));
        let both = identity(row(&["acme"], &["acme/lyon"]));
        assert!(both.clients.include(&"acme".parse().expect("a name")));
    }

    #[test]
    fn a_token_writes_nowhere_unless_it_says_so() {
        let who = identity(row(&[], &[]));
        assert_eq!((who.clients, who.writes), (Clients::All, Writes::Nothing));
    }

    #[test]
    fn a_row_of_before_tokens_could_write_still_opens() {
        let row: AccessRow =
            serde_json::from_str(r#"{"name":"a","hash":"","clients":["acme"],"made_at_ms":1}"#).expect("a row");
        let who = identity(row);
        assert_eq!((who.writes, who.decides), (Writes::Nothing, Decides::Nothing));
    }

    #[test]
    fn a_token_that_writes_decides_nothing_unless_it_was_given_that() {
        assert_eq!(identity(row(&["acme"], &["acme/lyon"])).decides, Decides::Nothing);
        let decides = AccessRow { decides: true, ..row(&["acme"], &[]) };
        assert_eq!(identity(decides).decides, Decides::Seen);
    }
}
