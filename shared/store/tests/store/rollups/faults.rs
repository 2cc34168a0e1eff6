//! Killed programs, power cuts and flipped bits: nothing is folded twice, forgotten, or told wrongly.

use vigie_model::UtcMs;
use vigie_rollup::{HOUR_MS, Window};
use vigie_store::Log;
use vigie_store::fault::{FaultDisk, Faults};

use super::helpers::*;
use crate::common::*;

#[test]
fn a_hub_killed_while_it_deletes_what_is_old_loses_and_doubles_nothing() {
    let (machine, disk) = (Machine::new(1), FaultDisk::new());
    let expected = Expected::of(&machine, 0);
    let mut log = begin(&disk, &machine);
    keep(&mut log, sealed_by_hundreds(&machine, 1, 3_000));
    lay_out(&mut log);
    fold_all(&mut log, LATER);
    drop(log);
    let image = disk.image();
    for seed in 0..60u64 {
        let (disk, mut chance) = (FaultDisk::from_image(image.clone()), Chance(seed));
        let mut log = open(&disk);
        disk.set_faults(Faults { cut_at: Some(disk.operations() + chance.below(120)), ..Faults::default() });
        for turn in 1..8 {
            let late = keep_late(&mut log, &machine, 2_900 + turn * 100);
            fold_all(&mut log, LATER);
            let before = at(turn * 400);
            let gone = log
                .expire(machine.stream, before)
                .and_then(|_| log.expire_rollups(machine.stream, at(turn * 200), at(turn * 50)));
            if late.is_err() || gone.is_err() {
                break;
            }
        }
        drop(log);
        let mut log = open(&disk.power_cut(seed ^ 0x0a9e));
        fold_all(&mut log, LATER);
        let facts = &log.streams()[&machine.stream];
        let account = vigie_sync::Ledger::of(facts, vigie_model::Role::Hub);
        let here = served(&log, &machine).ticks;
        assert!(account.meets() && account.waiting == 0 && account.given_up_total() == 0, "seed {seed}: {account:?}");
        assert_eq!(account.at_hub - account.expired, here.count(), "seed {seed}");
        let last = facts.have.last().expect("ticks");
        assert_eq!(facts.have, set(&[(1, last)]), "seed {seed}");
        // What is gone was folded, and what is folded is in one hour, or went with it.
        let hours = expected.covered_by(&log, Window::Hour);
        let mut known = hours.clone();
        known.union_with(&set(&[(1, hours.first().expect("hours") - 1)]));
        assert_eq!(known, facts.have, "seed {seed}");
        expected.covered_by(&log, Window::Minute);
    }
}

fn keep_late(log: &mut Log, machine: &Machine, first: u64) -> Result<(), vigie_store::CommitError> {
    log.commit(vec![machine.sealed(first + 1, first + 100)]).map(drop)
}

#[test]
fn no_power_cut_leaves_a_tick_folded_twice_or_forgotten() {
    for seed in 0..150u64 {
        let (machine, disk, mut chance) = (Machine::new(1), FaultDisk::new(), Chance(seed));
        let mut log = begin(&disk, &machine);
        disk.set_faults(Faults { cut_at: Some(disk.operations() + chance.below(200)), ..Faults::default() });
        let mut next = 1;
        while next < 1_500 {
            let last = next + 20 + chance.below(150);
            if log.commit(vec![machine.sealed(next, last)]).is_err() {
                break;
            }
            next = last + 1;
            if chance.below(3) == 0 {
                lay_out(&mut log);
            }
            if chance.below(2) == 0 {
                fold_all(&mut log, LATER);
            }
            if chance.below(8) == 0 && log.expire(machine.stream, at(next / 2)).is_err() {
                break;
            }
        }
        drop(log);
        let mut log = open(&disk.power_cut(seed ^ 0xf01d));
        let before = rolled(&log, &machine, 0);
        fold_all(&mut log, LATER);
        let mut all = before.clone();
        all.union_with(&served(&log, &machine).ticks);
        assert_eq!(rolled(&log, &machine, 0), all, "seed {seed}");
    }
}

#[test]
fn no_flipped_bit_is_answered_as_if_it_were_true() {
    quiet_redb();
    let (machine, disk) = (Machine { series: 30, ..Machine::new(1) }, FaultDisk::new());
    let mut log = begin(&disk, &machine);
    keep(&mut log, sealed_by_hundreds(&machine, 1, 3_600));
    lay_out(&mut log);
    fold_all(&mut log, LATER);
    // Half of the ticks are gone, and their hours are all there is.
    log.expire(machine.stream, at(1_800)).expect("sound");
    drop(log);
    let image = disk.image();
    let expected = Expected::of(&machine, 0);
    let mut again = vec![machine.hello(), defs(&machine)];
    again.extend(sealed_by_hundreds(&machine, 1_801, 3_600));
    let (mut chance, mut lost, mut anew) = (Chance(5), 0, 0);
    for flip in 0..200 {
        let disk = FaultDisk::from_image(image.clone());
        disk.flip_bit(chance.below(image.len() as u64 * 8));
        let (mut log, _) = Log::open_on(disk.clone(), options()).unwrap_or_else(|error| panic!("{flip}: {error}"));
        for _ in 0..3 {
            drop(ask(&log, &machine, Window::Hour));
            drop(ask(&log, &machine, Window::Minute));
            anew += fold_all(&mut log, LATER);
            if log.commit(vec![machine.hello()]).is_err() || log.heal().is_err() {
                log.heal().unwrap_or_else(|error| panic!("{flip}: {error}"));
            }
        }
        log.take_damage();
        // What only a writer reads is found by writing.
        for turn in 0..3 {
            if log.commit(again.clone()).is_err() {
                log.heal().unwrap_or_else(|error| panic!("flip {flip}: {error}"));
            }
            fold_all(&mut log, UtcMs(LATER.0 + (turn + 1) * HOUR_MS));
        }
        // What has its ticks is folded anew, and nothing else is said about the rest than what is known.
        let hours = expected.covered_by(&log, Window::Hour);
        let minutes = expected.covered_by(&log, Window::Minute);
        for known in [&hours, &minutes] {
            assert!(served(&log, &machine).ticks.without(known).is_empty(), "flip {flip}: {known:?}");
        }
        lost += usize::from(!set(&[(1, 3_600)]).without(&hours.intersection(&minutes)).is_empty());
    }
    assert!(anew > 0, "some flips hit rollups");
    println!(
        "200 flips: after {lost} of them something older than its ticks was lost, {anew} times something was folded anew"
    );
}
