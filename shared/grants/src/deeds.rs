//! Who was granted what, and who came, for whoever keeps an audit?

use serde_json::{Value, json};
use vigie_merge::{Key, Kind, Row, Scope};
use vigie_model::UtcMs;
use vigie_people::Deed;

use crate::audit::{Came, visits_of};
use crate::grant::{Grant, is_ours};

/// The kinds of rows that [`deeds`] reads.
pub const DEED_KINDS: [Kind; 2] = [Kind::Grant, Kind::Audit];

/// What was done, by a row as it stands.
pub fn deeds(key: &Key, row: &Row) -> Vec<Deed> {
    match key.kind() {
        Kind::Grant if is_ours(key) => granted(key, row).into_iter().collect(),
        Kind::Audit => visited(key, row),
        _ => Vec::new(),
    }
}

fn granted(key: &Key, row: &Row) -> Option<Deed> {
    let grant = Grant::of_row(row)?;
    let is = json!({ "may": grant.may, "from_ms": grant.from_ms, "until_ms": grant.until_ms });
    let (what, is, at) = match grant.revoked_ms {
        None => ("grant.add", is, grant.from_ms),
        Some(at) => ("grant.revoke", Value::Null, at),
    };
    Some(Deed {
        what,
        on: format!("{} {}", place(key), grant.name),
        who: String::new(),
        at: String::new(),
        from: String::new(),
        happened: Some(UtcMs(at)),
        // The hub alone grants.
        at_hub: true,
        is,
        mark: Deed::mark(&grant.encode()),
    })
}

fn visited(key: &Key, row: &Row) -> Vec<Deed> {
    let deed = |(visit, member): (crate::Visit, Vec<u8>)| Deed {
        what: if visit.came == Came::In { "site.sign-in" } else { "site.refused" },
        on: place(key),
        who: visit.name,
        at: format!("relay {}", visit.relay),
        from: visit.from,
        happened: Some(visit.at),
        at_hub: false,
        is: json!(visit.came.as_str()),
        mark: Deed::mark(&member),
    };
    visits_of(key, row).into_iter().map(deed).collect()
}

fn place(key: &Key) -> String {
    match key.scope() {
        Scope::Site(client, site) => format!("{client}/{site}"),
        Scope::Client(client) => client.to_string(),
        Scope::Deployment => "everywhere".to_owned(),
    }
}
