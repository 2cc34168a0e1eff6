//! What happens on the node, taken in.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use vigie_model::{Role, SeriesDef, StreamId, Tick, UtcMs, pushed_place};
use vigie_node::Happening;
use vigie_store::Log;
use vigie_sync::SessionId;
use vigie_sync::keep::StreamFacts;

use super::{Fleet, Known};
use crate::definitions::definitions;
use crate::memory::{Memory, Voice};

/// How often it is looked whether something happened of which nothing was told: telling does not wait for a role that is
/// busy. So long an answer may lack what has just become durable.
const CATCH_UP_MS: u64 = 10_000;

impl Fleet {
    /// Takes in what happened on the node. What is not of interest here changes nothing.
    pub fn happened(&self, happening: &Happening) {
        let now = self.clock.now().utc;
        match happening {
            Happening::Seen(stream, tick, from) => self.saw(*stream, tick, *from, now),
            Happening::Facts(stream, facts) if self.is_own(*stream) => self.newest_came(*stream, facts),
            Happening::Facts(stream, facts) => self.facts(*stream, facts),
            Happening::Up { session, peer, beat_ms } => {
                let mut memory = self.memory_mut();
                let (node, _) = memory.node_mut(peer.node);
                memory.of_session.insert(*session, node);
                if peer.role == Role::Agent {
                    memory.machines_themselves.insert(*session);
                }
                *memory.voice_mut(node) = Voice {
                    session: Some(*session),
                    connected_since: Some(now),
                    heard_at: Some(now),
                    beat_ms: Some(*beat_ms),
                    goodbye_at: None,
                    lost_at: None,
                    datagrams: 0,
                };
            }
            Happening::Beats(session, every_ms) => {
                let mut memory = self.memory_mut();
                if let Some(node) = memory.of_session.get(session).copied() {
                    let voice = memory.voice_mut(node);
                    voice.beat_ms = voice.beat_ms.max(Some(*every_ms));
                }
            }
            Happening::Down(session, node, _) => {
                let mut memory = self.memory_mut();
                memory.of_session.remove(session);
                memory.machines_themselves.remove(session);
                let (_, node) = memory.node_mut(*node);
                if let Some(voice) = node.voice.as_mut().filter(|voice| voice.session == Some(*session)) {
                    voice.session = None;
                    voice.connected_since = None;
                    voice.lost_at = Some(now);
                }
            }
            Happening::Announced(session, stream, _) => {
                let mut memory = self.memory_mut();
                if let Some(node) = memory.bringer(*session, *stream) {
                    memory.stream_mut(*stream).1.bringer = Some(node);
                }
            }
            Happening::Goodbye(_, node, _) => {
                let mut memory = self.memory_mut();
                let (node, _) = memory.node_mut(*node);
                memory.voice_mut(node).goodbye_at = Some(now);
            }
            Happening::Greeted(..)
            | Happening::Displaced(_)
            | Happening::Clock(..)
            | Happening::Errand(..)
            | Happening::Damaged(..)
            | Happening::Enrolment(_) => {}
        }
    }

    /// Notes which connections have brought anything since the last look, and now and then what happened untold. Call it
    /// every two seconds or so.
    pub fn listen(&self) {
        let now_ms = self.clock.mono_ms();
        if now_ms >= self.catch_up_due_ms.load(Ordering::Relaxed) {
            self.catch_up_due_ms.store(now_ms + CATCH_UP_MS, Ordering::Relaxed);
            self.catch_up();
        }
        self.watch_buffer(now_ms);
        let now = self.clock.now().utc;
        let view = self.view();
        let mut memory = self.memory_mut();
        for (session, view) in &view.sessions {
            let datagrams = view.link.path().udp_rx_datagrams;
            let (node, _) = memory.node_mut(view.peer.node);
            let voice = memory.voice_mut(node);
            if voice.session == Some(*session) && voice.datagrams != datagrams {
                voice.datagrams = datagrams;
                voice.heard_at = Some(now);
            }
        }
    }

    /// What became of a stream, in the order in which it became so: what others pushed to this node is known before it is
    /// said that it is kept.
    pub(super) fn became(&self, stream: StreamId, facts: &Arc<StreamFacts>) {
        if self.is_own(stream) {
            let _alone = self.own();
            // The newest tick is looked at when the loop tells the same: the store's thread has no time for that.
            let defs = self.lacking(stream, facts);
            self.told(&mut self.memory_mut(), stream, facts, defs);
        }
    }

    /// Whether a stream is one that this node hears of at once.
    fn is_own(&self, stream: StreamId) -> bool {
        self.me == Some(stream.agent) && self.intake.0.get().is_some()
    }

    fn saw(&self, stream: StreamId, tick: &Arc<Tick>, from: Option<SessionId>, now: UtcMs) {
        let mut memory = self.memory_mut();
        memory.arrived(stream, tick, now);
        let bringer = from.and_then(|session| memory.bringer(session, stream));
        if let Some(node) = bringer {
            memory.stream_mut(stream).1.bringer = Some(node);
            memory.voice_mut(node).heard_at = Some(now);
        }
    }

    fn facts(&self, stream: StreamId, facts: &Arc<StreamFacts>) {
        let defs = self.lacking(stream, facts);
        self.told(&mut self.memory_mut(), stream, facts, defs);
        self.newest_came(stream, facts);
    }

    /// Reads the definitions that memory lacks.
    fn lacking(&self, stream: StreamId, facts: &StreamFacts) -> Option<(u32, Vec<SeriesDef>)> {
        let from = self.memory().lacks_defs(stream, facts)?;
        Some((from, definitions(&self.log(), stream, (from, facts.schema_len))))
    }

    /// Looks at the newest tick, if none saw it pass.
    fn newest_came(&self, stream: StreamId, facts: &StreamFacts) {
        if self.number_if_unknown(stream, facts).is_none() {
            return;
        }
        let tick = self.log().last_tick(stream).ok().flatten();
        if let Some((at, tick)) = tick {
            self.memory_mut().arrived(stream, &Arc::new(tick), at);
        }
    }

    /// Ticks that came as backlog only are not seen as they pass; the newest is worth a look.
    fn number_if_unknown(&self, stream: StreamId, facts: &StreamFacts) -> Option<u64> {
        let memory = self.memory();
        let recent = memory.find_stream(stream).map(|ix| &memory.stream(ix).recent);
        let known = recent.and_then(|recent| recent.newest()).map_or(0, |seen| seen.seq);
        let last = facts.have.last().filter(|last| *last > known)?;
        let newest = if facts.gaps.contains(last) { facts.ticks().last()? } else { last };
        (newest > known).then_some(newest)
    }

    pub(super) fn take_facts(&self, memory: &mut Memory, log: &Log, stream: StreamId, facts: &Arc<StreamFacts>) {
        let lacks = memory.lacks_defs(stream, facts);
        let defs = lacks.map(|from| (from, definitions(log, stream, (from, facts.schema_len))));
        self.told(memory, stream, facts, defs);
    }

    fn told(
        &self,
        memory: &mut Memory,
        stream: StreamId,
        facts: &Arc<StreamFacts>,
        defs: Option<(u32, Vec<SeriesDef>)>,
    ) {
        self.know_owner(memory, stream, &facts.name);
        memory.learn(stream, facts, defs);
        memory.told(stream, facts, self.role, self.clock.mono_ms());
    }

    /// Whose a stream is. What others pushed to this node says so itself; what they pushed to a relay is of its site.
    fn know_owner(&self, memory: &mut Memory, stream: StreamId, name: &str) {
        if self.me == Some(stream.agent) {
            if let Some((client, site)) = self.place.clone().or_else(|| pushed_place(name)) {
                memory.give_to_place(stream, &client, &site);
            }
            return;
        }
        match memory.enrolled(stream.agent) {
            Some(known) if known.role == Role::Relay => {
                let (client, site) = (known.client.clone(), known.site.clone());
                memory.give_to_place(stream, &client, &site);
            }
            _ => self.know_agent(memory, stream, name),
        }
    }

    /// A relay meets its machines by itself; a hub is told by its roster.
    fn know_agent(&self, memory: &mut Memory, stream: StreamId, name: &str) {
        let Some((client, site)) = &self.place else { return };
        let known = match memory.enrolled(stream.agent) {
            Some(known) if known.name == name => return,
            Some(known) => Known { name: name.to_owned(), ..known.clone() },
            None => Known {
                node: stream.agent,
                role: Role::Agent,
                client: client.clone(),
                site: site.clone(),
                name: name.to_owned(),
            },
        };
        memory.enrol(known);
    }

    /// Takes in what the log knows and memory does not. While a commit is under way it is not waited for.
    pub(super) fn catch_up(&self) {
        // What is read of the log here is never taken in after something newer.
        let _alone = self.own();
        let untold: Vec<(StreamId, Arc<StreamFacts>)> = {
            let Some(log) = self.try_log() else { return };
            let memory = self.memory();
            let untold = log.streams().iter().filter(|(stream, facts)| !memory.was_told(**stream, facts));
            untold.map(|(stream, facts)| (*stream, Arc::new(facts.clone()))).collect()
        };
        untold.iter().for_each(|(stream, facts)| self.facts(*stream, facts));
    }
}
