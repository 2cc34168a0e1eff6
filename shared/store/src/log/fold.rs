//! Folding sealed ticks into minutes and hours.
//!
//! In three steps, as with the [columns](super::reseal): what is to be folded is gathered while others can read the log; it
//! is folded without the log; and it takes its place in one commit, joined with what is there of the same hours. A note
//! says which ticks have been folded, so none is folded twice and late ones are found; pieces outlive their ticks.

mod gather;
mod put;

use std::collections::BTreeMap;

use vigie_merge::RangeSet;
use vigie_model::{Anchor, SeriesIx, StreamId, Tick, UtcMs};
use vigie_rollup::{Fold, HOUR_MS, Hour, Piece, Shape, Window, keep_last_of_each_moment};

use super::Options;
use super::facts::Change;
use super::index::Span;
use super::query::resolve;
use super::reclock::Moved;
use super::reseal::Piece as Raw;
use crate::types::StreamFacts;

/// Samples folded at once: five hours of a machine with 150 series. What they come down to takes 15 MB, and 50 where a
/// series is measured once a minute.
const SAMPLES_AT_ONCE: u64 = 1 << 18;

/// When a stream is looked at again that has ticks which can not be folded: their definitions are on the way.
const AGAIN_MS: i64 = 600_000;

/// Sealed ticks of one stream that are to be folded.
#[derive(Debug)]
pub struct ToFold {
    stream: StreamId,
    work: Work,
    /// The note it was gathered by.
    changes: u64,
    /// How often something to fold had come to the log by then.
    came: u64,
}

#[derive(Debug)]
enum Work {
    Ticks(Unfolded),
    /// Of which the times have changed since they were folded.
    Moved(Moved),
}

#[derive(Debug)]
struct Unfolded {
    raw: Vec<Raw>,
    fresh: RangeSet,
    anchors: BTreeMap<u32, Anchor>,
    shapes: Vec<Shape>,
    /// Others pushed it, and may have pushed a moment twice. What a machine measured twice at a moment is two samples.
    pushed: bool,
    minutes: bool,
    /// What ends after this is not folded yet.
    ended_by: i64,
    after_ms: i64,
    every_ms: i64,
    /// When there may be more to fold in what was not gathered.
    next_ms: Option<i64>,
}

/// Minutes and hours of one stream, ready to take their place.
#[derive(Debug)]
pub struct Folded {
    stream: StreamId,
    changes: u64,
    came: u64,
    work: Done,
}

#[derive(Debug)]
enum Done {
    Pieces { pieces: Vec<Ready>, anchors: BTreeMap<u32, Anchor>, next_ms: Option<i64> },
    Moved(Moved),
}

impl Folded {
    /// Whose they are.
    pub fn stream(&self) -> StreamId {
        self.stream
    }
}

/// A piece and its sheets.
#[derive(Debug)]
struct Ready {
    piece: Piece,
    sheets: Vec<(Window, SeriesIx, Vec<u8>)>,
}

impl ToFold {
    /// Folds the ticks. Takes some milliseconds for an hour of a machine; needs no log.
    pub fn fold(self) -> Folded {
        let work = match self.work {
            Work::Moved(moved) => Done::Moved(moved),
            Work::Ticks(unfolded) => unfolded.fold(),
        };
        Folded { stream: self.stream, changes: self.changes, came: self.came, work }
    }
}

impl Unfolded {
    fn fold(self) -> Done {
        let (mut next_ms, mut hours) = (self.next_ms, BTreeMap::<Hour, Vec<(UtcMs, Tick)>>::new());
        for tick in self.raw.iter().flat_map(ticks).filter(|tick| self.fresh.contains(tick.seq.0)) {
            let at = resolve(&self.anchors, tick.at);
            let hour = Hour::of(at);
            let ends_ms = stretch_ends_ms(at, self.every_ms);
            if ends_ms > self.ended_by {
                next_ms = earlier(next_ms, ends_ms.saturating_add(self.after_ms));
            } else {
                hours.entry(hour).or_default().push((at, tick));
            }
        }
        let mut folds: Vec<Fold> = Vec::new();
        let shape = |ix: SeriesIx| self.shapes.get(ix.0 as usize).copied();
        for (hour, mut ticks) in hours {
            if self.pushed {
                keep_last_of_each_moment(&mut ticks);
            }
            let before = folds.len();
            for (at, tick) in ticks {
                if folds[before..].last_mut().is_some_and(|fold| fold.add(at, &tick, shape)) {
                    continue;
                }
                let mut another = Fold::new(hour);
                if another.add(at, &tick, shape) {
                    folds.push(another);
                } else {
                    // Its definitions are not here yet.
                    next_ms = earlier(next_ms, self.ended_by.saturating_add(self.after_ms).saturating_add(AGAIN_MS));
                }
            }
        }
        let wanted = |piece: Piece| if self.minutes { piece } else { piece.without_minutes() };
        let pieces = folds.into_iter().filter_map(Fold::finish).map(wanted).map(Ready::new).collect();
        Done::Pieces { pieces, anchors: self.anchors, next_ms }
    }
}

impl Ready {
    fn new(piece: Piece) -> Self {
        let of = |window| piece.sheets(window).into_iter().map(move |(from, bytes)| (window, from, bytes));
        let sheets = of(Window::Hour).chain(of(Window::Minute)).collect();
        Self { piece, sheets }
    }
}

/// When the first hour that a span can hold may be folded.
pub(crate) fn due_ms(span: &Span, anchors: &BTreeMap<u32, Anchor>, options: &Options) -> i64 {
    may_be_folded_ms(span.earliest(anchors.get(&span.boot_no)), options)
}

/// When the stretch is over that a time falls into, and late ticks have had their time.
fn may_be_folded_ms(at: UtcMs, options: &Options) -> i64 {
    stretch_ends_ms(at, every_ms(options)).saturating_add(after_ms(options))
}

/// When the stretch that a time falls into is over.
fn stretch_ends_ms(at: UtcMs, every_ms: i64) -> i64 {
    at.0.div_euclid(every_ms).saturating_add(1).saturating_mul(every_ms)
}

fn every_ms(options: &Options) -> i64 {
    i64::try_from(options.fold_every.as_millis()).unwrap_or(HOUR_MS).clamp(1, HOUR_MS)
}

fn after_ms(options: &Options) -> i64 {
    i64::try_from(options.fold_after.as_millis()).unwrap_or(i64::MAX)
}

fn earlier(known: Option<i64>, other: i64) -> Option<i64> {
    Some(known.map_or(other, |known| known.min(other)))
}

/// Sealed ticks that are here.
pub(crate) fn sealed_here(facts: &StreamFacts, spans: &[Span]) -> RangeSet {
    spans.iter().map(|span| (span.first, span.last)).collect::<RangeSet>().intersection(&facts.present_ticks())
}

/// The ticks of a span; none where they contradict themselves, which their checksum says can not be.
pub(crate) fn ticks(raw: &Raw) -> Vec<Tick> {
    match raw {
        Raw::Segment(segment) => segment.ticks().unwrap_or_default(),
        Raw::Columns(_, whole) => whole.head.ticks(&whole.leaves).unwrap_or_default(),
    }
}
