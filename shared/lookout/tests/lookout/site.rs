//! What does a relay make of its own site?

use crate::common::{MINUTE, Node, SECOND, World, write_rule};
use vigie_model::Role;
use vigie_notify::Kind;
use vigie_serve::{Decision, IncidentState, Incidents, MuteKind, MuteWish, Reached, Stamp, Undecided};

/// The oven of machine 1 at `lyon` is this hot, and it is heard.
fn oven(world: &World, heat: f64) {
    world.hear(1, Role::Agent, "lyon");
    world.measure("oven_celsius", 1, "lyon", heat);
}

fn relay_with_an_oven(folder: &std::path::Path) -> Node {
    write_rule(folder, "OvenHot", "oven_celsius > 200", "");
    let relay = Node::relay(folder);
    relay.run(MINUTE, |world| oven(world, 20.0));
    assert_eq!((relay.told(), relay.watchman.incidents()), (Vec::new(), Vec::new()), "all is well");
    relay
}

#[test]
fn a_fire_is_an_incident_within_seconds_and_told_once_and_its_end_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let relay = relay_with_an_oven(folder.path());
    relay.run(6 * SECOND, |world| oven(world, 300.0));
    let [incident] = &relay.watchman.incidents()[..] else { panic!("{:?}", relay.watchman.incidents()) };
    assert_eq!((incident.standing, &*incident.summary), (IncidentState::Firing, "OvenHot of m1"));
    assert_eq!((incident.site.clone(), incident.times), (Some(crate::common::slug("lyon")), 1));
    assert_eq!(incident.reached, Reached::Site, "there is no hub that has it");
    assert_eq!(relay.told(), [(Kind::Firing, "OvenHot of m1".to_owned())]);
    relay.run(MINUTE, |world| oven(world, 300.0));
    assert_eq!(relay.told(), [], "nobody is told twice");
    relay.run(6 * SECOND, |world| oven(world, 20.0));
    assert_eq!(relay.told(), [(Kind::Resolved, "OvenHot of m1".to_owned())]);
    assert_eq!(relay.watchman.incidents()[0].standing, IncidentState::Resolved);
}

#[test]
fn what_burns_again_after_it_was_told_to_be_over_is_the_same_incident_and_told_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let relay = relay_with_an_oven(folder.path());
    for _ in 0..2 {
        relay.run(6 * SECOND, |world| oven(world, 300.0));
        assert_eq!(relay.told(), [(Kind::Firing, "OvenHot of m1".to_owned())]);
        relay.run(MINUTE, |world| oven(world, 20.0));
        assert_eq!(relay.told(), [(Kind::Resolved, "OvenHot of m1".to_owned())]);
    }
    let incidents = relay.watchman.incidents();
    assert_eq!((incidents.len(), incidents[0].times), (1, 2));
}

#[test]
fn after_a_restart_what_burns_goes_on_and_is_not_told_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let relay = relay_with_an_oven(folder.path());
    relay.run(6 * SECOND, |world| oven(world, 300.0));
    assert_eq!(relay.told().len(), 1);
    let (world, before) = (relay.world.clone(), relay.watchman.incidents());
    drop(relay);
    world.pass(20 * SECOND);
    let relay = Node::begin(folder.path(), &world, Role::Relay);
    // Its machines need a moment to come back: nothing ends meanwhile.
    relay.run(20 * SECOND, |_| {});
    relay.run(MINUTE, |world| oven(world, 300.0));
    let after = relay.watchman.incidents();
    assert_eq!((after.len(), &after[0].id, after[0].standing), (1, &before[0].id, IncidentState::Firing));
    assert_eq!(relay.told(), [], "it was told before");
    relay.run(6 * SECOND, |world| oven(world, 20.0));
    assert_eq!(relay.watchman.incidents()[0].standing, IncidentState::Resolved);
}

#[test]
fn who_knows_takes_care_says_something_snoozes_and_closes_is_written_with_their_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let relay = relay_with_an_oven(folder.path());
    relay.run(6 * SECOND, |world| oven(world, 300.0));
    let id = relay.watchman.incidents()[0].id.clone();
    let decide = |decision| relay.watchman.decide(&id, decision, "ann").expect("it is open");
    let known = decide(Decision::Acknowledge("on my way".to_owned()));
    assert_eq!(known.standing, IncidentState::Acknowledged);
    let word = &known.acknowledgements[0];
    assert_eq!((&*word.by, &*word.at, &*word.text), ("ann", "relay-1", "on my way"));
    assert_eq!(decide(Decision::Assign("bob".to_owned())).assignments[0].text, "bob");
    assert_eq!(decide(Decision::Comment("smoke".to_owned())).comments[0].text, "smoke");
    let later = Stamp(vigie_model::UtcMs(relay.world.at().utc.0 + MINUTE));
    assert_eq!(decide(Decision::Snooze(later)).standing, IncidentState::Snoozed);
    assert_eq!(decide(Decision::Wake).standing, IncidentState::Acknowledged);
    assert_eq!(decide(Decision::Resolve("put out".to_owned())).standing, IncidentState::Resolved);
    relay.run(30 * SECOND, |world| oven(world, 300.0));
    assert_eq!(relay.watchman.incidents()[0].standing, IncidentState::Resolved, "their word holds for an hour");
    let over = relay.watchman.decide(&id, Decision::Acknowledge(String::new()), "ann");
    assert!(matches!(over, Err(Undecided::Senseless(_))), "{over:?}");
    let none = relay.watchman.decide("01JD0000000000000000000000", Decision::Wake, "ann");
    assert_eq!(none.map(|_| ()), Err(Undecided::NotHere("such incident")));
}

#[test]
fn maintenance_says_what_it_mutes_mutes_it_ends_by_itself_and_spares_what_must_not_be_slept_through() {
    let folder = tempfile::tempdir().expect("a folder");
    write_rule(folder.path(), "Burns", "oven_celsius > 250", ", vigie_awake: 'yes'");
    let relay = relay_with_an_oven(folder.path());
    let now = relay.world.at().utc.0;
    let wish = MuteWish {
        kind: MuteKind::Maintenance,
        client: Some(crate::common::slug("acme")),
        site: Some(crate::common::slug("lyon")),
        labels: [("machine".to_owned(), "m1".to_owned())].into(),
        from_ms: None,
        until_ms: now + 5 * MINUTE,
        every: None,
        why: "new door".to_owned(),
    };
    let preview = relay.watchman.preview(&wish).expect("it makes sense");
    assert_eq!(preview.machines, ["m1"]);
    let awake = |rule: &str| preview.awake.iter().any(|one| one == rule);
    assert!(awake("Burns") && awake("DiskFull") && !awake("OvenHot"), "{preview:?}");
    let mute = relay.watchman.mute(&wish, "ann").expect("it is kept");
    assert!(mute.active && mute.by == "ann", "{mute:?}");
    relay.run(6 * SECOND, |world| oven(world, 220.0));
    assert_eq!(relay.told(), [], "it is muted");
    assert_eq!(relay.watchman.incidents()[0].muted_by, std::slice::from_ref(&mute.id));
    relay.run(6 * SECOND, |world| oven(world, 300.0));
    assert_eq!(relay.told(), [(Kind::Firing, "Burns of m1".to_owned())], "this is never slept through");
    relay.run(5 * MINUTE, |world| oven(world, 300.0));
    assert_eq!(relay.told(), [(Kind::Firing, "OvenHot of m1".to_owned())], "what is still wrong is told then");
    assert!(!relay.watchman.mutes()[0].active);
    let past = relay.watchman.end_mute(&mute.id, "ann");
    assert!(matches!(past, Err(Undecided::Senseless(_))), "{past:?}");
}

#[test]
fn a_machine_that_answers_no_more_is_told_within_30_seconds_and_one_that_said_goodbye_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let relay = Node::relay(folder.path());
    let both = |world: &World| [1, 2].into_iter().for_each(|node| world.hear(node, Role::Agent, "lyon"));
    relay.run(MINUTE, both);
    relay.run(29 * SECOND, |world| world.hear(2, Role::Agent, "lyon"));
    assert_eq!(relay.told(), [(Kind::Firing, "m1 does not answer".to_owned())]);
    assert_eq!(relay.watchman.incidents().len(), 1);
    relay.run(5 * SECOND, both);
    assert_eq!(relay.told(), [(Kind::Resolved, "m1 does not answer".to_owned())]);
    relay.world.goodbye(2);
    relay.run(5 * MINUTE, |world| world.hear(1, Role::Agent, "lyon"));
    assert_eq!(relay.told(), [], "it said that it would be away");
}

#[test]
fn a_relay_that_slept_claims_nothing_before_it_has_listened() {
    let folder = tempfile::tempdir().expect("a folder");
    let relay = Node::relay(folder.path());
    relay.run(MINUTE, |world| world.hear(1, Role::Agent, "lyon"));
    relay.world.pass(8 * 60 * MINUTE);
    relay.run(20 * SECOND, |_| {});
    assert_eq!(relay.told(), []);
    relay.run(MINUTE, |world| world.hear(1, Role::Agent, "lyon"));
    assert_eq!((relay.told(), relay.watchman.incidents()), (Vec::new(), Vec::new()));
}

#[test]
fn rules_come_and_go_with_their_files_and_what_a_rule_found_ends_with_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let relay = relay_with_an_oven(folder.path());
    relay.run(6 * SECOND, |world| oven(world, 300.0));
    assert_eq!(relay.told().len(), 1);
    let rules = |relay: &Node| relay.watchman.rules().iter().map(|group| group.rules.len()).sum::<usize>();
    let defaults: usize = vigie_watch::default_rules().iter().map(|group| group.rules.len()).sum();
    assert_eq!(rules(&relay), defaults + 1, "the defaults and this one");
    std::fs::remove_file(folder.path().join("rules/OvenHot.yml")).expect("it was there");
    std::fs::write(folder.path().join("rules/wrong.yml"), "groups: 7").expect("a file");
    relay.run(12 * SECOND, |world| oven(world, 300.0));
    assert_eq!((rules(&relay), relay.watchman.incidents()[0].standing), (defaults, IncidentState::Resolved));
}
