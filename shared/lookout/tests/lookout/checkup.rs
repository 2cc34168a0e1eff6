//! Does a doctor find what keeps people from hearing of what is wrong?

use std::sync::Arc;

use crate::common::{MINUTE, Node, SECOND, write_rule};
use vigie_lookout::findings;
use vigie_model::Role;
use vigie_notify::{Outcome, Text, Whose};

const HOUR: i64 = 60 * MINUTE;

/// What is not in order.
fn bad(node: &Node) -> Vec<String> {
    let found = findings(&node.watchman.checkup());
    found.iter().filter(|one| !one.is_good()).map(|one| one.said().to_owned()).collect()
}

fn relay_that_burns(folder: &std::path::Path) -> Node {
    write_rule(folder, "OvenHot", "oven_celsius > 200", "");
    let relay = Node::relay(folder);
    for heat in [20.0, 300.0] {
        relay.run(MINUTE, |world| {
            world.hear(1, Role::Agent, "lyon");
            world.measure("oven_celsius", 1, "lyon", heat);
        });
    }
    relay
}

#[test]
fn a_rule_file_that_is_wrong_is_found_until_it_is_mended() {
    let folder = tempfile::tempdir().expect("a folder");
    write_rule(folder.path(), "Odd", "oven_celsius >", "");
    let relay = Node::relay(folder.path());
    relay.run(20 * SECOND, |_| {});
    let [said] = &bad(&relay)[..] else { panic!("{:?}", bad(&relay)) };
    assert!(said.starts_with("left out: ") && said.contains("Odd.yml"), "{said}");
    write_rule(folder.path(), "Odd", "oven_celsius > 200", "");
    relay.run(20 * SECOND, |_| {});
    assert_eq!(bad(&relay), [""; 0]);
}

#[test]
fn what_was_given_up_is_found_until_something_arrives_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let relay = relay_that_burns(folder.path());
    let now = relay.world.at().now();
    let [letter] = &relay.desk.due(now).letters[..] else { panic!("one letter") };
    relay.desk.settle(letter.id(), Outcome::Never(Text::new("404 not found")), now, 0).expect("it is written down");
    assert_eq!(bad(&relay), ["hook: 1 messages given up, the last for: 404 not found"]);
    // Wherever the clock is set meanwhile.
    relay.world.set_clock(-HOUR);
    relay.run(MINUTE, |world| {
        world.hear(1, Role::Agent, "lyon");
        world.measure("oven_celsius", 1, "lyon", 20.0);
    });
    assert_eq!(relay.told().len(), 1, "that it is over arrives");
    assert_eq!(bad(&relay), [""; 0]);
}

#[test]
fn a_message_that_waits_for_more_than_an_hour_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let relay = relay_that_burns(folder.path());
    let now = relay.world.at().now();
    let [letter] = &relay.desk.due(now).letters[..] else { panic!("one letter") };
    let later = Outcome::Later { why: Text::new("no answer"), whose: Whose::Channel, after_ms: None };
    relay.desk.settle(letter.id(), later, now, 0).expect("it is written down");
    relay.world.pass(59 * MINUTE - SECOND);
    assert_eq!(bad(&relay), [""; 0]);
    relay.world.pass(HOUR);
    let [said] = &bad(&relay)[..] else { panic!("{:?}", bad(&relay)) };
    assert!(said.starts_with("hook: 1 messages wait, the oldest for "), "{said}");
}

#[test]
fn a_relay_says_that_its_routes_speak_when_it_is_cut_off_and_a_hub_that_its_own_do() {
    let (site, all) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let said = |node: &Node| node.watchman.checkup()["speaks"].as_str().unwrap_or_default().to_owned();
    let relay = said(&Node::relay(site.path()));
    assert!(
        relay.starts_with("while the hub is in reach the hub's routes speak, whether it has any or not"),
        "{relay}"
    );
    assert!(said(&Node::hub(all.path())).starts_with("the hub's routes speak while it hears a site"));
    let other = tempfile::tempdir().expect("a folder");
    let always =
        Node::begin_routed(other.path(), &Default::default(), Role::Relay, "always = true\n", |rows| Arc::new(rows));
    assert_eq!(always.watchman.checkup()["always"], serde_json::json!(["r"]));
    assert!(said(&always).starts_with("this relay's routes always speak"), "{}", said(&always));
}
