//! What is remembered of one life of a machine's store.

use std::sync::Arc;

use vigie_model::{Moment, StreamId, UtcMs};
use vigie_sync::Ledger as Account;
use vigie_sync::keep::StreamFacts;

use super::NodeIx;
use crate::catalogue::SchemaIx;
use crate::draining::Draining;
use crate::label_cache::LabelKey;
use crate::newest::{Newest, true_ms};
use crate::recent::Recent;

/// The place of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct StreamIx(pub(super) u32);

/// One life of a machine's store.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) id: StreamId,
    pub(crate) node: NodeIx,
    pub(crate) facts: Option<Arc<StreamFacts>>,
    /// Where its ticks are, counted when the facts came.
    pub(crate) account: Account,
    pub(crate) recent: Recent,
    /// What lists of all machines ask of it.
    pub(crate) gist: Gist,
    pub(crate) newest: Newest,
    pub(crate) schema: Option<SchemaIx>,
    pub(crate) labels: LabelKey,
    /// Who brought it last.
    pub(crate) bringer: Option<NodeIx>,
    /// The place of its newest tick among all that came since this node began; 0 of what the log knew by then.
    pub(crate) arrival: u64,
    /// What of it waits, while it does.
    pub(crate) draining: Option<Box<Draining>>,
}

/// What `recent` and `facts` say of a stream, worked out when they change: lists and rules ask it of ten thousand machines at
/// once, and each thing that would be looked up then lies somewhere else.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Gist {
    /// The newest tick here.
    pub(crate) last: Option<Last>,
    /// How often the machine measures, if its newest ticks say so.
    pub(crate) interval_ms: Option<u64>,
    /// A relay told, by the hours they fold into, of ticks that are newer than any here.
    pub(crate) is_told_of_newer: bool,
}

/// The newest tick of a stream.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Last {
    pub(crate) seq: u64,
    pub(crate) at: Moment,
    /// When it was measured, as far as known.
    pub(crate) true_ms: i64,
    pub(crate) learnt_at: UtcMs,
}

impl Stream {
    /// To be said after each change of `recent` or `facts`.
    pub(super) fn sum_up(&mut self) {
        let last = self.recent.newest().map(|seen| {
            let (seq, at, learnt_at) = (seen.seq, seen.at, seen.learnt_at);
            Last { seq, at, true_ms: self.true_ms(at), learnt_at }
        });
        let told = self.facts.as_ref().and_then(|facts| facts.rolled.foreign.last());
        let is_told_of_newer = told > last.map(|last| last.seq);
        self.gist = Gist { last, interval_ms: self.recent.interval_ms(), is_told_of_newer };
    }

    /// True time of a tick, as far as known.
    pub(crate) fn true_ms(&self, at: Moment) -> i64 {
        self.facts.as_ref().map_or(at.utc.0, |facts| true_ms(&facts.anchors, at))
    }

    /// By how much the machine's clock was ahead at a moment; nothing where it was not told the time since it booted.
    pub(crate) fn clock_ahead_ms(&self, at: Moment) -> Option<i64> {
        let anchor = self.facts.as_ref()?.anchors.get(&at.boot.no)?;
        Some(at.utc.0.saturating_sub(anchor.resolve(at)?.0))
    }

    /// Whether a tick is in the log, or not yet durable and remembered.
    pub(crate) fn has(&self, seq: u64) -> bool {
        match &self.facts {
            Some(facts) if facts.have.contains(seq) => facts.present.contains(seq) && !facts.gaps.contains(seq),
            _ => self.recent.is_pending(seq),
        }
    }
}
