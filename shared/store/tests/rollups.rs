//! Minutes and hours are what their ticks come down to, whatever happened on the way, and outlive them.

mod common;

use std::ops::ControlFlow;

use common::*;
use proptest::prelude::*;
use vigie_codec::schema::SchemaHash;
use vigie_codec::segment::{HeaderHash, seal};
use vigie_merge::RangeSet;
use vigie_model::{Boot, Kind, Moment, Resolution, Sample, Seq, SeriesDef, SeriesIx, Slug, Tick, UtcMs, pushed_name};
use vigie_rollup::{Fold, HOUR_MS, Hour, Piece, Shape, Window};
use vigie_store::fault::{FaultDisk, Faults};
use vigie_store::{Log, Rolled, Rollups, Write};

/// Long after all that is measured here.
const LATER: UtcMs = UtcMs(T0 + 10_000 * HOUR_MS);

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

/// A tick that was pushed: it has a moment and no clock.
fn pushed(machine: &Machine, ticks: &[(u64, i64, i64)]) -> Write {
    let tick = |(number, at_ms, value): &(u64, i64, i64)| {
        let at = Moment { utc: UtcMs(*at_ms), boot: Boot { no: 0, ms: at_ms.cast_unsigned() } };
        Tick { seq: Seq(*number), at, samples: vec![Sample { series: SeriesIx(0), value: *value }] }
    };
    let ticks: Vec<Tick> = ticks.iter().map(tick).collect();
    Write::Segment(
        seal(machine.stream, &ticks, (0, SchemaHash::EMPTY), HeaderHash::NONE, &machine.key).expect("a run of ticks"),
    )
}

#[test]
fn what_is_pushed_again_takes_the_place_of_what_was_pushed_before_and_counts_once() {
    let place: Slug = "acme".parse().expect("a name");
    let machine = Machine { series: 1, name: pushed_name(&place, &place), ..Machine::new(1) };
    let hour = Hour::of(UtcMs(T0)).begins().0;
    let mut log = begin(&FaultDisk::new(), &machine);
    let counted = |log: &Log, window| {
        let rolled = all_rolled(log, &machine, window);
        let cells = rolled.iter().flat_map(|rolled| &rolled.cells[0]).map(|(_, cell)| *cell).collect::<Vec<_>>();
        let sum: f64 = cells.iter().map(|cell| cell.sum(Resolution::ONE)).sum();
        (cells.iter().map(|cell| cell.count()).sum::<u32>(), sum)
    };
    // In one body, in a later one of the same fold, and in one that comes after the hour was folded.
    keep(&mut log, vec![pushed(&machine, &[(1, hour + 5, 10), (2, hour + 15_005, 20), (3, hour + 5, 11)])]);
    keep(&mut log, vec![pushed(&machine, &[(4, hour + 15_005, 21), (5, hour + 30_005, 30)])]);
    fold_all(&mut log, LATER);
    for window in [Window::Hour, Window::Minute] {
        assert_eq!(counted(&log, window), (3, 62.0));
    }
    keep(&mut log, vec![pushed(&machine, &[(6, hour + 15_005, 22), (7, hour + 45_005, 40)])]);
    fold_all(&mut log, LATER);
    for window in [Window::Hour, Window::Minute] {
        assert_eq!(counted(&log, window), (4, 103.0));
    }
    let covered = all_rolled(&log, &machine, Window::Hour)[0].covered.clone();
    assert_eq!(covered, set(&[(1, 7)]), "every number was folded");
    assert_eq!(log.unfolded_from(machine.stream).expect("sound"), None);
    // Once what was folded is gone, nobody can tell any more, and it counts beside it.
    log.expire(machine.stream, LATER).expect("sound");
    keep(&mut log, vec![pushed(&machine, &[(8, hour + 45_005, 40)])]);
    fold_all(&mut log, LATER);
    assert_eq!(counted(&log, Window::Hour), (5, 143.0));
}

#[test]
fn an_hour_that_ends_long_columns_and_goes_on_behind_them_is_folded_once() {
    // More samples in one piece of the log than are folded at once, all but the last hour of which are folded.
    let place: Slug = "acme".parse().expect("a name");
    let machine = Machine { series: 100, name: pushed_name(&place, &place), ..Machine::new(1) };
    let mut log = begin(&FaultDisk::new(), &machine);
    let push = |first: u64, last: u64, back_ms: i64| {
        let tick = |number: u64| {
            let at_ms = at(number).0 - back_ms;
            let at = Moment { utc: UtcMs(at_ms), boot: Boot { no: 0, ms: at_ms.cast_unsigned() } };
            Tick { at, ..machine.tick(number) }
        };
        let ticks: Vec<Tick> = (first..=last).map(tick).collect();
        let schema = (0, SchemaHash::EMPTY);
        Write::Segment(seal(machine.stream, &ticks, schema, HeaderHash::NONE, &machine.key).expect("a run of ticks"))
    };
    keep(&mut log, (0..9).map(|at| push(at * 300 + 1, at * 300 + 300, 0)).collect());
    lay_out(&mut log);
    fold_all(&mut log, LATER);
    // Others of the same place, who measured between the last of these.
    keep(&mut log, vec![push(2_701, 2_720, 300_005)]);
    fold_all(&mut log, LATER);
    assert_eq!(log.unfolded_from(machine.stream).expect("sound"), None);
    let mut covered = RangeSet::new();
    for rolled in all_rolled(&log, &machine, Window::Hour) {
        assert!(covered.intersection(&rolled.covered).is_empty(), "a tick is in one hour");
        covered.union_with(&rolled.covered);
    }
    assert_eq!(covered, set(&[(1, 2_720)]));
}

#[test]
fn a_hub_killed_while_it_deletes_what_is_old_loses_and_doubles_nothing() {
    for seed in 0..60u64 {
        let (machine, disk, mut chance) = (Machine::new(1), FaultDisk::new(), Chance(seed));
        let mut log = begin(&disk, &machine);
        keep(&mut log, sealed_by_hundreds(&machine, 1, 3_000));
        lay_out(&mut log);
        fold_all(&mut log, LATER);
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
        let hours = covered_by(&log, &machine, Window::Hour, 0);
        let mut known = hours.clone();
        known.union_with(&set(&[(1, hours.first().expect("hours") - 1)]));
        assert_eq!(known, facts.have, "seed {seed}");
        covered_by(&log, &machine, Window::Minute, 0);
    }
}

fn keep_late(log: &mut Log, machine: &Machine, first: u64) -> Result<(), vigie_store::CommitError> {
    log.commit(vec![machine.sealed(first + 1, first + 100)]).map(drop)
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
        let mut again = vec![machine.hello(), defs(&machine)];
        again.extend(sealed_by_hundreds(&machine, 1_801, 3_600));
        // What only a writer reads is found by writing.
        for turn in 0..3 {
            if log.commit(again.clone()).is_err() {
                log.heal().unwrap_or_else(|error| panic!("flip {flip}: {error}"));
            }
            fold_all(&mut log, UtcMs(LATER.0 + (turn + 1) * HOUR_MS));
        }
        // What has its ticks is folded anew, and nothing else is said about the rest than what is known.
        let hours = covered_by(&log, &machine, Window::Hour, 0);
        let minutes = covered_by(&log, &machine, Window::Minute, 0);
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

#[derive(Debug, Clone)]
enum Step {
    Sealed(u64),
    Anchor(i64),
    LayOut,
    Fold(u64),
    Expire(u64),
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0u64..40).prop_map(Step::Sealed),
        1 => (0i64..3).prop_map(Step::Anchor),
        2 => Just(Step::LayOut),
        4 => (0u64..2_500).prop_map(Step::Fold),
        1 => (0u64..900).prop_map(Step::Expire),
        1 => Just(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_history_leaves_what_its_ticks_come_down_to(steps in prop::collection::vec(step(), 1..40)) {
        let (machine, disk) = (Machine::new(1), FaultDisk::new());
        let mut log = Some(begin(&disk, &machine));
        let (mut ahead_ms, mut expired) = (0, false);
        for step in steps {
            let here = log.as_mut().expect("open");
            match step {
                Step::Sealed(place) => keep_if_new(here, &machine, place * 50 + 1, place * 50 + 50),
                // An anchor that says otherwise about what is gone leaves it where it was: not looked at here.
                Step::Anchor(_) if expired => {}
                Step::Anchor(hours) => {
                    let better = u32::try_from(100 - hours).expect("small");
                    let ahead = hours * 1_500_000;
                    if ahead >= ahead_ms {
                        keep(here, vec![machine.anchor_within(better, 1, 10_000, T0 + 10_000 + ahead)]);
                        ahead_ms = ahead;
                    }
                }
                Step::LayOut => drop(lay_out(here)),
                Step::Fold(until) => {
                    fold_all(here, UtcMs(at(until).0 + 2 * HOUR_MS));
                    if expired {
                        rolled(here, &machine, ahead_ms);
                    }
                }
                Step::Expire(before) => {
                    expired |= here.expire(machine.stream, at(before)).expect("sound").expired > 0;
                }
                Step::Reopen => {
                    let before = here.streams().clone();
                    log = None;
                    prop_assert_eq!(log.insert(open(&disk)).streams(), &before);
                }
            }
        }
        let here = log.as_mut().expect("open");
        fold_all(here, LATER);
        let known = rolled(here, &machine, ahead_ms);
        prop_assert!(served(here, &machine).ticks.without(&known).is_empty());
    }
}

// ---- helpers

fn begin(disk: &FaultDisk, machine: &Machine) -> Log {
    let mut log = open(disk);
    keep(&mut log, vec![machine.hello(), defs(machine)]);
    log
}

/// The first is a running total.
fn defs(machine: &Machine) -> Write {
    let mut defs: Vec<SeriesDef> = (0..machine.series).map(def).collect();
    defs[0] = SeriesDef::new("test.total", &[], "1", Kind::Counter, Resolution::ONE).expect("a plain series");
    Write::Schema { stream: machine.stream, from: 0, defs }
}

fn shape(ix: SeriesIx) -> Option<Shape> {
    let total = ix.0 == 0;
    Some(Shape { exact: false, climbs: total, sketched: !total })
}

fn at(number: u64) -> UtcMs {
    UtcMs(T0 + number as i64 * 10_000)
}

fn sealed_by_hundreds(machine: &Machine, first: u64, last: u64) -> Vec<Write> {
    (first..=last).step_by(100).map(|from| machine.sealed(from, last.min(from + 99))).collect()
}

fn keep_if_new(log: &mut Log, machine: &Machine, first: u64, last: u64) {
    if !log.streams()[&machine.stream].have.contains(first) {
        keep(log, vec![machine.sealed(first, last)]);
    }
}

fn gathered(log: &Log, now: UtcMs) -> Vec<vigie_store::ToFold> {
    log.gather_folds(now, 8).unwrap_or_default()
}

/// Folds all there is to fold; says how often anything was put in its place.
fn fold_all(log: &mut Log, now: UtcMs) -> usize {
    let mut put = 0;
    for turn in 0.. {
        assert!(turn < 1_000, "it never ends");
        let folded: Vec<_> = gathered(log, now).into_iter().map(vigie_store::ToFold::fold).collect();
        if folded.is_empty() || log.put_folded(&folded).is_err() {
            break;
        }
        put += 1;
    }
    put
}

/// The ticks that were folded; panics where a cell is not what they come down to, or a tick counts twice.
fn rolled(log: &Log, machine: &Machine, ahead_ms: i64) -> RangeSet {
    let hours = covered_by(log, machine, Window::Hour, ahead_ms);
    assert_eq!(hours, covered_by(log, machine, Window::Minute, ahead_ms));
    hours
}

fn covered_by(log: &Log, machine: &Machine, window: Window, ahead_ms: i64) -> RangeSet {
    let mut covered = RangeSet::new();
    for rolled in all_rolled(log, machine, window) {
        assert!(covered.intersection(&rolled.covered).is_empty(), "a tick counts twice");
        covered.union_with(&rolled.covered);
        let piece = plainly(machine, &rolled, ahead_ms);
        for (ix, (cells, sketch)) in rolled.cells.iter().zip(&rolled.sketches).enumerate() {
            let series = SeriesIx(ix as u32);
            assert_eq!(*cells, piece.cells(series, window), "{series:?} of {:?}", rolled.hour);
            assert_eq!(sketch.as_ref(), piece.sketch(series).filter(|_| window == Window::Hour));
        }
    }
    covered
}

fn all_rolled(log: &Log, machine: &Machine, window: Window) -> Vec<Rolled> {
    ask(log, machine, window).expect("sound")
}

fn ask(log: &Log, machine: &Machine, window: Window) -> Result<Vec<Rolled>, vigie_store::ReadError> {
    let series: Vec<SeriesIx> = (0..machine.series).map(SeriesIx).collect();
    let mut all = Vec::new();
    log.rollups_between(machine.stream, &series, window, UtcMs(0), LATER, |rolled| {
        all.push(rolled.clone());
        ControlFlow::Continue(())
    })?;
    Ok(all)
}

/// The ticks of an hour, folded again.
fn plainly(machine: &Machine, rolled: &Rolled, ahead_ms: i64) -> Piece {
    let mut fold = Fold::new(rolled.hour);
    for number in rolled.covered.ranges().flat_map(|(first, last)| first..=last) {
        let taken = fold.add(UtcMs(at(number).0 + ahead_ms), &machine.tick(number), shape);
        assert!(taken, "tick {number} is not of {:?}", rolled.hour);
    }
    fold.finish().expect("ticks")
}

fn remove_table(disk: &FaultDisk, name: &'static str) {
    let db = redb::Builder::new().create_with_backend(disk.backend()).expect("a sound file");
    let txn = db.begin_write().expect("sound");
    let table: redb::TableDefinition<'_, &[u8], &[u8]> = redb::TableDefinition::new(name);
    assert!(txn.delete_table(table).expect("sound"), "it was there");
    txn.commit().expect("sound");
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
