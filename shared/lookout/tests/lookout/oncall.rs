//! Schedules that the hub says for its sites, the steps that use them, and what is shown of both.

use crate::common::{MINUTE, Node, write_rule};
use serde_json::{Value, json};
use vigie_model::Role;
use vigie_notify::Kind;
use vigie_serve::Incidents;

fn ask(node: &Node, request: Value) -> Result<Value, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let answer = runtime.block_on(vigie_lookout::answer(&node.watchman, &request)).expect("it is about schedules");
    answer.map_err(|failed| failed.text)
}

fn schedule(name: &str, first: &str) -> Value {
    let person = |name: &str| json!({ "name": name, "tell": [{ "channel": "hook", "to": format!("{name}-phone") }] });
    json!({ "name": name, "start": "2020-01-06", "days": 1, "turns": [first], "person": [person("marie"), person("paul")] })
}

fn apply(hub: &Node, place: Value, schedule: Value) -> Result<Value, String> {
    ask(hub, json!({ "ask": "oncall-apply", "place": place, "schedules": [schedule], "by": "ann" }))
}

fn say_route(hub: &Node) {
    let route = json!({ "name": "night", "channels": ["hook"], "wait_s": 0, "interval_s": 0, "repeat_s": 0,
        "group_by": ["machine", "rule"], "step": [{ "after_s": 300, "on_call": ["n1"] }] });
    let place = json!({ "client": "acme", "site": "lyon" });
    ask(hub, json!({ "ask": "routes-apply", "place": place, "routes": [route], "by": "ann" })).expect("it is taken");
}

#[test]
fn a_site_that_is_alone_tells_whoever_is_on_call_and_says_beforehand_whom() {
    let folder = tempfile::tempdir().expect("a folder");
    let (at_relay, at_hub) = (folder.path().join("relay"), folder.path().join("hub"));
    write_rule(&at_relay, "Oven", "oven_celsius > 200", "");
    let (relay, hub) = (Node::relay(&at_relay), Node::hub(&at_hub));
    let done = apply(&hub, json!({ "client": "acme" }), schedule("n1", "marie")).expect("it is taken");
    assert_eq!((&done["scope"], &done["changes"]), (&json!("acme"), &json!(["+ n1"])));
    say_route(&hub);
    hub.shows(&relay);
    let listed = ask(&relay, json!({ "ask": "oncall" })).expect("it is told");
    assert_eq!((&listed[0]["on_call"]["name"], &listed[0]["scope"]), (&json!("marie"), &json!("acme")), "{listed}");
    let burns = |world: &crate::common::World| {
        world.hear(1, Role::Agent, "lyon");
        world.measure("oven_celsius", 1, "lyon", 300.0);
    };
    relay.run(3 * MINUTE, burns);
    assert!(relay.told().iter().all(|(kind, _)| *kind == Kind::Firing));
    let id = relay.watchman.incidents().into_iter().find(|one| one.rule == "Oven").expect("it burns").id;
    let escalations = relay.watchman.incident(&id).expect("it is there").escalations;
    let next = &escalations[0];
    assert_eq!((next.route.as_str(), next.step, next.of, next.paused), ("night", 0, 1, false));
    assert_eq!(next.whom, ["marie"]);
    assert!(next.at.is_some());
    relay.run(6 * MINUTE, burns);
    assert_eq!(relay.told().iter().filter(|(kind, _)| *kind == Kind::Escalated).count(), 1);
    let sent = relay.desk.sent().expect("it reads");
    assert_eq!(sent.iter().filter(|one| one.to == "marie-phone" && one.kind == Kind::Escalated).count(), 1, "{sent:?}");
    // Once somebody knows nobody is next.
    relay.watchman.decide(&id, vigie_serve::Decision::Acknowledge(String::new()), "marc").expect("decided");
    relay.run(MINUTE, burns);
    assert_eq!(relay.told(), []);
    assert!(relay.watchman.incident(&id).expect("it is there").escalations.is_empty());
}

fn relay_now(relay: &Node) -> vigie_model::Now {
    relay.world.at().now()
}

#[test]
fn a_route_names_the_schedule_of_its_own_place_before_a_wider_one_and_never_anothers() {
    let folder = tempfile::tempdir().expect("a folder");
    let hub = Node::hub(folder.path());
    apply(&hub, json!({}), schedule("n1", "paul")).expect("everybody's");
    apply(&hub, json!({ "client": "bron" }), schedule("n1", "paul")).expect("another client's");
    apply(&hub, json!({ "client": "acme" }), schedule("n1", "marie")).expect("the client's own");
    let names: Vec<Value> = ask(&hub, json!({ "ask": "oncall" })).expect("told").as_array().cloned().expect("a list");
    assert_eq!(names.len(), 3);
    let none = ask(
        &hub,
        json!({ "ask": "oncall-remove", "place": { "client": "acme", "site": "lyon" }, "name": "n1", "by": "ann" }),
    );
    assert!(none.expect_err("nobody said one there").contains("no schedule of that name"));
    let gone = ask(&hub, json!({ "ask": "oncall-remove", "place": { "client": "acme" }, "name": "n1", "by": "ann" }));
    assert_eq!(gone.expect("it was there")["changes"], json!(["- n1"]));
    assert_eq!(ask(&hub, json!({ "ask": "oncall" })).expect("told").as_array().map(Vec::len), Some(2));
}

#[test]
fn somebody_stands_in_from_a_moment_on_and_no_longer_than_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let hub = Node::hub(folder.path());
    apply(&hub, json!({}), schedule("n1", "marie")).expect("it is taken");
    let now = relay_now(&hub).utc.0;
    let stand_in = |who: &str, from: i64, to: i64| {
        ask(
            &hub,
            json!({ "ask": "oncall-stand-in", "place": {}, "name": "n1", "who": who, "from_ms": from, "to_ms": to,
            "by": "ann" }),
        )
    };
    assert_eq!(stand_in("paul", now - 1_000, now + 3_600_000).expect("it is taken")["changes"], json!(["~ n1"]));
    let listed = ask(&hub, json!({ "ask": "oncall" })).expect("told");
    assert_eq!((&listed[0]["on_call"]["name"], &listed[0]["on_call"]["stands_in"]), (&json!("paul"), &json!(true)));
    assert_eq!(listed[0]["next"]["name"], "marie");
    for (who, from, to, word) in [("zoe", now, now + 1_000, "none of its people"), ("paul", now, now, "no time")] {
        assert!(stand_in(who, from, to).expect_err(word).contains(word));
    }
}

#[test]
fn a_wrong_schedule_is_refused_and_a_relay_says_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let (relay, hub) = (Node::relay(&folder.path().join("relay")), Node::hub(&folder.path().join("hub")));
    for (field, value, word) in [
        ("turns", json!(["zoe"]), "zoe"),
        ("colour", json!("red"), "colour"),
        ("name", json!("a b"), "letters, digits"),
    ] {
        let mut wrong = schedule("n1", "marie");
        wrong[field] = value;
        let why = apply(&hub, json!({}), wrong).expect_err(field);
        assert!(why.contains(word) && why.contains("nothing was changed"), "{why}");
    }
    assert!(apply(&relay, json!({}), schedule("n1", "marie")).expect_err("a relay").contains("are said at the hub"));
}
