//! Where hours go up in place of ticks, ticks go once the hub has their hours, the oldest first, and that is known of them.

mod common;

use std::time::Duration;

use common::*;
use vigie_codec::wire::Tally;
use vigie_merge::RangeSet;
use vigie_model::{Role, UtcMs};
use vigie_rollup::HOUR_MS;
use vigie_store::fault::FaultDisk;
use vigie_store::{Log, Options, Outcome, Pressure, Rollups, Write};
use vigie_sync::Ledger;

/// Long after all that is measured here.
const LATER: UtcMs = UtcMs(T0 + 10_000 * HOUR_MS);

const DAY: Duration = Duration::from_secs(86_400);

/// A relay whose hours go up in place of ticks.
fn thinning(cap_bytes: u64, raw_for: Option<Duration>) -> Options {
    Options { thins: true, raw_for, cap_bytes, rollups: Rollups::Hours, ..options() }
}

fn full_of(segments: u64, options: Options) -> (Log, Machine, FaultDisk) {
    let (machine, disk) = (Machine { noisy: true, ..Machine::new(1) }, FaultDisk::new());
    let mut log = Log::open_on(disk.clone(), options).expect("an empty disk").0;
    let segments = (0..segments).map(|at| machine.sealed(at * 100 + 1, (at + 1) * 100));
    let defs = (0..machine.series).map(def).collect();
    let schema = Write::Schema { stream: machine.stream, from: 0, defs };
    keep(&mut log, [machine.hello(), schema].into_iter().chain(segments).collect());
    (log, machine, disk)
}

fn fold_all(log: &mut Log) {
    loop {
        let gathered = log.gather_folds(LATER, 64).expect("sound");
        let folded: Vec<_> = gathered.into_iter().map(vigie_store::ToFold::fold).collect();
        if folded.is_empty() {
            return;
        }
        log.put_folded(&folded).expect("sound");
    }
}

fn told(log: &mut Log, machine: &Machine, whole: bool, ticks: &RangeSet) {
    let write = Write::RolledThere { stream: machine.stream, whole, ticks: ticks.clone() };
    let outcome = log.commit(vec![write]).expect("sound");
    assert!(matches!(outcome[..], [Outcome::Kept(_)]), "{outcome:?}");
}

fn present(log: &Log, machine: &Machine) -> RangeSet {
    log.streams()[&machine.stream].present.clone()
}

#[test]
fn nothing_goes_before_the_hub_has_its_hours_and_the_oldest_goes_first_then() {
    let (mut log, machine, disk) = full_of(60, thinning(180_000, None));
    fold_all(&mut log);
    assert_ne!(log.pressure(), Pressure::None);
    assert_eq!(log.make_room(LATER, None).expect("sound").thinned, 0);
    assert_eq!(present(&log, &machine), set(&[(1, 6_000)]), "the hub has nothing of it yet");
    told(&mut log, &machine, true, &set(&[(1, 3_000)]));
    told(&mut log, &machine, false, &set(&[(3_001, 5_950)]));
    let evicted = log.make_room(LATER, None).expect("sound");
    assert_eq!(log.pressure(), Pressure::None, "{evicted:?}");
    let left = present(&log, &machine);
    assert_eq!(left.ranges().collect::<Vec<_>>(), [(6_001 - left.count(), 6_000)], "the newest is left");
    let facts = log.streams()[&machine.stream].clone();
    assert_eq!(facts.rolled.thinned, set(&[(1, 6_000)]).without(&left));
    assert_eq!((facts.have.clone(), evicted.thinned), (set(&[(1, 6_000)]), facts.rolled.thinned.count()));
    assert!(evicted.given_up.is_empty() && facts.gaps.is_empty());
    let ledger = Ledger::of(&facts, Role::Relay);
    assert_eq!((ledger.folded, ledger.thinned, ledger.at_relay), (5_950, evicted.thinned, 50));
    assert!(ledger.meets(), "{ledger:?}");
    // Who brings it again is told that it is known.
    keep(&mut log, vec![machine.sealed(1, 100)]);
    assert_eq!(present(&log, &machine), left);
    drop(log);
    let opened = open(&disk).streams()[&machine.stream].clone();
    assert_eq!((opened.present, opened.rolled), (facts.present, facts.rolled));
}

#[test]
fn samples_go_for_their_age_whole_hours_at_a_time() {
    let (mut log, machine, _) = full_of(60, thinning(1 << 40, Some(DAY)));
    fold_all(&mut log);
    told(&mut log, &machine, true, &set(&[(1, 6_000)]));
    let day_later = |ms: i64| UtcMs(T0 + 24 * HOUR_MS + ms);
    assert_eq!(log.thin_for_age(day_later(0)).expect("sound").thinned, 0);
    let some = log.thin_for_age(day_later(3 * HOUR_MS)).expect("sound").thinned;
    assert!(some > 0 && some < 2_000, "{some}");
    let again = log.thin_for_age(day_later(3 * HOUR_MS + 60_000)).expect("sound").thinned;
    assert_eq!(again, 0, "within the hour nothing is told again");
    assert!(log.thin_for_age(day_later(5 * HOUR_MS)).expect("sound").thinned > 0);
    log.thin_for_age(LATER).expect("sound");
    assert!(present(&log, &machine).is_empty());
}

#[test]
fn a_time_that_goes_back_holds_and_a_time_that_nobody_vouches_for_lets_nothing_go_for_its_age() {
    let (mut log, machine, _) = full_of(60, thinning(1 << 40, Some(DAY)));
    fold_all(&mut log);
    assert_eq!(log.thin_for_age(LATER).expect("sound").thinned, 0, "the hub has nothing of it yet");
    told(&mut log, &machine, true, &set(&[(1, 6_000)]));
    assert_eq!(log.make_room(LATER, None).expect("sound").thinned, 0, "there is room");
    assert_eq!(log.thin_for_age(UtcMs(T0)).expect("sound").thinned, 0, "nothing is a day old");
    let three_hours = log.thin_for_age(UtcMs(T0 + 27 * HOUR_MS)).expect("sound").thinned;
    assert!(three_hours > 0 && three_hours < 2_000, "{three_hours}: what LATER had seen to is forgotten");
}

#[test]
fn a_hub_that_lost_its_hours_stops_the_thinning_until_it_has_them_again() {
    let (mut log, machine, _) = full_of(40, thinning(1 << 40, Some(DAY)));
    fold_all(&mut log);
    told(&mut log, &machine, true, &set(&[(1, 1_000)]));
    log.thin_for_age(LATER).expect("sound");
    assert_eq!(present(&log, &machine), set(&[(1_001, 4_000)]));
    told(&mut log, &machine, false, &set(&[(1_001, 2_000)]));
    told(&mut log, &machine, true, &RangeSet::new());
    log.thin_for_age(UtcMs(LATER.0 + HOUR_MS)).expect("sound");
    assert_eq!(present(&log, &machine), set(&[(1_001, 4_000)]));
    assert_eq!(log.streams()[&machine.stream].rolled.thinned, set(&[(1, 1_000)]));
}

#[test]
fn a_relay_that_sends_every_tick_lets_go_of_none_before_the_hub_has_signed_for_it() {
    let (mut log, machine, _) = full_of(60, Options { raw_for: Some(DAY), cap_bytes: 180_000, ..options() });
    fold_all(&mut log);
    told(&mut log, &machine, true, &set(&[(1, 6_000)]));
    log.thin_for_age(LATER).expect("sound");
    log.make_room(LATER, None).expect("sound");
    assert_eq!(present(&log, &machine), set(&[(1, 6_000)]));
}

#[test]
fn at_the_hub_what_a_relay_let_go_of_is_neither_lost_nor_waited_for() {
    let machine = Machine::new(1);
    let mut hub = Log::open_on(FaultDisk::new(), options()).expect("an empty disk").0;
    keep(&mut hub, vec![machine.hello(), machine.sealed(101, 200)]);
    let tally =
        Write::Tally { stream: machine.stream, tally: Tally { ticks: 300, samples: 300 * u64::from(machine.series) } };
    // More than was ever collected, as far as is known by then.
    let thinned = Write::Thinned { stream: machine.stream, ticks: set(&[(1, 150), (201, 9_000)]) };
    let outcome = hub.commit(vec![tally, thinned]).expect("sound");
    assert!(matches!(outcome[..], [Outcome::Kept(_), Outcome::Kept(_)]), "{outcome:?}");
    assert_eq!(hub.streams()[&machine.stream].rolled.thinned, set(&[(1, 150), (201, 300)]));
    let ledger = Ledger::of(&hub.streams()[&machine.stream], Role::Hub);
    assert_eq!((ledger.at_hub, ledger.folded, ledger.thinned, ledger.waiting), (100, 200, 200, 0));
    assert!(ledger.meets() && ledger.given_up.is_empty());
    // Somebody else had it after all.
    keep(&mut hub, vec![machine.sealed(1, 100)]);
    let ledger = Ledger::of(&hub.streams()[&machine.stream], Role::Hub);
    assert_eq!((ledger.at_hub, ledger.thinned), (200, 100));
}
