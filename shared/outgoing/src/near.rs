//! What kind of place is an address?
//!
//! By IANA's special-purpose registries (RFC 6890 and later), and by where clouds keep what their machines may ask of
//! themselves. Pure.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// What stands behind an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Somebody on the internet.
    Public,
    /// This machine, or its own networks: loopback, private, shared by a carrier (RFC 6598), unique local.
    Near,
    /// Nobody who is meant: link-local and what answers for a cloud's metadata, multicast, reserved, for books, and
    /// addresses that hide another.
    Nobody,
}

/// What kind of place that is. An address within another (NAT64, 6to4) is what it leads to.
pub fn reach(ip: IpAddr) -> Reach {
    match ip {
        IpAddr::V4(ip) => reach_v4(ip),
        IpAddr::V6(ip) => reach_v6(ip),
    }
}

fn reach_v4(ip: Ipv4Addr) -> Reach {
    match ip.octets() {
        // What clouds answer from in ranges that are otherwise near or public: Alibaba, Azure.
        [100, 100, 100, 200] | [168, 63, 129, 16] => Reach::Nobody,
        [10 | 127, ..] | [100, 64..=127, ..] | [172, 16..=31, ..] | [192, 168, ..] => Reach::Near,
        [0 | 224.., ..]
        | [169, 254, ..]
        | [192, 0, 0 | 2, _]
        | [192, 31, 196, _]
        | [192, 52, 193, _]
        | [192, 88, 99, _]
        | [192, 175, 48, _]
        | [198, 18..=19, ..]
        | [198, 51, 100, _]
        | [203, 0, 113, _] => Reach::Nobody,
        _ => Reach::Public,
    }
}

fn reach_v6(ip: Ipv6Addr) -> Reach {
    let s = ip.segments();
    let within = |high: u16, low: u16| reach_v4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)));
    match s {
        [0, 0, 0, 0, 0, 0, 0, 1] => Reach::Near,
        // RFC 6052 and RFC 3056.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => within(high, low),
        // A cloud's metadata within what is otherwise near: AWS, Google.
        [0xfd00, 0xec2, ..] | [0xfd20, 0xce, ..] => Reach::Nobody,
        [0xfc00..=0xfdff, ..] => Reach::Near,
        // 2001::/23 is for protocols (Teredo among them), 2001:db8::/32 and 3fff::/20 are for books.
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Reach::Nobody,
        [0x2000..=0x3fff, ..] => Reach::Public,
        // All else is not given out, or is IPv4 in other clothes (mapped, compatible): no name is said to be there.
        _ => Reach::Nobody,
    }
}

/// Addresses that begin alike: `10.0.0.0/8`, `fd12:3456::/32`, or one alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Net {
    first: IpAddr,
    bits: u8,
}

impl Net {
    /// Whether it is one of them. One of another family never is.
    pub fn has(&self, ip: IpAddr) -> bool {
        match (self.first, ip) {
            (IpAddr::V4(first), IpAddr::V4(ip)) => same_start(first.into(), ip.into(), 32 - u32::from(self.bits)),
            (IpAddr::V6(first), IpAddr::V6(ip)) => {
                let gone = 128 - u32::from(self.bits);
                u128::from(first).checked_shr(gone) == u128::from(ip).checked_shr(gone)
            }
            _ => false,
        }
    }
}

fn same_start(one: u32, other: u32, gone: u32) -> bool {
    one.checked_shr(gone) == other.checked_shr(gone)
}

/// Not addresses that begin alike.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no network: write it as in \"10.0.0.0/8\" or \"fd12:3456::/32\", with nothing set behind its length")]
pub struct NoNet(String);

impl FromStr for Net {
    type Err = NoNet;

    fn from_str(said: &str) -> Result<Self, NoNet> {
        let none = || NoNet(said.chars().take(60).collect());
        let (first, bits) = said.split_once('/').map_or((said, None), |(first, bits)| (first, Some(bits)));
        let first: IpAddr = first.parse().map_err(|_| none())?;
        let most = if first.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), |bits| bits.parse().map_err(|_| none()))?;
        let is_clean = match first {
            IpAddr::V4(ip) => bits <= 32 && u32::from(ip).checked_shl(u32::from(bits)).unwrap_or(0) == 0,
            IpAddr::V6(ip) => bits <= 128 && u128::from(ip).checked_shl(u32::from(bits)).unwrap_or(0) == 0,
        };
        if is_clean { Ok(Self { first, bits }) } else { Err(none()) }
    }
}

impl fmt::Display for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Reach {
        reach(text.parse().expect("an address"))
    }

    #[test]
    fn each_address_is_what_the_registries_say() {
        let near = "127.0.0.1 127.255.255.255 10.0.0.0 10.1.2.3 10.255.255.255 100.64.0.1 100.127.255.255 172.16.0.1 \
            172.31.255.255 192.168.0.1 192.168.255.255 ::1 fc00::1 fd00::1 fdff:ffff::1 64:ff9b::10.1.2.3 \
            64:ff9b::127.0.0.1 2002:7f00:1:: 2002:c0a8:1::1";
        let nobody = "0.0.0.0 0.1.2.3 169.254.0.1 169.254.169.254 169.254.170.2 100.100.100.200 168.63.129.16 192.0.0.192 \
            192.0.2.1 192.88.99.1 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.250 240.0.0.1 \
            255.255.255.255 :: ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:8.8.8.8 ::8.8.8.8 ::7f00:1 64:ff9b::169.254.169.254 \
            64:ff9b:1::1 2002:a9fe:a9fe:: 2001::1 2001:10::1 2001:db8::1 3fff::1 fd00:ec2::254 fd20:ce::254 fe80::1 \
            febf::1 fec0::1 ff02::1 ff0e::1 100::1 4000::1 5f00::1";
        let public = "1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.1 126.1.1.1 128.0.0.1 169.253.1.1 \
            172.15.255.255 172.32.0.1 192.167.255.255 192.169.0.1 198.17.0.1 198.20.0.1 223.255.255.255 \
            2606:4700::1111 2001:4860:4860::8888 2a00:1450:4007::200e 64:ff9b::8.8.8.8 2002:808:808::1";
        for (all, expected) in [(near, Reach::Near), (nobody, Reach::Nobody), (public, Reach::Public)] {
            for one in all.split_whitespace() {
                assert_eq!(of(one), expected, "{one}");
            }
        }
    }

    #[test]
    fn a_network_has_what_begins_as_it_does_and_nothing_else() {
        for (net, inside, outside) in [
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.1"),
            ("192.168.7.0/24", "192.168.7.255", "192.168.8.0"),
            ("0.0.0.0/0", "203.0.113.1", "::1"),
            ("::/0", "fe80::1", "1.2.3.4"),
            ("192.168.7.9", "192.168.7.9", "192.168.7.8"),
            ("fd12:3456::/32", "fd12:3456:ffff::1", "fd12:3457::1"),
            ("fd00::5/128", "fd00::5", "fd00::6"),
        ] {
            let parsed: Net = net.parse().expect(net);
            let at = |text: &str| text.parse().expect("an address");
            assert!(parsed.has(at(inside)) && !parsed.has(at(outside)), "{net}");
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for wrong in ["", "10.0.0.0/33", "10.0.0.1/8", "fd00::1/64", "::/129", "host/8", "10.0.0.0/-1", "10.0.0.0/8/8"]
        {
            assert!(wrong.parse::<Net>().is_err(), "{wrong}");
        }
    }
}
