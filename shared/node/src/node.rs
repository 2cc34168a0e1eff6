//! The loop.

mod carried;
mod handle;
mod links;
mod wishes;

use std::collections::BTreeMap;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tracing::warn;
use vigie_merge::Key;
use vigie_model::{NodeId, StreamId};
use vigie_net::{CloseCode, Endpoint, Listener, Uplink};
use vigie_store::rows::Changed;
use vigie_sync::{Answer, Input, LinkProfile, Replica, SessionId, Way};

pub(crate) use self::carried::{Carried, CarriedLine, CarriedTold};
pub use self::handle::{Command, Happening, NodeHandle, NodeSetup};
use self::links::{Came, accept, dialled};
use crate::NodeClock;
use crate::keeper::{Keeper, Kept};
use crate::outlet::Outlet;
use crate::rows::{NodeRows, RowChanges, RowDesk, RowsDone};
use crate::telling::Telling;
use crate::twins::Displaced;
use crate::view::Shown;

/// Frames of all connections that wait for the loop. When it is full, connections are not read, and QUIC holds the
/// senders back.
const FRAMES_WAITING: usize = 256;

/// How long a leaving node waits for its goodbyes to get out.
const LEAVE_MS: u64 = 300;

/// How long it then waits for its peers to have heard.
const FAREWELL: std::time::Duration = std::time::Duration::from_secs(2);

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
    /// Who reads a file that stands in the place of a connection.
    carried: BTreeMap<SessionId, mpsc::UnboundedSender<CarriedTold>>,
    of_node: BTreeMap<NodeId, SessionId>,
    displaced: Displaced,
    next_session: u64,
    path_due_ms: u64,
    view: Shown,
    telling: Telling,
    frames: (mpsc::Sender<Came>, mpsc::Receiver<Came>),
    kept: mpsc::UnboundedReceiver<Kept>,
    commands: mpsc::UnboundedReceiver<Command>,
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
        let (log, first) = (keeper.log(), keeper.first());
        let handle = NodeHandle { commands: commands_in, view: view.clone(), log, rows: rows.clone(), first };
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
            carried: BTreeMap::new(),
            of_node: BTreeMap::new(),
            displaced: Displaced::default(),
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
            Command::Carried(carried) => self.carried(carried),
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
}

async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
