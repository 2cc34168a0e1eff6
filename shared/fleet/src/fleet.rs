//! The memory behind all answers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use vigie_model::{Anchor, NodeId, Role, Slug, StreamId, Tick, UtcMs};
use vigie_node::{Happening, NodeClock, NodeHandle};
use vigie_store::Log;
use vigie_sync::SessionId;
use vigie_sync::keep::StreamFacts;

use crate::recent::Recent;

/// A node that was enrolled, as the hub's roster or a relay's experience knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Which.
    pub node: NodeId,
    /// Agent or relay.
    pub role: Role,
    /// Whose.
    pub client: Slug,
    /// Where.
    pub site: Slug,
    /// What people call it.
    pub name: String,
}

/// What a relay knows of its way up.
#[derive(Debug, Clone)]
pub struct Upstream {
    /// Where the way leads, for people.
    pub to: String,
}

/// What is remembered of the voice of one node.
#[derive(Debug, Clone, Default)]
pub(crate) struct Voice {
    pub(crate) session: Option<SessionId>,
    pub(crate) connected_since: Option<UtcMs>,
    pub(crate) lost_at: Option<UtcMs>,
    pub(crate) heard_at: Option<UtcMs>,
    pub(crate) goodbye_at: Option<UtcMs>,
    /// Datagrams received when it was last looked.
    pub(crate) datagrams: u64,
}

/// How a stream's waiting ticks go down.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Draining {
    pub(crate) at_ms: u64,
    pub(crate) have: u64,
    pub(crate) per_second: f64,
    pub(crate) stable_since_ms: Option<u64>,
}

#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) nodes: BTreeMap<NodeId, Known>,
    /// The relays of each client's sites: asked for each machine, so not looked for among all nodes.
    relays: BTreeMap<(Slug, Slug), BTreeSet<NodeId>>,
    pub(crate) voices: BTreeMap<NodeId, Voice>,
    pub(crate) recents: BTreeMap<StreamId, Recent>,
    pub(crate) facts: BTreeMap<StreamId, Arc<StreamFacts>>,
    /// Who brought a stream last.
    pub(crate) bringers: BTreeMap<StreamId, NodeId>,
    pub(crate) of_session: BTreeMap<SessionId, NodeId>,
    pub(crate) draining: BTreeMap<StreamId, Draining>,
    pub(crate) not_ready: Vec<String>,
}

/// All that a relay or a hub knows of its machines.
#[derive(Debug)]
pub struct Fleet {
    pub(crate) role: Role,
    pub(crate) name: String,
    pub(crate) clock: NodeClock,
    pub(crate) handle: NodeHandle,
    pub(crate) log: Arc<RwLock<Log>>,
    pub(crate) upstream: Option<Upstream>,
    pub(crate) memory: RwLock<Memory>,
    /// Client and site of a relay: its machines are all there.
    pub(crate) place: Option<(Slug, Slug)>,
}

impl Fleet {
    /// A fleet that knows what the log holds.
    pub fn new(
        (role, name): (Role, String),
        place: Option<(Slug, Slug)>,
        upstream: Option<Upstream>,
        handle: NodeHandle,
        clock: NodeClock,
    ) -> Self {
        let log = handle.log();
        let fleet = Self { role, name, clock, handle, log, upstream, memory: RwLock::default(), place };
        fleet.read_log();
        fleet
    }

    pub(crate) fn memory(&self) -> RwLockReadGuard<'_, Memory> {
        self.memory.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn memory_mut(&self) -> RwLockWriteGuard<'_, Memory> {
        self.memory.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn log(&self) -> RwLockReadGuard<'_, Log> {
        self.log.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn read_log(&self) {
        let log = self.log();
        let mut memory = self.memory_mut();
        for (stream, facts) in log.streams() {
            memory.facts.insert(*stream, Arc::new(facts.clone()));
            let recent = memory.recents.entry(*stream).or_default();
            recent.learn(all_defs(&log, *stream, facts.schema_len));
            if let Ok(Some((at, tick))) = log.last_tick(*stream) {
                // When it was learnt is no longer known; not before it was measured.
                recent.saw(Arc::new(tick), at);
            }
            self.know_agent(&mut memory, *stream, &facts.name);
        }
    }

    /// A relay meets its machines by itself; a hub is told by its roster.
    fn know_agent(&self, memory: &mut Memory, stream: StreamId, name: &str) {
        let Some((client, site)) = &self.place else { return };
        let known = memory.nodes.entry(stream.agent).or_insert_with(|| Known {
            node: stream.agent,
            role: Role::Agent,
            client: client.clone(),
            site: site.clone(),
            name: name.to_owned(),
        });
        name.clone_into(&mut known.name);
    }

    /// A node is enrolled.
    pub fn enrolled(&self, known: Known) {
        self.memory_mut().enrolled(known);
    }

    /// A node is no longer.
    pub fn removed(&self, node: NodeId) {
        self.memory_mut().removed(node);
    }

    /// What keeps this node from taking part; empty when nothing does.
    pub fn set_not_ready(&self, reasons: Vec<String>) {
        self.memory_mut().not_ready = reasons;
    }

    /// Takes in what happened on the node. What is not of interest here changes nothing.
    pub fn happened(&self, happening: &Happening) {
        let now = self.clock.now().utc;
        match happening {
            Happening::Seen(stream, tick, from) => self.saw(*stream, tick, *from, now),
            Happening::Facts(stream, facts) => self.facts(*stream, facts),
            Happening::Up(session, peer) => {
                let mut memory = self.memory_mut();
                memory.of_session.insert(*session, peer.node);
                let voice = memory.voices.entry(peer.node).or_default();
                *voice = Voice {
                    session: Some(*session),
                    connected_since: Some(now),
                    heard_at: Some(now),
                    goodbye_at: None,
                    lost_at: None,
                    datagrams: 0,
                };
            }
            Happening::Down(session, node, _) => {
                let mut memory = self.memory_mut();
                memory.of_session.remove(session);
                if let Some(voice) = memory.voices.get_mut(node).filter(|voice| voice.session == Some(*session)) {
                    voice.session = None;
                    voice.connected_since = None;
                    voice.lost_at = Some(now);
                }
            }
            Happening::Announced(session, stream, _) => {
                let mut memory = self.memory_mut();
                if let Some(node) = memory.of_session.get(session).copied() {
                    memory.bringers.insert(*stream, node);
                }
            }
            Happening::Goodbye(_, node, _) => {
                self.memory_mut().voices.entry(*node).or_default().goodbye_at = Some(now);
            }
            Happening::Greeted(..)
            | Happening::Clock(..)
            | Happening::Errand(..)
            | Happening::Damaged(..)
            | Happening::Enrolment(_) => {}
        }
    }

    fn saw(&self, stream: StreamId, tick: &Arc<Tick>, from: Option<SessionId>, now: UtcMs) {
        let mut memory = self.memory_mut();
        memory.recents.entry(stream).or_default().saw(tick.clone(), now);
        let bringer = from.and_then(|session| memory.of_session.get(&session).copied());
        if let Some(node) = bringer {
            memory.bringers.insert(stream, node);
            memory.voices.entry(node).or_default().heard_at = Some(now);
        }
    }

    fn facts(&self, stream: StreamId, facts: &Arc<StreamFacts>) {
        let stale = {
            let memory = self.memory();
            memory.recents.get(&stream).map_or(0, |recent| recent.defs.len() as u32) != facts.schema_len
        };
        let defs = stale.then(|| all_defs(&self.log(), stream, facts.schema_len));
        let newest = self.newest_if_unknown(stream, facts);
        let now_ms = self.clock.mono_ms();
        let mut memory = self.memory_mut();
        self.know_agent(&mut memory, stream, &facts.name);
        let recent = memory.recents.entry(stream).or_default();
        if let Some(defs) = defs {
            recent.learn(defs);
        }
        if let Some((at, tick)) = newest {
            recent.saw(Arc::new(tick), at);
        }
        let drained = Draining::next(memory.draining.get(&stream).copied(), facts, now_ms);
        memory.draining.insert(stream, drained);
        memory.facts.insert(stream, facts.clone());
    }

    /// Ticks that came as backlog only are not seen as they pass; the newest is worth a look.
    fn newest_if_unknown(&self, stream: StreamId, facts: &StreamFacts) -> Option<(UtcMs, Tick)> {
        let known = self.memory().recents.get(&stream)?.newest().map_or(0, |seen| seen.tick.seq.0);
        let newest = facts.ticks().last()?;
        if newest <= known { None } else { self.log().last_tick(stream).ok().flatten() }
    }

    /// Notes which connections have brought anything since the last look. Call it every two seconds or so.
    pub fn listen(&self) {
        let now = self.clock.now().utc;
        let sessions = self.handle.view().sessions;
        let mut memory = self.memory_mut();
        for (session, view) in sessions {
            let datagrams = view.link.path().udp_rx_datagrams;
            let voice = memory.voices.entry(view.peer.node).or_default();
            if voice.session == Some(session) && voice.datagrams != datagrams {
                voice.datagrams = datagrams;
                voice.heard_at = Some(now);
            }
        }
    }
}

impl Memory {
    fn enrolled(&mut self, known: Known) {
        self.removed(known.node);
        if known.role == Role::Relay {
            self.relays.entry((known.client.clone(), known.site.clone())).or_default().insert(known.node);
        }
        self.nodes.insert(known.node, known);
    }

    fn removed(&mut self, node: NodeId) {
        let Some(known) = self.nodes.remove(&node) else { return };
        if let Some(relays) = self.relays.get_mut(&(known.client, known.site)) {
            relays.remove(&node);
        }
    }

    /// The relays of the site of a machine.
    pub(crate) fn relays_of(&self, known: &Known) -> impl Iterator<Item = NodeId> + '_ {
        self.relays.get(&(known.client.clone(), known.site.clone())).into_iter().flatten().copied()
    }

    /// The best anchor for a tick's boot.
    pub(crate) fn anchor(&self, stream: StreamId, boot_no: u32) -> Option<Anchor> {
        self.facts.get(&stream)?.anchors.get(&boot_no).copied()
    }

    /// True time of a tick, as far as known.
    pub(crate) fn true_time(&self, stream: StreamId, tick: &Tick) -> UtcMs {
        let anchor = self.anchor(stream, tick.at.boot.no);
        anchor.and_then(|anchor| anchor.resolve(tick.at)).unwrap_or(tick.at.utc)
    }

    /// All lives of a machine's store.
    pub(crate) fn streams_of(&self, node: NodeId) -> impl Iterator<Item = StreamId> + '_ {
        let from = StreamId { agent: node, incarnation: vigie_model::Incarnation(0) };
        let to = StreamId { agent: node, incarnation: vigie_model::Incarnation(u64::MAX) };
        let mut all: Vec<_> = self.recents.range(from..=to).map(|(stream, _)| *stream).collect();
        all.extend(self.facts.range(from..=to).map(|(stream, _)| *stream));
        all.sort_unstable();
        all.dedup();
        all.into_iter()
    }
}

impl Draining {
    /// Over a second or more, so that one commit is not taken for a rate.
    fn next(last: Option<Self>, facts: &StreamFacts, now_ms: u64) -> Self {
        let have = facts.have.count();
        let begun = Self { at_ms: now_ms, have, per_second: 0.0, stable_since_ms: None };
        let Some(last) = last else { return begun };
        let took_ms = now_ms.saturating_sub(last.at_ms);
        if took_ms < 1_000 {
            return last;
        }
        let per_second = have.saturating_sub(last.have) as f64 * 1_000.0 / took_ms as f64;
        let steady = last.per_second > 0.0 && (per_second / last.per_second - 1.0).abs() < 0.3;
        let stable_since_ms = if steady { last.stable_since_ms.or(Some(now_ms)) } else { None };
        Self { at_ms: now_ms, have, per_second, stable_since_ms }
    }
}

/// All definitions of a stream that can be read, in place.
pub(crate) fn all_defs(log: &Log, stream: StreamId, len: u32) -> Vec<vigie_model::SeriesDef> {
    let mut defs = Vec::new();
    while (defs.len() as u32) < len {
        match log.schema(stream, defs.len() as u32, 256) {
            Ok(part) if !part.is_empty() => defs.extend(part),
            _ => break,
        }
    }
    defs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(key: u8, role: Role, site: &str) -> Known {
        let slug = |text: &str| text.parse().expect("a slug");
        Known { node: NodeId::of_key(&[key; 32]), role, client: slug("acme"), site: slug(site), name: "box".to_owned() }
    }

    #[test]
    fn a_relay_is_found_at_its_present_site_alone() {
        let mut memory = Memory::default();
        let (relay, lyon, brest) =
            (known(1, Role::Relay, "lyon"), known(2, Role::Agent, "lyon"), known(3, Role::Agent, "brest"));
        [&relay, &lyon, &brest].into_iter().for_each(|one| memory.enrolled(one.clone()));
        let found = |memory: &Memory, of: &Known| memory.relays_of(of).collect::<Vec<_>>();
        assert_eq!((found(&memory, &lyon), found(&memory, &brest)), (vec![relay.node], vec![]));
        // It was carried to another site and enrolled there.
        memory.enrolled(known(1, Role::Relay, "brest"));
        assert_eq!((found(&memory, &lyon), found(&memory, &brest)), (vec![], vec![relay.node]));
        memory.removed(relay.node);
        assert_eq!(found(&memory, &brest), vec![]);
    }

    #[test]
    fn a_rate_is_told_over_a_second_or_more_and_called_steady_only_when_it_is() {
        let mut facts = StreamFacts::new([0; 32], "box".to_owned());
        let mut at = |last: Option<Draining>, have: u64, now_ms: u64| {
            facts.have = vigie_merge::RangeSet::of(1, have);
            Draining::next(last, &facts, now_ms)
        };
        let begun = at(None, 100, 0);
        assert_eq!(at(Some(begun), 190, 500).per_second, 0.0, "half a second says nothing");
        let first = at(Some(begun), 200, 1_000);
        assert_eq!((first.per_second, first.stable_since_ms), (100.0, None));
        let steady = at(Some(first), 310, 2_000);
        assert_eq!((steady.per_second, steady.stable_since_ms), (110.0, Some(2_000)));
        assert_eq!(at(Some(steady), 320, 3_000).stable_since_ms, None, "it has slowed down");
    }
}
