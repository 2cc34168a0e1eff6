//! What is remembered of each node and each stream, each thing in its place.
//!
//! Nodes and streams are never taken out of their places: what is no longer enrolled may come back, and what the log holds
//! stays asked for under whoever owns it then.

mod enrol;
mod nodes;
mod streams;
mod told;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use vigie_model::{NodeId, Resolution, SeriesIx, Slug, StreamId};
use vigie_query::LabelSet;
use vigie_sync::SessionId;

use crate::catalogue::{Catalogue, Def};
use crate::fleet::Known;
use crate::label_cache::LabelKey;
use crate::vouching::Vouching;
pub(crate) use nodes::{Enrolled, Node, NodeIx, Place, PlaceIx, Voice};
pub(crate) use streams::{Last, Stream, StreamIx};

#[derive(Debug, Default)]
pub(crate) struct Memory {
    nodes: Vec<Node>,
    /// What relays say of their machines (hub only).
    pub(crate) vouching: Vouching,
    by_id: BTreeMap<NodeId, NodeIx>,
    /// Where each node's series belong, if they may be asked for: what most questions ask of it.
    machine_at: Vec<Option<PlaceIx>>,
    /// Enrolled machines by their host names.
    by_name: HashMap<String, Vec<NodeIx>>,
    places: Vec<Place>,
    by_place: BTreeMap<(Slug, Slug), PlaceIx>,
    streams: Vec<Stream>,
    by_stream: BTreeMap<StreamId, StreamIx>,
    pub(crate) catalogue: Catalogue,
    next_labels: u32,
    arrivals: u64,
    pub(crate) of_session: BTreeMap<SessionId, NodeIx>,
    /// Sessions of machines, not of relays.
    pub(crate) machines_themselves: BTreeSet<SessionId>,
    pub(crate) not_ready: Vec<String>,
}

impl Memory {
    /// Who brings a stream by this session. A machine that brings what it measured as another's copy says nothing of that
    /// other.
    pub(crate) fn bringer(&self, session: SessionId, stream: StreamId) -> Option<NodeIx> {
        let node = self.of_session.get(&session).copied()?;
        let for_another = self.machines_themselves.contains(&session) && self.node(node).id != stream.agent;
        (!for_another).then_some(node)
    }

    pub(crate) fn node(&self, ix: NodeIx) -> &Node {
        &self.nodes[ix.0 as usize]
    }

    pub(crate) fn find(&self, id: NodeId) -> Option<NodeIx> {
        self.by_id.get(&id).copied()
    }

    pub(crate) fn nodes(&self) -> impl ExactSizeIterator<Item = &Node> {
        self.nodes.iter()
    }

    /// Where each node's series belong, in the order of nodes.
    pub(crate) fn machine_at(&self) -> &[Option<PlaceIx>] {
        &self.machine_at
    }

    pub(crate) fn enrolled(&self, id: NodeId) -> Option<&Known> {
        self.node(self.find(id)?).known()
    }

    pub(crate) fn places(&self) -> impl ExactSizeIterator<Item = &Place> {
        self.places.iter()
    }

    pub(crate) fn place(&self, ix: PlaceIx) -> &Place {
        &self.places[ix.at()]
    }

    /// Enrolled machines of this host name.
    pub(crate) fn named(&self, name: &str) -> &[NodeIx] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn stream(&self, ix: StreamIx) -> &Stream {
        &self.streams[ix.0 as usize]
    }

    pub(crate) fn find_stream(&self, id: StreamId) -> Option<StreamIx> {
        self.by_stream.get(&id).copied()
    }

    pub(crate) fn streams(&self) -> impl ExactSizeIterator<Item = &Stream> {
        self.streams.iter()
    }

    /// How many definitions of a stream are here.
    pub(crate) fn defs_of(&self, ix: StreamIx) -> usize {
        self.stream(ix).schema.map_or(0, |schema| self.catalogue.schema(schema).defs.len())
    }

    /// The step in which the values of a series are kept.
    pub(crate) fn resolution_of(&self, ix: StreamIx, series: SeriesIx) -> Resolution {
        self.def_of(ix, series).map_or(Resolution::Exact, |def| def.resolution)
    }

    /// How a series is declared, if that is here.
    pub(crate) fn def_of(&self, ix: StreamIx, series: SeriesIx) -> Option<&Def> {
        let def = *self.catalogue.schema(self.stream(ix).schema?).defs.get(series.0 as usize)?;
        Some(self.catalogue.def(def))
    }

    /// The labels of a series, if its owner is known.
    pub(crate) fn labels_of(&self, ix: StreamIx, series: SeriesIx) -> Option<LabelSet> {
        let stream = self.stream(ix);
        let owner = self.node(stream.node).enrolled.as_ref()?;
        Some(self.def_of(ix, series)?.labels_of(&owner.labels))
    }
}

fn next_labels(next: &mut u32) -> LabelKey {
    *next += 1;
    LabelKey(*next)
}
