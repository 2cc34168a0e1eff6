//! Is everybody told, and once, wherever the program or the power stops?
//!
//! By enumeration: the story is lived once for each place where it can stop, between any two steps and at each write to the
//! disk, and lived on by a second process. The receiver honours keys.

use std::sync::Arc;
use std::time::Duration;

use crate::common::{Alert, HOUR, MINUTE, SECOND, alert, now, one_route, set_by};
use vigie_notify::{Desk, Heard, Judge, Kind, LetterId, NotMoved, NotSent, Outcome, Seat, Settled, Text, Whose};
use vigie_store::State;
use vigie_store::fault::{FaultDisk, Faults};

/// Where a process stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    Never,
    /// Killed before this step.
    Before(u64),
    /// The power fails at this operation of the disk, with this seed.
    AtOperation(u64, u64),
}

/// How the receiver behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Receiver {
    Takes,
    /// The first three messages arrive, and their answers are lost.
    LosesAnswers,
    /// Nothing arrives in the first twenty minutes.
    IsAway,
}

#[derive(Debug)]
struct World {
    receiver: Receiver,
    /// Each arrival: key, kind, and what it told.
    arrived: Vec<(String, Kind)>,
    sends: u32,
    now: i64,
    /// What happens, when, and whether a desk said that it is durable.
    events: Vec<(i64, Heard, bool)>,
    steps: u64,
    /// How long the route waits for others.
    wait_s: u32,
}

struct Stopped;

impl World {
    fn new(receiver: Receiver, ends: i64) -> Self {
        let disk = alert(1, 0);
        let events = vec![(0, disk.begins(), false), (ends, disk.ends(ends), false)];
        Self { receiver, arrived: Vec::new(), sends: 0, now: 0, events, steps: 0, wait_s: 30 }
    }

    fn step(&mut self, stop: Stop) -> Result<(), Stopped> {
        self.steps += 1;
        if stop == Stop::Before(self.steps - 1) { Err(Stopped) } else { Ok(()) }
    }

    /// One process, until it is stopped or all is over.
    fn live(&mut self, disk: &FaultDisk, stop: Stop, until: i64) -> Result<(), Stopped> {
        let (state, _) = State::open_on(disk.clone()).map_err(|_| Stopped)?;
        // Who speaks is another question.
        let rules = one_route(Seat::Relay, &format!("repeat_s=0\nalways=true\nwait_s={}", self.wait_s));
        let desk = Desk::open(Arc::new(state), rules, b"boot", now(self.now)).map_err(|_| Stopped)?;
        // The watch tells again what it told, in the same order, though the desk has said that it is durable.
        self.events.iter_mut().for_each(|event| event.2 = false);
        while self.now <= until {
            for number in 0..self.events.len() {
                let (when, heard, durable) = self.events[number].clone();
                if when <= self.now && !durable {
                    self.step(stop)?;
                    desk.hear([heard], now(self.now)).map_err(|_| Stopped)?;
                    self.events[number].2 = true;
                }
            }
            self.step(stop)?;
            let due = desk.due(now(self.now));
            // Where the disk refuses because there is no power, nothing is sent either.
            due.written.map_err(|_| Stopped)?;
            for letter in due.letters {
                self.step(stop)?;
                let outcome = self.send(letter.intent.key.to_string(), letter.intent.notice.kind);
                self.step(stop)?;
                desk.settle(letter.id(), outcome, now(self.now), 0).map_err(|_| Stopped)?;
            }
            self.now += 20 * SECOND;
        }
        Ok(())
    }

    fn send(&mut self, key: String, kind: Kind) -> Outcome {
        self.sends += 1;
        let lost = Outcome::Later { why: Text::new("lost"), after_ms: None, whose: Whose::Channel };
        match self.receiver {
            Receiver::IsAway if self.now < 20 * MINUTE => return lost,
            Receiver::Takes | Receiver::IsAway | Receiver::LosesAnswers => self.arrived.push((key, kind)),
        }
        if self.receiver == Receiver::LosesAnswers && self.sends <= 3 { lost } else { Outcome::Taken(Text::new("ok")) }
    }

    /// What a receiver that honours keys has seen.
    fn effects(&self) -> Vec<Kind> {
        let mut seen = std::collections::BTreeSet::new();
        self.arrived.iter().filter(|(key, _)| seen.insert(key.clone())).map(|(_, kind)| *kind).collect()
    }
}

/// Lives the story with one stop and the time until somebody starts the program again, and says what the receiver saw, how many steps and operations there were.
fn lived(receiver: Receiver, ends: i64, stop: Stop, away: i64) -> (Vec<Kind>, u64, u64) {
    let mut world = World::new(receiver, ends);
    // Whoever comes back late has the end to tell before the beginning is on its way again.
    world.wait_s = if away > 0 { 0 } else { 30 };
    let disk = FaultDisk::new();
    if let Stop::AtOperation(operation, _) = stop {
        disk.set_faults(Faults { cut_at: Some(operation), ..Faults::default() });
    }
    let first = world.live(&disk, stop, 40 * MINUTE);
    let (steps, operations) = (world.steps, disk.operations());
    if first.is_err() {
        let after = match stop {
            Stop::AtOperation(_, seed) => disk.power_cut(seed),
            Stop::Before(_) | Stop::Never => disk.killed(),
        };
        world.now += away;
        let lived_on = world.live(&after, Stop::Never, 80 * MINUTE);
        assert!(lived_on.is_ok(), "the second process can live: {stop:?}");
    }
    (world.effects(), steps, operations)
}

/// Every stop of a story, by kill and by power cut.
fn every_stop(receiver: Receiver, ends: i64) -> Vec<Stop> {
    let (_, steps, operations) = lived(receiver, ends, Stop::Never, 0);
    let kills = (0..steps).map(Stop::Before);
    let cuts = (0..operations).flat_map(|operation| [1, 77].map(|seed| Stop::AtOperation(operation, seed)));
    kills.chain(cuts).collect()
}

#[test]
fn wherever_it_stops_the_beginning_and_the_end_are_told_once_each_and_in_this_order() {
    for (receiver, ends) in [(Receiver::Takes, 6), (Receiver::LosesAnswers, 6)] {
        let all = every_stop(receiver, ends * MINUTE);
        assert!(all.len() > 100, "{} stops", all.len());
        for stop in all {
            let (effects, _, _) = lived(receiver, ends * MINUTE, stop, 0);
            assert_eq!(effects, [Kind::Firing, Kind::Resolved], "{receiver:?} {ends} min {stop:?}");
        }
    }
}

#[test]
fn whoever_saw_the_beginning_sees_the_end_though_the_program_was_away_meanwhile() {
    // Two minutes are brief: were it not known that the beginning was tried, nobody would be told of the end.
    for receiver in [Receiver::Takes, Receiver::LosesAnswers] {
        let mut saw_both = 0;
        for stop in every_stop(receiver, 2 * MINUTE) {
            let (effects, _, _) = lived(receiver, 2 * MINUTE, stop, 10 * MINUTE);
            if effects.contains(&Kind::Firing) {
                assert_eq!(effects, [Kind::Firing, Kind::Resolved], "{receiver:?} {stop:?}");
                saw_both += 1;
            }
        }
        assert!(saw_both > 50, "{saw_both}");
    }
}

#[test]
fn wherever_it_stops_a_receiver_that_was_away_hears_of_the_end_and_of_nothing_after_it() {
    for stop in every_stop(Receiver::IsAway, 10 * MINUTE) {
        let (effects, _, _) = lived(Receiver::IsAway, 10 * MINUTE, stop, 0);
        assert_eq!(effects, [Kind::Resolved], "one message says since when and until when: {stop:?}");
    }
}

#[test]
fn a_full_disk_stops_nobody_from_being_told_and_what_was_told_is_written_when_there_is_room() {
    let disk = FaultDisk::new();
    let (state, _) = State::open_on(disk.clone()).expect("it opens");
    let desk = Desk::open(Arc::new(state), one_route(Seat::Hub, ""), b"boot", now(0)).expect("it opens");
    disk.set_faults(Faults { full_from: Some(0), ..Faults::default() });
    disk.set_capacity(Some(0));
    let mut number = 0;
    // A redb file has some room within; it is used up first.
    while desk.hear([alert(number, 0).begins()], now(0)).is_ok() {
        number += 1;
        assert!(number < 10_000, "the disk is full at last");
    }
    let due = desk.due(now(MINUTE));
    assert!(due.written.is_err() && !due.letters.is_empty());
    let ids: Vec<LetterId> = due.letters.iter().map(|letter| letter.id()).collect();
    for id in &ids {
        let settled = desk.settle(*id, Outcome::Taken(Text::new("ok")), now(MINUTE), 0);
        assert!(matches!(settled, Err((Settled::Sent(_), _))));
    }
    disk.set_faults(Faults::default());
    disk.set_capacity(None);
    assert!(desk.due(now(MINUTE)).written.is_ok());
    assert_eq!(desk.sent().expect("it reads").len(), ids.len());
    drop(desk);
    let (state, _) = State::open_on(disk.killed()).expect("it opens");
    let desk = Desk::open(Arc::new(state), one_route(Seat::Hub, ""), b"boot", now(MINUTE)).expect("it opens");
    assert!(desk.due(now(2 * MINUTE)).letters.is_empty(), "nothing is told again");
}

fn desk(more: &str) -> Desk {
    let (state, _) = State::open_on(FaultDisk::new()).expect("it opens");
    Desk::open(Arc::new(state), one_route(Seat::Hub, more), b"boot", now(0)).expect("it opens")
}

fn later(whose: Whose, after_ms: Option<i64>) -> Outcome {
    Outcome::Later { why: Text::new("busy"), after_ms, whose }
}

#[test]
fn a_receiver_that_asks_for_time_is_given_it_and_the_channel_waits_with_it() {
    let desk = desk("group_by=['machine']");
    (1..=6).for_each(|number| desk.hear([alert(number, 0).begins()], now(0)).expect("heard"));
    let due = desk.due(now(30 * SECOND)).letters;
    assert_eq!(due.len(), 4, "no more at once");
    let settled = desk.settle(due[0].id(), later(Whose::Channel, Some(90 * SECOND)), now(30 * SECOND), 0);
    assert_eq!(settled.expect("written"), Settled::Again(90 * SECOND));
    for letter in &due[1..] {
        desk.settle(letter.id(), later(Whose::Channel, None), now(31 * SECOND), 0).expect("written");
    }
    assert_eq!(desk.due(now(119 * SECOND)).letters.len(), 0);
    assert_eq!(desk.wait(now(119 * SECOND)), Some(Duration::from_secs(1)));
    let probe = desk.due(now(120 * SECOND)).letters;
    assert_eq!(probe.len(), 1, "one tries for all");
    desk.settle(probe[0].id(), Outcome::Taken(Text::new("ok")), now(120 * SECOND), 0).expect("written");
    assert_eq!(desk.due(now(121 * SECOND)).letters.len(), 4);
}

#[test]
fn what_is_refused_for_good_or_comes_too_late_is_a_dead_letter_and_in_nobodys_way() {
    let desk = desk("group_by=['machine']");
    desk.hear([alert(1, 0).begins(), alert(2, 0).begins()], now(0)).expect("heard");
    let due = desk.due(now(30 * SECOND)).letters;
    let never = Outcome::Never(Text::new("no such person"));
    assert_eq!(desk.settle(due[0].id(), never, now(30 * SECOND), 0).expect("written"), Settled::Dead);
    assert_eq!(
        desk.settle(due[0].id(), later(Whose::Letter, None), now(30 * SECOND), 0).expect("written"),
        Settled::Unknown
    );
    desk.settle(due[1].id(), later(Whose::Letter, None), now(30 * SECOND), 0).expect("written");
    assert_eq!(desk.due(now(25 * HOUR)).letters.iter().filter(|letter| letter.id() == due[1].id()).count(), 0);
    let dead = desk.dead().expect("it reads");
    let why: Vec<&str> = dead.iter().map(|dead| dead.why.as_str()).collect();
    assert_eq!(why, ["no such person", "not in time; at last: busy"]);
}

#[test]
fn what_was_given_up_goes_again_under_its_key_when_somebody_says_so_and_what_waits_at_once_or_never() {
    let desk = desk("group_by=['machine']");
    desk.hear([alert(1, 0).begins(), alert(2, 0).begins()], now(0)).expect("heard");
    let due = desk.due(now(30 * SECOND)).letters;
    let [refused, waits] = [due[0].clone(), due[1].clone()];
    let under_way = desk.send_again(waits.id(), now(30 * SECOND));
    assert!(matches!(under_way, Err(NotSent::NotMoved(NotMoved::UnderWay))), "{under_way:?}");
    let never = Outcome::Never(Text::new("no such person"));
    desk.settle(refused.id(), never, now(30 * SECOND), 0).expect("written");
    desk.settle(waits.id(), later(Whose::Letter, Some(HOUR)), now(30 * SECOND), 0).expect("written");
    assert!(desk.due(now(31 * SECOND)).letters.is_empty(), "it waits for an hour");
    desk.send_again(waits.id(), now(32 * SECOND)).expect("it waits");
    let sent: Vec<_> = desk.due(now(32 * SECOND)).letters.iter().map(|letter| letter.id()).collect();
    assert_eq!(sent, [waits.id()], "it is sent at once");
    desk.settle(waits.id(), later(Whose::Letter, None), now(33 * SECOND), 0).expect("written");

    // Two days later what was given up goes again, and is not too late for that.
    desk.call_off(waits.id(), now(34 * SECOND)).expect("it waits");
    let later_on = now(48 * HOUR);
    desk.send_again(refused.id(), later_on).expect("it was given up");
    assert!(desk.dead().expect("it reads").is_empty());
    // What is still wrong may be told anew beside it.
    let again = desk.due(later_on).letters.into_iter().find(|letter| letter.id() == refused.id()).expect("it is sent");
    assert_eq!((again.intent.key, again.attempts), (refused.intent.key, 1), "as if it had never been tried");
    desk.settle(refused.id(), Outcome::Taken(Text::new("ok")), later_on, 0).expect("written");
    for id in [waits.id(), refused.id()] {
        let gone = desk.send_again(id, later_on);
        assert!(matches!(gone, Err(NotSent::NotMoved(NotMoved::Unknown))), "{gone:?}");
    }
    let said: Vec<_> = desk.sent().expect("it reads").into_iter().map(|sent| sent.said.as_str().to_owned()).collect();
    assert_eq!(said, ["taken back: somebody called it off", "ok"]);
}

#[test]
fn an_end_waits_for_its_beginning_and_takes_it_back_when_it_did_not_leave() {
    let desk = desk("interval_s=0\nwait_s=0");
    desk.hear([alert(1, 0).begins()], now(0)).expect("heard");
    let firing = desk.due(now(0)).letters;
    assert_eq!(firing.len(), 1);
    desk.hear([alert(1, 0).ends(MINUTE)], now(MINUTE)).expect("heard");
    assert!(desk.due(now(MINUTE)).letters.is_empty(), "the beginning is under way");
    desk.settle(firing[0].id(), Outcome::Taken(Text::new("ok")), now(MINUTE), 0).expect("written");
    let over = desk.due(now(MINUTE)).letters;
    assert_eq!(over[0].intent.notice.kind, Kind::Resolved);
    desk.settle(over[0].id(), Outcome::Taken(Text::new("ok")), now(MINUTE), 0).expect("written");

    // The channel is away: what was tried may have arrived, what waits behind it did not.
    desk.hear([alert(2, MINUTE).begins()], now(MINUTE)).expect("heard");
    let tried = desk.due(now(MINUTE)).letters;
    desk.settle(tried[0].id(), later(Whose::Channel, Some(HOUR)), now(MINUTE), 0).expect("written");
    desk.hear([alert(3, MINUTE).begins()], now(MINUTE)).expect("heard");
    assert!(desk.due(now(MINUTE)).letters.is_empty());
    assert_eq!(desk.waiting(now(0)).len(), 2);
    desk.hear([alert(2, MINUTE).ends(2 * MINUTE), alert(3, MINUTE).ends(2 * MINUTE)], now(2 * MINUTE)).expect("heard");
    assert!(desk.due(now(2 * MINUTE)).letters.is_empty());
    let waiting = desk.waiting(now(0));
    let machines: Vec<_> =
        waiting.iter().map(|waits| (waits.letter.intent.notice.kind, waits.letter.intent.tells[0].0)).collect();
    assert_eq!(machines, [(Kind::Resolved, alert(2, MINUTE).instance())], "nobody needs to hear of the other");
}

#[test]
fn pauses_and_the_worth_of_a_message_do_not_follow_a_clock_that_somebody_sets_nor_a_restart_with_it() {
    for ahead in [-9_000 * HOUR, -HOUR, HOUR, 9_000 * HOUR] {
        for restarts in [false, true] {
            let disk = FaultDisk::new();
            let open = |disk: &FaultDisk, now| {
                let (state, _) = State::open_on(disk.clone()).expect("it opens");
                Desk::open(Arc::new(state), one_route(Seat::Hub, "wait_s=0"), b"boot", now).expect("it opens")
            };
            let mut desk = open(&disk, now(0));
            desk.hear([alert(1, 0).begins()], now(0)).expect("heard");
            let due = desk.due(now(0)).letters;
            desk.settle(due[0].id(), later(Whose::Channel, None), now(0), 0).expect("written");
            if restarts {
                drop(desk);
                desk = open(&disk.killed(), set_by(ahead, SECOND));
            }
            assert_eq!(desk.due(set_by(ahead, SECOND)).letters.len(), 0, "not before its time");
            let waiting = desk.waiting(set_by(ahead, SECOND));
            assert_eq!((waiting.len(), waiting[0].waits_ms), (1, SECOND), "it is neither given up nor forgotten");
            assert_eq!(desk.wait(set_by(ahead, SECOND)), Some(Duration::from_secs(1)));
            assert_eq!(desk.due(set_by(ahead, 2 * SECOND)).letters.len(), 1, "and not after it: {ahead} {restarts}");
            assert_eq!(desk.dead().expect("it reads").len(), 0);
        }
    }
}

#[test]
fn rows_of_a_clock_that_was_ahead_are_not_waited_for() {
    // A desk of before the steady clock was written down, on a node whose clock was a year ahead.
    let disk = FaultDisk::new();
    let open = |disk: &FaultDisk, boot: &[u8], now| {
        let (state, _) = State::open_on(disk.clone()).expect("it opens");
        let state = Arc::new(state);
        let desk = Desk::open(state.clone(), one_route(Seat::Hub, "wait_s=0"), boot, now).expect("it opens");
        (state, desk)
    };
    let year = 365 * 24 * HOUR;
    let (state, desk) = open(&disk, b"", set_by(year, 0));
    let begins = [1, 2].map(|number| Alert { judge: Judge::Hub, ..alert(number, 0) }.begins());
    desk.hear(begins, set_by(year, 0)).expect("heard");
    let due = desk.due(set_by(year, 0)).letters;
    desk.settle(due[0].id(), later(Whose::Letter, Some(HOUR)), set_by(year, 0), 0).expect("written");
    state.remove("notify-clock", &[]).expect("it is removed");
    drop((state, desk));
    let (_state, desk) = open(&disk.killed(), b"", now(0));
    assert_eq!(desk.due(now(0)).letters.len(), 2, "a time that lies a year ahead is nobody's");
}
