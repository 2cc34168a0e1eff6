//! How do a session's frames reach the other side, each on its lane?
//!
//! Moves opaque frames; knows nothing of what is in them. Acknowledges nothing either: a frame that was sent may be
//! lost with the connection, and only the session's own acknowledgement says otherwise.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock, Weak};

use bytes::Bytes;
use vigie_sync::Lane;

use crate::inbound::Inbound;
use crate::outbox::{Outboxes, SendError};
use crate::peer::Peer;
use crate::refusal::{CloseCode, Closed};
use crate::stats::{LaneBytes, LaneCounters, PathStats};
use crate::transport::Side;

/// A verified peer, and the seven lanes to and from it.
///
/// Receiving needs the connection itself; sending needs only a [`FrameSender`], of which there may be many. Nothing is
/// spawned for receiving: what the session does not read stays in the transport's window, and so with the sender.
pub struct Connection {
    link: Link,
    inbound: Box<Inbound>,
    sender: FrameSender,
}

impl Connection {
    /// The lanes of a finished handshake. The accepting side speaks first, see [`Connection::confirmed`].
    pub(crate) fn new(quinn: quinn::Connection, peer: Peer, side: Side) -> Self {
        // Sessions use no bidirectional streams; nothing would ever read one.
        quinn.set_max_concurrent_bi_streams(0_u8.into());
        let link =
            Link(Arc::new(Shared { quinn, peer, closed_here: OnceLock::new(), counters: LaneCounters::default() }));
        let sender = FrameSender { outboxes: Arc::new(Outboxes::new(link.clone())), link: link.clone() };
        if side == Side::Accepting {
            sender.outboxes.open(Lane::Control);
        }
        Self { inbound: Box::new(Inbound::new(link.clone())), sender, link }
    }

    /// The next frame from any lane. Safe to drop at any await: nothing is lost. Lanes take turns.
    pub async fn recv(&mut self) -> Result<(Lane, Bytes), Closed> {
        std::future::poll_fn(|context| self.inbound.poll_frame(context)).await
    }

    /// Waits until the other side is known to have accepted our certificate.
    ///
    /// In TLS 1.3 a dialler is done one trip before the other side has seen its certificate, so a refusal arrives only
    /// after the handshake. A session need not wait for this: it may send at once, and will hear of a refusal from
    /// [`Connection::recv`].
    pub async fn confirmed(&mut self) -> Result<(), Closed> {
        std::future::poll_fn(|context| self.inbound.poll_opened(context)).await
    }

    /// Hands a frame to its lane if the lane has room. See [`FrameSender::try_send`].
    pub fn try_send(&self, lane: Lane, frame: impl Into<Bytes>) -> Result<(), SendError> {
        self.sender.try_send(lane, frame)
    }

    /// Hands a frame to its lane, waiting for room. See [`FrameSender::send`].
    pub async fn send(&self, lane: Lane, frame: impl Into<Bytes>) -> Result<(), SendError> {
        self.sender.send(lane, frame).await
    }

    /// Bytes of a lane that the transport has not yet taken. See [`FrameSender::queued_bytes`].
    pub fn queued_bytes(&self, lane: Lane) -> usize {
        self.sender.queued_bytes(lane)
    }

    /// A second hand to send with.
    pub fn sender(&self) -> FrameSender {
        self.sender.clone()
    }

    /// Who is at the other end.
    pub fn peer(&self) -> &Peer {
        &self.link.0.peer
    }

    /// The part that may be kept and shared: watching and closing, not speaking.
    pub fn link(&self) -> Link {
        self.link.clone()
    }

    /// How the path is doing.
    pub fn path(&self) -> PathStats {
        self.link.path()
    }

    /// What each lane carried.
    pub fn lane_bytes(&self, lane: Lane) -> LaneBytes {
        self.link.lane_bytes(lane)
    }

    /// Ends the connection and says why. What was not yet acknowledged by the session may be lost.
    pub fn close(&self, code: CloseCode, text: &str) {
        self.link.close(code, text);
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.link.close(CloseCode::Done, "no longer needed");
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connection({} at {})", self.peer(), self.link.address())
    }
}

/// A hand that can send on every lane of a connection.
#[derive(Clone)]
pub struct FrameSender {
    outboxes: Arc<Outboxes>,
    link: Link,
}

impl FrameSender {
    /// Hands a frame to its lane, or says that the lane is full.
    ///
    /// Lanes do not wait for one another. Hand over late: what is in the lane's box can no longer be outrun by
    /// something fresher on the same lane.
    pub fn try_send(&self, lane: Lane, frame: impl Into<Bytes>) -> Result<(), SendError> {
        self.outboxes.try_send(lane, frame.into())
    }

    /// Hands a frame to its lane, waiting until the lane has room.
    pub async fn send(&self, lane: Lane, frame: impl Into<Bytes>) -> Result<(), SendError> {
        self.outboxes.send(lane, frame.into()).await
    }

    /// Bytes that were handed to a lane and not yet taken by the transport: zero is the time to hand over more.
    pub fn queued_bytes(&self, lane: Lane) -> usize {
        self.outboxes.queued_bytes(lane)
    }

    /// Waits until a lane's box is empty.
    pub async fn drained(&self, lane: Lane) -> Result<(), Closed> {
        self.outboxes.drained(lane).await
    }
}

impl fmt::Debug for FrameSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FrameSender({})", self.link.peer())
    }
}

/// A connection from outside: who, how it is doing, and a way to end it.
#[derive(Clone)]
pub struct Link(Arc<Shared>);

struct Shared {
    quinn: quinn::Connection,
    peer: Peer,
    /// Why this side closed it; quinn remembers only that it did.
    closed_here: OnceLock<Closed>,
    counters: LaneCounters,
}

impl Link {
    /// Who is at the other end.
    pub fn peer(&self) -> &Peer {
        &self.0.peer
    }

    /// Where the other end is now; it may move.
    pub fn address(&self) -> SocketAddr {
        self.0.quinn.remote_address()
    }

    /// How the path is doing.
    pub fn path(&self) -> PathStats {
        PathStats::of(&self.0.quinn.stats())
    }

    /// What a lane carried.
    pub fn lane_bytes(&self, lane: Lane) -> LaneBytes {
        self.0.counters.of(lane)
    }

    /// Whether the other side ever said anything on a lane: it accepted us.
    pub fn is_confirmed(&self) -> bool {
        self.0.counters.is_heard()
    }

    /// Waits until the other side accepted us; needs somebody else to read the connection.
    pub(crate) async fn until_confirmed(&self) {
        self.0.counters.until_heard().await;
    }

    /// A handle that keeps nothing alive.
    pub(crate) fn downgrade(&self) -> WeakLink {
        WeakLink(Arc::downgrade(&self.0))
    }

    /// Ends the connection and says why; the first reason counts.
    pub fn close(&self, code: CloseCode, text: &str) {
        self.close_as(Closed::Here { code, text: text.to_owned() }, code, text);
    }

    /// Why the connection is over, if it is.
    pub fn closed(&self) -> Option<Closed> {
        self.0.quinn.close_reason().map(|error| self.why(error))
    }

    /// Waits for the end.
    pub async fn ended(&self) -> Closed {
        let error = self.0.quinn.closed().await;
        self.why(error)
    }

    /// Ends it because the other side broke the rules.
    pub(crate) fn misbehaved(&self, rule: &str) -> Closed {
        let text = format!("the other side broke the rules: {rule}");
        let closed = Closed::Here { code: CloseCode::Misbehaved, text };
        self.close_as(closed.clone(), CloseCode::Misbehaved, rule);
        closed
    }

    /// Our own reason if this side closed it, the transport's otherwise.
    pub(crate) fn why(&self, error: quinn::ConnectionError) -> Closed {
        match (&error, self.0.closed_here.get()) {
            (quinn::ConnectionError::LocallyClosed, Some(ours)) => ours.clone(),
            _ => error.into(),
        }
    }

    pub(crate) fn quinn(&self) -> &quinn::Connection {
        &self.0.quinn
    }

    pub(crate) fn counters(&self) -> &LaneCounters {
        &self.0.counters
    }

    /// Whether two handles mean one connection.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    fn close_as(&self, closed: Closed, code: CloseCode, text: &str) {
        if self.0.quinn.close_reason().is_none() && self.0.closed_here.set(closed).is_ok() {
            self.0.quinn.close(code.to_wire(), text.as_bytes());
        }
    }
}

/// A connection that may be gone.
#[derive(Clone)]
pub(crate) struct WeakLink(Weak<Shared>);

impl WeakLink {
    /// The connection, if it is still open.
    pub(crate) fn open(&self) -> Option<Link> {
        self.0.upgrade().map(Link).filter(|link| link.closed().is_none())
    }
}

impl fmt::Debug for WeakLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WeakLink")
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({} at {})", self.peer(), self.address())
    }
}
