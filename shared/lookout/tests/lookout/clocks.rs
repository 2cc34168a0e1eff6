//! What becomes of a judge whose clock is set?

use crate::common::{MINUTE, Node, SECOND, World, write_rule};
use vigie_model::Role;
use vigie_notify::{Kind, Outcome, Text, Whose};
use vigie_serve::{IncidentState, Incidents};

const HOUR: i64 = 60 * MINUTE;

fn well(world: &World) {
    [1, 2].into_iter().for_each(|node| world.hear(node, Role::Agent, "lyon"));
}

fn silent(node: &Node) -> Option<IncidentState> {
    let incidents = node.watchman.incidents();
    incidents.iter().find(|one| one.summary == "m1 does not answer").map(|one| one.standing)
}

#[test]
fn a_clock_that_is_set_back_by_an_hour_blinds_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    write_rule(folder.path(), "OvenHot", "oven_celsius > 200", "");
    let relay = Node::relay(folder.path());
    relay.run(MINUTE, well);
    relay.world.set_clock(-HOUR);
    relay.run(2 * MINUTE, well);
    assert_eq!(relay.watchman.incidents(), [], "all are heard as before");
    relay.run(6 * SECOND, |world| {
        well(world);
        world.measure("oven_celsius", 2, "lyon", 300.0);
    });
    assert_eq!(relay.incident("OvenHot of m2").standing, IncidentState::Firing, "rules are worked out as before");
    relay.run(29 * SECOND, |world| world.hear(2, Role::Agent, "lyon"));
    assert_eq!(silent(&relay), Some(IncidentState::Firing), "and silence is noticed as before");
}

#[test]
fn a_clock_that_is_set_forth_and_back_neither_makes_silent_nor_ends_a_silence() {
    let folder = tempfile::tempdir().expect("a folder");
    let relay = Node::relay(folder.path());
    let second = |world: &World| world.hear(2, Role::Agent, "lyon");
    relay.run(MINUTE, well);
    relay.run(29 * SECOND, second);
    for by_ms in [HOUR, -2 * HOUR] {
        relay.world.set_clock(by_ms);
        relay.run(3 * MINUTE, second);
        assert_eq!((relay.watchman.incidents().len(), silent(&relay)), (1, Some(IncidentState::Firing)));
    }
    relay.run(10 * SECOND, well);
    assert_eq!(silent(&relay), Some(IncidentState::Resolved));
}

#[test]
fn messages_wait_for_no_clock_that_somebody_set_and_come_when_they_would_have() {
    let folder = tempfile::tempdir().expect("a folder");
    write_rule(folder.path(), "OvenHot", "oven_celsius > 200", "");
    let relay = Node::relay(folder.path());
    let hot = |heat: f64| {
        move |world: &World| {
            well(world);
            world.measure("oven_celsius", 2, "lyon", heat);
        }
    };
    let fire = |kind| [(kind, "OvenHot of m2".to_owned())];
    relay.run(MINUTE, hot(20.0));
    // The receiver is away, and the clock goes back by a day before it is tried again.
    relay.run(6 * SECOND, hot(300.0));
    let due = relay.desk.due(relay.world.at().now());
    let [letter] = &due.letters[..] else { panic!("{:?}", due.letters) };
    relay.settle(letter, Outcome::Later { why: Text::new("away"), after_ms: None, whose: Whose::Channel });
    relay.world.set_clock(-24 * HOUR);
    relay.run(SECOND, hot(300.0));
    assert_eq!(relay.told(), [], "after two seconds");
    relay.run(SECOND, hot(300.0));
    assert_eq!(relay.told(), fire(Kind::Firing));
    // Forth by a month, and back by two: its end and the next fire are told at once.
    for by_ms in [30 * 24 * HOUR, -60 * 24 * HOUR] {
        relay.world.set_clock(by_ms);
        relay.run(6 * SECOND, hot(20.0));
        assert_eq!(relay.told(), fire(Kind::Resolved), "set by {by_ms}");
        relay.run(6 * SECOND, hot(300.0));
        assert_eq!(relay.told(), fire(Kind::Firing), "set by {by_ms}");
    }
    // A restart at another time of the wall: what was told is told to nobody again, and what ends is.
    let world = relay.world.clone();
    drop(relay);
    world.set_clock(-400 * 24 * HOUR);
    let relay = Node::begin(folder.path(), &world, Role::Relay);
    relay.run(MINUTE, hot(300.0));
    assert_eq!(relay.told(), []);
    relay.run(6 * SECOND, hot(20.0));
    assert_eq!(relay.told(), fire(Kind::Resolved));
}

#[test]
fn a_relay_whose_clock_was_set_back_does_not_take_the_silence_of_its_hub_for_speech() {
    let folder = tempfile::tempdir().expect("a folder");
    write_rule(folder.path(), "OvenHot", "oven_celsius > 200", "");
    let relay = Node::relay(folder.path());
    relay.run(MINUTE, well);
    let last = relay.world.at().utc;
    relay.watchman.hub_heard(last);
    relay.world.set_clock(-HOUR);
    // It is said again and again when the hub was last heard: an hour ahead, as the clock shows now.
    let alone = |world: &World, heat: f64| {
        well(world);
        world.measure("oven_celsius", 2, "lyon", heat);
        relay.watchman.hub_heard(last);
    };
    relay.run(MINUTE, |world| alone(world, 20.0));
    relay.run(6 * SECOND, |world| alone(world, 300.0));
    assert_eq!(
        relay.told(),
        [(Kind::Firing, "OvenHot of m2".to_owned())],
        "it was alone for a minute, and speaks at once"
    );
}
