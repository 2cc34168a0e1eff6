//! Puts what was folded in its place, joined with what is there of the same hours.

use vigie_merge::RangeSet;
use vigie_model::{StreamId, pushed_place};

use super::{Done, Folded, Ready, SAMPLES_AT_ONCE};
use crate::errors::{CommitError, Trouble};
use crate::log::Log;
use crate::log::facts::Change;
use crate::log::pen::Pen;
use crate::log::rolls::{self, Note};
use crate::log::shelf::Shelf;
use crate::types::{StreamFacts, limit};

/// Hours of one stream that are joined in one commit with what is there: each takes some milliseconds, and others wait.
const JOINS_AT_ONCE: usize = 4;

/// What became of something that was to take its place.
enum Put {
    /// Something else changed meanwhile: it is gathered again.
    Stale,
    Placed {
        /// There is more of it that had to wait.
        all: bool,
    },
}

impl Log {
    /// Puts what was folded in its place, in one commit; says of how many streams nothing had changed meanwhile.
    ///
    /// # Errors
    /// As [`Log::commit`]; nothing changed.
    pub fn put_folded(&mut self, folded: &[Folded]) -> Result<usize, CommitError> {
        let put = self.transact(|pen| folded.iter().map(|one| pen.put_folded(one)).collect::<Result<Vec<Put>, _>>())?;
        let mut placed = 0;
        for (one, put) in folded.iter().zip(put) {
            let next_ms = match (put, &one.work) {
                (Put::Placed { all: true }, Done::Pieces { next_ms, .. }) => *next_ms,
                (Put::Placed { .. } | Put::Stale, _) => Some(i64::MIN),
            };
            placed += usize::from(next_ms != Some(i64::MIN));
            self.agenda().fold_not_before(one.stream, next_ms, one.came);
        }
        Ok(placed)
    }
}

impl Pen<'_> {
    fn put_folded(&mut self, folded: &Folded) -> Result<Put, Trouble> {
        let stream = folded.stream;
        let Some(mut note) = self.folded(stream)?.filter(|note| note.changes == folded.changes) else {
            return Ok(Put::Stale);
        };
        let Some(mut facts) = self.take(stream) else { return Ok(Put::Stale) };
        let put = match &folded.work {
            Done::Moved(moved) => {
                self.unfold(stream, &mut facts, &mut note, moved).map(|()| Put::Placed { all: false })
            }
            Done::Pieces { pieces, anchors, .. } if *anchors == facts.anchors => {
                self.put_pieces(stream, &mut facts, &mut note, pieces).map(|all| Put::Placed { all })
            }
            Done::Pieces { .. } => Ok(Put::Stale),
        };
        self.give(stream, facts);
        put
    }

    /// Says whether all had their turn.
    fn put_pieces(
        &mut self,
        stream: StreamId,
        facts: &mut StreamFacts,
        note: &mut Note,
        pieces: &[Ready],
    ) -> Result<bool, Trouble> {
        if pieces.is_empty() {
            return Ok(true);
        }
        let (mut joins, mut all, mut placed) = (0, true, RangeSet::new());
        let mut ours = note.ticks.clone();
        pieces.iter().for_each(|ready| {
            ours.union_with(ready.piece.covered());
        });
        for ready in pieces {
            if joins >= JOINS_AT_ONCE || note.ticks.ranges().len() >= limit::RANGES {
                all = false;
                break;
            }
            if !self.may_place(stream, facts, &ready.piece, &ours)? {
                continue;
            }
            let place = self.put_piece(stream, facts, ready, &placed)?;
            joins += usize::from(!matches!(place, Place::First));
            match place {
                Place::First | Place::Beside => {
                    if !ready.piece.has_minutes() {
                        // As if they had been let go for their age: that there are none is not damage.
                        note.minutes_from = note.minutes_from.max(ready.piece.hour().count().saturating_add(1));
                    }
                    placed.union_with(ready.piece.covered());
                    note.ticks.union_with(ready.piece.covered());
                }
                Place::Anew(apart) => {
                    all = false;
                    note.ticks = note.ticks.without(&apart);
                }
            }
        }
        note.anchors = facts.anchors.values().copied().collect();
        self.write_folded(stream, facts, note)?;
        self.folded_here(stream, facts, &note.ticks)?;
        Ok(all)
    }

    /// Joins a piece with what is there of its hour. What was `placed` in the same commit was folded together with it, and
    /// is not taken apart for it.
    fn put_piece(
        &mut self,
        stream: StreamId,
        facts: &mut StreamFacts,
        ready: &Ready,
        placed: &RangeSet,
    ) -> Result<Place, Trouble> {
        let hour = ready.piece.hour();
        let there = rolls::pieces(self.table(Shelf::Rollup)?, stream, hour)?;
        let here = facts.present_ticks().intersection(&facts.sealed);
        let pushed = pushed_place(&facts.name).is_some();
        for (no, piece) in there.iter().filter_map(|(no, piece)| Some((no, piece.as_ref()?))) {
            let few = piece.samples().saturating_add(ready.piece.samples()) <= SAMPLES_AT_ONCE / 2;
            let anew =
                few && piece.covered().without(&here).is_empty() && piece.covered().without(placed) == *piece.covered();
            if pushed && anew && piece.may_repeat(&ready.piece) {
                self.remove_piece(stream, facts, (hour, *no), None)?;
                return Ok(Place::Anew(piece.covered().clone()));
            }
            if let Ok(joined) = piece.join(&ready.piece) {
                self.write_piece(stream, facts, (hour, *no), &Ready::new(joined).sheets)?;
                return Ok(Place::Beside);
            }
        }
        // The first, or side by side with one that it will not join for its holes, or that can not be read.
        let free = (0..=u16::MAX).find(|no| !there.contains_key(no)).unwrap_or(u16::MAX);
        self.write_piece(stream, facts, (hour, free), &ready.sheets)?;
        Ok(if there.is_empty() { Place::First } else { Place::Beside })
    }
}

/// Where a piece went.
enum Place {
    /// Its hour had none.
    First,
    /// Joined with another, or side by side with it.
    Beside,
    /// Nowhere: one moment may be in it and in what was there of these ticks, so all of them are folded anew together. Where
    /// they are no longer here, or too many for one fold, a moment that was pushed twice counts twice.
    Anew(RangeSet),
}
