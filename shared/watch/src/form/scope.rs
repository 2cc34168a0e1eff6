//! Where does a rule hold, and for which machines is that?

use std::collections::BTreeSet;
use std::fmt;

/// Where a rule holds, from the widest to the narrowest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// For every machine.
    Everywhere,
    /// For a client's.
    Client(String),
    /// For those of a site.
    Site {
        /// Whose.
        client: String,
        /// Which.
        site: String,
    },
    /// For those of a group.
    Group(String),
    /// For those with a tag.
    Tag(String),
    /// For one machine, by its node id.
    Machine(String),
}

/// A machine, as far as rules ask.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Machine {
    /// Whose.
    pub client: String,
    /// Where.
    pub site: String,
    /// Its node id.
    pub id: String,
    /// What people tagged it with.
    pub tags: BTreeSet<String>,
    /// The groups it is in.
    pub groups: BTreeSet<String>,
}

impl Scope {
    /// Whether a machine belongs to it.
    pub fn holds_for(&self, machine: &Machine) -> bool {
        match self {
            Self::Everywhere => true,
            Self::Client(client) => machine.client == *client,
            Self::Site { client, site } => machine.client == *client && machine.site == *site,
            Self::Group(group) => machine.groups.contains(group),
            Self::Tag(tag) => machine.tags.contains(tag),
            Self::Machine(id) => machine.id == *id,
        }
    }

    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::Everywhere => 0,
            Self::Client(_) => 1,
            Self::Site { .. } => 2,
            Self::Group(_) => 3,
            Self::Tag(_) => 4,
            Self::Machine(_) => 5,
        }
    }

    /// Whether its machines are known by client and site, and not one by one.
    pub(super) fn is_place(&self) -> bool {
        matches!(self, Self::Everywhere | Self::Client(_) | Self::Site { .. })
    }

    /// Whether every machine of the other belongs to it, whatever machines there are.
    pub(super) fn includes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Everywhere, _) => true,
            (Self::Client(own), Self::Client(client) | Self::Site { client, .. }) => own == client,
            (own, other) => own == other,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everywhere => f.write_str("everywhere"),
            Self::Client(client) => write!(f, "client {client}"),
            Self::Site { client, site } => write!(f, "site {client}/{site}"),
            Self::Group(group) => write!(f, "group {group}"),
            Self::Tag(tag) => write!(f, "tag {tag}"),
            Self::Machine(id) => write!(f, "machine {id}"),
        }
    }
}
