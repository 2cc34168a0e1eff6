//! How do subscriptions and their queues stand in the node's state?

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use vigie_model::Slug;
use vigie_store::{CommitError, ReadError, State, StateTx, TxError};

use super::{DeadEvent, Hook, HookEvent, MOST_DEAD, MOST_WAITING, reset};

const HOOKS: &str = "webhook.hook";
/// The next number of each subscription: it outlives what bears it, for a number is never given again.
const NEXT: &str = "webhook.next";
const WAITING: &str = "webhook.waiting";
const DEAD: &str = "webhook.dead";

/// Rows that are looked at together.
const STRIDE: usize = 1_000;

/// The tables of subscriptions and their queues.
pub const HOOK_TABLES: [&str; 4] = [HOOKS, NEXT, WAITING, DEAD];

/// Which subscription of a client a row is; nothing where it is none.
pub fn hook_of_client(table: &str, row: &[u8], client: &Slug) -> Option<String> {
    let hook: Hook = serde_json::from_slice(row).ok().filter(|_| table == HOOKS)?;
    (hook.client.as_ref() == Some(client)).then_some(hook.id)
}

/// Whether a row of one of [`HOOK_TABLES`] is a client's, whose own subscriptions are these: they and their queues, and what
/// waits for others of the client's events. Numbers are never given again, so a queue may lack some.
pub fn is_hook_of_client(table: &str, key: &[u8], row: &[u8], client: &Slug, own: &BTreeSet<String>) -> bool {
    let id = key.split(|byte| *byte == 0).next().and_then(|id| std::str::from_utf8(id).ok());
    if id.is_some_and(|id| own.contains(id)) {
        return true;
    }
    let event = match table {
        WAITING => serde_json::from_slice(row).ok().map(|waits: Waits| waits.event),
        DEAD => serde_json::from_slice(row).ok().map(|dead: DeadEvent| dead.event),
        _ => None,
    };
    event.is_some_and(|event| event.client.as_ref() == Some(client))
}

#[derive(Serialize, Deserialize)]
struct Waits {
    event: HookEvent,
    tries: u32,
}

pub(super) fn hooks(state: &State) -> Result<Vec<Hook>, ReadError> {
    let rows = state.scan(HOOKS, b"")?;
    Ok(rows.into_iter().filter_map(|(_, row)| serde_json::from_slice(&row).ok()).collect())
}

pub(super) fn put_hook(state: &State, hook: &Hook) -> Result<(), CommitError> {
    state.put(HOOKS, hook.id.as_bytes(), &json(hook))
}

pub(super) fn remove_hook(state: &State, id: &str) -> Result<(), CommitError> {
    state.transact(|tx| {
        for table in [WAITING, DEAD] {
            remove_all(tx, table, id)?;
        }
        tx.remove(NEXT, id.as_bytes())?;
        tx.remove(HOOKS, id.as_bytes()).map(drop)
    })
}

pub(super) fn waiting(state: &State, id: &str) -> Result<u64, ReadError> {
    Ok(state.scan(WAITING, &prefix(id))?.len() as u64)
}

/// Puts events behind what waits for each, with numbers from `floor` on at least, and says how many wait then. A queue that is too long is emptied before.
pub(super) fn add(
    state: &State,
    for_each: &[(String, u64, Vec<&HookEvent>)],
    floor: u64,
) -> Result<Vec<u64>, CommitError> {
    state.transact(|tx| {
        let mut counts = Vec::with_capacity(for_each.len());
        for (id, before, events) in for_each {
            let next = tx.get(NEXT, id.as_bytes())?;
            let mut next =
                next.and_then(|next| Some(u64::from_be_bytes(next.try_into().ok()?))).unwrap_or(1).max(floor);
            let is_full = before + events.len() as u64 > MOST_WAITING;
            let missing = events.first().filter(|_| is_full).map(|event| {
                reset("more waited than is kept, because this address took nothing for long", event.at_ms)
            });
            if is_full {
                remove_all(tx, WAITING, id)?;
            }
            // Whoever is told that events are missing is not told of what came with them, either: they load all anew.
            let new: Vec<&HookEvent> = missing.as_ref().map_or_else(|| events.clone(), |missing| vec![missing]);
            for event in &new {
                tx.put(WAITING, &key(id, next), &json(&Waits { event: (*event).clone(), tries: 0 }))?;
                next += 1;
            }
            tx.put(NEXT, id.as_bytes(), &next.to_be_bytes())?;
            counts.push(if is_full { 0 } else { *before } + new.len() as u64);
        }
        Ok(counts)
    })
}

/// The first that waits, and how often it was tried. A row that can not be read is passed over.
pub(super) fn first(state: &State, id: &str) -> Result<Option<(u64, HookEvent, u32)>, ReadError> {
    let mut from = key(id, 0);
    loop {
        let rows = state.view(|view| view.range(WAITING, &prefix(id), &from, 16))?;
        let Some((last, _)) = rows.last() else { return Ok(None) };
        from = [last.as_slice(), &[0]].concat();
        let read = |(key, row): &(Vec<u8>, Vec<u8>)| {
            let waits: Waits = serde_json::from_slice(row).ok()?;
            Some((seq_of(key)?, waits.event, waits.tries))
        };
        if let Some(found) = rows.iter().find_map(read) {
            return Ok(Some(found));
        }
    }
}

pub(super) fn remove(state: &State, id: &str, seq: u64) -> Result<bool, CommitError> {
    state.remove(WAITING, &key(id, seq))
}

pub(super) fn tried(state: &State, delivery: &super::Delivery) -> Result<(), CommitError> {
    let waits = Waits { event: delivery.event.clone(), tries: delivery.tries.saturating_add(1) };
    state.put(WAITING, &key(&delivery.hook.id, delivery.seq), &json(&waits))
}

/// From those that wait to the dead; says how many of these are kept then.
pub(super) fn bury(state: &State, id: &str, dead: &DeadEvent) -> Result<u64, CommitError> {
    state.transact(|tx| {
        tx.remove(WAITING, &key(id, dead.seq))?;
        tx.put(DEAD, &key(id, dead.seq), &json(dead))?;
        let kept = tx.range(DEAD, &prefix(id), &key(id, 0), MOST_DEAD + 1)?;
        if kept.len() > MOST_DEAD
            && let Some((oldest, _)) = kept.first()
        {
            tx.remove(DEAD, oldest)?;
        }
        Ok(kept.len().min(MOST_DEAD) as u64)
    })
}

pub(super) fn dead(state: &State, id: &str) -> Result<Vec<DeadEvent>, ReadError> {
    let rows = state.scan(DEAD, &prefix(id))?;
    Ok(rows.into_iter().filter_map(|(_, row)| serde_json::from_slice(&row).ok()).collect())
}

/// From the dead to those that wait, under the numbers that they had.
pub(super) fn revive(state: &State, id: &str, dead: &[DeadEvent]) -> Result<(), CommitError> {
    state.transact(|tx| {
        dead.iter().try_for_each(|one| {
            tx.remove(DEAD, &key(id, one.seq))?;
            tx.put(WAITING, &key(id, one.seq), &json(&Waits { event: one.event.clone(), tries: 0 }))
        })
    })
}

fn remove_all(tx: &mut StateTx<'_>, table: &str, id: &str) -> Result<(), TxError> {
    loop {
        let rows = tx.range(table, &prefix(id), &key(id, 0), STRIDE)?;
        if rows.is_empty() {
            return Ok(());
        }
        rows.iter().try_for_each(|(key, _)| tx.remove(table, key).map(drop))?;
    }
}

/// Ends with a byte that stands in no id.
fn prefix(id: &str) -> Vec<u8> {
    [id.as_bytes(), &[0]].concat()
}

fn key(id: &str, seq: u64) -> Vec<u8> {
    [prefix(id).as_slice(), &seq.to_be_bytes()].concat()
}

fn seq_of(key: &[u8]) -> Option<u64> {
    key.last_chunk::<8>().map(|seq| u64::from_be_bytes(*seq))
}

fn json<T: Serialize>(row: &T) -> Vec<u8> {
    // Texts, numbers and JSON: writing them to memory does not fail.
    serde_json::to_vec(row).unwrap_or_default()
}
