//! Does a store keep what was promised, at each commit and after each crash?

use std::collections::BTreeMap;
use std::sync::Arc;

use vigie_merge::RangeSet;
use vigie_model::StreamId;
use vigie_store::{Log, OpenReport};
use vigie_sync::keep::{Outcome, StreamFacts};

use crate::plan::{HUB, NodeIx};
use crate::world::World;

impl World {
    /// The store of an agent keeps all that the agent itself made.
    pub(crate) fn check_own(&mut self, node: NodeIx, outcomes: &[Outcome]) {
        let flipped = self.oracle.excuses[node].flipped;
        if let Some(outcome) = outcomes.iter().find(|outcome| !matches!(outcome, Outcome::Kept(_)))
            && !flipped
        {
            self.broken(format!("the store of {node} would not keep what the agent made: {outcome:?}"));
        }
    }

    /// What a store holds goes only on the hub's word, or with a gap in its place.
    pub(crate) fn check_facts(&mut self, node: NodeIx, facts: &BTreeMap<StreamId, Arc<StreamFacts>>) {
        for (stream, facts) in facts {
            self.check_one(node, *stream, facts);
        }
    }

    fn check_one(&mut self, node: NodeIx, stream: StreamId, facts: &StreamFacts) {
        let agent = self.nodes[node].is_agent();
        let excuses = self.oracle.excuses[node];
        let shadow = self.oracle.shadows[node].entry(stream).or_default();
        let unsaid = shadow.have.without(&facts.have);
        let mut gone = shadow.present.without(&facts.present).without(facts.held());
        if agent {
            // The next hop has it: the last thing that goes before something is given up.
            gone = gone.without(&facts.custody);
        }
        // The hub knows it by its hour, and is told that nobody will bring it.
        let thinned = facts.rolled.thinned.without(&shadow.thinned);
        gone = gone.without(&facts.rolled.thinned);
        (shadow.have, shadow.present) = (facts.have.clone(), facts.present.clone());
        shadow.thinned = facts.rolled.thinned.clone();
        if !excuses.flipped && !unsaid.is_empty() {
            self.broken(format!("{node} no longer has {unsaid:?} of {stream:?}"));
        }
        if !excuses.flipped && !gone.is_empty() {
            self.broken(format!("{node} deleted {gone:?} of {stream:?} for which the hub has not signed"));
        }
        if node != HUB && !thinned.is_empty() {
            self.check_thinned(node, stream, &thinned);
        }
        let bad = facts.sealed.without(&facts.have).count()
            + facts.present.without(&facts.have).count()
            + facts.gaps.without(&facts.have).count();
        if bad > 0 {
            self.broken(format!("{node} contradicts itself about {stream:?}: {facts:?}"));
        }
        if agent && self.nodes[node].id == stream.agent {
            self.oracle.durable.entry(stream).or_default().union_with(&facts.ticks());
        }
        if node == HUB {
            let newest = self.oracle.newest.entry(stream).or_default();
            *newest = (*newest).max(facts.ticks().last().unwrap_or(0));
        }
    }

    /// What a relay lets go of is at the hub, as it was measured or as hours.
    fn check_thinned(&mut self, node: NodeIx, stream: StreamId, thinned: &RangeSet) {
        let any_flipped = self.oracle.excuses.iter().any(|excuses| excuses.flipped || excuses.lost);
        let Some(hub) = self.nodes[HUB].life.as_ref().filter(|_| !any_flipped) else { return };
        let nothing = RangeSet::new();
        let unknown = hub
            .log
            .streams()
            .get(&stream)
            .map_or(thinned.clone(), |facts| thinned.without(&facts.have).without(&facts.rolled.all()));
        if unknown != nothing {
            self.broken(format!("{node} let go of {unknown:?} of {stream:?}, and the hub has no hour of it"));
        }
    }

    /// What was promised before a crash is there after it.
    pub(crate) fn check_opened(&mut self, node: NodeIx, log: &Log, report: &OpenReport) {
        let excuses = self.oracle.excuses[node];
        // A file whose very first write was refused holds nothing yet, and is begun again.
        let was_nothing = report.fresh && self.oracle.shadows[node].is_empty();
        if !excuses.flipped && !was_nothing && (report.damaged || !report.rebuilt.is_empty()) {
            return self.broken(format!("the store of {node} was damaged although no bit was flipped: {report:?}"));
        }
        if excuses.flipped {
            self.oracle.told[node].clear();
            self.oracle.shadows[node].clear();
        }
        let nothing = RangeSet::new();
        let have = |stream: &StreamId| log.streams().get(stream).map_or(&nothing, |facts| &facts.have);
        for (stream, told) in &self.oracle.told[node] {
            let lost = told.without(have(stream));
            if !lost.is_empty() {
                return self.broken(format!("{node} had acknowledged {lost:?} of {stream:?}, and lost it in a crash"));
            }
        }
        if self.nodes[node].is_agent() && !excuses.flipped && !excuses.lost {
            let own = self.oracle.durable.iter().filter(|(stream, _)| stream.agent == self.nodes[node].id);
            for (stream, durable) in own {
                let lost = durable.without(have(stream));
                if !lost.is_empty() {
                    return self.broken(format!("{node} had {lost:?} of {stream:?} durable, and lost it in a crash"));
                }
            }
        }
        if node == HUB {
            for (stream, signed) in &self.oracle.signed {
                let lost =
                    log.streams().get(stream).map_or_else(|| signed.clone(), |facts| signed.without(&facts.sealed));
                if !lost.is_empty() {
                    return self
                        .broken(format!("the hub had signed for {lost:?} of {stream:?}, and lost it in a crash"));
                }
            }
        }
        for (stream, facts) in log.streams() {
            self.check_one(node, *stream, facts);
        }
    }
}
