//! Lets go of a person in what is kept beside the directory: the lines of the audit, in the step in which the person goes; and
//! the rows that sites and hub share, after it.
//!
//! By whom a row is to be erased stands in the state until it is done, so that a crash in between delays it. What is kept for
//! good is the pseudonym alone.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use vigie_grants::GrantError;
use vigie_merge::{Key, Row, Scope};
use vigie_model::{Slug, UtcMs};
use vigie_node::{Failed, NodeRows};
use vigie_people::{Done, Erasure, LEFT_AT_ONCE, Left, Note};
use vigie_store::rows::WriteError;
use vigie_store::{State, StateTx, TxError};

use super::audit::{self, Doer, append};
use super::scribe::NOTED;

/// By pseudonym.
const ERASED: &str = "people.erased";

/// Rows that are written in one transaction, so that nobody else waits for long.
const AT_ONCE: usize = 100;

/// What is kept of people beside directory, audit and rows, and goes with them.
pub(crate) trait Belongings: std::fmt::Debug + Send + Sync {
    /// Lets go of what is theirs, durably; where nothing is any more, nothing happens.
    ///
    /// # Errors
    /// When the store refuses, as text: it is tried again.
    fn let_go(&self, erasure: &Erasure) -> Result<(), String>;
}

#[derive(Debug, Serialize, Deserialize)]
struct Gone {
    at_ms: i64,
    /// Who is still to be erased from rows.
    waiting: Option<Erasure>,
}

/// Puts the pseudonym into each line of each chain that names somebody, and writes the lines that tell of it; says how many
/// lines that were.
pub(super) fn lines(
    tx: &mut StateTx<'_>,
    erasure: &Erasure,
    notes: &[Note],
    doer: Doer<'_>,
    now: UtcMs,
) -> Result<u64, TxError> {
    let Some(sample) = notes.first() else { return Ok(0) };
    let mut count = 0;
    let mut chains = audit::chains_in(tx)?;
    chains.extend(notes.iter().map(|note| note.client.clone()));
    chains.sort();
    chains.dedup();
    for client in chains {
        let (here, mut left) = (erasure.within(client.as_ref()), Vec::new());
        audit::rewrite(tx, client.as_ref(), |before, link| {
            let (link, told) = here.left(before, link)?;
            left.push(told);
            Some(link)
        })?;
        count += left.len() as u64;
        let is_told = notes.iter().any(|note| note.client == client);
        let parts: Vec<&[Left]> =
            if left.is_empty() && is_told { vec![&[]] } else { left.chunks(LEFT_AT_ONCE).collect() };
        for part in parts {
            append(tx, Note { client: client.clone(), after: Left::tell(part), ..sample.clone() }, doer, now)?;
        }
    }
    noted(tx, erasure)?;
    put(tx, &erasure.pseudonym, &Gone { at_ms: now.0, waiting: Some(erasure.clone()) })?;
    Ok(count)
}

/// Erases somebody together with their client, whose chain is gone by now: what the provider's chain tells of them stands for
/// what that one would have told.
pub(crate) fn with_client(tx: &mut StateTx<'_>, done: &Done, doer: Doer<'_>, now: UtcMs) -> Result<(), TxError> {
    done.changes.iter().try_for_each(|change| super::rows::write(tx, change))?;
    let Some(erasure) = &done.erases else { return Ok(()) };
    let note = done.notes.first().map(|note| Note { client: None, ..note.clone() });
    lines(tx, erasure, note.as_slice(), doer, now).map(drop)
}

/// What the audit remembers of rows, to say what was before.
fn noted(tx: &mut StateTx<'_>, erasure: &Erasure) -> Result<(), TxError> {
    for (key, row) in tx.range(NOTED, b"", b"", usize::MAX)? {
        let Ok(mut value) = serde_json::from_slice::<Value>(&row) else { continue };
        let client = Key::read(&key).ok().and_then(|key| client(&key));
        if rename(&mut value["is"], &erasure.within(client.as_ref())) {
            tx.put(NOTED, &key, &serde_json::to_vec(&value).unwrap_or_default())?;
        }
    }
    Ok(())
}

fn rename(value: &mut Value, erasure: &Erasure) -> bool {
    match value {
        Value::String(text) => match erasure.renamed(text) {
            Some(renamed) => {
                *text = renamed;
                true
            }
            None => false,
        },
        Value::Array(list) => list.iter_mut().fold(false, |any, one| rename(one, erasure) | any),
        Value::Object(fields) => fields.values_mut().fold(false, |any, one| rename(one, erasure) | any),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Whether somebody who was erased is called so.
pub(super) fn is_pseudonym(tx: &mut StateTx<'_>, name: &str) -> Result<bool, TxError> {
    Ok(!name.is_empty() && tx.get(ERASED, name.as_bytes())?.is_some())
}

/// Erases from rows whoever is still to be; says how many rows were written, and how many still bear a name because several
/// people decided at once.
pub(super) fn rows(state: &State, rows: &NodeRows, belongings: &[Arc<dyn Belongings>]) -> Result<(u64, u64), Failed> {
    let (mut written, mut left) = (0, 0);
    for (key, row) in state.scan(ERASED, b"")? {
        let Ok(Gone { at_ms, waiting: Some(erasure) }) = serde_json::from_slice(&row) else { continue };
        belongings.iter().try_for_each(|kept| kept.let_go(&erasure)).map_err(|error| Failed::new(1, error))?;
        let is_theirs = |client: &Slug, name: &str| erasure.within(Some(client)).is_at_sites(name);
        written +=
            vigie_grants::erase(rows, is_theirs).map_err(|error: GrantError| Failed::new(1, error.to_string()))?;
        let (renamed, others) = decisions(rows, &erasure)?;
        (written, left) = (written + renamed, left + others);
        let done = Gone { at_ms, waiting: None };
        state.put(ERASED, &key, &serde_json::to_vec(&done).unwrap_or_default())?;
    }
    Ok((written, left))
}

/// Puts the pseudonym into what somebody decided, as one more version of each row: it travels and merges like any other.
fn decisions(rows: &NodeRows, erasure: &Erasure) -> Result<(u64, u64), Failed> {
    let (mut to_write, mut left) = (Vec::new(), 0);
    for (key, row) in rows.scan_all(&vigie_lookout::RENAMED_KINDS).map_err(Failed::from)? {
        let here = erasure.within(client(&key).as_ref());
        let renamed = |value: &[u8]| vigie_lookout::renamed(&key, value, &|name| here.renamed(name));
        match &row {
            Row::Last(last) => {
                to_write.extend(last.value().and_then(renamed).map(|value| (key.clone(), row.clone(), value)));
            }
            Row::Many(many) => {
                let values: Vec<_> = many.values().into_iter().filter_map(|(_, value)| value).collect();
                match values.as_slice() {
                    [value] => to_write.extend(renamed(value).map(|value| (key.clone(), row.clone(), value))),
                    // To write one of them would settle for people what they have not settled.
                    several => left += several.iter().filter_map(|value| renamed(value)).count() as u64,
                }
            }
            _ => {}
        }
    }
    let written = to_write.len() as u64;
    for part in to_write.chunks(AT_ONCE) {
        let done = rows.edit_blocking(|pen| {
            part.iter().try_for_each(|(key, row, value)| match row {
                Row::Many(many) => pen.many(key, &many.context(), Some(value.clone())),
                row => pen.last_if(key, row.marker(), Some(value.clone())),
            })
        });
        done.map_err(|error: WriteError| Failed::new(1, error.to_string()))?;
    }
    Ok((written, left))
}

fn client(key: &Key) -> Option<Slug> {
    match key.scope() {
        Scope::Deployment => None,
        Scope::Client(client) | Scope::Site(client, _) => Some(client),
    }
}

fn put(tx: &mut StateTx<'_>, pseudonym: &str, row: &Gone) -> Result<(), TxError> {
    // Texts and numbers: writing them to memory does not fail.
    tx.put(ERASED, pseudonym.as_bytes(), &serde_json::to_vec(row).unwrap_or_default())
}

#[cfg(test)]
mod tests;
