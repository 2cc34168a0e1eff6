//! Who plays? Two shops, and what stands in such shops.

use vigie_model::inventory::{Disk, Form, Nic, System};

/// What a machine is, which says how it spends its day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    /// Busy while the shop is open.
    Till,
    /// The shop's own server.
    Server,
    /// A controller of a cold room, with the room's temperature.
    ColdRoom,
    /// The way out.
    Router,
    /// A screen in the window.
    Screen,
    /// Keeps the backups of the shop; its disk is getting full.
    Storage,
}

/// A machine that nobody has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) site: &'static str,
    pub(crate) name: &'static str,
    pub(crate) sort: Sort,
}

/// The sites, the one that is cut off first.
pub const SITES: [&str; 2] = ["lyon", "nantes"];

/// How many machines there are.
pub const MACHINES: usize = CAST.len();

/// All of them.
pub(crate) const CAST: [Part; 12] = [
    part(0, "lyon-till-1", Sort::Till),
    part(0, "lyon-till-2", Sort::Till),
    part(0, "lyon-till-3", Sort::Till),
    part(0, "lyon-server", Sort::Server),
    part(0, "lyon-cold-room", Sort::ColdRoom),
    part(0, "lyon-router", Sort::Router),
    part(0, "lyon-screen", Sort::Screen),
    part(1, "nantes-till-1", Sort::Till),
    part(1, "nantes-till-2", Sort::Till),
    part(1, "nantes-cold-room", Sort::ColdRoom),
    part(1, "nantes-router", Sort::Router),
    part(1, "nantes-storage", Sort::Storage),
];

const fn part(site: usize, name: &'static str, sort: Sort) -> Part {
    Part { site: SITES[site], name, sort }
}

/// What a machine is made of, as an agent would find it.
pub(crate) struct Made {
    pub(crate) cores: u32,
    pub(crate) memory_bytes: u64,
    pub(crate) disk_bytes: u64,
    pub(crate) product: &'static str,
    pub(crate) os: (&'static str, &'static str),
}

const GIB: u64 = 1 << 30;

impl Part {
    pub(crate) fn made(&self) -> Made {
        let (cores, memory, disk, product, os) = match self.sort {
            Sort::Till => (4, 8, 120, "Demonstration till", ("Debian GNU/Linux", "13")),
            Sort::Server => (8, 32, 960, "Demonstration server", ("Debian GNU/Linux", "13")),
            Sort::ColdRoom => (2, 1, 16, "Demonstration cold-room controller", ("Debian GNU/Linux", "12")),
            Sort::Router => (4, 2, 8, "Demonstration router", ("OpenWrt", "25.12")),
            Sort::Screen => (4, 4, 32, "Demonstration screen", ("Ubuntu", "24.04")),
            Sort::Storage => (4, 8, 4_000, "Demonstration storage", ("Debian GNU/Linux", "13")),
        };
        Made { cores, memory_bytes: memory * GIB, disk_bytes: disk * 1_000_000_000, product, os }
    }

    /// What its agent says of it. The product's name says that there is no such thing.
    pub(crate) fn system(&self) -> System {
        let made = self.made();
        System {
            host: Some(self.name.to_owned()),
            os: Some(made.os.0.to_owned()),
            os_version: Some(made.os.1.to_owned()),
            arch: "x86_64".to_owned(),
            cpus: Some(made.cores),
            memory_bytes: Some(made.memory_bytes),
            form: Form::Unknown,
            product: Some(made.product.to_owned()),
            ..System::default()
        }
    }

    pub(crate) fn disks(&self) -> Vec<Disk> {
        let rotational = Some(self.sort == Sort::Storage);
        vec![Disk { name: "sda".to_owned(), model: None, size_bytes: self.made().disk_bytes, rotational }]
    }

    /// Addresses of RFC 5737, which are nobody's.
    pub(crate) fn nics(&self) -> Vec<Nic> {
        let no = CAST.iter().position(|part| part == self).unwrap_or_default() + 10;
        vec![Nic { name: "eth0".to_owned(), mac: None, addresses: vec![format!("192.0.2.{no}/24")] }]
    }

    /// Which figures it makes up: different ones for each, the same at every start.
    pub(crate) fn seed(&self) -> u64 {
        // FNV-1a.
        self.name
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_machine_has_a_name_a_seed_and_an_address_of_its_own_and_stands_at_one_of_the_sites() {
        let names: BTreeSet<_> = CAST.iter().map(|part| part.name).collect();
        let seeds: BTreeSet<_> = CAST.iter().map(Part::seed).collect();
        let addresses: BTreeSet<_> = CAST.iter().flat_map(Part::nics).flat_map(|nic| nic.addresses).collect();
        assert_eq!((names.len(), seeds.len(), addresses.len()), (MACHINES, MACHINES, MACHINES));
        assert!(CAST.iter().all(|part| SITES.contains(&part.site) && part.name.starts_with(part.site)));
        assert!(SITES.iter().all(|site| CAST.iter().filter(|part| part.site == *site).count() > 3));
    }

    #[test]
    fn what_a_machine_says_of_itself_says_that_it_is_a_demonstration() {
        assert!(CAST.iter().all(|part| part.system().product.is_some_and(|said| said.starts_with("Demonstration"))));
    }
}
