//! How do datagrams get from clients to the target and back? As through a NAT: a socket of its own for each client.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::task::{JoinHandle, JoinSet};

use super::office::{Exit, FlowKind, Office, OpenFlow, lock};
use super::{Listening, StartError};
use crate::{Direction, FlowId, FlowTable};

/// The largest datagram that UDP can carry.
const MAX_DATAGRAM_BYTES: usize = 65_535;

/// How often quiet flows are looked for. A tenth of the silence they are allowed, near enough.
const SWEEP_EVERY: Duration = Duration::from_secs(12);

/// How long to leave a socket alone that failed, so that a lasting failure does not spin.
const AFTER_FAILURE: Duration = Duration::from_millis(50);

/// The flows of one listener. Its owner is the listener's task; flows only hold it weakly, so that all end together.
type Flows = Mutex<FlowTable<SocketAddr, ClientFlow>>;

/// One client. Dropped, its socket is closed and its task ends.
#[derive(Debug)]
struct ClientFlow {
    open: OpenFlow,
    back: JoinHandle<()>,
}

struct Listener {
    socket: Arc<UdpSocket>,
    target: SocketAddr,
    office: Arc<Office>,
    flows: Arc<Flows>,
}

/// Listens, and forwards from then on.
pub(super) async fn start(
    listen: SocketAddr,
    target: SocketAddr,
    office: &Arc<Office>,
    tasks: &mut JoinSet<()>,
) -> Result<Listening, StartError> {
    let taken = |why| StartError::Listen { what: "UDP", address: listen, why };
    let socket = ready_socket(listen).await.map_err(taken)?;
    let listening = Listening { listen: socket.local_addr().map_err(taken)?, target };
    let listener = Listener { socket: Arc::new(socket), target, office: Arc::clone(office), flows: Arc::default() };
    tasks.spawn(listener.forward());
    Ok(listening)
}

impl Listener {
    async fn forward(self) {
        let mut buffer = vec![0; MAX_DATAGRAM_BYTES];
        let mut sweep = tokio::time::interval(SWEEP_EVERY);
        loop {
            tokio::select! {
                received = self.socket.recv_from(&mut buffer) => match received {
                    Ok((length, client)) => self.received(&buffer[..length], client).await,
                    Err(_) => tokio::time::sleep(AFTER_FAILURE).await,
                },
                _ = sweep.tick() => drop(lock(&self.flows).expire(self.office.now())),
            }
        }
    }

    async fn received(&self, datagram: &[u8], client: SocketAddr) {
        let flow = match self.known(client) {
            Some(flow) => Ok(flow),
            None => self.admit(client).await,
        };
        match flow {
            Ok(flow) => self.office.send_datagram(Direction::Up, flow, datagram),
            Err(_) => self.office.refused_udp(),
        }
    }

    fn known(&self, client: SocketAddr) -> Option<FlowId> {
        let mut flows = lock(&self.flows);
        let flow = flows.touch(&client, self.office.now())?;
        Some(flow.open.id())
    }

    async fn admit(&self, client: SocketAddr) -> io::Result<FlowId> {
        lock(&self.flows).has_room().map_err(io::Error::other)?;
        let socket = Arc::new(socket_towards(self.target).await?);
        let up = Exit::Connected(Arc::clone(&socket));
        let down = Exit::Client(Arc::clone(&self.socket), client);
        let open = self.office.open_flow(FlowKind::Udp, up, down);
        let id = open.id();
        let back =
            Back { socket, client, flow: id, office: Arc::clone(&self.office), flows: Arc::downgrade(&self.flows) };
        let flow = ClientFlow { open, back: tokio::spawn(back.forward()) };
        let admitted = lock(&self.flows).admit(client, flow, self.office.now());
        admitted.map(|()| id).map_err(io::Error::other)
    }
}

/// The way back to one client.
struct Back {
    socket: Arc<UdpSocket>,
    client: SocketAddr,
    flow: FlowId,
    office: Arc<Office>,
    flows: Weak<Flows>,
}

impl Back {
    async fn forward(self) {
        let mut buffer = vec![0; MAX_DATAGRAM_BYTES];
        loop {
            match self.socket.recv(&mut buffer).await {
                Ok(length) => self.received(&buffer[..length]),
                // The target's port is closed, says ICMP. A target that restarts is what rehearsals are about.
                Err(why) if why.kind() == io::ErrorKind::ConnectionRefused => {}
                Err(_) => tokio::time::sleep(AFTER_FAILURE).await,
            }
        }
    }

    fn received(&self, datagram: &[u8]) {
        if let Some(flows) = self.flows.upgrade() {
            lock(&flows).touch(&self.client, self.office.now());
            self.office.send_datagram(Direction::Down, self.flow, datagram);
        }
    }
}

impl Drop for ClientFlow {
    fn drop(&mut self) {
        self.back.abort();
    }
}

async fn socket_towards(target: SocketAddr) -> io::Result<UdpSocket> {
    let any: SocketAddr = match target {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = ready_socket(any).await?;
    socket.connect(target).await?;
    Ok(socket)
}

/// A socket that tokio knows to be writable. Without waiting for that once, the first `try_send` would be refused.
async fn ready_socket(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(address).await?;
    socket.writable().await?;
    Ok(socket)
}
