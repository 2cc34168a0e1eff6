//! Goes through the state and says what is a client's: how much of each thing, and what becomes of each row.

use std::collections::BTreeSet;

use vigie_merge::{Key, Kind};
use vigie_model::{Role, Slug};
use vigie_notify::Table;
use vigie_people::{Change, Directory};
use vigie_serve::Holdings;
use vigie_store::{Log, StateRow};

use super::whose::{Fate, Whose, client_of, tables};
use crate::people::{LINES, NOTED};
use crate::registry::{ACCESS, NODES, NodeRow, TOKENS};
use crate::{boards, jobs, photos, quotas, repeats, retention};

/// What becomes of a row: table, key, and what stands there then.
pub(super) type RowChange = (&'static str, Vec<u8>, Option<Vec<u8>>);

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Sifted {
    pub(super) has: Holdings,
    pub(super) changes: Vec<RowChange>,
}

/// Goes through all tables; `scan` gives all rows of one.
pub(super) fn sift<E>(
    whose: &Whose,
    directory: &Directory,
    mut scan: impl FnMut(&str) -> Result<Vec<StateRow>, E>,
) -> Result<Sifted, E> {
    let (mut sifted, mut sites) = (Sifted::default(), BTreeSet::new());
    for table in tables() {
        for (key, row) in scan(table)? {
            let becomes = match whose.fate(table, &key, &row) {
                Fate::Stays => continue,
                Fate::Goes => None,
                Fate::Becomes(left) => Some(left),
            };
            count(&mut sifted.has, &mut sites, table, &key, &row);
            if table == photos::TABLE {
                // Photos themselves are not read for it.
                sifted.changes.push((photos::CONTENT, key.clone(), None));
            }
            sifted.changes.push((table, key, becomes));
        }
    }
    sifted.has.sites = sites.len() as u64;
    people(&mut sifted.has, directory, &whose.client);
    Ok(sifted)
}

/// What the log has of the streams of a client, as far as they are known.
pub(super) fn of_log(has: &mut Holdings, log: &Log, whose: &Whose) {
    let known = whose.streams.iter().filter_map(|stream| log.streams().get(stream));
    for facts in known {
        has.streams += 1;
        has.samples += facts.samples;
        has.bytes += facts.bytes.total();
        has.series += u64::from(facts.schema_len);
    }
}

fn count(has: &mut Holdings, sites: &mut BTreeSet<String>, table: &str, key: &[u8], row: &[u8]) {
    match table {
        NODES => {
            let Ok(node) = serde_json::from_slice::<NodeRow>(row) else { return };
            sites.insert(node.site.to_string());
            *(if node.role == Role::Relay { &mut has.relays } else { &mut has.machines }) += 1;
        }
        TOKENS => has.enrolments += 1,
        ACCESS => has.tokens += 1,
        LINES => has.audit_lines += 1,
        boards::TABLE => has.boards += 1,
        photos::TABLE => has.photos += 1,
        quotas::TABLE => has.quotas += 1,
        retention::TABLE => has.retention += 1,
        repeats::TABLE => has.answers += 1,
        jobs::TABLE => has.jobs += 1,
        NOTED => has.remembered += 1,
        vigie_forward::SENT => has.forwarded += 1,
        table if table == vigie_store::rows::STATE_TABLES[0] => shared(has, sites, key),
        // Where rows changed and what is remembered of nodes goes with them.
        table if vigie_store::rows::STATE_TABLES.contains(&table) => {}
        table if table == vigie_notify::HOOK_TABLES[0] => has.webhooks += 1,
        table if vigie_notify::HOOK_TABLES.contains(&table) => has.messages += 1,
        table if [Table::Letter, Table::Sent, Table::Dead].map(Table::name).contains(&table) => has.messages += 1,
        _ => has.remembered += 1,
    }
}

/// A row that hub and sites share.
fn shared(has: &mut Holdings, sites: &mut BTreeSet<String>, key: &[u8]) {
    has.rows += 1;
    let Ok(key) = Key::read(key) else { return };
    if let vigie_merge::Scope::Site(_, site) = key.scope() {
        sites.insert(site.to_string());
    }
    match key.kind() {
        Kind::Alert => has.incidents += 1,
        Kind::Ack | Kind::Comment => has.decisions += 1,
        Kind::Maintenance => has.maintenance += 1,
        Kind::Rule => has.rules += 1,
        Kind::Route if vigie_lookout::is_schedule(&key) => has.schedules += 1,
        Kind::Route => has.routes += 1,
        Kind::Grant => has.access += 1,
        Kind::Fact | Kind::Presence | Kind::About | Kind::Held | Kind::Budget | Kind::Tag | Kind::Audit => {}
        Kind::Other(_) => {}
    }
    debug_assert!(client_of(&key).is_some(), "what is nobody's alone is no client's");
}

fn people(has: &mut Holdings, directory: &Directory, client: &Slug) {
    has.people = directory.only_of(client).count() as u64;
    for change in directory.without(client) {
        match change {
            // Those who may nothing elsewhere are counted above.
            Change::Person(person) if person.grants.is_empty() => {}
            Change::Person(_) => has.people_elsewhere += 1,
            Change::Invitation(_) | Change::InvitationGone(_) => has.invitations += 1,
            Change::Token(_) | Change::TokenGone(_) => has.tokens += 1,
            Change::Begun(_)
            | Change::PersonGone(_)
            | Change::Role(_)
            | Change::RoleGone(_)
            | Change::Session(_)
            | Change::SessionGone(_)
            | Change::Taken(_)
            | Change::TakenGone(_) => {}
        }
    }
}
