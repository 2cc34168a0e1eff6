//! Ticks laid out by series answer as they did before, and are still what their agents signed.

use std::ops::ControlFlow;

use crate::common::*;
use vigie_codec::segment::HeaderHash;
use vigie_merge::RangeSet;
use vigie_model::{SeriesIx, UtcMs};
use vigie_store::fault::{FaultDisk, Faults};
use vigie_store::{Column, LayOut, Log, Medium, Moments, Options, Record, Rollups, Write};

const DAY: u64 = 8_640;

/// A day of a machine in segments of five minutes.
fn a_day(machine: &Machine) -> Vec<Write> {
    (0..DAY / 30).map(|at| machine.sealed(at * 30 + 1, at * 30 + 30)).collect()
}

fn one_column(log: &Log, machine: &Machine, from: u64, to: u64) -> Column {
    let (mut all, at) = (Column::default(), |number: u64| UtcMs(T0 + number as i64 * 10_000));
    log.columns_between(machine.stream, &[SeriesIx(3)], at(from), at(to), |columns| {
        all.times_ms.extend(&columns[0].times_ms);
        all.values.extend(&columns[0].values);
        ControlFlow::Continue(())
    })
    .expect("sound");
    all
}

#[test]
fn a_day_laid_out_answers_as_before_in_less_room() {
    let machine = Machine { series: 40, ..Machine::new(1) };
    let disk = FaultDisk::new();
    let mut log = open(&disk);
    keep(&mut log, vec![machine.hello()]);
    keep(&mut log, a_day(&machine));
    let before = log.streams()[&machine.stream].clone();
    assert!(lay_out(&mut log) > 0);
    let after = log.streams()[&machine.stream].clone();
    assert!(after.bytes.sealed < before.bytes.sealed, "{} < {}", after.bytes.sealed, before.bytes.sealed);
    let mut same = after.clone();
    same.bytes = before.bytes;
    assert_eq!(same, before, "nothing else is known than before");
    for (from, to) in [(1, DAY), (4_000, 4_000), (17, 5_123), (DAY + 1, DAY + 9)] {
        let column = one_column(&log, &machine, from, to);
        let numbers = from..=to.min(DAY);
        let there: Vec<i64> = numbers.clone().map(|number| value(number, 3)).collect();
        let times: Vec<i64> = numbers.map(|number| T0 + number as i64 * 10_000).collect();
        assert_eq!((column.times_ms, column.values), (times, there));
    }
    drop(log);
    let log = open(&disk);
    assert_eq!(log.streams()[&machine.stream], after);
    assert_eq!(served(&log, &machine).ticks, RangeSet::of(1, DAY));
    assert_eq!(log.last_tick(machine.stream).expect("sound").expect("a day").1, machine.tick(DAY));
}

#[test]
fn when_a_tick_was_measured_is_known_wherever_it_lies_and_of_what_is_not_here_nothing_is() {
    let machine = Machine::new(1);
    let mut log = open(&FaultDisk::new());
    keep(&mut log, vec![machine.hello()]);
    let asked = [1, 17, 30, 31, 59, 60, 61, 64, 70, 71, 75, 76, 900];
    // Loose ticks, segments, and ticks that are not here.
    keep(&mut log, vec![machine.sealed(1, 30), machine.sealed(31, 60), machine.ticks(64, 70), machine.ticks(71, 75)]);
    let here = asked.into_iter().filter(|number| ![61, 76, 900].contains(number));
    let times = |t0: i64| here.clone().map(|number| (number, UtcMs(t0 + number as i64 * 10_000))).collect();
    assert_eq!(log.times_of(machine.stream, asked).expect("sound"), times(T0));
    assert!(lay_out(&mut log) > 0, "what is sealed is laid out by series");
    assert_eq!(log.times_of(machine.stream, asked).expect("sound"), times(T0));
    // A clock that was a year behind.
    let true_t0 = T0 + 365 * 86_400_000;
    keep(&mut log, vec![machine.anchor(1, 0, true_t0)]);
    assert_eq!(log.times_of(machine.stream, asked).expect("sound"), times(true_t0));
}

#[test]
fn series_that_go_on_from_one_leaf_into_the_next_are_answered_whole_and_leave_little_empty() {
    let machine = Machine { series: 6, noisy: true, ..Machine::new(1) };
    let disk = FaultDisk::new();
    let mut log = open(&disk);
    keep(&mut log, vec![machine.hello()]);
    keep(&mut log, a_day(&machine));
    while lay_out(&mut log) > 0 {}
    let usage = log.usage().expect("sound");
    let leaves = usage.shelves.iter().find(|shelf| shelf.name == "leaf").expect("a shelf");
    assert!(leaves.record_bytes > 6 * 8 * DAY, "each of its 51,840 values takes 8 bytes");
    assert!(leaves.padding_bytes < leaves.record_bytes / 20, "{} of {}", leaves.padding_bytes, leaves.record_bytes);
    drop(log);
    let log = open(&disk);
    for (from, to) in [(1, DAY), (4_000, 4_000), (17, 5_123)] {
        let there: Vec<i64> = (from..=to).map(|number| machine.tick(number).samples[3].value).collect();
        assert_eq!(one_column(&log, &machine, from, to).values, there);
    }
    assert_eq!(served(&log, &machine).ticks, RangeSet::of(1, DAY));
}

#[test]
fn segments_come_out_as_they_were_signed() {
    let machine = Machine::new(1);
    let mut log = open(&FaultDisk::new());
    keep(&mut log, vec![machine.hello()]);
    let mut before = HeaderHash::NONE;
    let segments: Vec<_> = (0..20u64)
        .map(|at| {
            let segment = machine.segment_after(before, at * 30 + 1, at * 30 + 30);
            before = segment.header().hash();
            segment
        })
        .collect();
    keep(&mut log, segments.iter().cloned().map(Write::Segment).collect());
    assert!(lay_out(&mut log) > 0);
    let records = log.load(machine.stream, &RangeSet::of(1, 600), usize::MAX, false).expect("sound");
    let again: Vec<_> = records
        .into_iter()
        .map(|record| match record {
            Record::Segment(segment) => segment,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(again, segments);
}

#[test]
fn what_is_forgotten_is_no_longer_answered_and_its_room_comes_back() {
    let machine = Machine::new(1);
    let options = Options { rollups: Rollups::Never, ..options() };
    let mut log = Log::open_on(FaultDisk::new(), options).expect("an empty disk").0;
    keep(&mut log, vec![machine.hello()]);
    keep(&mut log, (0..10).map(|at| machine.sealed(at * 100 + 1, at * 100 + 100)).collect());
    assert!(lay_out(&mut log) > 0);
    assert_eq!(asked(&log, &machine), RangeSet::of(1, 1_000), "and what was asked for is held in memory");
    keep(&mut log, vec![machine.receipt(RangeSet::of(1, 450), 1, T0)]);
    log.forget(UtcMs(T0 + 80 * 3_600_000)).expect("sound");
    assert_eq!(asked(&log, &machine), RangeSet::of(401, 1_000));
    assert_eq!(served(&log, &machine).ticks, RangeSet::of(401, 1_000));
    let evicted = log.expire(machine.stream, UtcMs(T0 + 100_000_000)).expect("sound");
    assert_eq!(evicted.expired, 600);
    assert!(asked(&log, &machine).is_empty());
    assert_eq!(log.streams()[&machine.stream].bytes.sealed, 0);
}

#[test]
fn a_relay_lays_out_only_what_the_hub_has_signed_for() {
    let machine = Machine::new(1);
    let options = Options { lay_out: LayOut::Receipted, ..options() };
    let mut log = Log::open_on(FaultDisk::new(), options).expect("an empty disk").0;
    keep(&mut log, vec![machine.hello()]);
    keep(&mut log, (0..10).map(|at| machine.sealed(at * 100 + 1, at * 100 + 100)).collect());
    assert_eq!(lay_out(&mut log), 0);
    keep(&mut log, vec![machine.receipt(RangeSet::of(1, 1_000), 1, T0), machine.sealed(1_001, 1_100)]);
    assert_eq!(lay_out(&mut log), 1);
}

#[test]
fn columns_wait_until_each_holds_some_values_where_ticks_hold_few_of_many_series() {
    // Twenty senders in one stream: each tick holds ten of two hundred series.
    let machine = Machine::new(1);
    let laid_after = |definitions: u32| {
        let mut log = open(&FaultDisk::new());
        keep(&mut log, vec![machine.hello(), machine.definitions(definitions)]);
        let is_laid = |at: &u64| {
            keep(&mut log, vec![machine.sealed_in_turns(at * 20 + 1, at * 20 + 20, 20)]);
            lay_out(&mut log) > 0
        };
        (0..20).find(is_laid).map(|at| (at + 1) * 20)
    };
    assert_eq!(laid_after(10), Some(20), "as many ticks as are laid out at least, where all series are in each");
    assert_eq!(laid_after(200), Some(100), "five values of each series");
    assert_eq!(laid_after(4_000), Some(160), "most definitions are of what is gone, and nobody waits for them");
}

#[test]
fn a_clock_that_is_put_right_afterwards_moves_what_is_laid_out_too() {
    let machine = Machine::new(1);
    let mut log = open(&FaultDisk::new());
    keep(&mut log, vec![machine.hello()]);
    keep(&mut log, (0..10).map(|at| machine.sealed(at * 100 + 1, at * 100 + 100)).collect());
    assert!(lay_out(&mut log) > 0);
    assert_eq!(one_column(&log, &machine, 0, 2_000).times_ms.first(), Some(&(T0 + 10_000)));
    let ahead_ms = 3_600_000;
    keep(&mut log, vec![machine.anchor(1, 10_000, T0 + 10_000 + ahead_ms)]);
    let column = one_column(&log, &machine, 0, 2_000);
    assert_eq!(column.times_ms.first(), Some(&(T0 + 10_000 + ahead_ms)));
    assert_eq!(column.times_ms.len(), 1_000);
}

#[test]
fn what_changed_while_it_was_laid_out_stays_as_it_is() {
    let machine = Machine::new(1);
    let mut log = open(&FaultDisk::new());
    keep(&mut log, vec![machine.hello()]);
    keep(&mut log, (0..4).map(|at| machine.sealed(at * 100 + 1, at * 100 + 100)).collect());
    let gathered = log.gather(1).expect("sound").pop().expect("400 ticks");
    let laid = gathered.lay_out().expect("honest segments");
    keep(&mut log, vec![machine.receipt(RangeSet::of(1, 100), 1, T0)]);
    log.forget(UtcMs(T0 + 80 * 3_600_000)).expect("sound");
    assert_eq!(log.put_in_place(&[laid]).expect("sound"), 0);
    assert_eq!(asked(&log, &machine), RangeSet::of(101, 400));
}

#[test]
fn small_pieces_become_large_ones() {
    let machine = Machine::new(1);
    let mut log = open(&FaultDisk::new());
    keep(&mut log, vec![machine.hello()]);
    for write in a_day(&machine) {
        keep(&mut log, vec![write]);
        lay_out(&mut log);
    }
    assert_eq!(asked(&log, &machine), RangeSet::of(1, DAY));
    assert_eq!(served(&log, &machine).ticks, RangeSet::of(1, DAY));
}

/// Some hours of a machine, laid out as they come, so that much is free in the file.
fn grown(disk: &FaultDisk, machine: &Machine, hours: u64) -> Log {
    let mut log = open(disk);
    keep(&mut log, vec![machine.hello()]);
    for at in 0..hours * 6 {
        keep(&mut log, vec![machine.sealed(at * 60 + 1, at * 60 + 60)]);
        lay_out(&mut log);
    }
    log
}

#[test]
fn what_laying_out_left_free_goes_back_to_the_disk_once() {
    let machine = Machine { series: 150, noisy: true, ..Machine::new(1) };
    let disk = FaultDisk::new();
    let mut log = grown(&disk, &machine, 4);
    assert!(log.has_to_give_back());
    let before = disk.taken_bytes().expect("known");
    let known = log.streams().clone();
    log.give_back().expect("sound");
    let after = disk.taken_bytes().expect("known");
    assert!(after < before / 4 * 3, "{after} of {before} bytes");
    assert!(!log.has_to_give_back(), "once is enough");
    assert_eq!(log.streams(), &known);
    assert_eq!(served(&log, &machine).ticks, RangeSet::of(1, 1_440));
    drop(log);
    let log = open(&disk);
    assert_eq!((log.streams(), asked(&log, &machine)), (&known, RangeSet::of(1, 1_440)));
}

#[test]
fn no_power_cut_while_room_is_given_back_loses_anything() {
    let machine = Machine { series: 20, noisy: true, ..Machine::new(1) };
    for seed in 0..30 {
        let disk = FaultDisk::new();
        let mut log = grown(&disk, &machine, 1);
        disk.set_faults(Faults { cut_at: Some(disk.operations() + seed * 2), ..Faults::default() });
        let given = log.give_back();
        let log = open(&disk.power_cut(seed));
        assert_eq!(served(&log, &machine).ticks, RangeSet::of(1, 360), "seed {seed}: {given:?}");
        assert_eq!(asked(&log, &machine), RangeSet::of(1, 360), "seed {seed}");
    }
}

#[test]
fn whoever_wants_the_newest_at_some_moments_is_spared_the_rest() {
    let machine = Machine { series: 4, ..Machine::new(1) };
    let mut log = open(&FaultDisk::new());
    keep(&mut log, vec![machine.hello()]);
    keep(&mut log, a_day(&machine));
    assert!(lay_out(&mut log) > 0);
    let (until, step_ms) = (T0 + 70_007_000, 300_000);
    let moments = Some(Moments { at: UtcMs(until), step_ms });
    // The second time from memory.
    for _ in 0..2 {
        let mut found = Column::default();
        let series = [SeriesIx(3)];
        log.columns_at(machine.stream, &series, UtcMs(i64::MIN), UtcMs(until), moments, |columns| {
            found.times_ms.append(&mut columns[0].times_ms);
            found.values.append(&mut columns[0].values);
            ControlFlow::Continue(())
        })
        .expect("sound");
        // Ticks come every ten seconds: before each moment the last one is 7 seconds old.
        let wanted: Vec<u64> =
            (0..).map(|step| 7_000 - step * 30).take_while(|at| *at >= 10).map(|at| at as u64).collect();
        assert!(wanted.iter().all(|number| found.times_ms.contains(&(T0 + *number as i64 * 10_000))));
        assert!(found.values.len() < wanted.len() + 10, "{} for {} moments", found.values.len(), wanted.len());
        let right = found.times_ms.iter().map(|at| value((at - T0) as u64 / 10_000, 3));
        assert!(right.eq(found.values));
    }
}
