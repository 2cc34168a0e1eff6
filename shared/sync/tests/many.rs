//! One hub, and more sessions and streams than one would look at each time.

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;

use vigie_codec::wire::{Frame, Paused, Tally};
use vigie_merge::RangeSet;
use vigie_model::Role;
use vigie_sync::{Input, Lane, SessionId, Way};

use common::{Machine, Node};

#[test]
fn an_acknowledgement_comes_in_time_although_only_others_speak_meanwhile() {
    let (mut hub, mut machines) = hub_of_agents(50);
    let tick = machines[3].live(1);
    hub.hears(3, Lane::Live, &tick, 1_000);
    // It may wait 30 s, and 12 s more for company.
    assert_eq!(hub.mind.poll_timeout(), Some(43_000));
    for (session, machine) in machines.iter_mut().enumerate().skip(10) {
        let sent = hub.hears(session as u64, Lane::Live, &machine.live(1), 2_000 + session as u64);
        assert!(sent.is_empty(), "{sent:?}");
    }
    let acks: Vec<_> = hub.live_until(60_000).into_iter().filter_map(|(at, id, frame)| held(at, id, &frame)).collect();
    assert_eq!(acks[0], (43_000, SessionId(3), RangeSet::of(1, 1)));
    assert_eq!(acks.len(), 41, "each once: {acks:?}");
    assert!(acks.is_sorted_by_key(|ack| ack.0), "each in its time: {acks:?}");
    assert_eq!(hub.mind.poll_timeout(), None, "then all sleep");
}

#[test]
fn who_does_not_carry_a_stream_hears_nothing_of_it() {
    let (mut hub, machines) = hub_of_agents(20);
    let facts = Arc::new(machines[7].facts(RangeSet::of(1, 6), RangeSet::of(1, 6)));
    let mut sent = hub.tell(Input::Facts(machines[7].stream, facts), 0);
    sent.extend(hub.live_until(60_000).into_iter().map(|(_, id, frame)| (id, Lane::Control, frame)));
    assert!(sent.iter().any(|(_, _, frame)| matches!(frame, Frame::Receipt(_))));
    assert!(sent.iter().any(|(_, _, frame)| matches!(frame, Frame::Acks(_))));
    assert!(sent.iter().all(|(id, ..)| *id == SessionId(7)), "{sent:?}");
}

#[test]
fn a_session_that_is_gone_wakes_nobody_and_is_told_nothing() {
    let (mut hub, mut machines) = hub_of_agents(5);
    for (session, machine) in machines.iter_mut().enumerate() {
        hub.hears(session as u64, Lane::Live, &machine.live(1), 1_000);
    }
    (0..5).for_each(|session| drop(hub.tell(Input::Gone(SessionId(session)), 2_000)));
    assert_eq!(hub.mind.poll_timeout(), None);
    let facts = Arc::new(machines[2].facts(RangeSet::of(1, 6), RangeSet::of(1, 6)));
    assert!(hub.tell(Input::Facts(machines[2].stream, facts), 3_000).is_empty());
}

#[test]
fn everyone_below_is_told_when_the_hub_can_take_no_more() {
    let (mut hub, _) = hub_of_agents(30);
    let full = Paused { live: false, bulk: true };
    let sent = hub.tell(Input::Pause(full), 1_000);
    let told: Vec<_> = sent.iter().filter(|(_, _, frame)| *frame == Frame::Paused(full)).map(|(id, ..)| id.0).collect();
    assert_eq!(told, (0..30).collect::<Vec<_>>());
}

#[test]
fn thousands_of_streams_are_each_signed_for_once_a_second_at_most_and_none_is_forgotten() {
    let (mut hub, machines) = hub_of_agents(200);
    let mut signed: BTreeMap<SessionId, Vec<(u64, u64)>> = BTreeMap::new();
    // Each stream seals something new each 300 ms, for three seconds.
    for round in 1..=10u64 {
        for (session, machine) in machines.iter().enumerate() {
            let ms = round * 300 + session as u64 % 100;
            let sealed = RangeSet::of(1, round * 6);
            let facts = Arc::new(machine.facts(sealed.clone(), sealed));
            let sent = hub.tell(Input::Facts(machine.stream, facts), ms);
            let due = sent.into_iter().map(|(id, _, frame)| (ms, id, frame));
            due.for_each(|(ms, id, frame)| note(&mut signed, ms, id, &frame));
        }
        hub.live_until(round * 300 + 200).into_iter().for_each(|(ms, id, frame)| note(&mut signed, ms, id, &frame));
    }
    hub.live_until(10_000).into_iter().for_each(|(ms, id, frame)| note(&mut signed, ms, id, &frame));
    assert_eq!(signed.len(), 200);
    for (id, times) in signed {
        assert!(times.windows(2).all(|pair| pair[1].0 >= pair[0].0 + 1_000), "{id:?} too often: {times:?}");
        assert_eq!(times.last().map(|last| last.1), Some(60), "{id:?} is owed the newest: {times:?}");
    }
}

#[test]
fn nothing_is_signed_again_while_nothing_new_is_sealed() {
    let (mut hub, machines) = hub_of_agents(1);
    for ticks in 6..20 {
        let facts = Arc::new(machines[0].facts(RangeSet::of(1, ticks), RangeSet::of(1, 6)));
        hub.tell(Input::Facts(machines[0].stream, facts), ticks * 10);
    }
    hub.live_until(20_000);
    let receipts = hub.sent.iter().filter(|(_, _, frame)| matches!(frame, Frame::Receipt(_))).count();
    assert_eq!(receipts, 1);
}

/// A hub with so many agents, each on its own session and known with one stream.
fn hub_of_agents(agents: u64) -> (Node, Vec<Machine>) {
    let mut hub = Node::new(Role::Hub);
    let machines: Vec<_> = (0..agents).map(Machine::new).collect();
    for (session, machine) in machines.iter().enumerate() {
        hub.meets(session as u64, machine.stream.agent, Role::Agent, Way::Down, 0);
        let announced = machine.announced(0, Tally::default());
        hub.hears(session as u64, Lane::Control, &Frame::Announce(vec![announced]), 0);
    }
    hub.live_until(0);
    (hub, machines)
}

fn held(at_ms: u64, id: SessionId, frame: &Frame) -> Option<(u64, SessionId, RangeSet)> {
    match frame {
        Frame::Acks(list) => Some((at_ms, id, list[0].have.clone())),
        _ => None,
    }
}

fn note(signed: &mut BTreeMap<SessionId, Vec<(u64, u64)>>, ms: u64, id: SessionId, frame: &Frame) {
    if let Frame::Receipt(receipt) = frame {
        signed.entry(id).or_default().push((ms, receipt.held.last().unwrap_or(0)));
    }
}
