//! What stands in a system's routes, in its resolver's file, and in what is asked and answered? Pure.

use std::net::{IpAddr, Ipv4Addr};

/// An ICMP echo request without a load; the system fills in who asks. Its checksum is that of these eight bytes.
pub(super) const ECHO: [u8; 8] = [8, 0, 0xf7, 0xfe, 0, 0, 0, 1];

/// The first byte of what answers it.
pub(super) const ECHO_REPLY: u8 = 0;

/// More servers of names than the system itself asks are not asked here.
const MOST_SERVERS: usize = 3;

/// A name as RFC 1035 bounds it, and each of its parts.
const MOST_NAME_BYTES: usize = 253;
const MOST_LABEL_BYTES: usize = 63;

/// The way out of the site in Linux's `/proc/net/route`: of several the one that is preferred.
pub(super) fn gateway(routes: &str) -> Option<Ipv4Addr> {
    let mut ways: Vec<(u32, Ipv4Addr)> = routes.lines().skip(1).filter_map(way_out).collect();
    ways.sort_unstable();
    Some(ways.first()?.1)
}

/// Metric and gateway of a line that is a way out: it leads everywhere, is up, and has a gateway.
fn way_out(line: &str) -> Option<(u32, Ipv4Addr)> {
    const UP_BY_GATEWAY: u32 = 0x3;
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [_, to, gateway, flags, _, _, metric, mask, ..] = fields.as_slice() else { return None };
    let hex = |text: &str| u32::from_str_radix(text, 16).ok();
    let everywhere = hex(to)? == 0 && hex(mask)? == 0;
    // As the kernel holds it: in the byte order of the network, printed in the machine's own.
    let gateway = Ipv4Addr::from(hex(gateway)?.to_ne_bytes());
    (everywhere && hex(flags)? & UP_BY_GATEWAY == UP_BY_GATEWAY).then_some(())?;
    Some((metric.parse().ok()?, gateway))
}

/// The servers that `/etc/resolv.conf` names.
pub(super) fn servers(file: &str) -> Vec<IpAddr> {
    let named = file.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        (words.next()? == "nameserver").then_some(())?;
        words.next()?.parse().ok()
    });
    named.take(MOST_SERVERS).collect()
}

/// Whether the file names any server, be it one that can not be asked from here (`fe80::1%eth0`).
pub(super) fn names_a_server(file: &str) -> bool {
    file.lines().any(|line| line.split_whitespace().next() == Some("nameserver"))
}

/// The name in an address such as `hub.example.org:7800`; none in one that is a number already.
pub(super) fn host_name(address: &str) -> Option<&str> {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    let is_number = host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
    (!is_number && !host.is_empty() && host.len() <= MOST_NAME_BYTES).then_some(host)
}

/// A question of RFC 1035: for the address of a name, or who serves the root where there is none.
pub(super) fn question(id: [u8; 2], name: &str) -> Vec<u8> {
    const RECURSION_DESIRED: u8 = 1;
    const ONE_QUESTION: [u8; 8] = [0, 1, 0, 0, 0, 0, 0, 0];
    let (address, servers, internet) = ([0, 1], [0, 2], [0, 1]);
    let mut asked = vec![id[0], id[1], RECURSION_DESIRED, 0];
    asked.extend(ONE_QUESTION);
    let labels = || name.split('.').filter(|label| !label.is_empty());
    let is_name = labels().all(|label| label.len() <= MOST_LABEL_BYTES) && labels().next().is_some();
    if is_name {
        for label in labels() {
            asked.push(u8::try_from(label.len()).expect("at most 63"));
            asked.extend(label.as_bytes());
        }
    }
    asked.push(0);
    asked.extend(if is_name { address } else { servers });
    asked.extend(internet);
    asked
}

/// Whether these bytes answer the question of this id, and why it was refused, if it was. That there is no such name is an answer,
/// too: somebody knew.
pub(super) fn answered(id: [u8; 2], bytes: &[u8]) -> Option<Option<&'static str>> {
    let [first, second, flags, codes, ..] = bytes else { return None };
    if [*first, *second] != id || flags & 0x80 == 0 {
        return None;
    }
    Some(match codes & 0xf {
        0 | 3 => None,
        1 => Some("FORMERR"),
        2 => Some("SERVFAIL"),
        4 => Some("NOTIMP"),
        5 => Some("REFUSED"),
        _ => Some("an unusual code"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT";

    #[cfg(target_endian = "little")]
    #[test]
    fn of_several_ways_out_the_preferred_one_is_the_gateway() {
        let routes = format!(
            "{HEAD}\nwlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\neth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n\
             eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
        );
        assert_eq!(gateway(&routes), Some(Ipv4Addr::new(192, 0, 2, 1)));
    }

    #[test]
    fn what_is_down_leads_nowhere_or_is_no_line_is_no_gateway() {
        for line in [
            "eth0\t00000000\t010200C0\t0002\t0\t0\t0\t00000000\t0\t0\t0",
            "ppp0\t00000000\t00000000\t0001\t0\t0\t0\t00000000\t0\t0\t0",
            "eth0\t000200C0\t010200C0\t0003\t0\t0\t0\t00FFFFFF\t0\t0\t0",
            "eth0\tzzz",
            "",
        ] {
            assert_eq!(gateway(&format!("{HEAD}\n{line}\n")), None, "{line}");
        }
        assert_eq!(gateway(""), None);
    }

    #[test]
    fn three_servers_of_names_are_asked_and_what_is_none_is_passed_by() {
        let file = "# nameserver 9.9.9.9\nsearch lan\nnameserver 192.168.1.1\nnameserver ::1\nnameserver lan\nnameserver 1.1.1.1\nnameserver 8.8.8.8\n";
        let servers: Vec<String> = servers(file).iter().map(IpAddr::to_string).collect();
        assert_eq!(servers, ["192.168.1.1", "::1", "1.1.1.1"]);
    }

    #[test]
    fn a_hub_is_asked_for_by_its_name_where_it_has_one() {
        for (address, name) in [
            ("hub.example.org:7800", Some("hub.example.org")),
            ("203.0.113.7:7800", None),
            ("[2001:db8::1]:7800", None),
            ("localhost", Some("localhost")),
            ("", None),
        ] {
            assert_eq!(host_name(address), name, "{address}");
        }
    }

    #[test]
    fn a_question_is_written_as_rfc_1035_has_it() {
        let asked = question([0xab, 0xcd], "hub.org");
        assert_eq!(asked[..12], [0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
        assert_eq!(asked[12..], *b"\x03hub\x03org\x00\x00\x01\x00\x01");
        assert_eq!(question([0, 0], "")[12..], [0, 0, 2, 0, 1], "who serves the root");
        let long = "a".repeat(64);
        assert_eq!(question([0, 0], &long)[12..], [0, 0, 2, 0, 1], "no name has such a part");
    }

    #[test]
    fn no_bytes_are_an_answer_that_are_none() {
        let id = [1, 2];
        for bytes in [&[][..], &[1], &[1, 2, 0x80], &[1, 2, 1, 0], &[2, 1, 0x80, 0]] {
            assert_eq!(answered(id, bytes), None, "{bytes:?}");
        }
        assert_eq!(answered(id, &[1, 2, 0x81, 0x80]), Some(None));
        assert_eq!(answered(id, &[1, 2, 0x81, 0x82]), Some(Some("SERVFAIL")));
    }

    #[test]
    fn the_checksum_of_an_echo_is_right() {
        let sum: u32 = ECHO.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum();
        assert_eq!((sum & 0xffff) + (sum >> 16), 0xffff);
    }
}
