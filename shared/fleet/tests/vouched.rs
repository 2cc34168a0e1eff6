//! A hub that gets hours alone knows by its relay's word which machines answer.

mod common;

use std::collections::BTreeMap;

use common::*;
use vigie_codec::wire::{Answers, Tally};
use vigie_fleet::{Fleet, Known};
use vigie_model::{Boot, NodeId, Role};
use vigie_node::{Happening, NodeClock};
use vigie_serve::{Lookout, Reachability};
use vigie_sync::{PeerIs, SessionId, Way, Word};

const UP: SessionId = SessionId(7);

#[test]
fn a_machine_is_late_while_its_relay_hears_it_and_silent_since_it_does_not() {
    let (hub, machine) = site();
    up(&hub, &machine, 1, UP);
    assert_eq!(state(&hub, &machine), Reachability::Unseen, "nobody has said anything yet");
    said(&hub, UP, true, &[]);
    assert_eq!(state(&hub, &machine), Reachability::Late, "it answers, and no sample of it is here");
    said(&hub, UP, false, &[word(&machine, Answers::No, 400)]);
    assert_eq!(state(&hub, &machine), Reachability::Silent);
    let now = hub.fleet.now().utc.0;
    let since = hub.fleet.machine(machine.stream.agent).and_then(|machine| machine.reachability.since);
    let ago_ms = now - since.expect("the relay said since when").0.0;
    assert!((400_000..460_000).contains(&ago_ms), "{ago_ms}");
    said(&hub, UP, false, &[word(&machine, Answers::Away, 10)]);
    assert_eq!(state(&hub, &machine), Reachability::Asleep, "it had said goodbye");
    said(&hub, UP, false, &[word(&machine, Answers::Yes, 0)]);
    assert_eq!(state(&hub, &machine), Reachability::Late);
}

#[test]
fn of_two_relays_the_one_that_hears_a_machine_is_right() {
    let (hub, machine) = site();
    let other = SessionId(8);
    up(&hub, &machine, 1, UP);
    up(&hub, &machine, 2, other);
    said(&hub, UP, true, &[word(&machine, Answers::No, 9_000)]);
    said(&hub, other, true, &[]);
    assert_eq!(state(&hub, &machine), Reachability::Late);
    said(&hub, other, false, &[word(&machine, Answers::No, 50)]);
    assert_eq!(state(&hub, &machine), Reachability::Silent);
}

#[test]
fn after_a_relay_came_back_a_machine_does_not_answer_by_the_word_of_before() {
    let (hub, machine) = site();
    up(&hub, &machine, 1, UP);
    said(&hub, UP, true, &[]);
    assert_eq!(state(&hub, &machine), Reachability::Late);
    up(&hub, &machine, 1, SessionId(8));
    assert_eq!(state(&hub, &machine), Reachability::Unseen, "it may have fallen silent during the cut");
    said(&hub, SessionId(8), true, &[word(&machine, Answers::No, 400)]);
    assert_eq!(state(&hub, &machine), Reachability::Silent);
}

#[test]
fn what_was_measured_after_a_relay_called_a_machine_silent_says_that_it_is_not() {
    let (hub, machine) = site();
    hub.commit(&machine, vec![machine.schema(0, vec![def("a", &[])])]);
    up(&hub, &machine, 1, UP);
    said(&hub, UP, true, &[word(&machine, Answers::No, 400)]);
    assert_eq!(state(&hub, &machine), Reachability::Silent);
    hub.sees(&machine, &tick(1, Boot { no: 1, ms: 10_000 }, hub.fleet.now().utc.0, &[0]));
    assert_eq!(state(&hub, &machine), Reachability::Live);
}

#[test]
fn a_relay_that_began_anew_says_of_machines_it_has_not_heard_since_that_they_do_not_answer() {
    let (hub, fresh, never) = (Hub::new(), Machine::new(1, 1), Machine::new(2, 1));
    hub.commit(&never, vec![never.hello()]);
    let now_ms = hub.fleet.now().utc.0;
    let newest = tick(1, Boot { no: 1, ms: 10_000 }, now_ms, &[0]);
    hub.commit(&fresh, vec![fresh.hello(), fresh.schema(0, vec![def("a", &[])]), fresh.ticks([newest])]);
    let Known { client, site, .. } = fresh.known("lyon", "till");
    let is = (Role::Relay, "relay".to_owned());
    let relay = Fleet::of_log(is, Some((client.clone(), site.clone())), hub.log.clone(), NodeClock::new());
    let silent = || {
        let words = relay.unanswering().into_iter();
        words.map(|word| (word.stream, (word.answers, word.heard_s_ago < 60))).collect::<BTreeMap<_, _>>()
    };
    let both = [fresh.stream, never.stream].map(|stream| (stream, (Answers::No, true)));
    assert_eq!(silent(), BTreeMap::from(both), "what the log holds is of before");
    let peer = PeerIs { node: fresh.stream.agent, role: Role::Agent, client, site, way: Way::Down };
    relay.happened(&Happening::Up { session: UP, peer, beat_ms: 10_000 });
    assert_eq!(silent(), BTreeMap::from([both[1]]));
}

/// A machine that is enrolled at a site with two relays.
fn site() -> (Hub, Machine) {
    let (hub, machine) = (Hub::new(), Machine::new(1, 1));
    hub.fleet.enrolled(machine.known("lyon", "till"));
    for relay in [1, 2] {
        hub.fleet.enrolled(Known { node: node(relay), role: Role::Relay, ..machine.known("lyon", "relay") });
    }
    hub.commit(&machine, vec![machine.hello()]);
    (hub, machine)
}

fn node(relay: u8) -> NodeId {
    NodeId::from_bytes([relay; 16])
}

fn up(hub: &Hub, machine: &Machine, relay: u8, session: SessionId) {
    let Known { client, site, .. } = machine.known("lyon", "till");
    let peer = PeerIs { node: node(relay), role: Role::Relay, client, site, way: Way::Down };
    hub.fleet.happened(&Happening::Up { session, peer, beat_ms: 10_000 });
    hub.fleet.happened(&Happening::Announced(session, machine.stream, Tally::default()));
}

fn said(hub: &Hub, session: SessionId, whole: bool, words: &[Word]) {
    hub.fleet.happened(&Happening::Vouched(session, whole, words.to_vec()));
}

fn word(machine: &Machine, answers: Answers, heard_s_ago: u32) -> Word {
    Word { stream: machine.stream, answers, heard_s_ago }
}

fn state(hub: &Hub, machine: &Machine) -> Reachability {
    hub.fleet.machine(machine.stream.agent).expect("it is enrolled").reachability.state
}
