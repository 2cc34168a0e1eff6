//! Where pieces of others stand on the shelf of rollups: their sheets, a label each, and what is known beside them.

use redb::ReadableTable;
use serde::{Deserialize, Serialize};
use vigie_merge::RangeSet;
use vigie_model::{NodeId, SeriesIx, StreamId};
use vigie_rollup::{Hour, Piece};

use crate::errors::Trouble;
use crate::log::pen::Bytes;
use crate::log::shelf::{STREAM_BYTES, Shelf};
use crate::types::StreamFacts;

pub(super) const SHEETS: u8 = 3;
const LABELS: u8 = 4;
pub(super) const BESIDE: u8 = 5;

/// Bytes of a label's key.
const LABEL_BYTES: usize = STREAM_BYTES + 1 + 8 + 2;

/// Who folded a piece.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Label {
    pub(crate) maker: NodeId,
    /// The life of the maker's store.
    pub(super) life: u64,
    pub(super) edition: u64,
    pub(crate) covered: RangeSet,
}

/// What is known beside the note of what was folded here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Beside {
    /// Ticks in pieces of others, those whose hours have expired too.
    pub(super) foreign: RangeSet,
    pub(super) makers: Vec<NodeId>,
    pub(super) edition: u64,
    pub(super) retold: RangeSet,
    pub(super) wanted: RangeSet,
}

/// A piece of somebody else's, as it stands.
#[derive(Debug, Clone)]
pub(crate) struct Foreign {
    pub(crate) hour: Hour,
    pub(super) no: u16,
    pub(crate) label: Label,
}

impl Beside {
    /// Puts it into what is held in memory.
    pub(crate) fn tell(self, facts: &mut StreamFacts) {
        let rolled = &mut facts.rolled;
        (rolled.foreign, rolled.makers) = (self.foreign, self.makers);
        (rolled.edition, rolled.retold, rolled.wanted) = (self.edition, self.retold, self.wanted);
    }
}

/// The labels of some hours, both included; those that can not be read are left out.
pub(crate) fn labels(
    table: &impl ReadableTable<Bytes, Bytes>,
    stream: StreamId,
    (first, last): (Hour, Hour),
) -> Result<Vec<Foreign>, Trouble> {
    let (low, high) = (label_key(stream, first, 0), label_key(stream, last, u16::MAX));
    let mut found = Vec::new();
    for row in table.range::<&[u8]>(low.as_slice()..=high.as_slice())? {
        let (key, row) = row?;
        let Some((hour, no)) = piece_of(key.value()) else { continue };
        if let Ok(label) = Shelf::Rollup.read(key.value(), row.value()) {
            found.push(Foreign { hour, no, label });
        }
    }
    Ok(found)
}

/// The first hour up to one of which somebody else folded anything.
pub(crate) fn first_hour(
    table: &impl ReadableTable<Bytes, Bytes>,
    stream: StreamId,
    last: Hour,
) -> Result<Option<Hour>, Trouble> {
    next_hour(table, stream, (Hour::number(i64::MIN), last))
}

/// The first hour among some of which somebody else folded anything.
pub(crate) fn next_hour(
    table: &impl ReadableTable<Bytes, Bytes>,
    stream: StreamId,
    (first, last): (Hour, Hour),
) -> Result<Option<Hour>, Trouble> {
    let (low, high) = (label_key(stream, first, 0), label_key(stream, last, u16::MAX));
    let row = table.range::<&[u8]>(low.as_slice()..=high.as_slice())?.next().transpose()?;
    Ok(row.and_then(|(key, _)| piece_of(key.value())).map(|(hour, _)| hour))
}

/// A piece, if all its sheets are there and prove right; otherwise the key by which it is settled.
pub(crate) fn piece(
    table: &impl ReadableTable<Bytes, Bytes>,
    stream: StreamId,
    of: &Foreign,
) -> Result<Result<Piece, Vec<u8>>, Trouble> {
    let (low, high) =
        (sheet_key(stream, of.hour, of.no, SeriesIx(0)), sheet_key(stream, of.hour, of.no, SeriesIx(u32::MAX)));
    let mut sheets = Vec::new();
    for row in table.range::<&[u8]>(low.as_slice()..=high.as_slice())? {
        let (key, row) = row?;
        match Shelf::Rollup.unwrap(key.value(), row.value()) {
            Ok(sheet) => sheets.push(sheet.to_vec()),
            Err(_) => return Ok(Err(low)),
        }
    }
    let piece = Piece::of_sheets(sheets.iter().map(Vec::as_slice)).ok();
    let sound = |piece: &Piece| piece.hour() == of.hour && *piece.covered() == of.label.covered;
    Ok(piece.filter(sound).ok_or(low))
}

/// What is known beside the note; the error is a damaged record.
pub(crate) fn beside(
    table: &impl ReadableTable<Bytes, Bytes>,
    stream: StreamId,
) -> Result<Result<Beside, vigie_codec::disk::DamagedError>, Trouble> {
    let key = beside_key(stream);
    let Some(row) = table.get(key.as_slice())? else { return Ok(Ok(Beside::default())) };
    Ok(Shelf::Rollup.read(&key, row.value()))
}

/// Whether a key of the rollup shelf is one of these.
pub(crate) fn is_foreign(key: &[u8]) -> bool {
    key.get(STREAM_BYTES).is_some_and(|kind| [SHEETS, LABELS, BESIDE].contains(kind))
}

/// The hour and the number of a piece in the key of its label, or of one of its sheets.
pub(super) fn piece_of(key: &[u8]) -> Option<(Hour, u16)> {
    let rest = key.get(STREAM_BYTES + 1..LABEL_BYTES)?;
    let count = u64::from_be_bytes(rest[..8].try_into().ok()?) ^ (1 << 63);
    Some((Hour::number(count.cast_signed()), u16::from_be_bytes(rest[8..].try_into().ok()?)))
}

pub(super) fn label_key(stream: StreamId, hour: Hour, no: u16) -> Vec<u8> {
    let mut key = stream.to_bytes().to_vec();
    key.push(LABELS);
    key.extend(ordered(hour));
    key.extend(no.to_be_bytes());
    key
}

pub(super) fn sheet_key(stream: StreamId, hour: Hour, no: u16, from: SeriesIx) -> Vec<u8> {
    let mut key = label_key(stream, hour, no);
    key[STREAM_BYTES] = SHEETS;
    key.extend(from.0.to_be_bytes());
    key
}

pub(crate) fn beside_key(stream: StreamId) -> Vec<u8> {
    let mut key = stream.to_bytes().to_vec();
    key.push(BESIDE);
    key
}

fn ordered(hour: Hour) -> [u8; 8] {
    (hour.count().cast_unsigned() ^ (1 << 63)).to_be_bytes()
}
