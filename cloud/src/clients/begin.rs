//! Carries out, before the hub opens its doors, what of an erasure has to happen at once.

use std::collections::BTreeSet;

use serde_json::json;
use tracing::{error, info};
use vigie_model::{NodeId, Slug, UtcMs};
use vigie_node::Failed;
use vigie_people::{
    Answer, Asker, CLIENT_ERASED, Chance, ClientErasure, Directory, Done, LEFT_AT_ONCE, Left, Note, Order, Who,
};
use vigie_serve::{ChainEnd, ErasureState};
use vigie_store::{Log, State, StateTx, TxError};

use super::receipt::{self, Row, TABLE};
use super::sift::sift;
use super::whose::Whose;
use crate::people::{Doer, append, audit_head, erase_with_client, read_people, rewrite_audit, write_person};
use crate::registry::shut_out;

/// Lets go of each client that is to be erased, in all that the small state knows, in one transaction for each; and disowns
/// its streams in the log. What can not be done now is done at the next start: until then the client is as it was. `in_file` are
/// the routes of the hub's own file.
pub(crate) fn begin(state: &State, log: &mut Log, hub: NodeId, in_file: &BTreeSet<String>, now: UtcMs) {
    if let Err(failed) = begin_all(state, log, hub, in_file, now) {
        error!(error = failed.text, "a client that is to be erased could not be; it is tried again at the next start");
    }
}

pub(super) fn begin_all(
    state: &State,
    log: &mut Log,
    hub: NodeId,
    in_file: &BTreeSet<String>,
    now: UtcMs,
) -> Result<(), Failed> {
    // One that can not be now keeps no other from it.
    let mut all = Ok(());
    for row in receipt::all(state)? {
        let one = begin_one(state, log, hub, in_file, now, row);
        all = all.and(one);
    }
    all
}

fn begin_one(
    state: &State,
    log: &mut Log,
    hub: NodeId,
    in_file: &BTreeSet<String>,
    now: UtcMs,
    mut row: Row,
) -> Result<(), Failed> {
    if let (Some(client), true) = (row.client.take(), row.is(ErasureState::Begun)) {
        let erasure = ClientErasure::new(client.clone(), &row.told.id);
        let whose = Whose::read((state, log), hub, in_file, erasure, &client)?;
        let_go(state, &mut row, &whose, now)?;
        info!(erasure = row.told.id, nodes = row.told.nodes, "a client was erased; its records are being deleted");
    }
    if row.is(ErasureState::Deleting) {
        log.disown(&row.streams())?;
    }
    Ok(())
}

/// All that the small state knows of a client goes, and the receipt says what was found after: both or neither.
fn let_go(state: &State, row: &mut Row, whose: &Whose, now: UtcMs) -> Result<(), Failed> {
    let mut directory = read_people(state)?;
    let gone = people(&mut directory, &whose.client, now)?;
    let others = directory.without(&whose.client);
    others.iter().for_each(|change| directory.apply(change));
    let head = audit_head(state, Some(&whose.client))?;
    let chain = ChainEnd { lines: head.seq, head: data_encoding::HEXLOWER.encode(&head.hash) };
    row.told.state = ErasureState::Deleting;
    row.told.nodes = whose.nodes.len() as u64;
    row.set_streams(&whose.streams);
    row.told.chain = Some(chain);
    let by = row.told.by.clone();
    let doer = Doer { who: &by, by: "api", from: "" };
    let kept = state.transact(|tx| {
        let sifted = sift(whose, &directory, |table| tx.range(table, b"", b"", usize::MAX))?;
        for (table, key, left) in &sifted.changes {
            match left {
                Some(left) => tx.put(table, key, left)?,
                None => drop(tx.remove(table, key)?),
            }
        }
        gone.iter().try_for_each(|done| erase_with_client(tx, done, doer, now))?;
        others.iter().try_for_each(|change| write_person(tx, change))?;
        shut_out(tx, &whose.nodes)?;
        told(tx, whose, row, doer, now)?;
        let left = sift(whose, &directory, |table| tx.range(table, b"", b"", usize::MAX))?;
        row.told.left = Some(left.has);
        tx.put(TABLE, row.told.id.as_bytes(), &row.encode())
    });
    Ok(kept?)
}

/// Those who may something of the client and nothing elsewhere, as each of them is erased.
fn people(directory: &mut Directory, client: &Slug, now: UtcMs) -> Result<Vec<Done>, Failed> {
    let asker = Asker { who: Who::Console, by: "hub", from: String::new() };
    let theirs: Vec<_> = directory.only_of(client).cloned().collect();
    let mut gone = Vec::with_capacity(theirs.len());
    for person in theirs {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)
            .map_err(|error| Failed::new(1, format!("the system gives no random bytes: {error}")))?;
        let order = Order::Erase { person, version: None, at_sites: Vec::new() };
        let done = directory
            .decide(order, &asker, &Chance::new(bytes), now)
            .map_err(|refused| Failed::new(1, format!("somebody of the client could not be erased: {refused}")))?;
        debug_assert!(matches!(done.answer, Answer::Erased(_)), "that is what was asked for");
        done.changes.iter().for_each(|change| directory.apply(change));
        gone.push(done);
    }
    Ok(gone)
}

/// The pseudonym comes into the provider's lines, and lines that tell of it behind them.
fn told(tx: &mut StateTx<'_>, whose: &Whose, row: &Row, doer: Doer<'_>, now: UtcMs) -> Result<(), TxError> {
    let mut left = Vec::new();
    rewrite_audit(tx, None, |before, link| {
        let (link, told) = whose.erasure.left(before, link)?;
        left.push(told);
        Some(link)
    })?;
    let parts: Vec<&[Left]> = if left.is_empty() { vec![&[]] } else { left.chunks(LEFT_AT_ONCE).collect() };
    for part in parts {
        let mut after = Left::tell(part);
        after["erasure"] = json!(row.told.id);
        after["chain"] = json!(row.told.chain);
        after["nodes"] = json!(row.told.nodes);
        let on = whose.erasure.pseudonym.clone();
        append(tx, Note { client: None, what: CLIENT_ERASED, on, before: json!(null), after }, doer, now)?;
    }
    Ok(())
}
