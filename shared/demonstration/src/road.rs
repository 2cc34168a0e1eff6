//! How is a line cut? Between a relay and the hub lies a road that carries datagrams while it is open, and drops them while
//! it is not: neither end is told, as with a real one.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::net::UdpSocket;

/// The largest datagram there is.
const DATAGRAM_BYTES: usize = 65_535;

/// The near end of a road, for whoever takes it.
#[derive(Debug, Clone)]
pub(crate) struct Road {
    at: SocketAddr,
    is_open: Arc<AtomicBool>,
}

impl Road {
    /// Builds a road to there, open, and carries for as long as the runtime lives.
    pub(crate) async fn build(to: SocketAddr) -> std::io::Result<Self> {
        let loopback = |port: u16| match to {
            SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::LOCALHOST, port)),
        };
        let near = UdpSocket::bind(loopback(0)).await?;
        let anywhere: SocketAddr = match to {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let far = UdpSocket::bind(anywhere).await?;
        far.connect(to).await?;
        let road = Self { at: near.local_addr()?, is_open: Arc::new(AtomicBool::new(true)) };
        tokio::spawn(carry(near, far, road.is_open.clone()));
        Ok(road)
    }

    /// Where it is entered.
    pub(crate) fn at(&self) -> SocketAddr {
        self.at
    }

    /// Opens it, or closes it to everything that is on it and comes.
    pub(crate) fn open(&self, is_open: bool) {
        self.is_open.store(is_open, Ordering::Relaxed);
    }
}

/// One traveller: a relay has one socket.
async fn carry(near: UdpSocket, far: UdpSocket, is_open: Arc<AtomicBool>) {
    let (mut up, mut down) = (vec![0; DATAGRAM_BYTES], vec![0; DATAGRAM_BYTES]);
    let mut traveller = None;
    loop {
        // What can not be sent is lost, which is what happens to datagrams; what could not be received was none.
        tokio::select! {
            came = near.recv_from(&mut up) => {
                let Ok((len, from)) = came else { continue };
                traveller = Some(from);
                if is_open.load(Ordering::Relaxed) {
                    drop(far.send(&up[..len]).await);
                }
            }
            came = far.recv(&mut down) => {
                let (Ok(len), Some(traveller)) = (came, traveller) else {
                    // A refusal of what was sent earlier comes at once and again; the next one may wait.
                    tokio::task::yield_now().await;
                    continue;
                };
                if is_open.load(Ordering::Relaxed) {
                    drop(near.send_to(&down[..len], traveller).await);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// What comes within a moment; on loopback it comes at once or never.
    async fn comes(socket: &UdpSocket) -> Option<(Vec<u8>, SocketAddr)> {
        let mut buffer = [0; 64];
        let (len, from) =
            tokio::time::timeout(Duration::from_millis(300), socket.recv_from(&mut buffer)).await.ok()?.ok()?;
        Some((buffer[..len].to_vec(), from))
    }

    #[tokio::test]
    async fn it_carries_both_ways_while_it_is_open_and_nothing_while_it_is_not() {
        let hub = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
        let relay = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
        let road = Road::build(hub.local_addr().expect("bound")).await.expect("built");
        relay.send_to(b"up", road.at()).await.expect("sent");
        let (came, from) = comes(&hub).await.expect("it is open");
        assert_eq!(came, b"up");
        hub.send_to(b"down", from).await.expect("sent");
        assert_eq!(comes(&relay).await.expect("it is open").0, b"down");
        road.open(false);
        relay.send_to(b"lost", road.at()).await.expect("sent");
        hub.send_to(b"lost", from).await.expect("sent");
        assert!(comes(&hub).await.is_none() && comes(&relay).await.is_none());
        road.open(true);
        relay.send_to(b"again", road.at()).await.expect("sent");
        assert_eq!(comes(&hub).await.expect("it is open again").0, b"again");
    }
}
