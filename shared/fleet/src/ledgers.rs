//! Where is everything that a machine ever collected?

use vigie_model::{NodeId, Role, Seq, StreamId};
use vigie_serve::{Amount, GivenUp, Hole, HoleKind, Ledger, LedgerSummary, Stamp, StreamLedger};
use vigie_sync::Ledger as Account;
use vigie_sync::keep::StreamFacts;

use crate::fleet::Fleet;
use crate::memory::{Memory, StreamIx};

/// Ticks known to exist and not here.
pub(crate) fn waiting(facts: &StreamFacts) -> u64 {
    facts.tally.ticks.saturating_sub(facts.have.count())
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
            waiting: Amount::known(account.waiting, None),
            given_up: given_up.collect(),
            duplicates: account.duplicates,
        },
        Role::Relay | Role::Agent => LedgerSummary {
            collected: Amount::known(account.collected, samples),
            at_relay: Some(Amount::known(account.at_relay, None)),
            at_hub: Some(Amount::known(account.at_hub, None)),
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
    let mut expected = vigie_merge::RangeSet::of(1, facts.tally.ticks);
    expected = expected.without(&facts.have);
    let waiting: Vec<_> = expected.ranges().map(|(first, last)| hole(HoleKind::Waiting, None, first, last)).collect();
    lost.chain(waiting).collect()
}
