//! Where hours go up in place of ticks, ticks go once the hub has their hours, the oldest first, and that is known of them.

use std::ops::ControlFlow;
use std::time::Duration;

use crate::common::*;
use vigie_codec::wire::Tally;
use vigie_merge::RangeSet;
use vigie_model::{Role, UtcMs};
use vigie_rollup::{HOUR_MS, Window};
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
fn what_somebody_asked_for_stays_until_it_was_sent_and_goes_last_where_there_is_no_room() {
    let (mut log, machine, disk) = full_of(60, thinning(1 << 40, Some(DAY)));
    fold_all(&mut log);
    told(&mut log, &machine, true, &set(&[(1, 6_000)]));
    let wish = Write::Wanted { stream: machine.stream, ticks: set(&[(201, 400), (3_001, 3_100)]) };
    log.commit(vec![wish]).expect("sound");
    log.thin_for_age(LATER).expect("sound");
    assert_eq!(present(&log, &machine), set(&[(201, 400), (3_001, 3_100)]));
    let sent = set(&[(201, 300)]);
    keep(&mut log, vec![Write::Custody { stream: machine.stream, have: sent.clone(), sealed: RangeSet::new() }]);
    drop(log);
    let mut log = Log::open_on(disk.clone(), thinning(1 << 40, Some(DAY))).expect("sound").0;
    log.thin_for_age(UtcMs(LATER.0 + HOUR_MS)).expect("sound");
    assert_eq!(present(&log, &machine), set(&[(301, 400), (3_001, 3_100)]));
    assert_eq!(log.streams()[&machine.stream].rolled.thinned.count(), 5_800);
    drop(log);
    let mut log = Log::open_on(disk, thinning(1_000, None)).expect("sound").0;
    log.make_room(LATER, None).expect("sound");
    assert!(present(&log, &machine).is_empty(), "what is measured now has nowhere else to go");
}

/// What hours are here, as the ticks in them.
fn in_hours(log: &Log, machine: &Machine) -> RangeSet {
    let (mut ticks, all) = (RangeSet::new(), (UtcMs(i64::MIN), UtcMs(i64::MAX)));
    log.rollups_between(machine.stream, &[], Window::Hour, all.0, all.1, |rolled| {
        ticks.union_with(&rolled.covered);
        ControlFlow::Continue(())
    })
    .expect("sound");
    ticks
}

#[test]
fn a_store_that_is_full_of_hours_lets_the_oldest_go_and_takes_in_ticks_for_years() {
    const EACH: u64 = 720;
    let (machine, disk) = (Machine { series: 40, ..Machine::new(1) }, FaultDisk::new());
    let mut log = Log::open_on(disk.clone(), thinning(200_000, None)).expect("an empty disk").0;
    let defs = (0..machine.series).map(def).collect();
    keep(&mut log, vec![machine.hello(), Write::Schema { stream: machine.stream, from: 0, defs }]);
    let (mut hours, mut last) = (0, 0);
    for round in 0..80 {
        last = (round + 1) * EACH;
        keep(&mut log, vec![machine.sealed(round * EACH + 1, last)]);
        fold_all(&mut log);
        told(&mut log, &machine, true, &RangeSet::of(1, last));
        hours += log.make_room(LATER, None).expect("sound").hours;
        assert_eq!(log.pressure(), Pressure::None, "after {last} ticks, with {hours} hours gone");
    }
    assert!(hours > 20, "{hours}: the store was never full of them");
    let facts = log.streams()[&machine.stream].clone();
    let left = in_hours(&log, &machine);
    assert_eq!(left.ranges().collect::<Vec<_>>(), [(last + 1 - left.count(), last)], "the newest are left");
    assert!(facts.present.without(&left).is_empty(), "ticks went before their hours");
    assert_eq!((&facts.rolled.own, &facts.have), (&RangeSet::of(1, last), &RangeSet::of(1, last)));
    let ledger = Ledger::of(&facts, Role::Relay);
    assert_eq!((ledger.folded, ledger.thinned), (last, last - facts.present.count()));
    assert!(ledger.meets() && ledger.given_up.is_empty(), "{ledger:?}");
    drop(log);
    let mut log = Log::open_on(disk, thinning(200_000, None)).expect("sound").0;
    assert_eq!(log.streams()[&machine.stream].rolled, facts.rolled);
    assert_eq!(in_hours(&log, &machine), left);
    assert!(log.take_damage().is_empty());
    fold_all(&mut log);
    assert_eq!(in_hours(&log, &machine), left, "nothing is folded again");
}

#[test]
fn no_hour_goes_that_the_hub_has_not_got_and_none_behind_it() {
    let cap = |cap_bytes| thinning(cap_bytes, None);
    let (mut log, machine, disk) = full_of(60, cap(1 << 40));
    fold_all(&mut log);
    told(&mut log, &machine, true, &set(&[(1, 6_000)]));
    log.make_room(LATER, None).expect("there is room");
    assert_eq!(in_hours(&log, &machine), set(&[(1, 6_000)]));
    let third: Vec<RangeSet> = {
        let mut hours = Vec::new();
        log.rollups_between(machine.stream, &[], Window::Hour, UtcMs(i64::MIN), UtcMs(i64::MAX), |rolled| {
            hours.push(rolled.covered.clone());
            ControlFlow::Continue(())
        })
        .expect("sound");
        hours
    };
    // All but one tick of the third hour: its segment stays, which begins in the hour before, and so do both hours.
    let missing = third[2].first().expect("an hour has ticks");
    told(&mut log, &machine, true, &set(&[(1, missing - 1), (missing + 1, 6_000)]));
    drop(log);
    let mut log = Log::open_on(disk, cap(1_000)).expect("sound").0;
    let evicted = log.make_room(LATER, None).expect("sound");
    assert_eq!((in_hours(&log, &machine), evicted.hours), (set(&[(1, 6_000)]).without(&third[0]), 1));
    assert!(present(&log, &machine).contains(missing) && present(&log, &machine).contains(missing - 1));
}

#[test]
fn minutes_go_before_hours() {
    let (mut log, machine, disk) = full_of(60, Options { rollups: Rollups::All, ..thinning(1 << 40, None) });
    fold_all(&mut log);
    told(&mut log, &machine, true, &set(&[(1, 6_000)]));
    let minutes = |log: &Log| {
        let (mut hours, all) = (0, (UtcMs(i64::MIN), UtcMs(i64::MAX)));
        log.rollups_between(machine.stream, &[], Window::Minute, all.0, all.1, |_| {
            hours += 1;
            ControlFlow::Continue(())
        })
        .expect("sound");
        hours
    };
    let (all, mut some_minutes_went, mut some_hours_went) = (log.used_bytes(), false, false);
    assert!(minutes(&log) > 10);
    drop(log);
    for percent in (1..=30).rev() {
        let cap_bytes = all * percent / 100;
        let options = Options { rollups: Rollups::All, ..thinning(cap_bytes, None) };
        let mut log = Log::open_on(disk.clone(), options).expect("sound").0;
        log.make_room(LATER, None).expect("sound");
        let (minutes, hours) = (minutes(&log), in_hours(&log, &machine));
        some_minutes_went |= minutes == 0;
        some_hours_went |= hours != set(&[(1, 6_000)]);
        assert!(minutes == 0 || hours == set(&[(1, 6_000)]), "{percent} %: {minutes} hours of minutes, {hours:?}");
    }
    assert!(some_minutes_went && some_hours_went);
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
