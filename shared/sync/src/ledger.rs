//! Where is each tick of a machine, as far as this node knows, and do the sums meet?

use std::collections::BTreeMap;
use std::ops::AddAssign;

use serde::{Deserialize, Serialize};
use vigie_codec::wire::Tally;
use vigie_merge::RangeSet;
use vigie_model::{GapReason, Role};

use crate::keep::StreamFacts;

/// The account of one stream, or of several added up. All in ticks but for `samples`.
///
/// `collected = at_hub + at_relay + folded + waiting + given_up`, at all times and on every node.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// Numbers given by the agent, as far as this node has heard.
    pub collected: u64,
    /// At the hub: by its signature (agent, relay), or by its own store (hub).
    pub at_hub: u64,
    /// Of `at_hub`, on the hub: deleted there for their age. They were there, and are neither lost nor awaited.
    pub expired: u64,
    /// Kept by the relay and not yet known to be at the hub, in any form.
    pub at_relay: u64,
    /// On the hub: known as hours, by the word of the relay that folded them; the ticks themselves are not here. On a relay
    /// whose hours go in place of ticks: those that the hub knows so.
    pub folded: u64,
    /// Of `folded`: let go of at their site, so that nobody will bring them.
    #[serde(default)]
    pub thinned: u64,
    /// Not yet heard of above the agent, or on their way.
    pub waiting: u64,
    /// Never to come, by reason.
    pub given_up: BTreeMap<GapReason, u64>,
    /// Ticks that came more than once and were counted once.
    pub duplicates: u64,
    /// Of `at_hub` or `at_relay`, on relay and hub: those that carry their agent's signature.
    pub verified: u64,
    /// Samples in all ticks ever kept here.
    pub samples: u64,
    /// Samples in all ticks collected: as the agent counted them when it last said so, and at the least what has come and
    /// what it said is under gaps.
    pub samples_collected: u64,
}

impl Ledger {
    /// The account of one stream, as the node of this role sees it.
    pub fn of(facts: &StreamFacts, role: Role) -> Self {
        let ticks = facts.ticks();
        let confirmed = facts.held().without(&facts.gaps);
        let rolled = &facts.rolled;
        let (at_hub, at_relay, folded, thinned) = match role {
            Role::Hub => {
                let thinned = rolled.thinned.without(&facts.have).count();
                (ticks.count(), 0, rolled.told().without(&facts.have).count(), thinned)
            }
            Role::Relay => {
                let mut hub = confirmed;
                // What the hub said it keeps, before it signed for it.
                hub.union_with(&facts.custody.without(&facts.gaps));
                let here = ticks.without(&hub);
                let thinned = here.intersection(&rolled.thinned).without(&facts.present);
                let mut told = here.intersection(&rolled.there);
                told.union_with(&thinned);
                (hub.count(), here.without(&told).count(), told.count(), thinned.count())
            }
            Role::Agent => {
                let relay = facts.custody.without(&confirmed).without(&facts.gaps);
                (confirmed.count(), relay.count(), 0, 0)
            }
        };
        let expired = if role == Role::Hub { ticks.without(&facts.present).count() } else { 0 };
        let (given_up, under_gaps) = given_up(facts);
        let gone: u64 = given_up.values().sum();
        let Tally { ticks: collected, samples: counted } = facts.collected();
        // What an agent gives up it had kept, and so counted already.
        let under_gaps = if role == Role::Agent { 0 } else { under_gaps };
        let accounted = at_hub + at_relay + folded + gone;
        Self {
            collected: collected.max(accounted),
            at_hub,
            expired,
            at_relay,
            folded,
            thinned,
            waiting: collected.saturating_sub(accounted),
            given_up,
            duplicates: facts.duplicates,
            verified: facts.sealed.without(&facts.gaps).count(),
            samples: facts.samples,
            samples_collected: counted.max(facts.samples.saturating_add(under_gaps)),
        }
    }

    /// Everything that will never come.
    pub fn given_up_total(&self) -> u64 {
        self.given_up.values().sum()
    }

    /// Whether the sums meet.
    pub fn meets(&self) -> bool {
        self.collected == self.at_hub + self.at_relay + self.folded + self.waiting + self.given_up_total()
    }
}

impl AddAssign<&Ledger> for Ledger {
    fn add_assign(&mut self, other: &Ledger) {
        self.collected = self.collected.saturating_add(other.collected);
        self.at_hub += other.at_hub;
        self.expired += other.expired;
        self.at_relay += other.at_relay;
        self.folded += other.folded;
        self.thinned += other.thinned;
        self.waiting = self.waiting.saturating_add(other.waiting);
        self.duplicates += other.duplicates;
        self.verified += other.verified;
        self.samples += other.samples;
        // What a peer says of another's agent is no more than a number.
        self.samples_collected = self.samples_collected.saturating_add(other.samples_collected);
        for (reason, ticks) in &other.given_up {
            *self.given_up.entry(*reason).or_default() += ticks;
        }
    }
}

/// Each missing number once, under the first gap that named it; and the samples of gaps of which nothing came after all.
fn given_up(facts: &StreamFacts) -> (BTreeMap<GapReason, u64>, u64) {
    let mut left = facts.gaps.clone();
    let (mut by_reason, mut samples) = (BTreeMap::new(), 0u64);
    for gap in &facts.gap_list {
        let all = RangeSet::of(gap.first.0, gap.last.0);
        let named = left.intersection(&all);
        if named.is_empty() {
            continue;
        }
        *by_reason.entry(gap.reason).or_default() += named.count();
        if named == all {
            samples = samples.saturating_add(gap.samples.unwrap_or(0));
        }
        left = left.without(&named);
    }
    (by_reason, samples)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use vigie_codec::SigningKey;
    use vigie_codec::receipt::Receipt;
    use vigie_model::{Gap, Incarnation, NodeId, Seq, StreamId, UtcMs};

    use super::*;

    fn any_set() -> impl Strategy<Value = RangeSet> {
        prop::collection::vec((1u64..60, 0u64..9), 0..6)
            .prop_map(|ranges| ranges.into_iter().map(|(first, len)| (first, first + len)).collect())
    }

    proptest! {
        #[test]
        fn the_sums_meet_on_every_node_whatever_it_has_heard(
            have in any_set(), gaps in any_set(), held in any_set(), custody in any_set(), foreign in any_set(),
            ticks in 0u64..90, samples in 0u64..900, counted in 0u64..900,
        ) {
            let mut facts = StreamFacts::new([0; 32], "till".to_owned());
            facts.gaps = gaps.clone();
            facts.have = have;
            facts.have.union_with(&gaps);
            facts.custody = custody;
            facts.rolled.foreign = foreign;
            facts.tally = Tally { ticks, samples: counted };
            facts.samples = samples;
            facts.gap_list = gaps
                .ranges()
                .map(|(first, last)| Gap {
                    first: Seq(first), last: Seq(last), reason: GapReason::Evicted, samples: Some(7), noted_at: UtcMs(0),
                })
                .collect();
            let stream = StreamId { agent: NodeId::from_bytes([0; 16]), incarnation: Incarnation(1) };
            let key = SigningKey::from_bytes(&[1; 32]);
            facts.receipt = Some(Receipt::new(stream, held, 0, 1, UtcMs(0), &key));
            for role in [Role::Agent, Role::Relay, Role::Hub] {
                let ledger = Ledger::of(&facts, role);
                prop_assert!(ledger.meets(), "{role}: {ledger:?}");
                prop_assert_eq!(ledger.given_up_total(), gaps.count());
                prop_assert!(ledger.samples_collected >= ledger.samples.max(counted));
                let under_gaps = 7 * gaps.ranges().len() as u64;
                prop_assert!(role == Role::Agent || ledger.samples_collected >= samples + under_gaps);
            }
        }
    }
}
