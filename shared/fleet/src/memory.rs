//! What is remembered of each node and each stream, each thing in its place.
//!
//! Nodes and streams are never taken out of their places: what is no longer enrolled may come back, and what the log holds
//! stays asked for under whoever owns it then.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use vigie_model::{
    Anchor, Incarnation, Moment, NodeId, Resolution, Role, SeriesDef, SeriesIx, Slug, StreamId, Tick, UtcMs,
};
use vigie_query::{LabelSet, Lack, Owner, Shortfall};
use vigie_sync::keep::StreamFacts;
use vigie_sync::{Ledger as Account, SessionId};

use crate::catalogue::{Catalogue, Def, SchemaIx};
use crate::draining::Draining;
use crate::fleet::Known;
use crate::label_cache::LabelKey;
use crate::newest::{Newest, true_ms};
use crate::recent::Recent;
use crate::vouching::Vouching;

/// The place of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NodeIx(u32);

/// The place of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct StreamIx(u32);

/// The place of a site of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PlaceIx(u32);

/// What is remembered of the voice of one node.
#[derive(Debug, Clone, Default)]
pub(crate) struct Voice {
    pub(crate) session: Option<SessionId>,
    pub(crate) connected_since: Option<UtcMs>,
    pub(crate) lost_at: Option<UtcMs>,
    pub(crate) heard_at: Option<UtcMs>,
    /// How often it is sure to be heard, on the link it was last heard on.
    pub(crate) beat_ms: Option<u32>,
    pub(crate) goodbye_at: Option<UtcMs>,
    /// Datagrams received when it was last looked.
    pub(crate) datagrams: u64,
}

/// A node that was heard, or is enrolled, or both.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) id: NodeId,
    pub(crate) enrolled: Option<Enrolled>,
    pub(crate) voice: Option<Voice>,
    /// All lives of its store, by incarnation.
    pub(crate) streams: Vec<StreamIx>,
}

/// An enrolled node, ready to be asked for.
#[derive(Debug)]
pub(crate) struct Enrolled {
    pub(crate) known: Known,
    pub(crate) place: PlaceIx,
    /// The owner's labels.
    pub(crate) labels: [(Arc<str>, Arc<str>); 4],
    /// No machine: it stands for what others pushed to a place.
    pub(crate) is_pushed: bool,
}

impl Enrolled {
    /// That something of it is missing from an answer.
    pub(crate) fn shortfall(&self, lack: Lack) -> Shortfall {
        let [client, machine, machine_id, site] = self.labels.each_ref().map(|(_, value)| value.clone());
        Shortfall { machine, machine_id, client, site, lack }
    }
}

/// A site of a client, and its relays.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) client: Slug,
    pub(crate) site: Slug,
    pub(crate) relays: BTreeMap<NodeId, NodeIx>,
}

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

impl NodeIx {
    /// The node at a place in [`Memory::nodes`].
    pub(crate) fn from(at: usize) -> Self {
        Self(at as u32)
    }

    pub(crate) fn at(self) -> usize {
        self.0 as usize
    }
}

impl PlaceIx {
    pub(crate) fn at(self) -> usize {
        self.0 as usize
    }
}

impl Memory {
    // ---- looking

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

    /// Every enrolled machine in the order of ids, from behind this one on.
    pub(crate) fn machines_after(&self, last: Option<NodeId>) -> impl Iterator<Item = NodeIx> + '_ {
        let from = last.map_or(std::ops::Bound::Unbounded, std::ops::Bound::Excluded);
        let nodes = self.by_id.range((from, std::ops::Bound::Unbounded)).map(|(_, ix)| *ix);
        nodes.filter(|ix| self.node(*ix).machine().is_some())
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

    // ---- who there is

    pub(crate) fn node_mut(&mut self, id: NodeId) -> (NodeIx, &mut Node) {
        let ix = *self.by_id.entry(id).or_insert_with(|| {
            self.nodes.push(Node { id, enrolled: None, voice: None, streams: Vec::new() });
            self.machine_at.push(None);
            NodeIx(self.nodes.len() as u32 - 1)
        });
        (ix, &mut self.nodes[ix.0 as usize])
    }

    pub(crate) fn voice_mut(&mut self, ix: NodeIx) -> &mut Voice {
        self.nodes[ix.0 as usize].voice.get_or_insert_default()
    }

    pub(crate) fn enrol(&mut self, known: Known) {
        if self.enrolled(known.node) == Some(&known) {
            return;
        }
        self.remove(known.node);
        let place = self.place_of(&known.client, &known.site);
        let (ix, _) = self.node_mut(known.node);
        match known.role {
            Role::Relay => drop(self.places[place.at()].relays.insert(known.node, ix)),
            Role::Agent => {
                self.by_name.entry(known.name.clone()).or_default().push(ix);
                self.machine_at[ix.at()] = Some(place);
            }
            Role::Hub => {}
        }
        let owner = owner(&known);
        let labels = owner.labels().map(|(name, value)| (self.catalogue.text(name), self.catalogue.text(value)));
        let is_pushed = false;
        self.nodes[ix.0 as usize].enrolled = Some(Enrolled { known, place, labels, is_pushed });
        for stream in self.nodes[ix.0 as usize].streams.clone() {
            self.streams[stream.0 as usize].labels = next_labels(&mut self.next_labels);
        }
    }

    /// A stream is what others pushed to a place, and not a machine's: its series bear the place's labels alone.
    pub(crate) fn give_to_place(&mut self, id: StreamId, client: &Slug, site: &Slug) {
        let owner = self.pushed_to(client, site);
        let (ix, stream) = self.stream_mut(id);
        let (before, schema) = (std::mem::replace(&mut stream.node, owner), stream.schema);
        if before == owner {
            return;
        }
        self.streams[ix.0 as usize].labels = next_labels(&mut self.next_labels);
        if let Some(schema) = schema {
            self.catalogue.leave(ix, schema);
            self.catalogue.join((ix, owner), None, schema);
        }
        self.nodes[before.at()].streams.retain(|other| *other != ix);
        self.nodes[owner.at()].streams.push(ix);
    }

    /// Every stream whose origin is this node.
    pub(crate) fn streams_from(&self, node: NodeId) -> Vec<StreamId> {
        let from = StreamId { agent: node, incarnation: Incarnation(0) };
        let to = StreamId { agent: node, incarnation: Incarnation(u64::MAX) };
        self.by_stream.range(from..=to).map(|(stream, _)| *stream).collect()
    }

    /// What stands for the samples that others pushed to a place.
    fn pushed_to(&mut self, client: &Slug, site: &Slug) -> NodeIx {
        let id = NodeId::of_key(&blake3::derive_key("vigie 2026-11 pushed to", format!("{client}/{site}").as_bytes()));
        let place = self.place_of(client, site);
        let (ix, node) = self.node_mut(id);
        if node.enrolled.is_none() {
            let (client, site) = (client.clone(), site.clone());
            let known = Known { node: id, role: Role::Agent, client, site, name: String::new() };
            let owner = Owner { machine: String::new(), machine_id: String::new(), ..owner(&known) };
            let labels = owner.labels().map(|(name, value)| (self.catalogue.text(name), self.catalogue.text(value)));
            self.machine_at[ix.at()] = Some(place);
            self.nodes[ix.at()].enrolled = Some(Enrolled { known, place, labels, is_pushed: true });
        }
        ix
    }

    pub(crate) fn remove(&mut self, id: NodeId) {
        let Some(ix) = self.find(id) else { return };
        let Some(gone) = self.nodes[ix.0 as usize].enrolled.take() else { return };
        self.machine_at[ix.at()] = None;
        self.places[gone.place.at()].relays.remove(&id);
        if let Some(same) = self.by_name.get_mut(&gone.known.name) {
            same.retain(|other| *other != ix);
            if same.is_empty() {
                self.by_name.remove(&gone.known.name);
            }
        }
    }

    fn place_of(&mut self, client: &Slug, site: &Slug) -> PlaceIx {
        *self.by_place.entry((client.clone(), site.clone())).or_insert_with(|| {
            self.places.push(Place { client: client.clone(), site: site.clone(), relays: BTreeMap::new() });
            PlaceIx(self.places.len() as u32 - 1)
        })
    }

    // ---- what came

    pub(crate) fn stream_mut(&mut self, id: StreamId) -> (StreamIx, &mut Stream) {
        if let Some(ix) = self.find_stream(id) {
            return (ix, &mut self.streams[ix.0 as usize]);
        }
        let (node, _) = self.node_mut(id.agent);
        let ix = StreamIx(self.streams.len() as u32);
        self.by_stream.insert(id, ix);
        self.streams.push(Stream {
            id,
            node,
            facts: None,
            account: Account::default(),
            recent: Recent::default(),
            newest: Newest::default(),
            schema: None,
            labels: next_labels(&mut self.next_labels),
            bringer: None,
            arrival: 0,
            draining: None,
        });
        let mut lives = std::mem::take(&mut self.nodes[node.0 as usize].streams);
        lives.push(ix);
        lives.sort_by_key(|life| self.stream(*life).id);
        self.nodes[node.0 as usize].streams = lives;
        (ix, &mut self.streams[ix.0 as usize])
    }

    /// A tick came.
    pub(crate) fn saw(&mut self, id: StreamId, tick: &Arc<Tick>, learnt_at: UtcMs) -> StreamIx {
        let (ix, _) = self.stream_mut(id);
        let defs = self.defs_of(ix);
        let stream = &mut self.streams[ix.0 as usize];
        let durable = stream.facts.as_ref().is_some_and(|facts| facts.have.contains(tick.seq.0));
        if stream.recent.saw(tick, learnt_at, durable) {
            let at = stream.true_ms(tick.at);
            stream.newest.take(tick, at, learnt_at, defs);
            if let Some(facts) = stream.facts.as_ref().filter(|_| durable) {
                stream.newest.settle(&facts.have, &facts.gaps);
            }
        }
        ix
    }

    /// A tick came now: what the log knew when this node began did not.
    pub(crate) fn arrived(&mut self, id: StreamId, tick: &Arc<Tick>, learnt_at: UtcMs) {
        self.arrivals += 1;
        let arrival = self.arrivals;
        let stream = self.saw(id, tick, learnt_at);
        self.streams[stream.0 as usize].arrival = arrival;
    }

    /// What is known of a stream has changed. Its definitions come first: see [`Memory::learn`].
    pub(crate) fn told(&mut self, id: StreamId, facts: &Arc<StreamFacts>, role: Role, now_ms: u64) {
        let (_, stream) = self.stream_mut(id);
        let same_times = stream.facts.as_ref().is_some_and(|old| old.anchors == facts.anchors);
        if !same_times {
            stream.newest.put_right(&facts.anchors);
        }
        stream.recent.settle(&facts.have);
        stream.newest.settle(&facts.have, &facts.gaps);
        stream.draining = Some(Draining::next(stream.draining, facts, now_ms));
        stream.account = Account::of(facts, role);
        stream.facts = Some(facts.clone());
    }

    /// Whether all of this that a question may see is known here.
    pub(crate) fn was_told(&self, id: StreamId, facts: &StreamFacts) -> bool {
        let known = self.find_stream(id).and_then(|ix| self.stream(ix).facts.as_deref());
        known.is_some_and(|known| {
            known.schema_len == facts.schema_len
                && known.have == facts.have
                && known.gaps == facts.gaps
                && known.present == facts.present
                && known.anchors == facts.anchors
                && known.rolled == facts.rolled
        })
    }

    /// From which place on definitions of a stream are to be read, if any are.
    pub(crate) fn lacks_defs(&self, id: StreamId, facts: &StreamFacts) -> Option<u32> {
        let ix = self.find_stream(id);
        let schema = ix.and_then(|ix| self.stream(ix).schema);
        if facts.schema_len == 0 || self.catalogue.is(schema, facts.schema_hash) {
            return None;
        }
        if self.catalogue.with_hash(facts.schema_hash).is_some() {
            return None;
        }
        let here = ix.map_or(0, |ix| self.defs_of(ix) as u32);
        // Fewer than before: something was lost and came again, and is read as a whole.
        Some(if here <= facts.schema_len { here } else { 0 })
    }

    /// Definitions of a stream from a place on; none where [`Memory::lacks_defs`] said that none were needed.
    pub(crate) fn learn(&mut self, id: StreamId, facts: &StreamFacts, read: Option<(u32, Vec<SeriesDef>)>) {
        let (ix, stream) = self.stream_mut(id);
        let (before, whose) = (stream.schema, stream.node);
        if facts.schema_len == 0 || self.catalogue.is(before, facts.schema_hash) {
            return;
        }
        let after = match (self.catalogue.with_hash(facts.schema_hash), read) {
            (Some(same), _) => {
                self.catalogue.join((ix, whose), before, same);
                same
            }
            (None, Some((from, more))) => {
                let whole = from as usize + more.len() == facts.schema_len as usize;
                let hash = whole.then_some(facts.schema_hash);
                if from == 0 {
                    before.into_iter().for_each(|before| self.catalogue.leave(ix, before));
                }
                self.catalogue.grow((ix, whose), before.filter(|_| from > 0), &more, hash)
            }
            (None, None) => return,
        };
        self.streams[ix.0 as usize].schema = Some(after);
    }

    /// What was read of the newest ticks in the log takes its place in memory, and what is not durable is laid over it.
    pub(crate) fn filled(&mut self, ix: StreamIx, read: Newest, anchors_read: &BTreeMap<u32, Anchor>) {
        let defs = self.defs_of(ix);
        let stream = &mut self.streams[ix.0 as usize];
        stream.newest.replace(read);
        let none = BTreeMap::new();
        let facts = stream.facts.clone();
        let anchors = facts.as_ref().map_or(&none, |facts| &facts.anchors);
        if let Some(facts) = &facts {
            stream.newest.settle(&facts.have, &facts.gaps);
        }
        for (seen, tick) in stream.recent.pending() {
            stream.newest.take(tick, true_ms(anchors, seen.at), seen.learnt_at, defs);
        }
        if anchors != anchors_read {
            stream.newest.put_right(anchors);
        }
    }
}

impl Node {
    pub(crate) fn known(&self) -> Option<&Known> {
        self.enrolled.as_ref().map(|enrolled| &enrolled.known)
    }

    /// What it is enrolled as, if that is a machine.
    pub(crate) fn machine(&self) -> Option<&Enrolled> {
        self.owner().filter(|enrolled| !enrolled.is_pushed)
    }

    /// Whose its series are, if they may be asked for.
    pub(crate) fn owner(&self) -> Option<&Enrolled> {
        self.enrolled.as_ref().filter(|enrolled| enrolled.known.role == Role::Agent)
    }
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

fn next_labels(next: &mut u32) -> LabelKey {
    *next += 1;
    LabelKey(*next)
}

fn owner(known: &Known) -> Owner {
    Owner {
        client: known.client.to_string(),
        site: known.site.to_string(),
        machine: known.name.clone(),
        machine_id: known.node.to_string(),
    }
}
