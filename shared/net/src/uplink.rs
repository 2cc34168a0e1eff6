//! How does a node come to have one good connection upwards, and a next one when it is lost?
//!
//! The body of [`Redialer`] and [`Suspicion`]: resolves, dials, races, watches. What is said on a connection is the
//! session's business.

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc, watch};
use tokio::task::{AbortHandle, JoinHandle, JoinSet};
use tokio::time::Instant;
use tracing::{debug, info, warn};
use vigie_model::NodeId;

use crate::connection::{Connection, Link};
use crate::endpoint::Endpoint;
use crate::peer::Peer;
use crate::redial::{AttemptId, Redialer, Wish};
use crate::refusal::{CloseCode, Closed, DialError};
use crate::suspicion::Suspicion;

/// Somebody to dial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// `host:port`. A name is resolved anew for each attempt: after an outage the address may be another.
    pub address: String,
    /// The node that must answer, if it is known; otherwise any that our role may speak with.
    pub node: Option<NodeId>,
}

impl Target {
    /// Any node of the right role at this address.
    pub fn at(address: impl Into<String>) -> Self {
        Self { address: address.into(), node: None }
    }
}

/// How the search goes.
#[derive(Debug, Clone, PartialEq)]
pub enum UplinkState {
    /// No connection.
    Searching {
        /// Since when.
        since: Instant,
        /// Attempts in this search.
        attempts: u64,
        /// What the last failure was, for a person to read.
        last_error: Option<String>,
    },
    /// A connection is open, and the other side accepted us.
    Connected {
        /// With whom.
        peer: Peer,
        /// Where.
        address: SocketAddr,
        /// Since when.
        since: Instant,
        /// Nothing comes back at the moment, and a fresh connection is tried beside this one.
        suspect: bool,
    },
}

/// Keeps a connection to the first target that answers, and finds the next one when it is lost.
///
/// [`Uplink::next`] yields a connection; the session uses it until it ends, and asks for the next. A connection also
/// ends when a better one was found beside it: then `recv` says [`CloseCode::Replaced`] and `next` has it at once.
#[derive(Debug)]
pub struct Uplink {
    fresh: Arc<Slot>,
    orders: mpsc::UnboundedSender<Order>,
    state: watch::Receiver<UplinkState>,
    searcher: JoinHandle<()>,
}

impl Uplink {
    /// Begins to search, by the schedule of the endpoint's dialling profile.
    pub fn begin(endpoint: Endpoint, targets: Vec<Target>) -> Self {
        let searching = UplinkState::Searching { since: Instant::now(), attempts: 0, last_error: None };
        let ((state, seen), (orders, inbox)) = (watch::channel(searching), mpsc::unbounded_channel());
        let fresh = Arc::new(Slot::default());
        let searcher = tokio::spawn(Searcher::new(endpoint, targets, fresh.clone(), state).run(inbox));
        Self { fresh, orders, state: seen, searcher }
    }

    /// The next connection. Safe to drop while it waits.
    pub async fn next(&mut self) -> Connection {
        self.fresh.take().await
    }

    /// The machine's network changed, or it woke up: search at once, and beside a connection that may be dead.
    pub fn network_changed(&self) {
        self.order(Order::NetworkChanged);
    }

    /// Other targets, after enrolment facts or a person's settings changed. An open connection is kept.
    pub fn set_targets(&self, targets: Vec<Target>) {
        self.order(Order::Targets(targets));
    }

    /// How the search goes.
    pub fn state(&self) -> UplinkState {
        self.state.borrow().clone()
    }

    /// The same, to be watched.
    pub fn watch(&self) -> watch::Receiver<UplinkState> {
        self.state.clone()
    }

    fn order(&self, order: Order) {
        // Fails only once the searcher is gone, and it lives as long as this does.
        drop(self.orders.send(order));
    }
}

impl Drop for Uplink {
    fn drop(&mut self) {
        self.searcher.abort();
    }
}

#[derive(Debug)]
enum Order {
    NetworkChanged,
    Targets(Vec<Target>),
}

/// Room for one connection that nobody has picked up yet; a newer one takes its place.
#[derive(Default)]
struct Slot {
    connection: Mutex<Option<Connection>>,
    filled: Notify,
}

impl Slot {
    fn put(&self, connection: Connection) {
        *self.connection.lock().unwrap_or_else(PoisonError::into_inner) = Some(connection);
        self.filled.notify_one();
    }

    async fn take(&self) -> Connection {
        loop {
            if let Some(connection) = self.connection.lock().unwrap_or_else(PoisonError::into_inner).take() {
                return connection;
            }
            self.filled.notified().await;
        }
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Slot")
    }
}

/// A connection that lived shorter than this proves nothing: the search goes on at its pace, so that two nodes that
/// part right after meeting do not meet a thousand times a minute.
const SETTLED: Duration = Duration::from_secs(10);

struct Searcher {
    endpoint: Endpoint,
    targets: Vec<Target>,
    fresh: Arc<Slot>,
    state: watch::Sender<UplinkState>,
    redialer: Redialer,
    dials: JoinSet<(AttemptId, usize, Result<Connection, DialError>)>,
    under_way: HashMap<AttemptId, AbortHandle>,
    current: Option<Current>,
    began: Instant,
}

struct Current {
    link: Link,
    target: usize,
    since: Instant,
    suspicion: Suspicion,
    suspect: bool,
    confirmed: bool,
}

impl Searcher {
    fn new(endpoint: Endpoint, targets: Vec<Target>, fresh: Arc<Slot>, state: watch::Sender<UplinkState>) -> Self {
        let redialer = Redialer::new(endpoint.config().dial.redial, targets.len());
        Self {
            endpoint,
            targets,
            fresh,
            state,
            redialer,
            dials: JoinSet::new(),
            under_way: HashMap::new(),
            current: None,
            began: Instant::now(),
        }
    }

    async fn run(mut self, mut orders: mpsc::UnboundedReceiver<Order>) {
        loop {
            let wake = self.look_and_dial();
            tokio::select! {
                Some(joined) = self.dials.join_next(), if !self.dials.is_empty() => {
                    // An error is an attempt that was given up.
                    if let Ok((attempt, target, result)) = joined {
                        self.finished(attempt, target, result);
                    }
                }
                closed = ended(self.current.as_ref()) => self.lost(&closed),
                () = confirmed(self.current.as_ref()) => self.confirmed(),
                () = tokio::time::sleep_until(wake) => {}
                order = orders.recv() => match order {
                    Some(order) => self.obey(order),
                    None => return,
                },
            }
        }
    }

    /// Looks at the connection, does what the search wishes, and says when to look again.
    fn look_and_dial(&mut self) -> Instant {
        let now_ms = self.now_ms();
        let mut wake_ms = u64::MAX;
        if let Some(current) = &mut self.current {
            let path = current.link.path();
            let suspect = current.suspicion.observe(now_ms, path.asked, path.udp_rx_datagrams);
            wake_ms = now_ms + current.suspicion.look_every_ms();
            if suspect != current.suspect {
                current.suspect = suspect;
                let peer = current.link.peer().to_string();
                if suspect {
                    debug!(peer, "nothing comes back; trying a fresh connection beside this one");
                    self.redialer.begin_again(now_ms);
                } else {
                    debug!(peer, "the connection answers again");
                    self.end_attempts();
                }
                self.tell();
            }
        }
        if self.current.as_ref().is_none_or(|current| current.suspect) {
            wake_ms = wake_ms.min(self.dial_as_wished(now_ms));
        }
        // A year is never; tokio takes no larger times.
        self.began + Duration::from_millis(wake_ms.min(now_ms + 365 * 24 * 3_600_000))
    }

    fn dial_as_wished(&mut self, now_ms: u64) -> u64 {
        loop {
            match self.redialer.poll(now_ms, chance()) {
                Wish::Wait { until_ms } => return until_ms,
                Wish::Dial { attempt, target } => self.dial(attempt, target),
                Wish::GiveUp { attempt, target } => {
                    if let Some(handle) = self.under_way.remove(&attempt) {
                        handle.abort();
                    }
                    self.note_failure(target, format!("{} did not answer in time", self.targets[target].address));
                }
            }
        }
    }

    fn dial(&mut self, attempt: AttemptId, target: usize) {
        let (endpoint, Target { address, node }) = (self.endpoint.clone(), self.targets[target].clone());
        // Targets take turns, so each next try of a target is this many attempts later.
        let turn = usize::try_from(attempt.0).unwrap_or(0) / self.targets.len();
        let handle = self.dials.spawn(async move {
            let result = async {
                let address = resolve(&address, turn).await?;
                endpoint.dial(address, node).await
            };
            (attempt, target, result.await)
        });
        self.under_way.insert(attempt, handle);
        self.state.send_modify(|state| {
            if let UplinkState::Searching { attempts, .. } = state {
                *attempts += 1;
            }
        });
    }

    fn finished(&mut self, attempt: AttemptId, target: usize, result: Result<Connection, DialError>) {
        // A late result of an attempt that was given up: its connection closes as it is dropped here.
        let Some(_handle) = self.under_way.remove(&attempt) else { return };
        match result {
            Ok(connection) => {
                self.redialer.succeeded(attempt);
                self.end_attempts();
                self.take_into_use(connection, target);
            }
            Err(error) => {
                self.redialer.failed(attempt, error.is_refusal());
                self.note_failure(target, error.to_string());
            }
        }
    }

    fn take_into_use(&mut self, connection: Connection, target: usize) {
        let link = connection.link();
        if let Some(older) = self.current.take() {
            info!(peer = %link.peer(), "a fresh connection replaces one that answered no more");
            older.link.close(CloseCode::Replaced, "a fresh connection took its place");
        }
        let suspicion = Suspicion::new(self.endpoint.config().dial.suspect_after_ms.into());
        self.current =
            Some(Current { link, target, since: Instant::now(), suspicion, suspect: false, confirmed: false });
        self.fresh.put(connection);
    }

    /// Only now is there something to tell: until here a refusal may be on its way.
    fn confirmed(&mut self) {
        if let Some(current) = &mut self.current {
            info!(peer = %current.link.peer(), address = %current.link.address(), "connected");
            current.confirmed = true;
            self.tell();
        }
    }

    fn lost(&mut self, closed: &Closed) {
        let Some(lost) = self.current.take() else { return };
        let settled = lost.confirmed && lost.since.elapsed() >= SETTLED;
        match closed {
            Closed::Refused(_) | Closed::RefusedByUs(_) => {
                warn!(peer = %lost.link.peer(), reason = %closed, "a connection was refused");
                self.redialer.refused(lost.target);
            }
            _ => info!(peer = %lost.link.peer(), reason = %closed, "a connection ended"),
        }
        // A suspect connection has been searched beside already; that search simply goes on.
        if settled && !lost.suspect {
            self.redialer.begin_again(self.now_ms());
        }
        let last_error = Some(closed.to_string());
        self.state.send_modify(|state| match state {
            UplinkState::Searching { last_error: last, .. } => *last = last_error,
            UplinkState::Connected { .. } => {
                *state = UplinkState::Searching { since: Instant::now(), attempts: 0, last_error };
            }
        });
    }

    fn obey(&mut self, order: Order) {
        let now_ms = self.now_ms();
        match order {
            Order::NetworkChanged => {
                self.redialer.begin_again(now_ms);
                // A ping would be answered soon if the path is well; if not, the suspicion begins to count now.
                if let Some(current) = &mut self.current {
                    current.suspicion.alarm(now_ms);
                }
            }
            Order::Targets(targets) => {
                self.end_attempts();
                self.redialer.set_targets(targets.len(), now_ms);
                self.targets = targets;
            }
        }
    }

    fn end_attempts(&mut self) {
        for attempt in self.redialer.attempts().collect::<Vec<_>>() {
            self.redialer.failed(attempt, false);
        }
        self.under_way.clear();
        self.dials.abort_all();
    }

    /// Attempts may be many in an outage; each reason is said aloud once.
    fn note_failure(&mut self, target: usize, text: String) {
        let address = &self.targets[target].address;
        let is_news = match &*self.state.borrow() {
            UplinkState::Searching { last_error, .. } => last_error.as_ref() != Some(&text),
            _ => false,
        };
        if is_news {
            warn!(address, reason = text, "no connection yet; trying on");
        } else {
            debug!(address, reason = text, "an attempt failed");
        }
        self.state.send_modify(|state| {
            if let UplinkState::Searching { last_error, .. } = state {
                *last_error = Some(text);
            }
        });
    }

    fn tell(&self) {
        if let Some(Current { link, since, suspect, confirmed: true, .. }) = &self.current {
            let (peer, address) = (link.peer().clone(), link.address());
            self.state.send_replace(UplinkState::Connected { peer, address, since: *since, suspect: *suspect });
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

async fn confirmed(current: Option<&Current>) {
    match current {
        Some(current) if !current.confirmed => current.link.until_confirmed().await,
        _ => std::future::pending().await,
    }
}

async fn ended(current: Option<&Current>) -> Closed {
    match current {
        Some(current) => current.link.ended().await,
        None => std::future::pending().await,
    }
}

/// One of the addresses of a name, another one at each turn.
async fn resolve(target: &str, turn: usize) -> Result<SocketAddr, DialError> {
    let failed = |why: String| DialError::Resolve { target: target.to_owned(), why };
    let addresses: Vec<_> = tokio::net::lookup_host(target).await.map_err(|e| failed(e.to_string()))?.collect();
    turn.checked_rem(addresses.len())
        .map(|turn| addresses[turn])
        .ok_or_else(|| failed("the name has no address".to_owned()))
}

/// Chance for jitter; without a source of it all nodes wait equally long, which is no reason to stop.
fn chance() -> u32 {
    getrandom::u32().unwrap_or(u32::MAX / 2)
}
