//! What is there to fold by now, and when will there be more?

use vigie_merge::RangeSet;
use vigie_model::{StreamId, UtcMs, pushed_place};
use vigie_rollup::Shape;

use super::{
    AGAIN_MS, SAMPLES_AT_ONCE, ToFold, Unfolded, Work, after_ms, due_ms, earlier, every_ms, may_be_folded_ms,
    sealed_here,
};
use crate::errors::ReadError;
use crate::log::columns::Laid;
use crate::log::index::Span;
use crate::log::loss::Loss;
use crate::log::query::resolve;
use crate::log::rolls::{self, Note};
use crate::log::shelf::Shelf;
use crate::log::{Log, Rollups};
use crate::types::StreamFacts;

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
        let came = self.agenda().came();
        let nothing_before = |from_ms| self.agenda().fold_not_before(stream, from_ms, came);
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
            return Ok(Some((ToFold { stream, work: Work::Moved(moved), changes, came }, 0)));
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
        Ok(Some((ToFold { stream, work, changes, came }, samples)))
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
}

/// How many samples of a span are to be folded, about: of one that is folded but for a few ticks, what comes after it has
/// to be folded with them.
fn fresh_samples(span: &Span, fresh: &RangeSet) -> u64 {
    let ticks = fresh.within(span.first, span.last).count();
    (u128::from(span.samples) * u128::from(ticks) / u128::from(span.ticks().max(1))) as u64
}

/// Sealed ticks that are here and have not been folded.
fn fresh(facts: &StreamFacts, spans: &[Span], note: &Note) -> RangeSet {
    sealed_here(facts, spans).without(&note.ticks)
}
