//! A clock was put right afterwards: which ticks were folded by times that are no longer believed?
//!
//! Their pieces are taken apart, and folded anew with the ticks that are here. A piece of which not all ticks are here any
//! more stays as it is: better in an hour that was wrong by a wrong clock than nowhere.

use std::collections::{BTreeMap, BTreeSet};

use vigie_merge::RangeSet;
use vigie_model::{Anchor, Moment, StreamId};
use vigie_rollup::{Hour, MINUTE_MS};

use super::Log;
use super::columns::Laid;
use super::facts::Change;
use super::fold::{sealed_here, ticks};
use super::index::Span;
use super::loss::Loss;
use super::pen::Pen;
use super::query::resolve;
use super::rolls::{self, Note};
use super::shelf::{Shelf, at};
use crate::errors::{ReadError, Trouble};
use crate::types::StreamFacts;

/// Hours taken apart in one commit: some megabytes.
const HOURS_AT_ONCE: usize = 64;

/// Ticks that were folded by other times than those believed now.
#[derive(Debug)]
pub(crate) struct Moved {
    ticks: RangeSet,
    /// Those they were folded into.
    hours: BTreeSet<Hour>,
    /// Those that moved by more than a minute: whoever got them as hours is told anew. For less it would cost a month's
    /// hours each time that a clock is known a little better.
    far: RangeSet,
    anchors: BTreeMap<u32, Anchor>,
}

impl Log {
    /// What has moved since it was folded; nothing if no clock was put right since.
    pub(crate) fn moved(
        &self,
        stream: StreamId,
        facts: &StreamFacts,
        spans: &[Span],
        note: &Note,
    ) -> Result<Option<Moved>, ReadError> {
        let before: BTreeMap<u32, Anchor> = note.anchors.iter().map(|anchor| (anchor.boot.no, *anchor)).collect();
        let changed = |boot_no: &u32| facts.anchors.get(boot_no).is_some_and(|now| before.get(boot_no) != Some(now));
        if note.ticks.is_empty() || !facts.anchors.keys().any(changed) {
            return Ok(None);
        }
        let mut moved = Moved {
            ticks: RangeSet::new(),
            hours: BTreeSet::new(),
            far: RangeSet::new(),
            anchors: facts.anchors.clone(),
        };
        let folded = sealed_here(facts, spans).intersection(&note.ticks);
        for span in spans.iter().filter(|span| changed(&span.boot_no) && folded.touches(span.first, span.last)) {
            let moments = self.moments(stream, span)?;
            for (number, moment) in moments.into_iter().filter(|(number, _)| folded.contains(*number)) {
                let (was, is) = (resolve(&before, moment), resolve(&facts.anchors, moment));
                // Within an hour too: minutes, and when the last value was measured, are told by it.
                if was != is {
                    moved.hours.insert(Hour::of(was));
                    if was.0.abs_diff(is.0) > MINUTE_MS.unsigned_abs() {
                        moved.far.insert(number, number);
                    }
                    moved.ticks.insert(number, number);
                }
            }
        }
        Ok(Some(moved))
    }

    /// When the ticks of a span were measured; none where it is damaged, which is noted.
    fn moments(&self, stream: StreamId, span: &Span) -> Result<Vec<(u64, Moment)>, ReadError> {
        self.reading(|shelves| {
            if !span.columns {
                let raw = self.piece(shelves, stream, span)?;
                let ticks = raw.as_ref().map(ticks).unwrap_or_default();
                return Ok(ticks.iter().map(|tick| (tick.seq.0, tick.at)).collect());
            }
            match shelves.head(stream, span.first)? {
                Some(Laid::Sound(head)) => Ok((span.first..).zip(head.moments()).collect()),
                Some(Laid::Damaged) => {
                    self.note(Loss::row(stream, Shelf::Columns, at(stream, span.first).to_vec()));
                    Ok(Vec::new())
                }
                None => Ok(Vec::new()),
            }
        })
    }
}

impl Pen<'_> {
    /// Takes the pieces apart that hold what has moved, as far as all their ticks are here. Once none is left, the hours of
    /// all that is folded are told by the anchors of now.
    pub(crate) fn unfold(
        &mut self,
        stream: StreamId,
        facts: &mut StreamFacts,
        note: &mut Note,
        moved: &Moved,
    ) -> Result<(), Trouble> {
        let here = facts.present_ticks().intersection(&facts.sealed);
        let (mut taken_apart, mut is_apart, mut apart) = (0, false, RangeSet::new());
        for hour in &moved.hours {
            for (no, piece) in rolls::pieces(self.table(Shelf::Rollup)?, stream, *hour)? {
                let Some(piece) = piece else { continue };
                let covered = piece.covered();
                // What was lost to damage comes again from below; what has expired does not.
                let expired = covered.without(&here).intersection(&facts.have);
                if covered.intersection(&moved.ticks).is_empty() || !expired.is_empty() {
                    continue;
                }
                self.remove_piece(stream, facts, (*hour, no), None)?;
                note.ticks = note.ticks.without(covered);
                is_apart = true;
                if !covered.intersection(&moved.far).is_empty() {
                    apart.union_with(covered);
                }
                taken_apart += 1;
            }
            if taken_apart >= HOURS_AT_ONCE {
                self.taken_apart(stream, facts, &apart, note.changes)?;
                return self.write_folded(stream, facts, note);
            }
        }
        if is_apart {
            self.taken_apart(stream, facts, &apart, note.changes)?;
        }
        note.anchors = moved.anchors.values().copied().collect();
        self.write_folded(stream, facts, note)
    }
}
