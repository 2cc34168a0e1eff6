//! Streams that go wholly: wherever the program stops, nobody is asked for them again, and in the end their bytes are gone.

use std::collections::BTreeSet;

use crate::common::*;
use vigie_model::StreamId;
use vigie_store::fault::{FaultDisk, Faults};
use vigie_store::{Log, State};

/// What the machine that goes is called: it stands in the file, as its definitions' names do.
const MARK: &str = "till-of-those-who-left";

/// Of each kind of record some, laid out and folded, of the one that goes and of one that stays.
fn two(disk: &FaultDisk) -> (Log, Machine, Machine) {
    let gone = Machine { name: MARK.to_owned(), ..Machine::new(1) };
    let stays = Machine::new(2);
    let mut log = open(disk);
    for machine in [&gone, &stays] {
        keep(&mut log, vec![machine.hello(), machine.definitions(5), machine.anchor(1, 0, T0)]);
        for first in (1..400).step_by(40) {
            keep(&mut log, vec![machine.sealed(first, first + 39)]);
        }
        keep(&mut log, vec![machine.ticks(401, 460), machine.gap(461, 470, vigie_model::GapReason::Interrupted, None)]);
    }
    assert!(lay_out(&mut log) > 0);
    let gathered = log.gather_folds(vigie_model::UtcMs(T0 + 90_000_000), 100).expect("it reads");
    let folded: Vec<_> = gathered.into_iter().map(vigie_store::ToFold::fold).collect();
    assert!(log.put_folded(&folded).expect("kept") > 0);
    (log, gone, stays)
}

fn all(machine: &Machine) -> BTreeSet<StreamId> {
    [machine.stream].into()
}

fn swept(log: &mut Log) {
    while log.sweep_disowned().expect("the disk is sound").left > 0 {}
}

fn holds(image: &[u8], text: &str) -> bool {
    image.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn a_stream_that_goes_leaves_nothing_and_its_neighbour_is_as_it_was() {
    let disk = FaultDisk::new();
    let (mut log, gone, stays) = two(&disk);
    let (before, used) = (served(&log, &stays), log.used_bytes());
    let facts = log.streams()[&stays.stream].clone();
    assert!(log.records_of(&all(&gone)).expect("it reads").0 > 10);
    log.disown(&all(&gone)).expect("the disk is sound");
    assert!(!log.streams().contains_key(&gone.stream) && log.disowned() == 1);
    assert!(served(&log, &gone).ticks.is_empty());
    swept(&mut log);
    assert_eq!(log.records_of(&all(&gone)).expect("it reads"), (0, 0));
    assert!(log.used_bytes() < used * 2 / 3);
    assert_eq!((served(&log, &stays), &log.streams()[&stays.stream]), (before, &facts));
    // Whoever comes with it again begins anew.
    keep(&mut log, vec![gone.hello(), gone.ticks(1, 3)]);
    assert_eq!(served(&log, &gone).ticks, set(&[(1, 3)]));
    drop(log);
    assert_eq!(open(&disk).streams()[&stays.stream], facts);
}

#[test]
fn wherever_the_program_is_killed_the_stream_is_there_wholly_or_goes_by_itself() {
    let disk = FaultDisk::new();
    let (log, gone, stays) = two(&disk);
    let (before, have) = (served(&log, &gone), log.streams()[&gone.stream].have.clone());
    let kept = served(&log, &stays);
    drop(log);
    let image = disk.image();
    let fresh = |cut_at| {
        let copy = FaultDisk::from_image(image.clone());
        copy.set_faults(Faults { cut_at, ..Faults::default() });
        copy
    };
    let go = |disk: &FaultDisk| -> Option<()> {
        let mut log = Log::open_on(disk.clone(), options()).ok()?.0;
        log.disown(&all(&gone)).ok()?;
        while log.sweep_disowned().ok()?.left > 0 {}
        log.write_anew().ok().map(drop)
    };
    let whole = fresh(None);
    let opened = Log::open_on(whole.clone(), options()).expect("a log");
    let first = whole.operations();
    drop(opened);
    let whole = fresh(None);
    go(&whole).expect("all of it");
    let (mut not_begun, mut goes_on, mut done) = (0, 0, 0);
    for cut_at in first..=whole.operations() {
        let disk = fresh(Some(cut_at));
        go(&disk);
        let (mut log, report) = Log::open_on(disk.power_cut(cut_at), options()).expect("the next process lives");
        assert!(!report.damaged && report.rebuilt.is_empty(), "{cut_at}: {report:?}");
        assert!(log.take_damage().is_empty(), "{cut_at}");
        match (log.streams().get(&gone.stream), log.disowned()) {
            (Some(facts), 0) => {
                not_begun += 1;
                assert_eq!((&facts.have, &served(&log, &gone)), (&have, &before), "{cut_at}");
            }
            (None, 1) => goes_on += 1,
            (None, 0) => done += 1,
            (there, disowned) => panic!("{cut_at}: {there:?} {disowned}"),
        }
        if log.streams().get(&gone.stream).is_none() {
            swept(&mut log);
            assert_eq!(log.records_of(&all(&gone)).expect("it reads"), (0, 0), "{cut_at}");
        }
        assert_eq!(served(&log, &stays), kept, "{cut_at}");
    }
    assert!(not_begun > 0 && goes_on > 0 && done > 0, "{not_begun} {goes_on} {done}");
}

#[test]
fn no_byte_of_the_file_tells_of_a_stream_that_is_gone() {
    let disk = FaultDisk::new();
    let (mut log, gone, stays) = two(&disk);
    // Once more under other pages, so that freed ones lie about.
    keep(&mut log, vec![gone.ticks(500, 900), stays.ticks(500, 900)]);
    let id = String::from_utf8_lossy(&gone.stream.to_bytes()).into_owned();
    let tells = |disk: &FaultDisk| {
        let image = disk.image();
        holds(&image, MARK) || image.windows(24).any(|window| window == gone.stream.to_bytes())
    };
    assert!(tells(&disk), "{id}");
    log.disown(&all(&gone)).expect("the disk is sound");
    swept(&mut log);
    let kept = served(&log, &stays);
    assert!(log.write_anew().expect("the disk is sound"), "it is small");
    assert_eq!(served(&log, &stays), kept);
    drop(log);
    assert!(!tells(&disk), "freed pages still tell of it");
    assert_eq!(served(&open(&disk), &stays), kept);
}

#[test]
fn no_byte_of_the_state_tells_of_what_was_removed() {
    let disk = FaultDisk::new();
    let state = State::open_on(disk.clone()).expect("it opens").0;
    for number in 0..3_000_u32 {
        let text = if number % 3 == 0 { format!("{MARK} {number}") } else { format!("another {number}") };
        state.put("people", &number.to_be_bytes(), text.as_bytes()).expect("kept");
    }
    let gone: Vec<_> = (0..3_000_u32).filter(|number| number % 3 == 0).collect();
    let removed =
        state.transact(|tx| gone.iter().try_for_each(|number| tx.remove("people", &number.to_be_bytes()).map(drop)));
    removed.expect("removed");
    assert!(holds(&disk.image(), MARK), "redb frees pages as they are");
    state.write_anew().expect("the disk is sound");
    assert!(!holds(&disk.image(), MARK));
    assert_eq!(state.scan("people", b"").expect("it reads").len(), 2_000);
    state.put("people", b"x", b"y").expect("it goes on");
    drop(state);
    assert_eq!(State::open_on(disk).expect("it opens").0.scan("people", b"").expect("it reads").len(), 2_001);
}
