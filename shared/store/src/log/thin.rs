//! Ticks that a relay lets go of because hours stand in their place.
//!
//! Where hours are all that goes up, the hub never signs for the ticks, and so they could never go. They may once the hub
//! keeps their hours, from the oldest on: for their age, or because the store is nearly full. Which went is noted in the
//! same transaction and told to the hub, so that nobody waits for them; that they were here stays known, so nobody below
//! brings them again. What somebody asked for goes for its age only when it was sent, and for room last of all.

use redb::ReadableTable;
use serde::{Deserialize, Serialize};
use vigie_merge::RangeSet;
use vigie_model::{StreamId, UtcMs};
use vigie_rollup::HOUR_MS;

use super::Log;
use super::facts::Change;
use super::pen::{Bytes, Pen, add};
use super::room::Evicted;
use super::shelf::{STREAM_BYTES, Shelf};
use super::sweep::Sweep;
use crate::errors::{CommitError, Trouble};
use crate::types::{Kept, Outcome, StreamFacts, limit};

const LET_GO: u8 = 6;

/// Bytes that go for their age at once: others wait for the store meanwhile, a second or two.
const BYTES_AT_ONCE: u64 = 32 << 20;

/// The oldest part of what may go that goes at once when room is needed, as one in so many.
const OLDEST_PART: usize = 8;

/// What becomes of ticks that somebody asked for and that were not sent yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wishes {
    /// They stay until they were sent.
    Wait,
    /// They go with the others.
    Yield,
}

/// Version 1 of the record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LetGo {
    there: RangeSet,
    thinned: RangeSet,
}

impl LetGo {
    /// Puts it into what is held in memory.
    pub(crate) fn tell(self, facts: &mut StreamFacts) {
        (facts.rolled.there, facts.rolled.thinned) = (self.there, self.thinned);
    }
}

pub(crate) fn key(stream: StreamId) -> Vec<u8> {
    let mut key = stream.to_bytes().to_vec();
    key.push(LET_GO);
    key
}

/// Whether a key of the rollup shelf is that of such a record.
pub(crate) fn is_let_go(key: &[u8]) -> bool {
    key.get(STREAM_BYTES) == Some(&LET_GO)
}

/// What is noted of a stream; the error is a damaged record.
pub(crate) fn read(
    table: &impl ReadableTable<Bytes, Bytes>,
    stream: StreamId,
) -> Result<Result<LetGo, vigie_codec::disk::DamagedError>, Trouble> {
    let key = key(stream);
    let Some(row) = table.get(key.as_slice())? else { return Ok(Ok(LetGo::default())) };
    Ok(Shelf::Rollup.read(&key, row.value()))
}

impl Log {
    /// Lets go of what is older than it is to be kept, hour by hour: whoever is told pays for each word. To be called now
    /// and then with a time that is more than what this machine believes: what goes here is nowhere else.
    ///
    /// # Errors
    /// As [`Log::commit`]; what was deleted before stays deleted.
    pub fn thin_for_age(&mut self, trusted: UtcMs) -> Result<Evicted, CommitError> {
        let mut evicted = Evicted::default();
        let Some(raw_for) = self.options.raw_for.filter(|_| self.options.thins) else { return Ok(evicted) };
        let kept_ms = i64::try_from(raw_for.as_millis()).unwrap_or(i64::MAX);
        let before_ms = trusted.0.saturating_sub(kept_ms).div_euclid(HOUR_MS) * HOUR_MS;
        // Where time went back, what was done by the other time says nothing.
        if self.thinned_to_ms == Some(before_ms) {
            return Ok(evicted);
        }
        self.thin_before(UtcMs(before_ms), BYTES_AT_ONCE, Wishes::Wait, &mut evicted)?;
        self.thinned_to_ms = (evicted.bytes < BYTES_AT_ONCE / 2).then_some(before_ms);
        Ok(evicted)
    }

    /// Lets go of the oldest, of all streams alike, until a goal is reached or nothing is left that may go.
    pub(crate) fn thin_for_room(
        &mut self,
        goal: u64,
        wishes: Wishes,
        evicted: &mut Evicted,
    ) -> Result<(), CommitError> {
        while self.options.thins && self.used_bytes() > goal {
            let mut ends_ms = Vec::new();
            for (stream, facts) in &self.streams {
                let may_go = self.thinnable(*stream, wishes)?;
                if may_go.is_empty() {
                    continue;
                }
                let spans = self.spans(*stream)?;
                let within = spans.iter().filter(|span| may_go.touches(span.first, span.last));
                ends_ms.extend(within.map(|span| span.latest(facts.anchors.get(&span.boot_no)).0));
            }
            ends_ms.sort_unstable();
            let Some(oldest_ms) = ends_ms.get(ends_ms.len() / OLDEST_PART) else { return Ok(()) };
            let (before, had) = (UtcMs(oldest_ms.saturating_add(1)), evicted.thinned);
            self.thin_before(before, self.used_bytes().saturating_sub(goal), wishes, evicted)?;
            if evicted.thinned == had {
                return Ok(());
            }
        }
        Ok(())
    }

    fn thin_before(
        &mut self,
        before: UtcMs,
        most_bytes: u64,
        wishes: Wishes,
        evicted: &mut Evicted,
    ) -> Result<(), CommitError> {
        let goal = self.used_bytes().saturating_sub(most_bytes);
        for stream in self.streams.keys().copied().collect::<Vec<_>>() {
            let excess = self.used_bytes().saturating_sub(goal);
            let mut may_go = self.thinnable(stream, wishes)?;
            if may_go.is_empty() || excess == 0 {
                continue;
            }
            may_go = may_go.intersection(&self.older(stream, before)?);
            if may_go.is_empty() {
                continue;
            }
            evicted.thinned +=
                self.delete(stream, excess, evicted, |pen, facts, sweep| pen.thin(stream, facts, &may_go, sweep))?;
        }
        Ok(())
    }

    /// Ticks whose hours are here and at the hub, told by the clocks that are believed now. What the hub has signed for goes
    /// as ever: when the floor has passed.
    fn thinnable(&self, stream: StreamId, wishes: Wishes) -> Result<RangeSet, CommitError> {
        let Some(facts) = self.streams.get(&stream) else { return Ok(RangeSet::new()) };
        let mut may_go =
            facts.rolled.there.without(&facts.rolled.retold).intersection(&facts.present_ticks()).without(facts.held());
        if wishes == Wishes::Wait {
            may_go = may_go.without(&facts.rolled.wanted.without(&facts.custody));
        }
        if may_go.is_empty() {
            return Ok(may_go);
        }
        Ok(may_go.intersection(&facts.sealed).intersection(&self.folded(stream)?))
    }
}

impl Pen<'_> {
    fn thin(
        &mut self,
        stream: StreamId,
        facts: &mut StreamFacts,
        may_go: &RangeSet,
        sweep: &mut Sweep,
    ) -> Result<(), Trouble> {
        self.sweep(stream, facts, may_go, sweep)?;
        let gone: RangeSet = sweep.runs.iter().map(|(first, last, _)| (*first, *last)).collect();
        facts.rolled.thinned.union_with(&gone);
        self.write_let_go(stream, facts)
    }

    /// The next hop has ticks in hours.
    pub(crate) fn keep_there(&mut self, stream: StreamId, whole: bool, ticks: &RangeSet) -> Result<Outcome, Trouble> {
        self.change_let_go(stream, |facts| {
            if whole {
                facts.rolled.there = RangeSet::new();
            }
            facts.rolled.there.union_with(ticks);
            facts.rolled.there.ranges().len() <= limit::RANGES
        })
    }

    /// A relay has let go of ticks: as far as they were ever collected. What it said of that before is kept before.
    pub(crate) fn keep_thinned(&mut self, stream: StreamId, ticks: &RangeSet) -> Result<Outcome, Trouble> {
        self.change_let_go(stream, |facts| {
            let last = facts.collected().ticks;
            if last > 0 {
                facts.rolled.thinned.union_with(&ticks.intersection(&RangeSet::of(1, last)));
            }
            facts.rolled.thinned.ranges().len() <= limit::RANGES
        })
    }

    /// Changes what is noted, unless it would become too much.
    fn change_let_go(
        &mut self,
        stream: StreamId,
        change: impl FnOnce(&mut StreamFacts) -> bool,
    ) -> Result<Outcome, Trouble> {
        let Some(mut facts) = self.take(stream) else { return Ok(Outcome::UnknownStream(stream)) };
        let before = facts.rolled.clone();
        let fits = change(&mut facts);
        let done = if fits {
            self.write_let_go(stream, &mut facts)
        } else {
            facts.rolled = before;
            Ok(())
        };
        let (have, sealed, schema_len) = (RangeSet::new(), RangeSet::new(), facts.schema_len);
        self.give(stream, facts);
        done?;
        let kept = Kept { stream, have, sealed, schema_len, duplicates: 0, forked: false };
        Ok(if fits { Outcome::Kept(kept) } else { Outcome::TooMuch(stream) })
    }

    fn write_let_go(&mut self, stream: StreamId, facts: &mut StreamFacts) -> Result<(), Trouble> {
        let record = LetGo { there: facts.rolled.there.clone(), thinned: facts.rolled.thinned.clone() };
        let key = key(stream);
        let bytes = self.put(Shelf::Rollup, &key, &Shelf::Rollup.write(&key, &record))?;
        add(&mut facts.bytes.other, bytes);
        Ok(())
    }

    /// Looks at what is noted. Of a damaged record the next hop says again what it has; and what is not here, was never
    /// signed for by the hub, and is in an hour, went by no other way.
    pub(crate) fn recount_let_go(&mut self, stream: StreamId, facts: &mut StreamFacts) -> Result<(), Trouble> {
        let known = read(self.table(Shelf::Rollup)?, stream)?;
        let is_sound = known.is_ok();
        if !is_sound {
            let bytes = self.quarantine(Shelf::Rollup, &key(stream))?;
            add(&mut facts.bytes.other, bytes);
        }
        let mut record = known.unwrap_or_default();
        if self.options.thins {
            let gone = facts.ticks().without(&facts.present).without(facts.held());
            record.thinned.union_with(&gone.intersection(&facts.rolled.own));
        }
        record.tell(facts);
        if is_sound && facts.rolled.thinned.is_empty() { Ok(()) } else { self.write_let_go(stream, facts) }
    }
}
