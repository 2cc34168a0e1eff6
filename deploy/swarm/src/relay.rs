//! How does one simulated node live? The real mind over a real connection, with a shelf in memory for a store. It is a relay
//! with machines behind it, or an agent that dials itself.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use vigie_agent::collect::{Due, Schedule};
use vigie_codec::VerifyingKey;
use vigie_model::{Role, UtcMs};
use vigie_net::{CloseCode, Closed, Connection, Endpoint, EndpointConfig, Identity, Target, TrustedTime, Uplink};
use vigie_node::{Failed, NodeClock};
use vigie_sync::keep::Write;
use vigie_sync::{Event, Input, Lane, LinkKind, LinkProfile, Me, Output, PeerIs, Replica, SessionId, Way};

use crate::figures::Figures;
use crate::lanes::Lanes;
use crate::machine::{Machine, Measured};
use crate::shelf::Shelf;

/// How often the path is looked at while anything passes, as in a real node.
const PATH_EVERY_MS: u64 = 100;

/// How often whoever watches is told what is left to do.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What a relay is told to do.
#[derive(Debug)]
pub(crate) enum Order {
    /// Make the history of all machines, and keep it back; answers when it is there.
    Prepare { ticks: u64, done: oneshot::Sender<()> },
    /// What was kept back is there to be delivered.
    Deliver,
    /// Measure live from now on.
    Measure,
    /// Measure no more, and seal all there is.
    Close,
    /// Tell what each machine has measured, by its id.
    Tell(oneshot::Sender<Vec<(String, Measured)>>),
}

/// A hand to a relay.
#[derive(Debug)]
pub(crate) struct RelayHandle {
    orders: mpsc::UnboundedSender<Order>,
    unsettled: Arc<AtomicU64>,
    greeted: Arc<AtomicU64>,
}

impl RelayHandle {
    pub(crate) fn order(&self, order: Order) {
        // Fails only when the relay has ended, and it ends only with the program.
        drop(self.orders.send(order));
    }

    /// Machines of which something is not signed for.
    pub(crate) fn unsettled(&self) -> u64 {
        self.unsettled.load(Ordering::Relaxed)
    }

    /// Whether the hub has greeted it.
    pub(crate) fn is_greeted(&self) -> bool {
        self.greeted.load(Ordering::Relaxed) > 0
    }
}

/// A relay and the machines behind it.
#[derive(Debug)]
pub(crate) struct Relay {
    replica: Replica,
    shelf: Shelf,
    machines: Vec<Machine>,
    clock: NodeClock,
    profile: LinkProfile,
    uplink: Uplink,
    session: SessionId,
    lanes: Option<Lanes>,
    path_due_ms: u64,
    figures: Arc<Figures>,
    schedule: Schedule,
    due: Option<Due>,
    kept_back: Vec<Vec<Write>>,
    unsettled: Arc<AtomicU64>,
    greeted: Arc<AtomicU64>,
    orders: mpsc::UnboundedReceiver<Order>,
}

/// What a relay is made of.
#[derive(Debug)]
pub(crate) struct RelaySetup {
    pub(crate) identity: Identity,
    /// A relay, or an agent: then its one machine is itself.
    pub(crate) role: Role,
    pub(crate) name: String,
    /// Where the next hop is.
    pub(crate) hub: Vec<String>,
    pub(crate) machines: Vec<Machine>,
    pub(crate) shelf: Shelf,
    pub(crate) schedule: Schedule,
    pub(crate) figures: Arc<Figures>,
    pub(crate) clock: NodeClock,
}

impl Relay {
    /// Begins a relay that looks for the hub and introduces its machines.
    pub(crate) fn begin(setup: RelaySetup) -> Result<RelayHandle, Failed> {
        let RelaySetup { identity, role, name, hub, machines, shelf, schedule, figures, clock } = setup;
        let profile = LinkProfile::of(if role == Role::Agent { LinkKind::Lan } else { LinkKind::Wan });
        let hub_key = VerifyingKey::from_bytes(&identity.facts().hub_key)?;
        let me = Me {
            node: identity.node(),
            role,
            name,
            software: env!("CARGO_PKG_VERSION").to_owned(),
            store_epoch: 1,
            hub_key,
            receipt_key: None,
        };
        let config = EndpointConfig::dialling(Arc::new(identity), profile.clone(), TrustedTime::system(UtcMs(0)));
        let endpoint = Endpoint::bind_anywhere(config)?;
        let uplink = Uplink::begin(endpoint, hub.into_iter().map(Target::at).collect());
        let (send, orders) = mpsc::unbounded_channel();
        let (unsettled, greeted) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let handle = RelayHandle { orders: send, unsettled: unsettled.clone(), greeted: greeted.clone() };
        let mut relay = Self {
            replica: Replica::new(me),
            shelf,
            machines,
            clock,
            profile,
            uplink,
            session: SessionId(0),
            lanes: None,
            path_due_ms: 0,
            figures,
            schedule,
            due: None,
            kept_back: Vec::new(),
            unsettled,
            greeted,
            orders,
        };
        relay.introduce();
        tokio::spawn(relay.live());
        Ok(handle)
    }

    fn introduce(&mut self) {
        let now = self.clock.now().utc;
        let writes: Vec<_> = self.machines.iter_mut().flat_map(|machine| machine.introduction(now)).collect();
        self.keep(writes);
    }

    async fn live(mut self) {
        let mut connection: Option<Connection> = None;
        let mut look = tokio::time::interval(LOOK_EVERY);
        loop {
            self.carry_out();
            let alarm = self.replica.poll_timeout().map(|ms| Instant::from_std(self.clock.instant(ms)));
            let round = self.due.map(|due| self.instant_of(due.at));
            tokio::select! {
                order = self.orders.recv() => match order {
                    Some(order) => self.ordered(order).await,
                    None => return,
                },
                fresh = self.uplink.next() => {
                    self.connected(&fresh);
                    connection = Some(fresh);
                }
                came = receive(&mut connection) => match came {
                    Ok((lane, bytes)) => self.came(lane, bytes.to_vec()),
                    Err(_) => {
                        connection = None;
                        self.parted();
                    }
                },
                () = at(round) => self.round().await,
                () = at(alarm) => self.tell(Input::Timeout),
                _ = look.tick() => self.look(),
            }
        }
    }

    // ---- what it is told

    async fn ordered(&mut self, order: Order) {
        match order {
            Order::Prepare { ticks, done } => {
                let until = self.clock.now().utc;
                for machine in &mut self.machines {
                    self.kept_back.push(machine.history(ticks, until));
                    tokio::task::yield_now().await;
                }
                // Whoever asked waits for it.
                let _gone = done.send(());
            }
            Order::Deliver => {
                for writes in std::mem::take(&mut self.kept_back) {
                    self.keep(writes);
                }
            }
            Order::Measure => self.due = Some(self.schedule.next(self.clock.now().utc, None)),
            Order::Close => {
                self.due = None;
                let now = self.clock.now();
                for at in 0..self.machines.len() {
                    let writes = self.machines[at].writes(now.mono_ms, now.utc, true);
                    self.keep(writes);
                    self.carry_out();
                }
            }
            Order::Tell(told) => {
                let of = |machine: &Machine| (machine.stream().agent.to_string(), machine.all_measured());
                // Whoever asked waits for it.
                let _gone = told.send(self.machines.iter().map(of).collect());
            }
        }
        self.look();
    }

    /// All machines of a site measure in the same second.
    async fn round(&mut self) {
        let Some(due) = self.due else { return };
        for at in 0..self.machines.len() {
            self.measure(at, due.at);
            if at % 16 == 15 {
                self.carry_out();
                tokio::task::yield_now().await;
            }
        }
        let now = self.clock.now().utc;
        if now.0 - due.at.0 > 1_000 {
            self.figures.late_round();
        }
        self.due = Some(self.schedule.next(now, Some(due)));
    }

    fn measure(&mut self, at: usize, due: UtcMs) {
        let now = self.clock.now();
        let machine = &mut self.machines[at];
        let Some(tick) = machine.measure(due, now.mono_ms) else { return };
        let (stream, writes) = (machine.stream(), machine.writes(now.mono_ms, now.utc, false));
        self.shelf.measured(stream, &tick);
        self.figures.measured();
        self.tell(Input::Measured(stream, tick));
        self.keep(writes);
    }

    // ---- the connection

    fn connected(&mut self, connection: &Connection) {
        if self.lanes.is_some() {
            self.parted();
        }
        self.session = SessionId(self.session.0 + 1);
        self.lanes = Some(Lanes::new(connection));
        let peer = connection.peer();
        let peer = PeerIs {
            node: peer.node,
            role: peer.role,
            client: peer.client.clone(),
            site: peer.site.clone(),
            way: Way::Up,
            formerly: None,
        };
        self.tell(Input::Connected { session: self.session, peer, profile: self.profile.clone() });
    }

    fn parted(&mut self) {
        self.lanes = None;
        self.figures.lost_link();
        self.tell(Input::Gone(self.session));
    }

    fn came(&mut self, lane: Lane, bytes: Vec<u8>) {
        if self.clock.mono_ms() >= self.path_due_ms {
            self.path_due_ms = self.clock.mono_ms() + PATH_EVERY_MS;
            self.measure_path();
        }
        self.tell(Input::Frame { session: self.session, lane, bytes });
    }

    fn measure_path(&mut self) {
        let Some(lanes) = &mut self.lanes else { return };
        let [up, down] = lanes.wire_bytes();
        self.figures.wire(up, down);
        let rtt_ms = lanes.link.path().rtt.as_millis() as u64;
        let live_queued_bytes = lanes.live_queued_bytes();
        self.tell(Input::Path { session: self.session, rtt_ms, live_queued_bytes, spent_bytes: up + down });
    }

    // ---- the mind

    fn tell(&mut self, input: Input) {
        self.replica.handle(input, self.clock.now());
    }

    fn keep(&mut self, writes: Vec<Write>) {
        let (_, facts) = self.shelf.keep(writes, self.clock.now().utc);
        facts.into_iter().for_each(|(stream, facts)| self.tell(Input::Facts(stream, facts)));
    }

    fn carry_out(&mut self) {
        while let Some(output) = self.replica.poll_output() {
            match output {
                Output::Send { lane, frame, .. } => {
                    if let Some(lanes) = &mut self.lanes {
                        lanes.send(lane, frame);
                    }
                }
                Output::Close { why, .. } => {
                    if let Some(lanes) = &self.lanes {
                        lanes.link.close(CloseCode::Session, &why.to_string());
                    }
                }
                Output::Apply { token, writes, .. } => {
                    let (outcomes, facts) = self.shelf.keep(writes, self.clock.now().utc);
                    facts.into_iter().for_each(|(stream, facts)| self.tell(Input::Facts(stream, facts)));
                    self.tell(Input::Applied { token, outcomes });
                }
                Output::Ask { session, stream, ask } => {
                    self.measure_path();
                    let answer = self.shelf.answer(stream, &ask);
                    self.tell(Input::Answer { session, stream, answer });
                }
                Output::Event(Event::Refused(..)) => self.figures.refused(),
                Output::Event(Event::Greeted(..)) => {
                    self.greeted.fetch_add(1, Ordering::Relaxed);
                }
                // The swarm has no rows.
                Output::Rows { .. } | Output::Event(_) => {}
            }
        }
    }

    fn look(&mut self) {
        self.measure_path();
        self.unsettled.store(self.shelf.unsettled(), Ordering::Relaxed);
    }

    fn instant_of(&self, at: UtcMs) -> Instant {
        let wait_ms = (at.0 - self.clock.now().utc.0).max(0).cast_unsigned();
        Instant::now() + Duration::from_millis(wait_ms)
    }
}

async fn receive(connection: &mut Option<Connection>) -> Result<(Lane, bytes::Bytes), Closed> {
    match connection {
        Some(connection) => connection.recv().await,
        None => pending().await,
    }
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => pending().await,
    }
}
