use vigie_query::{InMemory, Lack};
use vigie_watch::{Doubt, Phase};

use crate::{MINUTE, heard, lacking, mind, phases, steps};

#[test]
fn what_is_not_heard_because_its_site_is_cut_is_not_resolved_but_unverified() {
    let mut mind = mind("      - {alert: Hot, expr: temperature > 80}\n");
    mind.evaluate(&heard("temperature", "a", 0, 90.0), 0);
    let cut = lacking(InMemory::default(), "a", Lack::Cut { since_ms: 0 });
    let doubted = mind.evaluate(&cut, 10_000);
    assert_eq!(steps(&doubted), [(Phase::Firing, Phase::Firing)], "told once, as doubted");
    assert_eq!(doubted.transitions[0].doubt, Some(Doubt::Cut));
    for turn in 2..600 {
        assert!(mind.evaluate(&cut, turn * 10_000).transitions.is_empty());
    }
    assert_eq!(phases(&mind), [Phase::Firing]);
    let now = 100 * MINUTE;
    let back = mind.evaluate(&heard("temperature", "a", now, 90.0), now);
    assert_eq!(steps(&back), [(Phase::Firing, Phase::Firing)], "sure again, and not a new alert");
    assert_eq!(back.transitions[0].doubt, None);
    let well = mind.evaluate(&heard("temperature", "a", now + 10_000, 70.0), now + 10_000);
    assert_eq!(steps(&well), [(Phase::Firing, Phase::Inactive)], "only hearing resolves");
}

#[test]
fn another_machines_cut_does_not_keep_an_alert() {
    let mut mind = mind("      - {alert: Hot, expr: temperature > 80}\n");
    mind.evaluate(&heard("temperature", "a", 0, 90.0), 0);
    let other = lacking(heard("temperature", "a", 10_000, 20.0), "b", Lack::Cut { since_ms: 0 });
    assert_eq!(steps(&mind.evaluate(&other, 10_000)), [(Phase::Firing, Phase::Inactive)]);
}

#[test]
fn what_was_last_heard_before_a_cut_does_not_begin_to_fire_during_it() {
    let mut mind = mind("      - {alert: Hot, expr: temperature > 80, for: 1m}\n");
    mind.evaluate(&heard("temperature", "a", 0, 90.0), 0);
    for turn in 1..=20 {
        let old = lacking(heard("temperature", "a", 0, 90.0), "a", Lack::Cut { since_ms: 0 });
        mind.evaluate(&old, turn * 10_000);
        assert_eq!(phases(&mind), [Phase::Pending]);
    }
}

#[test]
fn that_a_machine_is_silent_is_told_although_it_is_silent() {
    let mut mind = mind("      - {alert: MachineSilent, expr: vigie_machine_up == 0}\n");
    let silent = || lacking(heard("vigie_machine_up", "a", 0, 0.0), "a", Lack::Silent { since_ms: 0 });
    let told = mind.evaluate(&silent(), 0);
    assert_eq!(steps(&told), [(Phase::Inactive, Phase::Firing)]);
    assert_eq!(told.transitions[0].doubt, None);
    assert_eq!(
        steps(&mind.evaluate(&heard("vigie_machine_up", "a", 10_000, 1.0), 10_000)),
        [(Phase::Firing, Phase::Inactive)]
    );
}

#[test]
fn a_sum_over_all_machines_is_doubted_when_any_is_missing() {
    let mut mind = mind("      - {alert: Sum, expr: sum(temperature) > 80}\n");
    mind.evaluate(&heard("temperature", "a", 0, 90.0), 0);
    let partial = lacking(heard("temperature", "b", 10_000, 10.0), "a", Lack::Cut { since_ms: 0 });
    let told = mind.evaluate(&partial, 10_000);
    assert_eq!((phases(&mind), told.transitions[0].doubt), (vec![Phase::Firing], Some(Doubt::Cut)));
}

#[test]
fn what_is_heard_to_be_well_is_well_although_older_samples_are_on_their_way() {
    let mut mind = mind("      - {alert: Hot, expr: temperature > 80}\n");
    let waiting = |source| lacking(source, "a", Lack::Waiting { ticks: 500 });
    mind.evaluate(&waiting(heard("temperature", "a", 0, 90.0)), 0);
    let unheard = mind.evaluate(&waiting(InMemory::default()), 10_000);
    assert_eq!((phases(&mind), unheard.transitions[0].doubt), (vec![Phase::Firing], Some(Doubt::Waiting)));
    let well = mind.evaluate(&waiting(heard("temperature", "a", 20_000, 20.0)), 20_000);
    assert_eq!(steps(&well), [(Phase::Firing, Phase::Inactive)]);
}
