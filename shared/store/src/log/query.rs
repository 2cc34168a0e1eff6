//! What was measured between two times?

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::{Arc, PoisonError};

use vigie_codec::segment::Segment;
use vigie_merge::RangeSet;
use vigie_model::{Anchor, Moment, SeriesIx, StreamId, Tick, UtcMs};

use super::columns::Laid;
use super::facts::Change;
use super::index::Span;
use super::load::{Shelves, loose_ticks};
use super::loss::Loss;
use super::shelf::{Shelf, at, number};
use super::{Log, read};
use crate::errors::{ReadError, Trouble};

/// Segments read in one transaction: a quarter of a megabyte.
const SEGMENTS_AT_ONCE: usize = 16;

impl Log {
    /// Hands each kept sample of some series between two times, both included, to `each`, in the order of ticks.
    ///
    /// Times are true times as far as an anchor of the boot is known, and else what the machine's wall clock said. Only
    /// segments that can lie in between are decoded.
    ///
    /// # Errors
    /// When nothing can be read at all.
    pub fn samples_between(
        &self,
        stream: StreamId,
        series: &[SeriesIx],
        from: UtcMs,
        to: UtcMs,
        mut each: impl FnMut(SeriesIx, UtcMs, i64),
    ) -> Result<(), ReadError> {
        self.ticks_between(stream, from, to, |at, tick| {
            for ix in series {
                if let Some(value) = tick.value(*ix) {
                    each(*ix, at, value);
                }
            }
        })
    }

    /// Hands each kept tick between two times to `each`, with its true time; as [`Log::samples_between`].
    ///
    /// # Errors
    /// When nothing can be read at all.
    pub fn ticks_between(
        &self,
        stream: StreamId,
        from: UtcMs,
        to: UtcMs,
        mut each: impl FnMut(UtcMs, &Tick),
    ) -> Result<(), ReadError> {
        let Some(facts) = self.streams.get(&stream) else { return Ok(()) };
        let mut hand = |tick: &Tick| {
            let at = resolve(&facts.anchors, tick.at);
            if from <= at && at <= to {
                each(at, tick);
            }
        };
        self.walk(stream, from, to, |place| {
            match place {
                Place::Tick(tick) => hand(tick),
                Place::Columns(first) => self.each_laid_out(stream, first, &facts.present, &mut hand)?,
                Place::Rest => {}
            }
            Ok(ControlFlow::Continue(()))
        })
    }

    /// Goes through what can hold ticks between two times, in the order of their numbers.
    pub(crate) fn walk(
        &self,
        stream: StreamId,
        from: UtcMs,
        to: UtcMs,
        mut visit: impl FnMut(Place<'_>) -> Result<ControlFlow<()>, ReadError>,
    ) -> Result<(), ReadError> {
        let Some(facts) = self.streams.get(&stream) else { return Ok(()) };
        let spans = self.spans(stream)?;
        let anchors = &facts.anchors;
        let touches = |at: &usize| {
            let span = &spans[*at];
            span.may_touch(spans.get(at + 1), anchors.get(&span.boot_no), from, to)
        };
        let wanted: Vec<Span> = (0..spans.len()).filter(touches).map(|at| spans[at]).collect();
        let mut next = 0;
        for some in wanted.chunk_by(|a, b| !a.columns && !b.columns).flat_map(|some| some.chunks(SEGMENTS_AT_ONCE)) {
            let mut segments = if some[0].columns { Vec::new() } else { self.segments(stream, some)? }.into_iter();
            for span in some {
                self.loose_between(stream, next, span.first - 1, &mut |tick| visit(Place::Tick(tick)).map(drop))?;
                next = span.last.saturating_add(1);
                if span.columns {
                    if visit(Place::Columns(span.first))?.is_break() {
                        return Ok(());
                    }
                } else if let Some(segment) = segments.next().flatten() {
                    self.look_inside(stream, &segment, &mut |tick| visit(Place::Tick(tick)).map(drop))?;
                }
            }
            if visit(Place::Rest)?.is_break() {
                return Ok(());
            }
        }
        self.loose_between(stream, next, u64::MAX, &mut |tick| visit(Place::Tick(tick)).map(drop))?;
        visit(Place::Rest).map(drop)
    }

    /// The ticks of columns, as far as they have not been forgotten.
    fn each_laid_out(
        &self,
        stream: StreamId,
        first: u64,
        present: &RangeSet,
        hand: &mut impl FnMut(&Tick),
    ) -> Result<(), ReadError> {
        match self.reading(|shelves| shelves.ticks_laid_out(stream, first))? {
            Some(Laid::Sound(ticks)) => {
                ticks.iter().filter(|tick| present.contains(tick.seq.0)).for_each(hand);
            }
            Some(Laid::Damaged) => self.note(Loss::row(stream, Shelf::Columns, at(stream, first).to_vec())),
            // Forgotten since the span was read.
            None => {}
        }
        Ok(())
    }

    /// From when to when ticks of a stream can lie; nothing where there are none. A question need not look beyond.
    ///
    /// # Errors
    /// When nothing can be read at all.
    pub fn time_span(&self, stream: StreamId) -> Result<Option<(UtcMs, UtcMs)>, ReadError> {
        let Some(facts) = self.streams.get(&stream) else { return Ok(None) };
        let spans = self.spans(stream)?;
        let sealed = spans.iter().flat_map(|span| {
            let anchor = facts.anchors.get(&span.boot_no);
            [span.earliest(anchor), span.latest(anchor)]
        });
        let loose = self.loose_moments(stream)?;
        let times: Vec<UtcMs> = sealed.chain(loose.iter().map(|at| resolve(&facts.anchors, *at))).collect();
        Ok(times.iter().min().copied().zip(times.iter().max().copied()))
    }

    /// When each loose tick was measured.
    fn loose_moments(&self, stream: StreamId) -> Result<Vec<Moment>, ReadError> {
        self.reading_from(loose_ticks, |ticks| {
            let mut moments = Vec::new();
            for row in read::rows_of(ticks, stream)? {
                let (key, row) = row?;
                match read::tick_moment(key.value(), row.value()) {
                    Ok(at) => moments.push(at),
                    Err(_) => self.note(Loss::row(stream, Shelf::Tick, key.value().to_vec())),
                }
            }
            Ok(moments)
        })
    }

    /// The newest tick of a stream, and when it was measured.
    ///
    /// # Errors
    /// When nothing can be read at all.
    pub fn last_tick(&self, stream: StreamId) -> Result<Option<(UtcMs, Tick)>, ReadError> {
        let Some(facts) = self.streams.get(&stream) else { return Ok(None) };
        let Some(number) = facts.present_ticks().last() else { return Ok(None) };
        let tick = self.reading(|shelves| {
            let key = at(stream, number);
            if let Some(row) = shelves.ticks.get(key.as_slice())? {
                return Ok(read::tick(&key, row.value()).ok());
            }
            let Some((_, Ok(row))) = read::segment_before(&shelves.seals, stream, number)? else { return Ok(None) };
            if let Some(unfolded) = self.laid_out_with(shelves, stream, number)? {
                return Ok(unfolded.tick(number).cloned());
            }
            let Some(segment) = self.segment(shelves, stream, row)? else { return Ok(None) };
            let mut last = None;
            // What can not be decoded has no last tick.
            segment.each_tick(|tick| last = Some(tick)).unwrap_or_default();
            Ok(last)
        })?;
        Ok(tick.map(|tick| (resolve(&facts.anchors, tick.at), tick)))
    }

    /// The newest tick of each stream.
    ///
    /// # Errors
    /// When nothing can be read at all.
    pub fn last_ticks(&self) -> Result<Vec<(StreamId, UtcMs, Tick)>, ReadError> {
        let mut ticks = Vec::new();
        for stream in self.streams.keys() {
            if let Some((at, tick)) = self.last_tick(*stream)? {
                ticks.push((*stream, at, tick));
            }
        }
        Ok(ticks)
    }

    /// The spans of a stream; read from its seals when it is first asked about.
    pub(crate) fn spans(&self, stream: StreamId) -> Result<Arc<Vec<Span>>, ReadError> {
        let loaded = self.index.lock().unwrap_or_else(PoisonError::into_inner).get(stream);
        if let Some(spans) = loaded {
            return Ok(spans);
        }
        let spans = Arc::new(self.reading(|shelves| self.read_spans(shelves, stream))?);
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        index.load(stream, Arc::clone(&spans), self.options.index_spans);
        Ok(spans)
    }

    /// What was laid out by series, and the segments between.
    fn read_spans(&self, shelves: &Shelves, stream: StreamId) -> Result<Vec<Span>, Trouble> {
        let mut spans = Vec::new();
        let damaged = |shelf, key: &[u8]| self.note(Loss::row(stream, shelf, key.to_vec()));
        for row in read::rows_of(&shelves.columns, stream)? {
            let (key, row) = row?;
            match (number(key.value()), read::columns(key.value(), row.value())) {
                (Some(first), Ok(row)) => spans.push(Span::of_columns(first, &row)),
                _ => damaged(Shelf::Columns, key.value()),
            }
        }
        let holes = RangeSet::of(0, u64::MAX - 1).without(&spans.iter().map(|span| (span.first, span.last)).collect());
        for (first, last) in holes.ranges() {
            read::segments_from(&shelves.seals, stream, first, |key, row| {
                let here = number(key).is_some_and(|first| first <= last);
                match row {
                    _ if !here => {}
                    Ok(row) => spans.push(Span::of(&row)),
                    Err(_) => damaged(Shelf::Seal, key),
                }
                here
            })?;
        }
        spans.sort_unstable_by_key(|span| span.first);
        Ok(spans)
    }

    fn segments(&self, stream: StreamId, spans: &[Span]) -> Result<Vec<Option<Segment>>, ReadError> {
        self.reading(|shelves| spans.iter().map(|span| self.segment_of(shelves, stream, span)).collect())
    }

    fn segment_of(&self, shelves: &Shelves, stream: StreamId, span: &Span) -> Result<Option<Segment>, Trouble> {
        let key = at(stream, span.first);
        let segment = match shelves.seals.get(key.as_slice())?.map(|row| read::seal(&key, row.value())) {
            Some(Ok(row)) => self.segment(shelves, stream, row)?,
            // Forgotten since the span was read.
            None => return Ok(None),
            Some(Err(_)) => None,
        };
        if segment.is_none() {
            self.note(Loss::row(stream, Shelf::Body, key.to_vec()));
        }
        Ok(segment)
    }

    fn look_inside(
        &self,
        stream: StreamId,
        segment: &Segment,
        hand: &mut impl FnMut(&Tick) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        let (mut ends, mut done) = (None, Ok(()));
        let looked = segment.each_tick(|tick| {
            if done.is_ok() {
                done = hand(&tick);
            }
            ends = Some(tick.at);
        });
        if let (Ok(()), Some(ends)) = (looked, ends) {
            let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
            index.learn(stream, segment.header().first.0, ends);
        }
        done
    }

    fn loose_between(
        &self,
        stream: StreamId,
        first: u64,
        last: u64,
        hand: &mut impl FnMut(&Tick) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        let here = self.streams.get(&stream).is_some_and(|facts| facts.present.touches(first, last));
        if !here {
            return Ok(());
        }
        let mut done = Ok(());
        self.reading_from(loose_ticks, |ticks| {
            read::ticks_in(ticks, stream, (first, last), |key, tick| {
                match tick {
                    Ok(tick) => done = hand(&tick),
                    Err(_) => self.note(Loss::row(stream, Shelf::Tick, key.to_vec())),
                }
                done.is_ok()
            })
        })?;
        done
    }
}

/// What is met on a walk through a stream.
pub(crate) enum Place<'a> {
    /// A tick, sealed or loose; not yet known to lie between the times.
    Tick(&'a Tick),
    /// Ticks laid out by series, which begin with this number.
    Columns(u64),
    /// Some ticks were met: a moment to hand on what they held. Last of all, and in between.
    Rest,
}

/// True time, as far as it is known.
pub(crate) fn resolve(anchors: &BTreeMap<u32, Anchor>, moment: Moment) -> UtcMs {
    anchors.get(&moment.boot.no).and_then(|anchor| anchor.resolve(moment)).unwrap_or(moment.utc)
}
