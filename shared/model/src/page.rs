//! Where is a relay's own page, for who stands on its network?
//!
//! What a relay says of itself, in one fact; what it does not know is missing. The shape is that of version 1 on wire and disk,
//! as those of [`inventory`](crate::inventory). Knows no interfaces: what they are is an argument.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use serde::{Deserialize, Serialize};

/// The word of this fact in the key of its row.
pub const PAGE_WORD: &str = "page";

/// Addresses that are told: who stands at the site tries the first, and no machine there has more networks that matter.
pub const MAX_ADDRESSES: usize = 4;

/// Bytes of the first label of a name (RFC 1035).
const MAX_LABEL_BYTES: usize = 63;

/// What names of interfaces begin with that lead into containers and virtual machines of the same box, never to the site.
const INSIDE: [&str; 9] = ["docker", "veth", "br-", "virbr", "podman", "cni", "flannel", "lxc", "lxd"];

/// Where a relay's page is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelayPage {
    /// Whether it has a certificate: it is then reached by `https` alone.
    pub tls: bool,
    /// Its port.
    pub port: u16,
    /// Whether the site's network reaches it at all; otherwise only the relay's own machine does.
    pub is_open: bool,
    /// By which addresses, the likeliest first.
    pub addresses: Vec<IpAddr>,
    /// By which name, such as `vigie.local`; none where none is announced.
    pub name: Option<String>,
}

impl RelayPage {
    /// The page of a relay that listens there, on a machine with these interfaces (each with its name) at this time.
    pub fn of(listens: SocketAddr, tls: bool, interfaces: &[(String, IpAddr)]) -> Self {
        let ip = listens.ip().to_canonical();
        let mut addresses: Vec<IpAddr> = if ip.is_unspecified() {
            let outside = interfaces.iter().filter(|(name, _)| !is_inside(name));
            let own = outside.map(|(_, address)| address.to_canonical());
            own.filter(|address| leads_there(*address) && (listens.is_ipv6() || address.is_ipv4())).collect()
        } else {
            Some(ip).filter(|ip| leads_there(*ip)).into_iter().collect()
        };
        addresses.sort_by_key(|address| (rank(*address), *address));
        addresses.dedup();
        addresses.truncate(MAX_ADDRESSES);
        Self { tls, port: listens.port(), is_open: !ip.is_loopback(), addresses, name: None }
    }

    /// As it may be shown: what a relay said is text of the network, and a page with links is made of it.
    ///
    /// None where it can not be the page of a relay.
    pub fn checked(mut self) -> Option<Self> {
        self.addresses.retain(|address| leads_there(*address));
        self.addresses.truncate(MAX_ADDRESSES);
        self.name = self.name.filter(|name| is_name(name));
        if !self.is_open {
            (self.addresses, self.name) = (Vec::new(), None);
        }
        (self.port != 0).then_some(self)
    }

    /// Its addresses for a browser, the likeliest first.
    pub fn urls(&self) -> Vec<String> {
        self.addresses.iter().map(|address| self.url(&SocketAddr::new(*address, self.port).to_string())).collect()
    }

    /// The same by name.
    pub fn name_url(&self) -> Option<String> {
        let name = self.name.as_ref()?;
        Some(self.url(&format!("{name}:{}", self.port)))
    }

    fn url(&self, place: &str) -> String {
        format!("{}://{place}/", if self.tls { "https" } else { "http" })
    }
}

fn is_inside(interface: &str) -> bool {
    INSIDE.iter().any(|inside| interface.starts_with(inside))
}

/// Whether somebody else's browser gets anywhere by this address.
fn leads_there(address: IpAddr) -> bool {
    let is_of_link = match address.to_canonical() {
        IpAddr::V4(v4) => v4.is_link_local() || v4.is_broadcast(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    !(is_of_link || address.to_canonical().is_loopback() || address.is_unspecified() || address.is_multicast())
}

/// What people type first: IPv4 before IPv6, and a site's own addresses before public ones.
fn rank(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(v4) if v4.is_private() => 0,
        IpAddr::V4(_) => 1,
        IpAddr::V6(v6) if Ipv6Addr::is_unique_local(&v6) => 2,
        IpAddr::V6(_) => 3,
    }
}

/// One label and `.local`: what answers on the link itself (RFC 6762), and nothing anywhere else.
fn is_name(name: &str) -> bool {
    let Some(label) = name.strip_suffix(".local") else { return false };
    let is_plain = label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let is_bounded = (1..=MAX_LABEL_BYTES).contains(&label.len());
    is_plain && is_bounded && !label.starts_with('-') && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(listens: &str, interfaces: &[(&str, &str)]) -> RelayPage {
        let of = |(name, address): &(&str, &str)| ((*name).to_owned(), address.parse().expect("an address"));
        RelayPage::of(listens.parse().expect("a place"), false, &interfaces.iter().map(of).collect::<Vec<_>>())
    }

    const MACHINE: [(&str, &str); 9] = [
        ("lo", "127.0.0.1"),
        ("eth1", "203.0.113.7"),
        ("docker0", "172.17.0.1"),
        ("veth12ab", "10.9.9.9"),
        ("eth0", "fe80::1"),
        ("eth0", "2001:db8::7"),
        ("eth0", "fd00::7"),
        ("eth0", "192.168.1.10"),
        ("wlan0", "169.254.3.4"),
    ];

    #[test]
    fn a_page_for_everybody_is_told_by_the_addresses_that_lead_there_the_sites_own_first() {
        let page = on("[::]:7802", &MACHINE);
        let urls = ["http://192.168.1.10:7802/", "http://203.0.113.7:7802/", "http://[fd00::7]:7802/"];
        assert_eq!(page.urls()[..3], urls);
        assert_eq!((page.urls().len(), page.is_open), (4, true));
        assert_eq!(on("0.0.0.0:7802", &MACHINE).urls(), urls[..2], "where it listens by IPv4 alone, so it is told");
        let many: Vec<(String, String)> = (1..=9).map(|n| (format!("eth{n}"), format!("10.0.0.{n}"))).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|(name, address)| (&**name, &**address)).collect();
        assert_eq!(on("0.0.0.0:1", &many).addresses.len(), MAX_ADDRESSES);
    }

    #[test]
    fn a_page_at_one_address_is_told_by_that_one_and_one_on_loopback_is_closed() {
        assert_eq!(on("192.168.7.1:80", &MACHINE).urls(), ["http://192.168.7.1:80/"]);
        for closed in ["127.0.0.1:7802", "[::1]:7802"] {
            let page = on(closed, &MACHINE);
            assert!(!page.is_open && page.urls().is_empty(), "{page:?}");
        }
        let secret = RelayPage { tls: true, name: Some("vigie-2.local".to_owned()), ..on("10.0.0.1:443", &[]) };
        assert_eq!(secret.name_url().as_deref(), Some("https://vigie-2.local:443/"));
    }

    #[test]
    fn what_is_no_address_of_a_page_is_shown_to_nobody() {
        let said = on("10.0.0.1:7802", &[]);
        for name in ["evil.example", "a.b.local", "-a.local", ".local", "A.local", "a\".local", "a/b.local", "é.local"]
        {
            let page = RelayPage { name: Some(name.to_owned()), ..said.clone() };
            assert_eq!(page.checked().expect("the rest holds").name, None, "{name}");
        }
        let long = Some(format!("{}.local", "a".repeat(64)));
        assert_eq!(RelayPage { name: long, ..said.clone() }.checked().expect("the rest holds").name, None);
        let hostile =
            ["127.0.0.1", "::1", "0.0.0.0", "::", "224.0.0.1", "ff02::1", "169.254.169.254", "::ffff:127.0.0.1"];
        let addresses =
            hostile.iter().chain(["10.0.0.1"; 9].iter()).map(|ip| ip.parse().expect("an address")).collect();
        let page = RelayPage { addresses, ..said.clone() }.checked().expect("the rest holds");
        assert_eq!(page.addresses, ["10.0.0.1".parse::<IpAddr>().expect("an address"); MAX_ADDRESSES]);
        assert_eq!(RelayPage { port: 0, ..said.clone() }.checked(), None);
        let closed = RelayPage { is_open: false, name: Some("vigie.local".to_owned()), ..said }.checked();
        assert!(closed.is_some_and(|page| page.urls().is_empty() && page.name_url().is_none()));
    }
}
