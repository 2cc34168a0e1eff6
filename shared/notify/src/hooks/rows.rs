//! How do subscriptions and their queues stand in the node's state?

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use vigie_model::Slug;
use vigie_store::{CommitError, ReadError, State, StateTx, TxError};

use super::{DeadEvent, Delivery, Hook, HookEvent, MOST_DEAD, MOST_WAITING, reset};

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
    #[serde(flatten)]
    tried: Tried,
}

/// How often an event was tried, since when it is not taken, and what was said the last time: so that a start knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tried {
    pub(super) tries: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) since_ms: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) why: Option<String>,
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
                tx.put(WAITING, &key(id, next), &json(&Waits { event: (*event).clone(), tried: Tried::default() }))?;
                next += 1;
            }
            tx.put(NEXT, id.as_bytes(), &next.to_be_bytes())?;
            counts.push(if is_full { 0 } else { *before } + new.len() as u64);
        }
        Ok(counts)
    })
}

/// The first that wait, each with how it went so far. A row that can not be read is passed over.
pub(super) fn firsts(state: &State, id: &str, most: usize) -> Result<Vec<(u64, HookEvent, Tried)>, ReadError> {
    let (mut from, mut found) = (key(id, 0), Vec::new());
    while found.len() < most {
        let rows = state.view(|view| view.range(WAITING, &prefix(id), &from, most))?;
        let Some((last, _)) = rows.last() else { break };
        from = [last.as_slice(), &[0]].concat();
        let read = |(key, row): &(Vec<u8>, Vec<u8>)| {
            let waits: Waits = serde_json::from_slice(row).ok()?;
            Some((seq_of(key)?, waits.event, waits.tried))
        };
        found.extend(rows.iter().filter_map(read));
    }
    found.truncate(most);
    Ok(found)
}

/// What becomes of an event that was tried.
pub(super) enum Fate {
    Taken,
    Waits(Tried),
    Dead(DeadEvent),
}

/// Writes down what became of events, of several receivers in one step. Says of each receiver how many events wait no more, and how
/// many dead are kept then, where another came to them.
pub(super) fn settle(
    state: &State,
    rounds: &[(&str, Vec<(&Delivery, Fate)>)],
) -> Result<Vec<(u64, Option<u64>)>, CommitError> {
    state.transact(|tx| {
        let mut told = Vec::with_capacity(rounds.len());
        for (id, fates) in rounds {
            let (mut gone, mut buried) = (0, None);
            for (delivery, fate) in fates {
                let key = key(id, delivery.seq);
                // Its queue may have been emptied meanwhile, or its client erased: nothing of it comes back.
                if !tx.remove(WAITING, &key)? {
                    continue;
                }
                match fate {
                    Fate::Taken => gone += 1,
                    Fate::Waits(tried) => {
                        let waits = Waits { event: delivery.event.clone(), tried: tried.clone() };
                        tx.put(WAITING, &key, &json(&waits))?;
                    }
                    Fate::Dead(dead) => {
                        gone += 1;
                        buried = Some(bury(tx, id, dead)?);
                    }
                }
            }
            told.push((gone, buried));
        }
        Ok(told)
    })
}

/// To the dead; says how many of these are kept then.
fn bury(tx: &mut StateTx<'_>, id: &str, dead: &DeadEvent) -> Result<u64, TxError> {
    tx.put(DEAD, &key(id, dead.seq), &json(dead))?;
    let kept = tx.range(DEAD, &prefix(id), &key(id, 0), MOST_DEAD + 1)?;
    if kept.len() > MOST_DEAD
        && let Some((oldest, _)) = kept.first()
    {
        tx.remove(DEAD, oldest)?;
    }
    Ok(kept.len().min(MOST_DEAD) as u64)
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
            tx.put(WAITING, &key(id, one.seq), &json(&Waits { event: one.event.clone(), tried: Tried::default() }))
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
