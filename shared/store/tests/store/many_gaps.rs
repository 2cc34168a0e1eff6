//! A stream may have so many gaps and no more: then neighbours become one, and nothing that was given up goes unsaid.

use crate::common::*;
use vigie_merge::RangeSet;
use vigie_model::{GapReason, Role, UtcMs};
use vigie_store::fault::FaultDisk;
use vigie_store::limit::GAPS;
use vigie_store::{Log, Outcome, Write};
use vigie_sync::Ledger;

const HOUR: i64 = 3_600_000;

/// Between two stops of the machine.
const APART: u64 = 3;

/// One number of each three is under a gap: a machine that stopped without warning as often as can be told.
fn stops(machine: &Machine) -> Vec<Write> {
    let stop = |at: u64| machine.gap(at * APART + 1, at * APART + 1, GapReason::Interrupted, None);
    (0..GAPS as u64).map(stop).collect()
}

fn log_of(machine: &Machine, cap_bytes: u64) -> Log {
    let mut log = Log::open_on(FaultDisk::new(), agent_options(cap_bytes)).expect("an empty disk").0;
    keep(&mut log, [machine.hello()].into_iter().chain(stops(machine)).collect());
    assert_eq!(log.streams()[&machine.stream].gap_list.len(), GAPS);
    log
}

fn stated(log: &Log, machine: &Machine) -> Vec<Write> {
    log.statements(machine.stream).expect("sound").into_iter().map(Write::Statement).collect()
}

#[test]
fn what_is_given_up_beside_as_many_gaps_as_there_may_be_is_said_by_wider_ones() {
    const BETWEEN: u64 = 100;
    let machine = Machine::new(1);
    let mut log = log_of(&machine, 100);
    let ticks = (0..BETWEEN).map(|at| machine.ticks(at * APART + 2, (at + 1) * APART)).collect();
    keep(&mut log, ticks);
    let evicted = log.make_room(UtcMs(T0), Some(&machine.key)).expect("sound");
    assert_eq!(evicted.given_up.iter().map(|(_, gap)| gap.ticks()).sum::<u64>(), BETWEEN * (APART - 1));
    let facts = &log.streams()[&machine.stream];
    let stopped: RangeSet = (0..GAPS as u64).map(|at| (at * APART + 1, at * APART + 1)).collect();
    let mut all = RangeSet::of(1, BETWEEN * APART);
    all.union_with(&stopped);
    assert_eq!((&facts.gaps, &facts.have), (&all, &all), "and nothing else is claimed");
    assert!(log.unbacked(machine.stream).is_empty() && facts.gap_list.len() <= GAPS);
    let ledger = Ledger::of(facts, Role::Agent);
    assert!(ledger.meets());
    assert!(ledger.given_up[&GapReason::Evicted] >= BETWEEN * (APART - 1), "{ledger:?}");

    // Whoever has heard all that was said before knows the same.
    let mut hub = Log::open_on(FaultDisk::new(), options()).expect("an empty disk").0;
    keep(&mut hub, [machine.hello()].into_iter().chain(stops(&machine)).collect());
    keep(&mut hub, stated(&log, &machine));
    let facts = &hub.streams()[&machine.stream];
    assert_eq!(facts.gaps, all);
    assert!(facts.gap_list.len() <= GAPS);
}

#[test]
fn gaps_over_what_the_hub_has_long_had_become_one_and_leave_places_for_others() {
    let machine = Machine::new(1);
    let mut log = log_of(&machine, 1 << 30);
    let last = GAPS as u64 * APART;
    let another = machine.gap(last + 7, last + 9, GapReason::Interrupted, None);
    let outcome = log.commit(vec![another.clone()]).expect("sound");
    assert_eq!(outcome, [Outcome::TooMuch(machine.stream)]);

    // What lies between may have to be brought again, to a hub that loses its disk.
    let between = 300 * APART;
    let ticks = (0..between / APART).map(|at| machine.ticks(at * APART + 2, (at + 1) * APART)).collect();
    keep(&mut log, ticks);
    keep(&mut log, vec![machine.receipt(RangeSet::of(1, between), 1, T0)]);
    log.make_room(UtcMs(T0 + 71 * HOUR), Some(&machine.key)).expect("sound");
    assert_eq!(log.streams()[&machine.stream].gap_list.len(), GAPS);

    log.make_room(UtcMs(T0 + 73 * HOUR), Some(&machine.key)).expect("sound");
    let facts = log.streams()[&machine.stream].clone();
    assert!(facts.gap_list.len() < GAPS - 100, "{}", facts.gap_list.len());
    assert_eq!(facts.gaps.count(), GAPS as u64, "no tick that the hub has is called a gap");
    assert!(facts.gap_list.iter().all(|gap| gap.reason == GapReason::Interrupted));
    assert!(facts.gap_list.iter().all(|gap| gap.last.0 <= between || gap.first == gap.last), "nor one that it has not");
    keep(&mut log, vec![another]);

    // At the hub they win over the gap.
    let mut hub = Log::open_on(FaultDisk::new(), options()).expect("an empty disk").0;
    keep(&mut hub, vec![machine.hello(), machine.ticks(2, 3)]);
    let wide = facts.gap_list.iter().find(|gap| gap.first < gap.last).expect("some became one");
    keep(&mut hub, vec![machine.gap(wide.first.0, wide.last.0, wide.reason, wide.samples)]);
    assert!(!hub.streams()[&machine.stream].gaps.touches(2, 3));
}
