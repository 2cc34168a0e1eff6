//! Which pieces of others stay that have come?

use std::cmp::Ordering;

use vigie_merge::RangeSet;
use vigie_model::StreamId;
use vigie_rollup::{Hour, MAX_SIDE_BY_SIDE, Piece, Sheet, Window};

use super::rows::{Foreign, labels};
use super::{MAX_MAKERS, all_hours};
use crate::errors::Trouble;
use crate::log::pen::Pen;
use crate::log::rolls::{self, Group};
use crate::log::shelf::Shelf;
use crate::types::{Outcome, Rollup, StreamFacts, limit};

/// Cells of one hour of a stream: 100,000 series in five runs of numbers each, in some 100 MB for the moment that it is
/// looked at.
const MAX_CELLS: usize = 1 << 19;

/// What is to be done with a piece that has come.
enum Verdict {
    /// Kept, and these go.
    Keep(Vec<Foreign>),
    /// All its ticks are here already.
    Known,
    /// Its ticks are in other hours by somebody else, or it is an old one that came late, or there are too many.
    Refuse,
}

impl Pen<'_> {
    /// Keeps a piece that somebody else folded.
    pub(crate) fn keep_rollup(&mut self, rollup: &Rollup) -> Result<Outcome, Trouble> {
        let stream = rollup.stream;
        let Some(mut facts) = self.take(stream) else { return Ok(Outcome::UnknownStream(stream)) };
        let outcome = self.take_in(stream, &mut facts, rollup);
        self.give(stream, facts);
        outcome
    }

    fn take_in(&mut self, stream: StreamId, facts: &mut StreamFacts, rollup: &Rollup) -> Result<Outcome, Trouble> {
        if !is_bounded(rollup) {
            return Ok(Outcome::Forged(stream, RangeSet::new()));
        }
        let Ok(piece) = Piece::of_sheets(rollup.sheets.iter().map(Vec::as_slice)) else {
            return Ok(Outcome::Forged(stream, RangeSet::new()));
        };
        // Minutes of somebody else would be as many bytes as the ticks.
        let piece = piece.without_minutes();
        let ticks = piece.covered().clone();
        if ticks.first().is_none_or(|first| first == 0) {
            return Ok(Outcome::Forged(stream, RangeSet::new()));
        }
        let replaced = match self.judge(stream, facts, rollup, &piece)? {
            Verdict::Keep(replaced) => replaced,
            Verdict::Known => return Ok(Outcome::Rolled { stream, edition: rollup.edition, ticks }),
            Verdict::Refuse => return Ok(Outcome::NotRolled(stream)),
        };
        let left_out = replaced.iter().any(|old| !old.label.covered.without(&ticks).is_empty());
        for old in &replaced {
            self.remove_foreign(stream, facts, old)?;
        }
        self.write_foreign(stream, facts, rollup, &piece)?;
        if left_out {
            self.count_foreign(stream, facts)?;
        }
        facts.rolled.foreign.union_with(&ticks);
        let makers = &mut facts.rolled.makers;
        if !makers.contains(&rollup.maker) && makers.len() < MAX_MAKERS {
            makers.push(rollup.maker);
        }
        self.write_beside(stream, facts)?;
        Ok(Outcome::Rolled { stream, edition: rollup.edition, ticks })
    }

    fn judge(
        &mut self,
        stream: StreamId,
        facts: &StreamFacts,
        rollup: &Rollup,
        piece: &Piece,
    ) -> Result<Verdict, Trouble> {
        let (ticks, hour) = (piece.covered(), piece.hour());
        if ticks.without(&facts.rolled.own).is_empty() {
            return Ok(Verdict::Known);
        }
        let ranges = facts.rolled.foreign.ranges().len() + ticks.ranges().len();
        if ranges > limit::RANGES {
            return Ok(Verdict::Refuse);
        }
        let own = ticks.intersection(&facts.rolled.own);
        if !own.is_empty() && !own.without(&self.own_of(stream, hour)?).is_empty() {
            return Ok(Verdict::Refuse);
        }
        let same = |one: &Foreign| (one.label.maker, one.label.life) == (rollup.maker, rollup.life);
        let mut replaced = Vec::new();
        let mut elsewhere = ticks.intersection(&facts.rolled.foreign);
        let here = labels(self.table(Shelf::Rollup)?, stream, (hour, hour))?;
        let beside = here.len();
        for one in here {
            let theirs = &one.label.covered;
            elsewhere = elsewhere.without(theirs);
            let inside = ticks.without(theirs).is_empty();
            let around = theirs.without(ticks).is_empty();
            let apart = ticks.intersection(theirs).is_empty();
            match one.label.edition.cmp(&rollup.edition) {
                _ if apart => {}
                Ordering::Greater if same(&one) => return Ok(Verdict::Refuse),
                Ordering::Less if same(&one) => replaced.push(one),
                _ if inside => return Ok(Verdict::Known),
                _ if around || same(&one) => replaced.push(one),
                _ => {}
            }
        }
        if !elsewhere.is_empty() {
            // A clock was put right since. Of one maker the newer is true; of two nobody can say whose is.
            for one in labels(self.table(Shelf::Rollup)?, stream, all_hours())? {
                if one.hour == hour || one.label.covered.intersection(ticks).is_empty() {
                    continue;
                }
                if !same(&one) || one.label.edition > rollup.edition {
                    return Ok(Verdict::Refuse);
                }
                replaced.push(one);
            }
        }
        let too_many = beside >= MAX_SIDE_BY_SIDE && !replaced.iter().any(|one| one.hour == hour);
        Ok(if too_many { Verdict::Refuse } else { Verdict::Keep(replaced) })
    }

    /// The ticks of the pieces of one hour that were folded here.
    fn own_of(&mut self, stream: StreamId, hour: Hour) -> Result<RangeSet, Trouble> {
        let groups = rolls::groups(self.table(Shelf::Rollup)?, rolls::hours(stream, Window::Hour, hour, hour))?;
        Ok(groups.values().filter_map(Group::covered).fold(RangeSet::new(), |mut all, covered| {
            all.union_with(&covered);
            all
        }))
    }
}

/// Whether the sheets are of an hour without its minutes, and no larger in memory than an hour can be: columns of nothing
/// but zeros are few bytes.
fn is_bounded(rollup: &Rollup) -> bool {
    let mut left = MAX_CELLS;
    rollup.sheets.iter().all(|sheet| {
        let Ok(sheet) = Sheet::read(sheet) else { return false };
        let enough = left.checked_sub(sheet.most_cells()).filter(|_| sheet.window() == Window::Hour);
        left = enough.unwrap_or(0);
        enough.is_some()
    })
}
