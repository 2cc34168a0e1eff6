//! When may the memory of a deletion go?
//!
//! When everybody has it, and nobody can come back who has not: until then it keeps what was deleted from coming back. The
//! hub knows, for each node says with its question up to where it has the hub's changes. First the deletion becomes a note
//! that it may be forgotten, which travels as a row does; once all have that too, the note goes. Who comes back from before
//! a deletion that was forgotten begins again. Nobody is waited for longer than 45 days.

use std::collections::{BTreeMap, BTreeSet};

use vigie_codec::wire::rows::{RowHello, Seen};
use vigie_merge::{Key, Scope};
use vigie_model::{NodeId, Role};
use vigie_sync::rows::{RowPeer, Stamp, covers};

use super::apply::heard_ms;
use super::record::{self, Body, Floor, PeerNote, Record};
use super::shelf::{self, tables};
use super::{Look, Places, Rows, RowsError, Shelf, is_hub};
use crate::state::TxError;

/// Younger deletions stay: a backup of the hub that is older than this brings back what was deleted.
pub const FORGET_AFTER_MS: u64 = 7 * 86_400_000;

/// A node that was silent for so long is not waited for: it begins again when it comes back.
pub const RETIRE_AFTER_MS: u64 = 45 * 86_400_000;

/// Rows that are forgotten in one commit.
const AT_ONCE: usize = 512;

/// What was forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Collected {
    /// Deletions that everybody has: now notes.
    pub noted: u64,
    /// Notes that everybody has: gone.
    pub gone: u64,
    /// Nodes that were silent for too long and were not waited for.
    pub retired: u64,
}

impl<S: Shelf> Rows<S> {
    /// Forgets deletions that everybody has, once a day: the hub, and a relay its notes of them. `enrolled` are the nodes that have rows, and what each
    /// sees; a node that was enrolled and never came is waited for like any other. `over` names rows that say nothing any
    /// more although they can not be deleted, for they only grow: they go as deletions do.
    ///
    /// # Errors
    /// When nothing can be read or written now; what was committed stays.
    pub fn forget(
        &mut self,
        enrolled: &[(NodeId, Scope)],
        over: &BTreeSet<Key>,
        stamp: Stamp,
    ) -> Result<Collected, RowsError> {
        let now_ms = heard_ms(stamp, &self.clock);
        let (epoch, last, hub) = (self.life.epoch, self.clock.last(), is_hub(self.owner.who.role));
        let mut collected = Collected::default();
        let (due, retired) = self.look(|look| {
            let (passed, retired) = passed_by(look, enrolled, epoch, now_ms)?;
            let mut due = Vec::new();
            record::each(look, b"", &mut |key, record| {
                let all_have = !hub || passed(key) >= record.seq;
                let old = now_ms.saturating_sub(record.at_ms) >= FORGET_AFTER_MS;
                let goes = match (&record.body, record.row()) {
                    (Body::Forgotten { .. }, _) => hub || old,
                    (Body::Row(_), _) if !hub => false,
                    // One from the future might win over what is written after it was forgotten.
                    (Body::Row(_), Some(row)) => {
                        let is_over = row.is_tombstone() || over.contains(key);
                        old && is_over && row.marker().is_none_or(|marker| marker.hlc <= last)
                    }
                    (Body::Row(_), None) => false,
                };
                if all_have && goes && due.len() < AT_ONCE {
                    due.push((key.clone(), record));
                }
            })?;
            Ok((due, retired))
        })?;
        collected.retired = retired;
        if due.is_empty() {
            return Ok(collected);
        }
        let clock = self.clock.clone();
        let done = self.change(|change| {
            let mut places = Places::begin(change, stamp, &clock)?;
            for (key, record) in &due {
                forget_one(change, &mut places, key, record, &mut collected)?;
            }
            places.end(change, clock)
        })?;
        self.note_commit(done);
        if collected.gone > 0 {
            self.counts.forget();
        }
        Ok(collected)
    }

    /// Whether a peer may still have what was forgotten here: it says itself what it has seen, of this node where this is the
    /// hub, of the hub otherwise.
    pub(super) fn begins_again(&self, look: &mut dyn Look, peer: &RowPeer, hello: &RowHello) -> Result<bool, TxError> {
        // An agent has nothing but what it writes itself, and nobody begins again at an agent's word.
        if peer.role == Role::Agent || self.owner.who.role == Role::Agent {
            return Ok(false);
        }
        let seen = match self.owner.who.role {
            Role::Hub => hello.seen_of_you.filter(|seen| self.was_here(seen)),
            Role::Relay | Role::Agent => hello.seen_of_hub,
        };
        let Scope::Site(client, site) = &peer.view else { return Ok(false) };
        for scope in Scope::seen_by_site(client, site) {
            let floor = Floor::read(look, &scope)?;
            let passed = seen.is_some_and(|seen| covers(&seen, floor.0));
            if floor != Floor::default() && !passed && !hello.empty {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Places of former lives count on: a copy that was brought back goes on from where it was.
    fn was_here(&self, seen: &Seen) -> bool {
        seen.epoch == self.life.epoch || self.life.former.iter().any(|(epoch, _)| *epoch == seen.epoch)
    }
}

fn forget_one(
    change: &mut dyn super::Change,
    places: &mut Places,
    key: &Key,
    record: &Record,
    collected: &mut Collected,
) -> Result<(), TxError> {
    let urgency = key.kind().urgency();
    match record.print(key) {
        Some(was) => {
            Floor::raise(change, &key.scope(), urgency as usize, record.seq)?;
            places.put(change, key, Some(record), Body::Forgotten { was, passed: record.seq }, None)?;
            collected.noted += 1;
        }
        None => {
            change.remove(tables::ROWS, key.as_bytes())?;
            change.remove(tables::CHANGES, &shelf::place(urgency, key, record.seq))?;
            collected.gone += 1;
        }
    }
    Ok(())
}

/// Up to where all who see a key have this store's changes, and how many are not waited for.
fn passed_by(
    look: &mut dyn Look,
    enrolled: &[(NodeId, Scope)],
    epoch: u64,
    now_ms: u64,
) -> Result<(impl Fn(&Key) -> u64 + use<>, u64), TxError> {
    let (mut least, mut retired): (BTreeMap<Scope, [u64; 2]>, u64) = (BTreeMap::new(), 0);
    for (node, view) in enrolled {
        let note = PeerNote::read(look, *node)?.unwrap_or_default();
        if note.heard_ms > 0 && now_ms.saturating_sub(note.heard_ms) >= RETIRE_AFTER_MS {
            retired += 1;
            continue;
        }
        let passed = if note.passed_epoch == epoch { note.passed } else { [0; 2] };
        let scopes = match view {
            Scope::Site(client, site) => Scope::seen_by_site(client, site).to_vec(),
            Scope::Deployment | Scope::Client(_) => vec![view.clone()],
        };
        for scope in scopes {
            let least = least.entry(scope).or_insert([u64::MAX; 2]);
            *least = [least[0].min(passed[0]), least[1].min(passed[1])];
        }
    }
    // Nobody else sees it: nobody is waited for.
    let passed =
        move |key: &Key| least.get(&key.scope()).map_or(u64::MAX, |least| least[key.kind().urgency() as usize]);
    Ok((passed, retired))
}
