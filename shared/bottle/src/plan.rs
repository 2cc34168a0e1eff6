//! What stands, and what happens to it: a run before it is run.

mod faults;
mod nodes;

use std::fmt;

use vigie_sync::Sends;
use vigie_sync::origin::SealAfter;

pub use faults::Fault;
pub use nodes::{LinkPlan, NodePlan};

use crate::chance::Chance;
use faults::faults;
use nodes::{nodes, nodes_below, send_hours};

/// A place in [`Plan::nodes`].
pub type NodeIx = usize;

/// The hub stands first.
pub const HUB: NodeIx = 0;

/// What kind of trouble a seed brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Only delay and jitter.
    Calm,
    /// Links that come and go.
    Cuts,
    /// A cut of hours or days.
    LongCut,
    /// Processes and machines that stop without warning.
    Crashes,
    /// Disks that are full, refuse, flip bits, or are lost.
    Disks,
    /// Agents that move between relays.
    Roam,
    /// Narrow, long lines.
    Thin,
    /// Clocks that are wrong.
    Clocks,
    /// Caps so small that something must be given up.
    Small,
    /// All of it.
    Storm,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::Calm,
        Self::Cuts,
        Self::LongCut,
        Self::Crashes,
        Self::Disks,
        Self::Roam,
        Self::Thin,
        Self::Clocks,
        Self::Small,
        Self::Storm,
    ];

    /// The kind of a seed.
    pub fn of(seed: u64) -> Self {
        Self::ALL[(seed % Self::ALL.len() as u64) as usize]
    }
}

/// A run before it is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What its chance follows from.
    pub seed: u64,
    /// What kind of trouble it brings.
    pub kind: Kind,
    /// Who stands; the hub first.
    pub nodes: Vec<NodePlan>,
    /// Between two ticks.
    pub interval_ms: u64,
    /// Between a tick and the commit that holds it.
    pub commit_every_ms: u64,
    /// When a run of ticks is sealed.
    pub seal_after: SealAfter,
    /// How long faults happen.
    pub chaos_ms: u64,
    /// How long agents go on measuring when all is well again.
    pub heal_ms: u64,
    /// Whether nodes have rows, which travel beside their ticks.
    pub rows: bool,
    /// Two syncs for each commit instead of one, as the programs do it: it costs most of a run.
    pub quick_repair: bool,
    /// What goes wrong, by time.
    pub faults: Vec<(u64, Fault)>,
}

impl Plan {
    /// Nodes without trouble, for a scenario to add to.
    pub fn quiet(seed: u64, nodes: Vec<NodePlan>) -> Self {
        Self {
            seed,
            kind: Kind::Calm,
            nodes,
            interval_ms: 10_000,
            commit_every_ms: 5_000,
            seal_after: SealAfter { ticks: 12, age_ms: 180_000 },
            chaos_ms: 600_000,
            heal_ms: 300_000,
            quick_repair: true,
            rows: false,
            faults: Vec::new(),
        }
    }

    /// Adds a fault.
    #[must_use]
    pub fn with(mut self, at_ms: u64, fault: Fault) -> Self {
        self.faults.push((at_ms, fault));
        self
    }

    /// What a seed means. `minutes` of trouble, when said.
    pub fn of_seed(seed: u64, minutes: Option<u64>) -> Self {
        let mut chance = Chance::of(seed);
        let kind = Kind::of(seed);
        let mut plan = Self { kind, ..Self::quiet(seed, nodes(kind, &mut chance)) };
        send_hours(&mut plan.nodes, seed);
        // Of the eight tens of seeds one has rows: what the others mean stays as it was.
        plan.rows = seed / Kind::ALL.len() as u64 % 8 == 3;
        plan.chaos_ms = minutes.map_or_else(|| chance.between(6, 16) * 60_000, |minutes| minutes * 60_000);
        if chance.one_in(8) {
            (plan.interval_ms, plan.chaos_ms, plan.heal_ms) = (2_000, plan.chaos_ms / 4, 100_000);
        }
        plan.quick_repair = chance.one_in(4);
        plan.seal_after =
            SealAfter { ticks: *chance.pick(&[3, 8, 20, 60]), age_ms: *chance.pick(&[30_000, 120_000, 200_000]) };
        if kind == Kind::LongCut {
            let days = chance.between(1, 5);
            plan.interval_ms = days * 24 * 3_600_000 / chance.between(40, 90);
            plan.chaos_ms = days * 24 * 3_600_000 + 3_600_000;
            plan.heal_ms = 3 * plan.interval_ms.min(3_600_000);
            let long = days * 24 * 3_600_000;
            let at = chance.between(0, 1_800_000);
            let cut_off = nodes_below(&plan.nodes);
            for node in cut_off {
                if chance.one_in(2) {
                    plan.faults.push((at + chance.below(60_000), Fault::Cut { node, ms: long }));
                }
            }
        }
        let mut faults = faults(&plan, &mut chance);
        plan.faults.append(&mut faults);
        plan.faults.sort_by_key(|(at, _)| *at);
        plan
    }
}

impl Plan {
    /// Whether some site sends hours, and ticks only when somebody asks for them.
    pub fn keeps_ticks_back(&self) -> bool {
        self.nodes.iter().flat_map(|node| &node.up).any(|link| link.sends == Sends::Rollups)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "seed {} ({:?}): {} nodes, a tick each {} ms, {} s of trouble, sealed after {} ticks or {} s",
            self.seed,
            self.kind,
            self.nodes.len(),
            self.interval_ms,
            self.chaos_ms / 1_000,
            self.seal_after.ticks,
            self.seal_after.age_ms / 1_000,
        )?;
        for (ix, node) in self.nodes.iter().enumerate() {
            let up: Vec<_> = node
                .up
                .iter()
                .map(|link| format!("{} ({}, {})", self.nodes[link.to].name, link.kind, link.sends))
                .collect();
            writeln!(
                f,
                "  {ix}: {}, cap {} B, floor {} s, dials {}",
                node.name,
                node.cap_bytes,
                node.floor_ms / 1_000,
                if up.is_empty() { "nobody".to_owned() } else { up.join(", ") }
            )?;
        }
        self.faults.iter().try_for_each(|(at, fault)| writeln!(f, "  at {:>9} ms: {fault:?}", at))
    }
}
