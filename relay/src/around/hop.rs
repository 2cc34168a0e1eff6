//! Who stands behind the gateway? Asked as RFC 792 lets everybody ask: a datagram to the hub that may go so many steps and no
//! further, and whoever it ends at says so. Needs no rights; the hub passes such a datagram by.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use nix::libc::{sock_extended_err, sockaddr_in};
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrIn, recvmsg, setsockopt, sockopt};
use tokio::net::UdpSocket;
use tokio::time::timeout;

use super::PATIENCE;

/// The first is the gateway itself. A second box of the site may come before the operator's, and some never answer.
const STEPS: [u32; 3] = [2, 3, 4];

/// The nearest that answers behind the gateway, and how long that took. Of silence nothing follows: many never answer this.
pub(super) async fn behind_gateway(hub: SocketAddr) -> Option<(IpAddr, Duration)> {
    let SocketAddr::V4(hub) = hub else { return None };
    let mut asked = STEPS.map(|steps| tokio::spawn(ends_at(hub, steps)));
    for one in &mut asked {
        // Nearest first; all were asked at once.
        if let Ok(Some((who, took))) = one.await {
            return Some((IpAddr::V4(who), took));
        }
    }
    None
}

/// Who says that a datagram ended at them after so many steps.
async fn ends_at(hub: SocketAddrV4, steps: u32) -> Option<(Ipv4Addr, Duration)> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await.ok()?;
    socket.set_ttl(steps).ok()?;
    setsockopt(&socket, sockopt::Ipv4RecvErr, &true).ok()?;
    socket.connect(hub).await.ok()?;
    let begun = Instant::now();
    // No version of QUIC begins with it, so that nobody answers to what it says.
    socket.send(&[0]).await.ok()?;
    let mut none = [0; 1];
    let error = timeout(PATIENCE, socket.recv(&mut none)).await.ok()?.err()?;
    let took = begun.elapsed();
    (error.kind() != ErrorKind::WouldBlock).then_some(())?;
    let who = who_said(&socket)?;
    (who != *hub.ip()).then_some((who, took))
}

/// Whose word an error of this socket was.
fn who_said(socket: &UdpSocket) -> Option<Ipv4Addr> {
    const BY_ICMP: u8 = 2;
    let mut space = nix::cmsg_space!(sock_extended_err, sockaddr_in);
    let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
    let told = recvmsg::<SockaddrIn>(socket.as_raw_fd(), &mut [], Some(&mut space), flags).ok()?;
    told.cmsgs().ok()?.find_map(|message| match message {
        ControlMessageOwned::Ipv4RecvErr(error, Some(who)) if error.ee_origin == BY_ICMP => {
            Some(Ipv4Addr::from(u32::from_be(who.sin_addr.s_addr)))
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn of_an_error_of_a_socket_it_is_known_whose_word_it_was() {
        let taken = std::net::UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let free = taken.local_addr().expect("an address");
        drop(taken);
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
        setsockopt(&socket, sockopt::Ipv4RecvErr, &true).expect("a socket of IPv4");
        socket.connect(free).await.expect("connected");
        socket.send(&[0]).await.expect("sent");
        socket.recv(&mut [0; 1]).await.expect_err("nobody listens there");
        assert_eq!(who_said(&socket), Some(Ipv4Addr::LOCALHOST));
        assert_eq!(who_said(&socket), None, "each is said once");
    }

    #[tokio::test]
    async fn the_hub_itself_is_nobody_on_the_way() {
        let hub = std::net::UdpSocket::bind("127.0.0.1:0").expect("a free port").local_addr().expect("an address");
        assert_eq!(behind_gateway(hub).await, None);
    }
}
