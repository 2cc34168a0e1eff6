//! A node that is looked at, and what it sends on beside that.

use std::fmt;
use std::sync::Arc;

use vigie_model::{NodeId, Now, Role, Slug, UtcMs};
use vigie_query::Source;
use vigie_serve::{
    Described, Exposition, Glance, Intake, Inventory, Ledger, LocalPage, Lookout, Machine, NotReady, Raw, RawError,
    Site, Upward,
};

use crate::forwarder::Forwarder;

/// A lookout whose own metrics tell of the targets too.
pub struct Beside {
    node: Arc<dyn Lookout>,
    forwarder: Arc<Forwarder>,
}

impl Beside {
    /// Puts both together.
    pub fn new(node: Arc<dyn Lookout>, forwarder: Arc<Forwarder>) -> Self {
        Self { node, forwarder }
    }
}

impl fmt::Debug for Beside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Beside").field("forwarder", &self.forwarder).finish_non_exhaustive()
    }
}

impl Lookout for Beside {
    fn role(&self) -> Role {
        self.node.role()
    }

    fn name(&self) -> String {
        self.node.name()
    }

    fn now(&self) -> Now {
        self.node.now()
    }

    fn ready(&self) -> Result<(), NotReady> {
        self.node.ready()
    }

    fn upward(&self) -> Option<Upward> {
        self.node.upward()
    }

    fn sites(&self) -> Vec<Site> {
        self.node.sites()
    }

    fn machines_where(&self, wanted: &mut dyn FnMut(NodeId, &Slug, &Slug) -> bool) -> Vec<Machine> {
        self.node.machines_where(wanted)
    }

    fn glances_where(&self, wanted: &mut dyn FnMut(NodeId, &Slug, &Slug) -> bool) -> Vec<Glance> {
        self.node.glances_where(wanted)
    }

    fn machine(&self, id: NodeId) -> Option<Machine> {
        self.node.machine(id)
    }

    fn inventory(&self, id: NodeId) -> Inventory {
        self.node.inventory(id)
    }

    fn page_of(&self, relay: NodeId) -> Option<LocalPage> {
        self.node.page_of(relay)
    }

    fn ledger(&self, id: NodeId) -> Option<Ledger> {
        self.node.ledger(id)
    }

    fn source(&self) -> &dyn Source {
        self.node.source()
    }

    fn described(&self) -> Vec<Described> {
        self.node.described()
    }

    fn intake(&self) -> Option<Arc<dyn Intake>> {
        self.node.intake()
    }

    fn raw(&self, id: NodeId, from: UtcMs, to: UtcMs, ask: bool) -> Result<Raw, RawError> {
        self.node.raw(id, from, to, ask)
    }

    fn own_metrics(&self, out: &mut Exposition) {
        self.node.own_metrics(out);
        self.forwarder.write_metrics(out);
    }
}
