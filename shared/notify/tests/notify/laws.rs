//! What holds for every story? Laws over events in any order, restarts, and clocks that people set.

use std::collections::BTreeSet;

use crate::common::story::{Story, hub, relay};
use crate::common::{Alert, HOUR, MINUTE, SECOND, alert, at, line, one_route};
use proptest::prelude::*;
use vigie_notify::{Change, Heard, Judge, Kind, Seat, Severity};

/// What can happen in a story.
#[derive(Debug, Clone, Copy)]
enum Event {
    Begins(u32),
    Ends(u32),
    Acknowledged(u32),
    Cut,
    Back,
    HubKnows(u32),
    Passes(u8),
    /// The wall clock is ahead by so much from now on.
    ClockSet(i64),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => (0..6_u32).prop_map(Event::Begins),
        2 => (0..6_u32).prop_map(Event::Ends),
        1 => (0..6_u32).prop_map(Event::Acknowledged),
        1 => Just(Event::Cut),
        1 => Just(Event::Back),
        1 => (0..6_u32).prop_map(Event::HubKnows),
        4 => any::<u8>().prop_map(Event::Passes),
    ]
}

/// By minutes, hours, and as far as a battery that died.
fn clock_set() -> impl Strategy<Value = Event> {
    let to = prop_oneof![-100 * MINUTE..100 * MINUTE, -100 * HOUR..100 * HOUR, -400_000 * HOUR..400_000 * HOUR];
    to.prop_map(Event::ClockSet)
}

/// How a story is played.
#[derive(Debug, Clone, Copy)]
struct Play {
    restarts: bool,
    judge: Judge,
    /// Whether clocks are set, and the judge's with the others.
    clocks: bool,
    judge_too: bool,
}

const PLAIN: Play = Play { restarts: false, judge: Judge::Relay, clocks: false, judge_too: false };

fn play(story: &mut Story, events: &[Event], how: Play) {
    let mut lit: [(u32, i64); 6] = [(0, 0); 6];
    let (mut cut, mut count) = (0, 0);
    for event in events {
        let now = story.now + if how.judge_too { story.ahead } else { 0 };
        let one = |n: u32| Alert { judge: how.judge, ..alert(lit[n as usize].0, lit[n as usize].1) };
        match *event {
            Event::Begins(n) => {
                // No two begin as the same, wherever the clock is set.
                count += 1;
                lit[n as usize] = (6 * count + n, now);
                story.hears(Alert { judge: how.judge, ..alert(6 * count + n, now) }.begins());
            }
            Event::Ends(n) => story.hears(one(n).ends(now)),
            Event::Acknowledged(n) => story.hears(one(n).changes(Change::Acknowledged, now)),
            Event::Cut => {
                cut = now;
                story.hears(line(Change::Began, cut, now));
            }
            Event::Back => story.hears(line(Change::Ended, cut, now)),
            Event::HubKnows(n) => story.hears(Heard::HubKnows(one(n).instance())),
            Event::Passes(some) => story.until(story.now + i64::from(some) * 7 * SECOND),
            Event::ClockSet(ahead) if how.clocks => story.ahead = ahead,
            Event::ClockSet(_) => {}
        }
        if how.restarts {
            story.restarts();
        }
    }
    story.until(story.now + 10 * HOUR);
}

/// What was told when, how often, and to nobody twice: times and keys of walls are another matter.
fn told(story: &Story) -> Vec<(i64, Kind, usize, usize)> {
    let keys: BTreeSet<_> = story.told.iter().map(|(_, intent)| intent.key).collect();
    assert_eq!(keys.len(), story.told.len(), "a receiver would drop one of them");
    story.kinds()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_mind_that_restarts_all_the_time_tells_what_one_that_never_does(
        events in proptest::collection::vec(event(), 1..25), quiet in any::<bool>(),
    ) {
        let more = if quiet { "quiet=[{from='23:00', to='01:00'}]\nquiet_passes='critical'\nrepeat_s=3600" } else { "repeat_s=3600" };
        // A relay's restart gives the hub anew the time to be heard, so its seconds would differ.
        let (mut steady, mut shaken) = (hub(more), hub(more));
        play(&mut steady, &events, PLAIN);
        play(&mut shaken, &events, Play { restarts: true, ..PLAIN });
        prop_assert_eq!(steady.told, shaken.told);
    }

    #[test]
    fn nobody_is_told_the_same_twice_nor_an_end_without_its_beginning(
        events in proptest::collection::vec(event(), 1..30), seat in any::<bool>(),
    ) {
        let mut story = Story::new(one_route(if seat { Seat::Hub } else { Seat::Relay }, "repeat_s=0"));
        play(&mut story, &events, PLAIN);
        let mut began = BTreeSet::new();
        let mut ended = BTreeSet::new();
        for (_, intent) in &story.told {
            for (instance, change) in &intent.tells {
                match change {
                    Change::Began => prop_assert!(began.insert(*instance), "begun twice"),
                    Change::Ended => prop_assert!(began.contains(instance) && ended.insert(*instance), "ended oddly"),
                    Change::Acknowledged => prop_assert!(false, "nobody asked"),
                }
            }
        }
    }

    #[test]
    fn at_a_hub_nobody_waits_longer_or_shorter_because_somebody_set_its_clock(
        events in proptest::collection::vec(prop_oneof![3 => event(), 1 => clock_set()], 1..30), restarts in any::<bool>(),
    ) {
        let how = Play { restarts, judge: Judge::Hub, ..PLAIN };
        let (mut steady, mut set) = (hub("repeat_s=3600"), hub("repeat_s=3600"));
        play(&mut steady, &events, how);
        play(&mut set, &events, Play { clocks: true, ..how });
        prop_assert_eq!(told(&steady), told(&set));
    }

    #[test]
    fn at_a_relay_nobody_waits_longer_or_shorter_because_somebody_set_the_clock_it_judges_by(
        events in proptest::collection::vec(prop_oneof![3 => event(), 1 => clock_set()], 1..30),
    ) {
        // How long a thing lasted is said by the judge's clock, and whether it was brief with it: here nothing ends. And
        // the cuts of sites are the hub's.
        let is_kept = |event: &Event| !matches!(event, Event::Ends(_) | Event::Cut | Event::Back);
        let events: Vec<Event> = events.into_iter().filter(is_kept).collect();
        let (mut steady, mut set) = (relay("repeat_s=3600"), relay("repeat_s=3600"));
        play(&mut steady, &events, PLAIN);
        play(&mut set, &events, Play { clocks: true, judge_too: true, ..PLAIN });
        prop_assert_eq!(told(&steady), told(&set));
    }
}

#[test]
fn quiet_hours_are_those_of_the_wall_and_are_looked_at_anew_when_somebody_sets_it() {
    // The story begins at 22:13:20 UTC.
    let mut story = hub("quiet=[{from='22:00', to='06:00'}]\nrepeat_s=0");
    let warning = Alert { severity: Severity::Warning, ..alert(1, 0) };
    story.hears(warning.begins());
    story.until(HOUR);
    assert_eq!(story.kinds(), [], "it is night");
    story.ahead = 9 * HOUR;
    story.until(HOUR + SECOND);
    assert_eq!(story.kinds(), [(3_601, Kind::Firing, 1, 0)], "no, it is morning");
    story.ahead = 0;
    story.hears(Alert { severity: Severity::Warning, ..alert(2, HOUR) }.begins());
    story.until(2 * HOUR);
    assert_eq!(story.kinds().len(), 1, "it is night after all");
    story.until(12 * HOUR);
    assert_eq!(story.kinds()[1], (7 * 3_600 + 46 * 60 + 40, Kind::Firing, 1, 0));
}

#[test]
fn what_lasted_while_its_judges_clock_was_set_back_is_not_taken_for_brief() {
    let mut story = hub("wait_s=3600");
    let slow = Alert { judge: Judge::Hub, ..alert(1, 0) };
    story.hears(slow.begins());
    story.until(30 * MINUTE);
    story.ahead = -5 * HOUR;
    story.hears(slow.ends(30 * MINUTE - 5 * HOUR));
    story.until(3 * HOUR);
    let [(_, intent)] = &story.told[..] else { panic!("{:?}", story.kinds()) };
    let line = &intent.notice.over[0];
    assert_eq!((intent.notice.kind, line.until.map(|until| until.at)), (Kind::Digest, Some(at(30 * MINUTE))));
}
