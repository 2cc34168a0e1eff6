//! What others pushed comes in any order, and more than once.

use vigie_codec::schema::SchemaHash;
use vigie_codec::segment::{HeaderHash, seal};
use vigie_merge::RangeSet;
use vigie_model::{Boot, Moment, Resolution, Sample, Seq, SeriesIx, Slug, Tick, UtcMs, pushed_name};
use vigie_rollup::{Hour, Window};
use vigie_store::fault::FaultDisk;
use vigie_store::{Log, Write};

use super::helpers::*;
use crate::common::*;

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
