//! What goes wrong?

use vigie_model::Role;

use super::nodes::nodes_below;
use super::{HUB, Kind, NodeIx, Plan};
use crate::chance::Chance;

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

pub(super) fn faults(plan: &Plan, chance: &mut Chance) -> Vec<(u64, Fault)> {
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
