//! From where does somebody ask?

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::request::Parts;

use crate::Options;
use crate::listen::Peer;

/// Where a request came from, as far as guessing is counted: an IPv4 address, or an IPv6 network of 64 bits, which is
/// what one household or one attacker has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Address {
    network: IpAddr,
    loopback: bool,
}

impl Address {
    /// The address of a request. Without connect info (a test, a Unix socket) all share one.
    pub(crate) fn of(parts: &Parts, options: &Options) -> Self {
        let extensions = &parts.extensions;
        let ours = extensions.get::<ConnectInfo<Peer>>().map(|ConnectInfo(Peer(peer))| *peer);
        let peer = ours.or_else(|| extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| *peer));
        let peer = peer.map(|peer| peer.ip().to_canonical());
        let forwarded = peer.filter(|peer| options.behind_loopback_proxy && peer.is_loopback());
        match forwarded.and_then(|_| forwarded_for(parts)) {
            Some(asker) => Self { network: network(asker), loopback: false },
            None => Self {
                network: network(peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))),
                loopback: peer.is_some_and(|peer| peer.is_loopback()) && !options.behind_loopback_proxy,
            },
        }
    }

    /// Whether it is this machine, and no proxy speaks for somebody else.
    pub(crate) fn is_loopback(self) -> bool {
        self.loopback
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.network.fmt(f)
    }
}

/// The last address is the one our own proxy added; those before it are what the asker claims.
fn forwarded_for(parts: &Parts) -> Option<IpAddr> {
    let header = parts.headers.get_all("x-forwarded-for").iter().next_back()?;
    header.to_str().ok()?.rsplit(',').next()?.trim().parse().ok().map(|ip: IpAddr| ip.to_canonical())
}

fn network(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & !0 << 64)),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn parts(peer: &str, forwarded: Option<&str>) -> Parts {
        let mut request = Request::builder();
        if let Some(forwarded) = forwarded {
            request = request.header("x-forwarded-for", forwarded);
        }
        let (mut parts, ()) = request.body(()).expect("a request").into_parts();
        parts.extensions.insert(ConnectInfo(peer.parse::<SocketAddr>().expect("an address")));
        parts
    }

    #[test]
    fn only_a_proxy_on_loopback_is_believed() {
        let behind = Options { behind_loopback_proxy: true, ..Options::default() };
        let direct = Options::default();
        let real = Address::of(&parts("203.0.113.7:1", None), &direct);
        assert_eq!(Address::of(&parts("127.0.0.1:1", Some("1.1.1.1, 203.0.113.7")), &behind), real);
        assert_eq!(Address::of(&parts("203.0.113.7:1", Some("1.1.1.1")), &behind), real);
        assert_eq!(Address::of(&parts("203.0.113.7:1", Some("1.1.1.1")), &direct), real);
    }

    #[test]
    fn a_proxy_does_not_make_strangers_local() {
        let behind = Options { behind_loopback_proxy: true, ..Options::default() };
        assert!(!Address::of(&parts("127.0.0.1:1", None), &behind).is_loopback());
        assert!(Address::of(&parts("127.0.0.1:1", None), &Options::default()).is_loopback());
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one() {
        let options = Options::default();
        let one = Address::of(&parts("[2001:db8::1]:1", None), &options);
        assert_eq!(Address::of(&parts("[2001:db8::ffff]:1", None), &options), one);
        assert_ne!(Address::of(&parts("[2001:db8:0:1::1]:1", None), &options), one);
    }
}
