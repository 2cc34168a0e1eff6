//! What goes when the disk fills up?
//!
//! First what the hub has signed for and the floor no longer protects; then, under pressure, what the floor protects;
//! then, where hours go up in place of ticks, what the hub keeps as hours; then minutes and hours that the hub has too;
//! then, at the origin only, what the next hop keeps with its signature; and last the oldest, with a signed gap in its
//! place. A relay or a hub gives nothing up: it says that it is under pressure, and takes in less.

use std::collections::BTreeSet;

use vigie_codec::SigningKey;
use vigie_merge::RangeSet;
use vigie_model::{Gap, NodeId, StreamId, UtcMs};

use super::facts::Change;
use super::pen::Pen;
use super::sweep::Sweep;
use super::thin::Wishes;
use super::{Log, Rollups, Standing, read, rolls};
use crate::errors::{CommitError, Trouble};
use crate::types::StreamFacts;

/// Freed at least when the disk itself is full, whatever the cap, in ballasts: two for the ballast to come back, and one
/// to go on with.
const STARVED_BALLASTS: u64 = 3;

/// How full the store is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pressure {
    /// There is room.
    None,
    /// Above 80 % of the cap: no more backlog from below.
    Soft,
    /// Above 95 % of the cap, or the disk itself is full: no more live ticks either.
    Hard,
}

/// What was deleted to make room.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Evicted {
    /// Ticks that the hub has had for longer than the floor.
    pub settled: u64,
    /// Ticks that the hub has, deleted before their time.
    pub receipted: u64,
    /// Ticks that the next hop has and the hub has not yet.
    pub custody: u64,
    /// Ticks that were too old to be kept.
    pub expired: u64,
    /// Ticks that the hub knows by their hours, and that nobody else was ever to get.
    pub thinned: u64,
    /// Hours of streams of which the minutes, or the hours themselves, went: the hub has them too.
    pub hours: u64,
    /// What was given up, as it was stated.
    pub given_up: Vec<(StreamId, Gap)>,
    /// Bytes of records deleted.
    pub bytes: u64,
    /// Streams of which something was deleted.
    pub streams: BTreeSet<StreamId>,
    /// There may be more to delete: of what is too old only so much goes at once, that others need not wait.
    pub more: bool,
}

impl Log {
    /// What the records take, with what redb adds.
    pub fn used_bytes(&self) -> u64 {
        self.record_bytes + self.record_bytes / 10
    }

    /// What they may take: what was configured, and no more than a share of the disk.
    pub fn cap_bytes(&self) -> u64 {
        let share = self.options.cap_percent_of_disk.zip(self.medium.space());
        let of_disk = share.map_or(u64::MAX, |(percent, space)| space.total_bytes / 100 * u64::from(percent));
        self.options.cap_bytes.min(of_disk)
    }

    /// How full the store is.
    pub fn pressure(&self) -> Pressure {
        let (used, cap) = (self.used_bytes(), self.cap_bytes());
        if matches!(self.state, Standing::Full) || self.starved || used > cap / 100 * 95 {
            Pressure::Hard
        } else if used > cap / 100 * 80 {
            Pressure::Soft
        } else {
            Pressure::None
        }
    }

    /// Deletes what the hub has had for longer than the floor. To be called now and then.
    ///
    /// # Errors
    /// As [`Log::commit`]; what was deleted before stays deleted.
    pub fn forget(&mut self, now: UtcMs) -> Result<Evicted, CommitError> {
        let mut evicted = Evicted::default();
        let floor_ms = i64::try_from(self.options.floor.as_millis()).unwrap_or(i64::MAX);
        let due = |facts: &StreamFacts| {
            let mut settled = facts.settled_by(now, floor_ms);
            settled.union_with(&facts.settled);
            settled.intersection(facts.held()).intersection(&facts.present_ticks())
        };
        let streams: Vec<StreamId> =
            self.streams.iter().filter(|(_, facts)| !due(facts).is_empty()).map(|(stream, _)| *stream).collect();
        for stream in streams {
            self.delete(stream, u64::MAX, &mut evicted, |pen, facts, sweep| {
                facts.settle_receipts(now, floor_ms);
                let may_go = facts.settled.intersection(facts.held());
                pen.sweep(stream, facts, &may_go, sweep)
            })
            .map(|ticks| evicted.settled += ticks)?;
        }
        Ok(evicted)
    }

    /// Brings the store below its soft limit, giving up as little as can be. The key signs for what is given up, so nothing
    /// is given up of other nodes' streams: only an agent has a key here, and a former copy of another keeps that one's.
    ///
    /// # Errors
    /// As [`Log::commit`]; what was deleted before stays deleted. On a full disk call it again: the ballast is gone by
    /// then, and makes room for the deletion.
    pub fn make_room(&mut self, now: UtcMs, key: Option<&SigningKey>) -> Result<Evicted, CommitError> {
        let mut evicted = self.forget(now)?;
        if self.starved {
            // The disk may have room again without anything being deleted here.
            self.stand_up()?;
            self.starved = self.medium.ballast(true).is_err();
        }
        if let Some(key) = key.filter(|_| self.options.origin) {
            self.join_gaps(now, key)?;
        }
        let goal = self.goal();
        if let Some(goal) = goal {
            self.delete_receipted(goal, &mut evicted)?;
            self.thin_for_room(goal, Wishes::Wait, &mut evicted)?;
            self.let_hours_go(goal, &mut evicted)?;
            self.thin_for_room(goal, Wishes::Yield, &mut evicted)?;
            if self.options.origin {
                self.delete_in_custody(goal, &mut evicted)?;
                if let Some(key) = key {
                    self.give_up(goal, now, key, &mut evicted)?;
                }
            }
        }
        if self.starved {
            self.shrink()?;
        }
        let ballast = self.medium.ballast(true);
        // Some room was made inside the file, or the disk has some again.
        self.starved = self.starved && evicted.bytes == 0 && ballast.is_err();
        Ok(evicted)
    }

    /// Ticks that were kept here and now are nowhere that this node knows of: deleted because the next hop or the hub had
    /// them with their signatures, and has since lost them. The agent states a gap for them in the end.
    pub fn unbacked(&self, stream: StreamId) -> RangeSet {
        let Some(facts) = self.streams.get(&stream) else { return RangeSet::new() };
        let there = facts.custody.intersection(&facts.custody_sealed);
        facts.ticks().without(&facts.present).without(facts.held()).without(&there)
    }

    /// Deletes what was measured before a time, whoever has it: the hub's retention. Where ticks are folded into minutes and
    /// hours, nothing goes before it was.
    ///
    /// In one transaction of some megabytes, the oldest numbers first; [`Evicted::more`] says whether to call again. What is
    /// known of the ticks stays: that they were here, and that the hub signed for them.
    ///
    /// # Errors
    /// As [`Log::commit`]; nothing was deleted.
    pub fn expire(&mut self, stream: StreamId, before: UtcMs) -> Result<Evicted, CommitError> {
        let mut evicted = Evicted::default();
        let mut may_go = self.older(stream, before)?;
        if !may_go.is_empty() && self.options.rollups != Rollups::Never {
            may_go = may_go.intersection(&self.folded(stream)?);
        }
        if may_go.is_empty() {
            return Ok(evicted);
        }
        let sweep = self.transact(|pen| {
            let mut sweep = Sweep::new(u64::MAX);
            if let Some(mut facts) = pen.take(stream) {
                let done = pen.sweep(stream, &mut facts, &may_go, &mut sweep);
                pen.give(stream, facts);
                done?;
            }
            Ok(sweep)
        })?;
        (evicted.expired, evicted.bytes) = (sweep.ticks, sweep.bytes);
        evicted.streams.insert(stream);
        evicted.more = sweep.stopped && sweep.ticks > 0;
        Ok(evicted)
    }

    /// Sealed ticks that are here and were measured before a time.
    pub(crate) fn older(&self, stream: StreamId, before: UtcMs) -> Result<RangeSet, CommitError> {
        let Some(facts) = self.streams.get(&stream) else { return Ok(RangeSet::new()) };
        let spans = self.spans(stream)?;
        let old = spans.iter().filter(|span| span.latest(facts.anchors.get(&span.boot_no)) < before);
        let older: RangeSet = old.map(|span| (span.first, span.last)).collect();
        Ok(older.intersection(&facts.present_ticks()))
    }

    /// What has been folded as it stands.
    pub(crate) fn folded(&self, stream: StreamId) -> Result<RangeSet, CommitError> {
        let note = self.reading(|shelves| rolls::note(&shelves.rollups, stream))?;
        // Of a damaged note nothing is believed; it is counted again soon. And what was folded by times that are no longer
        // believed is soon folded anew, from its ticks.
        let believed = |note: &rolls::Note| {
            let Some(facts) = self.streams.get(&stream) else { return false };
            facts.anchors.values().all(|anchor| note.anchors.contains(anchor))
        };
        Ok(note.ok().filter(believed).map(|note| note.ticks).unwrap_or_default())
    }

    /// On a full disk free pages inside the file are not enough: redb may choose others, which the disk can not give.
    pub(crate) fn shrink(&mut self) -> Result<(), CommitError> {
        self.transact(|_| Ok(()))?;
        let Standing::Open(db) = &mut self.state else { return Ok(()) };
        db.compact().map_err(|trouble| self.fall(trouble))
    }

    /// What must be reached, if anything must.
    fn goal(&self) -> Option<u64> {
        let (used, cap) = (self.used_bytes(), self.cap_bytes());
        // A little below the limit, or each commit would find it exceeded again.
        let goal = if used > cap / 100 * 80 { cap / 100 * 75 } else { used };
        let goal = if self.starved { goal.min(used.saturating_sub(self.starved_bytes().max(used / 8))) } else { goal };
        (goal < used).then_some(goal)
    }

    fn starved_bytes(&self) -> u64 {
        STARVED_BALLASTS * self.options.ballast_bytes.max(1 << 18)
    }

    fn delete_receipted(&mut self, goal: u64, evicted: &mut Evicted) -> Result<(), CommitError> {
        for stream in self.oldest_first() {
            let excess = self.used_bytes().saturating_sub(goal);
            evicted.receipted += self.delete(stream, excess, evicted, |pen, facts, sweep| {
                let may_go = facts.held().clone();
                pen.sweep(stream, facts, &may_go, sweep)
            })?;
        }
        Ok(())
    }

    fn delete_in_custody(&mut self, goal: u64, evicted: &mut Evicted) -> Result<(), CommitError> {
        for stream in self.oldest_first() {
            let excess = self.used_bytes().saturating_sub(goal);
            evicted.custody += self.delete(stream, excess, evicted, |pen, facts, sweep| {
                let may_go = facts.custody.intersection(&facts.custody_sealed);
                pen.sweep(stream, facts, &may_go, sweep)
            })?;
        }
        Ok(())
    }

    fn give_up(&mut self, goal: u64, now: UtcMs, key: &SigningKey, evicted: &mut Evicted) -> Result<(), CommitError> {
        let own = NodeId::of_key(&key.verifying_key().to_bytes());
        for stream in self.oldest_first().into_iter().filter(|stream| stream.agent == own) {
            let excess = self.used_bytes().saturating_sub(goal);
            let mut gaps = Vec::new();
            self.delete(stream, excess, evicted, |pen, facts, sweep| {
                let may_go = facts.present_ticks();
                pen.sweep(stream, facts, &may_go, sweep)?;
                let stated = pen.state_gaps(stream, facts, &sweep.runs, now, key)?;
                gaps.extend(stated);
                Ok(())
            })?;
            evicted.given_up.extend(gaps.into_iter().map(|gap| (stream, gap)));
        }
        Ok(())
    }

    /// Streams by the age of what they hold, as their machines' clocks had it.
    fn oldest_first(&self) -> Vec<StreamId> {
        let mut streams: Vec<_> = self
            .streams
            .iter()
            .filter(|(_, facts)| facts.bytes.total() > facts.bytes.other)
            .map(|(stream, _)| {
                let oldest = self.reading(|shelves| {
                    let mut oldest = i64::MAX;
                    read::segments_from(&shelves.seals, *stream, 0, |_, row| {
                        oldest = row.map_or(oldest, |row| row.seal.header.utc_min.0);
                        false
                    })?;
                    Ok(oldest)
                });
                (oldest.unwrap_or(i64::MAX), *stream)
            })
            .collect();
        streams.sort_unstable();
        streams.into_iter().map(|(_, stream)| stream).collect()
    }

    /// Deletes of one stream in as many transactions as it takes; says how many ticks.
    pub(crate) fn delete(
        &mut self,
        stream: StreamId,
        excess: u64,
        evicted: &mut Evicted,
        mut work: impl FnMut(&mut Pen<'_>, &mut StreamFacts, &mut Sweep) -> Result<(), Trouble>,
    ) -> Result<u64, CommitError> {
        let (mut left, mut ticks) = (excess, 0);
        while left > 0 {
            let sweep = self.transact(|pen| {
                let mut sweep = Sweep::new(left);
                if let Some(mut facts) = pen.take(stream) {
                    let done = work(pen, &mut facts, &mut sweep);
                    pen.give(stream, facts);
                    done?;
                }
                Ok(sweep)
            })?;
            evicted.bytes += sweep.bytes;
            evicted.streams.insert(stream);
            ticks += sweep.ticks;
            left = left.saturating_sub(sweep.bytes + sweep.bytes / 10);
            if sweep.ticks == 0 || !sweep.stopped {
                break;
            }
        }
        Ok(ticks)
    }
}

pub(crate) trait Settle {
    /// What the hub has had for longer than the floor, by the receipts remembered.
    fn settled_by(&self, now: UtcMs, floor_ms: i64) -> RangeSet;

    fn settle_receipts(&mut self, now: UtcMs, floor_ms: i64);
}

impl Settle for StreamFacts {
    /// What the hub has had for longer than the floor, by the receipts remembered.
    fn settled_by(&self, now: UtcMs, floor_ms: i64) -> RangeSet {
        let old = |at: UtcMs| at.0.saturating_add(floor_ms) <= now.0;
        let last = self.receipt.iter().filter(|receipt| old(receipt.at)).map(|receipt| &receipt.held);
        let past = self.receipts.iter().filter(|past| old(past.at)).map(|past| &past.held);
        last.chain(past).fold(RangeSet::new(), |mut all, held| {
            all.union_with(held);
            all
        })
    }

    fn settle_receipts(&mut self, now: UtcMs, floor_ms: i64) {
        let settled = self.settled_by(now, floor_ms);
        self.settled.union_with(&settled);
        self.receipts.retain(|past| past.at.0.saturating_add(floor_ms) > now.0);
    }
}
