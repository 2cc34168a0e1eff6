//! What goes through each network interface, and what got lost there?

use vigie_model::Resolution;

use super::roster::Roster;
use super::text::{TextFile, lines, number, words};
use super::{CollectError, Collector, Machine, Reading, Round, Slot};

/// Reads `/proc/net/dev` in every round.
#[derive(Debug)]
pub(super) struct Network {
    file: TextFile,
    interfaces: Roster<[Direction; 2]>,
}

impl Network {
    pub(super) fn new(machine: &Machine) -> Self {
        Self { file: TextFile::new(machine.proc("net/dev")), interfaces: Roster::new() }
    }
}

impl Collector for Network {
    fn name(&self) -> &'static str {
        "network"
    }

    fn collect(&mut self, _: &Round<'_>, scratch: &mut Vec<u8>, reading: &mut Reading<'_>) -> Result<(), CollectError> {
        let (mut found, mut nonsense) = (false, false);
        for line in lines(self.file.read(scratch)?) {
            if line.contains(&b'|') {
                continue; // a heading
            }
            let Some(traffic) = Traffic::parse(line) else {
                reading.strange(1);
                nonsense = true;
                continue;
            };
            if !is_watched(traffic.interface) {
                continue;
            }
            let declare = |name: &str| ["receive", "transmit"].map(|way| Direction::declare(name, way, reading));
            if let Some(directions) = self.interfaces.entry(traffic.interface, declare) {
                found = true;
                directions[0].record(&traffic.received, reading);
                directions[1].record(&traffic.transmitted, reading);
            }
        }
        match (found, nonsense) {
            (true, _) => Ok(()),
            (false, true) => Err(self.file.strange()),
            (false, false) => Err(CollectError::NothingHere),
        }
    }
}

/// The loopback tells nothing of the network, and the ends of container cables come and go with every container.
pub(super) fn is_watched(interface: &[u8]) -> bool {
    interface != b"lo"
        && ![&b"veth"[..], b"ifb", b"dummy", b"cali", b"lxc"].iter().any(|kind| interface.starts_with(kind))
}

/// What one line of `/proc/net/dev` tells since boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Traffic<'a> {
    interface: &'a [u8],
    received: Way,
    transmitted: Way,
}

/// Traffic in one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Way {
    bytes: u64,
    packets: u64,
    errors: u64,
    dropped: u64,
}

impl<'a> Traffic<'a> {
    /// `eth0: 51809639 3304 0 0 0 0 0 0 276381 1938 0 0 …`; old kernels put no space after the colon, and an alias has a
    /// colon in its name.
    fn parse(line: &'a [u8]) -> Option<Self> {
        let colon = line.iter().rposition(|byte| *byte == b':')?;
        let interface = line[..colon].trim_ascii();
        let mut words = words(&line[colon + 1..]);
        let mut figure = || words.next().and_then(number);
        let received = Way { bytes: figure()?, packets: figure()?, errors: figure()?, dropped: figure()? };
        for _fifo_frame_compressed_multicast in 0..4 {
            figure()?;
        }
        let transmitted = Way { bytes: figure()?, packets: figure()?, errors: figure()?, dropped: figure()? };
        (!interface.is_empty()).then_some(Self { interface, received, transmitted })
    }
}

/// The series of one interface in one direction.
#[derive(Debug)]
struct Direction {
    bytes: Slot,
    packets: Slot,
    errors: Slot,
    dropped: Slot,
}

impl Direction {
    fn declare(interface: &str, direction: &str, reading: &mut Reading<'_>) -> Self {
        let labels = [("network.interface.name", interface), ("network.io.direction", direction)];
        let mut counter = |name: &str, unit: &str| reading.counter(name, &labels, unit, Resolution::ONE);
        Self {
            bytes: counter("system.network.io", "By"),
            packets: counter("system.network.packets", "{packet}"),
            errors: counter("system.network.errors", "{error}"),
            dropped: counter("system.network.dropped", "{packet}"),
        }
    }

    fn record(&self, way: &Way, reading: &mut Reading<'_>) {
        reading.record(self.bytes, way.bytes as f64);
        reading.record(self.packets, way.packets as f64);
        reading.record(self.errors, way.errors as f64);
        reading.record(self.dropped, way.dropped as f64);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ETH0: &[u8] = b"  eth0: 51809639    3304    1    2    0     0          0         0   276381    1938    3    4    0     0       0          0";

    #[test]
    fn an_interface_line_tells_both_directions() {
        let traffic = Traffic::parse(ETH0).expect("a sound line");
        assert_eq!(traffic.interface, b"eth0");
        assert_eq!(traffic.received, Way { bytes: 51_809_639, packets: 3304, errors: 1, dropped: 2 });
        assert_eq!(traffic.transmitted, Way { bytes: 276_381, packets: 1938, errors: 3, dropped: 4 });
    }

    #[test]
    fn an_old_kernel_leaves_out_the_space_and_an_alias_has_a_colon() {
        let traffic = Traffic::parse(b"eth0:1:3193 29 0 0 0 0 0 0 3193 29 0 0 0 0 0 0").expect("a sound line");
        assert_eq!((traffic.interface, traffic.received.bytes), (&b"eth0:1"[..], 3193));
    }

    #[test]
    fn a_short_or_nameless_line_tells_nothing() {
        for line in
            [&b""[..], b"eth0", b"eth0: 1 2 3", b": 1 2 3 4 5 6 7 8 9 10 11 12", b"eth0: -1 2 3 4 5 6 7 8 9 10 11 12"]
        {
            assert_eq!(Traffic::parse(line), None);
        }
    }

    #[test]
    fn loopback_and_container_cables_are_not_watched() {
        for name in ["lo", "veth12ab", "ifb0", "cali123"] {
            assert!(!is_watched(name.as_bytes()), "{name}");
        }
        for name in ["eth0", "wlan0", "enp3s0", "wwan0", "wg0", "tun0", "br0", "bond0", "usb0", "ppp0"] {
            assert!(is_watched(name.as_bytes()), "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(line: Vec<u8>, end in 0..ETH0.len()) {
            let _ = (Traffic::parse(&line), Traffic::parse(&ETH0[..end]));
        }
    }
}
