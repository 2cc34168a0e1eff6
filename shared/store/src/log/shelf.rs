//! Where does each kind of record stand, and under which key?

use redb::TableDefinition;
use serde::{Deserialize, Serialize};
use vigie_codec::disk::{self, DamagedError, Kind};
use vigie_codec::segment::Seal;
use vigie_codec::statement::Statement;
use vigie_model::{Gap, GapReason, Moment, Seq, StreamId, UtcMs};

use crate::engine::Rows;

/// A table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Shelf {
    /// Single things: format, epoch.
    Note,
    /// Stream: its agent's key and name. Written once, and so apart from the facts.
    Intro,
    /// Stream: what is known of it.
    Facts,
    /// Stream, number: a loose tick.
    Tick,
    /// Stream, first number: header and signature of a segment. Apart from the body, so that many can be read quickly.
    Seal,
    /// Stream, first number: the body of a segment.
    Body,
    /// Stream, kind, what it is about: a signed statement.
    Statement,
    /// Stream, place: a definition.
    Series,
    /// Shelf, key: a record that failed its checksum, as it stood.
    Quarantine,
    /// Stream, first number: what all series of some sealed ticks share, laid out by series in place of their bodies.
    Columns,
    /// Stream, first number, place: values of some series of those ticks.
    Leaf,
    /// Stream, window, hour, piece, first series: what minutes and hours come down to. And of each stream what has.
    Rollup,
}

impl Shelf {
    pub(crate) const ALL: [Self; 12] = [
        Self::Note,
        Self::Intro,
        Self::Facts,
        Self::Tick,
        Self::Seal,
        Self::Body,
        Self::Statement,
        Self::Series,
        Self::Quarantine,
        Self::Columns,
        Self::Leaf,
        Self::Rollup,
    ];

    pub(crate) const TABLES: [Rows; 12] = [
        TableDefinition::new("note"),
        TableDefinition::new("intro"),
        TableDefinition::new("facts"),
        TableDefinition::new("tick"),
        TableDefinition::new("seal"),
        TableDefinition::new("body"),
        TableDefinition::new("statement"),
        TableDefinition::new("series"),
        TableDefinition::new("quarantine"),
        TableDefinition::new("columns"),
        TableDefinition::new("leaf"),
        TableDefinition::new("rollup"),
    ];

    pub(crate) fn table(self) -> Rows {
        Self::TABLES[self as usize]
    }

    fn kind(self) -> Kind {
        match self {
            Self::Note | Self::Intro | Self::Quarantine => Kind::Note,
            Self::Facts => Kind::Stream,
            Self::Tick => Kind::Tick,
            Self::Seal | Self::Body => Kind::Segment,
            Self::Statement => Kind::Statement,
            Self::Series => Kind::Series,
            Self::Columns | Self::Leaf => Kind::Columns,
            Self::Rollup => Kind::Rollup,
        }
    }

    /// What the checksum covers: a record on the wrong shelf is as wrong as one with a wrong bit.
    fn place(self, key: &[u8]) -> Vec<u8> {
        let mut place = Vec::with_capacity(key.len() + 1);
        place.push(self as u8);
        place.extend(key);
        place
    }

    pub(crate) fn wrap(self, key: &[u8], body: &[u8]) -> Vec<u8> {
        disk::wrap(self.kind(), 1, &self.place(key), body)
    }

    pub(crate) fn unwrap<'a>(self, key: &[u8], record: &'a [u8]) -> Result<&'a [u8], DamagedError> {
        match disk::unwrap(self.kind(), &self.place(key), record)? {
            (1, body) => Ok(body),
            (later, _) => Err(DamagedError::Version(later)),
        }
    }

    /// Whether a row is worth saving from a damaged file: it proves right, or a later version wrote it.
    pub(crate) fn is_right(place: usize, key: &[u8], row: &[u8]) -> bool {
        let Some(shelf) = Self::ALL.get(place).filter(|shelf| **shelf != Self::Quarantine) else { return false };
        matches!(shelf.unwrap(key, row), Ok(_) | Err(DamagedError::Version(_)))
    }

    pub(crate) fn write<T: Serialize>(self, key: &[u8], value: &T) -> Vec<u8> {
        disk::write(self.kind(), &self.place(key), value)
    }

    pub(crate) fn read<T: serde::de::DeserializeOwned>(self, key: &[u8], record: &[u8]) -> Result<T, DamagedError> {
        disk::read(self.kind(), &self.place(key), record)
    }
}

/// The record of a segment without its body.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SealRow {
    pub(crate) seal: Seal,
    /// When its first tick was measured, by both clocks: what an anchor needs. Not signed, and so not in the header.
    pub(crate) begins: Option<Moment>,
    pub(crate) body_bytes: u32,
}

impl SealRow {
    pub(crate) fn first(&self) -> u64 {
        self.seal.header.first.0
    }

    pub(crate) fn last(&self) -> u64 {
        self.seal.header.last.0
    }
}

/// The record of some sealed ticks laid out by series, without their values.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ColumnsRow {
    pub(crate) last: Seq,
    pub(crate) begins: Moment,
    pub(crate) ends: Moment,
    /// By the machine's wall clock.
    pub(crate) utc: (UtcMs, UtcMs),
    pub(crate) samples: u64,
    pub(crate) leaves: u32,
    /// See [`vigie_codec::columns::Head::read`].
    #[serde(with = "vigie_codec::segment::bytes")]
    pub(crate) head: Vec<u8>,
}

/// Bytes of a key that begins with a stream.
pub(crate) const STREAM_BYTES: usize = 24;

/// The key of a tick, a segment or a definition.
pub(crate) fn at(stream: StreamId, number: u64) -> [u8; 32] {
    let mut key = [0; 32];
    key[..STREAM_BYTES].copy_from_slice(&stream.to_bytes());
    key[STREAM_BYTES..].copy_from_slice(&number.to_be_bytes());
    key
}

/// The key of a leaf of the columns that begin with a number.
pub(crate) fn leaf_at(stream: StreamId, first: u64, leaf: u32) -> Vec<u8> {
    let mut key = at(stream, first).to_vec();
    key.extend(leaf.to_be_bytes());
    key
}

/// The number in such a key.
pub(crate) fn number(key: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(key.get(STREAM_BYTES..STREAM_BYTES + 8)?.try_into().ok()?))
}

/// The stream a key begins with.
pub(crate) fn stream_of(key: &[u8]) -> Option<StreamId> {
    Some(StreamId::from_bytes(key.get(..STREAM_BYTES)?.try_into().ok()?))
}

/// The key of a statement.
pub(crate) fn stated(stream: StreamId, statement: &Statement) -> Vec<u8> {
    let mut key = stream.to_bytes().to_vec();
    match statement {
        Statement::Gap(gap) => {
            key.push(1);
            key.extend(gap.first.0.to_be_bytes());
            key.extend(gap.last.0.to_be_bytes());
            key.push(reason_number(gap.reason));
        }
        Statement::Anchor(anchor) => {
            key.push(2);
            key.extend(anchor.boot.no.to_be_bytes());
        }
    }
    key
}

/// The key of a gap.
pub(crate) fn gap_key(stream: StreamId, gap: &Gap) -> Vec<u8> {
    stated(stream, &Statement::Gap(*gap))
}

fn reason_number(reason: GapReason) -> u8 {
    match reason {
        GapReason::Interrupted => 1,
        GapReason::Evicted => 2,
        GapReason::Corrupt => 3,
        GapReason::StoreLost => 4,
        GapReason::HubLost => 5,
    }
}

/// All keys of a stream on a shelf, as bounds.
pub(crate) fn all_of(stream: StreamId) -> (Vec<u8>, Vec<u8>) {
    let low = stream.to_bytes().to_vec();
    let mut high = low.clone();
    high.extend([0xff; 24]);
    (low, high)
}
