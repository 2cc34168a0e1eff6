//! What a mind is told, and what it wishes.

use std::collections::BTreeSet;
use std::sync::Arc;

use vigie_codec::segment::Seal;
use vigie_codec::statement::SignedStatement;
use vigie_codec::wire::rows::RowHello;
use vigie_codec::wire::{Clock, Hello, Opaque, Paused, Refused, Tally};
use vigie_merge::{RangeSet, Urgency};
use vigie_model::{ClockSource, NodeId, Role, SeriesDef, Slug, StreamId, Tick};

use crate::keep::{HoursFound, Outcome, Record, StreamFacts, Write};
use crate::rows::{RowFacts, RowInput, RowPeer, RowWish};
use crate::{Lane, LinkProfile};

/// One connection, for as long as it lasts. Given by the body, never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u64);

/// One wish to keep something, until the store has answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub u64);

/// Who is at the other end, as its certificate says, and which way telemetry flows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerIs {
    /// Which node.
    pub node: NodeId,
    /// What it may do.
    pub role: Role,
    /// Whose it is.
    pub client: Slug,
    /// Where it is.
    pub site: Slug,
    /// Towards the hub (we offer what we have) or away from it (we take what it has).
    pub way: Way,
    /// Whose copy it was before it had a key of its own.
    pub formerly: Option<NodeId>,
}

/// Which way a session goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Towards the hub: this side offers.
    Up,
    /// Away from the hub: this side takes.
    Down,
}

/// What a session asks the store for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// Records that cover some of these numbers, newest first, about this many bytes, at least one record.
    Records {
        /// Which numbers.
        wanted: RangeSet,
        /// How much.
        budget_bytes: u64,
    },
    /// Definitions from a place on, at most [`vigie_codec::wire::MAX_DEFS_PER_FRAME`].
    Schema {
        /// The place of the first.
        from: u32,
    },
    /// Seals of segments that lie wholly within these numbers.
    Seals {
        /// Which numbers.
        within: RangeSet,
    },
    /// The signed anchors of the stream, and its gaps.
    Anchors,
    /// Hours that were folded here and hold some of these ticks, newest first, about this many bytes, at least one.
    Hours {
        /// Which numbers.
        wanted: RangeSet,
        /// Only hours before this one, counted from 1970.
        before: Option<i64>,
        /// How much.
        budget_bytes: u64,
    },
}

/// The store's answer to an [`Ask`].
#[derive(Debug, Clone)]
pub enum Answer {
    /// To [`Ask::Records`]; empty when there are none.
    Records(Vec<Record>),
    /// To [`Ask::Schema`].
    Schema {
        /// The place of the first.
        from: u32,
        /// The definitions.
        defs: Vec<SeriesDef>,
    },
    /// To [`Ask::Seals`].
    Seals(Vec<Seal>),
    /// To [`Ask::Anchors`]: all that the agent has stated.
    Anchors(Vec<SignedStatement>),
    /// To [`Ask::Hours`].
    Hours(HoursFound),
    /// To any of them: the store can not be read now. It is asked again a little later; what is measured goes on meanwhile.
    Failed,
}

/// What a mind is told.
#[derive(Debug, Clone)]
pub enum Input {
    /// What is durable of a stream: at start for each, and again after each commit that touched it.
    Facts(StreamId, Arc<StreamFacts>),
    /// A tick was measured here (agent only). It need not be durable yet; its number is.
    Measured(StreamId, Arc<Tick>),
    /// A connection stands.
    Connected {
        /// Its name from now on.
        session: SessionId,
        /// Who is there.
        peer: PeerIs,
        /// How the link is treated.
        profile: LinkProfile,
    },
    /// What a connection may take has changed, by a person's word.
    Budget {
        /// Which connection.
        session: SessionId,
        /// As in [`LinkProfile::bytes_per_month`].
        bytes_per_month: Option<u64>,
        /// As in [`LinkProfile::backlog_hours`].
        backlog_hours: Option<(u8, u8)>,
    },
    /// A connection is over.
    Gone(SessionId),
    /// A frame arrived.
    Frame {
        /// On which connection.
        session: SessionId,
        /// On which lane.
        lane: Lane,
        /// Its bytes, without the length.
        bytes: Vec<u8>,
    },
    /// What the transport measured of a connection's path.
    Path {
        /// Which connection.
        session: SessionId,
        /// Its smoothed round trip.
        rtt_ms: u64,
        /// Bytes handed over for the live lane that have not left yet.
        live_queued_bytes: u64,
        /// Bytes sent and received on the wire since the last report, all overhead counted.
        spent_bytes: u64,
    },
    /// The store has carried out [`Output::Apply`].
    Applied {
        /// Which wish.
        token: Token,
        /// What became of each write.
        outcomes: Vec<Outcome>,
    },
    /// The store could not carry out [`Output::Apply`]; nothing of it was kept.
    NotApplied(Token),
    /// The store's answer to [`Output::Ask`].
    Answer {
        /// For which session.
        session: SessionId,
        /// Of which stream.
        stream: StreamId,
        /// The answer.
        answer: Answer,
    },
    /// A node belongs to a site (hub only).
    Enrolled {
        /// The node.
        node: NodeId,
        /// Its client.
        client: Slug,
        /// Where it is.
        site: Slug,
    },
    /// This node's disk can take more, or no more.
    Pause(Paused),
    /// How well this node knows the time.
    Clock {
        /// How far it may be off.
        error_ms: u32,
        /// How it knows.
        source: ClockSource,
    },
    /// Send a certificate request, an answer to one, or a list of revocations.
    Pass {
        /// On which connection.
        session: SessionId,
        /// Which of them.
        errand: Errand,
    },
    /// To [`RowsWish::Begin`].
    RowsBegun {
        /// For which session.
        session: SessionId,
        /// What this node says first.
        hello: RowHello,
        /// What is known of its rows.
        facts: RowFacts,
    },
    /// To [`RowsWish::Talk`].
    Rows {
        /// For which session.
        session: SessionId,
        /// The answer.
        input: RowInput,
    },
    /// This node's rows changed, by whoever it was.
    RowsChanged {
        /// What is known of them now.
        facts: RowFacts,
        /// Machines about which rows changed; none where everybody is to look again.
        machines: Option<BTreeSet<NodeId>>,
    },
    /// This node is about to stop, for a reason people can read.
    Leave(String),
    /// The time that [`Replica::poll_timeout`](crate::Replica::poll_timeout) asked for has come.
    Timeout,
}

/// What is carried through a session for other rooms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Errand {
    /// A request for a certificate.
    CertAsk(Opaque),
    /// The answer.
    CertTell(Opaque),
    /// The hub's list of revoked nodes.
    Revoked(Opaque),
}

/// What a mind wishes.
#[derive(Debug, Clone)]
pub enum Output {
    /// Send a frame.
    Send {
        /// On which connection.
        session: SessionId,
        /// On which lane.
        lane: Lane,
        /// Its bytes, without a length.
        frame: Vec<u8>,
    },
    /// Close a connection; say [`Input::Gone`] when it is done.
    Close {
        /// Which connection.
        session: SessionId,
        /// Why.
        why: CloseWhy,
    },
    /// Keep these, in order, in one or more commits that end with all of them; say [`Input::Facts`] for each stream
    /// touched, then [`Input::Applied`] or [`Input::NotApplied`].
    Apply {
        /// The name of this wish.
        token: Token,
        /// What to keep.
        writes: Vec<Write>,
        /// Whether somebody waits for it; otherwise it may wait for the next group commit.
        urgent: bool,
    },
    /// Look something up; say [`Input::Answer`].
    Ask {
        /// For which session.
        session: SessionId,
        /// Of which stream.
        stream: StreamId,
        /// What.
        ask: Ask,
    },
    /// Something for the store of rows, in order for each session.
    Rows {
        /// For which session.
        session: SessionId,
        /// Who is there, as its certificate says.
        peer: RowPeer,
        /// What.
        wish: RowsWish,
    },
    /// Something happened that others care for.
    Event(Event),
}

/// What a session wishes of the store of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowsWish {
    /// What does this node say first to the peer? Say [`Input::RowsBegun`]; where it can not be read,
    /// [`RowInput::Failed`].
    Begin,
    /// See there what is said to each; every answer is [`Input::Rows`].
    Talk(RowWish),
}

impl RowsWish {
    /// Whether it concerns alerts and decisions: those of other sessions wait for it.
    pub fn is_urgent(&self) -> bool {
        match self {
            Self::Talk(RowWish::Apply(give, _)) => usize::from(give.urgency) == Urgency::Alerts as usize,
            Self::Talk(RowWish::Serve(ask, _)) => usize::from(ask.urgency) == Urgency::Alerts as usize,
            // They end every session: nothing is worth doing before.
            Self::Talk(RowWish::Reborn | RowWish::BeginAgain) => true,
            Self::Begin
            | Self::Talk(
                RowWish::Send(..)
                | RowWish::Recall(_)
                | RowWish::Passed(_)
                | RowWish::Keep(..)
                | RowWish::Digest
                | RowWish::Fetch(..)
                | RowWish::Settle(..)
                | RowWish::Close(_),
            ) => false,
        }
    }
}

/// What happened that others care for.
#[derive(Debug, Clone)]
pub enum Event {
    /// A tick arrived as it was measured; it need not be durable yet.
    Seen {
        /// Whose.
        stream: StreamId,
        /// The tick.
        tick: Arc<Tick>,
        /// Who brought it.
        from: SessionId,
    },
    /// A peer has said hello.
    Greeted(SessionId, Hello),
    /// A peer carries a stream.
    Announced {
        /// Which peer.
        session: SessionId,
        /// Which stream.
        stream: StreamId,
        /// How much its agent has collected.
        tally: Tally,
    },
    /// A peer told its clock.
    Clock {
        /// Which peer.
        session: SessionId,
        /// Its clock now.
        clock: Clock,
        /// How long asking took.
        round_trip_ms: u64,
    },
    /// How often a peer is sure to be heard, by its own word.
    Beats {
        /// Which peer.
        session: SessionId,
        /// How often, in ms.
        every_ms: u32,
    },
    /// An agent's key has signed two histories: see [`Kept`](crate::keep::Kept).
    Forked(StreamId),
    /// A peer would not keep something.
    Refused(SessionId, Refused),
    /// What a peer can take has changed.
    Paused(SessionId, Paused),
    /// Something for another room.
    Errand(SessionId, Errand),
    /// A peer is about to leave.
    Goodbye(SessionId, String),
}

/// Why a mind closes a session.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CloseWhy {
    /// The peer said something it may not say; dialling again will not help.
    #[error("the peer broke the protocol: {0}")]
    Protocol(String),
    /// The store could not keep what the peer sent; the peer should come back later.
    #[error("the store can not keep anything now; come back later")]
    StoreTrouble,
    /// Something that was acknowledged here is gone; the peer should come back at once and be told what is missing.
    #[error("something acknowledged here was lost; come back and send it again")]
    Restate,
    /// The rows of this node began a new life, in which its places mean something else.
    #[error("the rows here began a new life; come back and compare")]
    RowsAnew,
    /// The peer's certificate and its words disagree.
    #[error("the peer says it is a {said} and its certificate says {is}")]
    WrongRole {
        /// What it says.
        said: Role,
        /// What its certificate says.
        is: Role,
    },
    /// This node is leaving.
    #[error("this node is leaving: {0}")]
    Leaving(String),
}
