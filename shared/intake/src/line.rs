//! One stream of what others pushed: its numbers, and when its ticks are sealed.

use std::collections::VecDeque;
use std::sync::Arc;

use vigie_codec::SigningKey;
use vigie_codec::schema::SchemaHash;
use vigie_codec::segment::{self, HeaderHash, Segment};
use vigie_codec::statement::{SignedStatement, Statement};
use vigie_codec::wire::Tally;
use vigie_merge::RangeSet;
use vigie_model::{Boot, Gap, GapReason, Moment, Sample, Seq, SeriesDef, StreamId, Tick, UtcMs};
use vigie_sync::keep::{StreamFacts, Write};

use crate::recent::{OnTheWay, Recent};

/// Series of one stream. Fewer would make many streams of a large sender. More would make its columns short: as many
/// ticks as are laid out together would hold few of each series, because senders bring some dozen series at a moment.
const MAX_SERIES: usize = 1_024;

/// Definitions of one stream: its series move to finer steps, and most do so once or never.
const MAX_DEFS: usize = 4_096;

/// Samples in one segment: at nine bytes each for the hardest doubles, well below what a segment may weigh.
const SEALED_SAMPLES: usize = 8_192;

/// Samples of one push that are sealed with it, all of them: written once, where loose ticks are written, and removed and
/// written again when they are sealed.
const SEALED_WITH_PUSH: usize = SEALED_SAMPLES / 2;

/// Ticks in one segment.
const SEALED_TICKS: usize = 360;

/// Segments of one stream in one commit: enough for the largest push.
const SEALED_AT_ONCE: usize = 128;

/// Ticks that are not sealed after this long are sealed although more would fit.
const SEALED_AFTER_MS: u64 = 600_000;

/// A stream that this node is the origin of.
///
/// Numbers follow from what is durable: a tick is shown to nobody before it is, so a number that a crash took was never
/// seen by anyone. What is numbered is sealed as soon as it is enough, durable or not: a segment that is durable has its
/// ticks in it.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) stream: StreamId,
    name: String,
    introduced: bool,
    /// Definitions given a place, durable or not.
    defs: usize,
    /// Damage took some of them: what is defined from now on would be given the place of another series.
    is_full: bool,
    schema: SchemaHash,
    last: u64,
    /// Numbered ticks that are in no segment, in order.
    loose: VecDeque<Arc<Tick>>,
    loose_samples: usize,
    /// Since when some of them are durable.
    since_ms: Option<u64>,
    pub(crate) recent: Recent,
    pub(crate) on_the_way: OnTheWay,
    /// The header that was signed last.
    head: HeaderHash,
    samples: u64,
}

impl Line {
    /// A new stream.
    pub(crate) fn new(stream: StreamId, name: String) -> Self {
        Self {
            stream,
            name,
            introduced: false,
            defs: 0,
            is_full: false,
            schema: SchemaHash::EMPTY,
            last: 0,
            loose: VecDeque::new(),
            loose_samples: 0,
            since_ms: None,
            recent: Recent::default(),
            on_the_way: OnTheWay::default(),
            head: HeaderHash::NONE,
            samples: 0,
        }
    }

    /// A stream that goes on, from what the store holds of it; and what must be kept first: gaps for numbers that a failed
    /// commit took and nothing else can mean.
    ///
    /// It has ever given so many `places` to definitions: when not all of these are left, no more are added to it.
    ///
    /// `newest` are its newest ticks as [`read_book`](crate::read_book) finds them: those that are not sealed are, and those
    /// before them are known when they are sent again.
    pub(crate) fn resume(
        stream: StreamId,
        facts: &StreamFacts,
        (defs, places): (&[SeriesDef], u32),
        newest: Vec<Arc<Tick>>,
        key: &SigningKey,
        now: UtcMs,
    ) -> (Self, Vec<Write>) {
        let last = facts.have.last().unwrap_or(0);
        let mut line = Self::new(stream, facts.name.clone());
        line.introduced = true;
        line.defs = defs.len();
        line.is_full = defs.len() < places as usize;
        line.schema = SchemaHash::of(defs);
        line.last = last;
        line.head = facts.head;
        line.samples = facts.tally.samples;
        newest.iter().for_each(|tick| line.recent.take(tick));
        line.loose = newest.into_iter().filter(|tick| !facts.sealed.contains(tick.seq.0)).collect();
        line.loose_samples = line.loose.iter().map(|tick| tick.samples.len()).sum();
        line.since_ms = (!line.loose.is_empty()).then_some(0);
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
        !self.is_full && self.defs < MAX_SERIES
    }

    /// Whether another step of one of its series finds a place.
    pub(crate) fn has_room_beside(&self) -> bool {
        !self.is_full && self.defs < MAX_DEFS
    }

    /// Whether the store has fewer of its definitions than it had.
    pub(crate) fn is_bereft(&self, schema_len: u32) -> bool {
        self.introduced && (schema_len as usize) < self.defs
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
        let tick = Arc::new(Tick { seq: Seq(self.last), at: Moment { utc: UtcMs(at_ms), boot }, samples });
        self.on_the_way.take(&tick);
        tick
    }

    /// How much was ever pushed.
    pub(crate) fn tally(&self) -> Tally {
        Tally { ticks: self.last, samples: self.samples }
    }

    /// Takes the ticks of one push; gives the segments that they fill up, or all that is loose if they are many.
    pub(crate) fn take(&mut self, ticks: &[Arc<Tick>], key: &SigningKey) -> Vec<Segment> {
        let samples: usize = ticks.iter().map(|tick| tick.samples.len()).sum();
        self.loose.extend(ticks.iter().cloned());
        self.loose_samples += samples;
        self.seal(key, samples >= SEALED_WITH_PUSH)
    }

    /// Whether a tick is in no segment.
    pub(crate) fn is_loose(&self, number: Seq) -> bool {
        self.loose.front().is_some_and(|first| first.seq <= number)
    }

    /// Ticks are durable.
    pub(crate) fn kept(&mut self, ticks: &[Arc<Tick>], now_ms: u64) {
        self.introduced = true;
        for tick in ticks {
            self.on_the_way.arrived(tick);
            self.recent.take(tick);
        }
        if !self.loose.is_empty() {
            self.since_ms.get_or_insert(now_ms);
        }
    }

    /// Segments are durable, and what was not in them waits from now on.
    pub(crate) fn sealed(&mut self, now_ms: u64) {
        self.since_ms = (!self.loose.is_empty()).then_some(now_ms);
    }

    /// Segments of what has waited for long.
    pub(crate) fn due(&mut self, key: &SigningKey, now_ms: u64, closing: bool) -> Vec<Segment> {
        let old = self.since_ms.is_some_and(|since_ms| now_ms.saturating_sub(since_ms) >= SEALED_AFTER_MS);
        self.seal(key, old || closing)
    }

    /// Segments of what is loose, in the order of its numbers; the last may be `short`.
    fn seal(&mut self, key: &SigningKey, short: bool) -> Vec<Segment> {
        let mut segments = Vec::new();
        let worth = |line: &Self| short || line.loose_samples >= SEALED_SAMPLES || line.loose.len() >= SEALED_TICKS;
        while segments.len() < SEALED_AT_ONCE && worth(self) {
            let Some(segment) = self.next_segment(key, short) else { break };
            segments.push(segment);
        }
        segments
    }

    /// A segment of the first loose ticks that follow one another, if they fill one or it may be `short`.
    fn next_segment(&mut self, key: &SigningKey, short: bool) -> Option<Segment> {
        let (mut run, mut samples) = (Vec::<Tick>::new(), 0);
        let mut ends = short;
        for tick in &self.loose {
            // A hole is a gap that stands in the store.
            let goes_on = run.last().is_none_or(|last| last.seq.next() == tick.seq);
            let full = run.len() >= SEALED_TICKS || samples + tick.samples.len() > SEALED_SAMPLES;
            if !goes_on || (full && !run.is_empty()) {
                ends = true;
                break;
            }
            samples += tick.samples.len();
            run.push(Tick::clone(tick));
        }
        if !ends {
            return None;
        }
        let segment = segment::seal(self.stream, &run, (self.defs as u32, self.schema), self.head, key).ok()?;
        self.head = segment.header().hash();
        self.loose.drain(..run.len());
        self.loose_samples -= samples;
        Some(segment)
    }
}
