//! Where is everything that a machine ever collected?

use std::sync::Arc;

use vigie_model::{NodeId, Role, StreamId};
use vigie_serve::{Amount, GivenUp, Hole, Ledger, LedgerSummary, Stamp, StreamLedger};
use vigie_sync::Ledger as Account;
use vigie_sync::keep::StreamFacts;

use crate::fleet::Fleet;
use crate::holes::{beside, holes_of, put_times};
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
        let total = summary(&memory, &machine.streams, self.role);
        let mut ledgers: Vec<StreamLedger> = Vec::new();
        let mut known = Vec::new();
        for stream in machine.streams.iter().map(|stream| memory.stream(*stream)) {
            let Some(facts) = &stream.facts else { continue };
            ledgers.push(StreamLedger {
                stream: stream.id,
                last_seq: stream.account.collected,
                folded_by: facts.rolled.makers.iter().map(NodeId::to_string).collect(),
                summary: told(&stream.account, self.role),
            });
            known.push((stream.id, Arc::clone(facts), stream.gist.interval_ms));
        }
        // Not held while the log is read.
        drop(memory);
        let mut holes: Vec<Hole> = known.iter().flat_map(|(id, facts, every)| self.holes(*id, facts, *every)).collect();
        holes.sort_by_key(|hole| std::cmp::Reverse(hole.last));
        holes.truncate(Ledger::MAX_HOLES);
        ledgers.reverse();
        Some(Ledger { machine: node, as_of: Stamp(self.clock.now().utc), total, streams: ledgers, holes })
    }

    /// The newest of a stream's holes, each with its time as far as that is known.
    fn holes(&self, stream: StreamId, facts: &StreamFacts, interval_ms: Option<u64>) -> Vec<Hole> {
        let mut holes = holes_of(stream, facts);
        holes.drain(..holes.len().saturating_sub(Ledger::MAX_HOLES));
        if !holes.is_empty() {
            // A store that can not be read says so itself, and here no time is known.
            let times = self.log().times_of(stream, beside(&holes)).unwrap_or_default();
            put_times(&mut holes, &times, interval_ms, self.clock.now().utc);
        }
        holes
    }
}
