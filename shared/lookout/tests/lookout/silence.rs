//! What is silence worth, and what comes with it?

use std::sync::atomic::Ordering;

use crate::common::{MINUTE, Node, SECOND, World, write_rule};
use vigie_model::Role;
use vigie_notify::Kind;
use vigie_serve::{IncidentState, Incidents};

/// A relay that hears these machines of `lyon` for a minute.
fn relay(folder: &std::path::Path, machines: std::ops::Range<u8>) -> Node {
    let relay = Node::relay(folder);
    relay.run(MINUTE, |world| heard(world, machines.clone()));
    assert_eq!((relay.told(), relay.watchman.incidents()), (Vec::new(), Vec::new()), "all is well");
    relay
}

fn heard(world: &World, machines: std::ops::Range<u8>) {
    machines.for_each(|node| world.hear(node, Role::Agent, "lyon"));
}

fn said(title: &str, kind: Kind) -> Vec<(Kind, String)> {
    vec![(kind, title.to_owned())]
}

#[test]
fn when_a_switch_dies_one_thing_is_told_and_one_when_it_is_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let relay = relay(folder.path(), 1..11);
    relay.run(30 * SECOND, |_| {});
    let title = "Nobody at lyon answers: its power, its network, or the relay's own";
    assert_eq!(relay.told(), said(title, Kind::Firing), "within half a minute");
    relay.run(10 * MINUTE, |_| {});
    assert_eq!((relay.told(), relay.watchman.incidents().len()), (Vec::new(), 1), "and no machine is accused");
    // Machines come back one after the other, and one does not.
    relay.run(5 * SECOND, |world| heard(world, 2..3));
    relay.run(15 * SECOND, |world| heard(world, 2..11));
    assert_eq!(relay.told(), said(title, Kind::Resolved));
    relay.run(30 * SECOND, |world| heard(world, 2..11));
    assert_eq!(relay.told(), said("m1 does not answer", Kind::Firing), "it had time to come back");
}

#[test]
fn a_relay_whose_cable_is_out_accuses_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    let relay = relay(folder.path(), 1..2);
    relay.world.has_no_network.store(true, Ordering::Relaxed);
    relay.run(2 * MINUTE, |_| {});
    let [(Kind::Firing, title)] = &relay.told()[..] else { panic!("{:?}", relay.watchman.incidents()) };
    assert!(title.starts_with("Nobody at lyon answers"), "{title}");
    relay.world.has_no_network.store(false, Ordering::Relaxed);
    relay.run(MINUTE, |world| heard(world, 1..2));
    assert!(matches!(relay.told()[..], [(Kind::Resolved, _)]));
}

#[test]
fn who_said_goodbye_is_told_to_be_silent_once_the_time_that_it_may_take_is_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let relay = relay(folder.path(), 1..4);
    relay.world.goodbye(3);
    relay.run(14 * MINUTE, |world| heard(world, 1..3));
    assert_eq!(relay.told(), [], "a restart or an update may take so long");
    relay.run(2 * MINUTE, |world| heard(world, 1..3));
    assert_eq!(relay.told(), said("m3 does not answer", Kind::Firing), "it should be back");
    relay.run(5 * SECOND, |world| heard(world, 1..4));
    assert_eq!(relay.told(), said("m3 does not answer", Kind::Resolved));
}

#[test]
fn what_a_machines_silence_brings_with_it_is_not_told_beside_it() {
    let folder = tempfile::tempdir().expect("a folder");
    write_rule(folder.path(), "Gone", "vigie_machine_silent_seconds > 40", "");
    write_rule(folder.path(), "OvenHot", "oven_celsius > 200", "");
    let relay = relay(folder.path(), 1..4);
    let others = |world: &World| {
        heard(world, 2..4);
        world.measure("oven_celsius", 2, "lyon", 300.0);
    };
    relay.run(3 * MINUTE, others);
    let mut told = relay.told();
    told.sort_by(|(_, one), (_, other)| one.cmp(other));
    let titles: Vec<&str> = told.iter().map(|(_, title)| &**title).collect();
    assert_eq!(titles, ["OvenHot of m2", "m1 does not answer"], "another machine's fire is");
    relay.run(MINUTE, |world| {
        heard(world, 1..2);
        others(world);
    });
    assert_eq!(relay.told(), said("m1 does not answer", Kind::Resolved), "and its end is one thing too");
    assert_eq!(relay.watchman.incidents().len(), 2);
}

#[test]
fn what_was_wrong_before_a_machine_fell_silent_stays_and_is_not_told_again() {
    let folder = tempfile::tempdir().expect("a folder");
    write_rule(folder.path(), "OvenHot", "oven_celsius > 200", "");
    let relay = relay(folder.path(), 1..4);
    relay.run(MINUTE, |world| {
        heard(world, 1..4);
        world.measure("oven_celsius", 1, "lyon", 300.0);
    });
    assert_eq!(relay.told(), said("OvenHot of m1", Kind::Firing));
    relay.run(2 * MINUTE, |world| heard(world, 2..4));
    assert_eq!(relay.told(), said("m1 does not answer", Kind::Firing));
    assert_eq!(relay.incident("OvenHot of m1").standing, IncidentState::Firing, "nobody has seen it go out");
}

#[test]
fn an_alert_that_comes_and_goes_is_told_once_as_such_and_then_its_end_once_it_is_calm() {
    let folder = tempfile::tempdir().expect("a folder");
    write_rule(folder.path(), "OvenHot", "oven_celsius > 200", "");
    let relay = relay(folder.path(), 1..4);
    let oven = |heat: f64| {
        relay.run(MINUTE, |world| {
            heard(world, 1..4);
            world.measure("oven_celsius", 1, "lyon", heat);
        });
        relay.told()
    };
    let mut told = Vec::new();
    for _ in 0..10 {
        told.extend(oven(300.0));
        told.extend(oven(20.0));
    }
    let flaps = "OvenHot of m1 (comes and goes; nothing more is said until it is calm)";
    assert_eq!(told[..2], [(Kind::Firing, "OvenHot of m1".to_owned()), (Kind::Resolved, "OvenHot of m1".to_owned())]);
    assert_eq!((told.len(), told.last()), (7, Some(&(Kind::Firing, flaps.to_owned()))), "{told:?}");
    let incident = relay.incident(flaps);
    assert_eq!(
        (incident.standing, incident.times),
        (IncidentState::Firing, 4),
        "it stays open, and is not written each time"
    );
    assert_eq!(incident.annotations.get("vigie_flapping").map(String::as_str), Some("yes"));
    let quiet: Vec<_> = (0..19).flat_map(|_| oven(20.0)).collect();
    assert_eq!(quiet, [], "it may come again");
    assert!(matches!(oven(20.0)[..], [(Kind::Resolved, _)]), "it was calm for long enough");
    assert_eq!(oven(300.0), said("OvenHot of m1", Kind::Firing), "and is as any other from then on");
}

#[test]
fn an_alert_that_flapped_and_goes_on_is_as_any_other_once_it_is_calm() {
    let folder = tempfile::tempdir().expect("a folder");
    write_rule(folder.path(), "OvenHot", "oven_celsius > 200", "");
    let relay = relay(folder.path(), 1..4);
    let oven = |minutes: i64, heat: f64| {
        relay.run(minutes * MINUTE, |world| {
            heard(world, 1..4);
            world.measure("oven_celsius", 1, "lyon", heat);
        });
        relay.told()
    };
    let told: usize = (0..5).map(|_| oven(1, 20.0).len() + oven(1, 300.0).len()).sum();
    assert_eq!(told, 7);
    assert_eq!(oven(21, 300.0), []);
    assert_eq!(relay.incident("OvenHot of m1").standing, IncidentState::Firing);
    assert!(matches!(oven(1, 20.0)[..], [(Kind::Resolved, _)]));
}
