//! Who there is: nodes come, go and come back; and what others pushed is given to its place.

use std::collections::BTreeMap;

use smallvec::SmallVec;
use vigie_model::{Incarnation, NodeId, Role, Slug, StreamId};
use vigie_query::Owner;

use super::{Enrolled, Memory, Node, NodeIx, Place, PlaceIx, Voice, next_labels};
use crate::fleet::Known;
use crate::vouching::Word;

impl Memory {
    pub(crate) fn node_mut(&mut self, id: NodeId) -> (NodeIx, &mut Node) {
        let ix = *self.by_id.entry(id).or_insert_with(|| {
            self.nodes.push(Node { id, enrolled: None, voice: None, streams: SmallVec::new() });
            self.machine_at.push(None);
            NodeIx(self.nodes.len() as u32 - 1)
        });
        (ix, &mut self.nodes[ix.0 as usize])
    }

    pub(crate) fn voice_mut(&mut self, ix: NodeIx) -> &mut Voice {
        self.nodes[ix.0 as usize].voice.get_or_insert_default()
    }

    pub(crate) fn enrol(&mut self, mut known: Known) {
        if self.enrolled(known.node) == Some(&known) {
            return;
        }
        self.remove(known.node);
        let place = self.place_of(&known.client, &known.site);
        (known.client, known.site) = self.place(place).names();
        let (ix, _) = self.node_mut(known.node);
        self.places[place.at()].nodes.insert(known.node, ix);
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
            self.catalogue.give((ix, owner), schema);
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
            self.places[place.at()].nodes.insert(id, ix);
            self.nodes[ix.at()].enrolled = Some(Enrolled { known, place, labels, is_pushed: true });
        }
        ix
    }

    pub(crate) fn remove(&mut self, id: NodeId) {
        let Some(ix) = self.find(id) else { return };
        let Some(gone) = self.nodes[ix.0 as usize].enrolled.take() else { return };
        self.machine_at[ix.at()] = None;
        let place = &mut self.places[gone.place.at()];
        place.nodes.remove(&id);
        place.relays.remove(&id);
        if let Some(same) = self.by_name.get_mut(&gone.known.name) {
            same.retain(|other| *other != ix);
            if same.is_empty() {
                self.by_name.remove(&gone.known.name);
            }
        }
    }

    /// What a relay says, with the names of its place as they are kept here: who compares them then reads neither.
    pub(crate) fn said_of_a_place(&self, mut word: Word) -> Word {
        if let Some(place) = self.by_place.get(&(word.client.clone(), word.site.clone())) {
            (word.client, word.site) = self.place(*place).names();
        }
        word
    }

    fn place_of(&mut self, client: &Slug, site: &Slug) -> PlaceIx {
        *self.by_place.entry((client.clone(), site.clone())).or_insert_with(|| {
            let (client, site) = (client.clone(), site.clone());
            self.places.push(Place { client, site, nodes: BTreeMap::new(), relays: BTreeMap::new() });
            PlaceIx(self.places.len() as u32 - 1)
        })
    }
}

fn owner(known: &Known) -> Owner {
    Owner {
        client: known.client.to_string(),
        site: known.site.to_string(),
        machine: known.name.clone(),
        machine_id: known.node.to_string(),
    }
}
