//! Which gaps stand in the place of what was given up, and how do they stay few?
//!
//! A stream has so many gaps and no more. Near that number neighbours become one, wider gap: where nothing lies between
//! them but other gaps, and ticks that the hub has had for so long that nobody would have to bring them again. Those win
//! over the gap wherever it comes.

use vigie_codec::SigningKey;
use vigie_codec::statement::{SignedStatement, Statement};
use vigie_merge::RangeSet;
use vigie_model::{Gap, GapReason, Seq, StreamId, UtcMs};

use super::pen::Pen;
use super::room::Settle;
use super::{Log, Options};
use crate::errors::{CommitError, Trouble};
use crate::types::{Outcome, StreamFacts, limit};

/// Places that are kept free for gaps that are stated elsewhere: after a sudden stop, or for a damaged record.
const FREE_PLACES: usize = 64;

impl Log {
    /// Joins gaps of streams that have nearly as many as they may.
    pub(crate) fn join_gaps(&mut self, now: UtcMs, key: &SigningKey) -> Result<(), CommitError> {
        let may_join = |facts: &StreamFacts| {
            is_crowded(facts.gap_list.len()) && closest(&facts.gap_list, &empty(facts, now, &self.options)).is_some()
        };
        let streams: Vec<StreamId> =
            self.streams.iter().filter(|(_, facts)| may_join(facts)).map(|(stream, _)| *stream).collect();
        streams.into_iter().try_for_each(|stream| self.transact(|pen| pen.join_gaps(stream, now, key)))
    }
}

/// Whether so many gaps are nearly as many as a stream may have.
pub(crate) fn is_crowded(gaps: usize) -> bool {
    gaps + FREE_PLACES > limit::GAPS
}

impl Pen<'_> {
    /// States what was given up, joined with what was given up beside it before.
    pub(crate) fn state_gaps(
        &mut self,
        stream: StreamId,
        facts: &mut StreamFacts,
        runs: &[(u64, u64, u64)],
        now: UtcMs,
        key: &SigningKey,
    ) -> Result<Vec<Gap>, Trouble> {
        let mut stated = Vec::new();
        for (first, last, samples) in runs {
            let gone = RangeSet::of(*first, *last).without(facts.held());
            let whole = gone.contains_range(*first, *last);
            for (first, last) in gone.ranges() {
                let samples = whole.then_some(*samples);
                let gap =
                    Gap { first: Seq(first), last: Seq(last), reason: GapReason::Evicted, samples, noted_at: now };
                stated.push(gap);
                for gap in placed(facts, joined(facts, gap), now, self.options) {
                    self.state(stream, facts, gap, key)?;
                }
            }
        }
        Ok(stated)
    }

    /// Until there is room for as many again as should be free: each look would join one more otherwise.
    fn join_gaps(&mut self, stream: StreamId, now: UtcMs, key: &SigningKey) -> Result<(), Trouble> {
        let Some(mut facts) = self.take(stream) else { return Ok(()) };
        let (mut done, mut before) = (Ok(()), usize::MAX);
        while done.is_ok() && is_crowded(facts.gap_list.len() + FREE_PLACES) && facts.gap_list.len() < before {
            before = facts.gap_list.len();
            let Some(one) = closest(&facts.gap_list, &empty(&facts, now, self.options)) else { break };
            done = self.state(stream, &mut facts, one, key);
        }
        self.give(stream, facts);
        done
    }

    fn state(&mut self, stream: StreamId, facts: &mut StreamFacts, gap: Gap, key: &SigningKey) -> Result<(), Trouble> {
        let said = SignedStatement::new(stream, Statement::Gap(gap), key);
        self.give(stream, facts.clone());
        if let Outcome::TooMuch(_) = self.keep_statement(said)? {
            // They are nowhere now, which is looked for regularly, and are owned up to when some gaps have become one.
            tracing::warn!(%stream, ticks = gap.ticks(), "so many gaps that one more could not be stated yet");
        }
        if let Some(changed) = self.take(stream) {
            *facts = changed;
        }
        Ok(())
    }
}

/// What is to be stated for a gap: itself if there is a place for it; else as part of a wider one, or after a wider one
/// that frees a place.
fn placed(facts: &StreamFacts, gap: Gap, now: UtcMs, options: &Options) -> Vec<Gap> {
    let mut all: Vec<Gap> = facts.gap_list.iter().copied().filter(|other| !holds(&gap, other)).collect();
    if all.len() < limit::GAPS {
        return vec![gap];
    }
    let mut empty = empty(facts, now, options);
    empty.insert(gap.first.0, gap.last.0);
    all.insert(all.partition_point(|other| (other.first, other.last) < (gap.first, gap.last)), gap);
    match closest(&all, &empty) {
        Some(wide) if holds(&wide, &gap) => vec![wide],
        Some(wide) => vec![wide, gap],
        None => vec![gap],
    }
}

/// Numbers over which a gap takes nothing from anybody: other gaps, and what the hub has had for longer than the floor. A
/// younger tick may have to be brought again, to a hub that lost its disk, and would not be if a gap stood there.
fn empty(facts: &StreamFacts, now: UtcMs, options: &Options) -> RangeSet {
    let floor_ms = i64::try_from(options.floor.as_millis()).unwrap_or(i64::MAX);
    let mut settled = facts.settled_by(now, floor_ms);
    settled.union_with(&facts.settled);
    let mut empty = settled.intersection(facts.held()).without(&facts.present);
    empty.union_with(&facts.gaps);
    empty
}

/// The two neighbours with the least between them that may be one, as one. Gaps are in order.
fn closest(gaps: &[Gap], empty: &RangeSet) -> Option<Gap> {
    let (mut found, mut least, mut before) = (None, u64::MAX, None::<&Gap>);
    for gap in gaps {
        let Some(last) = before.filter(|last| last.last < gap.last) else {
            before = before.or(Some(gap));
            continue;
        };
        let (from, to) = (last.last.0.saturating_add(1), gap.first.0.saturating_sub(1));
        let apart = gap.first.0.saturating_sub(from);
        if apart < least && empty.contains_range(from, to) {
            (found, least) = (Some(spanning(last, gap)), apart);
        }
        before = Some(gap);
    }
    found
}

/// One gap over two, of which the other ends later. Of two reasons the one that says more is given: that ticks were there.
fn spanning(gap: &Gap, other: &Gap) -> Gap {
    let reason = if gap.reason == GapReason::Interrupted { other.reason } else { gap.reason };
    let samples = gap.samples.zip(other.samples).map(|(some, more)| some + more).filter(|_| gap.last < other.first);
    Gap { last: other.last, reason, samples, noted_at: gap.noted_at.max(other.noted_at), ..*gap }
}

/// Whether all numbers of one gap are in another, whatever they say of them.
pub(crate) fn holds(large: &Gap, small: &Gap) -> bool {
    large.first <= small.first && small.last <= large.last
}

/// A gap and its neighbours of the same reason as one: years without room are one gap, not one for each hour.
fn joined(facts: &StreamFacts, gap: Gap) -> Gap {
    let same = facts.gap_list.iter().filter(|other| other.reason == gap.reason);
    same.fold(gap, |all, other| together(&all, other).unwrap_or(all))
}

/// Two gaps as one, when nothing lies between them. They overlap where ticks that were given up loose came back with their
/// segment and went again.
fn together(gap: &Gap, other: &Gap) -> Option<Gap> {
    let (before, after) = (other.last < gap.first, gap.last < other.first);
    if (before && other.last.next() < gap.first) || (after && gap.last.next() < other.first) {
        return None;
    }
    let samples = match (before || after, holds(gap, other), holds(other, gap)) {
        (true, ..) => gap.samples.zip(other.samples).map(|(some, more)| some + more),
        (false, true, _) => gap.samples,
        (false, false, true) => other.samples,
        // How many samples are in both, nobody has counted.
        (false, false, false) => None,
    };
    Some(Gap { first: gap.first.min(other.first), last: gap.last.max(other.last), samples, ..*gap })
}
