//! What is a machine?
//!
//! What its own agent says of it, in four facts. What a machine does not tell is missing, never empty or zero. The shapes
//! are those of version 1 on wire and disk (`vigie_codec::inventory`): a new one stands beside them, none is edited.

use serde::{Deserialize, Serialize};

use crate::UtcMs;

/// Which row of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Word {
    /// [`System`].
    System,
    /// [`Disk`]s.
    Disks,
    /// [`Nic`]s.
    Nics,
    /// [`Agent`].
    Agent,
}

impl Word {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::System, Self::Disks, Self::Nics, Self::Agent];

    /// As it stands in a key.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Disks => "disks",
            Self::Nics => "nics",
            Self::Agent => "agent",
        }
    }
}

/// A fact, and when it was first seen to be so, on the machine's clock as far as that was known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed<T> {
    /// When.
    pub at: UtcMs,
    /// What.
    pub what: T,
}

/// The machine as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct System {
    /// Its name on the network.
    pub host: Option<String>,
    /// The operating system, such as `Debian GNU/Linux`.
    pub os: Option<String>,
    /// Its version, such as `12`.
    pub os_version: Option<String>,
    /// The kernel's release.
    pub kernel: Option<String>,
    /// The architecture, such as `x86_64`.
    pub arch: String,
    /// What the processor is called.
    pub cpu: Option<String>,
    /// Logical processors.
    pub cpus: Option<u32>,
    /// Memory in bytes.
    pub memory_bytes: Option<u64>,
    /// Whether it is a thing one can touch.
    pub form: Form,
    /// Who made it, and what it is called there.
    pub product: Option<String>,
    /// The same for as long as the hardware (`dmi:…`) or the installation (`os:…`) is the same.
    pub hardware_id: Option<String>,
}

/// Whether a machine is a thing one can touch.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// It does not say.
    #[default]
    Unknown,
    /// One can touch it.
    Physical,
    /// A virtual one; of whom, where that is known.
    Virtual(Option<String>),
    /// A container; of which kind, where that is known.
    Container(Option<String>),
}

/// A disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Disk {
    /// What the kernel calls it.
    pub name: String,
    /// What its maker calls it.
    pub model: Option<String>,
    /// How large it is.
    pub size_bytes: u64,
    /// Whether it turns.
    pub rotational: Option<bool>,
}

/// A network interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Nic {
    /// What the kernel calls it.
    pub name: String,
    /// Its hardware address.
    pub mac: Option<String>,
    /// Its addresses and prefixes, without those that are only for its own link.
    pub addresses: Vec<String>,
}

/// The agent itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// Its version.
    pub version: String,
    /// When the program began, on the machine's clock: two copies of one machine differ in it.
    pub began: UtcMs,
}
