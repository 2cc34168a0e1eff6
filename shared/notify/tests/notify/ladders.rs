//! Is somebody else told, step by step, until somebody says that they know, and once whatever restarts?

use std::collections::BTreeSet;

use crate::common::story::Story;
use crate::common::{Alert, HOUR, MINUTE, SECOND, alert, at, clocks, configured};
use vigie_notify::config::ScheduleSaid;
use vigie_notify::{Change, Heard, Judge, Kind, Mute, Outbox, Rules, Seat, mark};

/// T0 is 22:13:20 UTC; they hand over a quarter of an hour later.
const SCHEDULE: &str = "name='n1'\nstart='2023-11-07'\nhand_over='22:28'\nturns=['marie', 'paul']\n
    [[person]]\nname='marie'\ntell=[{channel='sms', to='+331'}, {channel='none', to='x'}]\n
    [[person]]\nname='paul'\ntell=[{channel='sms', to='+332'}, {channel='hook'}]\n";

fn rules(seat: Seat, more: &str) -> Rules {
    let text = format!(
        "[[channel]]\nkind='webhook'\nname='hook'\nurl='https://a.example/x'\nsecret_file='s'\n
         [[channel]]\nkind='sms'\nname='sms'\nurl='https://g.example/?m={{text}}'\nto=['+330']\n
         [[route]]\nname='r'\nchannels=['hook']\nwait_s=0\ninterval_s=60\nrepeat_s=0\ngroup_by=['client']\n{more}"
    );
    let (mut rules, _) = configured(&text, seat);
    let said: ScheduleSaid = toml::from_str(SCHEDULE).expect("a schedule");
    let schedule = said.check().expect("it makes sense");
    rules.schedules.insert(schedule.name.clone(), schedule);
    rules
}

const STEPS: &str =
    "repeat_steps=1\n[[route.step]]\nafter_s=300\nchannels=['sms']\n[[route.step]]\nafter_s=600\non_call=['n1']\n";

fn one() -> Alert {
    Alert { judge: Judge::Hub, ..alert(1, 0) }
}

/// What was told, as minute, kind, channel and to whom.
fn told(story: &Story) -> Vec<(i64, Kind, String, String)> {
    let line = |(second, intent): &(i64, vigie_notify::Intent)| {
        (second / 60, intent.notice.kind, intent.channel.clone(), intent.to.clone())
    };
    story.told.iter().map(line).collect()
}

fn is(minute: i64, kind: Kind, channel: &str, to: &str) -> (i64, Kind, String, String) {
    (minute, kind, channel.to_owned(), to.to_owned())
}

fn begun(more: &str) -> Story {
    let mut story = Story::new(rules(Seat::Hub, more));
    story.hears(one().begins());
    story
}

#[test]
fn while_nobody_answers_each_step_is_told_in_its_turn_and_all_of_them_again() {
    let mut story = begun(STEPS);
    story.until(3 * HOUR);
    let expected = [
        is(0, Kind::Firing, "hook", ""),
        is(5, Kind::Escalated, "sms", "+330"),
        // They handed over at minute 14 and some: Paul is on call at minute 15.
        is(15, Kind::Escalated, "sms", "+332"),
        is(15, Kind::Escalated, "hook", ""),
        is(20, Kind::Escalated, "sms", "+330"),
        is(30, Kind::Escalated, "sms", "+332"),
        is(30, Kind::Escalated, "hook", ""),
    ];
    assert_eq!(told(&story), expected);
    let keys: BTreeSet<_> = story.told.iter().map(|(_, one)| (one.key, &one.channel, &one.to)).collect();
    assert_eq!(keys.len(), expected.len(), "each is a message of its own");
    assert!(story.told.iter().skip(1).all(|(_, one)| one.tells.is_empty()), "nobody is told a beginning twice");
}

#[test]
fn who_is_on_call_when_a_step_is_due_is_told_and_no_other() {
    let mut story = begun("[[route.step]]\nafter_s=120\non_call=['n1']\n");
    story.until(HOUR);
    let expected = [is(0, Kind::Firing, "hook", ""), is(2, Kind::Escalated, "sms", "+331")];
    assert_eq!(told(&story), expected, "Marie, by the one of her channels that is here");
}

#[test]
fn who_acknowledges_or_sees_it_end_stops_it() {
    for change in [Change::Acknowledged, Change::Ended] {
        let mut story = begun(STEPS);
        story.until(6 * MINUTE);
        story.hears(one().changes(change, 6 * MINUTE));
        story.until(3 * HOUR);
        let steps = told(&story).iter().filter(|(_, kind, ..)| *kind == Kind::Escalated).count();
        assert_eq!(steps, 1, "{change:?}");
        assert_eq!(story.mind.climbing(story.clocks()), []);
    }
}

#[test]
fn of_two_alerts_in_a_group_both_must_be_known() {
    let two = Alert { judge: Judge::Hub, ..alert(2, 0) };
    let mut story = begun(STEPS);
    story.hears(two.begins());
    story.until(MINUTE);
    story.hears(one().changes(Change::Acknowledged, MINUTE));
    story.until(6 * MINUTE);
    let last = &story.told.last().expect("a step").1.notice;
    assert_eq!((last.kind, last.wrong.len()), (Kind::Escalated, 1));
    assert_eq!(last.wrong[0].machine.as_ref().map(|machine| machine.as_str()), Some("web-2"));
    story.hears(two.changes(Change::Acknowledged, 6 * MINUTE));
    story.until(3 * HOUR);
    assert_eq!(told(&story).len(), 2);
}

#[test]
fn a_restart_at_any_second_tells_nothing_twice_and_leaves_nothing_out() {
    let mut without = begun(STEPS);
    without.until(35 * MINUTE);
    let expected: Vec<_> = without.told.iter().map(|(second, one)| (*second, one.key, one.to.clone())).collect();
    let mut with = begun(STEPS);
    while with.now < 35 * MINUTE {
        with.until(with.now + 7 * SECOND);
        with.restarts();
    }
    let got: Vec<_> = with.told.iter().map(|(second, one)| (*second, one.key, one.to.clone())).collect();
    assert_eq!(got, expected);
}

#[test]
fn what_is_snoozed_waits_and_goes_on_with_what_was_left() {
    let mut story = begun(STEPS);
    story.until(3 * MINUTE);
    let labels = [("machine".to_owned(), one().machine())].into();
    let snooze = Mute { labels, from: None, until: Some(at(63 * MINUTE)), spares_awake: false };
    story.hears(Heard::Mutes(vec![snooze]));
    story.until(4 * MINUTE);
    let climbing = story.mind.climbing(story.clocks()).remove(0);
    assert_eq!((climbing.due, climbing.left_ms.map(|left| left / MINUTE)), (None, Some(2)));
    story.restarts();
    story.hears(Heard::Mutes(vec![Mute {
        labels: [("machine".to_owned(), one().machine())].into(),
        from: None,
        until: Some(at(63 * MINUTE)),
        spares_awake: false,
    }]));
    story.until(64 * MINUTE);
    assert_eq!(told(&story).len(), 1, "nobody was disturbed");
    story.until(66 * MINUTE);
    assert_eq!(told(&story)[1], is(65, Kind::Escalated, "sms", "+330"));
}

#[test]
fn the_side_that_told_of_it_climbs_and_the_other_does_not() {
    let mut relay = Story::new(rules(Seat::Relay, STEPS));
    relay.hears(alert(1, 0).begins());
    relay.hears(Heard::HubKnows(alert(1, 0).instance()));
    relay.until(3 * HOUR);
    assert_eq!(told(&relay), []);
    let mut hub = Story::new(rules(Seat::Hub, STEPS));
    hub.hears(Heard::ToldElsewhere(mark("r", one().instance(), Change::Began)));
    hub.hears(one().begins());
    hub.until(3 * HOUR);
    assert_eq!(told(&hub), []);
    let mut alone = Story::new(rules(Seat::Relay, STEPS));
    alone.hears(alert(1, 0).begins());
    alone.until(3 * HOUR);
    assert_eq!(
        told(&alone).iter().filter(|(_, kind, ..)| *kind == Kind::Escalated).count(),
        6,
        "a relay that is alone does"
    );
}

#[test]
fn what_comes_after_the_last_step_is_climbed_for_anew() {
    let mut story = begun("[[route.step]]\nafter_s=60\nchannels=['sms']\n");
    story.until(30 * MINUTE);
    assert_eq!(told(&story).len(), 2);
    let two = Alert { judge: Judge::Hub, ..alert(2, 30 * MINUTE) };
    story.hears(two.begins());
    story.until(HOUR);
    let later: Vec<_> = told(&story).split_off(2);
    assert_eq!(later, [is(30, Kind::Firing, "hook", ""), is(31, Kind::Escalated, "sms", "+330")]);
    assert_eq!(story.told[3].1.notice.wrong.len(), 2, "both are still not known");
}

#[test]
fn a_step_that_reaches_nobody_is_passed_over_at_once() {
    let mut story =
        begun("[[route.step]]\nafter_s=60\non_call=['nobody']\n[[route.step]]\nafter_s=3600\nchannels=['sms']\n");
    story.until(10 * MINUTE);
    assert_eq!(told(&story)[1], is(1, Kind::Escalated, "sms", "+330"));
}

#[test]
fn whom_it_tells_next_and_when_is_known_beforehand() {
    let mut story = begun(STEPS);
    story.until(6 * MINUTE);
    let climbing = story.mind.climbing(story.clocks()).remove(0);
    assert_eq!((climbing.done, climbing.total, climbing.route.as_str()), (1, 4, "r"));
    assert_eq!(climbing.alerts, [one().instance()]);
    assert_eq!(climbing.whom, ["paul"], "who will be on call then, not who is now");
    let wait = climbing.due.expect("a time").0 - at(6 * MINUTE).0;
    assert!((8 * MINUTE..=9 * MINUTE).contains(&wait) || wait == 9 * MINUTE + SECOND, "{wait}");
    story.until(HOUR);
    let climbing = story.mind.climbing(story.clocks()).remove(0);
    assert_eq!((climbing.done, climbing.due, climbing.whom.len()), (4, None, 0));
}

#[test]
fn what_waits_of_a_ladder_is_taken_back_when_somebody_knows() {
    let mut story = begun(STEPS);
    story.until(6 * MINUTE);
    let step = story.told.last().expect("a step").1.clone();
    let mut outbox = Outbox::default();
    outbox.add(story.told[0].1.clone(), clocks(0));
    outbox.add(step.clone(), clocks(6 * MINUTE));
    story.hears(one().changes(Change::Acknowledged, 7 * MINUTE));
    story.until(8 * MINUTE);
    let stopped = story.mind.take_stopped();
    assert_eq!(stopped, [step.thread]);
    outbox.withdraw(stopped[0], clocks(8 * MINUTE));
    let left: Vec<Kind> = outbox.waiting().map(|letter| letter.intent.notice.kind).collect();
    assert_eq!(left, [Kind::Firing], "that it is wrong is still told to who was to be told");
}

#[test]
fn a_schedule_that_makes_no_sense_is_refused_in_its_own_words() {
    for (from, to, word) in [
        ("turns=['marie', 'paul']", "turns=['marie', 'zoe']", "zoe"),
        ("turns=['marie', 'paul']", "turns=[]", "1 to 50 people"),
        ("start='2023-11-07'", "start='monday'", "start is a day"),
        ("hand_over='22:28'", "hand_over='22h'", "hand_over"),
        ("name='paul'", "name='marie'", "two of its people"),
        ("to='+331'", "to='a, b'", "written plainly"),
        ("start=", "days=0\nstart=", "1 to 92 days"),
        ("start=", "zone='Mars/North'\nstart=", "Mars/North"),
        (
            "start=",
            "stand_in=[{from='2023-11-07T10:00', to='2023-11-07T09:00', who='paul'}]\nstart=",
            "which is no time",
        ),
        ("start=", "stand_in=[{from='2023-11-07', to='2023-11-08', who='paul'}]\nstart=", "as in 2026-01-06T18:00"),
        (
            "start=",
            "stand_in=[{from='2023-11-07T08:00', to='2023-11-07T09:00', who='zoe'}]\nstart=",
            "none of its people",
        ),
    ] {
        let said: ScheduleSaid = toml::from_str(&SCHEDULE.replace(from, to)).expect("TOML");
        let why = said.check().expect_err(word).to_string();
        assert!(why.contains(word), "{why}");
    }
    let example: toml::Table = include_str!("../../src/config/schedule.toml").parse().expect("TOML");
    let said: ScheduleSaid = example["schedule"][0].clone().try_into().expect("what we show people");
    let text = serde_json::to_string(&said).expect("JSON");
    assert_eq!(serde_json::from_str::<ScheduleSaid>(&text).expect("the same"), said);
}
