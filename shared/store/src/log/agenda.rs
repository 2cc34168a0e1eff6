//! Which streams may have ticks worth laying out by series?

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{MutexGuard, PoisonError};

use vigie_model::StreamId;

use super::index::{Span, SpanChange};
use super::{LayOut, Log};

/// What has changed since each stream was last looked at.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    /// Ticks sealed since then.
    fresh: BTreeMap<StreamId, u64>,
    /// Segments that can not be made again from their ticks: another encoder wrote them. They stay as they are.
    stubborn: BTreeSet<(StreamId, u64)>,
}

impl Agenda {
    /// A stream of which nobody knows what there is to do.
    pub(crate) fn met(&mut self, stream: StreamId) {
        self.fresh.insert(stream, u64::MAX);
    }

    pub(crate) fn changed(&mut self, stream: StreamId, change: &SpanChange) {
        if let SpanChange::New(span) = change {
            let fresh = self.fresh.entry(stream).or_default();
            *fresh = fresh.saturating_add(span.ticks());
        }
    }

    pub(crate) fn leave(&mut self, stream: StreamId, first: u64) {
        self.stubborn.insert((stream, first));
    }

    pub(crate) fn is_left(&self, stream: StreamId, span: &Span) -> bool {
        self.stubborn.contains(&(stream, span.first))
    }
}

impl Log {
    pub(crate) fn agenda(&self) -> MutexGuard<'_, Agenda> {
        self.agenda.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Streams with enough new segments to be worth a look.
    pub(crate) fn restless(&self) -> Vec<StreamId> {
        if self.options.lay_out == LayOut::Never {
            return Vec::new();
        }
        let agenda = self.agenda();
        let fewest = self.options.lay_out_ticks;
        agenda.fresh.iter().filter(|(_, ticks)| **ticks >= fewest).map(|(stream, _)| *stream).collect()
    }

    /// A stream was looked at, and there is nothing to do for now.
    pub(crate) fn rest(&self, stream: StreamId) {
        self.agenda().fresh.remove(&stream);
    }
}
