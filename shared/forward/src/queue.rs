//! Which numbers of which stream go next, and which are sent?
//!
//! Each stream goes oldest first, because receivers want the samples of a series in order, and for the same reason a
//! stream is in at most one batch at a time. Streams take turns, so that a long backlog of one never holds up another.
//! Knows numbers, not samples: how many fit a batch is for whoever reads them.

use std::collections::BTreeMap;
use std::ops::Bound;

use vigie_merge::RangeSet;
use vigie_model::StreamId;

/// What one target is still to get, and what it has.
#[derive(Debug, Clone, Default)]
pub struct Queue {
    lines: BTreeMap<StreamId, Line>,
    /// Whose turn it was last.
    last: Option<StreamId>,
}

#[derive(Debug, Clone, Default)]
struct Line {
    here: RangeSet,
    sent: RangeSet,
    flying: RangeSet,
    /// Nothing of it can be read at the moment.
    rests: bool,
    /// What is sent is not yet written down.
    changed: bool,
    /// Since when something has been waiting, in ms of whatever clock the caller has.
    since_ms: Option<i64>,
}

/// How much is not yet sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Waiting {
    /// Ticks, those under way among them.
    pub ticks: u64,
    /// Streams that have any.
    pub streams: usize,
    /// Since when the stream that has waited longest has had something to send.
    pub since_ms: Option<i64>,
}

impl Queue {
    /// A queue that knows what was written down as sent.
    pub fn new(sent: impl IntoIterator<Item = (StreamId, RangeSet)>) -> Self {
        let line = |sent| Line { sent, ..Line::default() };
        Self { lines: sent.into_iter().map(|(stream, sent)| (stream, line(sent))).collect(), last: None }
    }

    /// All that a stream has here now. A stream that rested is looked at again.
    pub fn told(&mut self, stream: StreamId, here: RangeSet, now_ms: i64) {
        let line = self.lines.entry(stream).or_default();
        // What is gone from here is not asked for again, so it need not be remembered: rows stay small.
        if let Some(first) = here.first().filter(|first| *first > 0) {
            line.sent.remove(0, first - 1);
        }
        line.here = here;
        line.rests = false;
        let since_ms = line.since_ms.unwrap_or(now_ms);
        line.since_ms = line.waits().then_some(since_ms);
    }

    /// The next stream in turn that has something to send, and all of it that waits.
    pub fn turn(&mut self) -> Option<(StreamId, RangeSet)> {
        let after = self.last.map_or(Bound::Unbounded, Bound::Excluded);
        let behind = self.lines.range((after, Bound::Unbounded)).chain(self.lines.iter());
        let ready = |line: &Line| !line.rests && line.flying.is_empty() && line.since_ms.is_some();
        let (stream, line) = behind.into_iter().find(|(_, line)| ready(line))?;
        let next = (*stream, line.waiting());
        self.last = Some(next.0);
        Some(next)
    }

    /// These numbers are in a batch now.
    pub fn take(&mut self, stream: StreamId, numbers: RangeSet) {
        if let Some(line) = self.lines.get_mut(&stream) {
            line.flying = numbers;
        }
    }

    /// Nothing of this stream can be read now: others go first, until it is told of again.
    pub fn rest(&mut self, stream: StreamId) {
        if let Some(line) = self.lines.get_mut(&stream) {
            line.rests = true;
        }
    }

    /// What was under way of this stream has arrived, or was refused for good. `until_ms` is when the last of it was
    /// measured: what waits behind it has waited since then.
    pub fn done(&mut self, stream: StreamId, until_ms: i64) {
        if let Some(line) = self.lines.get_mut(&stream) {
            let arrived = std::mem::take(&mut line.flying);
            line.changed |= line.sent.union_with(&arrived);
            line.since_ms = line.waits().then_some(until_ms);
        }
    }

    /// What was under way of this stream came to nothing, and waits again.
    pub fn back(&mut self, stream: StreamId) {
        if let Some(line) = self.lines.get_mut(&stream) {
            line.flying = RangeSet::new();
        }
    }

    /// What is to be written down, whole for each stream.
    pub fn to_note(&self) -> Vec<(StreamId, RangeSet)> {
        let changed = self.lines.iter().filter(|(_, line)| line.changed);
        changed.map(|(stream, line)| (*stream, line.sent.clone())).collect()
    }

    /// All of [`Queue::to_note`] is written down.
    pub fn noted(&mut self) {
        self.lines.values_mut().for_each(|line| line.changed = false);
    }

    /// How much is not yet sent.
    pub fn waiting(&self) -> Waiting {
        let all = self.lines.values().filter(|line| line.since_ms.is_some());
        all.fold(Waiting::default(), |sum, line| Waiting {
            ticks: sum.ticks.saturating_add(line.waiting().count()),
            streams: sum.streams + 1,
            since_ms: [sum.since_ms, line.since_ms].into_iter().flatten().min(),
        })
    }
}

impl Line {
    fn waiting(&self) -> RangeSet {
        self.here.without(&self.sent)
    }

    fn waits(&self) -> bool {
        !self.waiting().is_empty()
    }
}
