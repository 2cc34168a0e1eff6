//! What does a table show of a machine, of which there may be ten thousand?

use std::sync::Arc;

use vigie_model::{NodeId, Slug};

use crate::{Amount, Health, Machine, Mark, Reach, Shown, Stamp, status};

/// What a machine is looked for by, and what one row of a table holds of it: without where each number comes from, which is
/// worked out for the machines that are shown whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Glance {
    /// Its node id.
    pub id: NodeId,
    /// Its host name: the text that the node keeps, and no copy of it.
    pub name: Arc<str>,
    /// Whose it is.
    pub client: Slug,
    /// Where it stands.
    pub site: Slug,
    /// What people call it: filled in as that of a [`Machine`].
    pub mark: Mark,
    /// As that of a [`Machine`].
    pub health: Health,
    /// Whether we hear it.
    pub reachability: Reach,
    /// Its operating system, as its agent said; text from a machine.
    pub system: Option<Arc<str>>,
    /// When its newest sample here was measured.
    pub observed_at: Option<Stamp>,
    /// How busy its processors are, 0 to 1.
    pub cpu: Option<f64>,
    /// How full its memory is, 0 to 1.
    pub memory: Option<f64>,
    /// How full the fullest of its file systems is, 0 to 1.
    pub disk: Option<f64>,
    /// What is collected and not yet here.
    pub waiting: Amount,
    /// Ticks that will not come, for whatever reason.
    pub lost: u64,
}

impl Glance {
    /// The one word for it.
    pub fn shown(&self) -> Shown {
        status(self.health, self.reachability.state).shown
    }
}

impl From<&Machine> for Glance {
    fn from(machine: &Machine) -> Self {
        Self {
            id: machine.id,
            name: machine.name.as_str().into(),
            client: machine.client.clone(),
            site: machine.site.clone(),
            mark: machine.mark.clone(),
            health: machine.health,
            reachability: machine.reachability,
            system: None,
            observed_at: machine.last_sample.as_ref().map(|last| last.observed_at),
            cpu: machine.cpu.as_ref().map(|cpu| cpu.value),
            memory: machine.memory.as_ref().map(|memory| memory.value),
            disk: None,
            waiting: machine.ledger.waiting,
            lost: machine.ledger.given_up.iter().map(|gone| gone.ticks).sum(),
        }
    }
}
