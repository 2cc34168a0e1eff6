//! What goes wrong.

use std::collections::{BTreeMap, BTreeSet};

use vigie_merge::{Key, Row, Scope};
use vigie_model::NodeId;

use super::{HOUR_MS, World};

/// Copies that are kept of each store.
const COPIES: usize = 3;

/// A copy of the hub that is older brings back what was deleted, and nobody promises otherwise.
const HUB_COPY_MS: u64 = 6 * 24 * HOUR_MS;

impl World {
    pub(super) fn trouble(&mut self) {
        let node = self.chance.below(self.nodes.len() as u64) as usize;
        match self.chance.below(12) {
            0..4 => {
                let (commits, chance) = (self.chance.below(12), self.chance.any());
                self.nodes[node].disk.fail_soon(commits, chance);
            }
            4 => self.crash(node),
            5..8 => {
                let copy = self.nodes[node].disk.copy();
                let copies = &mut self.nodes[node].copies;
                copies.push((self.now, copy));
                if copies.len() > COPIES {
                    copies.remove(0);
                }
            }
            8 => self.restore(node),
            9 => self.live_twice(node),
            _ => {
                let day = 24 * HOUR_MS as i64;
                // By the hub's clock deletions grow old: one that is weeks ahead, and an older copy of the hub after that, bring
                // back what was deleted.
                let first = if node == 0 { 3 } else { 0 };
                let skew = match self.chance.between(first, 5) {
                    0 => None,
                    1 => Some(-3 * day),
                    2 => Some(20 * day),
                    3 => Some(self.chance.below(100_000) as i64 - 50_000),
                    _ => Some(0),
                };
                self.nodes[node].skew_ms = skew;
                self.say(|| format!("node {node}: clock off by {skew:?}"));
            }
        }
    }

    /// The power fails, and comes back at once; sessions are gone.
    pub(super) fn crash(&mut self, node: usize) {
        self.tally.crashes += 1;
        self.say(|| format!("node {node} crashes"));
        let chance = self.chance.any();
        self.nodes[node].rows = None;
        let after = self.nodes[node].disk.after_power_cut(chance);
        self.nodes[node].disk = after;
        self.end_all(node);
        self.open(node);
    }

    /// An older copy is brought back: the file alone, or with all that stands beside it.
    fn restore(&mut self, node: usize) {
        let oldest = if node == 0 { self.now.saturating_sub(HUB_COPY_MS) } else { 0 };
        let fit: Vec<usize> =
            (0..self.nodes[node].copies.len()).filter(|copy| self.nodes[node].copies[*copy].0 >= oldest).collect();
        if fit.is_empty() || self.nodes[node].twin.is_some() {
            return;
        }
        let copy = self.nodes[node].copies[*self.chance.pick(&fit)].clone();
        let whole = self.chance.one_in(2);
        self.say(|| format!("node {node} is brought back from {} (whole: {whole})", copy.0));
        self.tally.restores += 1;
        self.nodes[node].rows = None;
        let restored = self.nodes[node].disk.restored(&copy.1, whole);
        self.nodes[node].disk = restored;
        self.nodes[node].suspect = true;
        self.nodes[node].recovering = node == 0;
        self.end_all(node);
        self.open(node);
        self.forgive();
    }

    /// A machine is cloned with its store; now one of both is heard, and now the other.
    fn live_twice(&mut self, node: usize) {
        if node == 0 {
            return;
        }
        self.say(|| format!("node {node}: the other of both"));
        let one = &mut self.nodes[node];
        one.rows = None;
        let disk = one.disk.copy();
        let other = one.twin.take().unwrap_or_else(|| disk.copy());
        one.twin = Some(disk);
        one.disk = other;
        one.suspect = true;
        self.tally.restores += 1;
        self.end_all(node);
        self.open(node);
    }

    pub(super) fn stop_living_twice(&mut self, node: usize) {
        if self.nodes[node].twin.take().is_some() {
            self.forgive();
        }
    }

    /// What nobody has any more nobody asks for: a copy that was brought back lost it, or a node that began again.
    pub(super) fn forgive(&mut self) {
        let mut all: Vec<BTreeMap<Key, Row>> = Vec::new();
        for node in 0..self.nodes.len() {
            let dump = self.dump(node);
            let rows = dump.into_iter().filter_map(|(key, bytes)| Some((key, Row::admit(&bytes, |_| true).ok()?)));
            all.push(rows.collect());
        }
        let mut forgiven = Vec::new();
        for (at, write) in self.oracle.writes.iter().enumerate().filter(|(_, write)| !write.forgiven) {
            // Where nobody has the row at all, nobody can say whether it was forgotten on purpose.
            let held = all.iter().filter_map(|rows| rows.get(&write.key)).any(|row| self.oracle.keeps(write, row));
            if !held {
                forgiven.push(at);
            }
        }
        self.tally.forgiven += forgiven.len() as u64;
        forgiven.into_iter().for_each(|at| self.oracle.writes[at].forgiven = true);
    }

    /// The hub forgets what everybody has the deletion of.
    pub(super) fn forget(&mut self) {
        self.next_forget_ms = self.now + 24 * HOUR_MS;
        let enrolled: Vec<(NodeId, Scope)> =
            self.nodes.iter().skip(1).map(|node| (node.who.node, node.who.view.clone())).collect();
        for node in 0..self.nodes.len() {
            let stamp = self.stamp(node);
            let enrolled = if node == 0 { enrolled.as_slice() } else { &[] };
            let Some(rows) = &mut self.nodes[node].rows else { continue };
            match rows.forget(enrolled, &BTreeSet::new(), stamp) {
                Ok(collected) => {
                    self.tally.forgotten += if node == 0 { collected.noted } else { 0 };
                    if collected.noted + collected.gone > 0 {
                        self.say(|| format!("node {node} forgets: {collected:?}"));
                        self.changed(node);
                    }
                }
                Err(error) => self.failed(node, &error),
            }
        }
    }
}
