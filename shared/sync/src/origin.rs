//! How does an agent number what it measures, when does it seal, and what does it own up to after a crash?
//!
//! Numbers are reserved ahead, durably, and never given twice; so a tick may leave before it is durable, and what a crash
//! took becomes a gap over numbers that nobody else can mean. When even reserving fails (the disk is full or broken), the
//! origin begins a new incarnation in memory: its numbers need no reserving, because the incarnation itself was never
//! on any disk. When the store is back, that life is written down and goes on.

use std::collections::VecDeque;
use std::sync::Arc;

use vigie_codec::SigningKey;
use vigie_codec::block;
use vigie_codec::live::LiveEncoder;
use vigie_codec::schema::SchemaHash;
use vigie_codec::segment::{self, HeaderHash, MAX_BODY_BYTES, Segment, TARGET_BODY_BYTES};
use vigie_codec::statement::{SignedStatement, Statement};
use vigie_codec::wire::Tally;
use vigie_merge::RangeSet;
use vigie_model::{Anchor, Gap, GapReason, Incarnation, Moment, NodeId, Sample, Seq, SeriesDef, StreamId, Tick, UtcMs};

use crate::keep::{StreamFacts, Write};

/// Numbers reserved beyond the last one given. Each crash gives up at most so many; a store in trouble for so many ticks
/// makes the origin begin a new life.
pub const RESERVED_AHEAD: u64 = 16;

/// Ticks kept in memory while the store is in trouble: at ten seconds, some three hours; at 150 samples, about 4 MB.
pub const MAX_UNKEPT: usize = 1_024;

/// When a run of ticks is sealed although it could still grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealAfter {
    /// So many ticks.
    pub ticks: usize,
    /// So long after its first tick was measured: what is not sealed is not yet signed for.
    pub age_ms: u64,
}

impl Default for SealAfter {
    fn default() -> Self {
        Self { ticks: 360, age_ms: 600_000 }
    }
}

/// The mind that numbers, seals and owns up.
#[derive(Debug)]
pub struct Origin {
    stream: StreamId,
    key: SigningKey,
    name: String,
    /// The last number given.
    last: Seq,
    /// The last number that may be given.
    reserved: Seq,
    /// Whether the store knows this stream at all.
    introduced: bool,
    /// Ticks that are not in a segment: the first `durable` of them are in the store.
    tail: VecDeque<Arc<Tick>>,
    durable: usize,
    tail_bytes: usize,
    tail_since_ms: u64,
    /// When the newest tick was measured.
    newest_ms: u64,
    gauge: LiveEncoder,
    head: HeaderHash,
    /// Segments that are to be kept, until they are.
    sealing: Vec<Segment>,
    defs: Vec<SeriesDef>,
    durable_defs: usize,
    schema: SchemaHash,
    samples: u64,
    /// Ticks that had to be dropped from memory while the store was in trouble: first, last, samples.
    dropped: Option<(Seq, Seq, u64)>,
    seal_after: SealAfter,
}

/// What a commit under way will have made durable, to be told back when it succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promise {
    upto: Seq,
    sealed_upto: Option<(Seq, HeaderHash)>,
    defs: usize,
    reserved: Seq,
    dropped: Option<(Seq, Seq, u64)>,
}

impl Origin {
    /// A new life.
    pub fn new(
        agent: NodeId,
        incarnation: Incarnation,
        name: String,
        key: SigningKey,
        defs: Vec<SeriesDef>,
        after: SealAfter,
    ) -> Self {
        Self {
            stream: StreamId { agent, incarnation },
            key,
            name,
            last: Seq(0),
            // A life that no disk has seen needs no reserving.
            reserved: Seq(u64::MAX),
            introduced: false,
            tail: VecDeque::new(),
            durable: 0,
            tail_bytes: 0,
            tail_since_ms: 0,
            newest_ms: 0,
            gauge: LiveEncoder::new(),
            head: HeaderHash::NONE,
            sealing: Vec::new(),
            schema: SchemaHash::of(&defs),
            defs,
            durable_defs: 0,
            samples: 0,
            dropped: None,
            seal_after: after,
        }
    }

    /// A life that goes on: from what the store holds of it.
    ///
    /// Also returns what must be kept before anything else: the gap over numbers a crash may have taken.
    pub fn resume(
        stream: StreamId,
        facts: &StreamFacts,
        defs: Vec<SeriesDef>,
        tail: Vec<Arc<Tick>>,
        key: SigningKey,
        after: SealAfter,
        now: UtcMs,
    ) -> (Self, Vec<Write>) {
        let name = facts.name.clone();
        let mut origin = Self::new(stream.agent, stream.incarnation, name, key, defs, after);
        let known = facts.have.last().unwrap_or(0);
        origin.last = Seq(known.max(facts.reserved.0));
        origin.reserved = origin.last;
        origin.introduced = true;
        origin.head = facts.head;
        origin.durable_defs = origin.defs.len();
        origin.samples = facts.tally.samples;
        let mut writes = Vec::new();
        if facts.reserved.0 > known {
            let gap = (Seq(known + 1), facts.reserved);
            writes.push(origin.gap(gap, GapReason::Interrupted, None, now));
        }
        // What an earlier run left loose is sealed at once: its ticks are of another run of the program, maybe of another
        // boot, and the peer wants a signature.
        for run in runs(&tail) {
            let segments = origin.segments(run, origin.head);
            origin.head = segments.last().map_or(origin.head, |segment| segment.header().hash());
            writes.extend(segments.into_iter().map(Write::Segment));
        }
        (origin, writes)
    }

    /// Which stream.
    pub fn stream(&self) -> StreamId {
        self.stream
    }

    /// How much was collected.
    pub fn tally(&self) -> Tally {
        Tally { ticks: self.last.0, samples: self.samples }
    }

    /// Whether the store knows this life.
    pub fn is_on_disk(&self) -> bool {
        self.introduced
    }

    /// Whether anything of this life is still to be kept, or to be given back.
    pub fn owes(&self) -> bool {
        !self.introduced || !self.tail.is_empty() || self.dropped.is_some() || self.last < self.reserved
    }

    /// Whether a number can be given. When not, and the store stays in trouble, a new life must begin.
    pub fn can_number(&self) -> bool {
        self.last < self.reserved
    }

    /// How many numbers can be given before something must be reserved.
    pub fn numbers_left(&self) -> u64 {
        self.reserved.0.saturating_sub(self.last.0)
    }

    /// Definitions, in place.
    pub fn defs(&self) -> &[SeriesDef] {
        &self.defs
    }

    /// Whether some definition is not durable yet: ticks that use it must wait, because its place could be given to
    /// another series after a crash.
    pub fn has_new_defs(&self) -> bool {
        self.introduced && self.durable_defs < self.defs.len()
    }

    /// Adds definitions that follow those known.
    pub fn define(&mut self, defs: impl IntoIterator<Item = SeriesDef>) {
        for def in defs {
            self.schema = self.schema.then(&def);
            self.defs.push(def);
        }
    }

    /// Only so many definitions are in the store: those behind them, if they were durable, are written again. Says whether
    /// there are any.
    pub fn define_again(&mut self, schema_len: u32) -> bool {
        let is_lost = (schema_len as usize) < self.durable_defs;
        self.durable_defs = self.durable_defs.min(schema_len as usize);
        is_lost
    }

    /// Numbers a round of measurements. `None` when no number may be given: see [`Origin::can_number`].
    pub fn measured(&mut self, at: Moment, samples: Vec<Sample>, now_ms: u64) -> Option<Arc<Tick>> {
        if !self.can_number() {
            return None;
        }
        self.last = self.last.next();
        self.samples += samples.len() as u64;
        let tick = Arc::new(Tick { seq: self.last, at, samples });
        if self.tail.is_empty() {
            self.tail_since_ms = now_ms;
        }
        self.newest_ms = now_ms;
        self.tail_bytes += self.gauge.encode(0, &tick).len();
        self.tail.push_back(tick.clone());
        self.bound_memory();
        Some(tick)
    }

    fn bound_memory(&mut self) {
        if self.tail.len() - self.durable <= MAX_UNKEPT {
            return;
        }
        if let Some(lost) = self.tail.remove(self.durable.max(self.in_sealing())) {
            let (first, _, samples) = self.dropped.unwrap_or((lost.seq, lost.seq, 0));
            self.dropped = Some((first, lost.seq, samples + lost.samples.len() as u64));
        }
    }

    /// What is to be kept next, if anything is; the promise is told back to [`Origin::kept`] when it is durable.
    ///
    /// `closing` seals whatever there is and gives back the reserved numbers.
    pub fn writes(&mut self, now_ms: u64, now: UtcMs, closing: bool) -> (Vec<Write>, Promise) {
        let mut writes = Vec::new();
        let stream = self.stream;
        if !self.introduced {
            let key = self.key.verifying_key().to_bytes();
            writes.push(Write::Stream { stream, key, name: self.name.clone() });
        }
        if self.durable_defs < self.defs.len() {
            let defs = self.defs[self.durable_defs..].to_vec();
            writes.push(Write::Schema { stream, from: self.durable_defs as u32, defs });
        }
        if let Some((first, last, samples)) = self.dropped {
            writes.push(self.gap((first, last), GapReason::Evicted, Some(samples), now));
        }
        let sealed_upto = self.due_seal(now_ms, closing, &mut writes);
        let loose: Vec<_> = self.tail.iter().skip(self.durable.max(self.in_sealing())).cloned().collect();
        if !loose.is_empty() {
            writes.push(Write::Ticks { stream, ticks: loose });
        }
        let reserved = if closing { self.last } else { Seq(self.last.0 + RESERVED_AHEAD) };
        if !writes.is_empty() || reserved != self.reserved {
            writes.push(Write::Reserve { stream, until: reserved });
            writes.push(Write::Tally { stream, tally: self.tally() });
        }
        (writes, Promise { upto: self.last, sealed_upto, defs: self.defs.len(), reserved, dropped: self.dropped })
    }

    /// Segments of what is due, and those of a commit that failed as they were: it may have reached the disk all the same,
    /// and a tick is never signed for in two segments.
    fn due_seal(&mut self, now_ms: u64, closing: bool, writes: &mut Vec<Write>) -> Option<(Seq, HeaderHash)> {
        if self.sealing.is_empty() || closing {
            self.seal_rest(now_ms, closing);
        }
        writes.extend(self.sealing.iter().cloned().map(Write::Segment));
        self.sealing.last().map(|segment| (segment.header().last, segment.header().hash()))
    }

    fn seal_rest(&mut self, now_ms: u64, closing: bool) {
        let rest: Vec<_> = self.tail.iter().skip(self.in_sealing()).cloned().collect();
        let runs = runs(&rest);
        // Only a run that can not grow, or has grown enough, is sealed.
        let old = now_ms.saturating_sub(self.tail_since_ms) >= self.seal_after.age_ms;
        let full = self.tail_bytes >= TARGET_BODY_BYTES || rest.len() >= self.seal_after.ticks;
        if rest.is_empty() || !(closing || old || full || runs.len() > 1) {
            return;
        }
        for run in runs {
            let head = self.sealing.last().map_or(self.head, |segment| segment.header().hash());
            let segments = self.segments(run, head);
            self.sealing.extend(segments);
        }
    }

    /// How many ticks of the tail, from the front, are in segments that are not yet durable.
    fn in_sealing(&self) -> usize {
        let upto = self.sealing.last().map_or(Seq(0), |segment| segment.header().last);
        self.tail.iter().take_while(|tick| tick.seq <= upto).count()
    }

    fn schema_now(&self) -> (u32, SchemaHash) {
        (self.defs.len() as u32, self.schema)
    }

    /// A run as segments that others accept: one, unless its samples are too many or their bytes too long.
    fn segments(&self, run: &[Arc<Tick>], head: HeaderHash) -> Vec<Segment> {
        let samples: usize = run.iter().map(|tick| tick.samples.len()).sum();
        if samples <= block::MAX_SAMPLES || run.len() == 1 {
            let sealed = segment::seal(self.stream, &plain(run), self.schema_now(), head, &self.key).ok();
            // One that is too long leaves this function in no way, so its ticks are signed for once all the same.
            if run.len() <= 1 || sealed.as_ref().is_some_and(|segment| segment.body.len() <= MAX_BODY_BYTES) {
                return sealed.into_iter().collect();
            }
        }
        let (first, second) = run.split_at(run.len() / 2);
        let mut segments = self.segments(first, head);
        let head = segments.last().map_or(head, |segment| segment.header().hash());
        segments.extend(self.segments(second, head));
        segments
    }

    /// What was promised is durable.
    pub fn kept(&mut self, promise: &Promise) {
        self.introduced = true;
        self.reserved = promise.reserved;
        self.durable_defs = promise.defs;
        // What was dropped while the commit was under way is owned up to in the next.
        self.dropped = self.dropped.and_then(|(_, last, samples)| match promise.dropped {
            Some((_, told, counted)) => (last > told).then(|| (told.next(), last, samples - counted)),
            None => self.dropped,
        });
        if let Some((upto, head)) = promise.sealed_upto {
            self.head = head;
            self.sealing.retain(|segment| segment.header().last > upto);
            while self.tail.front().is_some_and(|tick| tick.seq <= upto) {
                self.tail.pop_front();
            }
            // What was measured while the commit was under way is about as old as its newest.
            self.tail_since_ms = self.newest_ms;
            self.gauge = LiveEncoder::new();
            self.tail_bytes = self.tail.iter().map(|tick| self.gauge.encode(0, tick).len()).sum();
        }
        self.durable = self.tail.iter().take_while(|tick| tick.seq <= promise.upto).count();
    }

    /// The store has set records aside that no longer read as they were written.
    pub fn damaged(&self, lost: &RangeSet, reason: GapReason, now: UtcMs) -> Vec<Write> {
        lost.ranges().map(|(first, last)| self.gap((Seq(first), Seq(last)), reason, None, now)).collect()
    }

    /// What the boot clock was found to mean.
    pub fn anchored(&self, anchor: Anchor) -> Write {
        Write::Statement(SignedStatement::new(self.stream, Statement::Anchor(anchor), &self.key))
    }

    fn gap(&self, (first, last): (Seq, Seq), reason: GapReason, samples: Option<u64>, now: UtcMs) -> Write {
        let gap = Gap { first, last, reason, samples, noted_at: now };
        Write::Statement(SignedStatement::new(self.stream, Statement::Gap(gap), &self.key))
    }
}

fn plain(run: &[Arc<Tick>]) -> Vec<Tick> {
    run.iter().map(|tick| Tick::clone(tick)).collect()
}

/// Splits ticks where numbers do not follow one another, or a boot ends.
fn runs(ticks: &[Arc<Tick>]) -> Vec<&[Arc<Tick>]> {
    ticks.chunk_by(|a, b| a.seq.next() == b.seq && a.at.boot.no == b.at.boot.no).collect()
}

#[cfg(test)]
mod tests;
