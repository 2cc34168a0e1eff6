//! What a node is made of, what a role tells its loop, and what it is told.

use std::sync::{Arc, RwLock};

use tokio::sync::{mpsc, oneshot};
use vigie_codec::wire::{Clock, Hello, Tally};
use vigie_merge::RangeSet;
use vigie_model::{ClockSource, NodeId, Slug, StreamId, Tick};
use vigie_net::{Endpoint, Uplink};
use vigie_store::Log;
use vigie_sync::keep::{Outcome, StreamFacts, Write};
use vigie_sync::{Errand, LinkProfile, Me, PeerIs, SessionId};

use super::carried::Carried;
use crate::NodeClock;
use crate::budget::Budget;
use crate::keeper::{FirstEar, KeeperOptions, KeptBack};
use crate::rows::NodeRows;
use crate::view::{Shown, View};

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
    /// What is read of a file that was carried here.
    Carried(Carried),
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
    /// The peer above parted from this node because the same identity came to it by another connection, which is none of
    /// this program's: its folder was copied, and both run. Told before [`Happening::Down`].
    Displaced(SessionId),
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
    pub(super) commands: mpsc::UnboundedSender<Command>,
    pub(super) view: Shown,
    pub(super) log: Arc<RwLock<Log>>,
    pub(super) rows: NodeRows,
    pub(super) first: Arc<FirstEar>,
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

    /// Says who hears what becomes of streams before anybody whose writes were kept is answered: on the thread of the store,
    /// which waits for it and does not hold the log then. In the order in which it became so, which is not that of
    /// [`Happening::Facts`] beside it. Said again, the first stands.
    pub fn hear_first(&self, hear: impl Fn(StreamId, &Arc<StreamFacts>) + Send + Sync + 'static) {
        self.first.is(Box::new(hear));
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
