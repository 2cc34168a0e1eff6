//! What becomes of pieces of others whose ticks are folded here, or by other times?

use vigie_merge::RangeSet;
use vigie_model::StreamId;
use vigie_rollup::Piece;

use super::all_hours;
use super::rows::{Foreign, labels};
use crate::errors::Trouble;
use crate::log::pen::Pen;
use crate::log::shelf::Shelf;
use crate::types::StreamFacts;

impl Pen<'_> {
    /// Whether a piece that was folded here may take its place: not while some of its ticks are in another hour by somebody
    /// else, whose piece holds ticks that are not `ours` too. One that holds none goes.
    pub(crate) fn may_place(
        &mut self,
        stream: StreamId,
        facts: &mut StreamFacts,
        piece: &Piece,
        ours: &RangeSet,
    ) -> Result<bool, Trouble> {
        let common = piece.covered().intersection(&facts.rolled.foreign);
        if common.is_empty() {
            return Ok(true);
        }
        let mut others = labels(self.table(Shelf::Rollup)?, stream, all_hours())?;
        others.retain(|one| one.hour != piece.hour() && !one.label.covered.intersection(&common).is_empty());
        // Of what nobody will bring any more nothing better can come.
        let settled = |one: &Foreign| one.label.covered.without(ours).without(&facts.gaps).is_empty();
        if !others.iter().all(settled) {
            return Ok(false);
        }
        if !others.is_empty() {
            others.iter().try_for_each(|one| self.remove_foreign(stream, facts, one))?;
            self.count_foreign(stream, facts)?;
        }
        Ok(true)
    }

    /// Ticks have been folded here: pieces of others that hold nothing else go.
    pub(crate) fn folded_here(
        &mut self,
        stream: StreamId,
        facts: &mut StreamFacts,
        ours: &RangeSet,
    ) -> Result<(), Trouble> {
        if facts.rolled.foreign.intersection(ours).is_empty() {
            return Ok(());
        }
        let mut gone = RangeSet::new();
        let mut left = RangeSet::new();
        for one in labels(self.table(Shelf::Rollup)?, stream, all_hours())? {
            if one.label.covered.without(ours).is_empty() {
                gone.union_with(&one.label.covered);
                self.remove_foreign(stream, facts, &one)?;
            } else {
                left.union_with(&one.label.covered);
            }
        }
        if !gone.is_empty() {
            facts.rolled.foreign = facts.rolled.foreign.without(&gone.without(&left));
            self.write_beside(stream, facts)?;
        }
        Ok(())
    }

    /// Pieces were taken apart whose ticks will be told by other times: whoever got them must be told again.
    pub(crate) fn taken_apart(
        &mut self,
        stream: StreamId,
        facts: &mut StreamFacts,
        ticks: &RangeSet,
        changes: u64,
    ) -> Result<(), Trouble> {
        facts.rolled.edition = (facts.rolled.edition + 1).max(changes);
        facts.rolled.retold.union_with(ticks);
        self.write_beside(stream, facts)
    }
}
