//! Where does each segment, or what segments were laid out by series together, lie in time?
//!
//! Loaded for a stream when it is first asked about, kept up with each commit, and forgotten as a whole when there are too
//! many.

use std::collections::BTreeMap;
use std::sync::Arc;

use vigie_codec::segment::Header;
use vigie_model::{Anchor, Moment, StreamId, UtcMs};

use super::shelf::{ColumnsRow, SealRow};

/// The place in its stream and in time of a segment, or of many that were laid out by series together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) boot_no: u32,
    pub(crate) samples: u64,
    /// Laid out by series.
    pub(crate) columns: bool,
    utc: (i64, i64),
    begins: Option<Moment>,
    /// Known once somebody has looked inside.
    ends: Option<Moment>,
}

/// What a commit did to the spans of a stream.
#[derive(Debug, Clone, Copy)]
pub(crate) enum SpanChange {
    New(Span),
    /// Takes the place of all between its numbers.
    Joined(Span),
    Gone(u64),
}

impl Span {
    pub(crate) fn of(row: &SealRow) -> Self {
        let header: &Header = &row.seal.header;
        Self {
            first: header.first.0,
            last: header.last.0,
            boot_no: header.boot_no,
            samples: header.samples,
            columns: false,
            utc: (header.utc_min.0, header.utc_max.0),
            begins: row.begins,
            ends: None,
        }
    }

    pub(crate) fn of_columns(first: u64, row: &ColumnsRow) -> Self {
        Self {
            first,
            last: row.last.0,
            boot_no: row.begins.boot.no,
            samples: row.samples,
            columns: true,
            utc: (row.utc.0.0, row.utc.1.0),
            begins: Some(row.begins),
            ends: Some(row.ends),
        }
    }

    pub(crate) fn ticks(&self) -> u64 {
        self.last - self.first + 1
    }

    /// Whether a tick of it can lie between two times.
    ///
    /// `next` is the span after it. With an anchor, a resolved time is never farther from the boot clock's than the
    /// tolerance, and the boot clock only goes forward: so the first ticks of two neighbours bound the first of them.
    pub(crate) fn may_touch(&self, next: Option<&Self>, anchor: Option<&Anchor>, from: UtcMs, to: UtcMs) -> bool {
        let (Some(anchor), Some(begins)) = (anchor, self.begins) else {
            return self.utc.0 <= to.0 && from.0 <= self.utc.1;
        };
        let early = carried(anchor, begins).saturating_sub(slack(anchor));
        let end = self.ends.or_else(|| next.filter(|next| next.boot_no == self.boot_no).and_then(|next| next.begins));
        let late = end.map_or(i64::MAX, |end| carried(anchor, end).saturating_add(slack(anchor)));
        early <= to.0 && from.0 <= late
    }

    /// The earliest time it can hold.
    pub(crate) fn earliest(&self, anchor: Option<&Anchor>) -> UtcMs {
        let (Some(anchor), Some(begins)) = (anchor, self.begins) else { return UtcMs(self.utc.0) };
        UtcMs(carried(anchor, begins).saturating_sub(slack(anchor)))
    }

    /// The latest time it can hold, for deciding what is old; exact unless the clock was set in between.
    pub(crate) fn latest(&self, anchor: Option<&Anchor>) -> UtcMs {
        let (Some(anchor), Some(begins)) = (anchor, self.begins) else { return UtcMs(self.utc.1) };
        let lasted = self.utc.1.saturating_sub(self.utc.0);
        UtcMs(carried(anchor, begins).saturating_add(lasted).saturating_add(slack(anchor)))
    }
}

fn slack(anchor: &Anchor) -> i64 {
    Anchor::TOLERANCE_MS.saturating_add(i64::from(anchor.error_ms))
}

fn carried(anchor: &Anchor, moment: Moment) -> i64 {
    let passed = moment.boot.ms.cast_signed().saturating_sub(anchor.boot.ms.cast_signed());
    anchor.utc.0.saturating_add(passed)
}

/// The spans of the streams that were asked about.
#[derive(Debug, Default)]
pub(crate) struct Index {
    streams: BTreeMap<StreamId, Arc<Vec<Span>>>,
    spans: usize,
}

impl Index {
    /// The spans of a stream, in order, if they are loaded.
    pub(crate) fn get(&self, stream: StreamId) -> Option<Arc<Vec<Span>>> {
        self.streams.get(&stream).map(Arc::clone)
    }

    pub(crate) fn load(&mut self, stream: StreamId, spans: Arc<Vec<Span>>, max: usize) {
        if self.spans + spans.len() > max {
            self.clear();
        }
        self.spans += spans.len();
        self.streams.insert(stream, spans);
    }

    pub(crate) fn apply(&mut self, stream: StreamId, change: SpanChange) {
        let Some(spans) = self.streams.get_mut(&stream) else { return };
        let spans = Arc::make_mut(spans);
        let first = match change {
            SpanChange::New(span) | SpanChange::Joined(span) => span.first,
            SpanChange::Gone(first) => first,
        };
        let at = spans.partition_point(|span| span.first < first);
        let there = spans.get(at).is_some_and(|span| span.first == first);
        match change {
            SpanChange::Joined(span) => {
                let end = spans.partition_point(|other| other.first <= span.last);
                self.spans = self.spans + 1 - (end - at);
                spans.splice(at..end, [span]);
            }
            SpanChange::New(span) if there => spans[at] = span,
            SpanChange::New(span) => {
                spans.insert(at, span);
                self.spans += 1;
            }
            SpanChange::Gone(_) if there => {
                spans.remove(at);
                self.spans -= 1;
            }
            SpanChange::Gone(_) => {}
        }
    }

    /// Remembers when the last tick of a segment was measured.
    pub(crate) fn learn(&mut self, stream: StreamId, first: u64, ends: Moment) {
        let Some(spans) = self.streams.get_mut(&stream) else { return };
        // Whoever is on a walk holds them, so that they are copied: not for what is known already.
        if let Ok(at) = spans.binary_search_by_key(&first, |span| span.first)
            && spans[at].ends.is_none()
        {
            Arc::make_mut(spans)[at].ends = Some(ends);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.streams.clear();
        self.spans = 0;
    }
}
