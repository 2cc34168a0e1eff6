//! The agent's life: measure, number, keep, send.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tracing::{error, info};
use vigie_codec::VerifyingKey;
use vigie_model::{Anchor, Role, Seq, StreamId, Tick};
use vigie_net::{Endpoint, EndpointConfig, Identity, SharedRevocations, TrustedTime, Uplink};
use vigie_node::{
    Command, Failed, Happening, KeeperOptions, Node, NodeClock, NodeHandle, NodeRows, NodeSetup, Renewing, StopSignal,
    again, earlier_lives, enrolled_name, hatch, load_identity, random_incarnation, trust,
};
use vigie_store::State;
use vigie_sync::Me;
use vigie_sync::lives::{Earlier, Lives, Settling};
use vigie_sync::noted::{Found, Noted};

use crate::collect::{Due, Schedule};
use crate::config::Config;
use crate::foreign::{self, Board, Hand, Pace, Queue, Waiting, Ways};
use crate::inventory;
use crate::measure::{Meter, Others, Told};
use crate::notes::Notes;
use crate::parting::{self, Parting};
use crate::place::Place;
use crate::status::Status;
use crate::twin::Twin;

mod keeping;
mod measuring;
mod opening;
mod talking;

use self::opening::{chance, open_log, open_state, targets};

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
    stop: StopSignal,
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
        let name = config.name.clone().unwrap_or_else(|| enrolled_name(&config.data));
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
        let stop = StopSignal::listen();
        hatch::open(&config.data, status.clone())?;
        let slow = config.intervals.of(crate::collect::Tier::Slow);
        tokio::spawn(inventory::tend(handle.rows().clone(), clock.clone(), slow));
        let (stream, facts) = lives.introduction();
        let is_new = handle.log().read().is_ok_and(|log| !log.streams().contains_key(&stream));
        if is_new {
            handle.command(Command::Begin(stream, Arc::new(facts)));
        }
        Ok(Self {
            stop,
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
        let mut due = self.next_due();
        let end = loop {
            let wake = self.wake_at(due);
            tokio::select! {
                biased;
                () = self.stop.heard() => break End::Told,
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

async fn finished(commit: &mut Option<Commit>) -> bool {
    match commit {
        Some(commit) => commit.answer.as_mut().await,
        None => std::future::pending().await,
    }
}

fn far() -> tokio::time::Instant {
    tokio::time::Instant::now() + Duration::from_secs(86_400)
}
