//! What is remembered of one life of a machine's store.

use std::sync::Arc;

use vigie_model::{Moment, StreamId};
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
    pub(crate) newest: Newest,
    pub(crate) schema: Option<SchemaIx>,
    pub(crate) labels: LabelKey,
    /// Who brought it last.
    pub(crate) bringer: Option<NodeIx>,
    /// The place of its newest tick among all that came since this node began; 0 of what the log knew by then.
    pub(crate) arrival: u64,
    pub(crate) draining: Option<Draining>,
}

impl Stream {
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
