//! What is on the disks, compared with the function that made it.

use std::collections::BTreeMap;
use std::path::Path;

use vigie_agent::collect::{Class, synthetic_value};
use vigie_merge::RangeSet;
use vigie_model::{GapReason, StreamId, Tick, UtcMs};
use vigie_store::{Log, Options, StreamFacts};

use crate::Agent;

/// Series of each agent under trial.
pub const SERIES: u32 = 12;

/// What a stopped node holds.
#[derive(Debug)]
pub struct Held {
    /// What is known of each stream.
    pub facts: BTreeMap<StreamId, StreamFacts>,
    /// Every tick, by number; how often it came is checked on the way.
    pub ticks: BTreeMap<StreamId, BTreeMap<u64, Tick>>,
}

/// Reads everything a stopped node holds.
pub fn held(data: &Path) -> Held {
    let (log, _) = Log::open(data, Options::hub(1 << 40)).expect("the log of a stopped node opens");
    let mut ticks = BTreeMap::new();
    for stream in log.streams().keys() {
        let mut of_stream = BTreeMap::new();
        log.ticks_between(*stream, UtcMs(i64::MIN), UtcMs(i64::MAX), |_, tick| {
            let twice = of_stream.insert(tick.seq.0, tick.clone());
            assert!(twice.is_none(), "tick {} of {stream} is kept twice", tick.seq);
        })
        .expect("the log of a stopped node can be read");
        ticks.insert(*stream, of_stream);
    }
    Held { facts: log.streams().clone(), ticks }
}

/// As [`check`], for a machine that was a copy of another and is one of its own by now: also of what it holds of that
/// other's lives, from before it was copied and from before it parted, nothing is missing at the hub.
pub fn check_copy(hub: &Held, original: &Agent, copy: &Agent, reasons: &[GapReason]) -> (u64, u64) {
    let own = held(&copy.data);
    assert!(own.facts.keys().any(|stream| stream.agent.to_string() == copy.node), "it measured as itself");
    is_all_there(hub, &own, &[&original.node, &copy.node]);
    as_it_was_made(hub, copy, reasons)
}

/// Checks that the hub holds every tick the agent ever made durable once and as it was made, or a gap that says why; and
/// that each reason is one the trial accounts for. Returns how many ticks the hub holds and how many are given up.
pub fn check(hub: &Held, agent: &Agent, reasons: &[GapReason]) -> (u64, u64) {
    is_all_there(hub, &held(&agent.data), &[&agent.node]);
    as_it_was_made(hub, agent, reasons)
}

/// What an agent holds is of these nodes, and the hub has all of it.
fn is_all_there(hub: &Held, own: &Held, of: &[&str]) {
    for (stream, facts) in &own.facts {
        assert!(of.contains(&stream.agent.to_string().as_str()), "an agent holds only its own");
        let there = hub.facts.get(stream).unwrap_or_else(|| panic!("the hub never heard of {stream}"));
        let durable = facts.have.clone();
        let missing = durable.without(&there.have);
        assert!(missing.is_empty(), "{stream}: durable at the agent and not at the hub: {missing:?}");
        let lost = durable.intersection(&there.gaps).without(&facts.gaps);
        assert!(lost.is_empty(), "{stream}: the agent has it and the hub calls it lost: {lost:?}");
    }
}

/// What the hub holds of an agent is as its function made it, and each gap has a reason that is accounted for.
fn as_it_was_made(hub: &Held, agent: &Agent, reasons: &[GapReason]) -> (u64, u64) {
    let (mut kept, mut given_up) = (0, 0);
    for (stream, facts) in hub.facts.iter().filter(|(stream, _)| stream.agent.to_string() == agent.node) {
        let ticks = &hub.ticks[stream];
        let read: RangeSet = ticks.keys().map(|seq| (*seq, *seq)).collect();
        assert_eq!(facts.ticks().without(&read), RangeSet::new(), "{stream}: said to be here and can not be read");
        for (seq, tick) in ticks {
            assert_eq!(tick.samples.len(), SERIES as usize, "tick {seq} of {stream} is whole");
            for sample in &tick.samples {
                let made = synthetic_value(agent.seed, Class::Machine, sample.series.0, *seq);
                assert_eq!(sample.value, made, "tick {seq} of {stream}, series {}", sample.series.0);
            }
        }
        for gap in &facts.gap_list {
            let numbers = facts.gaps.within(gap.first.0, gap.last.0);
            assert!(numbers.is_empty() || reasons.contains(&gap.reason), "{stream}: nobody caused {gap:?}");
        }
        kept += read.count();
        given_up += facts.gaps.count();
    }
    (kept, given_up)
}
