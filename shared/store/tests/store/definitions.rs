//! A place of a schema is given once in the life of a stream, whatever damage takes of its definitions.

use crate::common::*;
use vigie_codec::SigningKey;
use vigie_model::{Incarnation, Kind, Resolution, SeriesDef, UtcMs};
use vigie_store::fault::FaultDisk;
use vigie_store::{Log, Outcome, Write};
use vigie_sync::lives::{Earlier, Lives};
use vigie_sync::origin::SealAfter;

fn named(name: &str) -> SeriesDef {
    SeriesDef::new(name, &[], "", Kind::Gauge, Resolution::ONE).expect("a plain name")
}

fn schema(machine: &Machine, from: u32, names: &[&str]) -> Write {
    Write::Schema { stream: machine.stream, from, defs: names.iter().copied().map(named).collect() }
}

/// A log with three definitions, of which damage takes the second while it is open.
fn bereft() -> (Log, Machine, FaultDisk) {
    let (machine, disk) = (Machine::new(1), FaultDisk::new());
    let mut log = Log::open_on(disk.clone(), agent_options(1 << 30)).expect("an empty disk").0;
    keep(
        &mut log,
        vec![machine.hello(), schema(&machine, 0, &["alpha", "bravissimo", "charlie"]), machine.ticks(1, 9)],
    );
    drop(log);
    let (image, name) = (disk.image(), b"bravissimo");
    for at in (0..image.len() - name.len()).filter(|at| image[*at..].starts_with(name)) {
        disk.flip_bit(at as u64 * 8);
    }
    let mut log = Log::open_on(disk.clone(), agent_options(1 << 30)).expect("sound but for a row").0;
    assert_eq!(log.schema(machine.stream, 0, 9).expect("sound").len(), 1, "it is read, and found damaged");
    log.take_damage();
    assert_eq!(log.streams()[&machine.stream].schema_len, 1, "they come again together");
    (log, machine, disk)
}

fn lives(log: &Log, machine: &Machine) -> Lives {
    let facts = log.streams()[&machine.stream].clone();
    let earlier = Earlier {
        stream: machine.stream,
        defs: log.schema(machine.stream, 0, 99).expect("sound"),
        places: log.places_given(machine.stream).expect("sound"),
        tail: log.tail(machine.stream).expect("sound"),
        facts,
    };
    let key = SigningKey::from_bytes(&machine.key.to_bytes());
    let (present, fresh) = (Some(machine.stream.incarnation), Incarnation(999));
    let after = SealAfter { ticks: 100, age_ms: 100_000 };
    Lives::resume((machine.stream.agent, machine.name.clone(), key), vec![earlier], present, fresh, after, UtcMs(T0))
}

#[test]
fn after_damage_took_definitions_their_places_are_given_to_no_other_series() {
    let (log, machine, disk) = bereft();
    drop(log);
    let log = Log::open_on(disk, agent_options(1 << 30)).expect("sound").0;
    assert_eq!(log.streams()[&machine.stream].schema_len, 1);
    assert_eq!(log.places_given(machine.stream).expect("sound"), 3);
    let lives = lives(&log, &machine);
    assert_ne!(lives.stream(), machine.stream, "another life begins: ticks of this one use the three places");
}

#[test]
fn what_damage_took_is_written_again_by_who_still_knows_it() {
    let (machine, disk) = (Machine::new(1), FaultDisk::new());
    let mut log = Log::open_on(disk, agent_options(1 << 30)).expect("an empty disk").0;
    keep(
        &mut log,
        vec![machine.hello(), schema(&machine, 0, &["alpha", "bravissimo", "charlie"]), machine.ticks(1, 9)],
    );
    let mut lives = lives(&log, &machine);
    assert_eq!(lives.stream(), machine.stream);
    assert!(!lives.defined(machine.stream, 3));
    let (mut log, ..) = bereft();
    assert!(lives.defined(machine.stream, log.streams()[&machine.stream].schema_len));
    let (writes, _) = lives.writes(0, UtcMs(T0), false);
    let again: Vec<Write> = writes.into_iter().filter(|write| matches!(write, Write::Schema { .. })).collect();
    assert!(matches!(&again[..], [Write::Schema { from: 1, defs, .. }] if defs.len() == 2), "{again:?}");
    keep(&mut log, again);
    let defs = log.schema(machine.stream, 0, 9).expect("sound");
    assert_eq!(defs, ["alpha", "bravissimo", "charlie"].map(named));
    assert_eq!(log.places_given(machine.stream).expect("sound"), 3);
    let outcome = log.commit(vec![schema(&machine, 3, &["delta"])]).expect("sound");
    assert!(matches!(outcome[..], [Outcome::Kept(_)]), "{outcome:?}");
    assert_eq!(log.places_given(machine.stream).expect("sound"), 4);
}

#[test]
fn what_follows_on_lost_definitions_is_refused_until_they_are_here_again() {
    let (mut log, machine, _) = bereft();
    let outcome = log.commit(vec![schema(&machine, 3, &["delta"])]).expect("sound");
    assert_eq!(outcome, [Outcome::WrongSchema(machine.stream)]);
    keep(&mut log, vec![schema(&machine, 0, &["alpha", "bravissimo", "charlie"]), schema(&machine, 3, &["delta"])]);
    assert_eq!(log.streams()[&machine.stream].schema_len, 4);
}
