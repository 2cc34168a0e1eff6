use vigie_query::InMemory;
use vigie_watch::{Flaps, Instance, dependencies, grouped, hidden};

use crate::{MINUTE, arc, heard, labels, mind};

#[test]
fn an_alert_that_comes_and_goes_flaps_until_it_is_calm() {
    let mut mind = mind("      - {alert: Hot, expr: temperature > 80}\n");
    let mut flaps = Flaps::new(4, 10 * MINUTE, 5 * MINUTE);
    let mut told = Vec::new();
    for turn in 0..8_i64 {
        let value = if turn % 2 == 0 { 90.0 } else { 70.0 };
        for transition in mind.evaluate(&heard("temperature", "a", turn * 30_000, value), turn * 30_000).transitions {
            told.push(flaps.note(&transition));
            assert_eq!(flaps.is_flapping(transition.fingerprint, turn * 30_000), told[told.len() - 1]);
        }
    }
    assert_eq!(told, [false, false, false, true, true, true, true, true]);
    let last = mind.evaluate(&heard("temperature", "a", 20 * MINUTE, 90.0), 20 * MINUTE);
    assert!(!flaps.note(&last.transitions[0]), "it was calm for long enough");
}

#[test]
fn a_cut_site_hides_its_machines_and_a_silent_machine_its_metrics() {
    let rules = "      - {alert: SiteCut, expr: vigie_site_up == 0, labels: {presence: site}}\n      \
                 - {alert: Silent, expr: vigie_machine_up == 0, labels: {presence: machine}}\n      \
                 - {alert: Hot, expr: temperature > 80}\n";
    let mut source = InMemory::default();
    for machine in ["a", "b"] {
        source.add(labels("temperature", machine), [(0, 90.0)]);
    }
    source.add(labels("vigie_machine_up", "a"), [(0, 0.0)]);
    let mut mind = mind(rules);
    mind.evaluate(&source, 0);
    assert_eq!(shown(&mind.instances().map(|(_, instance)| instance).collect::<Vec<_>>()), ["Hot b", "Silent a"]);
    let site = [("__name__", "vigie_site_up"), ("client", "acme"), ("site", "lyon")];
    source.add(vigie_query::LabelSet::new(site), [(10_000, 0.0)]);
    mind.evaluate(&source, 10_000);
    let all: Vec<_> = mind.instances().map(|(_, instance)| instance).collect();
    assert_eq!(shown(&all), ["SiteCut "]);
    let groups = grouped(all, &["alertname"]);
    assert_eq!(groups.values().map(Vec::len).collect::<Vec<_>>(), [2, 1, 1]);
    assert_eq!(
        *arc(groups.keys().next().expect("a group").clone()),
        vigie_query::LabelSet::new([("alertname", "Hot")])
    );
}

fn shown(instances: &[&Instance]) -> Vec<String> {
    let hidden = hidden(instances, &dependencies());
    let shown = instances.iter().filter(|instance| !hidden.contains_key(&instance.fingerprint));
    let mut names: Vec<_> = shown
        .map(|instance| format!("{} {}", instance.labels.get("alertname"), instance.labels.get("machine")))
        .collect();
    names.sort();
    names
}
