//! Who brings each parcel to the pipe and from there to its socket?

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::UdpSocket;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

use crate::{ChangeError, Direction, FlowId, Link, LinkChange, Load, Moment, Offer, Parcel, Reply, Request, Stats};

/// The link, the clock, and the exits of all flows: what every task of this process shares.
#[derive(Debug)]
pub(super) struct Office {
    born: Instant,
    link: Mutex<Link>,
    exits: Mutex<HashMap<(FlowId, Direction), Exit>>,
    /// The courier must look again: something was offered or changed.
    changed: Notify,
    /// Something left the pipe or was changed: a stream that found no room may try again.
    room: Notify,
    next_flow: AtomicU64,
    udp_flows: AtomicU64,
    udp_refused: AtomicU64,
    tcp_connections: AtomicU64,
}

/// Where parcels of a flow go that come out at one end.
#[derive(Debug)]
pub(super) enum Exit {
    /// Through a connected socket.
    Connected(Arc<UdpSocket>),
    /// Through a listener's socket, to one of its clients.
    Client(Arc<UdpSocket>, SocketAddr),
    /// To the task that writes to a TCP connection. Unbounded, yet never holds more than the window of the stream.
    Stream(mpsc::UnboundedSender<Load>),
}

/// What a flow is counted as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FlowKind {
    Udp,
    Tcp,
}

/// A flow that can be delivered to, for as long as this lives.
#[derive(Debug)]
pub(super) struct OpenFlow {
    office: Arc<Office>,
    kind: FlowKind,
    id: FlowId,
}

/// How many parcels are delivered before others may have the thread: about a millisecond's worth.
const BATCH: usize = 64;

impl Office {
    pub(super) fn open(seed: u64, change: &LinkChange) -> Result<Self, ChangeError> {
        let mut link = Link::new(seed);
        link.set(change, Moment::BIRTH)?;
        Ok(Self {
            born: Instant::now(),
            link: Mutex::new(link),
            exits: Mutex::default(),
            changed: Notify::new(),
            room: Notify::new(),
            next_flow: AtomicU64::new(0),
            udp_flows: AtomicU64::new(0),
            udp_refused: AtomicU64::new(0),
            tcp_connections: AtomicU64::new(0),
        })
    }

    pub(super) fn now(&self) -> Moment {
        Moment::after_birth(self.born.elapsed())
    }

    /// Opens a flow with its two exits.
    pub(super) fn open_flow(self: &Arc<Self>, kind: FlowKind, up: Exit, down: Exit) -> OpenFlow {
        let id = FlowId(self.next_flow.fetch_add(1, Ordering::Relaxed));
        self.gauge(kind).fetch_add(1, Ordering::Relaxed);
        let mut exits = lock(&self.exits);
        exits.insert((id, Direction::Up), up);
        exits.insert((id, Direction::Down), down);
        OpenFlow { office: Arc::clone(self), kind, id }
    }

    /// Counts a datagram whose client could not be admitted.
    pub(super) fn refused_udp(&self) {
        self.udp_refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Puts a datagram into the pipe; what becomes of it is the pipe's affair.
    pub(super) fn send_datagram(&self, direction: Direction, flow: FlowId, bytes: &[u8]) {
        let load = Load::Datagram(bytes.to_vec());
        match self.offer(direction, Parcel { flow, load }) {
            Offer::Taken => self.changed.notify_one(),
            Offer::Dropped(_) => {}
            Offer::NoRoom(_) => unreachable!("only streams are told to wait"),
        }
    }

    /// Puts a piece of a stream into the pipe, once there is room.
    pub(super) async fn send_stream(&self, direction: Direction, flow: FlowId, load: Load) {
        let mut parcel = Parcel { flow, load };
        loop {
            // Registered before the offer, so that room made in between is not missed.
            let mut room = std::pin::pin!(self.room.notified());
            room.as_mut().enable();
            parcel = match self.offer(direction, parcel) {
                Offer::Taken | Offer::Dropped(_) => return self.changed.notify_one(),
                Offer::NoRoom(parcel) => parcel,
            };
            room.await;
        }
    }

    /// Waits until streams do not stand still.
    pub(super) async fn until_streams_flow(&self) {
        loop {
            let mut room = std::pin::pin!(self.room.notified());
            room.as_mut().enable();
            if !self.streams_held() {
                return;
            }
            room.await;
        }
    }

    pub(super) fn streams_held(&self) -> bool {
        lock(&self.link).streams_held()
    }

    /// Does what a request says.
    pub(super) fn answer(&self, request: Request) -> Reply {
        let now = self.now();
        let mut link = lock(&self.link);
        match request {
            Request::Set(change) => {
                if let Err(why) = link.set(&change, now) {
                    return Reply::refused(why);
                }
            }
            Request::Cut { side } => link.cut(side, now),
            Request::Heal { side } => link.heal(side, now),
            Request::Stats {} => {
                let stats = Some(self.stats(&link));
                return Reply { stats, ..Reply::done(&link) };
            }
        }
        self.changed.notify_one();
        self.room.notify_waiters();
        Reply::done(&link)
    }

    /// Delivers what comes out of the pipe, for ever.
    pub(super) async fn carry(self: Arc<Self>) {
        loop {
            let Some(wakeup) = self.deliver_arrived() else {
                self.changed.notified().await;
                continue;
            };
            if wakeup <= self.now() {
                tokio::task::yield_now().await;
                continue;
            }
            tokio::select! {
                () = tokio::time::sleep_until(self.born + wakeup.age()) => {}
                () = self.changed.notified() => {}
            }
        }
    }

    /// Delivers a batch, and says when to come back.
    ///
    /// The link stays locked meanwhile: who was told that it is cut can be sure that nothing is delivered any more.
    fn deliver_arrived(&self) -> Option<Moment> {
        let now = self.now();
        let mut link = lock(&self.link);
        let mut delivered = 0;
        while delivered < BATCH
            && let Some((direction, parcel)) = link.poll(now)
        {
            self.deliver(&mut link, direction, parcel);
            delivered += 1;
        }
        if delivered > 0 {
            self.room.notify_waiters();
        }
        link.next_wakeup()
    }

    fn deliver(&self, link: &mut Link, direction: Direction, parcel: Parcel) {
        let exits = lock(&self.exits);
        let delivered = match (exits.get(&(parcel.flow, direction)), parcel.load) {
            (Some(Exit::Connected(socket)), Load::Datagram(bytes)) => socket.try_send(&bytes).is_ok(),
            (Some(Exit::Client(socket, client)), Load::Datagram(bytes)) => socket.try_send_to(&bytes, *client).is_ok(),
            (Some(Exit::Stream(writer)), load @ (Load::Segment(_) | Load::End)) => {
                // A writer that is gone has seen its connection fail; nobody misses the rest.
                return drop(writer.send(load));
            }
            (None, Load::Segment(_) | Load::End) => return,
            (None, Load::Datagram(_)) => false,
            (Some(Exit::Stream(_)), Load::Datagram(_))
            | (Some(Exit::Connected(_) | Exit::Client(..)), Load::Segment(_) | Load::End) => {
                unreachable!("a flow is opened for one kind of load")
            }
        };
        if !delivered {
            link.was_undelivered(direction);
        }
    }

    fn offer(&self, direction: Direction, parcel: Parcel) -> Offer {
        lock(&self.link).offer(direction, parcel, self.now())
    }

    fn stats(&self, link: &Link) -> Stats {
        Stats {
            up: link.pipe(Direction::Up).stats(),
            down: link.pipe(Direction::Down).stats(),
            udp_flows: self.udp_flows.load(Ordering::Relaxed),
            udp_refused: self.udp_refused.load(Ordering::Relaxed),
            tcp_connections: self.tcp_connections.load(Ordering::Relaxed),
        }
    }

    fn gauge(&self, kind: FlowKind) -> &AtomicU64 {
        match kind {
            FlowKind::Udp => &self.udp_flows,
            FlowKind::Tcp => &self.tcp_connections,
        }
    }
}

impl OpenFlow {
    pub(super) fn id(&self) -> FlowId {
        self.id
    }
}

impl Drop for OpenFlow {
    fn drop(&mut self) {
        self.office.gauge(self.kind).fetch_sub(1, Ordering::Relaxed);
        let mut exits = lock(&self.office.exits);
        exits.remove(&(self.id, Direction::Up));
        exits.remove(&(self.id, Direction::Down));
    }
}

/// A task that panicked leaves counters behind that are at worst off by one; that is no reason to stop all others.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
