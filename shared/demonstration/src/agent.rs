//! How does an agent live whose machine is made up? As any agent: it numbers, signs, keeps and sends what it is given.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tracing::{debug, warn};
use vigie_codec::inventory;
use vigie_codec::wire::Clock;
use vigie_merge::{Key, Kind};
use vigie_model::inventory::{self as fact, Observed, Word};
use vigie_model::{Anchor, Boot, Moment, Role, UtcMs};
use vigie_net::{Endpoint, EndpointConfig, Target, TrustedTime, Uplink};
use vigie_node::{
    Command, Failed, Happening, KeeperOptions, Node, NodeClock, NodeHandle, NodeRows, NodeSetup, boot_moment, boot_no,
    earlier_lives, open_state_told, random_incarnation, trust,
};
use vigie_store::rows::Pen;
use vigie_store::{Log, Options, State};
use vigie_sync::lives::Lives;
use vigie_sync::origin::SealAfter;
use vigie_sync::{LinkKind, LinkProfile};

use crate::cast::Part;
use crate::figures::{EVERY_MS, Own, measured, series};
use crate::opening::Opened;
use crate::script::act;

/// What a month of seventeen series takes, and to spare.
const STORE_BYTES: u64 = 32 << 20;

/// A commit waits so long for company.
const GROUP: Duration = Duration::from_secs(1);

/// An agent of the demonstration.
pub(crate) struct Agent {
    part: &'static Part,
    began: UtcMs,
    handle: NodeHandle,
    happenings: mpsc::Receiver<Happening>,
    node: tokio::task::JoinHandle<()>,
    endpoint: Endpoint,
    clock: NodeClock,
    state: Arc<State>,
    lives: Lives,
    boot_no: u32,
    anchor: Option<Anchor>,
}

impl Agent {
    /// Opens its stores and looks for its relay. `began` is when the demonstration did.
    pub(crate) fn begin(part: &'static Part, opened: &Opened, relay: SocketAddr, began: UtcMs) -> Result<Self, Failed> {
        let (identity, clock) = (opened.identity.clone(), NodeClock::new());
        let (state, lost) = open_state_told(&opened.folder)?;
        let boot_no = boot_no(&state)?;
        let state = Arc::new(state);
        let options = Options { ballast_bytes: 256 << 10, index_spans: 256, ..Options::agent(STORE_BYTES) };
        let (log, _) = Log::open(&opened.folder, options)?;
        let lives = lives(part, opened, &log, clock.now().utc)?;
        let lan = LinkProfile::of(LinkKind::Lan);
        let time = TrustedTime::system(trust::floor(&state));
        let endpoint = Endpoint::bind_anywhere(EndpointConfig::dialling(identity.clone(), lan.clone(), time))?;
        let uplink = Uplink::begin(endpoint.clone(), vec![Target::at(relay.to_string())]);
        let gap_key = Some(identity.key().signing_key().clone());
        let keeper = KeeperOptions { group: GROUP, tidy_every: Duration::from_secs(60), gap_key };
        let place = Some((identity.client(), identity.site()));
        let who = (identity.node(), Role::Agent);
        let rows = NodeRows::open(state.clone(), who, place, trust::floor(&state), lost, clock.clone())?;
        let (node, handle, happenings) = Node::new(NodeSetup {
            me: opened.me(log.epoch())?,
            endpoint: endpoint.clone(),
            listens: false,
            uplink: Some(uplink),
            up: lan.clone(),
            down: lan,
            log,
            keeper,
            rows,
            clock: clock.clone(),
        })?;
        let node = tokio::spawn(node.run());
        Ok(Self { part, began, handle, happenings, node, endpoint, clock, state, lives, boot_no, anchor: None })
    }

    /// Measures until it is told to stop.
    pub(crate) async fn live(mut self, mut stop: watch::Receiver<bool>) {
        if let Err(error) = self.tell_what_it_is() {
            warn!(
                machine = self.part.name,
                error = error.text,
                "what a machine of the demonstration is could not be kept"
            );
        }
        let fresh = if self.lives.defs().is_empty() { series(self.part) } else { Vec::new() };
        self.lives.define(fresh);
        self.keep(false).await;
        let mut due = self.next_due();
        loop {
            let wait = self.wait(due);
            tokio::select! {
                biased;
                _ = stop.changed() => break,
                happening = self.happenings.recv() => match happening {
                    Some(happening) => self.happened(happening),
                    // Its store was begun anew: a real agent begins again, this one at the next start of the hub.
                    None => return warn!(machine = self.part.name, "a machine of the demonstration lost its store"),
                },
                () = tokio::time::sleep(wait) => {
                    if self.clock.now().utc >= due {
                        self.measure(due).await;
                    }
                    due = self.next_due();
                }
            }
        }
        self.keep(true).await;
        self.handle.leave("the demonstration stops").await;
        // The loop has said that it left.
        drop(self.node.await);
    }

    async fn measure(&mut self, at: UtcMs) {
        if !self.lives.can_number() {
            // The store could not reserve numbers: its next commit tries again.
            return self.keep(false).await;
        }
        let since_ms = at.0 - self.began.0;
        let samples = measured(self.part, at, since_ms, act(since_ms).is_trouble, self.own());
        let moment = Moment { utc: at, boot: Boot { no: self.boot_no, ms: boot_moment().1 } };
        let Some(tick) = self.lives.measured(moment, samples, self.clock.mono_ms()) else { return };
        // What its definitions wait for is on disk after the commit.
        let waits = self.lives.must_wait();
        if !waits {
            self.handle.command(Command::Measured(self.lives.stream(), tick.clone()));
        }
        self.keep(false).await;
        if waits {
            self.handle.command(Command::Measured(self.lives.stream(), tick));
        }
    }

    fn own(&self) -> Own {
        let mut own = Own::default();
        if let Ok(log) = self.handle.log().read() {
            (own.store_bytes, own.store_limit_bytes) = (log.used_bytes(), log.cap_bytes());
        }
        own.waiting_ticks = self.handle.view().up().map_or(0, |(_, session)| session.backlog_ticks);
        own
    }

    async fn keep(&mut self, closing: bool) {
        let now = self.clock.now();
        let (writes, settling) = self.lives.writes(now.mono_ms, now.utc, closing);
        if writes.is_empty() {
            return;
        }
        match self.handle.keep(writes).await {
            Ok(_) => self.lives.settled(&settling),
            Err(why) => debug!(machine = self.part.name, error = %why, "not kept; the next commit tries again"),
        }
    }

    fn happened(&mut self, happening: Happening) {
        match happening {
            Happening::Damaged(stream, lost) => self.lives.damaged(stream, &lost, self.clock.now().utc),
            Happening::Clock(_, clock, round_trip_ms) => self.clock_told(clock, round_trip_ms),
            _ => {}
        }
    }

    fn clock_told(&mut self, clock: Clock, round_trip_ms: u64) {
        let half = round_trip_ms / 2;
        let anchor = Anchor {
            boot: Boot { no: self.boot_no, ms: boot_moment().1 },
            utc: UtcMs(clock.utc.0.saturating_add(half.cast_signed())),
            error_ms: u32::try_from(half).unwrap_or(u32::MAX).saturating_add(clock.error_ms),
            source: clock.source,
        };
        trust::raise(&self.state, self.endpoint.time(), clock);
        if self.anchor.is_none_or(|old| anchor.is_better_than(&old)) {
            self.anchor = Some(anchor);
            self.lives.anchored(anchor);
        }
    }

    /// The machines of a site measure in the same second.
    fn next_due(&self) -> UtcMs {
        let now = self.clock.now().utc.0;
        UtcMs((now.div_euclid(EVERY_MS) + 1) * EVERY_MS)
    }

    fn wait(&self, due: UtcMs) -> Duration {
        // Never further than the next round: the wall clock may be set meanwhile.
        Duration::from_millis((due.0 - self.clock.now().utc.0).clamp(0, EVERY_MS).cast_unsigned())
    }

    /// What a machine is does not change; when its agent began does.
    fn tell_what_it_is(&self) -> Result<(), Failed> {
        let (rows, at) = (self.handle.rows(), self.clock.now().utc);
        let who = rows.who();
        let key = |word: Word| Key::new(&who.view, &Kind::Fact, &format!("{}/{}", who.node, word.as_str()));
        let agent = fact::Agent { version: env!("CARGO_PKG_VERSION").to_owned(), began: at };
        let mut facts = vec![(key(Word::Agent)?, inventory::write(&Observed { at, what: agent }))];
        let system = key(Word::System)?;
        if rows.get(&system)?.is_none() {
            facts.push((system, inventory::write(&Observed { at, what: self.part.system() })));
            facts.push((key(Word::Disks)?, inventory::write_list(at, self.part.disks()).1));
            facts.push((key(Word::Nics)?, inventory::write_list(at, self.part.nics()).1));
        }
        let write = |pen: &mut Pen<'_>| facts.iter().try_for_each(|(key, value)| pen.last(key, Some(value.clone())));
        Ok(tokio::task::block_in_place(|| rows.edit_blocking(write))?)
    }
}

/// The life of its store goes on. Where there are several, one of them was broken off, and a fresh one begins.
fn lives(part: &Part, opened: &Opened, log: &Log, now: UtcMs) -> Result<Lives, Failed> {
    let earlier = earlier_lives(log);
    let own = || earlier.iter().filter(|life| life.stream.agent == opened.identity.node());
    let present = own().next().filter(|_| own().count() == 1).map(|life| life.stream.incarnation);
    let who = (opened.identity.node(), part.name.to_owned(), opened.identity.key().signing_key().clone());
    Ok(Lives::resume(who, earlier, present, random_incarnation()?, SealAfter::default(), now))
}
