//! Routes that the hub says for its sites, by channels that each node knows, or not.

use crate::common::{MINUTE, Node, write_rule};
use serde_json::{Value, json};
use vigie_model::Role;

/// Asks a node as the command line does.
fn ask(node: &Node, request: Value) -> Result<Value, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let answer = runtime.block_on(vigie_lookout::answer(&node.watchman, &request)).expect("it is about routes");
    answer.map_err(|failed| failed.text)
}

fn apply(node: &Node, route: Value) -> Result<Value, String> {
    let place = json!({ "client": "acme", "site": "lyon" });
    ask(node, json!({ "ask": "routes-apply", "place": place, "routes": [route], "by": "ann" }))
}

fn night(channels: &[&str]) -> Value {
    json!({ "name": "night", "channels": channels, "wait_s": 0, "interval_s": 0, "repeat_s": 0,
        "group_by": ["machine", "rule"] })
}

/// A hub's rows as a session would bring them to a relay.
fn bring(hub: &Node, relay: &Node) {
    hub.shows(relay);
}

#[test]
fn a_route_of_the_hub_tells_at_the_site_by_the_channels_that_are_known_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let (at_relay, at_hub) = (folder.path().join("relay"), folder.path().join("hub"));
    write_rule(&at_relay, "Oven", "oven_celsius > 200", "");
    let (relay, hub) = (Node::relay(&at_relay), Node::hub(&at_hub));
    let done = apply(&hub, night(&["hook", "pager"])).expect("it is taken");
    assert_eq!((&done["scope"], &done["changes"]), (&json!("acme/lyon"), &json!(["+ night"])));
    assert_eq!(apply(&hub, night(&["hook", "pager"])).expect("it is the same")["changes"], json!([]));
    bring(&hub, &relay);
    let listed = ask(&relay, json!({ "ask": "routes" })).expect("it is told");
    let night_there = &listed["routes"][1];
    assert_eq!((&night_there["name"], &night_there["used"]), (&json!("night"), &json!(true)), "{listed}");
    assert_eq!(night_there["unknown_channels"], json!(["pager"]));
    relay.run(2 * MINUTE, |world| {
        world.hear(1, Role::Agent, "lyon");
        world.measure("oven_celsius", 1, "lyon", 300.0);
    });
    let told = relay.told();
    assert_eq!(told.len(), 2, "by the route of its own file, and by the hub's: {told:?}");
    // Taken back, it tells no more.
    let place = json!({ "client": "acme", "site": "lyon" });
    ask(&hub, json!({ "ask": "routes-remove", "place": place, "name": "night", "by": "ann" })).expect("it was there");
    bring(&hub, &relay);
    assert_eq!(relay.desk.routes().1, [("r".to_owned(), false)]);
}

#[test]
fn a_route_that_comes_while_something_is_wrong_tells_of_it_once_and_the_others_not_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let (at_relay, at_hub) = (folder.path().join("relay"), folder.path().join("hub"));
    write_rule(&at_relay, "Oven", "oven_celsius > 200", "");
    let (relay, hub) = (Node::relay(&at_relay), Node::hub(&at_hub));
    let burns = |world: &crate::common::World| {
        world.hear(1, Role::Agent, "lyon");
        world.measure("oven_celsius", 1, "lyon", 300.0);
    };
    relay.run(2 * MINUTE, burns);
    assert_eq!(relay.told().len(), 1, "by the route of its own file");
    apply(&hub, night(&["hook"])).expect("it is taken");
    bring(&hub, &relay);
    relay.run(2 * MINUTE, burns);
    assert_eq!(relay.told().len(), 1, "by the new one");
    bring(&hub, &relay);
    relay.run(2 * MINUTE, burns);
    assert_eq!(relay.told(), []);
}

#[test]
fn a_route_whose_channels_nobody_knows_here_is_shown_as_such_and_tells_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    let (relay, hub) = (Node::relay(&folder.path().join("relay")), Node::hub(&folder.path().join("hub")));
    apply(&hub, night(&["pager"])).expect("it is taken: the hub need not know the channels of its sites");
    bring(&hub, &relay);
    let listed = ask(&relay, json!({ "ask": "routes" })).expect("it is told");
    let why = listed["routes"][1]["why"].as_str().unwrap_or_default();
    assert!(why.contains("none of its channels is configured here (pager): relay.toml"), "{listed}");
    assert_eq!(relay.desk.routes().1.len(), 1);
}

#[test]
fn a_wrong_route_is_refused_and_a_relay_says_none_for_others() {
    let folder = tempfile::tempdir().expect("a folder");
    let (relay, hub) = (Node::relay(&folder.path().join("relay")), Node::hub(&folder.path().join("hub")));
    for (field, value, word) in [
        ("zone", json!("Mars/North"), "Mars/North"),
        ("channels", json!([]), "no channel"),
        ("secret", json!("x"), "secret"),
        ("name", json!("a b"), "letters, digits"),
    ] {
        let mut route = night(&["hook"]);
        route[field] = value;
        let why = apply(&hub, route).expect_err(field);
        assert!(why.contains(word) && why.contains("nothing was changed"), "{why}");
    }
    let why = apply(&relay, night(&["hook"])).expect_err("it is a relay");
    assert!(why.contains("are said at the hub"), "{why}");
}
