//! What was measured between two times?

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use vigie_codec::segment::Segment;
use vigie_model::{Anchor, Moment, SeriesIx, StreamId, Tick, UtcMs};

use super::facts::Change;
use super::index::Span;
use super::load::Shelves;
use super::loss::Loss;
use super::shelf::{Shelf, at};
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
        let spans = self.spans(stream)?;
        let anchors = &facts.anchors;
        let touches = |at: &usize| {
            let span = &spans[*at];
            span.may_touch(spans.get(at + 1), anchors.get(&span.boot_no), from, to)
        };
        let wanted: Vec<Span> = (0..spans.len()).filter(touches).map(|at| spans[at]).collect();
        let mut hand = |tick: &Tick| {
            let at = resolve(anchors, tick.at);
            if from <= at && at <= to {
                each(at, tick);
            }
        };
        let mut next = 0;
        for some in wanted.chunks(SEGMENTS_AT_ONCE) {
            for (span, segment) in some.iter().zip(self.segments(stream, some)?) {
                self.loose_between(stream, next, span.first - 1, &mut hand)?;
                next = span.last.saturating_add(1);
                if let Some(segment) = segment {
                    self.look_inside(stream, &segment, &mut hand);
                }
            }
        }
        self.loose_between(stream, next, u64::MAX, &mut hand)
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
        let loose = self.tail(stream)?;
        let times: Vec<UtcMs> = sealed.chain(loose.iter().map(|tick| resolve(&facts.anchors, tick.at))).collect();
        Ok(times.iter().min().copied().zip(times.iter().max().copied()))
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
            let Some(segment) = shelves.segment(stream, row)? else { return Ok(None) };
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
        let spans = self.reading(|shelves| {
            let mut spans = Vec::new();
            read::segments_from(&shelves.seals, stream, 0, |key, row| {
                match row {
                    Ok(row) => spans.push(Span::of(&row)),
                    Err(_) => self.note(Loss::row(stream, Shelf::Seal, key.to_vec())),
                }
                true
            })?;
            Ok(Arc::new(spans))
        })?;
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        index.load(stream, Arc::clone(&spans), self.options.index_spans);
        Ok(spans)
    }

    fn segments(&self, stream: StreamId, spans: &[Span]) -> Result<Vec<Option<Segment>>, ReadError> {
        self.reading(|shelves| spans.iter().map(|span| self.segment_of(shelves, stream, span)).collect())
    }

    fn segment_of(&self, shelves: &Shelves, stream: StreamId, span: &Span) -> Result<Option<Segment>, Trouble> {
        let key = at(stream, span.first);
        let segment = match shelves.seals.get(key.as_slice())?.map(|row| read::seal(&key, row.value())) {
            Some(Ok(row)) => shelves.segment(stream, row)?,
            // Forgotten since the span was read.
            None => return Ok(None),
            Some(Err(_)) => None,
        };
        if segment.is_none() {
            self.note(Loss::row(stream, Shelf::Body, key.to_vec()));
        }
        Ok(segment)
    }

    fn look_inside(&self, stream: StreamId, segment: &Segment, hand: &mut impl FnMut(&Tick)) {
        let mut ends = None;
        let looked = segment.each_tick(|tick| {
            hand(&tick);
            ends = Some(tick.at);
        });
        if let (Ok(()), Some(ends)) = (looked, ends) {
            let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
            index.learn(stream, segment.header().first.0, ends);
        }
    }

    fn loose_between(
        &self,
        stream: StreamId,
        first: u64,
        last: u64,
        hand: &mut impl FnMut(&Tick),
    ) -> Result<(), ReadError> {
        let here = self.streams.get(&stream).is_some_and(|facts| facts.present.touches(first, last));
        if !here {
            return Ok(());
        }
        self.reading(|shelves| {
            read::ticks_in(&shelves.ticks, stream, (first, last), |key, tick| {
                match tick {
                    Ok(tick) => hand(&tick),
                    Err(_) => self.note(Loss::row(stream, Shelf::Tick, key.to_vec())),
                }
                true
            })
        })
    }
}

/// True time, as far as it is known.
fn resolve(anchors: &BTreeMap<u32, Anchor>, moment: Moment) -> UtcMs {
    anchors.get(&moment.boot.no).and_then(|anchor| anchor.resolve(moment)).unwrap_or(moment.utc)
}
