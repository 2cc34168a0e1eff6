//! What is remembered of a node, of its voice, and of the place where it is.

use std::collections::BTreeMap;
use std::sync::Arc;

use smallvec::SmallVec;
use vigie_model::{NodeId, Role, Slug, UtcMs};
use vigie_query::{Lack, Shortfall};
use vigie_sync::SessionId;

use super::StreamIx;
use crate::fleet::Known;

/// The place of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NodeIx(pub(super) u32);

/// The place of a site of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct PlaceIx(pub(super) u32);

/// A node that was heard, or is enrolled, or both.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) id: NodeId,
    pub(crate) enrolled: Option<Enrolled>,
    pub(crate) voice: Option<Voice>,
    /// All lives of its store, by incarnation. Nearly every machine has one.
    pub(crate) streams: SmallVec<[StreamIx; 4]>,
}

/// An enrolled node, ready to be asked for.
#[derive(Debug)]
pub(crate) struct Enrolled {
    pub(crate) known: Known,
    pub(crate) place: PlaceIx,
    /// The owner's labels.
    pub(crate) labels: [(Arc<str>, Arc<str>); 4],
    /// No machine: it stands for what others pushed to a place.
    pub(crate) is_pushed: bool,
}

/// What is remembered of the voice of one node.
#[derive(Debug, Clone, Default)]
pub(crate) struct Voice {
    pub(crate) session: Option<SessionId>,
    pub(crate) connected_since: Option<UtcMs>,
    pub(crate) lost_at: Option<UtcMs>,
    pub(crate) heard_at: Option<UtcMs>,
    /// How often it is sure to be heard, on the link it was last heard on.
    pub(crate) beat_ms: Option<u32>,
    pub(crate) goodbye_at: Option<UtcMs>,
    /// Datagrams received when it was last looked.
    pub(crate) datagrams: u64,
}

/// A site of a client, who is enrolled there, and its relays among them.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) client: Slug,
    pub(crate) site: Slug,
    pub(crate) nodes: BTreeMap<NodeId, NodeIx>,
    pub(crate) relays: BTreeMap<NodeId, NodeIx>,
}

impl NodeIx {
    /// The node at a place in [`Memory::nodes`](super::Memory::nodes).
    pub(crate) fn from(at: usize) -> Self {
        Self(at as u32)
    }

    pub(crate) fn at(self) -> usize {
        self.0 as usize
    }
}

impl PlaceIx {
    pub(crate) fn at(self) -> usize {
        self.0 as usize
    }
}

impl Place {
    /// Of its client and its own: the same texts in everything that stands there.
    pub(super) fn names(&self) -> (Slug, Slug) {
        (self.client.clone(), self.site.clone())
    }
}

impl Node {
    pub(crate) fn known(&self) -> Option<&Known> {
        self.enrolled.as_ref().map(|enrolled| &enrolled.known)
    }

    /// What it is enrolled as, if that is a machine.
    pub(crate) fn machine(&self) -> Option<&Enrolled> {
        self.owner().filter(|enrolled| !enrolled.is_pushed)
    }

    /// Whose its series are, if they may be asked for.
    pub(crate) fn owner(&self) -> Option<&Enrolled> {
        self.enrolled.as_ref().filter(|enrolled| enrolled.known.role == Role::Agent)
    }
}

impl Enrolled {
    /// What it is called, as its series bear it.
    pub(crate) fn name(&self) -> Arc<str> {
        let [_, machine, ..] = &self.labels;
        machine.1.clone()
    }

    /// That something of it is missing from an answer.
    pub(crate) fn shortfall(&self, lack: Lack) -> Shortfall {
        let [client, machine, machine_id, site] = self.labels.each_ref().map(|(_, value)| value.clone());
        Shortfall { machine, machine_id, client, site, lack }
    }
}
