//! Two minds, of which one has folded what it has.

mod common;

use std::sync::Arc;

use vigie_codec::wire::{Frame, RawWanted, RolledUp, RollupSheet, Thinned};
use vigie_merge::RangeSet;
use vigie_model::Role;
use vigie_sync::{Input, Lane, Ledger, LinkProfile, Sends, SessionId, Way};

use common::{Machine, Node, client, converse, hello, id, profile};

const UP: SessionId = SessionId(1);

#[test]
fn hours_go_before_the_ticks_that_a_cut_left_behind() {
    let (mut relay, mut hub, machine) = site(1_000);
    connect(&mut relay, &mut hub, &machine, Sends::RollupsFirst, 0);
    drain(&mut relay, &mut hub);
    let facts = &hub.store[&machine.stream].facts;
    assert_eq!((&facts.rolled.foreign, &facts.have), (&RangeSet::of(1, 1_000), &RangeSet::of(1, 1_000)));
    let is_hour = |frame: &Frame| matches!(frame, Frame::Rollup(_));
    let last_hour = relay.sent.iter().rposition(|(_, _, frame)| is_hour(frame)).expect("hours went");
    let first_run = relay.sent.iter().position(|(_, _, frame)| matches!(frame, Frame::Ticks(_))).expect("ticks went");
    assert!(last_hour < first_run, "{last_hour} {first_run}");
    assert!(relay.sent.iter().filter(|(_, _, frame)| is_hour(frame)).all(|(_, lane, _)| *lane == Lane::Rollups));
}

#[test]
fn a_site_that_keeps_its_ticks_sends_hours_and_the_ticks_that_somebody_asks_for() {
    let (mut relay, mut hub, machine) = site(1_000);
    connect(&mut relay, &mut hub, &machine, Sends::Rollups, 0);
    relay.tell(Input::Measured(machine.stream, Arc::new(machine.tick(1_001))), 10);
    drain(&mut relay, &mut hub);
    let facts = &hub.store[&machine.stream].facts;
    assert_eq!((&facts.rolled.foreign, facts.have.is_empty()), (&RangeSet::of(1, 1_000), true));
    assert_eq!(relay.mind.backlog_ticks(UP), 0, "nothing waits");
    let wanted = RangeSet::of(301, 350);
    let asked = RawWanted { ix: 0, ticks: wanted.clone() };
    let first = relay.hears(UP.0, Lane::Control, &Frame::RawWanted(vec![asked]), 100_000);
    converse(&mut relay, &mut hub, UP, first, 100_000);
    drain(&mut relay, &mut hub);
    assert_eq!(hub.store[&machine.stream].facts.have, wanted);
}

#[test]
fn what_somebody_asks_the_hub_for_is_told_to_the_relay_that_has_it() {
    let (mut relay, mut hub, machine) = site(400);
    connect(&mut relay, &mut hub, &machine, Sends::Rollups, 0);
    drain(&mut relay, &mut hub);
    let shelf = hub.store.get_mut(&machine.stream).expect("introduced");
    shelf.facts.rolled.wanted = RangeSet::of(1, 30);
    let facts = Arc::new(shelf.facts.clone());
    let sent = hub.tell(Input::Facts(machine.stream, facts), 200_000);
    converse(&mut hub, &mut relay, UP, sent, 200_000);
    drain(&mut relay, &mut hub);
    assert_eq!(hub.store[&machine.stream].facts.have, RangeSet::of(1, 30));
    let wishes = |hub: &Node| {
        let said = hub.sent.iter().filter_map(|(_, _, frame)| match frame {
            Frame::RawWanted(list) => Some(list[0].ticks.clone()),
            _ => None,
        });
        said.collect::<Vec<_>>()
    };
    assert_eq!(wishes(&hub), [RangeSet::new(), RangeSet::of(1, 30)], "once is enough");
    assert_eq!(relay.store[&machine.stream].facts.rolled.wanted, RangeSet::of(1, 30), "noted, for they are to stay");
    // A hub that began anew asks for nothing.
    part(&mut relay, &mut hub);
    hub.store.get_mut(&machine.stream).expect("introduced").facts.rolled.wanted = RangeSet::new();
    let facts = Arc::new(hub.store[&machine.stream].facts.clone());
    hub.tell(Input::Facts(machine.stream, facts), 300_000);
    connect(&mut relay, &mut hub, &machine, Sends::Rollups, 300_000);
    drain(&mut relay, &mut hub);
    assert_eq!(relay.store[&machine.stream].facts.rolled.wanted, RangeSet::new());
}

#[test]
fn what_a_relay_let_go_of_is_told_once_and_the_hub_waits_for_it_no_longer() {
    let (mut relay, mut hub, machine) = site(400);
    connect(&mut relay, &mut hub, &machine, Sends::Rollups, 0);
    drain(&mut relay, &mut hub);
    let shelf = relay.store.get_mut(&machine.stream).expect("introduced");
    assert_eq!(shelf.facts.rolled.there, RangeSet::of(1, 400), "noted, for by it ticks may go");
    shelf.facts.rolled.thinned = RangeSet::of(1, 100);
    shelf.facts.present.remove(1, 100);
    let facts = Arc::new(shelf.facts.clone());
    let sent = relay.tell(Input::Facts(machine.stream, facts), 200_000);
    converse(&mut relay, &mut hub, UP, sent, 200_000);
    drain(&mut relay, &mut hub);
    let facts = hub.store[&machine.stream].facts.clone();
    assert_eq!(facts.rolled.thinned, RangeSet::of(1, 100));
    let ledger = Ledger::of(&facts, Role::Hub);
    assert_eq!((ledger.folded, ledger.thinned, ledger.waiting), (400, 100, 0));
    let told = |relay: &Node| relay.sent.iter().filter(|(_, _, frame)| matches!(frame, Frame::Thinned(_))).count();
    assert_eq!(told(&relay), 1);
    // A hub that lost what it knew of it hears it again with the next connection.
    part(&mut relay, &mut hub);
    hub.store.get_mut(&machine.stream).expect("introduced").facts.rolled.thinned = RangeSet::new();
    let facts = Arc::new(hub.store[&machine.stream].facts.clone());
    hub.tell(Input::Facts(machine.stream, facts), 300_000);
    connect(&mut relay, &mut hub, &machine, Sends::Rollups, 300_000);
    drain(&mut relay, &mut hub);
    assert_eq!((told(&relay), &hub.store[&machine.stream].facts.rolled.thinned), (2, &RangeSet::of(1, 100)));
}

#[test]
fn a_relay_lets_go_of_no_more_than_there_ever_was() {
    let (mut relay, mut hub, machine) = site(400);
    connect(&mut relay, &mut hub, &machine, Sends::Rollups, 0);
    drain(&mut relay, &mut hub);
    let all = Thinned { ix: 0, ticks: RangeSet::of(1, u64::MAX) };
    hub.hears(UP.0, Lane::State, &Frame::Thinned(vec![all]), 200_000);
    assert_eq!(hub.store[&machine.stream].facts.rolled.thinned, RangeSet::of(1, 400));
}

#[test]
fn what_the_hub_has_is_not_sent_again_and_what_it_lost_is() {
    let (mut relay, mut hub, machine) = site(500);
    connect(&mut relay, &mut hub, &machine, Sends::Rollups, 0);
    drain(&mut relay, &mut hub);
    let hours = |relay: &Node| relay.sent.iter().filter(|(_, _, frame)| matches!(frame, Frame::Rollup(_))).count();
    let first = hours(&relay);
    assert_eq!(first, 10, "two sheets for each of five");
    part(&mut relay, &mut hub);
    connect(&mut relay, &mut hub, &machine, Sends::Rollups, 300_000);
    drain(&mut relay, &mut hub);
    assert_eq!(hours(&relay), first);
    // It says that something went, in the middle of a session.
    let whole = RolledUp { ix: 0, whole: true, edition: 0, ticks: RangeSet::of(1, 300) };
    let sent = relay.hears(UP.0, Lane::Control, &Frame::RolledUp(vec![whole]), 400_000);
    converse(&mut relay, &mut hub, UP, sent, 400_000);
    drain(&mut relay, &mut hub);
    assert_eq!(hours(&relay), first + 4, "the two that went");
}

#[test]
fn a_hub_of_the_version_before_is_sent_no_hours() {
    let (mut relay, _, machine) = site(500);
    relay.tell(connected(Role::Hub, Way::Up, Sends::RollupsFirst), 0);
    relay.hears(UP.0, Lane::Control, &Frame::Hello(hello(Role::Hub)), 0);
    let nothing = || vigie_codec::wire::Held { ix: 0, have: RangeSet::new(), sealed: RangeSet::new(), schema_len: 0 };
    relay.hears(UP.0, Lane::Control, &Frame::Have(vec![nothing()]), 10);
    let whole = RolledUp { ix: 0, whole: true, edition: 0, ticks: RangeSet::new() };
    relay.hears(UP.0, Lane::Control, &Frame::RolledUp(vec![whole]), 20);
    assert!(relay.sent.iter().any(|(_, _, frame)| matches!(frame, Frame::Ticks(_))), "the ticks go all the same");
    assert!(!relay.sent.iter().any(|(_, _, frame)| matches!(frame, Frame::Rollup(_))), "{:?}", machine.stream);
}

#[test]
#[should_panic(expected = "an hour from a peer that may not bring any")]
fn an_agent_brings_no_hours() {
    let (mut hub, machine) = (Node::new(Role::Hub), Machine::new(0));
    hub.meets(1, machine.stream.agent, Role::Agent, Way::Down, 0);
    let sheet = RollupSheet { stream: machine.stream, edition: 0, more: false, sheet: vec![1] };
    hub.hears(1, Lane::Rollups, &Frame::Rollup(sheet), 10);
}

#[test]
fn a_relay_says_how_slow_its_link_is_to_who_did_not_dial() {
    let (mut relay, mut hub, machine) = site(100);
    connect(&mut relay, &mut hub, &machine, Sends::Rollups, 0);
    let place = |is: fn(&Frame) -> bool| relay.sent.iter().position(|(_, _, frame)| is(frame)).expect("it was sent");
    assert!(place(|frame| matches!(frame, Frame::Hello(_))) < place(|frame| matches!(frame, Frame::Link(_))));
    assert!(!hub.sent.iter().any(|(_, _, frame)| matches!(frame, Frame::Link(_))), "who dialled knows the link");
}

/// A relay that has so many ticks and has folded them, a hub that has nothing, and the machine.
fn site(ticks: u64) -> (Node, Node, Machine) {
    let (mut relay, mut hub, machine) = (Node::new(Role::Relay), Node::new(Role::Hub), Machine::new(0));
    relay.has(&machine, 1..=ticks, 0);
    let shelf = relay.store.get_mut(&machine.stream).expect("just put there");
    shelf.facts.rolled.own = RangeSet::of(1, ticks);
    let facts = Arc::new(shelf.facts.clone());
    relay.tell(Input::Facts(machine.stream, facts), 0);
    hub.tell(Input::Enrolled { node: machine.stream.agent, client: client(), site: client() }, 0);
    (relay, hub, machine)
}

fn connected(role: Role, way: Way, sends: Sends) -> Input {
    let peer = vigie_sync::PeerIs { node: id(role), role, client: client(), site: client(), way, formerly: None };
    Input::Connected { session: UP, peer, profile: LinkProfile { sends, ..profile() } }
}

fn connect(relay: &mut Node, hub: &mut Node, machine: &Machine, sends: Sends, ms: u64) {
    hub.tell(Input::Enrolled { node: machine.stream.agent, client: client(), site: client() }, ms);
    let mut first = relay.tell(connected(Role::Hub, Way::Up, sends), ms);
    for (_, lane, frame) in hub.tell(connected(Role::Relay, Way::Down, sends), ms) {
        first.extend(relay.hears(UP.0, lane, &frame, ms));
    }
    converse(relay, hub, UP, first, ms);
}

fn part(relay: &mut Node, hub: &mut Node) {
    relay.tell(Input::Gone(UP), 250_000);
    hub.tell(Input::Gone(UP), 250_000);
}

/// Lets both live until nothing more is said.
fn drain(relay: &mut Node, hub: &mut Node) {
    let begin = [&relay.mind, &hub.mind].iter().filter_map(|mind| mind.poll_timeout()).min().unwrap_or(0);
    for step in 0..200 {
        let ms = begin + step * 100;
        let said = |of: Vec<(u64, SessionId, Frame)>| of.into_iter().map(|(_, _, frame)| (UP, Lane::Control, frame));
        let down: Vec<_> = said(hub.live_until(ms)).collect();
        converse(hub, relay, UP, down, ms);
        let up: Vec<_> = said(relay.live_until(ms)).collect();
        converse(relay, hub, UP, up, ms);
    }
}
