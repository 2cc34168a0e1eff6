//! Folding sealed ticks into minutes and hours.
//!
//! In three steps, as with the [columns](super::reseal): what is to be folded is gathered while others can read the log; it
//! is folded without the log; and it takes its place in one commit, joined with what is there of the same hours. A note
//! says which ticks have been folded, so none is folded twice and late ones are found; pieces outlive their ticks.

use std::collections::BTreeMap;

use vigie_merge::RangeSet;
use vigie_model::{Anchor, SeriesIx, StreamId, Tick, UtcMs, pushed_place};
use vigie_rollup::{Fold, HOUR_MS, Hour, Piece, Shape, Window, keep_last_of_each_moment};

use super::columns::Laid;
use super::facts::Change;
use super::index::Span;
use super::loss::Loss;
use super::pen::Pen;
use super::query::resolve;
use super::reclock::Moved;
use super::reseal::Piece as Raw;
use super::rolls::{self, Note};
use super::shelf::Shelf;
use super::{Log, Options, Rollups};
use crate::errors::{CommitError, ReadError, Trouble};
use crate::types::{StreamFacts, limit};

/// Samples folded at once: five hours of a machine with 150 series. What they come down to takes 15 MB, and 50 where a
/// series is measured once a minute.
const SAMPLES_AT_ONCE: u64 = 1 << 18;

/// Hours of one stream that are joined in one commit with what is there: each takes some milliseconds, and others wait.
const JOINS_AT_ONCE: usize = 4;

/// When a stream is looked at again that has ticks which can not be folded: their definitions are on the way.
const AGAIN_MS: i64 = 600_000;

/// Sealed ticks of one stream that are to be folded.
#[derive(Debug)]
pub struct ToFold {
    stream: StreamId,
    work: Work,
    /// The note it was gathered by.
    changes: u64,
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
    /// Sealed ticks to be folded by now, of so many streams at most.
    ///
    /// # Errors
    /// When nothing can be read at all.
    pub fn gather_folds(&self, now: UtcMs, most: usize) -> Result<Vec<ToFold>, ReadError> {
        let (mut gathered, mut samples) = (Vec::new(), 0);
        for stream in self.unfolded(now) {
            if let Some((found, more)) = self.gather_fold(stream, now)? {
                gathered.push(found);
                samples += more;
            }
            if gathered.len() >= most || samples >= SAMPLES_AT_ONCE {
                break;
            }
        }
        Ok(gathered)
    }

    /// What there is to fold of a stream, and how many samples.
    fn gather_fold(&self, stream: StreamId, now: UtcMs) -> Result<Option<(ToFold, u64)>, ReadError> {
        let nothing_before = |from_ms| self.agenda().fold_not_before(stream, from_ms);
        let Some(facts) = self.streams.get(&stream) else {
            nothing_before(None);
            return Ok(None);
        };
        let Ok(note) = self.reading(|shelves| rolls::note(&shelves.rollups, stream))? else {
            self.note(Loss::row(stream, Shelf::Rollup, rolls::note_key(stream)));
            nothing_before(None);
            return Ok(None);
        };
        let spans = self.spans(stream)?;
        let changes = note.changes;
        if let Some(moved) = self.moved(stream, facts, &spans, &note)? {
            return Ok(Some((ToFold { stream, work: Work::Moved(moved), changes }, 0)));
        }
        let fresh = fresh(facts, &spans, &note);
        let after_ms = after_ms(&self.options);
        let (mut raw, mut samples, mut next_ms) = (Vec::new(), 0, None);
        for span in spans.iter().filter(|span| fresh.touches(span.first, span.last)) {
            let due = self.due_ms(stream, span, &fresh, facts, now)?;
            if due > now.0 || samples >= SAMPLES_AT_ONCE {
                next_ms = earlier(next_ms, due);
                continue;
            }
            let Some(piece) = self.reading(|shelves| self.piece(shelves, stream, span))? else {
                // Damaged: settled with the next commit, and then looked at again.
                nothing_before(Some(now.0.saturating_add(AGAIN_MS)));
                return Ok(None);
            };
            samples += fresh_samples(span, &fresh);
            raw.push(piece);
        }
        if raw.is_empty() {
            nothing_before(next_ms);
            return Ok(None);
        }
        let (anchors, shapes) = (facts.anchors.clone(), self.shapes(stream)?);
        let (ended_by, every_ms) = (now.0.saturating_sub(after_ms), every_ms(&self.options));
        let pushed = pushed_place(&facts.name).is_some();
        let minutes = self.options.rollups == Rollups::All;
        let work = Work::Ticks(Unfolded {
            raw,
            fresh,
            anchors,
            shapes,
            pushed,
            minutes,
            ended_by,
            after_ms,
            every_ms,
            next_ms,
        });
        Ok(Some((ToFold { stream, work, changes }, samples)))
    }

    /// When the first hour may be folded that fresh ticks of a span can be in.
    ///
    /// Of what is laid out and folded but for its end the head says when the rest was: all that stands behind it is a hundred
    /// times as much, and would be read for nothing until the hour is over.
    fn due_ms(
        &self,
        stream: StreamId,
        span: &Span,
        fresh: &RangeSet,
        facts: &StreamFacts,
        now: UtcMs,
    ) -> Result<i64, ReadError> {
        let due = due_ms(span, &facts.anchors, &self.options);
        if due > now.0 || !span.columns || fresh.contains(span.first) {
            return Ok(due);
        }
        // What is damaged is found, and noted, when it is read.
        let Some(Laid::Sound(head)) = self.reading(|shelves| shelves.head(stream, span.first))? else { return Ok(due) };
        let fresh = (span.first..).zip(head.moments()).filter(|(number, _)| fresh.contains(*number));
        let earliest = fresh.map(|(_, moment)| resolve(&facts.anchors, moment)).min();
        Ok(earliest.map_or(due, |earliest| may_be_folded_ms(earliest, &self.options)))
    }

    /// How the values of each series are to be understood, as far as definitions are here.
    fn shapes(&self, stream: StreamId) -> Result<Vec<Shape>, ReadError> {
        let mut shapes = Vec::new();
        loop {
            let more = self.schema(stream, shapes.len() as u32, usize::MAX)?;
            if more.is_empty() {
                return Ok(shapes);
            }
            shapes.extend(more.iter().map(Shape::of));
        }
    }

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
            self.agenda().fold_not_before(one.stream, next_ms);
        }
        Ok(placed)
    }
}

/// How many samples of a span are to be folded, about: of one that is folded but for a few ticks, what comes after it has
/// to be folded with them.
fn fresh_samples(span: &Span, fresh: &RangeSet) -> u64 {
    let ticks = fresh.within(span.first, span.last).count();
    (u128::from(span.samples) * u128::from(ticks) / u128::from(span.ticks().max(1))) as u64
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

/// Sealed ticks that are here and have not been folded.
fn fresh(facts: &StreamFacts, spans: &[Span], note: &Note) -> RangeSet {
    sealed_here(facts, spans).without(&note.ticks)
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

impl ToFold {
    /// Folds the ticks. Takes some milliseconds for an hour of a machine; needs no log.
    pub fn fold(self) -> Folded {
        let work = match self.work {
            Work::Moved(moved) => Done::Moved(moved),
            Work::Ticks(unfolded) => unfolded.fold(),
        };
        Folded { stream: self.stream, changes: self.changes, work }
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
