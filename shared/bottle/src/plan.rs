//! What stands, and what happens to it: a run before it is run.

use std::fmt;

use vigie_model::Role;
use vigie_sync::LinkKind;
use vigie_sync::origin::SealAfter;

use crate::chance::Chance;

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

/// How two nodes are joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkPlan {
    /// Who is dialled.
    pub to: NodeIx,
    /// How the link is treated.
    pub kind: LinkKind,
    /// One way.
    pub latency_ms: u64,
    /// Added by chance, one way.
    pub jitter_ms: u64,
    /// What the line carries each way, in bytes per second; anything when not said.
    pub rate: Option<u64>,
    /// Frames in a thousand that need another round trip.
    pub loss_permille: u64,
    /// The largest cap on bulk in flight, when it is not the profile's.
    pub bulk_ceiling_bytes: Option<u32>,
}

impl LinkPlan {
    /// A good link of a site.
    pub fn lan(to: NodeIx) -> Self {
        Self {
            to,
            kind: LinkKind::Lan,
            latency_ms: 1,
            jitter_ms: 1,
            rate: None,
            loss_permille: 0,
            bulk_ceiling_bytes: None,
        }
    }

    /// A good link over the Internet.
    pub fn wan(to: NodeIx) -> Self {
        Self { kind: LinkKind::Wan, latency_ms: 25, jitter_ms: 10, ..Self::lan(to) }
    }

    /// A narrow, long line.
    pub fn thin(to: NodeIx, rate: u64) -> Self {
        Self { kind: LinkKind::Thin, latency_ms: 300, jitter_ms: 60, rate: Some(rate), ..Self::lan(to) }
    }
}

/// A node before it lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodePlan {
    /// What it is.
    pub role: Role,
    /// Its name in traces.
    pub name: String,
    /// Whose it is.
    pub client: String,
    /// Whom it dials, the preferred first.
    pub up: Vec<LinkPlan>,
    /// What its records may take.
    pub cap_bytes: u64,
    /// How long receipted records stay.
    pub floor_ms: u64,
    /// How long writes wait for company.
    pub group_ms: u64,
    /// Wall clock less true time at first.
    pub clock_ms: i64,
    /// How much too fast its wall clock goes.
    pub drift_ppm: i64,
    /// Series it measures at first.
    pub series: u32,
}

impl NodePlan {
    /// A hub that has room.
    pub fn hub() -> Self {
        Self::of(Role::Hub, "hub", Vec::new())
    }

    /// A relay that has room.
    pub fn relay(name: &str, up: LinkPlan) -> Self {
        Self::of(Role::Relay, name, vec![up])
    }

    /// An agent that has room.
    pub fn agent(name: &str, up: Vec<LinkPlan>) -> Self {
        Self::of(Role::Agent, name, up)
    }

    fn of(role: Role, name: &str, up: Vec<LinkPlan>) -> Self {
        Self {
            role,
            name: name.to_owned(),
            client: "client".to_owned(),
            up,
            cap_bytes: 64 << 20,
            floor_ms: 72 * 3_600_000,
            group_ms: if role == Role::Hub { 1_000 } else { 5_000 },
            clock_ms: 0,
            drift_ppm: 0,
            series: 4,
        }
    }
}

/// Something that goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Nothing passes on a node's links up for so long.
    Cut {
        /// Whose links.
        node: NodeIx,
        /// How long.
        ms: u64,
    },
    /// A node's connections up are gone, with all that was under way on them.
    Reset {
        /// Whose connections.
        node: NodeIx,
    },
    /// A node opens a second connection beside the first.
    Again {
        /// Which node.
        node: NodeIx,
    },
    /// A node prefers its next target from now on, and goes there.
    Move {
        /// Which node.
        node: NodeIx,
    },
    /// A process is killed: what it wrote is there, synced or not.
    Kill {
        /// Which node.
        node: NodeIx,
        /// How long until it starts again.
        down_ms: u64,
    },
    /// The power fails: sectors written since the last sync are there or not.
    PowerCut {
        /// Which node.
        node: NodeIx,
        /// How long until it starts again.
        down_ms: u64,
    },
    /// The power fails in the midst of a commit, so many disk operations from now.
    PowerCutIn {
        /// Which node.
        node: NodeIx,
        /// Disk operations until then.
        operations: u64,
        /// How long until it starts again.
        down_ms: u64,
    },
    /// A process is stopped in order.
    Stop {
        /// Which node.
        node: NodeIx,
        /// How long until it starts again.
        down_ms: u64,
    },
    /// A disk takes nothing more for so long.
    Full {
        /// Whose disk.
        node: NodeIx,
        /// How long.
        ms: u64,
    },
    /// One sync fails.
    RefuseSync {
        /// Whose disk.
        node: NodeIx,
        /// Disk operations until then.
        operations: u64,
    },
    /// Bits of the stored image turn over.
    Flip {
        /// Whose disk.
        node: NodeIx,
        /// How many.
        bits: u64,
    },
    /// The disk is replaced by an empty one.
    Lose {
        /// Whose disk.
        node: NodeIx,
        /// How long until the node starts again.
        down_ms: u64,
    },
    /// A wall clock is set.
    Clock {
        /// Whose.
        node: NodeIx,
        /// By how much.
        by_ms: i64,
    },
    /// A machine has another series to measure.
    Define {
        /// Which agent.
        node: NodeIx,
    },
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

fn nodes_below(nodes: &[NodePlan]) -> Vec<NodeIx> {
    (HUB + 1..nodes.len()).collect()
}

fn nodes(kind: Kind, chance: &mut Chance) -> Vec<NodePlan> {
    let mut nodes = vec![NodePlan { group_ms: *chance.pick(&[0, 1_000, 1_000, 3_000]), ..NodePlan::hub() }];
    // Most seeds are small, so that many can be run; one in sixteen is not.
    let large = chance.one_in(16);
    let sites = if large { chance.between(2, 3) } else { 1 };
    for site in 0..sites {
        let relays = match kind {
            Kind::Roam => 2,
            _ => *chance.pick(&[0, 1, 1, 1, 2]),
        };
        let client = format!("client-{}", if chance.one_in(2) { 0 } else { site });
        let first = nodes.len();
        for relay in 0..relays {
            let up = line(HUB, kind, true, chance);
            let name = format!("relay-{site}-{relay}");
            let group_ms = *chance.pick(&[0, 1_000, 5_000, 5_000]);
            nodes.push(NodePlan { client: client.clone(), group_ms, ..NodePlan::relay(&name, up) });
        }
        let agents = if large { chance.between(3, 6) } else { chance.between(1, 2) };
        for agent in 0..agents {
            let mut up: Vec<_> = (first..first + relays).map(|relay| line(relay, kind, false, chance)).collect();
            if up.len() > 1 && chance.one_in(2) {
                up.reverse();
            }
            if up.is_empty() || (kind != Kind::Roam && chance.one_in(6)) {
                up = vec![line(HUB, kind, true, chance)];
            } else if chance.one_in(5) {
                up.push(line(HUB, kind, true, chance));
            }
            let name = format!("agent-{site}-{agent}");
            nodes.push(NodePlan {
                client: client.clone(),
                series: chance.between(1, 6) as u32,
                ..NodePlan::agent(&name, up)
            });
        }
    }
    for node in nodes.iter_mut().skip(1) {
        characterise(node, kind, chance);
    }
    nodes
}

fn characterise(node: &mut NodePlan, kind: Kind, chance: &mut Chance) {
    if matches!(kind, Kind::Clocks | Kind::Storm) && node.role == Role::Agent {
        let year = 365 * 24 * 3_600_000;
        node.clock_ms = *chance.pick(&[0, -56 * year, 10 * year, -3_600_000, 7_200_000]);
        node.drift_ppm = *chance.pick(&[0, 100, -100, 5_000]);
    }
    if kind == Kind::Small || (kind == Kind::Storm && chance.one_in(3)) {
        // A relay that can not even hold its agents' definitions is no relay.
        let scale = if node.role == Role::Relay { 10 } else { 1 };
        node.cap_bytes = scale * chance.between(2_500, 12_000);
        node.floor_ms = *chance.pick(&[0, 60_000, 72 * 3_600_000]);
    } else if chance.one_in(4) {
        // A floor that passes, so that something is deleted at all.
        node.floor_ms = *chance.pick(&[0, 60_000, 240_000]);
    }
}

fn line(to: NodeIx, kind: Kind, far: bool, chance: &mut Chance) -> LinkPlan {
    let mut link = match (far, kind) {
        (true, Kind::Thin) => LinkPlan::thin(to, *chance.pick(&[1_500, 4_000, 8_000])),
        (true, _) if chance.one_in(8) => LinkPlan::thin(to, *chance.pick(&[4_000, 16_000])),
        (true, _) => LinkPlan { latency_ms: chance.between(5, 200), ..LinkPlan::wan(to) },
        (false, _) => LinkPlan::lan(to),
    };
    link.jitter_ms = *chance.pick(&[0, 5, 40, 300]);
    link.loss_permille = if kind == Kind::Calm { 0 } else { *chance.pick(&[0, 0, 20, 100]) };
    if chance.one_in(4) {
        link.bulk_ceiling_bytes = Some(*chance.pick(&[4_096, 8_192, 32_768]));
    }
    link
}

fn faults(plan: &Plan, chance: &mut Chance) -> Vec<(u64, Fault)> {
    let minutes = plan.chaos_ms / 60_000 + 1;
    let often = match plan.kind {
        Kind::Calm => 0,
        Kind::LongCut => chance.between(0, 3),
        Kind::Thin | Kind::Clocks | Kind::Small => chance.between(0, 5),
        _ => chance.between(2, 4 + minutes.min(30)),
    };
    let mut faults = Vec::new();
    for _ in 0..often {
        let at = chance.below(plan.chaos_ms);
        faults.push((at, fault(plan, chance)));
    }
    for node in nodes_below(&plan.nodes) {
        if plan.nodes[node].role == Role::Agent && chance.one_in(3) {
            faults.push((chance.below(plan.chaos_ms), Fault::Define { node }));
        }
    }
    faults
}

fn fault(plan: &Plan, chance: &mut Chance) -> Fault {
    let node = chance.between(1, plan.nodes.len() as u64 - 1) as NodeIx;
    let any = if chance.one_in(6) { HUB } else { node };
    let agents: Vec<_> =
        nodes_below(&plan.nodes).into_iter().filter(|at| plan.nodes[*at].role == Role::Agent).collect();
    let agent = *chance.pick(&agents);
    let down_ms = *chance.pick(&[300, 2_000, 20_000, 120_000, 300_000]);
    let cut_ms = *chance.pick(&[500, 3_000, 15_000, 60_000, 200_000, 400_000]);
    let full_ms = *chance.pick(&[3_000, 30_000, 200_000, 400_000]);
    let operations = chance.between(0, 40);
    let year = 365 * 24 * 3_600_000;
    let by_ms = *chance.pick(&[-10 * year, 10 * year, -5_000, 5_000, 3_600_000]);
    let cut = |what: u64| match what {
        0 => Fault::Reset { node },
        1 => Fault::Again { node },
        _ => Fault::Cut { node, ms: cut_ms },
    };
    let crash = |what: u64| match what {
        0 => Fault::Kill { node: any, down_ms },
        1 => Fault::PowerCut { node: any, down_ms },
        2 => Fault::PowerCutIn { node: any, operations, down_ms },
        _ => Fault::Stop { node: any, down_ms },
    };
    let disk = |what: u64| match what {
        0 => Fault::Full { node: any, ms: full_ms },
        1 => Fault::RefuseSync { node: any, operations },
        2 => Fault::Flip { node, bits: 1 + operations / 4 },
        _ => Fault::Lose { node, down_ms },
    };
    let (a, b, c) = (chance.below(4), chance.below(4), chance.below(4));
    match plan.kind {
        Kind::Calm => Fault::Define { node: agent },
        Kind::Cuts | Kind::LongCut | Kind::Thin => cut(a),
        Kind::Crashes => {
            if chance.one_in(4) {
                cut(a)
            } else {
                crash(b)
            }
        }
        Kind::Disks => match chance.below(6) {
            0 => cut(a),
            1 => crash(b),
            _ => disk(c),
        },
        Kind::Roam => match chance.below(4) {
            0 => cut(a),
            1 => crash(b),
            _ => Fault::Move { node: agent },
        },
        Kind::Clocks => match chance.below(4) {
            0 => cut(a),
            1 => crash(b),
            _ => Fault::Clock { node: agent, by_ms },
        },
        Kind::Small => match chance.below(3) {
            0 => crash(b),
            _ => cut(a),
        },
        Kind::Storm => match chance.below(8) {
            0 | 1 => cut(a),
            2 | 3 => crash(b),
            4 | 5 => disk(c),
            6 => Fault::Move { node: agent },
            _ => Fault::Clock { node: agent, by_ms },
        },
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
            let up: Vec<_> =
                node.up.iter().map(|link| format!("{} ({})", self.nodes[link.to].name, link.kind)).collect();
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
