//! The relays and machines of a trial: enrolled, made, begun.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::oneshot;
use vigie_agent::collect::{Intervals, Schedule, synthetic_series};
use vigie_model::Role;
use vigie_net::{Enrolled, JoinToken};
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

/// All relays, and what they have done.
pub(crate) struct Swarm {
    pub(crate) relays: Vec<RelayHandle>,
    pub(crate) figures: Arc<Figures>,
}

/// Nodes that may begin: each relay with its machines.
pub(crate) type Sites = Vec<(Enrolled, Vec<Enrolled>)>;

/// Machines are told apart by their relay's number and their own.
fn name(relay: usize, machine: usize) -> String {
    format!("sim-{relay:03}-{machine:04}")
}

impl Swarm {
    /// A token for each relay's site, with room for its machines.
    pub(crate) fn make_tokens(cli: &Cli, hub: &OwnHub) -> Result<Vec<String>, Failed> {
        let uses = cli.machines.div_ceil(cli.relays) + 1;
        (0..cli.relays).map(|relay| hub.token(&format!("site-{relay:03}"), uses)).collect()
    }

    /// Enrols all relays and then all machines.
    pub(crate) async fn enrol(cli: &Cli, tokens: &[String]) -> Result<Sites, Failed> {
        let tokens: Vec<Arc<JoinToken>> =
            tokens.iter().map(|text| text.parse().map(Arc::new)).collect::<Result<_, _>>()?;
        let via: Arc<[String]> = cli.hub.iter().cloned().collect();
        let of_relay = |relay: usize| tokens[relay % tokens.len()].clone();
        let count = cli.relays as usize;
        let relay = |at| Candidate { name: format!("sim-relay-{at:03}"), role: Role::Relay, token: of_relay(at) };
        let relays = enrolment::enrol((0..count).map(relay).collect(), via.clone(), |_| {}).await?;
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
        let mut sites: Sites = relays.into_iter().map(|relay| (relay, Vec::new())).collect();
        machines.into_iter().enumerate().for_each(|(at, machine)| sites[at % count].1.push(machine));
        Ok(sites)
    }

    /// Begins all relays; they look for the hub by themselves.
    pub(crate) async fn begin(cli: &Cli, sites: Sites) -> Result<Self, Failed> {
        let kind = kind(cli);
        let figures = Arc::new(Figures::default());
        let clock = NodeClock::new();
        let intervals = Intervals::try_new(cli.interval, cli.interval, cli.interval)?;
        let all = f64::from(cli.machines);
        let mut relays = Vec::new();
        for (at, (relay, enrolled)) in sites.into_iter().enumerate() {
            let identity = relay.identity;
            let mut machines = Vec::new();
            for (place, machine) in enrolled.into_iter().enumerate() {
                let number = place as u64 * u64::from(cli.relays) + at as u64;
                let key = machine.identity.key().signing_key();
                let life = random_incarnation()?;
                let seed = cli.seed.wrapping_mul(1_000_003).wrapping_add(number);
                machines.push(Machine::new(name(at, place), key, life, seed, number as f64 / all, &kind));
            }
            let hub =
                if cli.hub.is_some() { cli.hub.iter().cloned().collect() } else { identity.facts().hub_addrs.clone() };
            relays.push(Relay::begin(RelaySetup {
                name: format!("sim-relay-{at:03}"),
                hub,
                machines,
                shelf: Shelf::new(kind.defs.clone(), figures.clone()),
                schedule: Schedule::new(intervals, (identity.client(), identity.site()), identity.node()),
                figures: figures.clone(),
                clock: clock.clone(),
                identity,
            })?);
            tokio::task::yield_now().await;
        }
        Ok(Self { relays, figures })
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

fn kind(cli: &Cli) -> Kind {
    Kind {
        class: cli.class,
        series: cli.series,
        interval_ms: cli.interval.as_millis() as u64,
        seal_after: SealAfter { age_ms: cli.seal_after.as_millis() as u64, ..SealAfter::default() },
        defs: (0..cli.series).map(|series| synthetic_series(cli.class, series)).collect(),
    }
}
