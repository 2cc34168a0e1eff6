use vigie_query::InMemory;
use vigie_watch::{Mind, Phase, Settings};

use crate::{MINUTE, groups, heard, mind, phases, steps};

const HOT: &str = "      - {alert: Hot, expr: temperature > 80, for: 5m}\n";

#[test]
fn an_alert_is_told_when_it_has_held_for_long_enough_and_never_twice() {
    let mut mind = mind(HOT);
    let mut told = Vec::new();
    for turn in 0..60 {
        let now = turn * 10_000;
        told.extend(
            steps(&mind.evaluate(&heard("temperature", "a", now, 90.0), now)).into_iter().map(|step| (now, step)),
        );
    }
    let begun = (0, (Phase::Inactive, Phase::Pending));
    assert_eq!(told, [begun, (5 * MINUTE, (Phase::Pending, Phase::Firing))]);
    let end = 600_000;
    let resolved = mind.evaluate(&heard("temperature", "a", end, 70.0), end);
    assert_eq!(steps(&resolved), [(Phase::Firing, Phase::Inactive)]);
    assert!(phases(&mind).is_empty());
}

#[test]
fn a_rule_is_worked_out_when_it_is_due_and_once_after_a_pause() {
    let mut mind = mind(HOT);
    assert_eq!(mind.next_due_ms(), None);
    mind.evaluate(&heard("temperature", "a", 0, 90.0), 0);
    assert_eq!(mind.next_due_ms(), Some(10_000));
    assert!(mind.evaluate(&heard("temperature", "a", 5_000, 10.0), 5_000).transitions.is_empty(), "it is not due");
    assert_eq!(phases(&mind), [Phase::Pending]);
    mind.evaluate(&heard("temperature", "a", MINUTE, 90.0), MINUTE);
    assert_eq!(mind.next_due_ms(), Some(MINUTE + 10_000));
}

#[test]
fn a_node_that_slept_does_not_count_the_night_as_held() {
    let mut mind = mind(HOT);
    mind.evaluate(&heard("temperature", "a", 0, 90.0), 0);
    let morning = 8 * 60 * MINUTE;
    assert!(steps(&mind.evaluate(&heard("temperature", "a", morning, 90.0), morning)).is_empty(), "it still waits");
    for turn in 1..29 {
        let now = morning + turn * 10_000;
        assert!(steps(&mind.evaluate(&heard("temperature", "a", now, 90.0), now)).is_empty());
    }
    let now = morning + 290_000;
    assert_eq!(steps(&mind.evaluate(&heard("temperature", "a", now, 90.0), now)), [(Phase::Pending, Phase::Firing)]);
}

#[test]
fn a_clock_that_is_set_back_neither_hurries_nor_stops_an_alert() {
    let mut mind = mind(HOT);
    let day = 1_440 * MINUTE;
    for turn in 0..=12 {
        mind.evaluate(&heard("temperature", "a", day + turn * 10_000, 90.0), day + turn * 10_000);
    }
    let mut fired = Vec::new();
    for turn in 0..30 {
        let now = day - 60 * MINUTE + turn * 10_000;
        if !steps(&mind.evaluate(&heard("temperature", "a", now, 90.0), now)).is_empty() {
            fired.push(turn);
        }
    }
    assert_eq!(fired, [18], "two of five minutes had passed before");
}

#[test]
fn nothing_resolves_on_waking_before_there_was_time_to_hear() {
    let mut mind = mind("      - {alert: Hot, expr: temperature > 80}\n");
    mind.evaluate(&heard("temperature", "a", 0, 90.0), 0);
    let morning = 480 * MINUTE;
    let woken = mind.evaluate(&InMemory::default(), morning);
    assert_eq!(woken.transitions.len(), 1, "only that it is in doubt");
    assert!(woken.transitions[0].doubt.is_some());
    assert_eq!(phases(&mind), [Phase::Firing]);
    for turn in 1..9 {
        mind.evaluate(&InMemory::default(), morning + turn * 10_000);
        assert_eq!(phases(&mind), [Phase::Firing]);
    }
    assert_eq!(steps(&mind.evaluate(&InMemory::default(), morning + 90_000)), [(Phase::Firing, Phase::Inactive)]);
}

#[test]
fn a_restart_neither_tells_again_nor_forgets() {
    let rules = "      - {alert: Hot, expr: temperature > 80, for: 1m}\n";
    let mut before = mind(rules);
    for turn in 0..=6 {
        before.evaluate(&heard("temperature", "a", turn * 10_000, 90.0), turn * 10_000);
    }
    assert_eq!(phases(&before), [Phase::Firing]);
    let saved = before.saved();
    let mut after = mind(rules);
    assert!(after.restore(saved, 3 * MINUTE).is_empty());
    let first = after.evaluate(&heard("temperature", "a", 3 * MINUTE, 91.0), 3 * MINUTE);
    assert!(first.transitions.is_empty(), "it fires as before");
    let (_, instance) = after.instances().next().expect("the alert");
    assert_eq!((instance.phase, instance.fired_at_ms, instance.value), (Phase::Firing, Some(MINUTE), 91.0));
}

#[test]
fn after_a_restart_a_long_wait_goes_on_where_the_series_says_it_was() {
    let rules = "      - {alert: Hot, expr: temperature > 80, for: 1h}\n";
    let mut source = heard("temperature", "a", 30 * MINUTE, 90.0);
    let mut before = mind(rules);
    before.evaluate(&source, 30 * MINUTE);
    for output in before.evaluate(&source, 31 * MINUTE).outputs {
        source.add((*output.labels).clone(), [(output.at_ms, output.value)]);
    }
    let mut after = mind(rules);
    let now = 34 * MINUTE;
    after.evaluate(&source, now);
    after.restore_from_series(&source, now).expect("a source in memory");
    let (_, instance) = after.instances().next().expect("the alert");
    // The first minute counts half: after a minute without an evaluation the node was asleep.
    assert_eq!(instance.active_at_ms, now - 10_000, "ten seconds of its hour are done");
}

#[test]
fn rules_that_are_changed_keep_the_alerts_of_those_that_stay() {
    let mut old = mind("      - {alert: Hot, expr: temperature > 80}\n      - {alert: Gone, expr: temperature > 70}\n");
    old.evaluate(&heard("temperature", "a", 0, 90.0), 0);
    let new = mind("      - {alert: New, expr: temperature > 80}\n      - {alert: Hot, expr: temperature > 85}\n");
    let (mut new, ended) = old.replaced_by(new, 10_000);
    assert_eq!(ended.iter().map(|ended| &*ended.rule.rule).collect::<Vec<_>>(), ["Gone"]);
    let told = new.evaluate(&heard("temperature", "a", 10_000, 90.0), 10_000);
    assert_eq!(told.transitions.iter().map(|told| &*told.rule.rule).collect::<Vec<_>>(), ["New"]);
}

#[test]
fn an_alert_with_hysteresis_clears_where_its_second_threshold_says() {
    let mut mind = mind("      - {alert: Full, expr: used > 90, annotations: {vigie_clear: used < 80}}\n");
    let mut step =
        |turn: i64, value: f64| steps(&mind.evaluate(&heard("used", "a", turn * 10_000, value), turn * 10_000));
    assert_eq!(step(0, 91.0), [(Phase::Inactive, Phase::Firing)]);
    assert!(step(1, 85.0).is_empty(), "between the two it stays");
    assert!(step(2, 80.0).is_empty());
    assert_eq!(step(3, 79.0), [(Phase::Firing, Phase::Inactive)]);
    assert!(step(4, 85.0).is_empty(), "and between the two it does not begin");
    assert_eq!(step(5, 95.0), [(Phase::Inactive, Phase::Firing)]);
    let gone = mind.evaluate(&InMemory::default(), 60_000);
    assert_eq!(steps(&gone), [(Phase::Firing, Phase::Inactive)], "a disk that was taken out does not stay full");
}

#[test]
fn a_rule_that_can_not_be_worked_out_leaves_its_alerts_as_they_were() {
    let mut mind = mind("      - {alert: Hot, expr: temperature > on(site) limit}\n");
    let mut source = heard("temperature", "a", 0, 90.0);
    source.add(crate::labels("limit", "l"), [(0, 80.0)]);
    assert_eq!(steps(&mind.evaluate(&source, 0)), [(Phase::Inactive, Phase::Firing)]);
    source.add(crate::labels("limit", "m"), [(0, 80.0)]);
    let failed = mind.evaluate(&source, 10_000);
    assert_eq!((failed.failures.len(), failed.transitions.len()), (1, 0));
    assert_eq!(phases(&mind), [Phase::Firing]);
}

#[test]
fn what_a_rule_writes_is_read_by_the_next_and_ends_with_a_mark() {
    let rules =
        "      - {record: 'hot:count', expr: count(temperature > 80)}\n      - {alert: Many, expr: 'hot:count > 0'}\n";
    let mut mind = mind(rules);
    let first = mind.evaluate(&heard("temperature", "a", 0, 90.0), 0);
    assert_eq!(steps(&first), [(Phase::Inactive, Phase::Firing)]);
    assert_eq!(first.outputs.len(), 3, "the count, ALERTS and ALERTS_FOR_STATE");
    let second = mind.evaluate(&heard("temperature", "a", 10_000, 70.0), 10_000);
    assert_eq!(second.outputs.len(), 3);
    assert!(second.outputs.iter().all(|output| output.value.to_bits() == 0x7ff0_0000_0000_0002), "all of them end");
}

#[test]
fn a_group_may_look_back_and_give_labels_to_its_rules() {
    let text = "groups:\n  - name: g\n    query_offset: 1m\n    labels: {team: ops, severity: info}\n    rules:\n      \
                - {alert: Hot, expr: temperature > 80, labels: {severity: critical}}\n";
    let groups = vigie_watch::read_rules("r", text, vigie_watch::Strictness::Prometheus3).expect("rules");
    let mut mind = Mind::new(&groups, Settings::default()).expect("rules");
    assert!(mind.evaluate(&heard("temperature", "a", 5 * MINUTE, 90.0), 5 * MINUTE).transitions.is_empty());
    let told = mind.evaluate(&heard("temperature", "a", 5 * MINUTE, 90.0), 6 * MINUTE);
    let labels = &told.transitions[0].labels;
    assert_eq!((labels.get("team"), labels.get("severity")), ("ops", "critical"));
    assert_eq!(told.outputs[0].at_ms, 5 * MINUTE);
}

#[test]
fn what_was_retired_is_ended_at_once() {
    let mut mind = Mind::new(&groups(HOT), Settings::default()).expect("rules");
    mind.evaluate(&heard("temperature", "a", 0, 90.0), 0);
    let ended = mind.forget(1_000, |instance| instance.labels.get("machine_id") == "a");
    assert_eq!(ended.len(), 1);
    assert_eq!(ended[0].to, Phase::Inactive);
}
