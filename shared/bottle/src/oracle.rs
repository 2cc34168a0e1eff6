//! What must be true, after every step where that is cheap, and at the end.

mod end;
mod kept;
mod records;
mod said;

use std::collections::BTreeMap;
use std::sync::Arc;

use vigie_merge::RangeSet;
use vigie_model::{Seq, StreamId, Tick};
use vigie_sync::{LinkProfile, SessionId};

use crate::body::Edited;
use crate::plan::{HUB, NodeIx};
use crate::world::World;

/// What is remembered of a run to judge it by.
#[derive(Debug)]
pub(crate) struct Oracle {
    /// Every number that was given, and to what.
    given: BTreeMap<StreamId, BTreeMap<u64, (u64, Arc<Tick>)>>,
    /// Whose stream it is.
    of: BTreeMap<StreamId, NodeIx>,
    /// Numbers that were durable on their agent.
    durable: BTreeMap<StreamId, RangeSet>,
    /// What each node's store held when it was last looked at.
    shadows: Vec<BTreeMap<StreamId, Shadow>>,
    /// What each node told a peer that it keeps.
    told: Vec<BTreeMap<StreamId, RangeSet>>,
    /// What the hub has signed for.
    signed: BTreeMap<StreamId, RangeSet>,
    /// Newest number that the hub has seen or kept.
    newest: BTreeMap<StreamId, u64>,
    excuses: Vec<Excuses>,
    watches: BTreeMap<(NodeIx, SessionId), Watch>,
    /// From when on what is measured must be seen soon.
    pub(crate) fresh_from: Option<u64>,
    pub(crate) last_frame_at: u64,
    pub(crate) quiet_frames: u64,
    /// Edits of rows that were acknowledged.
    pub(crate) edits: Vec<Edited>,
}

#[derive(Debug, Default)]
struct Shadow {
    have: RangeSet,
    present: RangeSet,
    thinned: RangeSet,
}

/// What went wrong on a node's disk, and so what it may say.
#[derive(Debug, Default, Clone, Copy)]
struct Excuses {
    flipped: bool,
    lost: bool,
    evicted: bool,
}

/// What is watched of one side of a session.
#[derive(Debug, Default)]
struct Watch {
    ceiling: u64,
    backlog_sent: u64,
    backlog_received: u64,
    /// The peer's numbers.
    numbers: BTreeMap<u32, StreamId>,
}

impl Oracle {
    pub(crate) fn new(nodes: usize) -> Self {
        Self {
            given: BTreeMap::new(),
            of: BTreeMap::new(),
            durable: BTreeMap::new(),
            shadows: (0..nodes).map(|_| BTreeMap::new()).collect(),
            told: vec![BTreeMap::new(); nodes],
            signed: BTreeMap::new(),
            newest: BTreeMap::new(),
            excuses: vec![Excuses::default(); nodes],
            watches: BTreeMap::new(),
            fresh_from: None,
            last_frame_at: 0,
            quiet_frames: 0,
            edits: Vec::new(),
        }
    }
}

impl World {
    pub(crate) fn flipped(&mut self, node: NodeIx) {
        self.oracle.excuses[node].flipped = true;
    }

    pub(crate) fn evicted(&mut self, node: NodeIx) {
        self.oracle.excuses[node].evicted = true;
    }

    pub(crate) fn store_lost(&mut self, node: NodeIx) {
        self.oracle.excuses[node].lost = true;
        if node == HUB {
            self.oracle.signed.clear();
        }
        self.oracle.shadows[node].clear();
        self.oracle.told[node].clear();
    }

    /// A store was mended: what it had may be gone.
    pub(crate) fn mended(&mut self, node: NodeIx) {
        if !self.oracle.excuses[node].flipped {
            self.broken(format!("the store of {node} needed mending although no bit was flipped"));
        }
        self.oracle.shadows[node].clear();
        self.oracle.told[node].clear();
    }

    pub(crate) fn damaged(&mut self, node: NodeIx, stream: StreamId, lost: &RangeSet) {
        self.tally.damages += 1;
        if !self.oracle.excuses[node].flipped {
            self.broken(format!("{node} lost {lost:?} of {stream:?} although no bit was flipped"));
        }
        for kept in [self.oracle.told[node].get_mut(&stream)].into_iter().flatten() {
            *kept = kept.without(lost);
        }
    }

    pub(crate) fn forget_told(&mut self, node: NodeIx) {
        self.oracle.watches.retain(|(of, _), _| *of != node);
    }

    pub(crate) fn begin_watching(&mut self, node: NodeIx, session: SessionId, profile: &LinkProfile) {
        let watch = Watch { ceiling: u64::from(profile.bulk_ceiling_bytes), ..Watch::default() };
        self.oracle.watches.insert((node, session), watch);
    }

    pub(crate) fn end_watching(&mut self, node: NodeIx, session: SessionId) {
        self.oracle.watches.remove(&(node, session));
    }

    /// A number was given to a tick. None is given twice.
    pub(crate) fn given(&mut self, node: NodeIx, stream: StreamId, tick: &Arc<Tick>) {
        let now = self.now;
        self.tally.ticks += 1;
        self.oracle.of.insert(stream, node);
        let given = self.oracle.given.entry(stream).or_default();
        if given.insert(tick.seq.0, (now, tick.clone())).is_some() {
            self.broken(format!("{stream:?} gave the number {} twice", tick.seq));
        }
        self.check_fresh(stream);
    }

    pub(crate) fn seen_at_hub(&mut self, stream: StreamId, seq: Seq) {
        let newest = self.oracle.newest.entry(stream).or_default();
        *newest = (*newest).max(seq.0);
    }
}
