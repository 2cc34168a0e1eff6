//! What machine is this?

use serde::{Deserialize, Serialize};
use sysinfo::{CpuRefreshKind, MemoryRefreshKind, RefreshKind, System};

/// What a page says of a machine before it has any figures. What the machine does not tell is missing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Facts {
    /// Its name on the network.
    pub hostname: Option<String>,
    /// The operating system, such as `Debian GNU/Linux`.
    pub os: Option<String>,
    /// Its version, such as `12`.
    pub os_version: Option<String>,
    /// The kernel's release, such as `6.18.44`.
    pub kernel: Option<String>,
    /// The architecture, such as `x86_64`.
    pub arch: String,
    /// Logical processors.
    pub cpus: Option<u32>,
    /// Memory in bytes.
    pub memory_bytes: Option<u64>,
}

/// Asks the machine who it is. Costs some milliseconds: at start and in the inventory, not in a round.
pub fn machine_facts() -> Facts {
    let what =
        RefreshKind::nothing().with_cpu(CpuRefreshKind::nothing()).with_memory(MemoryRefreshKind::nothing().with_ram());
    let system = System::new_with_specifics(what).ok();
    Facts {
        hostname: System::host_name().ok(),
        os: System::name().ok(),
        os_version: System::os_version().ok(),
        kernel: System::kernel_version().ok(),
        arch: System::cpu_arch(),
        cpus: system.as_ref().and_then(|system| u32::try_from(system.cpus().len()).ok()).filter(|cpus| *cpus > 0),
        memory_bytes: system.map(|system| system.total_memory()).filter(|bytes| *bytes > 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_knows_its_kernel_and_size() {
        let facts = machine_facts();
        assert!(facts.kernel.is_some(), "{facts:?}");
        assert!(facts.cpus.is_some_and(|cpus| cpus >= 1), "{facts:?}");
        assert!(facts.memory_bytes.is_some_and(|bytes| bytes > 1 << 20), "{facts:?}");
        assert!(!facts.arch.is_empty());
    }
}
