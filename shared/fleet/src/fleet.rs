//! What happens on the node, taken in.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use tokio::sync::watch;
use vigie_model::{NodeId, Role, SeriesDef, Slug, StreamId, Tick, UtcMs, pushed_place};
use vigie_net::UplinkState;
use vigie_node::{Happening, KeptBack, NodeClock, NodeHandle, NodeRows, View};
use vigie_serve::{Intake, Surroundings};
use vigie_store::Log;
use vigie_sync::SessionId;
use vigie_sync::keep::{StreamFacts, Write};

use crate::buffer::Buffer;
use crate::definitions::definitions;
use crate::label_cache::LabelCache;
use crate::memory::{Memory, Voice};

/// How often it is looked whether something happened of which nothing was told: telling does not wait for a role that is
/// busy. So long an answer may lack what has just become durable.
const CATCH_UP_MS: u64 = 10_000;

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
    /// How the search for it goes.
    pub search: watch::Receiver<UplinkState>,
    /// What lies on it.
    pub around: Arc<Surroundings>,
}

/// All that a relay or a hub knows of its machines.
#[derive(Debug)]
pub struct Fleet {
    pub(crate) role: Role,
    pub(crate) name: String,
    pub(crate) clock: NodeClock,
    /// The node whose happenings these are; none where a log is looked at by itself.
    handle: Option<NodeHandle>,
    log: Arc<RwLock<Log>>,
    pub(crate) upstream: Option<Upstream>,
    /// What waits here for the hub, watched.
    buffer: Mutex<Buffer>,
    memory: RwLock<Memory>,
    labels: Mutex<LabelCache>,
    catch_up_due_ms: AtomicU64,
    /// This node, where it is itself the origin of what others push to it.
    pub(crate) me: Option<NodeId>,
    intake: Inlet,
    /// Client and site of a relay: its machines are all there.
    pub(crate) place: Option<(Slug, Slug)>,
}

/// Where samples that others push are taken in, once that is known.
#[derive(Default)]
struct Inlet(OnceLock<Arc<dyn Intake>>);

impl std::fmt::Debug for Inlet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.get().is_some() { "Inlet(open)" } else { "Inlet(closed)" })
    }
}

impl Fleet {
    /// A fleet that knows what the log holds.
    pub fn new(
        (me, role, name): (NodeId, Role, String),
        place: Option<(Slug, Slug)>,
        upstream: Option<Upstream>,
        handle: NodeHandle,
        clock: NodeClock,
    ) -> Self {
        let (log, handle) = (handle.log(), Some(handle));
        Self::begin(Self { me: Some(me), upstream, handle, ..Self::bare((role, name), place, log, clock) })
    }

    /// A fleet that knows what a log holds and is connected with nobody: to look at a store by itself, and to measure how
    /// fast that is.
    pub fn of_log(
        (role, name): (Role, String),
        place: Option<(Slug, Slug)>,
        log: Arc<RwLock<Log>>,
        clock: NodeClock,
    ) -> Self {
        Self::begin(Self::bare((role, name), place, log, clock))
    }

    fn bare(
        (role, name): (Role, String),
        place: Option<(Slug, Slug)>,
        log: Arc<RwLock<Log>>,
        clock: NodeClock,
    ) -> Self {
        let (memory, labels) = (RwLock::default(), Mutex::default());
        let (catch_up_due_ms, buffer) = (AtomicU64::new(0), Mutex::default());
        let (handle, upstream, me, intake) = (None, None, None, Inlet::default());
        Self { role, name, clock, handle, log, upstream, buffer, memory, labels, catch_up_due_ms, me, intake, place }
    }

    fn begin(self) -> Self {
        let log = self.log();
        let mut memory = self.memory_mut();
        for (stream, facts) in log.streams() {
            self.take_facts(&mut memory, &log, *stream, &Arc::new(facts.clone()));
            if let Ok(Some((at, tick))) = log.last_tick(*stream) {
                // When it was learnt is no longer known; not before it was measured.
                memory.saw(*stream, &Arc::new(tick), at);
            }
        }
        drop((memory, log));
        self
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

    pub(crate) fn try_log(&self) -> Option<RwLockReadGuard<'_, Log>> {
        self.log.try_read().ok()
    }

    pub(crate) fn buffer(&self) -> MutexGuard<'_, Buffer> {
        self.buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn label_cache(&self) -> MutexGuard<'_, LabelCache> {
        self.labels.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whom the node is connected with, as it stands now.
    pub(crate) fn view(&self) -> Arc<View> {
        self.handle.as_ref().map(NodeHandle::view).unwrap_or_default()
    }

    /// What is state on this node.
    pub(crate) fn rows(&self) -> Option<&NodeRows> {
        self.handle.as_ref().map(NodeHandle::rows)
    }

    /// Keeps something, from a thread that may block.
    pub(crate) fn keep(&self, writes: Vec<Write>) -> Result<(), KeptBack> {
        let handle = self.handle.as_ref().ok_or_else(|| KeptBack("nothing runs here".to_owned()))?;
        handle.keep_blocking(writes).map(drop)
    }

    /// Says where samples that others push are taken in. Once.
    pub fn take_in(&self, intake: Arc<dyn Intake>) {
        // Said twice, the first stands.
        drop(self.intake.0.set(intake));
    }

    pub(crate) fn intake_of(&self) -> Option<Arc<dyn Intake>> {
        self.intake.0.get().cloned()
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

    /// A node is enrolled.
    pub fn enrolled(&self, known: Known) {
        let mut memory = self.memory_mut();
        let pushes = (known.role == Role::Relay).then(|| (known.node, known.client.clone(), known.site.clone()));
        memory.enrol(known);
        if let Some((relay, client, site)) = pushes {
            memory.streams_from(relay).into_iter().for_each(|stream| memory.give_to_place(stream, &client, &site));
        }
    }

    /// A node is no longer.
    pub fn removed(&self, node: NodeId) {
        self.memory_mut().remove(node);
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
        let lacks = self.memory().lacks_defs(stream, facts);
        let newest = self.number_if_unknown(stream, facts);
        if lacks.is_none() && newest.is_none() {
            let mut memory = self.memory_mut();
            return self.told(&mut memory, stream, facts, None);
        }
        let log = self.log();
        let defs = lacks.map(|from| (from, definitions(&log, stream, (from, facts.schema_len))));
        let tick = newest.and_then(|_| log.last_tick(stream).ok().flatten());
        drop(log);
        let mut memory = self.memory_mut();
        self.told(&mut memory, stream, facts, defs);
        if let Some((at, tick)) = tick {
            memory.arrived(stream, &Arc::new(tick), at);
        }
    }

    fn take_facts(&self, memory: &mut Memory, log: &Log, stream: StreamId, facts: &Arc<StreamFacts>) {
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

    /// Ticks that came as backlog only are not seen as they pass; the newest is worth a look.
    fn number_if_unknown(&self, stream: StreamId, facts: &StreamFacts) -> Option<u64> {
        let memory = self.memory();
        let recent = memory.find_stream(stream).map(|ix| &memory.stream(ix).recent);
        let known = recent.and_then(|recent| recent.newest()).map_or(0, |seen| seen.seq);
        let last = facts.have.last().filter(|last| *last > known)?;
        let newest = if facts.gaps.contains(last) { facts.ticks().last()? } else { last };
        (newest > known).then_some(newest)
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
}

impl Fleet {
    /// Takes in what the log knows and memory does not. While a commit is under way it is not waited for.
    fn catch_up(&self) {
        let untold: Vec<(StreamId, Arc<StreamFacts>)> = {
            let Some(log) = self.try_log() else { return };
            let memory = self.memory();
            let untold = log.streams().iter().filter(|(stream, facts)| !memory.was_told(**stream, facts));
            untold.map(|(stream, facts)| (*stream, Arc::new(facts.clone()))).collect()
        };
        untold.iter().for_each(|(stream, facts)| self.facts(*stream, facts));
    }
}
