//! Which streams may have ticks worth laying out by series, or folding into minutes and hours?

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{MutexGuard, PoisonError};

use vigie_model::{StreamId, UtcMs};

use super::index::{Span, SpanChange};
use super::{LayOut, Log, Rollups};

/// What has changed since each stream was last looked at.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    /// Ticks sealed since then.
    fresh: BTreeMap<StreamId, u64>,
    /// Segments that can not be made again from their ticks: another encoder wrote them. They stay as they are.
    stubborn: BTreeSet<(StreamId, u64)>,
    /// Ticks sealed since the log was opened.
    sealed: u64,
    /// When there may be something to fold into minutes and hours.
    folds: BTreeMap<StreamId, Due>,
    /// How often something to fold has come.
    came: u64,
}

/// When there may be something to fold of a stream.
#[derive(Debug, Clone, Copy)]
struct Due {
    /// In ms since 1970 UTC.
    from_ms: i64,
    /// What came last of it was the so-manieth thing to fold.
    came: u64,
}

impl Agenda {
    /// A stream of which nobody knows what there is to do.
    pub(crate) fn met(&mut self, stream: StreamId) {
        self.fresh.insert(stream, u64::MAX);
        self.fold_from(stream, i64::MIN);
    }

    pub(crate) fn changed(&mut self, stream: StreamId, change: &SpanChange) {
        if let SpanChange::New(span) = change {
            let fresh = self.fresh.entry(stream).or_default();
            *fresh = fresh.saturating_add(span.ticks());
            self.sealed = self.sealed.saturating_add(span.ticks());
        }
    }

    /// There may be something to fold from a time on.
    pub(crate) fn fold_from(&mut self, stream: StreamId, from_ms: i64) {
        self.came += 1;
        let due = self.folds.entry(stream).or_insert(Due { from_ms, came: self.came });
        *due = Due { from_ms: from_ms.min(due.from_ms), came: self.came };
    }

    /// How often something to fold had come so far: what is gathered now knows of all that.
    pub(crate) fn came(&self) -> u64 {
        self.came
    }

    /// A stream was looked at when so much had [come](Self::came): there is nothing of it to fold before a time, or at all
    /// until something changes. What has come since then nobody has looked at, and it stands as it is.
    pub(crate) fn fold_not_before(&mut self, stream: StreamId, from_ms: Option<i64>, came: u64) {
        if self.folds.get(&stream).is_some_and(|due| due.came > came) {
            return;
        }
        match from_ms {
            Some(from_ms) => self.folds.insert(stream, Due { from_ms, came }),
            None => self.folds.remove(&stream),
        };
    }

    /// A stream is no longer known: there is nothing to do for it.
    pub(crate) fn gone(&mut self, stream: StreamId) {
        self.fresh.remove(&stream);
        self.folds.remove(&stream);
        self.stubborn.retain(|(of, _)| *of != stream);
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

    /// How many ticks have come in sealed since the log was opened: whether much comes in just now.
    pub fn sealed_ticks(&self) -> u64 {
        self.agenda().sealed
    }

    /// Streams that may have something to fold by now.
    pub(crate) fn unfolded(&self, now: UtcMs) -> Vec<StreamId> {
        if self.options.rollups == Rollups::Never {
            return Vec::new();
        }
        let agenda = self.agenda();
        agenda.folds.iter().filter(|(_, due)| due.from_ms <= now.0).map(|(stream, _)| *stream).collect()
    }

    /// A stream is looked at again when enough further segments of it have come.
    pub(crate) fn rest(&self, stream: StreamId) {
        self.agenda().fresh.remove(&stream);
    }
}
