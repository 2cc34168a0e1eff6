//! What people say of rules at hub and site, and what comes of it on both.

use std::sync::Arc;

use crate::common::{MINUTE, Node, World, slug};
use serde_json::{Value, json};
use vigie_lookout::RowBook;
use vigie_merge::{Key, Kind, Many, Scope};
use vigie_model::Role;
use vigie_serve::{Incidents, RuleSource, RuleWish, Undecided};

const OVEN: &str = "groups:
  - name: oven
    interval: 5s
    rules:
      - alert: OvenHot
        expr: oven_celsius > 200
        labels: {severity: critical}
        annotations: {summary: 'oven of {{ $labels.machine }}'}
";

const CPU: &str = "system_cpu_utilization_ratio";

/// Asks a node as the command line does.
pub(crate) fn ask(node: &Node, request: Value) -> Result<Value, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let answer = runtime.block_on(vigie_lookout::answer(&node.watchman, &request)).expect("it is about rules");
    answer.map_err(|failed| failed.text)
}

fn apply(node: &Node, place: Value, text: &str) -> Result<Value, String> {
    ask(node, json!({ "ask": "rules-apply", "place": place, "name": "shop.yml", "text": text, "by": "ann" }))
}

fn lyon(name: &str) -> RuleWish {
    let (client, site) = (Some(slug("acme")), Some(slug("lyon")));
    RuleWish { name: name.to_owned(), client, site, ..RuleWish::default() }
}

/// A site's relay with one machine, and the hub, which hears the relay.
fn both(folder: &tempfile::TempDir) -> (Node, Node) {
    let (relay, hub) = (Node::relay(&folder.path().join("relay")), Node::hub(&folder.path().join("hub")));
    relay.world.hear(1, Role::Agent, "lyon");
    relay.run(3_000, |_| {});
    (relay, hub)
}

/// Lets a minute pass with a series at this value.
fn measured(node: &Node, name: &str, value: f64) {
    node.run(MINUTE, |world: &World| {
        world.hear(1, Role::Agent, "lyon");
        world.measure(name, 1, "lyon", value);
    });
}

fn open(node: &Node) -> Vec<String> {
    let incidents = node.watchman.incidents();
    let open = incidents.iter().filter(|one| one.standing != vigie_serve::IncidentState::Resolved);
    open.map(|one| one.rule.clone()).collect()
}

#[test]
fn a_rule_that_is_applied_at_the_hub_is_evaluated_at_the_site_that_it_is_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let (relay, hub) = both(&folder);
    let done = apply(&hub, json!({ "client": "acme", "site": "lyon" }), OVEN).expect("it is taken");
    assert_eq!((&done["scope"], &done["changes"]), (&json!("acme/lyon"), &json!(["+ oven/OvenHot"])));
    hub.gives(&relay);
    measured(&relay, "oven_celsius", 300.0);
    assert_eq!(open(&relay), ["OvenHot"]);
    let group = relay.watchman.rules().into_iter().find(|group| group.file == "shop.yml").expect("it is there");
    assert_eq!((group.origin.source, group.origin.by.as_deref()), (RuleSource::Hub, Some("ann")));
    assert_eq!(group.rules[0].expr, r#"oven_celsius{client="acme",site="lyon"} > 200"#);
    // Applied again without it, it is gone on both, and its alert with it.
    let none = OVEN.replace("OvenHot", "OvenWarm");
    let done = apply(&hub, json!({ "client": "acme", "site": "lyon" }), &none).expect("it is taken");
    assert_eq!(done["changes"], json!(["- oven/OvenHot", "+ oven/OvenWarm"]));
    hub.gives(&relay);
    measured(&relay, "oven_celsius", 100.0);
    assert_eq!(open(&relay), Vec::<String>::new());
    let history = ask(&hub, json!({ "ask": "rules-history", "name": "OvenHot" })).expect("it is told");
    let words: Vec<&str> = history.as_array().into_iter().flatten().filter_map(|one| one["what"].as_str()).collect();
    assert_eq!(words, ["removed", "added"]);
}

#[test]
fn a_wrong_rule_is_refused_with_its_line_and_nothing_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let hub = Node::hub(folder.path());
    let wrong = OVEN.replace("oven_celsius > 200", "'oven_celsius >'");
    let why = apply(&hub, json!({}), &wrong).expect_err("it is no PromQL");
    assert!(why.contains("shop.yml:6") && why.contains("nothing was changed"), "{why}");
    let long = OVEN.replace("oven of", &"o".repeat(4_000));
    let why = apply(&hub, json!({}), &long).expect_err("it fits no row");
    assert!(why.contains("shop.yml:5: oven/OvenHot takes") && why.contains("at most"), "{why}");
    let place = json!({ "site": "nowhere" });
    assert!(apply(&hub, place, OVEN).expect_err("nobody is there").contains("no site of that name"));
    assert_eq!(hub.rows.scan_all(&[Kind::Rule, Kind::Audit]).expect("rows"), []);
}

#[test]
fn a_relay_says_what_is_different_at_its_own_site_and_at_no_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let (relay, hub) = both(&folder);
    let wish = RuleWish { above: Some(vigie_serve::Quantity::Text("50%".to_owned())), ..lyon("CpuBusy") };
    let wish = RuleWish { hold: Some("0s".to_owned()), ..wish };
    let levels = relay.watchman.tune(&wish, "marc").expect("it is its own site");
    assert_eq!((levels.levels[0].scope.as_str(), levels.levels[0].at.as_str()), ("acme/lyon", "relay-1"));
    let paris = RuleWish { site: Some(slug("paris")), ..wish.clone() };
    assert!(matches!(relay.watchman.tune(&paris, "marc"), Err(Undecided::Senseless(_))));
    measured(&relay, CPU, 0.6);
    assert_eq!(open(&relay), ["CpuBusy"]);
    let levels = relay.watchman.levels("CpuBusy", Some("m1")).expect("something is said");
    let machine = levels.machine.expect("it is there");
    let wanted = "threshold 0.5, from site acme/lyon instead of 0.95 from the rule as written";
    assert!(machine.values.iter().any(|value| value == wanted), "{machine:?}");
    // It is known at the hub as said there.
    relay.gives(&hub);
    hub.run(2_000, |_| {});
    let group = hub.watchman.rules().into_iter().find(|group| group.file == "forms").expect("it is there");
    assert_eq!((group.origin.source, group.origin.by.as_deref()), (RuleSource::Site, Some("marc")));
    // Taken back, the rule is as it was: 60 % is well.
    relay.watchman.untune(&lyon("CpuBusy"), "marc").expect("it was said");
    // Whoever has listened for less than two minutes is not sure that what is not found is over.
    measured(&relay, CPU, 0.6);
    measured(&relay, CPU, 0.6);
    assert_eq!(open(&relay), Vec::<String>::new());
    assert!(matches!(relay.watchman.untune(&lyon("CpuBusy"), "marc"), Err(Undecided::NotHere(_))));
}

#[test]
fn what_both_sides_say_during_a_cut_stands_side_by_side_until_somebody_says_it_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let (relay, hub) = both(&folder);
    let above = |number: f64| RuleWish { above: Some(vigie_serve::Quantity::Number(number)), ..lyon("CpuBusy") };
    hub.watchman.tune(&above(0.9), "ann").expect("it is taken");
    relay.watchman.tune(&above(0.8), "marc").expect("it is taken");
    hub.gives(&relay);
    relay.gives(&hub);
    for node in [&hub, &relay] {
        node.run(2_000, |_| {});
        let found = ask(node, json!({ "ask": "rules-versions", "name": "CpuBusy" })).expect("it is told");
        let says: Vec<&str> =
            found[0]["versions"].as_array().into_iter().flatten().filter_map(|one| one["says"].as_str()).collect();
        assert_eq!(says.len(), 2, "{found}");
        assert!(says.iter().any(|says| says.contains("0.9")) && says.iter().any(|says| says.contains("0.8")));
    }
    let effective = |node: &Node| {
        let groups = node.watchman.rules();
        groups.iter().find(|group| group.file == "forms").map(|group| group.rules[0].expr.clone()).expect("a rule")
    };
    assert_eq!(effective(&hub), effective(&relay), "both evaluate the same of the two");
    hub.watchman.tune(&above(0.85), "ann").expect("both versions were seen");
    hub.gives(&relay);
    relay.run(2_000, |_| {});
    assert_eq!(ask(&relay, json!({ "ask": "rules-versions", "name": "" })).expect("it is told"), json!([]));
    assert!(effective(&relay).ends_with("> 0.85"));
}

#[test]
fn a_rule_for_a_tag_holds_for_the_machines_that_have_it_while_they_have_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let (relay, _) = both(&folder);
    let wish = RuleWish {
        tag: Some(slug("lab")),
        above: Some(vigie_serve::Quantity::Number(0.1)),
        hold: Some("0s".to_owned()),
        ..lyon("CpuBusy")
    };
    relay.watchman.tune(&wish, "marc").expect("it is taken");
    measured(&relay, CPU, 0.5);
    assert_eq!(open(&relay), Vec::<String>::new(), "no machine has the tag");
    let tag = json!({ "ask": "tag", "machine": "m1", "client": null, "site": null, "name": "lab", "group": false,
        "remove": false });
    let list = ask(&relay, tag).expect("it is taken");
    assert_eq!(list[0]["tags"], json!(["lab"]));
    measured(&relay, CPU, 0.5);
    assert_eq!(open(&relay), ["CpuBusy"]);
}

#[test]
fn what_a_newer_version_wrote_is_shown_and_kept_and_not_written_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let (relay, _) = both(&folder);
    relay.watchman.tune(&RuleWish { on: Some(false), ..lyon("CpuBusy") }, "marc").expect("it is taken");
    let found = relay.rows.scan(&Scope::Site(slug("acme"), slug("lyon")), &Kind::Rule).expect("rows");
    let key: Key = found[0].0.clone();
    let seen = match &found[0].1 {
        vigie_merge::Row::Many(many) => many.context(),
        other => panic!("{other:?}"),
    };
    relay.rows.edit_blocking(|pen| pen.many(&key, &seen, Some(vec![9, 1, 2, 3]))).expect("it is written");
    let rows: &dyn RowBook = &relay.rows;
    relay.watchman.arrived(&rows.some(std::slice::from_ref(&key)).expect("a row"));
    relay.run(2_000, |_| {});
    let said = ask(&relay, json!({ "ask": "rules" })).expect("it is told");
    let faults = said["faults"].to_string();
    assert!(faults.contains("newer version (shape 9)") && faults.contains(&key.to_string()), "{faults}");
    let again = relay.watchman.tune(&RuleWish { on: Some(true), ..lyon("CpuBusy") }, "marc");
    assert!(matches!(&again, Err(Undecided::Senseless(why)) if why.contains("newer version")), "{again:?}");
    let kept = relay.rows.get(&key).expect("a row").expect("it is there");
    assert!(matches!(kept, vigie_merge::Row::Many(many) if many != Many::new()));
}

#[test]
fn what_was_pending_goes_on_after_a_restart_also_by_rules_that_people_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let world: Arc<World> = Arc::default();
    world.hear(1, Role::Agent, "lyon");
    let wish =
        RuleWish { above: Some(vigie_serve::Quantity::Number(0.5)), hold: Some("2m".to_owned()), ..lyon("CpuBusy") };
    let relay = Node::begin(folder.path(), &world, Role::Relay);
    relay.run(2_000, |_| {});
    relay.watchman.tune(&wish, "marc").expect("it is taken");
    measured(&relay, CPU, 0.6);
    measured(&relay, CPU, 0.6);
    assert_eq!(open(&relay), Vec::<String>::new(), "not for long enough yet");
    drop(relay);
    let relay = Node::begin(folder.path(), &world, Role::Relay);
    // What was pending is written down once a minute: half of the two minutes at least are done.
    relay.run(80_000, |world| {
        world.hear(1, Role::Agent, "lyon");
        world.measure(CPU, 1, "lyon", 0.6);
    });
    assert_eq!(open(&relay), ["CpuBusy"]);
}
