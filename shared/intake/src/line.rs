//! One stream of what others pushed: its numbers, and when its ticks are sealed.

use std::collections::BTreeMap;
use std::sync::Arc;

use vigie_codec::SigningKey;
use vigie_codec::schema::SchemaHash;
use vigie_codec::segment::{self, HeaderHash, Segment};
use vigie_codec::statement::{SignedStatement, Statement};
use vigie_codec::wire::Tally;
use vigie_merge::RangeSet;
use vigie_model::{Boot, Gap, GapReason, Moment, Sample, Seq, SeriesDef, StreamId, Tick, UtcMs};
use vigie_sync::keep::{StreamFacts, Write};

use crate::recent::Recent;

/// Series of one stream. Fewer would make many streams of a large sender; more would make its columns short.
pub(crate) const MAX_SERIES: usize = 4_096;

/// Samples in one segment: at nine bytes each for the hardest doubles, well below what a segment may weigh.
const SEALED_SAMPLES: usize = 8_192;

/// Ticks in one segment.
const SEALED_TICKS: usize = 360;

/// Segments of one stream in one commit.
const SEALED_AT_ONCE: usize = 32;

/// Ticks that are not sealed after this long are sealed although more would fit.
const SEALED_AFTER_MS: u64 = 600_000;

/// A stream that this node is the origin of.
///
/// Numbers follow from what is durable: a tick is shown to nobody before it is, so a number that a crash took was never
/// seen by anyone.
#[derive(Debug)]
pub struct Line {
    pub(crate) stream: StreamId,
    name: String,
    introduced: bool,
    /// Definitions given a place, durable or not.
    pub(crate) defs: usize,
    schema: SchemaHash,
    last: u64,
    /// Durable ticks that are not sealed, by number.
    loose: BTreeMap<u64, Arc<Tick>>,
    pub(crate) recent: Recent,
    since_ms: u64,
    /// The next tick that has no seal.
    unsealed: u64,
    head: HeaderHash,
    /// Segments that are to be kept, until they are: what was signed once is not signed otherwise.
    sealing: Vec<Segment>,
    samples: u64,
}

impl Line {
    /// A new stream.
    pub fn new(stream: StreamId, name: String) -> Self {
        Self {
            stream,
            name,
            introduced: false,
            defs: 0,
            schema: SchemaHash::EMPTY,
            last: 0,
            loose: BTreeMap::new(),
            recent: Recent::default(),
            since_ms: 0,
            unsealed: 1,
            head: HeaderHash::NONE,
            sealing: Vec::new(),
            samples: 0,
        }
    }

    /// A stream that goes on, from what the store holds of it; and what must be kept first: gaps for numbers that a failed
    /// commit took and nothing else can mean.
    ///
    /// `newest` are its newest ticks as [`newest`](crate::newest) finds them: those that are not sealed are, and those
    /// before them are known when they are sent again.
    pub fn resume(
        stream: StreamId,
        facts: &StreamFacts,
        defs: &[SeriesDef],
        newest: Vec<Arc<Tick>>,
        key: &SigningKey,
        now: UtcMs,
    ) -> (Self, Vec<Write>) {
        let last = facts.have.last().unwrap_or(0);
        let mut line = Self::new(stream, facts.name.clone());
        line.introduced = true;
        line.defs = defs.len();
        line.schema = SchemaHash::of(defs);
        line.last = last;
        line.head = facts.head;
        line.samples = facts.tally.samples;
        line.unsealed = facts.sealed.last().map_or(1, |sealed| sealed + 1);
        newest.iter().for_each(|tick| line.recent.take(tick));
        let loose = newest.into_iter().filter(|tick| !facts.sealed.contains(tick.seq.0));
        line.loose = loose.map(|tick| (tick.seq.0, tick)).collect();
        let holes = RangeSet::of(1, last).without(&facts.have);
        let gap = |(first, last): (u64, u64)| {
            let (first, last) = (Seq(first), Seq(last));
            let gap = Gap { first, last, reason: GapReason::Interrupted, samples: None, noted_at: now };
            Write::Statement(SignedStatement::new(stream, Statement::Gap(gap), key))
        };
        let gaps = holes.ranges().map(gap).collect();
        (line, gaps)
    }

    /// What a stream must be introduced with, if it was not.
    pub(crate) fn introduction(&self, key: &SigningKey) -> Option<Write> {
        let own = key.verifying_key().to_bytes();
        (!self.introduced).then(|| Write::Stream { stream: self.stream, key: own, name: self.name.clone() })
    }

    /// Whether another series finds a place.
    pub(crate) fn has_room(&self) -> bool {
        self.defs < MAX_SERIES
    }

    /// Gives the next place to a definition.
    pub(crate) fn define(&mut self, def: &SeriesDef) -> u32 {
        self.schema = self.schema.then(def);
        self.defs += 1;
        self.defs as u32 - 1
    }

    /// Gives the next number to what was measured at one moment.
    pub(crate) fn number(&mut self, at_ms: i64, samples: Vec<Sample>) -> Arc<Tick> {
        self.last += 1;
        self.samples += samples.len() as u64;
        // There is no boot clock. One that agrees with the wall clock costs nothing to keep.
        let boot = Boot { no: 0, ms: at_ms.cast_unsigned() };
        Arc::new(Tick { seq: Seq(self.last), at: Moment { utc: UtcMs(at_ms), boot }, samples })
    }

    /// How much was ever pushed.
    pub(crate) fn tally(&self) -> Tally {
        Tally { ticks: self.last, samples: self.samples }
    }

    /// Ticks are durable.
    pub(crate) fn kept(&mut self, ticks: Vec<Arc<Tick>>, now_ms: u64) {
        self.introduced = true;
        if self.loose.is_empty() {
            self.since_ms = now_ms;
        }
        for tick in ticks {
            self.recent.take(&tick);
            self.loose.insert(tick.seq.0, tick);
        }
    }

    /// Segments of what is durable, when they are due; those that may not be durable yet come again as they were.
    pub(crate) fn seal(&mut self, key: &SigningKey, now_ms: u64, closing: bool) -> &[Segment] {
        if self.sealing.is_empty() {
            let old = now_ms.saturating_sub(self.since_ms) >= SEALED_AFTER_MS;
            let (mut head, mut from) = (self.head, self.unsealed);
            while self.sealing.len() < SEALED_AT_ONCE
                && let Some(segment) = self.next_segment(from, head, key, old || closing)
            {
                (head, from) = (segment.header().hash(), segment.header().last.0 + 1);
                self.sealing.push(segment);
            }
        }
        &self.sealing
    }

    /// A segment of the first ticks from a number on that follow one another, if there are enough.
    fn next_segment(&self, from: u64, head: HeaderHash, key: &SigningKey, few: bool) -> Option<Segment> {
        // What is missing before them is a gap, or is not durable yet and then a segment of its own.
        let first = *self.loose.range(from..).next()?.0;
        let (mut run, mut samples) = (Vec::new(), 0);
        for (number, (there, tick)) in (first..).zip(self.loose.range(first..)) {
            samples += tick.samples.len();
            let full = run.len() >= SEALED_TICKS || (samples > SEALED_SAMPLES && !run.is_empty());
            if number != *there || full {
                return self.sign(&run, head, key);
            }
            run.push(Tick::clone(tick));
        }
        if few { self.sign(&run, head, key) } else { None }
    }

    fn sign(&self, run: &[Tick], head: HeaderHash, key: &SigningKey) -> Option<Segment> {
        segment::seal(self.stream, run, (self.defs as u32, self.schema), head, key).ok()
    }

    /// A segment is durable.
    pub(crate) fn sealed(&mut self, last: u64, head: HeaderHash, now_ms: u64) {
        self.sealing.retain(|segment| segment.header().last.0 > last);
        self.head = head;
        self.unsealed = last + 1;
        self.loose = self.loose.split_off(&self.unsealed);
        self.since_ms = now_ms;
    }
}
