//! After damage: which pieces of others are left, and which ticks are in them?

use std::collections::BTreeSet;

use redb::ReadableTable;
use vigie_merge::RangeSet;
use vigie_model::{NodeId, StreamId};

use super::MAX_MAKERS;
use super::rows::{BESIDE, Beside, Foreign, Label, SHEETS, beside, beside_key, label_key, piece, piece_of};
use crate::errors::Trouble;
use crate::log::pen::{Pen, add};
use crate::log::shelf::{STREAM_BYTES, Shelf};
use crate::types::StreamFacts;

impl Pen<'_> {
    /// Looks at all pieces of others, removes those that are damaged, and notes again which ticks are left: what is gone
    /// comes again from below.
    pub(crate) fn recount_foreign(&mut self, stream: StreamId, facts: &mut StreamFacts) -> Result<(), Trouble> {
        let known = beside(self.table(Shelf::Rollup)?, stream)?;
        let (mut low, mut high) = (beside_key(stream), beside_key(stream));
        (low[STREAM_BYTES], high[STREAM_BYTES]) = (SHEETS, BESIDE);
        let (mut rows, mut pieces) = (0usize, BTreeSet::new());
        for row in self.table(Shelf::Rollup)?.range::<&[u8]>(low.as_slice()..=high.as_slice())? {
            rows += 1;
            pieces.extend(piece_of(row?.0.value()));
        }
        if rows == 0 {
            return Ok(());
        }
        let mut record = match known {
            Ok(record) => record,
            Err(_) => {
                let bytes = self.quarantine(Shelf::Rollup, &beside_key(stream))?;
                add(&mut facts.bytes.other, bytes);
                // Which of our own were told is lost with it: all are told again, as of an edition later than any.
                let own = facts.rolled.own.clone();
                let changes = self.folded(stream)?.map_or(0, |note| note.changes);
                Beside { edition: changes + 1, retold: own, ..Beside::default() }
            }
        };
        let mut sound = RangeSet::new();
        let (mut makers, mut lost) = (record.makers.clone(), false);
        for (hour, no) in pieces {
            let key = label_key(stream, hour, no);
            let row = self.get(Shelf::Rollup, &key)?;
            let label: Option<Label> = row.as_ref().and_then(|row| Shelf::Rollup.read(&key, row).ok());
            let found = match label {
                Some(label) => {
                    let one = Foreign { hour, no, label };
                    piece(self.table(Shelf::Rollup)?, stream, &one)?.ok().map(|_| one)
                }
                None => None,
            };
            match found {
                Some(one) => {
                    sound.union_with(&one.label.covered);
                    if !makers.contains(&one.label.maker) && makers.len() < MAX_MAKERS {
                        makers.push(one.label.maker);
                    }
                }
                None => {
                    lost = true;
                    let bytes = if row.is_some() { self.quarantine(Shelf::Rollup, &key)? } else { 0 };
                    add(&mut facts.bytes.other, bytes);
                    let label =
                        Label { maker: NodeId::from_bytes([0; 16]), life: 0, edition: 0, covered: RangeSet::new() };
                    self.remove_foreign(stream, facts, &Foreign { hour, no, label })?;
                }
            }
        }
        // What has expired stays noted, or it would be sent again; which of it that is can not be told from what is lost.
        if lost {
            record.foreign = sound;
        } else {
            record.foreign.union_with(&sound);
        }
        record.makers = makers;
        record.tell(facts);
        self.write_beside(stream, facts)
    }
}
