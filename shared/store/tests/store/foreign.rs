//! Hours that relays folded are at the hub what their ticks come down to, and none counts twice, whoever brings them in which
//! order, and whatever of the ticks comes later.

use std::ops::ControlFlow;

use crate::common::*;
use proptest::prelude::*;
use vigie_merge::RangeSet;
use vigie_model::{NodeId, SeriesIx, UtcMs};
use vigie_rollup::{Fold, HOUR_MS, Hour, Shape, Window};
use vigie_store::fault::FaultDisk;
use vigie_store::{Log, Outcome, Rolled, Write};
use vigie_sync::keep::Rollup;

/// Long after all that is measured here.
const LATER: UtcMs = UtcMs(T0 + 10_000 * HOUR_MS);

#[test]
fn an_hour_that_a_relay_folded_is_answered_until_more_of_it_comes() {
    let (machine, disk) = (Machine::new(1), FaultDisk::new());
    let (mut relay, mut hub) = (relay(&machine, 1), begin(&disk, &machine));
    keep(&mut relay, vec![machine.sealed(1, 100)]);
    fold_all(&mut relay);
    assert_eq!(bring(&relay, &mut hub, &machine, 1), set(&[(1, 100)]));
    assert_eq!(bring(&relay, &mut hub, &machine, 1), set(&[(1, 100)]), "again, and it is the same");
    keep(&mut relay, vec![machine.sealed(101, 160)]);
    fold_all(&mut relay);
    bring(&relay, &mut hub, &machine, 1);
    assert_eq!(counted(&hub, &machine), set(&[(1, 160)]));
    let facts = hub.streams()[&machine.stream].clone();
    assert_eq!((facts.rolled.foreign.clone(), facts.rolled.makers.clone()), (set(&[(1, 160)]), vec![node(1)]));
    drop(hub);
    let mut hub = open(&disk);
    assert_eq!(hub.streams()[&machine.stream], facts);
    // The ticks themselves come: what is folded from them takes the place of what was only vouched for.
    keep(&mut hub, vec![machine.sealed(1, 100)]);
    fold_all(&mut hub);
    assert_eq!(counted(&hub, &machine), set(&[(1, 160)]));
    keep(&mut hub, vec![machine.sealed(101, 160)]);
    fold_all(&mut hub);
    assert_eq!(counted(&hub, &machine), set(&[(1, 160)]));
    assert!(hub.streams()[&machine.stream].rolled.foreign.is_empty());
    assert_eq!(minutes(&hub, &machine), 28);
}

#[test]
fn a_clock_put_right_at_the_relay_moves_its_hours_at_the_hub() {
    let machine = Machine::new(1);
    let (mut relay, mut hub) = (relay(&machine, 1), begin(&FaultDisk::new(), &machine));
    keep(&mut relay, vec![machine.sealed(1, 400), machine.sealed(401, 800)]);
    fold_all(&mut relay);
    bring(&relay, &mut hub, &machine, 1);
    keep(&mut relay, vec![machine.anchor(1, 10_000, T0 + 10_000 + 25 * 60_000)]);
    fold_all(&mut relay);
    let rolled = &relay.streams()[&machine.stream].rolled;
    assert_eq!(rolled.retold, set(&[(1, 800)]));
    let (edition, retold) = (rolled.edition, rolled.retold.clone());
    for _ in 0..3 {
        bring(&relay, &mut hub, &machine, 1);
        counted(&hub, &machine);
    }
    assert_eq!(counted(&hub, &machine), set(&[(1, 800)]));
    let begins = |log: &Log| hours(log, &machine).iter().map(|rolled| rolled.hour).collect::<Vec<_>>();
    assert_eq!(begins(&hub), begins(&relay));
    let told = |edition| Write::RolledTold { stream: machine.stream, edition, ticks: retold.clone() };
    relay.commit(vec![told(edition - 1)]).expect("sound");
    assert_eq!(relay.streams()[&machine.stream].rolled.retold, set(&[(1, 800)]), "of an edition before");
    relay.commit(vec![told(edition)]).expect("sound");
    assert!(relay.streams()[&machine.stream].rolled.retold.is_empty());
}

#[test]
fn hours_go_newest_first_and_as_many_as_fit() {
    let machine = Machine::new(1);
    let mut relay = relay(&machine, 1);
    keep(&mut relay, (1..=3_600).step_by(100).map(|from| machine.sealed(from, from + 99)).collect());
    fold_all(&mut relay);
    let (wanted, mut before, mut got, mut lowest) = (set(&[(1, 2_000)]), None, RangeSet::new(), u64::MAX);
    loop {
        let found = relay.hours_of(machine.stream, &wanted, before, 1).expect("sound");
        for hour in &found.hours {
            assert!(hour.ticks.last() < Some(lowest), "newest first");
            lowest = hour.ticks.first().unwrap_or(0);
            got.union_with(&hour.ticks);
        }
        before = found.before;
        if before.is_none() {
            break;
        }
    }
    assert!(wanted.without(&got).is_empty());
    assert!(got.last() < Some(2_400), "hours that nobody wants stay");
}

#[test]
fn bytes_that_are_no_hour_are_refused() {
    let machine = Machine::new(1);
    let mut hub = begin(&FaultDisk::new(), &machine);
    let mut fold = Fold::new(Hour::of(at(1)));
    let shape = Shape { exact: false, climbs: false, sketched: true };
    assert!(fold.add(at(1), &machine.tick(1), |_| Some(shape)));
    let piece = fold.finish().expect("a tick");
    let minutes: Vec<Vec<u8>> = piece.sheets(Window::Minute).into_iter().map(|(_, sheet)| sheet).collect();
    let hour: Vec<Vec<u8>> = piece.sheets(Window::Hour).into_iter().map(|(_, sheet)| sheet).collect();
    let both = [hour.clone(), minutes.clone()].concat();
    let twice = [hour.clone(), hour].concat();
    for sheets in [Vec::new(), vec![Vec::new()], vec![vec![1, 2, 3]], vec![vec![9; 100]], minutes, both, twice] {
        let rollup = Rollup { stream: machine.stream, maker: node(1), life: 1, edition: 0, sheets };
        let outcome = hub.commit(vec![Write::Rollup(rollup)]).expect("sound");
        assert!(matches!(outcome[..], [Outcome::Forged(..)]), "{outcome:?}");
    }
    assert!(hub.streams()[&machine.stream].rolled.foreign.is_empty());
}

#[test]
fn hours_of_others_expire_with_our_own() {
    let machine = Machine::new(1);
    let (mut relay, mut hub) = (relay(&machine, 1), begin(&FaultDisk::new(), &machine));
    keep(&mut relay, (1..=2_000).step_by(100).map(|from| machine.sealed(from, from + 99)).collect());
    fold_all(&mut relay);
    bring(&relay, &mut hub, &machine, 1);
    let used = hub.used_bytes();
    assert!(hub.expire_rollups(machine.stream, LATER, at(1_000)).expect("sound") > 0);
    assert!(hub.used_bytes() < used);
    assert!(counted(&hub, &machine).first() > Some(500));
    assert_eq!(hub.streams()[&machine.stream].rolled.foreign, set(&[(1, 2_000)]), "or they would be sent again");
    assert_eq!(hub.expire_rollups(machine.stream, LATER, at(1_000)).expect("sound"), 0);
}

#[derive(Debug, Clone)]
enum Step {
    /// A relay gets a segment.
    Seal {
        relay: usize,
        at: u64,
    },
    Fold {
        relay: usize,
    },
    Bring {
        relay: usize,
    },
    /// A relay's copy of the machine learns the time.
    Clock {
        relay: usize,
        ahead_s: i64,
        error_ms: u32,
    },
    /// The hub gets a segment, or the time.
    Raw {
        at: u64,
    },
    HubFolds,
    HubClock {
        ahead_s: i64,
        error_ms: u32,
    },
    HubReopens,
    /// A relay loses its store.
    Lost {
        relay: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let ahead_s = prop_oneof![Just(0i64), Just(7), Just(-7), Just(1_500), -90_000i64..90_000];
    prop_oneof![
        6 => (0usize..2, 0u64..24).prop_map(|(relay, at)| Step::Seal { relay, at }),
        3 => (0usize..2).prop_map(|relay| Step::Fold { relay }),
        4 => (0usize..2).prop_map(|relay| Step::Bring { relay }),
        1 => (0usize..2, ahead_s.clone(), 1u32..500)
            .prop_map(|(relay, ahead_s, error_ms)| Step::Clock { relay, ahead_s, error_ms }),
        3 => (0u64..24).prop_map(|at| Step::Raw { at }),
        2 => Just(Step::HubFolds),
        1 => (ahead_s, 1u32..500).prop_map(|(ahead_s, error_ms)| Step::HubClock { ahead_s, error_ms }),
        1 => Just(Step::HubReopens),
        1 => (0usize..2).prop_map(|relay| Step::Lost { relay }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, ..ProptestConfig::default() })]

    #[test]
    fn whatever_two_relays_bring_no_tick_counts_twice_and_each_hour_is_its_ticks(
        steps in prop::collection::vec(step(), 1..40)
    ) {
        let machine = Machine::new(1);
        let mut relays = [relay(&machine, 11), relay(&machine, 12)];
        let mut lives = [11u64, 12];
        let disk = FaultDisk::new();
        let mut hub = begin(&disk, &machine);
        let anchor = |ahead_s: i64, error_ms| {
            machine.anchor_within(error_ms, 1, 10_000, T0 + 10_000 + ahead_s * 1_000)
        };
        let segment = |at: u64| machine.sealed(at * 90 + 1, at * 90 + 90);
        let new = |log: &Log, at: u64| !log.streams()[&machine.stream].have.contains(at * 90 + 1);
        for step in steps {
            match step {
                Step::Seal { relay, at } if new(&relays[relay], at) => keep(&mut relays[relay], vec![segment(at)]),
                Step::Fold { relay } => drop(fold_all(&mut relays[relay])),
                Step::Bring { relay } => {
                    let told = bring(&relays[relay], &mut hub, &machine, lives[relay]);
                    let all = hub.streams()[&machine.stream].rolled.all();
                    prop_assert!(told.without(&all).is_empty(), "acknowledged and not there");
                }
                Step::Clock { relay, ahead_s, error_ms } => keep(&mut relays[relay], vec![anchor(ahead_s, error_ms)]),
                Step::Raw { at } if new(&hub, at) => keep(&mut hub, vec![segment(at)]),
                Step::HubFolds => drop(fold_all(&mut hub)),
                Step::HubClock { ahead_s, error_ms } => keep(&mut hub, vec![anchor(ahead_s, error_ms)]),
                Step::HubReopens => {
                    let before = hub.streams()[&machine.stream].clone();
                    drop(hub);
                    hub = open(&disk);
                    prop_assert_eq!(&hub.streams()[&machine.stream], &before);
                }
                Step::Lost { relay: which } => {
                    lives[which] += 2;
                    relays[which] = relay(&machine, lives[which]);
                }
                Step::Seal { .. } | Step::Raw { .. } => {}
            }
            let rolled = &hub.streams()[&machine.stream].rolled;
            let all = rolled.all();
            let counted = counted(&hub, &machine);
            prop_assert!(counted.without(&all).is_empty(), "answered and not noted");
        }
        // One relay, and all of its ticks at the hub: then nobody's word but the ticks' is left.
        for at in 0..24 {
            if new(&hub, at) {
                keep(&mut hub, vec![segment(at)]);
            }
        }
        fold_all(&mut hub);
        prop_assert_eq!(counted(&hub, &machine), set(&[(1, 24 * 90)]));
        prop_assert!(hub.streams()[&machine.stream].rolled.foreign.is_empty());
    }
}

// ---- helpers

fn node(no: u64) -> NodeId {
    NodeId::from_bytes([no as u8 % 2 + 1; 16])
}

fn begin(disk: &FaultDisk, machine: &Machine) -> Log {
    let mut log = open(disk);
    keep(&mut log, vec![machine.hello(), defs(machine)]);
    log
}

fn relay(machine: &Machine, life: u64) -> Log {
    let options = vigie_store::Options { new_epoch: Some(life), ..options() };
    let mut log = Log::open_on(FaultDisk::new(), options).expect("an empty disk").0;
    keep(&mut log, vec![machine.hello(), defs(machine)]);
    log
}

fn defs(machine: &Machine) -> Write {
    Write::Schema { stream: machine.stream, from: 0, defs: (0..machine.series).map(def).collect() }
}

fn at(number: u64) -> UtcMs {
    UtcMs(T0 + number as i64 * 10_000)
}

fn fold_all(log: &mut Log) -> usize {
    for turn in 0..1_000 {
        let folded: Vec<_> =
            log.gather_folds(LATER, 8).expect("sound").into_iter().map(vigie_store::ToFold::fold).collect();
        if folded.is_empty() {
            return turn;
        }
        log.put_folded(&folded).expect("sound");
    }
    panic!("it never ends");
}

/// Brings all hours of a relay to the hub; returns the ticks that the hub says it has.
fn bring(relay: &Log, hub: &mut Log, machine: &Machine, life: u64) -> RangeSet {
    let own = relay.streams()[&machine.stream].rolled.own.clone();
    let found = relay.hours_of(machine.stream, &own, None, u64::MAX).expect("sound");
    assert_eq!(found.before, None);
    let mut told = RangeSet::new();
    for hour in found.hours {
        let (maker, edition, sheets) = (node(life), found.edition, hour.sheets);
        let rollup = Rollup { stream: machine.stream, maker, life, edition, sheets };
        match &hub.commit(vec![Write::Rollup(rollup)]).expect("sound")[..] {
            [Outcome::Rolled { ticks, .. }] => {
                assert_eq!(*ticks, hour.ticks);
                // What came before may have had to go for it.
                told = told.intersection(&hub.streams()[&machine.stream].rolled.all());
                told.union_with(ticks);
            }
            [Outcome::NotRolled(_)] => {}
            other => panic!("{other:?}"),
        }
    }
    told
}

fn hours(log: &Log, machine: &Machine) -> Vec<Rolled> {
    rolled(log, machine, Window::Hour)
}

fn minutes(log: &Log, machine: &Machine) -> usize {
    rolled(log, machine, Window::Minute).iter().map(|rolled| rolled.cells[0].len()).sum()
}

fn rolled(log: &Log, machine: &Machine, window: Window) -> Vec<Rolled> {
    let series: Vec<SeriesIx> = (0..machine.series).map(SeriesIx).collect();
    let mut all = Vec::new();
    log.rollups_between(machine.stream, &series, window, UtcMs(0), LATER, |rolled| {
        all.push(rolled.clone());
        ControlFlow::Continue(())
    })
    .expect("sound");
    all
}

/// The ticks that hours tell of; panics where one counts twice, or a cell is not what its ticks come down to.
fn counted(log: &Log, machine: &Machine) -> RangeSet {
    let mut covered = RangeSet::new();
    for rolled in hours(log, machine) {
        assert!(covered.intersection(&rolled.covered).is_empty(), "a tick counts twice");
        covered.union_with(&rolled.covered);
        for (series, cells) in (0..machine.series).zip(&rolled.cells) {
            let numbers = rolled.covered.ranges().flat_map(|(first, last)| first..=last);
            let values: Vec<i64> = numbers.map(|number| value(number, series)).collect();
            let [(_, cell)] = &cells[..] else { panic!("an hour has one cell: {cells:?}") };
            assert_eq!(u64::from(cell.count()), values.len() as u64);
            assert_eq!((cell.min(), cell.max()), (values.iter().min().copied(), values.iter().max().copied()));
            assert_eq!(cell.sum(vigie_model::Resolution::ONE), values.iter().sum::<i64>() as f64);
        }
    }
    covered
}
