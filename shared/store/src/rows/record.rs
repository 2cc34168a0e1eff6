//! The shapes of what is kept beside each row, version 1.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use vigie_codec::wire::rows::{Seen, fingerprint};
use vigie_merge::{Actor, Hlc, Key, Row};
use vigie_model::NodeId;

use super::shelf::{Change, Look, tables};
use crate::state::TxError;

/// Records read at once while all are walked: memory on a small relay.
const AT_ONCE: usize = 256;

/// Starts of the program that are remembered: a peer that was away for more of them takes this node for a restored one,
/// which costs a comparison.
const STARTS: usize = 32;

/// A row as it stands in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// The place of its last change.
    pub(crate) seq: u64,
    /// The first place of the transaction it changed in: what belongs together travels together where it fits.
    pub(crate) group: u64,
    /// When it changed here, in milliseconds since 2025.
    pub(crate) at_ms: u64,
    /// The peer that sent exactly this, and in which life: it has nothing to learn from it.
    pub(crate) from: Option<(NodeId, u64)>,
    /// The row.
    pub(crate) body: Body,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Body {
    /// The row's bytes.
    Row(Vec<u8>),
    /// Everybody has the deletion; once everybody knows that as well, this goes too.
    Forgotten { was: u128, passed: u64 },
}

impl Record {
    pub(crate) fn write(&self) -> Vec<u8> {
        write(self)
    }

    pub(crate) fn bytes(&self) -> Option<&[u8]> {
        match &self.body {
            Body::Row(bytes) => Some(bytes),
            Body::Forgotten { .. } => None,
        }
    }

    pub(crate) fn row(&self) -> Option<Row> {
        // What stands here was let in, or written here.
        self.bytes().and_then(|bytes| Row::admit(bytes, |_| true).ok())
    }

    pub(crate) fn print(&self, key: &Key) -> Option<u128> {
        self.bytes().map(|bytes| fingerprint(key.as_bytes(), bytes))
    }
}

/// The record of a key.
pub(crate) fn of(look: &mut dyn Look, key: &Key) -> Result<Option<Record>, TxError> {
    Ok(look.get(tables::ROWS, key.as_bytes())?.and_then(|bytes| read(&bytes)))
}

/// Every record whose key begins so, in order, some at a time.
pub(crate) fn each(look: &mut dyn Look, prefix: &[u8], work: &mut dyn FnMut(&Key, Record)) -> Result<(), TxError> {
    let mut from = prefix.to_vec();
    loop {
        let some = look.range(tables::ROWS, prefix, &from, AT_ONCE)?;
        for (key, bytes) in &some {
            if let (Ok(key), Some(record)) = (Key::read(key), read(bytes)) {
                work(&key, record);
            }
        }
        match some.last() {
            Some((last, _)) if some.len() == AT_ONCE => from = [last.as_slice(), &[0]].concat(),
            _ => return Ok(()),
        }
    }
}

/// One life of these rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Life {
    pub(crate) epoch: u64,
    pub(crate) actor: Actor,
    /// Each start of the program in this life, with the place at which it began; the last is the one that runs.
    pub(crate) starts: Vec<(u64, u64)>,
    /// Former epochs, and actors of this node that may not be used again.
    pub(crate) former: Vec<(u64, Actor)>,
    /// It began again from what others have, and the hub has not told it all yet: nothing old can be here.
    pub(crate) fresh: [bool; 2],
}

impl Life {
    const KEY: &'static [u8] = b"life";

    pub(crate) fn read(look: &mut dyn Look) -> Result<Option<Self>, TxError> {
        Ok(look.get(tables::OWN, Self::KEY)?.and_then(|bytes| read(&bytes)))
    }

    pub(crate) fn write(&self, change: &mut dyn Change) -> Result<(), TxError> {
        change.put(tables::OWN, Self::KEY, &write(self))
    }

    pub(crate) fn start(&self) -> u64 {
        self.starts.last().map_or(0, |(start, _)| *start)
    }

    pub(crate) fn began(&mut self, start: u64, at: u64) {
        self.starts.push((start, at));
        let surplus = self.starts.len().saturating_sub(STARTS);
        self.starts.drain(..surplus);
    }

    /// Whether what a peer saw of this node is in its own past.
    pub(crate) fn includes(&self, seen: &Seen, last: u64) -> bool {
        let place = seen.seqs[0].max(seen.seqs[1]);
        let at = self.starts.iter().position(|(start, _)| *start == seen.start);
        let Some(at) = at else { return false };
        let until = self.starts.get(at + 1).map_or(last, |(_, began)| *began);
        place <= until
    }
}

/// Where the sequence of changes goes on, and times that may have been given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Next {
    /// The last place given.
    pub(crate) last: u64,
    /// No time above this was given.
    pub(crate) reserved: Hlc,
}

impl Next {
    const KEY: &'static [u8] = b"next";

    pub(crate) fn read(look: &mut dyn Look) -> Result<Self, TxError> {
        Ok(Self::find(look)?.unwrap_or_default())
    }

    pub(crate) fn find(look: &mut dyn Look) -> Result<Option<Self>, TxError> {
        Ok(look.get(tables::OWN, Self::KEY)?.and_then(|bytes| read(&bytes)))
    }

    pub(crate) fn write(&self, change: &mut dyn Change) -> Result<(), TxError> {
        change.put(tables::OWN, Self::KEY, &write(self))
    }
}

/// What is remembered of a peer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct PeerNote {
    /// The life of its rows that the rest is about.
    pub(crate) epoch: u64,
    /// The start of its program that told the last of them.
    pub(crate) start: u64,
    /// Up to where its changes are durable here.
    pub(crate) seqs: [u64; 2],
    /// Whether that is still known to be all of them: not after this node was restored.
    pub(crate) sure: bool,
    /// When all was compared, in milliseconds since 2025.
    pub(crate) compared_ms: Option<u64>,
    /// Up to where it has what changed here, as it said itself, and in which life of these rows.
    pub(crate) passed: [u64; 2],
    pub(crate) passed_epoch: u64,
    /// When it was last heard, in milliseconds since 2025.
    pub(crate) heard_ms: u64,
    /// It is the hub.
    pub(crate) is_hub: bool,
}

impl PeerNote {
    pub(crate) fn read(look: &mut dyn Look, node: NodeId) -> Result<Option<Self>, TxError> {
        Ok(look.get(tables::PEERS, node.as_bytes())?.and_then(|bytes| read(&bytes)))
    }

    pub(crate) fn write(&self, change: &mut dyn Change, node: NodeId) -> Result<(), TxError> {
        change.put(tables::PEERS, node.as_bytes(), &write(self))
    }

    pub(crate) fn seen(&self) -> Seen {
        Seen { epoch: self.epoch, start: self.start, seqs: self.seqs }
    }

    /// Up to where its changes are here, if that is known of this life of its rows.
    pub(crate) fn cursors(&self, epoch: u64) -> [Option<u64>; 2] {
        if self.sure && self.epoch == epoch { self.seqs.map(Some) } else { [None; 2] }
    }
}

/// Up to where deletions of a scope were forgotten, in this store's own sequence at the hub, in the hub's elsewhere: who has
/// not passed it may still have what was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Floor(pub(crate) [u64; 2]);

impl Floor {
    fn key(scope: &vigie_merge::Scope) -> Vec<u8> {
        format!("floor {scope}").into_bytes()
    }

    pub(crate) fn read(look: &mut dyn Look, scope: &vigie_merge::Scope) -> Result<Self, TxError> {
        Ok(look.get(tables::OWN, &Self::key(scope))?.and_then(|bytes| read(&bytes)).unwrap_or_default())
    }

    pub(crate) fn raise(
        change: &mut dyn Change,
        scope: &vigie_merge::Scope,
        urgency: usize,
        passed: u64,
    ) -> Result<(), TxError> {
        let mut floor = Self::read(change, scope)?;
        if floor.0[urgency] < passed {
            floor.0[urgency] = passed;
            change.put(tables::OWN, &Self::key(scope), &write(&floor))?;
        }
        Ok(())
    }
}

const VERSION: u8 = 1;

fn write<T: Serialize>(value: &T) -> Vec<u8> {
    // Writing to memory does not fail; an empty record would be refused when read.
    postcard::to_stdvec(&(VERSION, value)).unwrap_or_default()
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    match postcard::take_from_bytes::<(u8, T)>(bytes) {
        Ok(((VERSION, value), [])) => Some(value),
        _ => None,
    }
}
