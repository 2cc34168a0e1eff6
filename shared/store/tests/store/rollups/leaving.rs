//! What goes, in which order, and what stays?

use vigie_merge::RangeSet;
use vigie_rollup::{HOUR_MS, Hour, Window};
use vigie_store::Write;
use vigie_store::fault::FaultDisk;

use super::helpers::*;
use crate::common::*;

#[test]
fn hours_outlive_their_ticks_and_minutes_go_before_them() {
    let (machine, disk) = (Machine::new(1), FaultDisk::new());
    let mut log = begin(&disk, &machine);
    keep(&mut log, sealed_by_hundreds(&machine, 1, 4_000));
    lay_out(&mut log);
    let raw = log.expire(machine.stream, at(2_000)).expect("sound");
    assert_eq!(raw.expired, 0, "nothing goes before it was folded");
    fold_all(&mut log, LATER);
    lay_out(&mut log);
    // What was laid out together goes tick by tick's segment.
    log.expire(machine.stream, LATER).expect("sound");
    assert_eq!(served(&log, &machine).ticks, RangeSet::new());
    assert_eq!(rolled(&log, &machine, 0), set(&[(1, 4_000)]));
    let used = log.used_bytes();
    let before = at(2_000);
    assert!(log.expire_rollups(machine.stream, before, at(500)).expect("sound") > 0);
    assert!(log.used_bytes() < used);
    let minutes = all_rolled(&log, &machine, Window::Minute);
    assert_eq!(minutes.first().map(|rolled| rolled.hour), Some(Hour::of(before)));
    let hours = all_rolled(&log, &machine, Window::Hour);
    assert_eq!(hours.first().map(|rolled| rolled.hour), Some(Hour::of(at(500))));
    assert_eq!(log.expire_rollups(machine.stream, before, at(500)).expect("sound"), 0);
    assert_eq!(fold_all(&mut log, LATER), 0);
    let facts = log.streams()[&machine.stream].clone();
    drop(log);
    assert_eq!(open(&disk).streams()[&machine.stream], facts);
}

#[test]
fn what_is_old_goes_in_steps_while_others_read_and_write() {
    let machine = Machine { series: 2, ..Machine::new(1) };
    let mut log = begin(&FaultDisk::new(), &machine);
    let small: Vec<Write> = (1..=6_000).step_by(5).map(|first| machine.sealed(first, first + 4)).collect();
    keep(&mut log, small);
    fold_all(&mut log, LATER);
    let (mut turns, mut left) = (0, 6_000);
    loop {
        let evicted = log.expire(machine.stream, LATER).expect("sound");
        (turns, left) = (turns + 1, left - evicted.expired);
        assert_eq!(asked(&log, &machine).count(), left, "what is left answers");
        keep(&mut log, vec![machine.hello()]);
        if !evicted.more {
            break;
        }
    }
    assert!(turns > 2 && left == 0, "{turns} turns, {left} left");
}

#[test]
fn what_is_no_longer_there_stays_in_the_hour_it_was_folded_into() {
    let machine = Machine::new(1);
    let mut log = begin(&FaultDisk::new(), &machine);
    keep(&mut log, sealed_by_hundreds(&machine, 1, 400));
    fold_all(&mut log, LATER);
    log.expire(machine.stream, at(350)).expect("sound");
    keep(&mut log, vec![machine.anchor(1, 10_000, T0 + 10_000 + 5 * HOUR_MS), machine.sealed(401, 600)]);
    fold_all(&mut log, LATER);
    let mut counted = RangeSet::new();
    for rolled in all_rolled(&log, &machine, Window::Hour) {
        assert!(counted.intersection(&rolled.covered).is_empty(), "a tick counts twice");
        counted.union_with(&rolled.covered);
    }
    assert_eq!(counted, set(&[(1, 600)]));
}
