//! The agent's life: measure, number, keep, send.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tracing::{debug, error, info, warn};
use vigie_codec::VerifyingKey;
use vigie_codec::wire::Clock;
use vigie_model::{Anchor, Boot, Role, Seq, SeriesDef, StreamId, Tick};
use vigie_net::{Endpoint, EndpointConfig, Identity, SharedRevocations, Target, TrustedTime, Uplink};
use vigie_node::{
    Command, Failed, Happening, KeeperOptions, Node, NodeClock, NodeHandle, NodeRows, NodeSetup, Renewing, again,
    boot_moment, hatch, host_name, load_identity, loop_ended, open_state_told, random_incarnation, stop_signal, trust,
};
use vigie_store::{Log, OpenReport, Options, State};
use vigie_sync::keep::Outcome;
use vigie_sync::keep::StreamFacts;
use vigie_sync::lives::{Earlier, Lives, Settling};
use vigie_sync::noted::{Found, Noted};
use vigie_sync::{Errand, Me};

use crate::collect::{Due, OwnFigures, Schedule};
use crate::config::Config;
use crate::defs::all_defs;
use crate::foreign::{self, Board, Hand, Pace, Queue, Reading, Waiting, Ways};
use crate::inventory;
use crate::measure::{Measured, Meter, Order, Others, Told};
use crate::notes::Notes;
use crate::parting::{self, Parting};
use crate::place::Place;
use crate::status::Status;
use crate::twin::Twin;

/// Ticks that wait for their definitions to be durable before they leave.
const MAX_HELD: usize = 64;

/// Numbers that what others say leaves to the machine's own rounds: they never wait for a commit, and a store that can not
/// commit makes a new life begin for their sake alone.
const LEFT_FOR_ROUNDS: u64 = 4;

/// How often it is looked for ticks that were deleted here and that nobody has any more.
const LOOK_FOR_LOST_EVERY: Duration = Duration::from_secs(60);

/// Runs until a signal ends it.
pub(crate) fn run(config: Config) -> Result<ExitCode, Failed> {
    // One thread: what an agent does fits into a thousandth of a core.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(2)
        .thread_stack_size(512 * 1024)
        .build()?;
    runtime.block_on(async { Agent::start(config).await?.live().await })
}

/// Why measuring ends.
enum End {
    /// Somebody stops the program.
    Told,
    /// An identity of its own lies ready, and takes the place of the one that another machine has too.
    Parts,
}

/// The running agent.
struct Agent {
    config: Config,
    identity: Arc<Identity>,
    endpoint: Endpoint,
    handle: NodeHandle,
    happenings: mpsc::Receiver<Happening>,
    node: tokio::task::JoinHandle<()>,
    clock: NodeClock,
    state: Arc<State>,
    lives: Lives,
    meter: Meter,
    told: mpsc::UnboundedReceiver<Told>,
    /// Rounds that were ordered and are not measured yet.
    rounds_under_way: u32,
    /// What others said and has no number yet.
    queue: Queue,
    board: Arc<Board>,
    schedule: Schedule,
    last_due: Option<Due>,
    boot_no: u32,
    anchor: Option<Anchor>,
    held: Vec<Arc<Tick>>,
    commit: Option<Commit>,
    commit_at: Option<tokio::time::Instant>,
    notes: Notes,
    looked_for_lost: tokio::time::Instant,
    renewing: Renewing,
    place: Place,
    parting: Parting,
    status: Arc<Status>,
}

/// A commit under way.
struct Commit {
    settling: Settling,
    answer: std::pin::Pin<Box<dyn Future<Output = bool> + Send>>,
}

impl Agent {
    async fn start(config: Config) -> Result<Self, Failed> {
        parting::finish(&config.data);
        let identity = Arc::new(load_identity(&config.data, Role::Agent)?);
        let clock = NodeClock::new();
        let (state, boot_no, lost) = open_state(&config.data)?;
        let (log, opened) = open_log(&config)?;
        let now = clock.now().utc;
        Notes::of_node(&state, identity.node())?;
        let own: Vec<_> = log.streams().keys().filter(|stream| stream.agent == identity.node()).collect();
        let own: Vec<_> = own.into_iter().map(|stream| stream.incarnation).collect();
        let place = Place::look(&state, &config.data, &own, now)?;
        let name = config.name.clone().unwrap_or_else(host_name);
        let key = identity.key().signing_key().clone();
        let earlier = earlier_lives(&log);
        let fresh = random_incarnation()?;
        let mut notes = Notes::read(&state, log.epoch());
        let stream = |life| StreamId { agent: identity.node(), incarnation: life };
        let verdict = notes.judge(|life| match log.streams().contains_key(&stream(life)) {
            false => Found::Unknown,
            true if opened.rebuilt.contains(&stream(life)) => Found::Rebuilt,
            true => Found::Whole,
        });
        // A life may have become durable in the moment before the program died, and so not have been noted.
        for life in earlier.iter().filter(|life| life.stream.agent == identity.node()) {
            let last = life.facts.have.last().unwrap_or(0).max(life.facts.reserved.0);
            notes.note_unknown(&state, life.stream.incarnation, Seq(last));
        }
        let left_alone = |life: &Earlier| place.leaves_alone(life.stream.incarnation);
        let mut lives = Lives::resume(
            (identity.node(), name.clone(), key.clone()),
            earlier.into_iter().filter(|life| !left_alone(life)).collect(),
            verdict.present.filter(|life| !place.leaves_alone(*life)),
            fresh,
            config.seal_after,
            now,
        );
        for Noted { life, upto, .. } in verdict.lost.into_iter().filter(|noted| !place.leaves_alone(noted.life)) {
            lives.store_lost(stream(life), key.verifying_key().to_bytes(), upto, now);
        }
        let endpoint = Endpoint::bind_anywhere(
            EndpointConfig::dialling(identity.clone(), config.link.clone(), TrustedTime::system(trust::floor(&state)))
                .with_revocations(SharedRevocations::new(trust::known_revoked(&state, &identity))),
        )?;
        let targets = targets(&config, &identity);
        let at = targets.iter().map(|target| target.address.clone()).collect();
        let twin = Twin::new(place.is_elsewhere(), clock.mono_ms());
        let parting = Parting::new(twin, &config.data, at, name.clone());
        let uplink = Uplink::begin(endpoint.clone(), targets);
        let watch = uplink.watch();
        let hub_key = VerifyingKey::from_bytes(&identity.facts().hub_key)
            .map_err(|_| Failed::new(1, "the hub's key in the identity is no key; enrol this machine again"))?;
        let me = Me {
            node: identity.node(),
            role: Role::Agent,
            name,
            software: env!("CARGO_PKG_VERSION").to_owned(),
            store_epoch: log.epoch(),
            hub_key,
            receipt_key: None,
        };
        let keeper =
            KeeperOptions { group: Duration::from_secs(5), tidy_every: Duration::from_secs(60), gap_key: Some(key) };
        let site = Some((identity.client(), identity.site()));
        let who = (identity.node(), Role::Agent);
        let rows = NodeRows::open(state.clone(), who, site, trust::floor(&state), lost, clock.clone())?;
        let (node, handle, happenings) = Node::new(NodeSetup {
            me,
            endpoint: endpoint.clone(),
            listens: false,
            uplink: Some(uplink),
            up: config.link.clone(),
            down: config.link.clone(),
            log,
            keeper,
            rows,
            clock: clock.clone(),
        })?;
        let (results, told) = mpsc::unbounded_channel();
        let (board, waiting) = (Arc::new(Board::new(&config.foreign)), Waiting::default());
        let others = Others { series: config.foreign.series, waiting: waiting.clone(), board: board.clone() };
        let meter = Meter::start(config.choice, lives.defs(), boot_no, others, results)?;
        let schedule = Schedule::new(config.intervals, (identity.client(), identity.site()), identity.node());
        let hand = Hand::new(meter.orders(), waiting.clone(), board.clone());
        foreign::start(&config.foreign, Ways { hand, board: board.clone(), pace: Pace::new(schedule), boot_no })?;
        let status = Arc::new(Status::new(handle.clone(), watch, identity.clone(), clock.clone(), board.clone()));
        hatch::open(&config.data, status.clone())?;
        let slow = config.intervals.of(crate::collect::Tier::Slow);
        tokio::spawn(inventory::tend(handle.rows().clone(), clock.clone(), slow));
        let (stream, facts) = lives.introduction();
        let is_new = handle.log().read().is_ok_and(|log| !log.streams().contains_key(&stream));
        if is_new {
            handle.command(Command::Begin(stream, Arc::new(facts)));
        }
        Ok(Self {
            renewing: Renewing::new(&config.data, &identity, chance(&identity)),
            place,
            parting,
            config,
            identity,
            endpoint,
            handle,
            happenings,
            node: tokio::spawn(node.run()),
            clock,
            state,
            lives,
            meter,
            told,
            rounds_under_way: 0,
            queue: Queue::new(waiting),
            board,
            schedule,
            last_due: None,
            boot_no,
            anchor: None,
            held: Vec::new(),
            commit: None,
            commit_at: None,
            notes,
            looked_for_lost: tokio::time::Instant::now(),
            status,
        })
    }

    async fn live(mut self) -> Result<ExitCode, Failed> {
        info!(node = %self.identity.node(), site = %self.identity.site(), "measuring");
        self.begin_commit(false);
        let mut stop = Box::pin(stop_signal());
        let mut due = self.next_due();
        let end = loop {
            let wake = self.wake_at(due);
            tokio::select! {
                biased;
                () = &mut stop => break End::Told,
                kept = finished(&mut self.commit) => self.committed(kept),
                Some(told) = self.told.recv() => self.told(told),
                happening = self.happenings.recv() => match happening {
                    Some(happening) => self.happened(happening),
                    None => return Err(self.begin_again()),
                },
                () = tokio::time::sleep_until(self.commit_at.unwrap_or_else(far)), if self.commit_at.is_some() => {
                    self.begin_commit(false);
                }
                () = tokio::time::sleep_until(wake) => {
                    if self.clock.now().utc >= due.at {
                        self.order(due);
                    }
                    due = self.next_due();
                    self.renew();
                    self.own_up();
                    self.look_at_place();
                    if self.parting.look(self.clock.mono_ms(), &self.identity, self.endpoint.time()) {
                        break End::Parts;
                    }
                }
            }
        };
        let data = self.config.data.clone();
        let all_kept = self.stop().await;
        match end {
            End::Told => return Ok(ExitCode::SUCCESS),
            // Only the shared key can sign what was not kept: the next start tries again.
            End::Parts if all_kept => parting::take_over(&data)?,
            End::Parts => {}
        }
        Err(again("this machine has an identity of its own now and the program must begin again"))
    }

    /// Whoever this folder may have been copied from would have come with this identity by now.
    fn look_at_place(&mut self) {
        let now = self.clock.now().utc;
        if self.parting.has_twin() {
            return self.place.is_not_alone(&self.state, now);
        }
        let connected = self.handle.view().up().is_some();
        let settled = if connected { self.place.settles(&self.state, now) } else { Vec::new() };
        if settled.is_empty() {
            return;
        }
        let is_settled = |life: &Earlier| settled.contains(&life.stream.incarnation);
        let earlier = match self.handle.log().read() {
            Ok(log) => earlier_lives(&log).into_iter().filter(is_settled).collect(),
            Err(_) => return,
        };
        self.lives.take_up(earlier, now);
        self.commit_within(Duration::ZERO);
    }

    /// Whether what is to be said of a stream is this agent's to say.
    fn speaks_for(&self, stream: StreamId) -> bool {
        stream.agent == self.identity.node() && !self.place.leaves_alone(stream.incarnation)
    }

    fn next_due(&self) -> Due {
        self.schedule.next(self.clock.now().utc, self.last_due)
    }

    /// Never further than a fast interval: the wall clock may be set meanwhile.
    fn wake_at(&self, due: Due) -> tokio::time::Instant {
        let wait_ms = due.at.0.saturating_sub(self.clock.now().utc.0).clamp(0, 10_000).cast_unsigned();
        tokio::time::Instant::now() + Duration::from_millis(wait_ms)
    }

    fn order(&mut self, due: Due) {
        self.last_due = Some(due);
        let own = self.own_figures();
        self.rounds_under_way += 1;
        self.meter.order(Order { tiers: due.tiers, due: due.at, seq: self.lives.next_seq(), own });
    }

    fn own_figures(&self) -> OwnFigures {
        let mut own = OwnFigures { foreign: self.board.figures(), ..OwnFigures::default() };
        if let Some((_, session)) = self.handle.view().up() {
            let path = session.link.path();
            own.sent_bytes = Some(path.udp_tx_bytes);
            own.received_bytes = Some(path.udp_rx_bytes);
            own.waiting_ticks = Some(session.backlog_ticks);
        }
        // While a commit is under way it is not waited for: the next round says it.
        if let Ok(log) = self.handle.log().try_read() {
            own.store_bytes = Some(log.used_bytes());
            own.store_limit_bytes = Some(log.cap_bytes());
        }
        let left_ms = self.identity.validity().not_after.0.saturating_sub(self.clock.now().utc.0);
        own.certificate_seconds = Some(u64::try_from(left_ms / 1_000).unwrap_or(0));
        own
    }

    fn told(&mut self, told: Told) {
        match told {
            Told::Round(measured) => {
                self.rounds_under_way = self.rounds_under_way.saturating_sub(1);
                self.measured(measured);
            }
            Told::Foreign(readings, new_defs) => {
                self.define(new_defs);
                readings.into_iter().for_each(|reading| self.queue.push(reading));
            }
        }
        self.number_foreign();
    }

    fn measured(&mut self, measured: Measured) {
        self.status.collectors_down(measured.down);
        // Whatever becomes of the round: places were given, and later ticks use them.
        self.define(measured.new_defs);
        if measured.seq != self.lives.next_seq() {
            // A new life began while this round was measured; its figures were made for another number.
            return;
        }
        if !self.lives.can_number() {
            self.begin_in_memory();
        }
        let Some(tick) = self.lives.measured(measured.at, measured.samples, self.clock.mono_ms()) else { return };
        self.pass(tick);
        self.commit_within(self.commit_delay());
    }

    /// Numbers what others said. A round's number is promised to it from its order on, so they wait meanwhile.
    fn number_foreign(&mut self) {
        while self.rounds_under_way == 0 && self.lives.numbers_left() > LEFT_FOR_ROUNDS {
            let Some(Reading { at, samples }) = self.queue.pop() else { return };
            if let Some(tick) = self.lives.measured(at, samples, self.clock.mono_ms()) {
                self.pass(tick);
                // Ticks of several sources within some seconds share a commit.
                self.commit_within(self.config.commit_every / 2);
            }
        }
        if self.rounds_under_way == 0 && !self.queue.is_empty() {
            // A commit reserves more numbers; while one is under way, its end looks here again.
            self.commit_within(Duration::ZERO);
        }
    }

    fn pass(&mut self, tick: Arc<Tick>) {
        if self.lives.must_wait() && self.held.len() < MAX_HELD {
            self.held.push(tick);
        } else {
            self.handle.command(Command::Measured(self.lives.stream(), tick));
        }
        self.note_life();
    }

    fn define(&mut self, new_defs: Vec<SeriesDef>) {
        if !new_defs.is_empty() {
            self.lives.define(new_defs);
            self.commit_within(Duration::ZERO);
        }
    }

    fn commit_within(&mut self, delay: Duration) {
        let at = tokio::time::Instant::now() + delay;
        self.commit_at = Some(self.commit_at.map_or(at, |due| due.min(at)));
    }

    /// At ten seconds each tick has its own commit; faster ticks share one.
    fn commit_delay(&self) -> Duration {
        let fast = self.config.intervals.of(crate::collect::Tier::Fast);
        if fast >= self.config.commit_every { Duration::ZERO } else { self.config.commit_every - fast / 2 }
    }

    fn begin_in_memory(&mut self) {
        match random_incarnation() {
            Ok(incarnation) => {
                warn!(%incarnation, "the store can not reserve numbers; measuring goes on in memory under a new incarnation");
                let (stream, facts) = self.lives.begin_in_memory(incarnation);
                self.handle.command(Command::Begin(stream, Arc::new(facts)));
            }
            Err(failed) => error!(error = %failed.text, "the system gives no random numbers; a round is lost"),
        }
    }

    // ---- keeping

    fn begin_commit(&mut self, closing: bool) {
        if self.commit.is_some() {
            // What is new goes into the next one.
            return;
        }
        self.commit_at = None;
        let (writes, settling) = self.lives.writes(self.clock.mono_ms(), self.clock.now().utc, closing);
        if writes.is_empty() {
            return;
        }
        let handle = self.handle.clone();
        let answer = Box::pin(async move { all_kept(handle.keep(writes).await) });
        self.commit = Some(Commit { settling, answer });
    }

    fn committed(&mut self, kept: bool) {
        let Some(commit) = self.commit.take() else { return };
        if kept {
            self.lives.settled(&commit.settling);
            self.notes.settle(&self.state);
            self.note_life();
            for tick in std::mem::take(&mut self.held) {
                self.handle.command(Command::Measured(self.lives.stream(), tick));
            }
            self.number_foreign();
        } else {
            // Measuring goes on; the next commit carries what this one did not.
            self.commit_at = Some(tokio::time::Instant::now() + self.config.commit_every);
        }
    }

    /// The loop has ended by itself: the store was begun anew. The present life may just have become durable in it.
    fn begin_again(mut self) -> Failed {
        let present = self.lives.stream();
        if self.handle.log().read().is_ok_and(|log| log.streams().contains_key(&present)) {
            self.notes.note(&self.state, present.incarnation, Seq(self.lives.next_seq().0 - 1));
        }
        loop_ended(&self.handle)
    }

    /// Notes beside the log how far the present life has come, once something of it is durable.
    fn note_life(&mut self) {
        if self.lives.is_on_disk() {
            self.notes.note(&self.state, self.lives.stream().incarnation, Seq(self.lives.next_seq().0 - 1));
        }
    }

    /// What was deleted because others had it, and they lost it, becomes a gap in the end.
    fn own_up(&mut self) {
        if self.looked_for_lost.elapsed() < LOOK_FOR_LOST_EVERY {
            return;
        }
        self.looked_for_lost = tokio::time::Instant::now();
        let nowhere: Vec<_> = match self.handle.log().read() {
            Ok(log) => {
                let looked =
                    |(stream, facts): (&StreamId, &StreamFacts)| (*stream, log.unbacked(*stream), facts.schema_len);
                log.streams().iter().map(looked).collect()
            }
            Err(_) => return,
        };
        let (now_ms, now) = (self.clock.mono_ms(), self.clock.now().utc);
        for (stream, nowhere, schema_len) in nowhere {
            if !self.speaks_for(stream) {
                continue;
            }
            if self.lives.defined(stream, schema_len) {
                warn!(%stream, "damage took definitions of series; they are written again");
                self.commit_at.get_or_insert_with(tokio::time::Instant::now);
            }
            if self.lives.nowhere(stream, &nowhere, now_ms, now) {
                warn!(%stream, ticks = nowhere.count(), "deleted for lack of room, and lost by who had them: given up");
                self.commit_at.get_or_insert_with(tokio::time::Instant::now);
            }
        }
    }

    // ---- what happens

    fn happened(&mut self, happening: Happening) {
        match happening {
            Happening::Damaged(stream, lost) if self.speaks_for(stream) => {
                self.lives.damaged(stream, &lost, self.clock.now().utc);
                self.commit_at.get_or_insert_with(tokio::time::Instant::now);
            }
            Happening::Clock(_, clock, round_trip_ms) => self.clock_told(clock, round_trip_ms),
            Happening::Errand(_, errand) => self.errand(errand),
            Happening::Up { session, .. } => self.renewing.connected(session),
            Happening::Down(session, ..) => self.renewing.disconnected(session),
            Happening::Displaced(_) => self.parting.displaced(self.clock.mono_ms()),
            Happening::Damaged(..)
            | Happening::Seen(..)
            | Happening::Facts(..)
            | Happening::Greeted(..)
            | Happening::Announced(..)
            | Happening::Goodbye(..)
            | Happening::Beats(..)
            | Happening::Enrolment(_) => {}
        }
    }

    /// The peer's time pairs with this machine's boot clock; samples of this boot can be put right by it, before and after.
    fn clock_told(&mut self, clock: Clock, round_trip_ms: u64) {
        let half = round_trip_ms / 2;
        let (_, boot_ms) = boot_moment();
        let anchor = Anchor {
            boot: Boot { no: self.boot_no, ms: boot_ms },
            utc: vigie_model::UtcMs(clock.utc.0.saturating_add(half.cast_signed())),
            error_ms: u32::try_from(half).unwrap_or(u32::MAX).saturating_add(clock.error_ms),
            source: clock.source,
        };
        trust::raise(&self.state, self.endpoint.time(), clock);
        if self.anchor.is_none_or(|old| anchor.is_better_than(&old)) {
            self.anchor = Some(anchor);
            self.lives.anchored(anchor);
            self.commit_at.get_or_insert_with(tokio::time::Instant::now);
        }
    }

    fn renew(&mut self) {
        if let Some((session, errand)) = self.renewing.due(self.endpoint.time().wall(), &self.identity) {
            self.handle.command(Command::Pass(session, errand));
        }
        match self.renewing.come_back(&self.status.uplink(), &self.identity, &self.endpoint) {
            Ok(Some(renewed)) => {
                self.status.renewed(renewed.clone());
                self.identity = renewed;
            }
            Ok(None) => {}
            Err(failed) => warn!(error = %failed.text, "the next certificate could not be taken into use"),
        }
    }

    fn errand(&mut self, errand: Errand) {
        let done = match errand {
            Errand::CertTell(answer) => {
                let chance = chance(&self.identity);
                self.renewing.answered(&answer, &self.identity, &self.endpoint, chance).map(|renewed| {
                    self.status.renewed(renewed.clone());
                    self.identity = renewed;
                })
            }
            Errand::Revoked(list) => trust::revoked(&list, &self.identity, &self.endpoint, &self.state),
            Errand::CertAsk(_) => Ok(()),
        };
        if let Err(failed) = done {
            warn!(error = %failed.text, "an errand could not be done");
        }
    }

    /// Seals and keeps the rest, gives back the reserved numbers, says goodbye. Says whether all of it is kept.
    async fn stop(mut self) -> bool {
        info!("stopping");
        if let Some(commit) = self.commit.take()
            && commit.answer.await
        {
            self.lives.settled(&commit.settling);
        }
        self.number_foreign();
        self.begin_commit(true);
        let kept = match self.commit.take() {
            Some(commit) => commit.answer.await,
            None => true,
        };
        if !kept {
            error!("the last ticks could not be kept; they will stand as a gap");
        }
        if kept && self.lives.is_on_disk() {
            self.notes.close(&self.state, self.lives.stream().incarnation, Seq(self.lives.next_seq().0 - 1));
        }
        self.handle.leave("the agent was stopped").await;
        drop(std::fs::remove_file(hatch::path(&self.config.data)));
        // The loop has said that it left.
        drop(self.node.await);
        kept
    }
}

fn all_kept(result: Result<Vec<Outcome>, vigie_node::KeptBack>) -> bool {
    match result {
        Ok(outcomes) => {
            for outcome in outcomes.iter().filter(|outcome| !matches!(outcome, Outcome::Kept(_))) {
                error!(?outcome, "the store would not keep what this agent itself made");
            }
            true
        }
        Err(why) => {
            // The store's thread has told it aloud.
            debug!(error = %why, "not kept; trying again");
            false
        }
    }
}

async fn finished(commit: &mut Option<Commit>) -> bool {
    match commit {
        Some(commit) => commit.answer.as_mut().await,
        None => std::future::pending().await,
    }
}

fn far() -> tokio::time::Instant {
    tokio::time::Instant::now() + Duration::from_secs(86_400)
}

fn targets(config: &Config, identity: &Identity) -> Vec<Target> {
    let relays = config.relays.clone().unwrap_or_else(|| identity.facts().relay_addrs.clone());
    let hub = config.hub.clone().unwrap_or_else(|| identity.facts().hub_addrs.clone());
    let hub = if config.relay_only { Vec::new() } else { hub };
    relays.into_iter().chain(hub).map(Target::at).collect()
}

fn open_state(data: &Path) -> Result<(Arc<State>, u32, bool), Failed> {
    let (state, lost) = open_state_told(data)?;
    let boot_no = vigie_node::boot_no(&state)?;
    Ok((Arc::new(state), boot_no, lost))
}

fn open_log(config: &Config) -> Result<(Log, OpenReport), Failed> {
    let options = Options { floor: config.keep, ..Options::agent(config.buffer_bytes) };
    let (log, report) = Log::open(&config.data, options)?;
    if report.unclean || report.damaged {
        warn!(?report, "the store was not closed in order; it was checked");
    }
    Ok((log, report))
}

fn earlier_lives(log: &Log) -> Vec<Earlier> {
    let mut lives = Vec::new();
    for (stream, facts) in log.streams() {
        let defs = all_defs(log, *stream, facts.schema_len);
        let tail = log.tail(*stream).unwrap_or_default();
        // What can not be read has given its places all the same.
        let places = log.places_given(*stream).unwrap_or(u32::MAX);
        lives.push(Earlier { stream: *stream, facts: facts.clone(), defs, places, tail });
    }
    lives
}

/// The same for a node at every start, and different between nodes: it spreads renewals.
fn chance(identity: &Identity) -> u32 {
    let [a, b, c, d, ..] = *identity.node().as_bytes();
    u32::from_be_bytes([a, b, c, d])
}
