//! When is an hour folded, and when again?

use vigie_merge::RangeSet;
use vigie_model::UtcMs;
use vigie_rollup::{HOUR_MS, Hour, Window};
use vigie_store::fault::FaultDisk;
use vigie_store::{Log, Rollups};

use super::helpers::*;
use crate::common::*;

#[test]
fn a_day_comes_down_to_its_hours_and_minutes() {
    let (machine, disk) = (Machine::new(1), FaultDisk::new());
    let mut log = begin(&disk, &machine);
    keep(&mut log, sealed_by_hundreds(&machine, 1, 8_600));
    lay_out(&mut log);
    assert!(fold_all(&mut log, LATER) > 0);
    assert_eq!(rolled(&log, &machine, 0), set(&[(1, 8_600)]));
    assert_eq!(log.unfolded_from(machine.stream).expect("sound"), None);
    assert_eq!(fold_all(&mut log, LATER), 0, "nothing is folded twice");
    let before = log.streams()[&machine.stream].clone();
    drop(log);
    let mut log = open(&disk);
    assert_eq!(log.streams()[&machine.stream], before);
    assert_eq!(fold_all(&mut log, LATER), 0, "it is known what was folded");
    assert_eq!(rolled(&log, &machine, 0), set(&[(1, 8_600)]));
}

#[test]
fn an_hour_is_folded_when_it_is_old_enough_and_again_when_something_comes_late() {
    let machine = Machine::new(1);
    let mut log = begin(&FaultDisk::new(), &machine);
    keep(&mut log, sealed_by_hundreds(&machine, 1, 800));
    let ends = Hour::of(at(1)).ends().0;
    assert_eq!(fold_all(&mut log, UtcMs(ends + 64 * 60_000)), 0);
    assert!(fold_all(&mut log, UtcMs(ends + 65 * 60_000)) > 0);
    let first_hour: RangeSet = (1..800).filter(|number| at(*number).0 < ends).map(|number| (number, number)).collect();
    assert_eq!(rolled(&log, &machine, 0), first_hour);
    assert_eq!(fold_all(&mut log, UtcMs(ends + 66 * 60_000)), 0, "the next hour is too young");
    // Loose ticks wait for their seal.
    keep(&mut log, vec![machine.ticks(801, 810), machine.sealed(901, 1_000)]);
    assert!(fold_all(&mut log, LATER) > 0);
    assert_eq!(rolled(&log, &machine, 0), set(&[(1, 800), (901, 1_000)]));
    keep(&mut log, vec![machine.sealed(801, 900)]);
    assert!(log.unfolded_from(machine.stream).expect("sound") <= Some(at(801)));
    assert!(fold_all(&mut log, LATER) > 0);
    assert_eq!(rolled(&log, &machine, 0), set(&[(1, 1_000)]));
}

#[test]
fn after_a_start_nothing_is_read_of_what_is_folded_but_for_hours_that_are_too_young() {
    let (machine, disk) = (Machine::new(1), FaultDisk::new());
    let mut log = begin(&disk, &machine);
    keep(&mut log, sealed_by_hundreds(&machine, 1, 800));
    lay_out(&mut log);
    let (first, next) = (Hour::of(at(1)).ends().0, Hour::of(at(1)).ends().0 + HOUR_MS);
    assert!(fold_all(&mut log, UtcMs(first + 65 * 60_000)) > 0);
    let young = rolled(&log, &machine, 0).last().expect("some are folded") + 1;
    assert!(young < 800, "one piece holds both");
    drop(log);
    let mut log = open(&disk);
    assert!(gathered(&log, UtcMs(next + 64 * 60_000)).is_empty());
    // It looks again when there is something to find, however often it looked in vain.
    assert!(fold_all(&mut log, UtcMs(next + 65 * 60_000)) > 0);
    assert!(rolled(&log, &machine, 0).contains(young));
}

#[test]
fn a_clock_that_is_put_right_afterwards_moves_ticks_between_hours() {
    let machine = Machine::new(1);
    let mut log = begin(&FaultDisk::new(), &machine);
    keep(&mut log, sealed_by_hundreds(&machine, 1, 1_500));
    lay_out(&mut log);
    keep(&mut log, sealed_by_hundreds(&machine, 1_501, 1_600));
    fold_all(&mut log, LATER);
    let ahead_ms = 1_900_000;
    keep(&mut log, vec![machine.anchor(1, 10_000, T0 + 10_000 + ahead_ms)]);
    assert!(fold_all(&mut log, LATER) > 0);
    assert_eq!(rolled(&log, &machine, ahead_ms), set(&[(1, 1_600)]));
    assert_eq!(fold_all(&mut log, LATER), 0);
}

#[test]
fn an_agent_folds_nothing_and_without_definitions_nobody_does() {
    let machine = Machine::new(1);
    let options = vigie_store::Options { rollups: Rollups::Never, ..options() };
    let mut log = Log::open_on(FaultDisk::new(), options).expect("an empty disk").0;
    keep(&mut log, vec![machine.hello(), defs(&machine), machine.sealed(1, 500)]);
    assert_eq!(fold_all(&mut log, LATER), 0);
    let mut log = open(&FaultDisk::new());
    keep(&mut log, vec![machine.hello(), machine.sealed(1, 500)]);
    fold_all(&mut log, LATER);
    assert!(all_rolled(&log, &machine, Window::Hour).is_empty());
    keep(&mut log, vec![defs(&machine)]);
    fold_all(&mut log, UtcMs(LATER.0 + HOUR_MS));
    assert_eq!(rolled(&log, &machine, 0), set(&[(1, 500)]));
}

#[test]
fn what_changed_while_it_was_folded_is_folded_anew() {
    let machine = Machine::new(1);
    let mut log = begin(&FaultDisk::new(), &machine);
    keep(&mut log, vec![machine.sealed(1, 300)]);
    let folded: Vec<_> = gathered(&log, LATER).into_iter().map(vigie_store::ToFold::fold).collect();
    keep(&mut log, vec![machine.anchor(1, 10_000, T0 + 10_000 + HOUR_MS)]);
    assert_eq!(log.put_folded(&folded).expect("sound"), 0);
    fold_all(&mut log, LATER);
    assert_eq!(rolled(&log, &machine, HOUR_MS), set(&[(1, 300)]));
    assert_eq!(log.put_folded(&folded).expect("sound"), 0, "nor is it put twice");
    assert_eq!(rolled(&log, &machine, HOUR_MS), set(&[(1, 300)]));
}

#[test]
fn what_came_while_others_were_folded_is_folded_after_them() {
    let machine = Machine::new(1);
    let mut log = begin(&FaultDisk::new(), &machine);
    keep(&mut log, vec![machine.sealed(1, 300)]);
    let folded: Vec<_> = gathered(&log, LATER).into_iter().map(vigie_store::ToFold::fold).collect();
    keep(&mut log, vec![machine.sealed(301, 600)]);
    assert_eq!(log.put_folded(&folded).expect("sound"), 1);
    assert_eq!(rolled(&log, &machine, 0), set(&[(1, 300)]));
    fold_all(&mut log, LATER);
    assert_eq!(rolled(&log, &machine, 0), set(&[(1, 600)]));
    assert_eq!(fold_all(&mut log, LATER), 0, "and then there is nothing left");
}

#[test]
fn a_file_of_before_rollups_gets_its_table() {
    let (machine, disk) = (Machine::new(1), FaultDisk::new());
    let mut log = begin(&disk, &machine);
    keep(&mut log, vec![machine.sealed(1, 500)]);
    drop(log);
    remove_table(&disk, "rollup");
    let mut log = open(&disk);
    assert_eq!(served(&log, &machine).ticks, RangeSet::of(1, 500));
    fold_all(&mut log, LATER);
    assert_eq!(rolled(&log, &machine, 0), set(&[(1, 500)]));
}

#[test]
fn who_keeps_hours_alone_has_no_minutes_and_misses_none_and_may_begin_to_keep_them() {
    let (machine, disk) = (Machine::new(1), FaultDisk::new());
    let with =
        |rollups| Log::open_on(disk.clone(), vigie_store::Options { rollups, ..options() }).expect("a sound store").0;
    let of = |log: &Log, window| all_rolled(log, &machine, window).iter().map(|rolled| rolled.hour).collect::<Vec<_>>();
    drop(begin(&disk, &machine));
    let mut log = with(Rollups::Hours);
    keep(&mut log, sealed_by_hundreds(&machine, 1, 1_000));
    fold_all(&mut log, LATER);
    let hours = of(&log, Window::Hour);
    assert!(hours.len() >= 3 && of(&log, Window::Minute).is_empty(), "{hours:?}");
    assert_eq!(log.unfolded_from(machine.stream).expect("sound"), None);
    drop(log);
    // What is folded from now on has them; the hours before are as they were, and nothing is taken for damage.
    let mut log = with(Rollups::All);
    keep(&mut log, sealed_by_hundreds(&machine, 1_001, 3_000));
    fold_all(&mut log, LATER);
    let minutes = of(&log, Window::Minute);
    assert!(of(&log, Window::Hour).starts_with(&hours));
    assert!(minutes.len() >= 4 && minutes.iter().all(|hour| hour >= hours.last().expect("some")), "{minutes:?}");
    let mut covered = RangeSet::new();
    all_rolled(&log, &machine, Window::Hour).iter().for_each(|rolled| {
        covered.union_with(&rolled.covered);
    });
    assert_eq!(covered, set(&[(1, 3_000)]));
    assert_eq!(log.unfolded_from(machine.stream).expect("sound"), None);
}

fn remove_table(disk: &FaultDisk, name: &'static str) {
    let db = redb::Builder::new().create_with_backend(disk.backend()).expect("a sound file");
    let txn = db.begin_write().expect("sound");
    let table: redb::TableDefinition<'_, &[u8], &[u8]> = redb::TableDefinition::new(name);
    assert!(txn.delete_table(table).expect("sound"), "it was there");
    txn.commit().expect("sound");
}
