//! What is told of a site?

use std::collections::BTreeMap;

use vigie_model::{Role, Slug, USUAL_BEAT_MS, UtcMs};
use vigie_net::UplinkState;
use vigie_node::View;
use vigie_serve::{
    Amount, Beat, Line, Link, Reach, Reachability, Relay, RowsWaiting, Site, Stamp, Upward, reach_of_site,
};

use crate::fleet::{Fleet, Known};
use crate::memory::{Memory, Node, StreamIx};
use crate::{ledgers, machines};

impl Fleet {
    pub(crate) fn chosen_sites(&self, wanted: &mut dyn FnMut(&Slug, &Slug) -> bool) -> Vec<Site> {
        let view = self.view();
        let memory = self.memory();
        let there = memory.places().filter(|place| !place.nodes.is_empty());
        let mut places: BTreeMap<(&Slug, &Slug), Vec<&Node>> = BTreeMap::new();
        for place in there.filter(|place| wanted(&place.client, &place.site)) {
            let nodes = place.nodes.values().map(|ix| memory.node(*ix)).collect();
            places.insert((&place.client, &place.site), nodes);
        }
        // A relay's own site is there before any machine is.
        if let Some((client, site)) = self.place.as_ref().filter(|(client, site)| wanted(client, site)) {
            places.entry((client, site)).or_default();
        }
        places.into_iter().map(|(place, nodes)| self.site(&memory, &view, place, &nodes)).collect()
    }

    fn site(&self, memory: &Memory, view: &View, (client, name): (&Slug, &Slug), nodes: &[&Node]) -> Site {
        let (relays, agents): (Vec<&Node>, Vec<&Node>) =
            nodes.iter().partition(|node| node.known().is_some_and(|known| known.role == Role::Relay));
        let streams: Vec<StreamIx> = agents.iter().flat_map(|agent| agent.streams.iter().copied()).collect();
        let waiting = ledgers::not_here_of(memory, &streams, self.role);
        let beats: Vec<Option<Beat>> = if self.role == Role::Hub {
            relays.iter().map(|relay| beat(relay)).collect()
        } else {
            // A relay is at its site: it hears itself, now.
            vec![Some(Beat { at: self.clock.now().utc, every_ms: USUAL_BEAT_MS })]
        };
        let voices = if beats.is_empty() { agents.iter().map(|agent| beat(agent)).collect() } else { beats };
        Site {
            reachability: reach_of_site(voices, self.clock.now().utc),
            relays: relays.iter().filter_map(|relay| Some(self.shown(view, relay, relay.known()?))).collect(),
            // What others pushed to the site waits and drains as machines' ticks do, and is no machine.
            machines: agents.iter().filter(|agent| agent.machine().is_some()).count() as u64,
            waiting: Amount::known(waiting, None),
            drain: machines::drain(memory, &streams, self.clock.mono_ms()),
            name: name.clone(),
            client: client.clone(),
        }
    }

    fn shown(&self, view: &View, node: &Node, known: &Known) -> Relay {
        let link = as_heard(link(view, node), beat(node), self.clock.now().utc);
        // Where its page is, is asked for those that are shown: each is a row to read.
        Relay { id: node.id, name: known.name.clone(), link, page: None }
    }

    /// The way from a relay to the hub.
    pub(crate) fn way_up(&self) -> Option<Upward> {
        let upstream = self.upstream.as_ref()?;
        // Read before memory is taken: it may wait for a commit.
        let rows = self.rows().and_then(|rows| rows.waiting().ok());
        let rows = rows.map(|[alerts, state]| RowsWaiting { alerts, state });
        let view = self.view();
        let memory = self.memory();
        let hub = match view.up() {
            Some((_, session)) => memory.find(session.peer.node).map(|ix| memory.node(ix)),
            None => stranger(&memory),
        };
        let (waiting, link) = (waiting(&memory), hub.map_or(NO_LINK, |hub| link(&view, hub)));
        drop(memory);
        // While a commit is under way it is not waited for.
        let bytes = self.try_log().map(|log| (log.used_bytes(), log.cap_bytes()));
        let buffer = self.buffer();
        Some(Upward {
            to: upstream.to.clone(),
            link,
            waiting: Amount::known(waiting, None),
            rows,
            drain: buffer.drain(),
            waited_most: buffer.most(),
            room: bytes.map(|(used, most)| buffer.room(used, most)),
        })
    }

    /// Notes what waits and what the store takes, on a node that has a way up.
    pub(crate) fn watch_buffer(&self, now_ms: u64) {
        if self.upstream.is_none() {
            return;
        }
        let view = self.view();
        let memory = self.memory();
        let up = view.up().and_then(|(_, session)| memory.find(session.peer.node));
        let since = up.and_then(|ix| memory.node(ix).voice.as_ref()?.connected_since);
        let waiting = waiting(&memory);
        drop(memory);
        let bytes = self.try_log().map(|log| log.used_bytes());
        let mut buffer = self.buffer();
        buffer.waits(now_ms, waiting, since.map(|since| since.0));
        bytes.into_iter().for_each(|bytes| buffer.takes(now_ms, bytes));
    }
}

impl Fleet {
    /// How the line of a relay to the hub is doing.
    pub(crate) fn line_up(&self) -> Option<Line> {
        let upstream = self.upstream.as_ref()?;
        let path = self.view().up().map(|(_, session)| session.link.path()).unwrap_or_default();
        let line = Line { sent_packets: path.sent_packets, lost_packets: path.lost_packets, ..Line::default() };
        let state = upstream.search.borrow();
        Some(match &*state {
            UplinkState::Searching { attempts, last_error, .. } => {
                Line { attempts: *attempts, last_error: last_error.clone(), ..line }
            }
            UplinkState::Connected { address, suspect, .. } => {
                Line { found: Some(address.to_string()), suspect: *suspect, ..line }
            }
        })
    }
}

/// Ticks here that the hub has not taken.
fn waiting(memory: &Memory) -> u64 {
    let facts = memory.streams().filter_map(|stream| stream.facts.as_deref());
    facts.map(|facts| facts.ticks().without(facts.held()).without(&facts.custody).count()).sum()
}

const NO_LINK: Link = Link { connected: false, since: None, last_heard: None, round_trip_ms: None };

/// A node that was heard and is not enrolled here: for a relay that is the hub.
fn stranger(memory: &Memory) -> Option<&Node> {
    memory.nodes().filter(|node| node.voice.is_some() && node.enrolled.is_none()).min_by_key(|node| node.id)
}

fn beat(node: &Node) -> Option<Beat> {
    machines::beat_of(node.voice.as_ref()?)
}

/// A connection is taken for one some time longer than it is one: who is not heard by its beats is not said to be connected.
fn as_heard(link: Link, beat: Option<Beat>, now: UtcMs) -> Link {
    match reach_of_site([beat], now) {
        Reach { state: Reachability::Cut, since } if link.connected => {
            Link { connected: false, since, round_trip_ms: None, ..link }
        }
        _ => link,
    }
}

fn link(view: &View, node: &Node) -> Link {
    let Some(voice) = &node.voice else { return NO_LINK };
    let path = voice.session.and_then(|session| Some(view.sessions.get(&session)?.link.path()));
    Link {
        connected: voice.session.is_some(),
        since: voice.connected_since.or(voice.lost_at).map(Stamp),
        last_heard: voice.heard_at.map(Stamp),
        round_trip_ms: path.map(|path| path.rtt.as_secs_f64() * 1_000.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relay_that_is_not_heard_by_its_beats_is_not_connected_though_nobody_ended_its_connection() {
        let heard_at = Stamp(UtcMs(60_000));
        let open = Link {
            connected: true,
            since: Some(Stamp(UtcMs(0))),
            last_heard: Some(heard_at),
            round_trip_ms: Some(40.0),
        };
        let beat = Some(Beat { at: UtcMs(60_000), every_ms: USUAL_BEAT_MS });
        let seen_after_s = |s: i64| as_heard(open, beat, UtcMs(60_000 + s * 1_000));
        assert_eq!(seen_after_s(5), open);
        let cut = Link { connected: false, since: Some(heard_at), round_trip_ms: None, ..open };
        assert_eq!(seen_after_s(60), cut);
        let ended = Link { connected: false, since: Some(Stamp(UtcMs(70_000))), ..cut };
        assert_eq!(as_heard(ended, beat, UtcMs(120_000)), ended, "of one that was ended it is known since when");
        assert_eq!(as_heard(NO_LINK, None, UtcMs(0)), NO_LINK);
    }
}
