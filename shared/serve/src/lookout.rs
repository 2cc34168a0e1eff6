//! What must a node know to be looked at?

use std::fmt;
use std::sync::Arc;

use vigie_formats::Metadata;
use vigie_model::{NodeId, Now, Role, Slug, UtcMs};
use vigie_query::Source;

use crate::{
    Exposition, Glance, Intake, Inventory, Ledger, Line, LocalPage, Machine, Own, Raw, RawError, Site, Surroundings,
    Upward,
};

/// What hub and relay implement so that people and programs can look at them.
///
/// Everything here is asked often (each open page asks every two seconds) and from many threads, always from a blocking
/// thread: an answer may take a lock or read a disk, and should take milliseconds. Lists are whole and in any order;
/// what the asker may see is cut out of them by the router, never here.
pub trait Lookout: Send + Sync + 'static {
    /// Relay or hub.
    fn role(&self) -> Role;

    /// This node's host name, for the page's title.
    fn name(&self) -> String;

    /// The time, on a clock that only goes forward and on the best known UTC.
    fn now(&self) -> Now;

    /// Whether it takes in and answers. Not ready: still repairing a store, no room left, shutting down.
    ///
    /// # Errors
    /// When it is not, with the reasons.
    fn ready(&self) -> Result<(), NotReady>;

    /// The way up to the hub, for a relay. A hub has none.
    fn upward(&self) -> Option<Upward> {
        None
    }

    /// How the line towards the hub is doing, where this node looks after it itself.
    fn line(&self) -> Option<Line> {
        None
    }

    /// What lies between this node and the hub, where it asks for that itself.
    fn surroundings(&self) -> Option<Arc<Surroundings>> {
        None
    }

    /// How this node itself is, where it says so on its page.
    fn own(&self) -> Option<Own> {
        None
    }

    /// Every site.
    fn sites(&self) -> Vec<Site>;

    /// Those that are wanted, each asked of by its client and name: of no others anything is worked out.
    fn sites_where(&self, wanted: &mut dyn FnMut(&Slug, &Slug) -> bool) -> Vec<Site> {
        let mut sites = self.sites();
        sites.retain(|site| wanted(&site.client, &site.name));
        sites
    }

    /// Every machine.
    fn machines(&self) -> Vec<Machine> {
        self.machines_where(&mut |_, _, _| true)
    }

    /// Those that are wanted, in the order of their ids: each is asked of by its id, client and site, once and in that order,
    /// and only of those that are wanted more is worked out.
    fn machines_where(&self, wanted: &mut dyn FnMut(NodeId, &Slug, &Slug) -> bool) -> Vec<Machine>;

    /// As [`Lookout::machines_where`], in whatever order, of each what a table shows of it and nothing more.
    fn glances_where(&self, wanted: &mut dyn FnMut(NodeId, &Slug, &Slug) -> bool) -> Vec<Glance> {
        self.machines_where(wanted).iter().map(Glance::from).collect()
    }

    /// As [`Lookout::machines_where`], of the places that are wanted: no machine of another is asked of, nor gone over.
    fn machines_at(
        &self,
        there: &mut dyn FnMut(&Slug, &Slug) -> bool,
        wanted: &mut dyn FnMut(NodeId, &Slug, &Slug) -> bool,
    ) -> Vec<Machine> {
        self.machines_where(&mut |id, client, site| there(client, site) && wanted(id, client, site))
    }

    /// As [`Lookout::machines_at`], in whatever order, of each what a table shows of it and nothing more.
    fn glances_at(
        &self,
        there: &mut dyn FnMut(&Slug, &Slug) -> bool,
        wanted: &mut dyn FnMut(NodeId, &Slug, &Slug) -> bool,
    ) -> Vec<Glance> {
        self.machines_at(there, wanted).iter().map(Glance::from).collect()
    }

    /// One machine.
    fn machine(&self, id: NodeId) -> Option<Machine>;

    /// What one machine is, as its agent said.
    fn inventory(&self, id: NodeId) -> Inventory;

    /// Where a relay's own page is, as it said; asked for each relay that is shown.
    fn page_of(&self, _relay: NodeId) -> Option<LocalPage> {
        None
    }

    /// One machine's ledger.
    fn ledger(&self, id: NodeId) -> Option<Ledger>;

    /// The samples.
    fn source(&self) -> &dyn Source;

    /// What is known about the metrics of each client: once for each client, name and wording.
    fn described(&self) -> Vec<Described>;

    /// Where samples of others are taken in. A node without one says so to whoever pushes.
    fn intake(&self) -> Option<Arc<dyn Intake>>;

    /// What is here of a machine's ticks between two times; with `ask`, what is not is asked for, durably, before this
    /// returns.
    ///
    /// # Errors
    /// When it can not be told, or not be kept.
    fn raw(&self, id: NodeId, from: UtcMs, to: UtcMs, ask: bool) -> Result<Raw, RawError>;

    /// Writes this node's own metrics, named `vigie_<part>_<thing>_<unit>[_total]`. Those of HTTP, queries and sessions
    /// are written by the router.
    fn own_metrics(&self, out: &mut Exposition);
}

/// What is known about one metric of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// Whose series bear the name.
    pub client: Slug,
    /// The Prometheus name of the metric, or of its family.
    pub metric: String,
    /// Kind, help and unit.
    pub metadata: Arc<Metadata>,
}

/// Why a node does not yet, or no longer, take part.
///
/// The sentences are shown to anybody who asks `/readyz`: they name no client, no path and no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct NotReady {
    /// One sentence for each reason.
    pub reasons: Vec<String>,
}

impl fmt::Display for NotReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reasons.join("; "))
    }
}
