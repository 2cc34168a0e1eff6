//! The loop.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tracing::{debug, info, warn};
use vigie_codec::wire::{Clock, Hello, Tally};
use vigie_merge::{Key, RangeSet};
use vigie_model::{ClockSource, NodeId, Slug, StreamId, Tick};
use vigie_net::{Accepted, CloseCode, Closed, Connection, Endpoint, Listener, Uplink};
use vigie_store::Log;
use vigie_store::rows::Changed;
use vigie_sync::keep::{Outcome, StreamFacts, Write};
use vigie_sync::{
    Answer, CloseWhy, Errand, Event, Input, Lane, LinkProfile, Me, Output, PeerIs, Replica, SessionId, Way,
};

use crate::NodeClock;
use crate::budget::Budget;
use crate::keeper::{Keeper, KeeperOptions, Kept, KeptBack};
use crate::outlet::Outlet;
use crate::rows::{NodeRows, RowChanges, RowDesk, RowsDone};
use crate::telling::Telling;
use crate::view::{SessionView, Shown, View};

/// Frames of all connections that wait for the loop. When it is full, connections are not read, and QUIC holds the
/// senders back.
const FRAMES_WAITING: usize = 256;

/// How often the paths are measured while anything passes.
const PATH_EVERY_MS: u64 = 100;

/// How long a leaving node waits for its goodbyes to get out.
const LEAVE_MS: u64 = 300;

/// How long it then waits for its peers to have heard.
const FAREWELL: std::time::Duration = std::time::Duration::from_secs(2);

/// What a node is made of.
#[derive(Debug)]
pub struct NodeSetup {
    /// What it is.
    pub me: Me,
    /// Its socket.
    pub endpoint: Endpoint,
    /// Whether others may come in.
    pub listens: bool,
    /// The way up, if it has one.
    pub uplink: Option<Uplink>,
    /// How links up are treated.
    pub up: LinkProfile,
    /// How links down are treated.
    pub down: LinkProfile,
    /// Its telemetry.
    pub log: Log,
    /// How that is kept.
    pub keeper: KeeperOptions,
    /// Its rows.
    pub rows: NodeRows,
    /// Its clock.
    pub clock: NodeClock,
}

/// What a role tells the loop.
#[derive(Debug)]
pub enum Command {
    /// A tick was measured.
    Measured(StreamId, Arc<Tick>),
    /// A stream has begun of which nothing is durable yet: its ticks may be passed on all the same (agent only).
    Begin(StreamId, Arc<StreamFacts>),
    /// Keep these; answers when they are durable, or not.
    Keep(Vec<Write>, oneshot::Sender<Result<Vec<Outcome>, KeptBack>>),
    /// Send something for another room.
    Pass(SessionId, Errand),
    /// A node belongs to a client's site (hub only).
    Enrolled(NodeId, (Slug, Slug)),
    /// How well the clock is known.
    Clock(u32, ClockSource),
    /// What the link upwards may take from now on.
    Budget(Budget),
    /// End a connection.
    Close(SessionId, String),
    /// Say goodbye, keep what is waiting, and end.
    Leave(String, oneshot::Sender<()>),
}

/// What a role is told.
#[derive(Debug)]
pub enum Happening {
    /// A tick arrived or was measured, and need not be durable yet.
    Seen(StreamId, Arc<Tick>, Option<SessionId>),
    /// What is durable of a stream.
    Facts(StreamId, Arc<StreamFacts>),
    /// Somebody is connected.
    Up {
        /// The loop's name for it.
        session: SessionId,
        /// Who is there.
        peer: PeerIs,
        /// How often it is sure to be heard on this link.
        beat_ms: u32,
    },
    /// Somebody is no longer connected, and why.
    Down(SessionId, NodeId, String),
    /// Somebody said hello.
    Greeted(SessionId, Hello),
    /// Somebody carries a stream.
    Announced(SessionId, StreamId, Tally),
    /// A peer told its clock, and how long asking took.
    Clock(SessionId, Clock, u64),
    /// How often somebody is sure to be heard, in ms, by their own word.
    Beats(SessionId, u32),
    /// Something for another room.
    Errand(SessionId, Errand),
    /// A peer said goodbye.
    Goodbye(SessionId, NodeId, String),
    /// Records of a stream were set aside.
    Damaged(StreamId, RangeSet),
    /// Somebody wants to enrol.
    Enrolment(Box<vigie_net::Enrolment>),
}

/// A hand to the loop, for the role.
#[derive(Debug, Clone)]
pub struct NodeHandle {
    commands: mpsc::UnboundedSender<Command>,
    view: Shown,
    log: Arc<RwLock<Log>>,
    rows: NodeRows,
}

impl NodeHandle {
    /// Tells the loop something.
    pub fn command(&self, command: Command) {
        // Fails only when the loop has ended, and then the program is ending too.
        drop(self.commands.send(command));
    }

    /// Keeps something; what it gives waits until that is durable. What is given here first comes to the store first.
    ///
    /// # Errors
    /// When the store could not keep it, or the loop has ended.
    pub fn keep(&self, writes: Vec<Write>) -> impl Future<Output = Result<Vec<Outcome>, KeptBack>> + Send + use<> {
        let (done, answer) = oneshot::channel();
        self.command(Command::Keep(writes, done));
        async move { answer.await.unwrap_or_else(|_| Err(KeptBack("the node is stopping".to_owned()))) }
    }

    /// As [`NodeHandle::keep`], from a thread that may block.
    ///
    /// # Errors
    /// As [`NodeHandle::keep`].
    pub fn keep_blocking(&self, writes: Vec<Write>) -> Result<Vec<Outcome>, KeptBack> {
        let (done, answer) = oneshot::channel();
        self.command(Command::Keep(writes, done));
        answer.blocking_recv().unwrap_or_else(|_| Err(KeptBack("the node is stopping".to_owned())))
    }

    /// Says goodbye to all, keeps what is waiting, and ends the loop.
    pub async fn leave(&self, reason: &str) {
        let (done, left) = oneshot::channel();
        self.command(Command::Leave(reason.to_owned(), done));
        // An error says that the loop has ended already.
        drop(left.await);
    }

    /// Whom the node is connected with, as it stands now.
    pub fn view(&self) -> Arc<View> {
        self.view.view()
    }

    /// The rows: what is state here, to read, to edit and to hear of.
    pub fn rows(&self) -> &NodeRows {
        &self.rows
    }

    /// The telemetry, to read from. Hold it briefly: commits wait.
    pub fn log(&self) -> Arc<RwLock<Log>> {
        self.log.clone()
    }
}

/// The loop and all it owns.
#[derive(Debug)]
pub struct Node {
    replica: Replica,
    keeper: Keeper,
    rows: NodeRows,
    row_desk: RowDesk,
    rows_changed: RowChanges,
    rows_done: mpsc::UnboundedReceiver<RowsDone>,
    endpoint: Endpoint,
    listener: Option<Listener>,
    uplink: Option<Uplink>,
    up: LinkProfile,
    down: LinkProfile,
    clock: NodeClock,
    outlets: BTreeMap<SessionId, Outlet>,
    of_node: BTreeMap<NodeId, SessionId>,
    next_session: u64,
    path_due_ms: u64,
    view: Shown,
    telling: Telling,
    frames: (mpsc::Sender<Came>, mpsc::Receiver<Came>),
    kept: mpsc::UnboundedReceiver<Kept>,
    commands: mpsc::UnboundedReceiver<Command>,
}

/// What a connection's reader brings.
#[derive(Debug)]
enum Came {
    /// An accepted connection has brought its first frame: it is the one its dialler uses.
    First(Box<Connection>, Lane, bytes::Bytes),
    Frame(SessionId, Lane, bytes::Bytes),
    Ended(SessionId, Closed),
}

impl Node {
    /// A node that is ready to run, a hand to it, and what it will tell.
    ///
    /// # Errors
    /// When the system gives no thread for the store.
    pub fn new(setup: NodeSetup) -> std::io::Result<(Self, NodeHandle, mpsc::Receiver<Happening>)> {
        let NodeSetup { me, endpoint, listens, uplink, up, down, log, keeper, rows, clock } = setup;
        let known = log.all_facts();
        let (told, kept) = mpsc::unbounded_channel();
        let keeper = Keeper::start(log, keeper, clock.clone(), told)?;
        let (done, rows_done) = mpsc::unbounded_channel();
        let (row_desk, rows_changed) = (RowDesk::start(rows.clone(), done)?, rows.subscribe(&[]));
        let (commands_in, commands) = mpsc::unbounded_channel();
        let view = Shown::default();
        let handle = NodeHandle { commands: commands_in, view: view.clone(), log: keeper.log(), rows: rows.clone() };
        let (telling, heard) = Telling::new(me.role);
        let mut replica = Replica::new(me).with_rows(rows.who().clone());
        let now = clock.now();
        known.into_iter().for_each(|(stream, facts)| replica.handle(Input::Facts(stream, facts), now));
        let listener = listens.then(|| endpoint.listen());
        let node = Self {
            replica,
            keeper,
            rows,
            row_desk,
            rows_changed,
            rows_done,
            endpoint,
            listener,
            uplink,
            up,
            down,
            clock,
            outlets: BTreeMap::new(),
            of_node: BTreeMap::new(),
            next_session: 1,
            path_due_ms: 0,
            view,
            telling,
            frames: mpsc::channel(FRAMES_WAITING),
            kept,
            commands,
        };
        Ok((node, handle, heard))
    }

    /// Runs until it is told to leave.
    pub async fn run(mut self) {
        loop {
            self.carry_out();
            let deadline = self.replica.poll_timeout().map(|ms| Instant::from_std(self.clock.instant(ms)));
            tokio::select! {
                biased;
                Some(command) = self.commands.recv() => {
                    if let Some(done) = self.command(command) {
                        return self.leave(done).await;
                    }
                }
                Some(kept) = self.kept.recv() => match kept {
                    Kept::NewStore => return self.begun_anew().await,
                    kept => self.kept(kept),
                },
                Some(done) = self.rows_done.recv() => self.rows_done(done),
                changed = self.rows_changed.next() => self.rows_changed(&changed),
                () = self.telling.room(), if self.telling.owes() => self.telling.pay(),
                Some(came) = self.frames.1.recv() => self.came(came),
                accepted = accept(&mut self.listener) => self.accepted(accepted),
                connection = dialled(&mut self.uplink) => drop(self.attach(connection, Way::Up)),
                () = at(deadline) => self.tell(Input::Timeout),
            }
        }
    }

    async fn leave(mut self, done: oneshot::Sender<()>) {
        self.carry_out();
        tokio::time::sleep(std::time::Duration::from_millis(LEAVE_MS)).await;
        // A peer behind a dead link never answers the farewell; what is kept does not depend on it.
        let farewell = self.endpoint.close("the node is stopping");
        drop(tokio::time::timeout(FAREWELL, farewell).await);
        // Blocking, on purpose: after this the program may end.
        self.row_desk.stop();
        self.keeper.stop();
        // Whoever asked may have stopped waiting.
        let _gone = done.send(());
    }

    /// What the mind knows of the store is no longer so: it ends, and the program begins again from what is left.
    async fn begun_anew(mut self) {
        warn!("the store was begun anew; the program begins again from what could be saved");
        self.view.change(|view| view.new_store = true);
        let farewell = self.endpoint.close("the store was begun anew");
        drop(tokio::time::timeout(FAREWELL, farewell).await);
        self.row_desk.stop();
        self.keeper.stop();
    }

    fn tell(&mut self, input: Input) {
        self.replica.handle(input, self.clock.now());
    }

    fn command(&mut self, command: Command) -> Option<oneshot::Sender<()>> {
        match command {
            Command::Measured(stream, tick) => {
                self.tell(Input::Measured(stream, tick.clone()));
                self.telling.happens(Happening::Seen(stream, tick, None));
            }
            Command::Begin(stream, facts) => self.tell(Input::Facts(stream, facts)),
            Command::Keep(writes, done) => self.keeper.keep(writes, done),
            Command::Pass(session, errand) => self.tell(Input::Pass { session, errand }),
            Command::Enrolled(node, (client, site)) => self.tell(Input::Enrolled { node, client, site }),
            Command::Clock(error_ms, source) => self.tell(Input::Clock { error_ms, source }),
            Command::Budget(budget) => self.budget(budget),
            Command::Close(session, why) => {
                if let Some(outlet) = self.outlets.get(&session) {
                    outlet.link.close(CloseCode::Done, &why);
                }
            }
            Command::Leave(reason, done) => {
                self.tell(Input::Leave(reason));
                return Some(done);
            }
        }
        None
    }

    fn kept(&mut self, kept: Kept) {
        match kept {
            Kept::Facts(stream, facts) => {
                self.tell(Input::Facts(stream, facts.clone()));
                self.telling.facts(stream, facts);
            }
            Kept::Applied(token, outcomes) => self.tell(Input::Applied { token, outcomes }),
            Kept::NotApplied(token) => self.tell(Input::NotApplied(token)),
            Kept::Answer(session, stream, answer) => self.answered(session, stream, answer),
            Kept::Damaged(stream, lost) => {
                self.view.change(|view| view.damaged.entry(stream).or_default().union_with(&lost));
                self.telling.happens(Happening::Damaged(stream, lost));
            }
            Kept::Pause(paused) => self.tell(Input::Pause(paused)),
            Kept::NewStore => {}
        }
    }

    fn answered(&mut self, session: SessionId, stream: StreamId, answer: Answer) {
        self.measure_path(session);
        self.tell(Input::Answer { session, stream, answer });
    }

    fn rows_done(&mut self, done: RowsDone) {
        match done {
            RowsDone::Begun(session, hello, facts) => self.tell(Input::RowsBegun { session, hello, facts }),
            RowsDone::Answered(session, input) => self.tell(Input::Rows { session, input }),
        }
    }

    fn rows_changed(&mut self, changed: &Changed) {
        let machines = changed.keys.iter().filter_map(Key::machine).collect();
        let machines = (!changed.all).then_some(machines);
        self.tell(Input::RowsChanged { facts: self.rows.facts(), machines });
    }

    // ---- connections

    fn accepted(&mut self, accepted: Option<Accepted>) {
        match accepted {
            // Diallers race several attempts and close all but one. What brings a frame is the one that is used; an
            // attempt that was only accepted must not take its place.
            Some(Accepted::Session(connection)) => drop(tokio::spawn(first_frame(connection, self.frames.0.clone()))),
            Some(Accepted::Enrolment(enrolment)) => self.telling.happens(Happening::Enrolment(Box::new(enrolment))),
            None => self.listener = None,
        }
    }

    fn attach(&mut self, connection: Connection, way: Way) -> SessionId {
        let session = SessionId(self.next_session);
        self.next_session += 1;
        let peer = connection.peer().clone();
        let link = connection.link();
        info!(peer = %peer, session = session.0, "connected");
        // The newest connection of a node is the one it uses: the older is what the link left behind.
        if let Some(older) = self.of_node.insert(peer.node, session)
            && let Some(outlet) = self.outlets.get(&older)
        {
            outlet.link.close(CloseCode::Replaced, "a newer connection of the same node");
        }
        self.outlets.insert(session, Outlet::new(connection.sender(), link.clone()));
        let hello = None;
        let shown = SessionView {
            peer: peer.clone(),
            way,
            since: Instant::now(),
            hello,
            link,
            backlog_ticks: 0,
            allowance_left: None,
        };
        self.view.change(|view| view.sessions.insert(session, Arc::new(shown)));
        tokio::spawn(read(connection, session, self.frames.0.clone()));
        let is = PeerIs { node: peer.node, role: peer.role, client: peer.client.clone(), site: peer.site.clone(), way };
        let profile = if way == Way::Up { self.up.clone() } else { self.down.clone() };
        let beat_ms = profile.beat_ms;
        self.tell(Input::Connected { session, peer: is.clone(), profile });
        self.telling.happens(Happening::Up { session, peer: is, beat_ms });
        session
    }

    /// The connection that stands keeps standing, and takes no more than this from now on.
    fn budget(&mut self, Budget { bytes_per_month, backlog_hours }: Budget) {
        (self.up.bytes_per_month, self.up.backlog_hours) = (bytes_per_month, backlog_hours);
        let sessions: Vec<SessionId> =
            self.view.view().sessions.iter().filter(|(_, view)| view.way == Way::Up).map(|(id, _)| *id).collect();
        for session in sessions {
            self.tell(Input::Budget { session, bytes_per_month, backlog_hours });
        }
    }

    fn came(&mut self, came: Came) {
        match came {
            Came::First(connection, lane, bytes) => {
                let session = self.attach(*connection, Way::Down);
                self.tell(Input::Frame { session, lane, bytes: bytes.to_vec() });
            }
            Came::Frame(session, lane, bytes) => {
                if self.clock.mono_ms() >= self.path_due_ms {
                    self.path_due_ms = self.clock.mono_ms() + PATH_EVERY_MS;
                    self.measure_path(session);
                }
                self.tell(Input::Frame { session, lane, bytes: bytes.to_vec() });
            }
            Came::Ended(session, why) => self.ended(session, &why),
        }
    }

    fn ended(&mut self, session: SessionId, why: &Closed) {
        self.outlets.remove(&session);
        self.row_desk.gone(session);
        self.tell(Input::Gone(session));
        let Some(shown) = self.view.change(|view| view.sessions.remove(&session)) else { return };
        let node = shown.peer.node;
        if self.of_node.get(&node) == Some(&session) {
            self.of_node.remove(&node);
        }
        info!(peer = %shown.peer, reason = %why, "disconnected");
        self.telling.happens(Happening::Down(session, node, why.to_string()));
    }

    fn measure_path(&mut self, session: SessionId) {
        let Some(outlet) = self.outlets.get_mut(&session) else { return };
        let (rtt_ms, live_queued_bytes, spent_bytes) = outlet.path();
        self.tell(Input::Path { session, rtt_ms, live_queued_bytes, spent_bytes });
        let backlog_ticks = self.replica.backlog_ticks(session);
        let allowance_left = self.replica.allowance_left(session);
        self.view.change_session(session, |shown| {
            shown.backlog_ticks = backlog_ticks;
            shown.allowance_left = allowance_left;
        });
    }

    // ---- wishes

    fn carry_out(&mut self) {
        while let Some(output) = self.replica.poll_output() {
            match output {
                Output::Send { session, lane, frame } => {
                    if let Some(outlet) = self.outlets.get_mut(&session) {
                        outlet.send(lane, frame);
                    }
                }
                Output::Close { session, why } => self.close(session, &why),
                Output::Apply { token, writes, urgent } => self.keeper.apply(token, writes, urgent),
                Output::Ask { session, stream, ask } => self.keeper.ask(session, stream, ask),
                Output::Rows { session, peer, wish } => self.row_desk.wish(session, peer, wish),
                Output::Event(event) => self.event(event),
            }
        }
    }

    fn close(&self, session: SessionId, why: &CloseWhy) {
        let Some(outlet) = self.outlets.get(&session) else { return };
        let code = match why {
            CloseWhy::Protocol(_) | CloseWhy::WrongRole { .. } => CloseCode::Misbehaved,
            CloseWhy::StoreTrouble | CloseWhy::Restate | CloseWhy::RowsAnew => CloseCode::Session,
            // Goodbye is on its way; the endpoint closes behind it.
            CloseWhy::Leaving(_) => return,
        };
        warn!(peer = %outlet.link.peer(), %why, "closing a session");
        outlet.link.close(code, &why.to_string());
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Seen { stream, tick, from } => self.telling.happens(Happening::Seen(stream, tick, Some(from))),
            Event::Greeted(session, hello) => {
                self.view.change_session(session, |shown| shown.hello = Some(hello.clone()));
                self.telling.happens(Happening::Greeted(session, hello));
            }
            Event::Announced { session, stream, tally } => {
                self.telling.happens(Happening::Announced(session, stream, tally));
            }
            Event::Clock { session, clock, round_trip_ms } => {
                self.telling.happens(Happening::Clock(session, clock, round_trip_ms));
            }
            Event::Forked(stream) => {
                warn!(%stream, "a machine's key has signed two histories: it was restored from an older copy, or there are \
                    two of it; both are kept as far as their numbers differ");
            }
            Event::Refused(session, refused) => {
                let peer = self.outlets.get(&session).map(|outlet| outlet.link.peer().to_string());
                warn!(?peer, ?refused, "a peer would not keep something");
            }
            Event::Paused(session, paused) => debug!(session = session.0, ?paused, "what a peer can take has changed"),
            Event::Beats { session, every_ms } => self.telling.happens(Happening::Beats(session, every_ms)),
            Event::Errand(session, errand) => self.telling.happens(Happening::Errand(session, errand)),
            Event::Goodbye(session, reason) => {
                let node = self.outlets.get(&session).map(|outlet| outlet.link.peer().node);
                if let Some(node) = node {
                    self.telling.happens(Happening::Goodbye(session, node, reason));
                }
            }
        }
    }
}

async fn read(mut connection: Connection, session: SessionId, frames: mpsc::Sender<Came>) {
    loop {
        let came = match connection.recv().await {
            Ok((lane, bytes)) => Came::Frame(session, lane, bytes),
            Err(closed) => {
                drop(frames.send(Came::Ended(session, closed)).await);
                return;
            }
        };
        if frames.send(came).await.is_err() {
            return;
        }
    }
}

/// A dialler that says nothing for this long after its handshake was only racing.
const FIRST_FRAME: std::time::Duration = std::time::Duration::from_secs(30);

async fn first_frame(mut connection: Connection, frames: mpsc::Sender<Came>) {
    if let Ok(Ok((lane, bytes))) = tokio::time::timeout(FIRST_FRAME, connection.recv()).await {
        // Fails only when the loop has ended.
        drop(frames.send(Came::First(Box::new(connection), lane, bytes)).await);
    }
}

async fn accept(listener: &mut Option<Listener>) -> Option<Accepted> {
    match listener {
        Some(listener) => listener.next().await,
        None => std::future::pending().await,
    }
}

async fn dialled(uplink: &mut Option<Uplink>) -> Connection {
    match uplink {
        Some(uplink) => uplink.next().await,
        None => std::future::pending().await,
    }
}

async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
