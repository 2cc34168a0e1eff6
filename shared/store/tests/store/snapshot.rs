//! A store is taken as it is at one moment while it goes on, and another is made of it.

use std::ops::ControlFlow;
use std::path::Path;

use crate::common::*;
use vigie_store::{Log, Options, Restoring, Snapshot, State, Which};

fn log_in(dir: &Path) -> Log {
    Log::open(dir, Options { new_epoch: Some(1), ..Options::hub(1 << 30) }).expect("opens").0
}

fn made_of(snapshot: &Snapshot, dir: &Path) {
    let mut restoring = Restoring::begin(dir, snapshot.which()).expect("an empty folder");
    let mut rows = 0;
    snapshot
        .each(|row| {
            assert!(snapshot.which().is_right(row.table, row.key, row.value), "{row:?}");
            restoring.put(row.table, row.key.to_vec(), row.value.to_vec()).expect("room");
            rows += 1;
            ControlFlow::Continue(())
        })
        .expect("sound");
    assert_eq!(rows, snapshot.rows().expect("sound"));
    restoring.end(77).expect("room");
}

#[test]
fn a_log_made_of_a_snapshot_is_the_one_of_that_moment_in_another_life() {
    let (dir, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let machine = Machine::new(1);
    let mut log = log_in(dir.path());
    keep(&mut log, vec![machine.hello(), machine.sealed(1, 200), machine.ticks(201, 230)]);
    lay_out(&mut log);
    let facts = log.streams()[&machine.stream].clone();
    let snapshot = log.snapshot().expect("open");
    keep(&mut log, vec![machine.ticks(231, 260)]);
    lay_out(&mut log);
    made_of(&snapshot, other.path());
    drop(snapshot);
    assert_eq!(served(&log, &machine).ticks, set(&[(1, 260)]), "it has gone on");
    assert_eq!(log.epoch(), 1);

    let log = log_in(other.path());
    assert_eq!(log.epoch(), 77);
    assert_eq!(log.streams()[&machine.stream], facts);
    assert_eq!(served(&log, &machine).ticks, set(&[(1, 230)]));
    assert_eq!(asked(&log, &machine), set(&[(1, 230)]));
}

#[test]
fn a_state_made_of_a_snapshot_has_its_rows_and_no_witness() {
    let (dir, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let (state, _) = State::open(dir.path()).expect("opens");
    state.put("keys", b"a", b"one").expect("room");
    state.set_witness(b"it was me").expect("room");
    let snapshot = state.snapshot().expect("open");
    state.put("keys", b"a", b"two").expect("room");
    state.put("keys", b"b", b"three").expect("room");
    made_of(&snapshot, other.path());
    let (again, report) = State::open(other.path()).expect("opens");
    assert!(!report.damaged && !report.unclean && !report.fresh, "{report:?}");
    assert_eq!(again.scan("keys", b"").expect("sound"), [(b"a".to_vec(), b"one".to_vec())]);
    assert_eq!(again.witness(), None);
}

#[test]
fn no_store_is_made_where_there_is_one() {
    let dir = tempfile::tempdir().expect("a folder");
    drop(log_in(dir.path()));
    assert!(Restoring::begin(dir.path(), Which::Log).is_err());
    assert_eq!(log_in(dir.path()).epoch(), 1);
}
