//! What a store and the mind tell each other of rows.

use vigie_codec::wire::rows::{Item, RowRefusal, Seen, Sum, fingerprint};
use vigie_merge::{Key, Scope};
use vigie_model::{NodeId, Role, UtcMs};

/// Who is at the other end, as its certificate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowPeer {
    /// Which node.
    pub node: NodeId,
    /// What it may do.
    pub role: Role,
    /// What it may see, and, unless it is the hub, speak for.
    pub view: Scope,
}

/// The time at which something is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// On the clock that only goes forward.
    pub mono_ms: u64,
    /// The true time, if this node can trust what it knows of it.
    pub trusted: Option<UtcMs>,
}

/// What a node knows of its own rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowFacts {
    /// The life of its rows.
    pub epoch: u64,
    /// This start of its program.
    pub start: u64,
    /// The last change in its sequence.
    pub last: u64,
    /// The last change of each urgency.
    pub newest: [u64; 2],
    /// It has no rows.
    pub empty: bool,
    /// It lost its store, and takes back what only it may write from those who have it.
    pub recovering: bool,
}

/// What a node remembers of a peer, once it has heard its hello.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recalled {
    /// Up to where the peer's changes are durable here; none where its places mean nothing here.
    pub cursors: [Option<u64>; 2],
    /// How long ago all was compared; none when never.
    pub compared_ms_ago: Option<u64>,
    /// The peer has seen what this node does not know of: this node's store was restored, or lives twice.
    pub i_was_restored: bool,
    /// What was forgotten may still be there: the peer begins again.
    pub peer_begins_again: bool,
}

/// What became of rows that arrived.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Applied {
    /// Up to here the peer's changes are durable; none for rows outside of a sequence.
    pub upto: Option<u64>,
    /// Rows that changed.
    pub changed: Vec<Key>,
    /// Rows that brought nothing new.
    pub same: u64,
    /// Rows that were not taken.
    pub refused: Vec<(Vec<u8>, RowRefusal)>,
    /// Rows whose markers are too far in the future; they were merged.
    pub future: Vec<Key>,
    /// Rows in which one write says two things.
    pub contradictions: u64,
    /// Rows that were forgotten because everybody has the deletion.
    pub forgotten: u64,
}

/// What one node has, as somebody may see it: keys in order, with fingerprints.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Digest {
    /// The last change that is in it.
    pub last: u64,
    rows: Vec<(Vec<u8>, u128)>,
}

impl Digest {
    /// From rows in the order of their keys.
    pub fn new<'a>(last: u64, rows: impl IntoIterator<Item = (&'a [u8], &'a [u8])>) -> Self {
        let print = |(key, row): (&'a [u8], &'a [u8])| (key.to_vec(), fingerprint(key, row));
        Self { last, rows: rows.into_iter().map(print).collect() }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The rows from a key (included) to another (excluded; all that follow when it is empty).
    pub(crate) fn between(&self, from: &[u8], to: &[u8]) -> &[(Vec<u8>, u128)] {
        let begin = self.rows.partition_point(|(key, _)| key.as_slice() < from);
        let end =
            if to.is_empty() { self.rows.len() } else { self.rows.partition_point(|(key, _)| key.as_slice() < to) };
        self.rows.get(begin..end).unwrap_or_default()
    }
}

pub(crate) fn sum_of(rows: &[(Vec<u8>, u128)]) -> Sum {
    let sum = rows.iter().fold(0u128, |sum, (_, print)| sum.wrapping_add(*print));
    Sum { count: rows.len() as u64, sum }
}

pub(crate) fn item_of((key, print): &(Vec<u8>, u128)) -> Item {
    Item { key: key.clone(), print: *print as u64 }
}

/// Whether `seen` includes all up to these places.
pub fn covers(seen: &Seen, floor: [u64; 2]) -> bool {
    seen.seqs.iter().zip(floor).all(|(seen, floor)| *seen >= floor)
}
