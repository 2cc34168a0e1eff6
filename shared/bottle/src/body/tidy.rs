//! What is done now and then: room is made, neighbours are laid out, and what is sealed is folded.

use vigie_model::UtcMs;
use vigie_store::{Pressure, ToFold};

use crate::plan::NodeIx;
use crate::world::{Event, World};

/// How often room is made, as in the programs.
pub(super) const TIDY_EVERY_MS: u64 = 60_000;

/// Times neighbours are laid out by series before other things have their turn.
const LAID_OUT_AT_ONCE: usize = 4;

const CENTURY_MS: i64 = 100 * 365 * 24 * 3_600_000;

impl World {
    pub(crate) fn tidy_due(&mut self, node: NodeIx, generation: u64) {
        if self.nodes[node].generation != generation || self.nodes[node].life.is_none() {
            return;
        }
        self.tidy(node, true);
        self.lay_out(node);
        self.fold(node);
        self.own_up(node);
        self.at(self.now + TIDY_EVERY_MS, Event::Tidy { node, generation });
    }

    /// Makes room now and then, and at once when it is scarce.
    pub(crate) fn tidy(&mut self, node: NodeIx, due: bool) {
        let now = self.nodes[node].wall(self.now);
        let key = self.nodes[node].is_agent().then(|| self.nodes[node].key.clone());
        let Some(life) = self.nodes[node].life.as_mut() else { return };
        if !due && !life.keeper.paused.bulk {
            return;
        }
        let aged = life.log.thin_for_age(now);
        let done = aged.and_then(|aged| Ok((aged, life.log.make_room(now, key.as_ref())?)));
        let (facts, pressed) = (life.log.all_facts(), life.log.pressure() != Pressure::None);
        match done {
            Ok((aged, evicted)) => {
                if !evicted.given_up.is_empty() {
                    self.tally.evicted += evicted.given_up.len() as u64;
                    self.evicted(node);
                    self.trace(|| format!("{node} gave up {:?}", evicted.given_up));
                }
                self.tally.forgotten += evicted.settled + evicted.receipted;
                self.check_facts(node, &facts);
                let changed = facts
                    .into_iter()
                    .filter(|(stream, _)| evicted.streams.contains(stream) || aged.streams.contains(stream))
                    .collect();
                self.say_facts(node, changed);
            }
            Err(failed) => {
                self.trace(|| format!("{node} could not make room: {failed}"));
                // What it gave up before it failed stays given up, and its last commit may have reached the disk.
                if pressed && key.is_some() {
                    self.evicted(node);
                }
                if self.lost_power(node) {
                    return;
                }
                self.check_facts(node, &facts);
            }
        }
        self.tell_pressure(node);
    }

    /// Lays out by series what is worth it, some at a time.
    fn lay_out(&mut self, node: NodeIx) {
        for _ in 0..LAID_OUT_AT_ONCE {
            let Some(life) = self.nodes[node].life.as_mut() else { return };
            let gathered = life.log.gather(2).unwrap_or_default();
            if gathered.is_empty() {
                return;
            }
            let leave = |unfit| {
                life.log.leave(unfit);
                None
            };
            let laid: Vec<_> = gathered.into_iter().filter_map(|one| one.lay_out().map_or_else(leave, Some)).collect();
            match life.log.put_in_place(&laid) {
                Ok(in_place) => self.tally.laid_out += in_place as u64,
                Err(failed) => {
                    self.trace(|| format!("{node} could not lay out: {failed}"));
                    self.lost_power(node);
                    return;
                }
            }
        }
    }

    /// Folds what is sealed into minutes and hours, some at a time.
    fn fold(&mut self, node: NodeIx) {
        for _ in 0..LAID_OUT_AT_ONCE {
            if self.fold_some(node) == 0 {
                return;
            }
        }
    }

    /// Folds some; says of how many streams.
    pub(crate) fn fold_some(&mut self, node: NodeIx) -> usize {
        // A run lasts minutes: every hour counts as long over, and all but the first fold of it is of what came late.
        let now = UtcMs(self.nodes[node].wall(self.now).0.saturating_add(CENTURY_MS));
        let Some(life) = self.nodes[node].life.as_mut() else { return 0 };
        let gathered = life.log.gather_folds(now, 2).unwrap_or_default();
        let folded: Vec<_> = gathered.into_iter().map(ToFold::fold).collect();
        if folded.is_empty() {
            return 0;
        }
        match life.log.put_folded(&folded) {
            Ok(in_place) => {
                let facts = life.log.facts_of(folded.iter().map(vigie_store::Folded::stream));
                self.tally.folded += in_place as u64;
                self.say_facts(node, facts);
            }
            Err(failed) => {
                self.trace(|| format!("{node} could not fold: {failed}"));
                self.lost_power(node);
                return 0;
            }
        }
        folded.len()
    }
}
