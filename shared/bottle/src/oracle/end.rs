//! When all is quiet: is each number at the hub once, or under a gap that something explains?

use std::collections::BTreeMap;

use vigie_merge::RangeSet;
use vigie_model::{GapReason, Role, StreamId};
use vigie_store::Log;
use vigie_sync::Ledger;
use vigie_sync::keep::StreamFacts;

use super::Excuses;
use super::records::{all_ticks, rollups_agree};
use crate::plan::{HUB, Kind};
use crate::world::World;

/// Folds at the end of a run after which it is believed to go in circles.
const MANY_FOLDS: usize = 2_000;

impl World {
    /// Whether all that was durable on an agent is at the hub, and everyone below knows what the hub has.
    pub(crate) fn lacking(&self) -> Option<String> {
        let Some(hub) = self.nodes[HUB].life.as_ref() else { return Some("the hub is not running".to_owned()) };
        let nothing = RangeSet::new();
        for (stream, durable) in &self.oracle.durable {
            let facts = hub.log.streams().get(stream);
            let Some(last) = durable.last() else { continue };
            let mut missing = RangeSet::of(1, last).without(facts.map_or(&nothing, |facts| &facts.sealed));
            if let Some(facts) = facts {
                missing = missing.without(&self.let_go(facts));
            }
            if !missing.is_empty() {
                let node = self.oracle.of.get(stream);
                return Some(format!("the hub lacks {missing:?} of {stream:?} of node {node:?}"));
            }
        }
        for (node, below) in self.nodes.iter().enumerate().skip(1) {
            let Some(life) = below.life.as_ref() else { return Some(format!("{node} is not running")) };
            for (stream, facts) in life.log.streams() {
                let at_hub = hub.log.streams().get(stream).map_or(&nothing, |facts| &facts.sealed);
                if facts.held() != at_hub {
                    let held = facts.held();
                    return Some(format!(
                        "{node} believes that the hub has {held:?} of {stream:?}, and it has {at_hub:?}"
                    ));
                }
            }
        }
        None
    }

    /// What the hub knows by its hours alone, and will never know otherwise. Hours that were damaged at both are owed nothing.
    fn let_go(&self, at_hub: &StreamFacts) -> RangeSet {
        let is_damaged = self.oracle.excuses.iter().any(|excuses| excuses.flipped || excuses.lost);
        let thinned = &at_hub.rolled.thinned;
        if is_damaged { thinned.clone() } else { thinned.intersection(&at_hub.rolled.all()) }
    }

    /// What relays have folded and the hub does not have in any form, as far as nobody else says otherwise.
    pub(crate) fn hours_lacking(&self) -> Option<String> {
        let Some(hub) = self.nodes[HUB].life.as_ref() else { return Some("the hub is not running".to_owned()) };
        for (node, below) in self.nodes.iter().enumerate().filter(|(_, node)| node.plan.role == Role::Relay) {
            let Some(life) = below.life.as_ref() else { return Some(format!("{node} is not running")) };
            for (stream, facts) in life.log.streams() {
                let Some(there) = hub.log.streams().get(stream) else {
                    return Some(format!("the hub does not know {stream:?}"));
                };
                let lacking = facts.rolled.own.without(&there.rolled.all()).without(&there.have);
                if !lacking.is_empty() {
                    return Some(format!("the hub lacks the hours of {lacking:?} of {stream:?}, which {node} has"));
                }
            }
        }
        None
    }

    /// Everything, when all is quiet.
    pub(crate) fn check_end(&mut self) {
        if let Some(lacking) = self.lacking() {
            return self.broken(lacking);
        }
        for turn in 0.. {
            if self.fold_some(HUB) == 0 {
                break;
            }
            if turn > MANY_FOLDS {
                return self.broken("the hub folds without end".to_owned());
            }
        }
        let Some(hub) = self.nodes[HUB].life.as_ref() else { return };
        let mut faults = Vec::new();
        let mut tally = self.tally;
        for (stream, facts) in hub.log.streams() {
            tally.at_hub += facts.ticks().count();
            tally.gaps += facts.gaps.count();
            tally.thinned += facts.rolled.thinned.without(&facts.have).count();
            tally.duplicates += facts.duplicates;
            if let Err(fault) = self.check_stream(*stream, facts, &hub.log) {
                faults.push(format!("{stream:?} of node {:?}: {fault}", self.oracle.of.get(stream)));
            }
        }
        for (node, below) in self.nodes.iter().enumerate().skip(1).filter(|(_, node)| node.is_agent()) {
            let Some(life) = below.life.as_ref() else { continue };
            for (stream, facts) in life.log.streams() {
                if let Err(fault) = self.check_ledger(facts, hub.log.streams().get(stream)) {
                    faults.push(format!("the ledger of {stream:?} at {node}: {fault}"));
                }
            }
        }
        self.tally = tally;
        if let Some(fault) = faults.into_iter().next() {
            self.broken(fault);
        }
    }

    /// Each number once, as it was measured, or under a gap that says why.
    fn check_stream(&self, stream: StreamId, facts: &StreamFacts, log: &Log) -> Result<(), String> {
        let none = BTreeMap::new();
        let given = self.oracle.given.get(&stream).unwrap_or(&none);
        let ticks = all_ticks(log, stream, facts)?;
        for (seq, tick) in &ticks {
            let (_, as_given) = given.get(seq).ok_or_else(|| format!("the hub has {seq}, which was never given"))?;
            if **as_given != *tick {
                return Err(format!("{seq} was measured as {as_given:?} and is at the hub as {tick:?}"));
            }
        }
        let node = self.nodes.iter().position(|node| node.id == stream.agent);
        let excuses = node.map_or(Excuses::default(), |node| self.oracle.excuses[node]);
        rollups_agree(log, stream, facts, &ticks, excuses.flipped || excuses.lost)?;
        let here: RangeSet = ticks.keys().map(|seq| (*seq, *seq)).collect();
        if here != facts.ticks() {
            return Err(format!("the hub says it has {:?} and has records of {here:?}", facts.ticks()));
        }
        let samples: u64 = ticks.values().map(|tick| tick.samples.len() as u64).sum();
        if facts.samples != samples {
            return Err(format!("the hub has counted {} samples and has {samples}", facts.samples));
        }
        let durable = self.oracle.durable.get(&stream).cloned().unwrap_or_default();
        for gap in &facts.gap_list {
            let under = facts.gaps.within(gap.first.0, gap.last.0);
            let excused = match gap.reason {
                GapReason::Interrupted => under.intersection(&durable).is_empty() || excuses.flipped,
                GapReason::Evicted => excuses.evicted || under.intersection(&durable).is_empty(),
                GapReason::Corrupt => excuses.flipped,
                GapReason::StoreLost => excuses.lost || excuses.flipped,
                GapReason::HubLost => false,
            };
            if !excused {
                return Err(format!("nothing that happened explains the gap {gap:?}"));
            }
        }
        Ok(())
    }

    /// What was collected is at the hub, waits, or was given up.
    fn check_ledger(&self, facts: &StreamFacts, at_hub: Option<&StreamFacts>) -> Result<(), String> {
        let ledger = Ledger::of(facts, Role::Agent);
        let Some(at_hub) = at_hub else { return Err("the hub does not know the stream".to_owned()) };
        // A tick that went to the hub itself before its agent came to a relay has no seal there if its neighbours were let go.
        let thinned = self.let_go(at_hub).without(&at_hub.sealed).count();
        if !ledger.meets() || ledger.waiting + ledger.at_relay > thinned {
            return Err(format!("{ledger:?}, and {thinned} were let go of"));
        }
        let hub = Ledger::of(at_hub, Role::Hub);
        if !hub.meets() || hub.waiting > 0 || hub.collected != ledger.collected {
            return Err(format!("the agent: {ledger:?}, the hub: {hub:?}"));
        }
        if facts.schema_len > at_hub.schema_len {
            return Err(format!("{} definitions, and the hub has {}", facts.schema_len, at_hub.schema_len));
        }
        Ok(())
    }

    /// The kinds whose relays may be so full that live ticks must wait.
    pub(crate) fn must_be_fresh(&self) -> bool {
        self.plan.kind != Kind::Small
            && !self.plan.keeps_ticks_back()
            && self.nodes.iter().all(|node| node.plan.role == Role::Hub || node.plan.cap_bytes > 1 << 20)
    }
}
