//! Who is at the door, and may they come in?
//!
//! Handshakes run beside one another, each with a deadline, so that no stranger can hold the door. What comes out is a
//! verified session, or somebody who wants to enrol.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use quinn::Incoming;
use quinn::crypto::rustls::HandshakeData;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;
use tracing::{debug, warn};

use crate::complaints::Complaints;
use crate::connection::Connection;
use crate::crowd::Crowd;
use crate::endpoint::{Endpoint, peer_of};
use crate::enrolment::Enrolment;
use crate::refusal::{CloseCode, Closed};
use crate::tls::{ENROLMENT_ALPN, SESSION_ALPN};
use crate::transport::{Side, handshake_deadline};

/// Handshakes at once above which strangers must first prove their address with a round trip.
///
/// Below it, everyone is spared that trip; a site that comes back after a power cut has this many agents at most.
const RETRY_ABOVE: usize = 64;

/// Handshakes at once above which newcomers are turned away; each holds about 50 kB and a share of a core.
const MAX_HALF_OPEN: usize = 512;

/// Handshakes at once from one address, so that one proven address can not take every place of others.
const MAX_HALF_OPEN_PER_ADDRESS: usize = 64;

/// Enrolments at once: whoever enrols is a stranger, and must not take the places of nodes that have one.
const MAX_ENROLMENTS: usize = 32;

/// Sessions that wait to be picked up; while they do, no further handshakes are begun.
const WAITING: usize = 16;

/// Somebody who came in.
#[derive(Debug)]
pub enum Accepted {
    /// A node with a good certificate and business here.
    Session(Connection),
    /// A node that has no certificate yet, and nothing is believed of it.
    Enrolment(Enrolment),
}

/// The door of an endpoint; closed when dropped, while open connections live on.
#[derive(Debug)]
pub struct Listener {
    accepted: mpsc::Receiver<Accepted>,
    door: JoinHandle<()>,
}

impl Endpoint {
    /// Opens the door. An endpoint has one; a second would share the arrivals with the first.
    pub fn listen(&self) -> Listener {
        let (sender, accepted) = mpsc::channel(WAITING);
        let door = tokio::spawn(keep_door(self.clone(), sender));
        Listener { accepted, door }
    }
}

impl Listener {
    /// The next who came in; `None` once the endpoint is closed.
    pub async fn next(&mut self) -> Option<Accepted> {
        self.accepted.recv().await
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.door.abort();
    }
}

async fn keep_door(endpoint: Endpoint, accepted: mpsc::Sender<Accepted>) {
    let half_open = HalfOpen::default();
    let inside = Arc::new(Inside { crowd: Crowd::default(), enrolments: Arc::new(Semaphore::new(MAX_ENROLMENTS)) });
    let complaints = Arc::new(Complaints::default());
    let mut handshakes = JoinSet::new();
    while let Some(incoming) = endpoint.quinn().accept().await {
        while handshakes.try_join_next().is_some() {}
        let address = incoming.remote_address();
        if endpoint.quinn().open_connections() >= endpoint.config().max_connections {
            warn!(%address, "turned a connection away: as many as may be are open");
            incoming.refuse();
            continue;
        }
        match half_open.enter(address.ip(), incoming.remote_address_validated()) {
            Entry::In(place) => {
                let accepted = accepted.clone();
                let (endpoint, inside, complaints) = (endpoint.clone(), inside.clone(), complaints.clone());
                handshakes.spawn(async move {
                    let settled = settle(&endpoint, incoming, &inside).await;
                    drop(place);
                    match settled {
                        // Nobody listens any more: the endpoint is going down.
                        Ok(arrival) => drop(accepted.send(arrival).await),
                        Err(reason) if complaints.is_news(address.ip(), &reason.to_string()) => {
                            warn!(%address, %reason, "refused a connection");
                        }
                        Err(reason) => debug!(%address, %reason, "refused a connection"),
                    }
                });
            }
            Entry::ProveYourAddress => {
                debug!(%address, "asked a newcomer to prove its address: many handshakes are under way");
                // Refused at most when the address is proven already, and then this branch is not taken.
                drop(incoming.retry());
            }
            Entry::Full => {
                debug!(%address, "turned a newcomer away: too many handshakes are under way");
                incoming.refuse();
            }
        }
    }
}

async fn settle(endpoint: &Endpoint, incoming: Incoming, inside: &Inside) -> Result<Accepted, ArrivalError> {
    let kind = endpoint.config().accept.as_ref().map_or(vigie_sync::LinkKind::Wan, |profile| profile.kind);
    let handshake = async { incoming.accept()?.await };
    let quinn = timeout(handshake_deadline(kind), handshake)
        .await
        .map_err(|_| ArrivalError::TooSlow)?
        .map_err(|error| ArrivalError::Handshake(error.into()))?;
    match protocol(&quinn).as_deref() {
        Some(SESSION_ALPN) => session(quinn, inside),
        Some(ENROLMENT_ALPN) => enrolment(quinn, endpoint, inside),
        // TLS lets no other through.
        _ => Err(ArrivalError::Handshake(Closed::OtherProtocol)),
    }
}

fn session(quinn: quinn::Connection, inside: &Inside) -> Result<Accepted, ArrivalError> {
    match peer_of(&quinn) {
        Ok(peer) => {
            let connection = Connection::new(quinn, peer, Side::Accepting);
            inside.crowd.enter(&connection.link());
            Ok(Accepted::Session(connection))
        }
        Err(reason) => {
            quinn.close(CloseCode::NoCertificate.to_wire(), b"a session needs a certificate; enrol first");
            Err(ArrivalError::NoCertificate(reason))
        }
    }
}

fn enrolment(quinn: quinn::Connection, endpoint: &Endpoint, inside: &Inside) -> Result<Accepted, ArrivalError> {
    match inside.enrolments.clone().try_acquire_owned() {
        Ok(place) => Ok(Accepted::Enrolment(Enrolment::new(quinn, endpoint.clone(), place))),
        Err(_) => {
            quinn.close(CloseCode::Busy.to_wire(), b"too many enrolments at once; try again in a minute");
            Err(ArrivalError::TooManyEnrolments)
        }
    }
}

fn protocol(quinn: &quinn::Connection) -> Option<Vec<u8>> {
    quinn.handshake_data()?.downcast::<HandshakeData>().ok()?.protocol
}

/// What is counted of those who came in.
struct Inside {
    crowd: Crowd,
    enrolments: Arc<Semaphore>,
}

/// Counts handshakes that are under way.
#[derive(Debug, Clone, Default)]
struct HalfOpen(Arc<Mutex<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

enum Entry {
    In(Place),
    ProveYourAddress,
    Full,
}

impl HalfOpen {
    fn enter(&self, address: IpAddr, proven: bool) -> Entry {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let from_there = counts.by_address.get(&address).copied().unwrap_or(0);
        if counts.all >= MAX_HALF_OPEN || (proven && from_there >= MAX_HALF_OPEN_PER_ADDRESS) {
            return Entry::Full;
        }
        if !proven && counts.all >= RETRY_ABOVE {
            return Entry::ProveYourAddress;
        }
        counts.all += 1;
        *counts.by_address.entry(address).or_default() += 1;
        Entry::In(Place { half_open: self.clone(), address })
    }
}

/// A handshake that is under way.
struct Place {
    half_open: HalfOpen,
    address: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.half_open.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.all -= 1;
        if let Some(count) = counts.by_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.by_address.remove(&self.address);
            }
        }
    }
}

/// Why somebody did not come in.
#[derive(Debug, thiserror::Error)]
enum ArrivalError {
    #[error("{0}")]
    Handshake(Closed),
    #[error("the handshake took too long")]
    TooSlow,
    #[error("no session without a certificate: {0}")]
    NoCertificate(String),
    #[error("too many enrolments at once")]
    TooManyEnrolments,
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    #[test]
    fn a_crowd_must_prove_its_addresses_and_leaves_room_for_others() {
        let half_open = HalfOpen::default();
        let one = SocketAddr::from(([10, 0, 0, 1], 1)).ip();
        let enter = |address, proven| match half_open.enter(address, proven) {
            Entry::In(place) => Ok(place),
            Entry::ProveYourAddress => Err("prove"),
            Entry::Full => Err("full"),
        };
        let crowd: Vec<_> = (0..RETRY_ABOVE).map(|_| enter(one, false).ok().unwrap()).collect();
        assert_eq!(enter(one, false).err(), Some("prove"));
        assert_eq!(enter(one, true).err(), Some("full"));
        assert!(enter(SocketAddr::from(([10, 0, 0, 2], 1)).ip(), true).is_ok());
        drop(crowd);
        assert!(enter(one, false).is_ok());
        assert!(half_open.0.lock().unwrap().by_address.is_empty());
    }
}
