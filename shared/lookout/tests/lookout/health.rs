//! Of whom is it said that they are well?

use crate::common::{MINUTE, Node, World, id, write_rule};
use vigie_model::Role;
use vigie_serve::{Health, Incidents};

fn oven(world: &World, heat: f64) {
    (1..4).for_each(|node| world.hear(node, Role::Agent, "lyon"));
    world.measure("oven_celsius", 1, "lyon", heat);
}

fn health(node: &Node, machine: u8) -> Health {
    let [health] = node.watchman.healths(&[id(machine)])[..] else { panic!("one was asked about") };
    health
}

fn relay(folder: &std::path::Path) -> Node {
    write_rule(folder, "OvenHot", "oven_celsius > 200", "");
    Node::relay(folder)
}

#[test]
fn a_machine_is_well_only_once_its_relay_has_worked_out_all_rules_for_a_while_and_while_it_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let relay = relay(folder.path());
    relay.run(MINUTE, |world| oven(world, 20.0));
    assert_eq!(health(&relay, 1), Health::Unknown, "that nothing is open makes nobody well");
    relay.run(2 * MINUTE, |world| oven(world, 20.0));
    assert_eq!((health(&relay, 1), health(&relay, 2)), (Health::Ok, Health::Ok));
    relay.run(MINUTE, |world| oven(world, 300.0));
    assert_eq!((health(&relay, 1), health(&relay, 2)), (Health::Critical, Health::Ok));
    std::fs::write(folder.path().join("rules/wrong.yml"), "groups: 7").expect("a file");
    relay.run(MINUTE, |world| oven(world, 300.0));
    assert_eq!((health(&relay, 1), health(&relay, 2)), (Health::Critical, Health::Unknown), "not all rules are in use");
    std::fs::remove_file(folder.path().join("rules/wrong.yml")).expect("it was there");
    relay.run(4 * MINUTE, |world| oven(world, 20.0));
    assert_eq!(health(&relay, 1), Health::Ok);
    relay.world.pass(MINUTE);
    assert_eq!(health(&relay, 1), Health::Unknown, "nobody has looked for a minute");
}

#[test]
fn a_hub_says_of_a_machine_behind_a_relay_that_it_is_well_while_the_relay_says_so_and_is_heard() {
    let folders = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    let relay = relay(folders[0].path());
    let hub = Node::hub(folders[1].path());
    let heard = |world: &World| {
        world.hear(200, Role::Relay, "lyon");
        world.bring(1, 200, "lyon");
        world.hear(50, Role::Agent, "alone");
    };
    let told = |minutes: i64| {
        relay.run(minutes * MINUTE, |world| oven(world, 20.0));
        hub.run(minutes * MINUTE, heard);
        relay.gives(&hub);
        hub.run(5_000, heard);
    };
    told(1);
    assert_eq!((health(&hub, 1), health(&hub, 50)), (Health::Unknown, Health::Unknown));
    told(3);
    assert_eq!((health(&hub, 1), health(&hub, 50)), (Health::Ok, Health::Ok), "each by who judges it");
    std::fs::write(folders[0].path().join("rules/wrong.yml"), "groups: 7").expect("a file");
    told(1);
    assert_eq!((health(&hub, 1), health(&hub, 50)), (Health::Unknown, Health::Ok), "the relay does not judge it all");
    std::fs::remove_file(folders[0].path().join("rules/wrong.yml")).expect("it was there");
    told(5);
    assert_eq!(health(&hub, 1), Health::Ok);
    hub.world.disconnect_all();
    hub.run(5_000, |_| {});
    assert_eq!(health(&hub, 1), Health::Unknown, "nobody vouches any more");
}
