//! What goes wrong.

use vigie_store::fault::{FaultDisk, Faults};

use super::{Event, World};
use crate::plan::{Fault, NodeIx};

impl World {
    pub(super) fn go_wrong(&mut self, fault: Fault) {
        self.trace(|| format!("fault: {fault:?}"));
        match fault {
            Fault::Cut { node, ms } => {
                let of: Vec<_> = (0..self.links.len()).filter(|link| self.links[*link].from == node).collect();
                of.into_iter().for_each(|link| self.cut_link(link, ms));
            }
            Fault::Reset { node } => self.open_up(node).into_iter().for_each(|conn| self.tear(conn)),
            Fault::Again { node } => {
                if self.chance.one_in(2) {
                    self.nodes[node].turn += 1;
                }
                self.dial(node, true);
            }
            Fault::Move { node } => self.move_on(node),
            Fault::Kill { node, down_ms } => {
                self.tally.crashes += 1;
                self.die(node);
                let killed = self.nodes[node].disk.killed();
                self.give_disk(node, killed);
                self.start_after(node, down_ms);
            }
            Fault::PowerCut { node, down_ms } => self.power_cut(node, down_ms),
            Fault::PowerCutIn { node, operations, down_ms } => {
                let at = self.nodes[node].disk.operations() + operations;
                self.nodes[node].cut_at = Some((at, down_ms));
                self.nodes[node].disk.set_faults(Faults { cut_at: Some(at), ..Faults::default() });
                // When so much never happens, it fails all the same.
                self.at(self.now + 60_000, Event::Power { node });
            }
            Fault::Stop { node, down_ms } => {
                self.stop(node);
                self.start_after(node, down_ms);
            }
            Fault::Full { node, ms } => {
                self.nodes[node].full_until = Some(self.now + ms);
                self.nodes[node].disk.set_faults(Faults { full_from: Some(0), ..Faults::default() });
                self.at(self.now + ms, Event::Room { node });
            }
            Fault::RefuseSync { node, operations } => {
                let at = self.nodes[node].disk.operations() + operations;
                self.nodes[node].disk.set_faults(Faults { refuse_sync_at: Some(at), ..Faults::default() });
            }
            Fault::Flip { node, bits } => {
                // Most of a young file is empty, and nobody would notice there.
                let image = self.nodes[node].disk.image();
                let written: Vec<_> = (0..image.len()).filter(|at| image[*at] != 0).collect();
                for _ in 0..bits {
                    let bit = self.chance.below(8);
                    let at = written.get(self.chance.below(written.len() as u64) as usize).copied().unwrap_or(0);
                    self.nodes[node].disk.flip_bit(at as u64 * 8 + bit);
                }
                self.flipped(node);
            }
            Fault::Lose { node, down_ms } => {
                self.die(node);
                self.give_disk(node, FaultDisk::new());
                self.store_lost(node);
                self.start_after(node, down_ms);
            }
            Fault::Clock { node, by_ms } => self.nodes[node].clock_ms += by_ms,
            Fault::Define { node } => self.nodes[node].series += 1,
        }
    }

    /// A machine leaves the place where it was: the link there is gone for a while, the next is tried.
    fn move_on(&mut self, node: NodeIx) {
        let away_ms = *self.chance.pick(&[1_000, 30_000, 400_000]);
        for conn in self.open_up(node) {
            let link = self.conns[&conn].link;
            self.cut_link(link, away_ms);
        }
        self.nodes[node].turn += 1;
        self.dial(node, true);
    }

    pub(crate) fn power_cut(&mut self, node: NodeIx, down_ms: u64) {
        self.tally.crashes += 1;
        self.nodes[node].cut_at = None;
        self.die(node);
        let seed = self.chance.any();
        let after = self.nodes[node].disk.power_cut(seed);
        self.give_disk(node, after);
        self.nodes[node].boot_no += 1;
        self.nodes[node].booted_at = self.now + down_ms;
        self.start_after(node, down_ms);
    }

    fn give_disk(&mut self, node: NodeIx, disk: FaultDisk) {
        if self.nodes[node].full_until.is_some_and(|until| until > self.now) {
            disk.set_faults(Faults { full_from: Some(0), ..Faults::default() });
        }
        self.nodes[node].cut_at = None;
        self.nodes[node].disk = disk;
    }

    fn start_after(&mut self, node: NodeIx, ms: u64) {
        self.at(self.now + ms, Event::Start { node });
    }

    pub(super) fn make_disk_well(&mut self, node: NodeIx) {
        if self.nodes[node].full_until.is_some_and(|until| until <= self.now) {
            self.trace(|| format!("{node} has room on its disk again"));
            self.nodes[node].full_until = None;
            self.nodes[node].disk.set_faults(Faults::default());
        }
    }

    /// Whether the power has failed under a node; then it is gone.
    pub(crate) fn lost_power(&mut self, node: NodeIx) -> bool {
        let Some((at, down_ms)) = self.nodes[node].cut_at else { return false };
        if self.nodes[node].disk.operations() <= at {
            return false;
        }
        self.trace(|| format!("power fails at {node} in the midst of a commit"));
        self.power_cut(node, down_ms);
        true
    }

    pub(super) fn check_power(&mut self) {
        for node in 0..self.nodes.len() {
            if self.nodes[node].cut_at.is_some() {
                self.lost_power(node);
            }
        }
    }
}
