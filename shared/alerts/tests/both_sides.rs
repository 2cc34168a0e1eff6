//! Is nothing lost of what both sides of a cut did to an alert?

use std::collections::{BTreeMap, BTreeSet};

use vigie_alerts::{
    Book, Decision, Edit, EditError, Heard, Judge, MAX_PAST, Part, Place, Said, Spell, Standing, Thing, Verdict, erased,
};
use vigie_merge::{Actor, Hlc, Key, Marker, Row, Scope, Ulid};
use vigie_model::{NodeId, Severity, UtcMs};

const T0_MS: i64 = 1_790_000_000_000;

fn at(seconds: i64) -> UtcMs {
    UtcMs(T0_MS + seconds * 1_000)
}

/// A node's rows and its book of them: what a store does, in memory.
#[derive(Debug, Clone)]
struct Side {
    name: &'static str,
    actor: Actor,
    rows: BTreeMap<Key, Row>,
    book: Book,
    stamped: u64,
}

impl Side {
    fn new(name: &'static str, number: u16) -> Self {
        Self { name, actor: Actor::of(number, 1), rows: BTreeMap::new(), book: Book::new(), stamped: 0 }
    }

    fn judge(&self) -> Judge {
        Judge {
            node: NodeId::from_bytes([u8::try_from(self.actor.number()).unwrap_or(0); 16]),
            name: self.name.to_owned(),
        }
    }

    fn apply(&mut self, edits: Vec<Edit>, now: UtcMs) -> Result<(), EditError> {
        let mut changed = Vec::new();
        for edit in edits {
            self.stamped += 1;
            let marker = Marker { hlc: Hlc::of_utc(now).plus_ms(self.stamped), actor: self.actor };
            let key = edit.key.clone();
            changed.push((key.clone(), edit.onto(self.rows.get(&key).cloned(), marker)?));
        }
        for (key, row) in changed {
            self.book.take(&key, &row, now);
            self.rows.insert(key, row);
        }
        Ok(())
    }

    fn judged(&mut self, verdict: Verdict, now: UtcMs) {
        let heard = heard(verdict, now);
        let edits = self.book.judged(&heard, &self.judge(), [7; 10]).expect("short names");
        self.apply(edits, now).expect("the judge has seen its own rows");
    }

    fn decides(&mut self, by: &str, what: Decision, now: UtcMs) {
        let id = self.only().place.id;
        let edits = self.book.decided(id, &Said::new(what, by, self.name, now)).expect("it can be decided");
        self.apply(edits, now).expect("nothing changed meanwhile");
    }

    fn only(&self) -> &vigie_alerts::Alert {
        let mut alerts = self.book.alerts();
        let first = alerts.next().expect("there is an alert");
        assert!(alerts.next().is_none(), "there is but one");
        first
    }

    fn learns_from(&mut self, other: &Self, now: UtcMs) {
        for (key, theirs) in &other.rows {
            let row = match self.rows.remove(key) {
                None => theirs.clone(),
                Some(mut ours) => {
                    ours.merge(theirs.clone()).expect("one type under one key");
                    ours
                }
            };
            self.book.take(key, &row, now);
            self.rows.insert(key.clone(), row);
        }
    }
}

fn meet(one: &mut Side, other: &mut Side, now: UtcMs) {
    let before = one.clone();
    one.learns_from(other, now);
    other.learns_from(&before, now);
    assert_eq!(one.rows, other.rows, "one exchange is enough");
}

fn lyon() -> Scope {
    Scope::Site("acme".parse().expect("a name"), "lyon".parse().expect("a name"))
}

fn heard(verdict: Verdict, at: UtcMs) -> Heard {
    let text = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    Heard {
        scope: lyon(),
        thing: Thing([3; 16]),
        rule: "DiskFull".to_owned(),
        severity: Severity::Critical,
        labels: BTreeMap::from([text("machine", "till-3"), text("mountpoint", "/var")]),
        annotations: BTreeMap::from([text("summary", "/var of till-3 is full")]),
        value: 0.97,
        doubt: None,
        verdict,
        at,
    }
}

/// A site and its hub that both know of one alert, just before they lose sight of each other.
fn cut_with_one_alert() -> (Side, Side) {
    let (mut hub, mut site) = (Side::new("hub", 1), Side::new("relay-lyon", 2));
    site.judged(Verdict::Wrong, at(0));
    meet(&mut hub, &mut site, at(1));
    (hub, site)
}

#[test]
fn two_who_acknowledge_on_both_sides_of_a_cut_are_both_shown_until_one_decides_again() {
    let (mut hub, mut site) = cut_with_one_alert();
    assert_eq!(hub.only().standing(at(2)), Standing::Firing);
    hub.decides("Petit", Decision::Acknowledge("on my way".to_owned()), at(60));
    site.decides("Roux", Decision::Acknowledge(String::new()), at(70));
    site.decides("Roux", Decision::Comment(Ulid::new(at(75), [1; 10]), "it smells of smoke".to_owned()), at(75));
    meet(&mut hub, &mut site, at(600));
    for side in [&hub, &site] {
        let alert = side.only();
        let by: Vec<_> = alert.acknowledgements().map(|(said, _)| (said.by.as_str(), said.at.as_str())).collect();
        assert_eq!(by, [("Roux", "relay-lyon"), ("Petit", "hub")], "both, the later one first");
        assert_eq!(alert.standing(at(601)), Standing::Acknowledged);
        assert_eq!(alert.comments().map(|(_, said, _)| said.what.as_str()).collect::<Vec<_>>(), ["it smells of smoke"]);
        let rows: BTreeSet<Key> = alert.parts().map(|part| alert.place.key(part).expect("short names")).collect();
        assert_eq!(rows, side.rows.keys().cloned().collect(), "its parts are the rows that are here");
    }
    let learnt = hub.only().comments().map(|(_, said, learnt)| (said.happened, learnt)).next();
    assert_eq!(learnt, Some((at(75), at(600))), "when it happened and when the hub learnt it are two things");
    hub.decides("Petit", Decision::Unacknowledge, at(700));
    meet(&mut hub, &mut site, at(701));
    assert_eq!(site.only().standing(at(702)), Standing::Firing);
}

#[test]
fn what_was_raised_again_without_the_closer_knowing_stays_open_and_shows_both_versions() {
    let (mut hub, mut site) = cut_with_one_alert();
    hub.decides("Petit", Decision::Close("cleaned up".to_owned()), at(100));
    assert_eq!(hub.only().standing(at(101)), Standing::Resolved);
    // At the site it went away by itself, and came back.
    site.judged(Verdict::Right, at(90));
    site.judged(Verdict::Wrong, at(120));
    meet(&mut hub, &mut site, at(600));
    for side in [&hub, &site] {
        assert_eq!(side.only().standing(at(601)), Standing::Firing);
        assert!(side.only().is_contradicted());
        assert_eq!(
            side.only().closings().map(|(said, why)| (said.by.as_str(), why)).next(),
            Some(("Petit", "cleaned up"))
        );
    }
    hub.decides("Petit", Decision::Close("now it is".to_owned()), at(610));
    meet(&mut hub, &mut site, at(611));
    assert_eq!(site.only().standing(at(612)), Standing::Resolved);
}

#[test]
fn a_closed_alert_that_its_rule_still_sees_is_quiet_for_an_hour_and_then_speaks_again() {
    let (mut hub, mut site) = cut_with_one_alert();
    hub.decides("Petit", Decision::Close(String::new()), at(100));
    meet(&mut hub, &mut site, at(101));
    for minute in 2..61 {
        site.judged(Verdict::Wrong, at(minute * 60));
        assert_eq!(site.only().standing(at(minute * 60)), Standing::Resolved, "after {minute} min");
    }
    site.judged(Verdict::Wrong, at(100 + 3_600));
    meet(&mut hub, &mut site, at(3_701));
    assert_eq!(hub.only().standing(at(3_702)), Standing::Firing);
    assert!(!hub.only().is_contradicted(), "its judge knew that it had been closed");
}

#[test]
fn a_row_of_one_scope_about_anothers_thing_keeps_nothing_from_being_raised_and_gets_nothing_of_it() {
    let mut hub = Side::new("hub", 1);
    let theirs = Scope::Site("bron".parse().expect("a name"), "ecole".parse().expect("a name"));
    let forged = Heard { scope: theirs.clone(), rule: "Forged".to_owned(), ..heard(Verdict::Wrong, at(0)) };
    let edits = hub.book.judged(&forged, &Side::new("relay-ecole", 3).judge(), [9; 10]).expect("short names");
    hub.apply(edits, at(0)).expect("a row of its own scope");
    let before = hub.rows.clone();

    hub.judged(Verdict::Wrong, at(10));
    let raised = hub.book.of_thing(&lyon(), Thing([3; 16])).expect("it is raised at its own place");
    assert!(raised.is_open() && raised.place.scope == lyon());
    assert_eq!(raised.about.as_ref().map(|about| about.rule.as_str()), Some("DiskFull"));
    let id = raised.place.id;
    let kept = hub.rows.iter().filter(|(key, _)| key.scope() == theirs);
    assert!(kept.eq(&before), "nothing of it is written into the other's rows");

    // Nor does a row under the same id in another scope change what is shown of it.
    let copied = Place { scope: theirs, id }.key(Part::About).expect("a key");
    let row = before.iter().find(|(key, _)| key.kind() == vigie_merge::Kind::About).expect("the forged one").1;
    assert_eq!(hub.book.take(&copied, row, at(11)), None);
    let still = hub.book.alert(id).and_then(|alert| alert.about.as_ref());
    assert_eq!(still.map(|about| about.rule.as_str()), Some("DiskFull"));
}

#[test]
fn an_hour_of_evaluations_writes_nothing_new() {
    let (_, mut site) = cut_with_one_alert();
    let before = site.rows.clone();
    for second in (10..3_600).step_by(10) {
        site.judged(Verdict::Wrong, at(second));
    }
    assert_eq!(site.rows, before);
}

#[test]
fn what_flaps_is_one_alert_that_counts_and_what_comes_back_later_is_another() {
    let mut site = Side::new("relay-lyon", 2);
    for round in 0..5 {
        site.judged(Verdict::Wrong, at(round * 120));
        site.judged(Verdict::Right, at(round * 120 + 60));
    }
    let about = site.only().about.clone().expect("the judge wrote it");
    assert_eq!((about.times, about.began, about.ended), (5, at(0), Some(at(540))));
    let before: Vec<Spell> =
        (0..4).map(|round| Spell { since: at(round * 120), ended: at(round * 120 + 60) }).collect();
    assert_eq!(site.only().past(), before, "each time before the last is known by its own beginning and end");
    let edits = site.book.judged(&heard(Verdict::Wrong, at(540 + 601)), &site.judge(), [8; 10]).expect("short names");
    site.apply(edits, at(1_141)).expect("a new one");
    assert_eq!(site.book.alerts().count(), 2);
}

#[test]
fn of_what_flaps_for_days_the_latest_times_are_kept_and_all_of_it_goes_with_the_alert() {
    let mut site = Side::new("relay-lyon", 2);
    let rounds = i64::try_from(MAX_PAST).expect("few") + 9;
    for round in 0..=rounds {
        site.judged(Verdict::Wrong, at(round * 120));
        site.judged(Verdict::Right, at(round * 120 + 60));
    }
    let past = site.only().past();
    assert_eq!((past.len(), past[0].since), (MAX_PAST, at(9 * 120)));
    assert_eq!(past.last().map(|last| last.ended), Some(at((rounds - 1) * 120 + 60)));
    let bytes = site.rows.values().map(|row| row.encode().len()).max();
    assert!(bytes.is_some_and(|bytes| bytes < 1_500), "{bytes:?} stay small");
    let edits = erased(site.only()).expect("short names");
    site.apply(edits, at(100_000)).expect("nothing changed meanwhile");
    assert_eq!(site.book.alerts().count(), 0, "nothing of it is left");
}

#[test]
fn two_snoozes_that_do_not_agree_end_with_the_earlier_one() {
    let (mut hub, mut site) = cut_with_one_alert();
    hub.decides("Petit", Decision::Snooze(at(7_200)), at(10));
    site.decides("Roux", Decision::Snooze(at(900)), at(20));
    meet(&mut hub, &mut site, at(600));
    assert_eq!(hub.only().standing(at(899)), Standing::Snoozed);
    assert_eq!(hub.only().standing(at(900)), Standing::Firing);
    hub.decides("Petit", Decision::Wake, at(610));
    assert_eq!(hub.only().standing(at(611)), Standing::Firing);
}

#[test]
fn a_decision_over_what_changed_meanwhile_is_refused_and_changes_nothing() {
    let (mut hub, _) = cut_with_one_alert();
    let id = hub.only().place.id;
    let said = Said::new(Decision::Acknowledge(String::new()), "Petit", "hub", at(5));
    let late = hub.book.decided(id, &said).expect("it is open");
    hub.decides("Roux", Decision::Acknowledge("mine".to_owned()), at(6));
    let before = hub.rows.clone();
    assert!(matches!(hub.apply(late, at(7)), Err(EditError::Stale(_))));
    assert_eq!(hub.rows, before);
}

#[test]
fn labels_and_texts_that_are_too_long_are_cut_and_the_alert_is_raised_all_the_same() {
    let mut site = Side::new("relay-lyon", 2);
    let mut heard = heard(Verdict::Wrong, at(0));
    heard.labels = (0..200).map(|n| (format!("label_{n:03}"), "é".repeat(5_000))).collect();
    heard.annotations = (0..30).map(|n| (format!("text_{n}"), "\u{202e}<img>\0".repeat(9_000))).collect();
    heard.rule = "r".repeat(10_000);
    let edits = site.book.judged(&heard, &site.judge(), [1; 10]).expect("its key is short");
    site.apply(edits, at(0)).expect("a new one");
    for row in site.rows.values() {
        assert!(Row::admit(&row.encode(), |_| true).is_ok(), "each row is within what others take in");
    }
    assert!(site.only().about.is_some());
}

mod histories {
    use proptest::prelude::*;

    use super::*;

    /// What one side does, or that two meet.
    #[derive(Debug, Clone)]
    enum Step {
        Judge(Verdict),
        Says { side: usize, decision: u8 },
        Meet(usize, usize),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            3 => any::<bool>().prop_map(|wrong| Step::Judge(if wrong { Verdict::Wrong } else { Verdict::Right })),
            4 => (0..3usize, 0..5u8).prop_map(|(side, decision)| Step::Says { side, decision }),
            2 => (0..3usize, 0..3usize).prop_map(|(one, other)| Step::Meet(one, other)),
        ];
        proptest::collection::vec(step, 1..40)
    }

    fn decision(which: u8, now: UtcMs, step: usize) -> Decision {
        match which {
            0 => Decision::Acknowledge(format!("note {step}")),
            1 => Decision::Close(format!("why {step}")),
            2 => Decision::Snooze(UtcMs(now.0 + 60_000)),
            3 => Decision::Assign(format!("person {step}")),
            _ => Decision::Comment(Ulid::new(now, [u8::try_from(step).unwrap_or(0); 10]), format!("comment {step}")),
        }
    }

    fn pair(sides: &mut [Side], one: usize, other: usize) -> Option<(&mut Side, &mut Side)> {
        let [a, b] = sides.get_disjoint_mut([one, other]).ok()?;
        Some((a, b))
    }

    proptest! {
        #[test]
        fn after_any_history_all_sides_say_the_same_and_no_word_is_lost(steps in steps()) {
            let mut sides = [Side::new("hub", 1), Side::new("relay-a", 2), Side::new("relay-b", 3)];
            let mut said = Vec::new();
            for (step, what) in steps.iter().enumerate() {
                let now = at(i64::try_from(step).unwrap_or(0) * 45);
                match what {
                    // One relay judges, as in a site.
                    Step::Judge(verdict) => sides[1].judged(*verdict, now),
                    Step::Says { side, decision: which } => {
                        let side = &mut sides[*side];
                        let ids: Vec<_> = side.book.alerts().map(|alert| alert.place.id).collect();
                        for id in ids {
                            let decision = Said::new(decision(*which, now, step), "Petit", side.name, now);
                            if let Ok(edits) = side.book.decided(id, &decision) {
                                side.apply(edits, now).expect("nothing changed meanwhile");
                                if let Decision::Comment(_, words) = decision.what {
                                    said.push((id, words));
                                }
                            }
                        }
                    }
                    Step::Meet(one, other) => {
                        if let Some((one, other)) = pair(&mut sides, *one, *other) {
                            meet(one, other, now);
                        }
                    }
                }
            }
            // All they know goes round.
            for (one, other) in [(0, 1), (1, 2), (0, 1)] {
                let (one, other) = pair(&mut sides, one, other).expect("two sides");
                meet(one, other, at(10_000));
            }
            prop_assert_eq!(&sides[0].rows, &sides[2].rows);
            for side in &sides {
                for (id, words) in &said {
                    let alert = side.book.alert(*id).expect("what was commented on is here");
                    prop_assert!(alert.comments().any(|(_, said, _)| said.what == *words), "{} is there", words);
                }
            }
            // What the judge last said is so, unless a person who had seen it said otherwise.
            let judged = sides[1].book.of_thing(&lyon(), Thing([3; 16]));
            let told = judged.and_then(|alert| alert.about.as_ref());
            if told.is_some_and(|about| about.ended.is_some()) {
                prop_assert!(!judged.is_some_and(vigie_alerts::Alert::is_open), "what ended for its judge is over");
            }
        }
    }
}
