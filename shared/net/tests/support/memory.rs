//! A network in memory, in virtual time: delay, loss, and a cable that can be pulled.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use quinn::udp::{RecvMeta, Transmit};
use quinn::{AsyncUdpSocket, UdpPoller};
use tokio::time::Instant;

pub struct Network(Mutex<State>);

struct State {
    inboxes: HashMap<SocketAddr, Inbox>,
    chance: u64,
    loss_percent: u64,
    delay: Duration,
    cut: bool,
    sent: u64,
    /// Of them, first packets of handshakes.
    beginnings: u64,
    sockets: u64,
}

#[derive(Default)]
struct Inbox {
    socket: u64,
    datagrams: BTreeMap<(Instant, u64), (SocketAddr, Vec<u8>)>,
    reader: Option<Waker>,
}

impl Network {
    pub fn new(seed: u64, loss_percent: u64, delay: Duration) -> Arc<Self> {
        let (inboxes, cut) = (HashMap::new(), false);
        let state = State { inboxes, chance: seed, loss_percent, delay, cut, sent: 0, beginnings: 0, sockets: 0 };
        Arc::new(Self(Mutex::new(state)))
    }

    /// A socket at this address; an older one there hears and says nothing any more.
    pub fn socket(self: &Arc<Self>, address: &str) -> Arc<dyn AsyncUdpSocket> {
        let address = address.parse().unwrap();
        let mut state = self.0.lock().unwrap();
        state.sockets += 1;
        let number = state.sockets;
        state.inboxes.insert(address, Inbox { socket: number, ..Inbox::default() });
        Arc::new(Socket { network: self.clone(), address, number })
    }

    pub fn cut(&self, cut: bool) {
        self.0.lock().unwrap().cut = cut;
    }

    pub fn datagrams(&self) -> u64 {
        self.0.lock().unwrap().sent
    }

    /// First packets of handshakes that anybody sent.
    pub fn beginnings(&self) -> u64 {
        self.0.lock().unwrap().beginnings
    }
}

struct Socket {
    network: Arc<Network>,
    address: SocketAddr,
    number: u64,
}

impl AsyncUdpSocket for Socket {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Box::pin(AlwaysWritable)
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        let mut state = self.network.0.lock().unwrap();
        state.sent += 1;
        state.beginnings += u64::from(transmit.contents[0] >> 4 == 0b1100);
        state.chance = state.chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let lost = (state.chance >> 33) % 100 < state.loss_percent;
        if lost || state.cut || state.inboxes[&self.address].socket != self.number {
            return Ok(());
        }
        let (at, number) = (Instant::now() + state.delay, state.sent);
        let Some(inbox) = state.inboxes.get_mut(&transmit.destination) else { return Ok(()) };
        inbox.datagrams.insert((at, number), (self.address, transmit.contents.to_vec()));
        let (network, to) = (self.network.clone(), transmit.destination);
        tokio::spawn(async move {
            tokio::time::sleep_until(at).await;
            let reader = network.0.lock().unwrap().inboxes.get_mut(&to).and_then(|inbox| inbox.reader.take());
            if let Some(reader) = reader {
                reader.wake();
            }
        });
        Ok(())
    }

    fn poll_recv(
        &self,
        context: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        metas: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let mut state = self.network.0.lock().unwrap();
        let inbox = state.inboxes.get_mut(&self.address).unwrap();
        if inbox.socket != self.number {
            return Poll::Pending;
        }
        match inbox.datagrams.first_entry() {
            Some(first) if first.key().0 <= Instant::now() => {
                let (addr, bytes) = first.remove();
                buffers[0][..bytes.len()].copy_from_slice(&bytes);
                metas[0] = RecvMeta { addr, len: bytes.len(), stride: bytes.len(), ecn: None, dst_ip: None };
                Poll::Ready(Ok(1))
            }
            _ => {
                inbox.reader = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Socket({})", self.address)
    }
}

#[derive(Debug)]
struct AlwaysWritable;

impl UdpPoller for AlwaysWritable {
    fn poll_writable(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
