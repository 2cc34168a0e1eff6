//! Is the cable in, and how fast is it?
//!
//! Asked on a thread of its own: a driver answers these from the hardware, and some take their time.

use std::fs;
use std::path::{Path, PathBuf};

use vigie_model::Resolution;

use super::helper::Helper;
use super::network::is_watched;
use super::roster::Roster;
use super::{CollectError, Collector, Machine, Reading, Round, Slot, Tier};

/// Reads `/sys/class/net/*` in medium rounds.
#[derive(Debug)]
pub(super) struct Links {
    helper: Helper<(), Result<Vec<Link>, CollectError>>,
    slots: Roster<Slots>,
}

impl Links {
    pub(super) fn new(machine: &Machine) -> Self {
        let net = machine.sys("class/net");
        let make = move || {
            let net = net.clone();
            move |()| read_links(&net)
        };
        Self { helper: Helper::new("vigie-link", make), slots: Roster::new() }
    }
}

impl Collector for Links {
    fn name(&self) -> &'static str {
        "link"
    }

    fn tier(&self) -> Tier {
        Tier::Medium
    }

    fn collect(&mut self, round: &Round<'_>, _: &mut Vec<u8>, reading: &mut Reading<'_>) -> Result<(), CollectError> {
        self.helper.ask(())?;
        let links = self.helper.answer(round.deadline)??;
        for link in &links {
            let Some(slots) = self.slots.entry(link.name.as_bytes(), |name| Slots::declare(name, reading)) else {
                continue;
            };
            reading.record(slots.up, f64::from(u8::from(link.up)));
            if round.due.contains(Tier::Slow) {
                reading.record_told(slots.limit, link.bytes_per_second);
            }
        }
        if links.is_empty() { Err(CollectError::NothingHere) } else { Ok(()) }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Link {
    name: String,
    up: bool,
    bytes_per_second: Option<u64>,
}

fn read_links(net: &Path) -> Result<Vec<Link>, CollectError> {
    let entries = match fs::read_dir(net) {
        Ok(entries) => entries,
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => {
            return Err(CollectError::Absent { path: net.to_owned() });
        }
        Err(source) => return Err(CollectError::Read { path: net.to_owned(), source }),
    };
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let watched = names.filter(|name| is_watched(name.as_bytes()));
    let mut links: Vec<_> = watched.filter_map(|name| read_link(net.join(&name), name)).collect();
    links.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(links)
}

/// A link whose state can not be read is missing.
fn read_link(dir: PathBuf, name: String) -> Option<Link> {
    let state = fs::read(dir.join("operstate")).ok()?;
    // A driver that does not know its speed says so with an error, -1 or 0.
    let speed = fs::read(dir.join("speed")).ok().and_then(|text| parse_speed(&text));
    Some(Link { name, up: is_up(&state)?, bytes_per_second: speed })
}

/// Tunnels and bridges often do not know (RFC 2863 `unknown`): they carry traffic as long as they are there.
fn is_up(operstate: &[u8]) -> Option<bool> {
    match operstate.trim_ascii() {
        b"up" | b"unknown" => Some(true),
        b"down" | b"lowerlayerdown" | b"dormant" | b"notpresent" | b"testing" => Some(false),
        _ => None,
    }
}

/// Megabits per second, as bytes per second.
fn parse_speed(text: &[u8]) -> Option<u64> {
    let megabits = super::text::number(text.trim_ascii())?;
    // Drivers say 65535 or 2^32 - 1 for "unknown".
    let known = megabits > 0 && megabits != 65_535 && megabits != u64::from(u32::MAX);
    known.then(|| megabits.saturating_mul(125_000))
}

#[derive(Debug)]
struct Slots {
    up: Slot,
    limit: Slot,
}

impl Slots {
    fn declare(interface: &str, reading: &mut Reading<'_>) -> Self {
        let labels = [("hw.id", interface), ("network.interface.name", interface)];
        let megabit = Resolution::Step { step: 125, exponent: 3 };
        Self {
            up: reading.gauge("hw.network.up", &labels, "", Resolution::ONE),
            limit: reading.gauge("hw.network.bandwidth.limit", &labels, "By/s", megabit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_speed_is_missing() {
        for text in ["-1\n", "0\n", "65535\n", "4294967295\n", "", "fast\n"] {
            assert_eq!(parse_speed(text.as_bytes()), None, "{text}");
        }
        assert_eq!(parse_speed(b"1000\n"), Some(125_000_000));
    }

    #[test]
    fn links_are_read_from_sysfs_without_the_loopback() {
        let net = tempfile::tempdir().expect("a directory");
        for (name, state, speed) in [("eth0", "up\n", "100\n"), ("lo", "unknown\n", ""), ("wlan0", "dormant\n", "")] {
            fs::create_dir(net.path().join(name)).expect("a directory");
            fs::write(net.path().join(name).join("operstate"), state).expect("a file");
            fs::write(net.path().join(name).join("speed"), speed).expect("a file");
        }
        let links = read_links(net.path()).expect("readable");
        let eth0 = Link { name: "eth0".into(), up: true, bytes_per_second: Some(12_500_000) };
        let wlan0 = Link { name: "wlan0".into(), up: false, bytes_per_second: None };
        assert_eq!(links, [eth0, wlan0]);
    }
}
