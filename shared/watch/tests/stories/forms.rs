use std::collections::BTreeSet;

use vigie_query::{InMemory, LabelSet};
use vigie_watch::{Comparison, Family, Form, Layer, Machine, Mind, Reading, Scope, Settings, Severity};

fn form(threshold: f64) -> Form {
    Form {
        metric: "system_memory_utilization_ratio".to_owned(),
        only: Vec::new(),
        reading: Reading::Last,
        comparison: Comparison::Above,
        threshold,
        clear: Some(threshold - 0.1),
        for_ms: 0,
        severity: Severity::Warning,
        annotations: Vec::new(),
    }
}

fn family() -> Family {
    let layer = |scope: Scope, form: Option<Form>| Layer { scope, form };
    let site = |site: &str| Scope::Site { client: "acme".to_owned(), site: site.to_owned() };
    Family {
        name: "Memory".to_owned(),
        layers: vec![
            layer(Scope::Everywhere, Some(form(0.9))),
            layer(Scope::Client("other".to_owned()), Some(form(0.5))),
            layer(site("lyon"), None),
            layer(Scope::Group("databases".to_owned()), Some(form(0.97))),
            layer(Scope::Tag("lab".to_owned()), None),
            layer(Scope::Machine("m2".to_owned()), Some(form(0.7))),
        ],
    }
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

#[test]
fn the_most_specific_rule_holds_for_a_machine_and_says_why() {
    let (family, machines) = (family(), machines());
    let told: Vec<String> =
        machines.iter().map(|machine| family.applied(machine).expect("a rule").to_string()).collect();
    let metric = "system_memory_utilization_ratio";
    assert_eq!(
        told,
        [
            format!("{metric} > 0.9, from everywhere"),
            "switched off, from site acme/lyon instead of everywhere".to_owned(),
            format!("{metric} > 0.7, from machine m2 instead of tag lab"),
            format!("{metric} > 0.97, from group databases instead of site acme/lyon"),
            format!("{metric} > 0.5, from client other instead of everywhere"),
            "switched off, from tag lab instead of group databases".to_owned(),
        ]
    );
}

#[test]
fn the_rules_in_promql_fire_for_just_the_machines_for_which_they_hold() {
    let (family, machines) = (family(), machines());
    let mut groups = family.groups(&machines);
    // Read again as a file, they are the same.
    let written = vigie_watch::write_rules(&groups);
    assert_eq!(vigie_watch::read_rules("x", &written, vigie_watch::Strictness::Prometheus3).as_ref(), Ok(&groups));
    groups.sort_by(|a, b| a.name.cmp(&b.name));
    for value in [0.4, 0.55, 0.75, 0.92, 0.99] {
        let mut source = InMemory::default();
        for Machine { client, site, id, .. } in &machines {
            let labels = [
                ("__name__", "system_memory_utilization_ratio"),
                ("client", client),
                ("site", site),
                ("machine_id", id),
            ];
            source.add(LabelSet::new(labels), [(0, value)]);
        }
        let mut mind = Mind::new(&groups, Settings::default()).expect("rules");
        mind.evaluate(&source, 0);
        let mut firing: Vec<String> =
            mind.instances().map(|(_, instance)| instance.labels.get("machine_id").to_owned()).collect();
        firing.sort();
        let holds = |machine: &&Machine| {
            family.applied(machine).and_then(|applied| applied.form).is_some_and(|form| value > form.threshold)
        };
        let wanted: Vec<String> = machines.iter().filter(holds).map(|machine| machine.id.clone()).collect();
        assert_eq!(firing, wanted, "{value}\n{written}");
    }
}

#[test]
fn a_form_is_written_as_a_person_would_write_it() {
    let rate = Form {
        metric: "errors_total".to_owned(),
        only: vec![("device".to_owned(), "sda\"1".to_owned())],
        reading: Reading::PerSecond(300_000),
        ..form(5.0)
    };
    let forecast =
        Form { reading: Reading::Forecast { over_ms: 21_600_000, ahead_ms: 345_600_000 }, clear: None, ..form(1.0) };
    let everywhere = |form: Form| Family {
        name: "F".to_owned(),
        layers: vec![Layer { scope: Scope::Everywhere, form: Some(form) }],
    };
    assert_eq!(everywhere(rate).groups(&[])[0].rules[0].expr, r#"rate(errors_total{device="sda\"1"}[5m]) > 5"#);
    let rule = &everywhere(forecast).groups(&[])[0].rules[0];
    assert_eq!(rule.expr, "predict_linear(system_memory_utilization_ratio[6h], 345600) > 1");
    assert_eq!(rule.clear_expr(), None);
}
