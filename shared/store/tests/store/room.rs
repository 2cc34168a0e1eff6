//! What goes when there is no room, and how it is told.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::common::*;
use vigie_merge::RangeSet;
use vigie_model::{GapReason, Role, UtcMs};
use vigie_store::fault::{FaultDisk, Faults};
use vigie_store::{CommitError, Log, Options, Pressure, Record, Rollups, Write};
use vigie_sync::Ledger;

const HOUR: i64 = 3_600_000;
const SEGMENT: u64 = 100;

/// A machine with `count` segments of about 4 kB each.
fn full_of(count: u64, options: Options) -> (Log, Machine, FaultDisk) {
    let (machine, disk) = (Machine { noisy: true, ..Machine::new(1) }, FaultDisk::new());
    let mut log = Log::open_on(disk.clone(), options).expect("an empty disk").0;
    let segments = (0..count).map(|at| machine.sealed(at * SEGMENT + 1, (at + 1) * SEGMENT));
    keep(&mut log, [machine.hello()].into_iter().chain(segments).collect());
    (log, machine, disk)
}

fn present(log: &Log, machine: &Machine) -> RangeSet {
    log.streams()[&machine.stream].present.clone()
}

/// The next hop keeps these, with their signatures.
fn custody(machine: &Machine, have: RangeSet) -> Write {
    Write::Custody { stream: machine.stream, sealed: have.clone(), have }
}

#[test]
fn what_the_hub_has_is_forgotten_when_the_floor_has_passed() {
    let (mut log, machine, disk) = full_of(10, options());
    keep(&mut log, vec![machine.receipt(set(&[(1, 350)]), 1, T0)]);
    keep(&mut log, vec![machine.receipt(set(&[(1, 800)]), 1, T0 + 24 * HOUR)]);
    log.forget(UtcMs(T0 + 71 * HOUR)).expect("sound");
    assert_eq!(present(&log, &machine), set(&[(1, 1_000)]));
    let evicted = log.forget(UtcMs(T0 + 73 * HOUR)).expect("sound");
    assert_eq!((evicted.settled, present(&log, &machine)), (300, set(&[(301, 1_000)])));
    log.forget(UtcMs(T0 + 97 * HOUR)).expect("sound");
    assert_eq!(present(&log, &machine), set(&[(801, 1_000)]));
    let facts = log.streams()[&machine.stream].clone();
    assert_eq!((facts.have.clone(), facts.gaps.is_empty()), (set(&[(1, 1_000)]), true));
    assert!(Ledger::of(&facts, Role::Agent).meets());
    // What was forgotten does not come in again.
    let again = log.commit(vec![machine.sealed(1, 100), machine.ticks(5, 6)]).expect("sound");
    assert_eq!(present(&log, &machine), set(&[(801, 1_000)]), "{again:?}");
    drop(log);
    assert_eq!(open(&disk).streams()[&machine.stream].present, set(&[(801, 1_000)]));
}

#[test]
fn a_hub_that_began_again_takes_back_its_word() {
    let (mut log, machine, _) = full_of(4, options());
    keep(&mut log, vec![machine.receipt(set(&[(1, 400)]), 1, T0), machine.receipt(set(&[(1, 100)]), 2, T0 + HOUR)]);
    log.forget(UtcMs(T0 + 100 * HOUR)).expect("sound");
    assert_eq!(present(&log, &machine), set(&[(101, 400)]));
}

#[test]
fn under_pressure_the_hubs_go_first_then_the_relays_and_then_the_oldest() {
    let (log, ..) = full_of(100, agent_options(1 << 30));
    let (all, each) = (log.used_bytes(), log.used_bytes() / 100);
    // Room for so many of the hundred segments after eviction to 75 % of the cap.
    let cap_for = |kept: u64| each * kept * 100 / 75 + each / 2;
    assert!(all > 0);

    let story = |kept: u64| {
        let (mut log, machine, _) = full_of(100, agent_options(cap_for(kept)));
        keep(&mut log, vec![machine.receipt(set(&[(2_001, 4_000)]), 1, T0), custody(&machine, set(&[(2_001, 6_000)]))]);
        let evicted = log.make_room(UtcMs(T0 + HOUR), Some(&machine.key)).expect("sound");
        assert_eq!(log.pressure(), Pressure::None);
        let facts = &log.streams()[&machine.stream];
        assert!(Ledger::of(facts, Role::Agent).meets());
        assert_eq!(facts.have, set(&[(1, 10_000)]));
        (evicted, facts.clone(), log, machine)
    };

    let (evicted, facts, ..) = story(85);
    assert_eq!((evicted.receipted, evicted.custody, evicted.given_up.len()), (10_000 - facts.present.count(), 0, 0));
    assert!(facts.present.contains_range(1, 2_000) && facts.present.contains_range(4_001, 10_000));

    let (evicted, facts, ..) = story(70);
    assert_eq!((evicted.receipted, evicted.given_up.len()), (2_000, 0));
    assert!(evicted.custody > 0 && facts.present.contains_range(1, 2_000));

    let (evicted, facts, log, machine) = story(50);
    assert_eq!((evicted.receipted, evicted.custody), (2_000, 2_000));
    let (_, gap) = evicted.given_up[0];
    assert_eq!((gap.first.0, gap.samples), (1, Some(gap.ticks() * 5)));
    assert_eq!(facts.gaps, RangeSet::of(1, gap.last.0));
    assert_eq!(given_up(&log, &machine), BTreeMap::from([(GapReason::Evicted, gap.ticks())]));
    // The gap is what travels in its place, signed.
    let records = log.load(machine.stream, &set(&[(1, 1)]), 1, true).expect("sound");
    let [Record::Statement(said)] = &records[..] else { panic!("{records:?}") };
    said.verify(&machine.key.verifying_key()).expect("signed by the agent");
}

#[test]
fn a_relay_gives_nothing_up_and_says_that_it_is_full() {
    let (log, ..) = full_of(50, options());
    let used = log.used_bytes();
    for (cap, pressure) in [(used * 2, Pressure::None), (used * 100 / 85, Pressure::Soft), (used, Pressure::Hard)] {
        let (mut log, machine, _) = full_of(50, Options { cap_bytes: cap, ..options() });
        assert_eq!(log.pressure(), pressure);
        let evicted = log.make_room(UtcMs(T0), None).expect("sound");
        assert_eq!((evicted.bytes, present(&log, &machine)), (0, set(&[(1, 5_000)])));
        assert_eq!(log.pressure(), pressure);
    }
}

#[test]
fn years_without_room_are_one_gap() {
    let (mut log, machine, _) = full_of(10, agent_options(100_000));
    for round in 10..60 {
        keep(&mut log, vec![machine.sealed(round * SEGMENT + 1, (round + 1) * SEGMENT)]);
        log.make_room(UtcMs(T0), Some(&machine.key)).expect("sound");
    }
    let facts = &log.streams()[&machine.stream];
    assert_eq!(facts.gap_list.len(), 1);
    assert_eq!(facts.gap_list[0].samples, Some(facts.gaps.count() * 5));
    assert_eq!(facts.have, set(&[(1, 6_000)]));
    assert_eq!(facts.present.count(), 6_000);
}

#[test]
fn a_tick_that_was_given_up_loose_and_then_with_its_segment_is_under_its_gap_again() {
    let (machine, mut log) = (Machine::new(1), Log::open_on(FaultDisk::new(), agent_options(100)).expect("empty").0);
    keep(&mut log, vec![machine.hello(), machine.ticks(1, 1)]);
    for what in [None, Some(machine.sealed(1, 1))] {
        keep(&mut log, what.into_iter().collect());
        assert_eq!(present(&log, &machine), set(&[(1, 1)]));
        log.make_room(UtcMs(T0), Some(&machine.key)).expect("sound");
        assert_eq!(log.streams()[&machine.stream].gaps, set(&[(1, 1)]), "nobody waits for it");
        assert!(log.unbacked(machine.stream).is_empty());
    }
}

#[test]
fn ticks_that_go_loose_and_again_with_their_segments_are_one_gap() {
    let (machine, mut log) = (Machine::new(1), Log::open_on(FaultDisk::new(), agent_options(100)).expect("empty").0);
    keep(&mut log, vec![machine.hello()]);
    let mut without_room = |what: Write| {
        keep(&mut log, vec![what]);
        log.make_room(UtcMs(T0), Some(&machine.key)).expect("sound");
        let facts = &log.streams()[&machine.stream];
        assert!(facts.gap_list.len() == 1 && facts.gaps == facts.have, "{facts:?}");
        facts.gap_list[0]
    };
    for number in 1..=5 {
        without_room(machine.ticks(number, number));
    }
    assert_eq!(without_room(machine.sealed(1, 4)).samples, Some(25), "of which twenty were counted twice");
    assert_eq!(without_room(machine.sealed(1, 4)).samples, Some(25));
    let gap = without_room(machine.sealed(5, 8));
    assert_eq!((gap.first.0, gap.last.0), (1, 8));
    assert_eq!(gap.samples, None, "how many of them were in the fifth tick nobody has counted");
    assert_eq!(without_room(machine.sealed(1, 10)).samples, Some(50));
}

#[test]
fn a_relay_that_lost_its_disk_leaves_the_agent_with_what_only_it_had() {
    let (mut log, machine, _) = full_of(100, agent_options(200_000));
    keep(&mut log, vec![custody(&machine, set(&[(1, 9_000)]))]);
    let evicted = log.make_room(UtcMs(T0), Some(&machine.key)).expect("sound");
    assert!(evicted.custody > 0 && evicted.given_up.is_empty());
    assert!(log.unbacked(machine.stream).is_empty());
    keep(&mut log, vec![Write::CustodyLost { stream: machine.stream }]);
    let unbacked = log.unbacked(machine.stream);
    assert_eq!(unbacked.count(), evicted.custody);
    for (first, last) in unbacked.ranges() {
        keep(&mut log, vec![machine.gap(first, last, GapReason::Evicted, None)]);
    }
    assert_eq!(log.streams()[&machine.stream].gaps, unbacked);
    assert!(log.unbacked(machine.stream).is_empty());
}

#[test]
fn a_hub_keeps_as_long_as_it_is_told() {
    let (mut log, machine, _) = full_of(10, Options { rollups: Rollups::Never, ..options() });
    let ten_years = 10 * 365 * 24 * HOUR;
    keep(&mut log, vec![machine.anchor(1, 0, T0 + ten_years)]);
    assert_eq!(log.expire(machine.stream, UtcMs(T0 + ten_years)).expect("sound").expired, 0);
    let before = T0 + ten_years + 505 * 10_000;
    assert_eq!(log.expire(machine.stream, UtcMs(before)).expect("sound").expired, 500);
    assert_eq!(present(&log, &machine), set(&[(501, 1_000)]));
}

#[test]
fn the_disk_caps_what_was_configured() {
    let disk = FaultDisk::new().with_capacity(100 << 20);
    let options = Options { cap_percent_of_disk: Some(10), floor: Duration::ZERO, ..options() };
    let log = Log::open_on(disk, options).expect("an empty disk").0;
    assert_eq!(log.cap_bytes(), 10 << 20);
}

#[test]
fn ticks_that_the_relay_keeps_unsigned_are_not_deleted_on_its_word() {
    let (log, ..) = full_of(20, agent_options(1 << 30));
    let (mut log, machine, _) = full_of(20, agent_options(log.used_bytes() * 2 / 3));
    let (have, sealed) = (set(&[(1, 2_000)]), set(&[(501, 2_000)]));
    keep(&mut log, vec![Write::Custody { stream: machine.stream, have, sealed }]);
    let evicted = log.make_room(UtcMs(T0), Some(&machine.key)).expect("sound");
    assert!(evicted.custody > 0 && evicted.given_up.is_empty(), "{evicted:?}");
    assert!(present(&log, &machine).contains_range(1, 500), "their signatures are only here");
}

#[test]
fn a_disk_that_has_room_again_costs_nothing_that_is_in_the_store() {
    let (mut log, machine, disk) = full_of(4, agent_options(1 << 30));
    disk.set_faults(Faults { full_from: Some(0), ..Faults::default() });
    let more: Vec<_> = (4..400).map(|at| machine.sealed(at * SEGMENT + 1, (at + 1) * SEGMENT)).collect();
    assert!(matches!(log.commit(more.clone()), Err(CommitError::Full)));
    disk.set_faults(Faults::default());
    let evicted = log.make_room(UtcMs(T0), Some(&machine.key)).expect("there is room");
    assert_eq!((evicted.bytes, log.pressure()), (0, Pressure::None));
    keep(&mut log, more);
    assert_eq!(present(&log, &machine), set(&[(1, 40_000)]));
}

#[test]
fn a_file_that_is_found_damaged_after_a_full_disk_is_mended_wherever_the_damage_is() {
    // What names the tables' types is read at each opening, by redb or by the first who looks into the table.
    let names = |image: &[u8]| -> Vec<_> { (0..image.len()).filter(|at| image[*at..].starts_with(b"&[u8]")).collect() };
    let count = names(&full_of(4, agent_options(1 << 30)).2.image()).len();
    assert!(count > 8, "{count}");
    for at in 0..count {
        let (mut log, machine, disk) = full_of(4, agent_options(1 << 30));
        disk.set_faults(Faults { full_from: Some(0), ..Faults::default() });
        let more: Vec<_> = (4..400).map(|at| machine.sealed(at * SEGMENT + 1, (at + 1) * SEGMENT)).collect();
        assert!(matches!(log.commit(more.clone()), Err(CommitError::Full)));
        let name = names(&disk.image())[at];
        disk.flip_bit(name as u64 * 8 + 7);
        disk.set_faults(Faults::default());
        if let Err(failed) = log.commit(vec![machine.hello()]) {
            assert!(matches!(failed, CommitError::Damaged(_)), "{failed}");
            log.heal().expect("the disk is well");
        }
        keep(&mut log, [machine.hello()].into_iter().chain(more).collect());
    }
}
