//! Who stands, and how are they joined?

use vigie_model::Role;
use vigie_sync::{LinkKind, Sends};

use super::{HUB, Kind, NodeIx};
use crate::chance::Chance;

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
    /// What goes over it.
    pub sends: Sends,
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
            sends: Sends::All,
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

pub(super) fn nodes(kind: Kind, chance: &mut Chance) -> Vec<NodePlan> {
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

/// Some dozens of segments, so that the oldest must go.
const LITTLE_ROOM_BYTES: u64 = 40_000;

/// Relays that send what their ticks come down to: of eight seeds of a kind two before the ticks of a cut, and two in their
/// place, one of them with little room.
pub(super) fn send_hours(nodes: &mut [NodePlan], seed: u64) {
    let sends = match seed / Kind::ALL.len() as u64 % 8 {
        1 | 4 => Sends::RollupsFirst,
        3 | 6 => Sends::Rollups,
        _ => return,
    };
    let mut relays: Vec<_> = nodes.iter_mut().filter(|node| node.role == Role::Relay).collect();
    if seed / Kind::ALL.len() as u64 % 8 == 6 {
        relays.iter_mut().for_each(|relay| relay.cap_bytes = relay.cap_bytes.min(LITTLE_ROOM_BYTES));
    }
    let up = relays.into_iter().flat_map(|node| &mut node.up);
    up.filter(|link| link.to == HUB).for_each(|link| link.sends = sends);
}

pub(super) fn nodes_below(nodes: &[NodePlan]) -> Vec<NodeIx> {
    (HUB + 1..nodes.len()).collect()
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
