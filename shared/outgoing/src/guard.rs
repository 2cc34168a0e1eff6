//! May a request go to that address?

use std::net::SocketAddr;

use crate::near::{Net, Reach, reach};

/// Where requests may go. The internet always; what is near where it is said; nobody's addresses only by name of their net.
///
/// A relay may go near as a rule: its receivers stand on the site's network, and no address is said to it but by its own
/// file. The hub may not: what it is told to fetch or post to can come from clients' people, and its network is nobody's
/// business. What is near is let in net by net there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Guard {
    near: bool,
    allow: Vec<Net>,
}

/// An address that was judged, and may be dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judged(SocketAddr);

/// An address that may not be dialled. Nothing was sent there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is on this machine or its networks.
    #[error(
        "{0} is not on the public internet; say private = true if that is meant, or name its network in [outgoing] allow"
    )]
    Near(SocketAddr),
    /// It is nobody's who could be meant.
    #[error(
        "{0} is an address that no receiver has (link-local, a cloud's metadata, multicast or reserved); if it is meant, name its network in [outgoing] allow"
    )]
    Nobody(SocketAddr),
}

impl Guard {
    /// What is near may be reached, or not; and whatever is in one of these nets.
    pub fn new(near: bool, allow: Vec<Net>) -> Self {
        Self { near, allow }
    }

    /// Whether something that is not on the internet may be reached at all.
    pub fn lets_near(&self) -> bool {
        self.near || !self.allow.is_empty()
    }

    /// Judges an address. What was judged is what is dialled.
    ///
    /// # Errors
    /// When nothing may go there.
    pub fn judge(&self, at: SocketAddr) -> Result<Judged, Refused> {
        if self.allow.iter().any(|net| net.has(at.ip())) {
            return Ok(Judged(at));
        }
        match reach(at.ip()) {
            Reach::Public => Ok(Judged(at)),
            Reach::Near if self.near => Ok(Judged(at)),
            Reach::Near => Err(Refused::Near(at)),
            Reach::Nobody => Err(Refused::Nobody(at)),
        }
    }
}

impl Judged {
    /// The address.
    pub fn at(self) -> SocketAddr {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may(guard: &Guard, ip: &str) -> bool {
        guard.judge(SocketAddr::new(ip.parse().expect("an address"), 443)).is_ok()
    }

    #[test]
    fn a_hub_goes_to_the_internet_a_relay_near_too_and_neither_to_a_clouds_metadata() {
        let (hub, relay) = (Guard::default(), Guard::new(true, Vec::new()));
        for (ip, at_hub, at_relay) in [
            ("8.8.8.8", true, true),
            ("2606:4700::1111", true, true),
            ("10.0.0.9", false, true),
            ("127.0.0.1", false, true),
            ("::1", false, true),
            ("fd00::1", false, true),
            ("100.64.1.1", false, true),
            ("169.254.169.254", false, false),
            ("fd00:ec2::254", false, false),
            ("::ffff:10.0.0.9", false, false),
            ("0.0.0.0", false, false),
            ("224.0.0.1", false, false),
        ] {
            assert_eq!((may(&hub, ip), may(&relay, ip)), (at_hub, at_relay), "{ip}");
        }
    }

    #[test]
    fn a_net_that_is_named_is_open_and_the_one_beside_it_is_not() {
        let guard = Guard::new(false, vec!["10.7.0.0/16".parse().expect("a net"), "169.254.9.9".parse().expect("one")]);
        assert!(may(&guard, "10.7.3.4") && may(&guard, "169.254.9.9"));
        assert!(!may(&guard, "10.8.3.4") && !may(&guard, "169.254.169.254") && !may(&guard, "127.0.0.1"));
    }
}
