//! What does a hub make of many sites, and what do hub and relay make of each other's word?

use std::path::Path;

use crate::common::{MINUTE, Node, SECOND, World, write_rule};
use vigie_model::Role;
use vigie_notify::Kind;
use vigie_serve::{Decision, IncidentState, Incidents};

const RELAY_OF_LYON: u8 = 200;
const RELAY_OF_PARIS: u8 = 201;

/// Two sites, each with its relay and ten machines behind it, and a machine without a relay.
fn heard(world: &World, sites: &[&str]) {
    for (site, relay) in [("lyon", RELAY_OF_LYON), ("paris", RELAY_OF_PARIS)] {
        if sites.contains(&site) {
            world.hear(relay, Role::Relay, site);
            let first = if site == "lyon" { 1 } else { 101 };
            (first..first + 10).for_each(|node| world.bring(node, relay, site));
        }
    }
    world.hear(50, Role::Agent, "alone");
}

fn hub(folder: &Path) -> Node {
    let hub = Node::hub(folder);
    hub.run(MINUTE, |world| heard(world, &["lyon", "paris"]));
    assert_eq!((hub.told(), hub.watchman.incidents()), (Vec::new(), Vec::new()), "all is well");
    hub
}

#[test]
fn a_cut_is_one_incident_with_one_notice_out_and_one_back_however_many_machines_are_behind_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let hub = hub(folder.path());
    hub.run(29 * SECOND, |world| heard(world, &["paris"]));
    let [(Kind::Cut, said)] = &hub.told()[..] else { panic!("{:?}", hub.watchman.incidents()) };
    assert_eq!(said, "Site lyon is cut off: nothing behind it can be verified");
    hub.run(10 * MINUTE, |world| heard(world, &["paris"]));
    assert_eq!((hub.told(), hub.watchman.incidents().len()), (Vec::new(), 1));
    hub.run(10 * SECOND, |world| heard(world, &["lyon", "paris"]));
    assert!(matches!(hub.told()[..], [(Kind::Back, _)]));
    assert_eq!(hub.watchman.incidents()[0].standing, IncidentState::Resolved);
}

#[test]
fn a_hub_that_hears_nobody_says_nothing_of_anybody() {
    let folder = tempfile::tempdir().expect("a folder");
    let hub = hub(folder.path());
    hub.run(10 * MINUTE, |_| {});
    assert_eq!((hub.told(), hub.watchman.incidents()), (Vec::new(), Vec::new()));
}

#[test]
fn a_hub_that_was_stopped_raises_nothing_before_it_has_listened_again_and_then_what_is_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = hub(folder.path());
    let world = first.world.clone();
    drop(first);
    world.pass(60 * MINUTE);
    world.disconnect_all();
    let hub = Node::begin(folder.path(), &world, Role::Hub);
    hub.run(24 * SECOND, |world| heard(world, &["paris"]));
    assert_eq!(hub.told(), [], "it has not listened for long enough");
    hub.run(10 * SECOND, |world| heard(world, &["paris"]));
    assert!(matches!(hub.told()[..], [(Kind::Cut, _)]), "it was heard before the stop, and is not now");
}

#[test]
fn the_hub_judges_the_machines_that_have_no_relay_and_leaves_the_others_to_theirs() {
    let folder = tempfile::tempdir().expect("a folder");
    write_rule(folder.path(), "OvenHot", "oven_celsius > 200", "");
    let hub = hub(folder.path());
    hub.run(10 * SECOND, |world| {
        heard(world, &["lyon", "paris"]);
        world.measure("oven_celsius", 1, "lyon", 300.0);
        world.measure("oven_celsius", 50, "alone", 300.0);
    });
    let incidents = hub.watchman.incidents();
    assert_eq!(incidents.iter().map(|one| one.machine.clone()).collect::<Vec<_>>(), [Some("m50".to_owned())]);
}

#[test]
fn what_both_sides_of_a_cut_decided_is_on_both_afterwards_and_told_once() {
    let (site, everywhere) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    for folder in [&site, &everywhere] {
        write_rule(folder.path(), "OvenHot", "oven_celsius > 200", "");
    }
    let hub = hub(everywhere.path());
    let relay = Node::begin(site.path(), &hub.world, Role::Relay);
    let burns = |world: &World| {
        heard(world, &["lyon", "paris"]);
        (1..11).for_each(|node| world.hear(node, Role::Agent, "lyon"));
        world.measure("oven_celsius", 1, "lyon", 300.0);
    };
    relay.run(MINUTE, burns);
    assert_eq!(relay.told(), [(Kind::Firing, "OvenHot of m1".to_owned())], "the relay speaks while it is alone");
    relay.gives(&hub);
    hub.gives(&relay);
    assert_eq!(hub.told(), [], "its receivers have heard of it from the relay");
    let id = relay.watchman.incidents()[0].id.clone();
    hub.watchman.decide(&id, Decision::Acknowledge("at the hub".to_owned()), "ann").expect("it is open");
    relay.watchman.decide(&id, Decision::Acknowledge("at the site".to_owned()), "bob").expect("it is open");
    relay.gives(&hub);
    hub.gives(&relay);
    for node in [&relay, &hub] {
        let one = node.watchman.incident(&id).expect("both have it");
        let mut who: Vec<_> = one.acknowledgements.iter().map(|word| (&*word.by, &*word.at)).collect();
        who.sort_unstable();
        assert_eq!((who, one.standing), (vec![("ann", "hub-1"), ("bob", "relay-1")], IncidentState::Acknowledged));
    }
}

#[test]
fn a_relay_that_learns_that_its_site_was_cut_tells_nobody_of_it() {
    let (site, everywhere) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let hub = hub(everywhere.path());
    hub.run(30 * SECOND, |world| heard(world, &["paris"]));
    assert!(matches!(hub.told()[..], [(Kind::Cut, _)]));
    let relay = Node::relay(site.path());
    relay.run(MINUTE, |world| (1..11).for_each(|node| world.hear(node, Role::Agent, "lyon")));
    hub.gives(&relay);
    relay.run(10 * SECOND, |world| (1..11).for_each(|node| world.hear(node, Role::Agent, "lyon")));
    assert_eq!((relay.told(), relay.watchman.incidents().len()), (Vec::new(), 1), "it is shown and not told");
    assert_eq!(relay.watchman.incidents()[0].standing, IncidentState::Firing, "and it is the hub's to end");
}

/// The relay of `lyon` found that an oven burns, by a rule; the hub knows, by the same rule or by none. Then the relay is
/// off, and its machines are heard by another way.
fn taken_over(at_hub: bool, interval: &str) -> (Node, [tempfile::TempDir; 2]) {
    let (site, everywhere) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    write_rule(site.path(), "OvenHot", "oven_celsius > 200", "");
    if at_hub {
        write_rule(everywhere.path(), "OvenHot", "oven_celsius > 200", "");
        let file = everywhere.path().join("rules/OvenHot.yml");
        let text = std::fs::read_to_string(&file).expect("a file").replace("interval: 5s", interval);
        std::fs::write(file, text).expect("a file");
    }
    let hub = hub(everywhere.path());
    let relay = Node::begin(site.path(), &hub.world, Role::Relay);
    relay.run(MINUTE, |world| {
        (1..11).for_each(|node| world.hear(node, Role::Agent, "lyon"));
        world.measure("oven_celsius", 1, "lyon", 300.0);
    });
    assert_eq!(relay.incident("OvenHot of m1").standing, IncidentState::Firing);
    hub.run(4 * MINUTE, |world| heard(world, &["lyon", "paris"]));
    relay.gives(&hub);
    (hub, [site, everywhere])
}

fn relay_is_off(world: &World, heat: f64) {
    heard(world, &["paris"]);
    (1..11).for_each(|node| world.hear(node, Role::Agent, "lyon"));
    world.measure("oven_celsius", 1, "lyon", heat);
}

#[test]
fn a_hub_that_takes_a_place_over_ends_nothing_before_its_rule_was_worked_out_there() {
    let (hub, _folders) = taken_over(true, "interval: 5m");
    let mut standings = std::collections::BTreeSet::new();
    for _ in 0..10 {
        hub.run(MINUTE, |world| relay_is_off(world, 300.0));
        standings.insert(format!("{:?}", hub.incident("OvenHot of m1").standing));
    }
    assert_eq!(standings, ["Firing".to_owned()].into(), "it burns all the while");
    assert_eq!(hub.incident("OvenHot of m1").times, 1, "and never ended meanwhile");
    hub.run(15 * MINUTE, |world| relay_is_off(world, 20.0));
    assert_eq!(hub.incident("OvenHot of m1").standing, IncidentState::Resolved);
}

#[test]
fn a_hub_that_does_not_know_the_rule_of_a_place_it_takes_over_does_not_end_what_it_found() {
    let (hub, _folders) = taken_over(false, "");
    hub.run(10 * MINUTE, |world| relay_is_off(world, 300.0));
    assert_eq!(hub.incident("OvenHot of m1").standing, IncidentState::Firing);
}

#[test]
fn a_site_on_a_metered_line_is_cut_off_after_three_of_its_own_beats_and_not_between_two() {
    let folder = tempfile::tempdir().expect("a folder");
    let hub = hub(folder.path());
    let metered = |seconds: i64, is_heard: bool| {
        hub.run(seconds * SECOND, |world| {
            let s = world.at().boot_ms / SECOND;
            heard(world, if is_heard && s % 60 == 0 { &["lyon", "paris"] } else { &["paris"] });
            world.beats(RELAY_OF_LYON, 60_000);
        });
    };
    metered(20 * 60, true);
    assert_eq!((hub.told(), hub.watchman.incidents()), (Vec::new(), Vec::new()), "it is heard as often as it can be");
    metered(110, false);
    assert_eq!(hub.told(), [], "it may be heard again");
    metered(75, false);
    assert!(matches!(hub.told()[..], [(Kind::Cut, _)]), "three beats are missed");
}

#[test]
fn a_rule_across_sites_is_worked_out_at_the_hub_alone_and_ended_by_nobody_else() {
    let (site, everywhere) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let expr = "sum by (client, site) (oven_celsius) > 500";
    for folder in [&site, &everywhere] {
        write_rule(folder.path(), "ManyHot", expr, ", vigie_across: sites");
    }
    let hub = hub(everywhere.path());
    let relay = Node::begin(site.path(), &hub.world, Role::Relay);
    let ovens = |world: &World, heat: f64| {
        heard(world, &["lyon", "paris"]);
        (1..11).for_each(|node| world.hear(node, Role::Agent, "lyon"));
        (1..4).for_each(|node| world.measure("oven_celsius", node, "lyon", heat));
        (101..104).for_each(|node| world.measure("oven_celsius", node, "paris", 20.0));
    };
    hub.run(10 * SECOND, |world| ovens(world, 300.0));
    relay.run(3 * MINUTE, |world| ovens(world, 300.0));
    assert_eq!(relay.watchman.incidents(), [], "one site is not all of them");
    let found = hub.watchman.incidents();
    let place = |one: &vigie_serve::Incident| (one.rule.clone(), one.site.as_ref().map(ToString::to_string));
    assert_eq!(found.iter().map(place).collect::<Vec<_>>(), [("ManyHot".to_owned(), Some("lyon".to_owned()))]);
    hub.gives(&relay);
    relay.run(5 * MINUTE, |world| ovens(world, 300.0));
    assert_eq!(relay.watchman.incidents()[0].standing, IncidentState::Firing, "it is not the relay's to end");
    // It was not asked while the relay ran, and needs a moment as after a sleep.
    hub.run(2 * MINUTE, |world| ovens(world, 20.0));
    assert_eq!(hub.watchman.incidents()[0].standing, IncidentState::Resolved);
}

#[test]
fn what_is_pushed_to_the_hub_for_a_site_with_a_relay_is_judged_by_the_hub_and_what_the_relay_gets_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    write_rule(folder.path(), "OvenHot", "oven_celsius > 200", "");
    let hub = hub(folder.path());
    hub.run(10 * SECOND, |world| {
        heard(world, &["lyon", "paris"]);
        world.push("oven_celsius", "lyon", 300.0);
        world.push("oven_celsius", "alone", 300.0);
        world.measure("oven_celsius", 1, "lyon", 300.0);
    });
    let found = hub.watchman.incidents();
    let mut places: Vec<_> = found.iter().map(|one| one.site.as_ref().map(ToString::to_string)).collect();
    places.sort();
    assert_eq!(places, [Some("alone".to_owned()), Some("lyon".to_owned())], "each once: {found:?}");
    hub.run(10 * SECOND, |world| {
        heard(world, &["lyon", "paris"]);
        world.push("oven_celsius", "lyon", 20.0);
        world.push("oven_celsius", "alone", 20.0);
    });
    assert!(hub.watchman.incidents().iter().all(|one| one.standing == IncidentState::Resolved));
}
