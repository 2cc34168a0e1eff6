//! A hub that gets hours alone knows by its relay's word which machines answer.

mod common;

use common::*;
use vigie_codec::wire::{Answers, Tally};
use vigie_fleet::Known;
use vigie_model::{NodeId, Role};
use vigie_node::Happening;
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
