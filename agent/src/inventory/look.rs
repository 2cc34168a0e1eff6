//! What does the machine say of itself?
//!
//! Small files of the kernel, and what `sysinfo` knows. What it does not tell is missing.

use std::fs;
use std::net::IpAddr;
use std::path::Path;

use sysinfo::{CpuRefreshKind, MemoryRefreshKind, Networks, RefreshKind};
use vigie_codec::inventory::text;
use vigie_model::inventory::{Disk, Form, Nic, System};

/// Disks and interfaces that are told at most, and addresses of each: more are a storage or a container host, whose
/// inventory is another tool's work.
const MOST: usize = 64;
const MOST_ADDRESSES: usize = 8;

/// Names of block devices that are no disks of their own.
const NO_DISKS: [&str; 8] = ["loop", "ram", "zram", "dm-", "md", "sr", "fd", "nbd"];

/// Names of interfaces that containers and bridges make and drop.
const NO_NICS: [&str; 11] = ["lo", "veth", "docker", "br-", "virbr", "cni", "flannel", "cali", "ifb", "dummy", "lxc"];

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Looked {
    pub(crate) system: System,
    pub(crate) disks: Vec<Disk>,
    pub(crate) nics: Vec<Nic>,
}

impl Looked {
    /// This machine as it is now. Costs some milliseconds.
    pub(crate) fn now() -> Self {
        let root = Path::new("/");
        Self { system: system(root), disks: disks(root), nics: nics(root) }
    }
}

fn system(root: &Path) -> System {
    let what =
        RefreshKind::nothing().with_cpu(CpuRefreshKind::nothing()).with_memory(MemoryRefreshKind::nothing().with_ram());
    let system = sysinfo::System::new_with_specifics(what).ok();
    let cpus = system.as_ref().map(|system| system.cpus()).unwrap_or_default();
    let signs = Signs::read(root);
    System {
        host: sysinfo::System::host_name().ok().as_deref().and_then(text),
        os: sysinfo::System::name().ok().as_deref().and_then(text),
        os_version: sysinfo::System::os_version().ok().as_deref().and_then(text),
        kernel: sysinfo::System::kernel_version().ok().as_deref().and_then(text),
        arch: text(&sysinfo::System::cpu_arch()).unwrap_or_default(),
        cpu: cpus.first().and_then(|cpu| text(cpu.brand())),
        cpus: u32::try_from(cpus.len()).ok().filter(|cpus| *cpus > 0),
        memory_bytes: system.as_ref().map(|system| system.total_memory()).filter(|bytes| *bytes > 0),
        form: signs.form(),
        product: signs.product(),
        hardware_id: number_of(root),
    }
}

/// What tells a machine's form.
#[derive(Debug, Default)]
struct Signs {
    container: Option<Option<String>>,
    vendor: Option<String>,
    product: Option<String>,
    /// What the device tree calls the board.
    board: Option<String>,
    hypervisor: bool,
}

impl Signs {
    fn read(root: &Path) -> Self {
        let dmi = |name: &str| said(root, &format!("sys/class/dmi/id/{name}"));
        let container = match said(root, "run/systemd/container") {
            Some(kind) => Some(Some(kind)),
            None if root.join(".dockerenv").exists() => Some(Some("docker".to_owned())),
            None if root.join("run/.containerenv").exists() => Some(Some("podman".to_owned())),
            None => None,
        };
        let cpuinfo = fs::read_to_string(root.join("proc/cpuinfo")).unwrap_or_default();
        let flags = cpuinfo.lines().find(|line| line.starts_with("flags")).unwrap_or_default();
        Self {
            container,
            vendor: dmi("sys_vendor"),
            product: dmi("product_name"),
            board: said(root, "proc/device-tree/model"),
            hypervisor: flags.split_whitespace().any(|flag| flag == "hypervisor"),
        }
    }

    fn form(&self) -> Form {
        if let Some(kind) = &self.container {
            return Form::Container(kind.clone());
        }
        let says = |word: &str| [&self.vendor, &self.product].into_iter().flatten().any(|said| said.contains(word));
        let makers = [
            ("QEMU", "kvm"),
            ("KVM", "kvm"),
            ("VMware", "vmware"),
            ("VirtualBox", "virtualbox"),
            ("Xen", "xen"),
            ("Virtual Machine", "hyper-v"),
            ("Parallels", "parallels"),
            ("Bochs", "bochs"),
        ];
        match makers.iter().find(|(word, _)| says(word)) {
            Some((_, maker)) => Form::Virtual(Some((*maker).to_owned())),
            None if self.hypervisor => Form::Virtual(None),
            None if self.vendor.is_some() || self.board.is_some() => Form::Physical,
            None => Form::Unknown,
        }
    }

    fn product(&self) -> Option<String> {
        let of_dmi = [&self.vendor, &self.product].into_iter().flatten().cloned().collect::<Vec<_>>().join(" ");
        text(&of_dmi).or_else(|| self.board.clone())
    }
}

/// The number of this machine.
pub(crate) fn hardware_id() -> Option<String> {
    number_of(Path::new("/"))
}

/// The board's number, where it may be read; a hash of the installation's, which is not to be told as it is
/// (`man machine-id`), otherwise.
fn number_of(root: &Path) -> Option<String> {
    if let Some(uuid) = said(root, "sys/class/dmi/id/product_uuid") {
        return Some(format!("dmi:{}", uuid.to_lowercase()));
    }
    let id = said(root, "etc/machine-id")?;
    let hash = blake3::derive_key("vigie machine inventory 1", id.as_bytes());
    Some(format!("os:{}", hash[..16].iter().map(|byte| format!("{byte:02x}")).collect::<String>()))
}

fn disks(root: &Path) -> Vec<Disk> {
    let at = |name: &str, what: &str| said(root, &format!("sys/block/{name}/{what}"));
    let disk = |name: String| {
        let sectors: u64 = at(&name, "size")?.parse().ok()?;
        let size_bytes = sectors.saturating_mul(512);
        let (model, turns) = (at(&name, "device/model"), at(&name, "queue/rotational"));
        (size_bytes > 0).then(|| Disk { name, model, size_bytes, rotational: turns.map(|turns| turns == "1") })
    };
    let names = names(&root.join("sys/block")).into_iter();
    let own = names.filter(|name| !NO_DISKS.iter().any(|other| name.starts_with(other)));
    own.filter_map(disk).take(MOST).collect()
}

fn nics(root: &Path) -> Vec<Nic> {
    let networks = Networks::new_with_refreshed_list().ok();
    let addresses = |name: &str| {
        let network = networks.as_ref().and_then(|networks| networks.get(std::ffi::OsStr::new(name)));
        let of = network.map(|network| network.ip_networks()).unwrap_or_default();
        let mut of: Vec<_> = of.iter().filter(|of| leads_somewhere(of.addr)).collect();
        of.sort_unstable();
        of.into_iter().map(|of| format!("{}/{}", of.addr, of.prefix)).take(MOST_ADDRESSES).collect::<Vec<_>>()
    };
    let nic = |name: String| {
        let place = root.join("sys/class/net").join(&name);
        let (addresses, is_thing) = (addresses(&name), place.join("device").exists());
        let mac = said(&place, "address").filter(|mac| mac.chars().any(|digit| !matches!(digit, '0' | ':')));
        (is_thing || !addresses.is_empty()).then_some(Nic { name, mac, addresses })
    };
    let names = names(&root.join("sys/class/net")).into_iter();
    let own = names.filter(|name| !NO_NICS.iter().any(|other| name.starts_with(other)));
    own.filter_map(nic).take(MOST).collect()
}

/// Not those that are for the machine or its own link alone.
fn leads_somewhere(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !address.is_loopback() && !address.is_link_local(),
        IpAddr::V6(address) => !address.is_loopback() && !address.is_unicast_link_local(),
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| text(&entry.file_name().to_string_lossy())).collect();
    names.sort_unstable();
    names
}

/// What a small file says.
fn said(root: &Path, path: &str) -> Option<String> {
    text(fs::read_to_string(root.join(path)).ok()?.trim_end_matches('\0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_knows_its_kernel_and_its_size() {
        let looked = Looked::now();
        assert!(looked.system.kernel.is_some(), "{looked:?}");
        assert!(looked.system.cpus.is_some_and(|cpus| cpus >= 1), "{looked:?}");
        assert!(looked.system.memory_bytes.is_some_and(|bytes| bytes > 1 << 20), "{looked:?}");
        assert!(!looked.system.arch.is_empty());
        assert_eq!(Looked::now(), looked, "nothing of it changes by itself");
    }

    #[test]
    fn what_one_can_touch_is_told_from_what_one_can_not() {
        let signs = |vendor: &str, product: &str, hypervisor| Signs {
            vendor: text(vendor),
            product: text(product),
            hypervisor,
            ..Signs::default()
        };
        assert_eq!(signs("QEMU", "Standard PC", true).form(), Form::Virtual(Some("kvm".to_owned())));
        assert_eq!(
            signs("Microsoft Corporation", "Virtual Machine", true).form(),
            Form::Virtual(Some("hyper-v".to_owned()))
        );
        assert_eq!(signs("Microsoft Corporation", "Surface", false).form(), Form::Physical);
        assert_eq!(signs("", "", true).form(), Form::Virtual(None));
        assert_eq!(signs("", "", false).form(), Form::Unknown);
        let inside = Signs { container: Some(Some("docker".to_owned())), ..signs("QEMU", "", true) };
        assert_eq!(inside.form(), Form::Container(Some("docker".to_owned())));
    }

    #[test]
    fn disks_are_what_the_kernel_lists_without_what_lies_on_others() {
        let root = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &str| {
            let file = root.path().join(path);
            fs::create_dir_all(file.parent().expect("a folder")).expect("made");
            fs::write(file, text).expect("written");
        };
        for (name, sectors) in [("sda", "2048\n"), ("loop0", "8\n"), ("dm-0", "8\n"), ("sdb", "0\n")] {
            write(&format!("sys/block/{name}/size"), sectors);
        }
        write("sys/block/sda/device/model", "Spinner 1  \n");
        write("sys/block/sda/queue/rotational", "1\n");
        let disk = Disk {
            name: "sda".to_owned(),
            model: Some("Spinner 1".to_owned()),
            size_bytes: 1 << 20,
            rotational: Some(true),
        };
        assert_eq!(disks(root.path()), [disk]);
    }

    #[test]
    fn an_installation_is_told_by_a_hash_of_its_number() {
        let root = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(root.path().join("etc")).expect("made");
        assert_eq!(number_of(root.path()), None);
        fs::write(root.path().join("etc/machine-id"), "0123456789abcdef0123456789abcdef\n").expect("written");
        let id = number_of(root.path()).expect("one");
        assert!(id.starts_with("os:") && !id.contains("0123456789abcdef") && id.len() == 35, "{id}");
    }
}
