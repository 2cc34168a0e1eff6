//! Loose ticks.

use std::sync::Arc;

use vigie_codec::block::MAX_SERIES;
use vigie_merge::RangeSet;
use vigie_model::{StreamId, Tick};

use super::facts::Change;
use super::pen::{Pen, add};
use super::shelf::{Shelf, at};
use crate::errors::Trouble;
use crate::types::{Kept, Outcome, Write};

impl Pen<'_> {
    /// Keeps one write.
    pub(crate) fn keep(&mut self, write: Write) -> Result<Outcome, Trouble> {
        match write {
            Write::Stream { stream, key, name } => self.keep_stream(stream, key, name),
            Write::Ticks { stream, ticks } => self.keep_ticks(stream, &ticks),
            Write::Segment(segment) => self.keep_segment(segment),
            Write::Seal(seal) => self.keep_seal(seal),
            Write::Statement(statement) => self.keep_statement(statement),
            Write::Schema { stream, from, defs } => self.keep_schema(stream, from, defs),
            Write::Receipt(receipt) => Ok(self.keep_receipt(receipt)),
            Write::Custody { stream, have, sealed } => Ok(self.keep_custody(stream, have, sealed)),
            Write::CustodyLost { stream } => Ok(self.drop_custody(stream)),
            Write::Tally { stream, tally } => Ok(self.keep_tally(stream, tally)),
            Write::Rollup(rollup) => self.keep_rollup(&rollup),
            Write::RolledTold { stream, edition, ticks } => self.keep_told(stream, edition, &ticks),
            Write::RolledThere { stream, whole, ticks } => self.keep_there(stream, whole, &ticks),
            Write::Thinned { stream, ticks } => self.keep_thinned(stream, &ticks),
            Write::Wanted { stream, ticks } => self.keep_wanted(stream, ticks),
            Write::Reserve { stream, until } => Ok(self.reserve(stream, until)),
        }
    }

    fn keep_ticks(&mut self, stream: StreamId, ticks: &[Arc<Tick>]) -> Result<Outcome, Trouble> {
        let Some(mut facts) = self.take(stream) else { return Ok(Outcome::UnknownStream(stream)) };
        if !facts.has_room_for(ticks.len()) {
            let numbers: RangeSet = ticks.iter().map(|tick| (tick.seq.0, tick.seq.0)).collect();
            if !facts.has_room_for(numbers.ranges().len()) {
                self.give(stream, facts);
                return Ok(Outcome::TooMuch(stream));
            }
        }
        let (mut have, mut duplicates) = (RangeSet::new(), 0);
        for tick in ticks.iter().filter(|tick| can_be(tick)) {
            let number = tick.seq.0;
            // A tick wins over a gap that says nobody would bring it.
            if facts.have.contains(number) && !facts.gaps.contains(number) {
                duplicates += 1;
                continue;
            }
            let key = at(stream, number);
            let bytes = self.put(Shelf::Tick, &key, &Shelf::Tick.write(&key, tick.as_ref()))?;
            add(&mut facts.bytes.loose, bytes);
            if facts.counted(number, number).is_empty() {
                facts.samples += tick.samples.len() as u64;
            }
            if !facts.have.contains(number) {
                have.insert(number, number);
            }
            facts.gain(number, number, false);
        }
        facts.duplicates += duplicates;
        let kept =
            Kept { stream, have, sealed: RangeSet::new(), schema_len: facts.schema_len, duplicates, forked: false };
        self.give(stream, facts);
        Ok(Outcome::Kept(kept))
    }
}

/// Whether a tick could be coded again: what can not is no tick of any agent.
fn can_be(tick: &Tick) -> bool {
    tick.seq.0 > 0 && tick.is_well_formed() && tick.samples.last().is_none_or(|last| last.series.0 < MAX_SERIES)
}
