//! What is told of a machine?

use serde::Serialize;
use utoipa::ToSchema;
use vigie_model::{ClockSource, NodeId, Slug};
use vigie_people::At;

use crate::fact::as_text;
use crate::{Fact, Health, LedgerSummary, Mark, Origin, Reach};

/// A machine as it was last heard.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Machine {
    /// Its node id.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = String)]
    pub id: NodeId,
    /// Its host name.
    pub name: String,
    /// Whose it is.
    pub client: Slug,
    /// Where it stands.
    pub site: Slug,
    /// What people call it. A node that knows its machines need not know this: it is filled in where rights are looked at.
    #[serde(flatten)]
    pub mark: Mark,
    /// What it said of itself; [`Health::Unknown`] while no rule judges it.
    pub health: Health,
    /// Whether we hear it: see [`reach`](crate::reach()).
    pub reachability: Reach,
    /// How often it measures.
    pub interval_ms: u64,
    /// Its newest sample here.
    pub last_sample: Option<Origin>,
    /// How busy its processors are, 0 to 1 (`system_cpu_utilization_ratio` without `cpu_logical_number`).
    pub cpu: Option<Fact<f64>>,
    /// How full its memory is, 0 to 1 (`system_memory_utilization_ratio`).
    pub memory: Option<Fact<f64>>,
    /// What is wrong with its clock, when something is.
    pub clock: Option<ClockNote>,
    /// Where its samples are.
    pub ledger: LedgerSummary,
    /// How fast what waits goes down, while it does.
    pub drain: Option<Drain>,
}

impl Machine {
    /// Where rights over it are asked about.
    pub fn at(&self) -> At<'_> {
        At::Machine(&self.client, &self.site, &self.mark.tags)
    }
}

/// A machine's clock that is off by more than half a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct ClockNote {
    /// How far it is ahead of true time; behind is negative.
    pub ahead_ms: i64,
    /// Who knew better.
    pub source: ClockSource,
    /// Whether the times shown have been put right.
    pub corrected: bool,
}

/// A backlog that is going down.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct Drain {
    /// By so many ticks a second: what is measured meanwhile comes as well, and takes nothing off what waits.
    pub ticks_per_second: f64,
    /// When it will be done; none until the rate has been stable for ten seconds.
    pub done_in_seconds: Option<u64>,
}
