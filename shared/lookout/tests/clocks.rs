//! What becomes of a judge whose clock is set?

mod common;

use common::{MINUTE, Node, SECOND, World, write_rule};
use vigie_model::Role;
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
