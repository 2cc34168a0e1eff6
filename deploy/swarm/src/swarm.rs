//! The nodes and machines of a trial: enrolled, made, begun.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::oneshot;
use vigie_agent::collect::{Intervals, Schedule, synthetic_series};
use vigie_model::Role;
use vigie_net::{Enrolled, Identity, JoinToken};
use vigie_node::{Failed, NodeClock, random_incarnation};
use vigie_sync::origin::SealAfter;

use crate::cli::Cli;
use crate::enrolment::{self, Candidate};
use crate::figures::Figures;
use crate::hub::OwnHub;
use crate::machine::{Kind, Machine, Measured};
use crate::relay::{Order, Relay, RelayHandle, RelaySetup};
use crate::report;
use crate::shelf::Shelf;

/// All nodes that dial, and what they have done.
pub(crate) struct Swarm {
    pub(crate) relays: Vec<RelayHandle>,
    pub(crate) figures: Arc<Figures>,
}

/// Nodes that may begin.
pub(crate) enum Nodes {
    /// Each with its machines.
    Relays(Vec<(Enrolled, Vec<Enrolled>)>),
    /// Each its own machine.
    Agents(Vec<Enrolled>),
}

/// Machines are told apart by their relay's number and their own.
fn name(relay: usize, machine: usize) -> String {
    format!("sim-{relay:03}-{machine:04}")
}

impl Swarm {
    /// A token for each relay's site, with room for its machines.
    pub(crate) fn make_tokens(cli: &Cli, hub: &OwnHub) -> Result<Vec<String>, Failed> {
        let uses = cli.machines.div_ceil(cli.sites()) + 1;
        (0..cli.sites()).map(|relay| hub.token(&format!("site-{relay:03}"), uses)).collect()
    }

    /// Enrols all relays, if they are simulated, and then all machines.
    pub(crate) async fn enrol(cli: &Cli, tokens: &[String]) -> Result<Nodes, Failed> {
        let tokens: Vec<Arc<JoinToken>> =
            tokens.iter().map(|text| text.parse().map(Arc::new)).collect::<Result<_, _>>()?;
        let via: Arc<[String]> = cli.hub.iter().cloned().collect();
        let of_relay = |relay: usize| tokens[relay % tokens.len()].clone();
        let count = cli.sites() as usize;
        let relay = |at| Candidate { name: format!("sim-relay-{at:03}"), role: Role::Relay, token: of_relay(at) };
        let simulated = if cli.site { 0 } else { count };
        let relays = enrolment::enrol((0..simulated).map(relay).collect(), via.clone(), |_| {}).await?;
        // Machine after machine to relay after relay: no relay has two more than another.
        let machine = |at: usize| Candidate {
            name: name(at % count, at / count),
            role: Role::Agent,
            token: of_relay(at % count),
        };
        let all = cli.machines as usize;
        let told = AtomicUsize::new(0);
        let tell = |done: usize| {
            if done * 10 / all > told.swap(done * 10 / all, Ordering::Relaxed) {
                report::progress(&format!("enrolled {done} of {all} machines"));
            }
        };
        let machines = enrolment::enrol((0..all).map(machine).collect(), via, tell).await?;
        if cli.site {
            return Ok(Nodes::Agents(machines));
        }
        let mut sites: Vec<_> = relays.into_iter().map(|relay| (relay, Vec::new())).collect();
        machines.into_iter().enumerate().for_each(|(at, machine)| sites[at % count].1.push(machine));
        Ok(Nodes::Relays(sites))
    }

    /// Begins all nodes; they look for the next hop by themselves. Agents dial this relay.
    pub(crate) async fn begin(cli: &Cli, nodes: Nodes, relay: Option<String>) -> Result<Self, Failed> {
        let nursery = Nursery::new(cli)?;
        let mut relays = Vec::new();
        match nodes {
            Nodes::Relays(sites) => {
                for (at, (own, enrolled)) in sites.into_iter().enumerate() {
                    let machine = |(place, machine): (usize, &Enrolled)| nursery.machine(at, place, machine);
                    let machines = enrolled.iter().enumerate().map(machine).collect::<Result<_, _>>()?;
                    let known = || own.identity.facts().hub_addrs.clone();
                    let hub = cli.hub.as_ref().map_or_else(known, |hub| vec![hub.clone()]);
                    let setup = nursery.setup(own.identity, (Role::Relay, format!("sim-relay-{at:03}")), hub, machines);
                    relays.push(Relay::begin(setup)?);
                    tokio::task::yield_now().await;
                }
            }
            Nodes::Agents(agents) => {
                let hub: Vec<String> = relay.into_iter().collect();
                for (place, agent) in agents.into_iter().enumerate() {
                    let machines = vec![nursery.machine(0, place, &agent)?];
                    let who = (Role::Agent, name(0, place));
                    relays.push(Relay::begin(nursery.setup(agent.identity, who, hub.clone(), machines))?);
                    tokio::task::yield_now().await;
                }
            }
        }
        Ok(Self { relays, figures: nursery.figures })
    }

    pub(crate) fn order(&self, order: impl Fn() -> Order) {
        self.relays.iter().for_each(|relay| relay.order(order()));
    }

    pub(crate) fn is_greeted(&self) -> bool {
        self.relays.iter().all(RelayHandle::is_greeted)
    }

    /// Machines of which something is not signed for by the hub.
    pub(crate) fn unsettled(&self) -> u64 {
        self.relays.iter().map(RelayHandle::unsettled).sum()
    }

    /// What each machine has measured, by its id.
    pub(crate) async fn tallies(&self) -> Result<BTreeMap<String, Measured>, Failed> {
        let mut all = BTreeMap::new();
        for relay in &self.relays {
            let (tell, told) = oneshot::channel();
            relay.order(Order::Tell(tell));
            all.extend(told.await?);
        }
        Ok(all)
    }
}

/// What all nodes of a trial are made from.
struct Nursery {
    cli: Cli,
    kind: Kind,
    figures: Arc<Figures>,
    clock: NodeClock,
    intervals: Intervals,
}

impl Nursery {
    fn new(cli: &Cli) -> Result<Self, Failed> {
        let intervals = Intervals::try_new(cli.interval, cli.interval, cli.interval)?;
        let (figures, clock) = (Arc::new(Figures::default()), NodeClock::new());
        Ok(Self { cli: cli.clone(), kind: kind(cli), figures, clock, intervals })
    }

    /// The machine with this place behind this node.
    fn machine(&self, node: usize, place: usize, enrolled: &Enrolled) -> Result<Machine, Failed> {
        let number = place as u64 * u64::from(self.cli.sites()) + node as u64;
        let key = enrolled.identity.key().signing_key();
        let seed = self.cli.seed.wrapping_mul(1_000_003).wrapping_add(number);
        let share = number as f64 / f64::from(self.cli.machines);
        Ok(Machine::new(name(node, place), key, random_incarnation()?, seed, share, &self.kind))
    }

    fn setup(&self, identity: Identity, who: (Role, String), hub: Vec<String>, machines: Vec<Machine>) -> RelaySetup {
        let (role, name) = who;
        RelaySetup {
            role,
            name,
            hub,
            machines,
            shelf: Shelf::new(self.kind.defs.clone(), self.figures.clone()),
            schedule: Schedule::new(self.intervals, (identity.client(), identity.site()), identity.node()),
            figures: self.figures.clone(),
            clock: self.clock.clone(),
            identity,
        }
    }
}

fn kind(cli: &Cli) -> Kind {
    Kind {
        class: cli.class,
        series: cli.series,
        interval_ms: cli.interval.as_millis() as u64,
        seal_after: SealAfter { age_ms: cli.seal_after.as_millis() as u64, ..SealAfter::default() },
        defs: (0..cli.series).map(|series| synthetic_series(cli.class, series)).collect(),
    }
}
