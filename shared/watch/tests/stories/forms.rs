use std::collections::BTreeSet;

use vigie_query::{InMemory, LabelSet};
use vigie_watch::{
    Comparison, Family, Form, FormError, Group, Layer, Machine, Mind, Reading, Scope, Settings, Severity, Tuning,
    default_rules,
};

const METRIC: &str = "system_memory_utilization_ratio";

fn above(threshold: f64) -> Tuning {
    Tuning { threshold: Some(threshold), ..Tuning::default() }
}

fn off() -> Tuning {
    Tuning { on: Some(false), ..Tuning::default() }
}

fn site(site: &str) -> Scope {
    Scope::Site { client: "acme".to_owned(), site: site.to_owned() }
}

fn layer(scope: Scope, tuning: Tuning) -> Layer {
    Layer { scope, tuning }
}

/// Somebody's own rule, said in wide places and in narrow ones.
fn family() -> Family {
    let everywhere = Tuning { metric: Some(METRIC.to_owned()), comparison: Some(Comparison::Above), ..above(0.9) };
    Family {
        name: "Memory".to_owned(),
        written: None,
        layers: vec![
            layer(Scope::Everywhere, everywhere),
            layer(Scope::Client("other".to_owned()), above(0.5)),
            layer(site("lyon"), off()),
            layer(Scope::Group("databases".to_owned()), Tuning { on: Some(true), ..above(0.97) }),
            layer(Scope::Tag("lab".to_owned()), off()),
            layer(Scope::Machine("m2".to_owned()), Tuning { on: Some(true), ..above(0.7) }),
        ],
    }
}

/// A rule of the defaults, with what is said of it.
fn of_defaults(name: &str, layers: Vec<Layer>) -> Family {
    let groups = default_rules().into_iter();
    let mut found = groups.filter_map(|group| {
        let rule = group.rules.iter().find(|rule| rule.name == name)?.clone();
        Some(Group { rules: vec![rule], ..group })
    });
    Family { name: name.to_owned(), written: found.next(), layers }
}

fn machines() -> Vec<Machine> {
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let machine = |id: &str, client: &str, site: &str, tags: &[&str], groups: &[&str]| Machine {
        client: client.to_owned(),
        site: site.to_owned(),
        id: id.to_owned(),
        tags: set(tags),
        groups: set(groups),
    };
    vec![
        machine("m0", "acme", "paris", &[], &[]),
        machine("m1", "acme", "lyon", &[], &[]),
        machine("m2", "acme", "lyon", &["lab"], &[]),
        machine("m3", "acme", "lyon", &[], &["databases"]),
        machine("m4", "other", "lyon", &[], &[]),
        machine("m5", "acme", "paris", &["lab"], &["databases"]),
    ]
}

fn groups(family: &Family, machines: &[Machine]) -> (Vec<Group>, Vec<FormError>) {
    let (spread, faults) = family.groups(machines);
    (spread.into_iter().map(|one| one.group).collect(), faults)
}

/// For whom the rules of a family fire when their series has a value.
fn firing(family: &Family, machines: &[Machine], metric: &str, value: f64) -> Vec<String> {
    let (groups, faults) = groups(family, machines);
    assert_eq!(faults, []);
    // Read again as a file, they are the same.
    let written = vigie_watch::write_rules(&groups);
    assert_eq!(vigie_watch::read_rules("x", &written, vigie_watch::Strictness::Prometheus3).as_ref(), Ok(&groups));
    let mut source = InMemory::default();
    for Machine { client, site, id, .. } in machines {
        let labels = [("__name__", metric), ("client", client), ("site", site), ("machine_id", id)];
        source.add(LabelSet::new(labels), [(0, value)]);
    }
    let mut mind = Mind::new(&groups, Settings::default()).expect("rules");
    mind.evaluate(&source, 0);
    let mut found: Vec<String> =
        mind.instances().map(|(_, instance)| instance.labels.get("machine_id").to_owned()).collect();
    found.sort();
    found
}

#[test]
fn each_value_comes_from_the_most_specific_place_that_says_it_and_says_so() {
    let (family, machines) = (family(), machines());
    let told = |machine: &Machine, name: &str| {
        let applied = family.applied(machine).expect("a rule");
        applied.values.iter().find(|value| value.name == name).map(ToString::to_string).unwrap_or_default()
    };
    let thresholds: Vec<String> = machines.iter().map(|machine| told(machine, "threshold")).collect();
    assert_eq!(
        thresholds,
        [
            "threshold 0.9, from everywhere",
            "threshold 0.9, from everywhere",
            "threshold 0.7, from machine m2 instead of 0.9 from everywhere",
            "threshold 0.97, from group databases instead of 0.9 from everywhere",
            "threshold 0.5, from client other instead of 0.9 from everywhere",
            "threshold 0.97, from group databases instead of 0.9 from everywhere",
        ]
    );
    assert_eq!(told(&machines[1], "on"), "on no, from site acme/lyon");
    assert_eq!(told(&machines[5], "on"), "on no, from tag lab instead of yes from group databases");
    assert_eq!(told(&machines[2], "metric"), format!("metric {METRIC}, from everywhere"));
}

#[test]
fn the_rules_in_promql_fire_for_just_the_machines_for_which_they_hold() {
    let (family, machines) = (family(), machines());
    for value in [0.4, 0.55, 0.75, 0.92, 0.99] {
        let holds = |machine: &&Machine| {
            let rule = family.applied(machine).and_then(|applied| applied.rule.expect("it makes a rule"));
            rule.is_some_and(|rule| value > rule.expr.rsplit(' ').next().expect("a number").parse().expect("a number"))
        };
        let wanted: Vec<String> = machines.iter().filter(holds).map(|machine| machine.id.clone()).collect();
        assert_eq!(firing(&family, &machines, METRIC, value), wanted, "{value}");
    }
}

#[test]
fn what_is_told_of_what_others_push_names_no_machine() {
    let hot = Tuning { metric: Some("oven_celsius".to_owned()), comparison: Some(Comparison::Above), ..above(120.0) };
    let family = Family { name: "Oven".to_owned(), written: None, layers: vec![layer(Scope::Everywhere, hot)] };
    let (groups, faults) = groups(&family, &machines());
    assert_eq!(faults, []);
    for (labels, english, french) in [
        (vec![], "Oven: oven_celsius is 130", "Oven\u{a0}: oven_celsius vaut 130"),
        (
            vec![("machine", "till-1")],
            "Oven of till-1: oven_celsius is 130",
            "Oven de till-1\u{a0}: oven_celsius vaut 130",
        ),
    ] {
        let mut source = InMemory::default();
        source.add(LabelSet::new([("__name__", "oven_celsius")].into_iter().chain(labels)), [(0, 130.0)]);
        let mut mind = Mind::new(&groups, Settings::default()).expect("rules");
        mind.evaluate(&source, 0);
        let (_, instance) = mind.instances().next().expect("it fires");
        let told = |name| instance.annotations.iter().find(|(own, _)| own == name).map(|(_, text)| text.as_str());
        assert_eq!((told("summary"), told("summary_fr")), (Some(english), Some(french)));
    }
}

#[test]
fn a_rule_of_the_defaults_takes_another_threshold_at_a_site_and_stays_as_it_was_elsewhere() {
    let metric = "system_cpu_utilization_ratio";
    let family = of_defaults("CpuBusy", vec![layer(site("lyon"), Tuning { for_ms: Some(0), ..above(0.8) })]);
    let machines = machines();
    assert_eq!(firing(&family, &machines, metric, 0.9), ["m1", "m2", "m3"], "lyon of another client is not meant");
    assert_eq!(firing(&family, &machines, metric, 0.96).len(), machines.len());
    let (groups, _) = groups(&family, &machines);
    let names: Vec<&str> = groups.iter().map(|group| group.name.as_str()).collect();
    assert_eq!(names, ["CpuBusy (site acme/lyon)", "machine"], "what is elsewhere keeps its name, and so its alerts");
    assert!(groups[0].rules[0].clear_expr().is_some_and(|clear| clear.ends_with("< 0.7")), "it keeps its distance");
    assert!(groups[1].rules[0].clear_expr().is_some_and(|clear| clear.ends_with("< 0.85")));
    let lyon = family.applied(&machines[1]).expect("a rule");
    let told: Vec<String> = lyon.values.iter().map(ToString::to_string).collect();
    assert!(told.contains(&"threshold 0.8, from site acme/lyon instead of 0.95 from the rule as written".to_owned()));
    assert!(told.contains(&"clear 0.7, from the rule as written".to_owned()), "{told:?}");
}

#[test]
fn a_rule_that_compares_with_nothing_can_be_switched_off_for_a_machine() {
    let family = of_defaults("MachineSilent", vec![layer(Scope::Machine("m1".to_owned()), off())]);
    assert_eq!(firing(&family, &machines(), "vigie_machine_up", 0.0), ["m0", "m2", "m3", "m4", "m5"]);
    let tuned = of_defaults("MachineSilent", vec![layer(Scope::Everywhere, above(2.0))]);
    assert_eq!(tuned.check(&Scope::Everywhere, &[]), Err(FormError::Fixed("MachineSilent".to_owned())));
}

#[test]
fn every_rule_of_the_defaults_can_be_confined_to_a_site() {
    for group in default_rules() {
        for rule in &group.rules {
            let family =
                of_defaults(&rule.name, vec![layer(site("lyon"), Tuning { for_ms: Some(1), ..Tuning::default() })]);
            let (groups, faults) = groups(&family, &machines());
            assert!(faults.is_empty() && groups.len() == 2, "{}: {faults:?}", rule.name);
            Mind::new(&groups, Settings::default()).expect("what was confined is still PromQL");
            let selectors = groups[0].rules[0].expr.matches("client=\"acme\"").count();
            let read = rule.expr.matches("system_").count()
                + rule.expr.matches("vigie_").count()
                + rule.expr.matches("hw_").count();
            assert!(selectors > 0 && selectors <= read, "{}", groups[0].rules[0].expr);
        }
    }
}

#[test]
fn what_makes_no_rule_is_told_and_the_rule_as_written_holds_there() {
    let none = Family { name: "X".to_owned(), written: None, layers: vec![layer(Scope::Everywhere, above(1.0))] };
    assert_eq!(none.check(&Scope::Everywhere, &[]), Err(FormError::NoMetric("X".to_owned())));
    assert_eq!(groups(&none, &machines()), (Vec::new(), vec![FormError::NoMetric("X".to_owned())]));
    let below = Tuning { comparison: Some(Comparison::Below), ..above(0.5) };
    let wrong = of_defaults("CpuBusy", vec![layer(site("lyon"), below)]);
    assert!(matches!(wrong.check(&site("lyon"), &[]), Err(FormError::OtherWay(..))));
    let (groups, faults) = groups(&wrong, &machines());
    assert_eq!((groups.len(), faults.len()), (2, 1));
    assert!(groups.iter().all(|group| group.rules[0].expr.ends_with("> 0.95")));
    let clear = Tuning { clear: Some(0.99), ..above(0.9) };
    let never = of_defaults("CpuBusy", vec![layer(Scope::Everywhere, clear)]);
    assert!(matches!(never.check(&Scope::Everywhere, &[]), Err(FormError::Clear(..))));
}

#[test]
fn a_form_is_written_as_a_person_would_write_it() {
    let form = |metric: &str, reading, clear| Form {
        metric: metric.to_owned(),
        only: Vec::new(),
        reading,
        comparison: Comparison::Above,
        threshold: 5.0,
        clear,
        for_ms: 0,
        severity: Severity::Warning,
        annotations: Vec::new(),
    };
    let rate = Form {
        only: vec![("device".to_owned(), "sda\"1".to_owned())],
        ..form("errors_total", Reading::PerSecond(300_000), Some(4.0))
    };
    let forecast = Reading::Forecast { over_ms: 21_600_000, ahead_ms: 345_600_000 };
    let rule = rate.rule("F");
    assert_eq!(rule.expr, r#"rate(errors_total{device="sda\"1"}[5m]) > 5"#);
    assert_eq!(rule.clear_expr(), Some(r#"rate(errors_total{device="sda\"1"}[5m]) <= 4"#));
    let rule = form(METRIC, forecast, None).rule("F");
    assert_eq!(rule.expr, format!("predict_linear({METRIC}[6h], 345600) > 5"));
    assert_eq!(rule.clear_expr(), None);
}
