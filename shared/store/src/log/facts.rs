//! How is what is known of a stream written, and how does it change?

use serde::{Deserialize, Serialize};
use vigie_codec::disk::DamagedError;
use vigie_codec::receipt::Receipt;
use vigie_codec::schema::SchemaHash;
use vigie_codec::segment::HeaderHash;
use vigie_codec::wire::Tally;
use vigie_merge::RangeSet;
use vigie_model::{Gap, Seq, StreamId};

use super::shelf::Shelf;
use crate::types::{Bytes, PastReceipt, StreamFacts, limit};

/// Version 1 of the record. Gaps and anchors are read from their statements, key and name from the introduction.
#[derive(Debug, Serialize, Deserialize)]
struct FactsV1 {
    have: RangeSet,
    sealed: RangeSet,
    present: RangeSet,
    gaps: RangeSet,
    receipt: Option<Receipt>,
    custody: RangeSet,
    custody_sealed: RangeSet,
    schema_len: u32,
    schema_hash: SchemaHash,
    tally: Tally,
    samples: u64,
    duplicates: u64,
    head: HeaderHash,
    head_at: Seq,
    reserved: Seq,
    owed: RangeSet,
    receipts: Vec<PastReceipt>,
    settled: RangeSet,
    bytes: Bytes,
}

/// Writes what changes with each commit.
pub(crate) fn write(stream: StreamId, facts: &StreamFacts) -> Vec<u8> {
    let record = FactsV1 {
        have: facts.have.clone(),
        sealed: facts.sealed.clone(),
        present: facts.present.clone(),
        gaps: facts.gaps.clone(),
        receipt: facts.receipt.clone(),
        custody: facts.custody.clone(),
        custody_sealed: facts.custody_sealed.clone(),
        schema_len: facts.schema_len,
        schema_hash: facts.schema_hash,
        tally: facts.tally,
        samples: facts.samples,
        duplicates: facts.duplicates,
        head: facts.head,
        head_at: facts.head_at,
        reserved: facts.reserved,
        owed: facts.owed.clone(),
        receipts: facts.receipts.clone(),
        settled: facts.settled.clone(),
        bytes: facts.bytes,
    };
    Shelf::Facts.write(&stream.to_bytes(), &record)
}

/// Reads it into what the introduction gave.
pub(crate) fn read(stream: StreamId, row: &[u8], facts: &mut StreamFacts) -> Result<(), DamagedError> {
    let record: FactsV1 = Shelf::Facts.read(&stream.to_bytes(), row)?;
    *facts = StreamFacts {
        key: facts.key,
        name: std::mem::take(&mut facts.name),
        gap_list: std::mem::take(&mut facts.gap_list),
        anchors: std::mem::take(&mut facts.anchors),
        rolled: std::mem::take(&mut facts.rolled),
        have: record.have,
        sealed: record.sealed,
        present: record.present,
        gaps: record.gaps,
        receipt: record.receipt,
        custody: record.custody,
        custody_sealed: record.custody_sealed,
        schema_len: record.schema_len,
        schema_hash: record.schema_hash,
        tally: record.tally,
        samples: record.samples,
        duplicates: record.duplicates,
        head: record.head,
        head_at: record.head_at,
        reserved: record.reserved,
        owed: record.owed,
        receipts: record.receipts,
        settled: record.settled,
        bytes: record.bytes,
    };
    Ok(())
}

/// How what is known changes when records come and go.
pub(crate) trait Change {
    /// Loose ticks and segments whose records are here.
    fn present_ticks(&self) -> RangeSet;

    /// Ticks whose samples are in `samples` already.
    fn counted(&self, first: u64, last: u64) -> RangeSet;

    /// A tick or a segment is here now.
    fn gain(&mut self, first: u64, last: u64, sealed: bool);

    /// Records of ticks are gone without having been given up: they must come again, unless a gap covers them.
    fn lose(&mut self, lost: &RangeSet);

    /// These numbers are a gap.
    fn cover(&mut self, first: u64, last: u64);

    /// Whether the sets would still be small with so many more pieces.
    fn has_room_for(&self, pieces: usize) -> bool;

    /// Adds a gap to the list, which stays in order.
    fn list(&mut self, gap: Gap);
}

impl Change for StreamFacts {
    fn present_ticks(&self) -> RangeSet {
        self.present.without(&self.gaps)
    }

    fn counted(&self, first: u64, last: u64) -> RangeSet {
        let mut counted = self.have.within(first, last).without(&self.gaps);
        counted.union_with(&self.owed.within(first, last));
        counted
    }

    fn gain(&mut self, first: u64, last: u64, sealed: bool) {
        self.have.insert(first, last);
        self.present.insert(first, last);
        self.gaps.remove(first, last);
        self.owed.remove(first, last);
        if sealed {
            self.sealed.insert(first, last);
        }
    }

    fn lose(&mut self, lost: &RangeSet) {
        for (first, last) in lost.ranges() {
            self.have.remove(first, last);
            self.sealed.remove(first, last);
            self.present.remove(first, last);
            self.gaps.remove(first, last);
        }
        for gap in self.gap_list.clone() {
            for (first, last) in lost.within(gap.first.0, gap.last.0).ranges() {
                self.cover(first, last);
            }
        }
    }

    fn cover(&mut self, first: u64, last: u64) {
        self.have.insert(first, last);
        self.sealed.insert(first, last);
        self.present.insert(first, last);
        self.gaps.insert(first, last);
        self.owed.remove(first, last);
    }

    fn has_room_for(&self, pieces: usize) -> bool {
        let sets = [&self.have, &self.sealed, &self.present, &self.gaps];
        sets.iter().all(|set| set.ranges().len() + pieces <= limit::RANGES)
    }

    fn list(&mut self, gap: Gap) {
        let order = |gap: &Gap| (gap.first, gap.last, gap.reason);
        let at = self.gap_list.partition_point(|other| order(other) < order(&gap));
        self.gap_list.insert(at, gap);
    }
}
