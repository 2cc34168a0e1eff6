//! What is told of a site?

use std::collections::BTreeMap;

use vigie_model::{NodeId, Role, Slug, StreamId};
use vigie_serve::{Amount, Beat, Link, Relay, Site, Stamp, Upward, reach_of_site};

use crate::fleet::{Fleet, Known, Memory};
use crate::{ledgers, machines};

/// As for machines: a relay's connection is sure to be heard this often.
const BEAT_MS: u64 = 10_000;

impl Fleet {
    pub(crate) fn all_sites(&self) -> Vec<Site> {
        let memory = self.memory();
        let mut places: BTreeMap<(Slug, Slug), Vec<&Known>> = BTreeMap::new();
        for known in memory.nodes.values() {
            places.entry((known.client.clone(), known.site.clone())).or_default().push(known);
        }
        if let Some((client, site)) = &self.place {
            places.entry((client.clone(), site.clone())).or_default();
        }
        places.into_iter().map(|((client, name), nodes)| self.site(&memory, client, name, &nodes)).collect()
    }

    fn site(&self, memory: &Memory, client: Slug, name: Slug, nodes: &[&Known]) -> Site {
        let (relays, agents): (Vec<&Known>, Vec<&Known>) = nodes.iter().partition(|known| known.role == Role::Relay);
        let streams: Vec<StreamId> = agents.iter().flat_map(|known| memory.streams_of(known.node)).collect();
        let waiting =
            streams.iter().filter_map(|stream| memory.facts.get(stream)).map(|facts| ledgers::waiting(facts)).sum();
        let beats: Vec<Option<Beat>> = if self.role == Role::Hub {
            relays.iter().map(|relay| self.beat(memory, relay.node)).collect()
        } else {
            // A relay is at its site: it hears itself.
            vec![Some(Beat { at: self.clock.now().utc, every_ms: BEAT_MS })]
        };
        let voices =
            if beats.is_empty() { agents.iter().map(|agent| self.beat(memory, agent.node)).collect() } else { beats };
        Site {
            reachability: reach_of_site(voices, self.clock.now().utc),
            relays: relays.iter().map(|relay| self.relay(memory, relay)).collect(),
            machines: agents.len() as u64,
            waiting: Amount::known(waiting, None),
            drain: machines::drain(memory, &streams, self.clock.mono_ms()),
            name,
            client,
        }
    }

    fn beat(&self, memory: &Memory, node: NodeId) -> Option<Beat> {
        Some(Beat { at: memory.voices.get(&node)?.heard_at?, every_ms: BEAT_MS })
    }

    fn relay(&self, memory: &Memory, known: &Known) -> Relay {
        Relay { id: known.node, name: known.name.clone(), link: self.link(memory, known.node) }
    }

    pub(crate) fn link(&self, memory: &Memory, node: NodeId) -> Link {
        let Some(voice) = memory.voices.get(&node) else {
            return Link { connected: false, since: None, last_heard: None, round_trip_ms: None };
        };
        let view = self.handle.view();
        let path = voice.session.and_then(|session| Some(view.sessions.get(&session)?.link.path()));
        Link {
            connected: voice.session.is_some(),
            since: voice.connected_since.or(voice.lost_at).map(Stamp),
            last_heard: voice.heard_at.map(Stamp),
            round_trip_ms: path.map(|path| path.rtt.as_secs_f64() * 1_000.0),
        }
    }

    /// The way from a relay to the hub.
    pub(crate) fn way_up(&self) -> Option<Upward> {
        let upstream = self.upstream.as_ref()?;
        let view = self.handle.view();
        let memory = self.memory();
        let up = view.up();
        let hub = up
            .map(|(_, session)| session.peer.node)
            .or_else(|| memory.voices.keys().copied().find(|node| !memory.nodes.contains_key(node)));
        let none = Link { connected: false, since: None, last_heard: None, round_trip_ms: None };
        let waiting = memory
            .facts
            .values()
            .map(|facts| facts.ticks().without(facts.held()).without(&facts.custody).count())
            .sum();
        Some(Upward {
            to: upstream.to.clone(),
            link: hub.map_or(none, |hub| self.link(&memory, hub)),
            waiting: Amount::known(waiting, None),
            drain: None,
        })
    }
}
