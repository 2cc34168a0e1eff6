//! Where is everything that a machine ever collected?

use vigie_model::{NodeId, Role, Seq, StreamId};
use vigie_serve::{Amount, GivenUp, Hole, HoleKind, Ledger, LedgerSummary, Stamp, StreamLedger};
use vigie_sync::Ledger as Account;
use vigie_sync::keep::StreamFacts;

use crate::fleet::Fleet;
use crate::memory::{Memory, StreamIx};

/// Ticks known to exist and not here.
pub(crate) fn waiting(facts: &StreamFacts) -> u64 {
    let folded = facts.rolled.told().without(&facts.have).count();
    facts.collected().ticks.saturating_sub(facts.have.count()).saturating_sub(folded)
}

/// The account of a machine's streams together.
pub(crate) fn summary(memory: &Memory, streams: &[StreamIx], role: Role) -> LedgerSummary {
    let mut account = Account::default();
    streams.iter().for_each(|stream| account += &memory.stream(*stream).account);
    told(&account, role)
}

/// Ticks that [`summary`] would call waiting.
pub(crate) fn waiting_of(memory: &Memory, streams: &[StreamIx], role: Role) -> u64 {
    let account = |stream: &StreamIx| &memory.stream(*stream).account;
    let waiting: u64 = streams.iter().map(|stream| account(stream).waiting).sum();
    match role {
        Role::Hub => waiting,
        Role::Relay | Role::Agent => waiting + streams.iter().map(|stream| account(stream).at_relay).sum::<u64>(),
    }
}

/// Ticks of all these that are known to exist and are not here.
pub(crate) fn not_here_of(memory: &Memory, streams: &[StreamIx], role: Role) -> u64 {
    let streams = streams.iter().map(|stream| memory.stream(*stream));
    match role {
        // The account says the same, and was drawn up when a tick came.
        Role::Hub => streams.map(|stream| stream.account.waiting).sum(),
        Role::Relay | Role::Agent => streams.filter_map(|stream| stream.facts.as_deref()).map(waiting).sum(),
    }
}

/// Ticks that [`summary`] would say are given up, for whatever reason.
pub(crate) fn given_up_of(memory: &Memory, streams: &[StreamIx]) -> u64 {
    streams.iter().flat_map(|stream| memory.stream(*stream).account.given_up.values()).sum()
}

fn told(account: &Account, role: Role) -> LedgerSummary {
    let given_up =
        account.given_up.iter().map(|(reason, ticks)| GivenUp { reason: *reason, ticks: *ticks, samples: None });
    let samples = (account.samples_collected > 0).then_some(account.samples_collected);
    let kept = Some(account.samples);
    match role {
        Role::Hub => LedgerSummary {
            collected: Amount::known(account.collected, samples),
            at_relay: None,
            at_hub: Some(Amount::known(account.at_hub, kept)),
            expired: (account.expired > 0).then(|| Amount::known(account.expired, None)),
            folded: (account.folded > 0).then(|| Amount::known(account.folded, None)),
            thinned: (account.thinned > 0).then(|| Amount::known(account.thinned, None)),
            waiting: Amount::known(account.waiting, None),
            given_up: given_up.collect(),
            duplicates: account.duplicates,
        },
        Role::Relay | Role::Agent => LedgerSummary {
            collected: Amount::known(account.collected, samples),
            at_relay: Some(Amount::known(account.at_relay, None)),
            at_hub: Some(Amount::known(account.at_hub, None)),
            expired: None,
            folded: (account.folded > 0).then(|| Amount::known(account.folded, None)),
            thinned: (account.thinned > 0).then(|| Amount::known(account.thinned, None)),
            waiting: Amount::known(account.waiting + account.at_relay, None),
            given_up: given_up.collect(),
            duplicates: account.duplicates,
        },
    }
}

impl Fleet {
    pub(crate) fn one_ledger(&self, node: NodeId) -> Option<Ledger> {
        let memory = self.memory();
        let machine = memory.node(memory.find(node)?);
        machine.machine()?;
        let mut holes: Vec<Hole> = Vec::new();
        let mut ledgers: Vec<StreamLedger> = Vec::new();
        for stream in machine.streams.iter().map(|stream| memory.stream(*stream)) {
            let Some(facts) = &stream.facts else { continue };
            ledgers.push(StreamLedger {
                stream: stream.id,
                last_seq: stream.account.collected,
                folded_by: facts.rolled.makers.iter().map(NodeId::to_string).collect(),
                summary: told(&stream.account, self.role),
            });
            holes.extend(holes_of(stream.id, facts));
        }
        holes.sort_by_key(|hole| std::cmp::Reverse(hole.last));
        holes.truncate(Ledger::MAX_HOLES);
        ledgers.reverse();
        Some(Ledger {
            machine: node,
            as_of: Stamp(self.clock.now().utc),
            total: summary(&memory, &machine.streams, self.role),
            streams: ledgers,
            holes,
        })
    }
}

fn holes_of(stream: StreamId, facts: &StreamFacts) -> Vec<Hole> {
    let hole = |kind, reason, first: u64, last: u64| Hole {
        stream,
        kind,
        reason,
        first: Some(Seq(first)),
        last: Some(Seq(last)),
        amount: Amount::known(last - first + 1, None),
        from: None,
        until: None,
    };
    let lost = facts.gap_list.iter().flat_map(|gap| {
        let still = facts.gaps.within(gap.first.0, gap.last.0);
        let parts: Vec<_> = still.ranges().collect();
        parts.into_iter().map(|(first, last)| hole(HoleKind::Lost, Some(gap.reason), first, last)).collect::<Vec<_>>()
    });
    let mut expected = vigie_merge::RangeSet::of(1, facts.collected().ticks);
    expected = expected.without(&facts.have);
    let told = facts.rolled.told();
    let folded: Vec<_> = expected.intersection(&told).ranges().collect();
    let folded = folded.into_iter().map(|(first, last)| hole(HoleKind::Folded, None, first, last));
    expected = expected.without(&told);
    let waiting: Vec<_> = expected.ranges().map(|(first, last)| hole(HoleKind::Waiting, None, first, last)).collect();
    lost.chain(folded).chain(waiting).collect()
}

#[cfg(test)]
mod tests {
    use vigie_codec::wire::Tally;
    use vigie_merge::RangeSet;
    use vigie_model::Incarnation;

    use super::*;

    #[test]
    fn what_is_missing_below_the_newest_tick_waits_although_the_agent_has_not_said_so_for_a_while() {
        let mut facts = StreamFacts::new([0; 32], "till".to_owned());
        facts.have = [(1, 5), (8, 10)].into_iter().collect();
        facts.tally = Tally { ticks: 4, samples: 0 };
        let stream = StreamId { agent: NodeId::from_bytes([0; 16]), incarnation: Incarnation(1) };
        let waiting_of = |facts: &StreamFacts| {
            let holes = holes_of(stream, facts).into_iter();
            holes.map(|hole| (hole.first.map(|seq| seq.0), hole.last.map(|seq| seq.0))).collect::<Vec<_>>()
        };
        assert_eq!((waiting(&facts), waiting_of(&facts)), (2, vec![(Some(6), Some(7))]));
        assert_eq!(waiting(&facts), Account::of(&facts, Role::Hub).waiting, "the account says the same");
        facts.have = RangeSet::of(1, 10);
        facts.tally.ticks = 12;
        assert_eq!((waiting(&facts), waiting_of(&facts)), (2, vec![(Some(11), Some(12))]));
    }
}
