//! Hours that others folded: where do they stand, which stay, and which ticks are in them?
//!
//! A relay that sends rollups vouches for its pieces; no agent signed them. So they stand apart from what was folded here,
//! each with a label that says who folded it. Two laws hold at all times, and no tick counts twice by them: a tick is in
//! pieces of one hour only, and within that hour [`Pieces`](vigie_rollup::Pieces) chooses.

mod give_way;
mod recount;
mod rows;
mod take_in;

use redb::ReadableTable;
use vigie_merge::RangeSet;
use vigie_model::{SeriesIx, StreamId};
use vigie_rollup::{Hour, Piece, Window};

use super::pen::{Pen, add};
use super::shelf::Shelf;
use crate::errors::Trouble;
use crate::types::{Outcome, Rollup, StreamFacts, limit};
use rows::{Beside, Label, label_key, sheet_key};
pub(crate) use rows::{Foreign, beside, beside_key, first_hour, is_foreign, labels, next_hour, piece};

/// Makers that are remembered by name for each stream: the relays of a site, and those they took the place of.
const MAX_MAKERS: usize = 16;

impl Pen<'_> {
    /// Whoever takes rollups has these, of this edition.
    pub(crate) fn keep_told(&mut self, stream: StreamId, edition: u64, ticks: &RangeSet) -> Result<Outcome, Trouble> {
        self.change_beside(stream, |facts| {
            if facts.rolled.edition == edition {
                facts.rolled.retold = facts.rolled.retold.without(ticks);
            }
        })
    }

    /// Somebody wants these ticks as they were measured, in place of what was wanted before.
    pub(crate) fn keep_wanted(&mut self, stream: StreamId, ticks: RangeSet) -> Result<Outcome, Trouble> {
        if ticks.ranges().len() > limit::RANGES {
            return Ok(Outcome::TooMuch(stream));
        }
        self.change_beside(stream, |facts| facts.rolled.wanted = ticks)
    }

    /// Removes the pieces of others whose hours are over before one.
    pub(crate) fn expire_foreign(&mut self, stream: StreamId, last: Hour) -> Result<u64, Trouble> {
        let old = labels(self.table(Shelf::Rollup)?, stream, (Hour::number(i64::MIN), last))?;
        let Some(mut facts) = self.take(stream) else { return Ok(0) };
        let before = facts.bytes.other;
        let done = old.iter().try_for_each(|one| self.remove_foreign(stream, &mut facts, one));
        let freed = before.saturating_sub(facts.bytes.other);
        self.give(stream, facts);
        done.map(|()| freed)
    }

    fn change_beside(&mut self, stream: StreamId, change: impl FnOnce(&mut StreamFacts)) -> Result<Outcome, Trouble> {
        let Some(mut facts) = self.take(stream) else { return Ok(Outcome::UnknownStream(stream)) };
        change(&mut facts);
        let done = self.write_beside(stream, &mut facts);
        let (edition, ticks) = (facts.rolled.edition, RangeSet::new());
        self.give(stream, facts);
        done.map(|()| Outcome::Rolled { stream, edition, ticks })
    }

    fn write_beside(&mut self, stream: StreamId, facts: &mut StreamFacts) -> Result<(), Trouble> {
        let rolled = &facts.rolled;
        let record = Beside {
            foreign: rolled.foreign.clone(),
            makers: rolled.makers.clone(),
            edition: rolled.edition,
            retold: rolled.retold.clone(),
            wanted: rolled.wanted.clone(),
        };
        let key = beside_key(stream);
        let bytes = self.put(Shelf::Rollup, &key, &Shelf::Rollup.write(&key, &record))?;
        add(&mut facts.bytes.other, bytes);
        Ok(())
    }

    fn write_foreign(
        &mut self,
        stream: StreamId,
        facts: &mut StreamFacts,
        rollup: &Rollup,
        piece: &Piece,
    ) -> Result<(), Trouble> {
        let (hour, mut no) = (piece.hour(), 0);
        while self.table(Shelf::Rollup)?.get(label_key(stream, hour, no).as_slice())?.is_some() {
            no += 1;
        }
        let Rollup { maker, life, edition, .. } = *rollup;
        let label = Label { maker, life, edition, covered: piece.covered().clone() };
        let key = label_key(stream, hour, no);
        let mut bytes = self.put(Shelf::Rollup, &key, &Shelf::Rollup.write(&key, &label))?;
        for (from, sheet) in piece.sheets(Window::Hour) {
            let key = sheet_key(stream, hour, no, from);
            bytes += self.put(Shelf::Rollup, &key, &Shelf::Rollup.wrap(&key, &sheet))?;
        }
        add(&mut facts.bytes.other, bytes);
        Ok(())
    }

    fn remove_foreign(&mut self, stream: StreamId, facts: &mut StreamFacts, one: &Foreign) -> Result<(), Trouble> {
        let (low, high) =
            (sheet_key(stream, one.hour, one.no, SeriesIx(0)), sheet_key(stream, one.hour, one.no, SeriesIx(u32::MAX)));
        let mut bytes = self.remove_range(Shelf::Rollup, &low, &high, |_, _| {})?;
        bytes += self.remove(Shelf::Rollup, &label_key(stream, one.hour, one.no))?;
        add(&mut facts.bytes.other, bytes);
        Ok(())
    }

    /// Notes again which ticks are in pieces of others.
    fn count_foreign(&mut self, stream: StreamId, facts: &mut StreamFacts) -> Result<(), Trouble> {
        facts.rolled.foreign = RangeSet::new();
        for one in labels(self.table(Shelf::Rollup)?, stream, all_hours())? {
            facts.rolled.foreign.union_with(&one.label.covered);
        }
        self.write_beside(stream, facts)
    }
}

/// Every hour there is.
fn all_hours() -> (Hour, Hour) {
    (Hour::number(i64::MIN), Hour::number(i64::MAX))
}
