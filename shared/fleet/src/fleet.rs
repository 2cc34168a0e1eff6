//! All that a relay or a hub knows of its machines, and whom it asks for more.

mod happened;

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use tokio::sync::watch;
use vigie_model::{NodeId, Role, Slug};
use vigie_net::UplinkState;
use vigie_node::{KeptBack, NodeClock, NodeHandle, NodeRows, View};
use vigie_serve::{Intake, Surroundings};
use vigie_store::Log;
use vigie_sync::keep::Write;

use crate::buffer::Buffer;
use crate::label_cache::LabelCache;
use crate::memory::Memory;
use crate::own::SaysOwn;
use crate::systems::SystemsKept;

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
    /// How the relay itself is, where it says so.
    pub own: Option<SaysOwn>,
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
    pub(crate) systems: SystemsKept,
    catch_up_due_ms: AtomicU64,
    /// Held while it is taken in what became of this node's own streams.
    own: Mutex<()>,
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
        let (memory, labels, systems) = (RwLock::default(), Mutex::default(), SystemsKept::default());
        let (catch_up_due_ms, own, buffer) = (AtomicU64::new(0), Mutex::default(), Mutex::default());
        let (handle, upstream, me, intake) = (None, None, None, Inlet::default());
        Self {
            role,
            name,
            clock,
            handle,
            log,
            upstream,
            buffer,
            memory,
            labels,
            systems,
            catch_up_due_ms,
            own,
            me,
            intake,
            place,
        }
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

    fn own(&self) -> MutexGuard<'_, ()> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// Says where samples that others push are taken in, and hears of them before it is said that they are kept: whoever is
    /// told so and asks for them is answered with them. Once.
    pub fn take_in(self: &Arc<Self>, intake: Arc<dyn Intake>) {
        if let Some(handle) = &self.handle {
            let fleet = Arc::downgrade(self);
            handle.hear_first(move |stream, facts| {
                if let Some(fleet) = fleet.upgrade() {
                    fleet.became(stream, facts);
                }
            });
        }
        // Said twice, the first stands.
        drop(self.intake.0.set(intake));
        self.catch_up();
    }

    pub(crate) fn intake_of(&self) -> Option<Arc<dyn Intake>> {
        self.intake.0.get().cloned()
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
}
