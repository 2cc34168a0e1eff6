//! A hub that gets hours alone knows by its relay's word which machines answer.

mod common;

use common::*;
use vigie_codec::wire::Tally;
use vigie_fleet::{Answers, Known, Word};
use vigie_model::{Boot, NodeId, Role, UtcMs};
use vigie_node::Happening;
use vigie_serve::{Lookout, Reachability, USUAL_ABSENCE_MS};
use vigie_sync::{PeerIs, SessionId, Way};

const UP: SessionId = SessionId(7);

#[test]
fn a_machine_is_late_while_its_relay_hears_it_and_silent_since_it_does_not() {
    let (hub, machine) = site();
    up(&hub, &machine, 1, UP);
    assert_eq!(state(&hub, &machine), Reachability::Unseen, "nobody has said anything yet");
    said(&hub, &machine, 1, Answers::Yes, 0);
    assert_eq!(state(&hub, &machine), Reachability::Late, "it answers, and no sample of it is here");
    said(&hub, &machine, 1, Answers::No, 400);
    assert_eq!(state(&hub, &machine), Reachability::Silent);
    let now = hub.fleet.now().utc.0;
    let since = hub.fleet.machine(machine.stream.agent).and_then(|machine| machine.reachability.since);
    let ago_ms = now - since.expect("the relay said since when").0.0;
    assert!((400_000..460_000).contains(&ago_ms), "{ago_ms}");
    said(&hub, &machine, 1, Answers::Yes, 0);
    assert_eq!(state(&hub, &machine), Reachability::Late);
}

#[test]
fn who_said_goodbye_is_asleep_for_as_long_as_that_takes_and_silent_afterwards() {
    let (hub, machine) = site();
    up(&hub, &machine, 1, UP);
    said(&hub, &machine, 1, Answers::Away, 60);
    assert_eq!(state(&hub, &machine), Reachability::Asleep);
    said(&hub, &machine, 1, Answers::Away, USUAL_ABSENCE_MS / 1_000 + 10);
    assert_eq!(state(&hub, &machine), Reachability::Silent, "it should be back, whatever it said");
}

#[test]
fn of_two_relays_the_one_that_hears_a_machine_is_right() {
    let (hub, machine) = site();
    up(&hub, &machine, 1, UP);
    up(&hub, &machine, 2, SessionId(8));
    said(&hub, &machine, 1, Answers::No, 9_000);
    said(&hub, &machine, 2, Answers::Yes, 9_999);
    assert_eq!(state(&hub, &machine), Reachability::Late);
    said(&hub, &machine, 2, Answers::No, 50);
    assert_eq!(state(&hub, &machine), Reachability::Silent);
}

#[test]
fn only_a_relay_of_its_own_site_says_of_a_machine_that_it_does_not_answer() {
    let (hub, machine) = site();
    up(&hub, &machine, 1, UP);
    let mine = word(&hub, &machine, 1, Answers::No, 400);
    for strange in [
        Word { relay: node(3), ..mine.clone() },
        Word { relay: machine.stream.agent, ..mine.clone() },
        Word { site: "paris".parse().expect("a name"), ..mine.clone() },
        Word { client: "other".parse().expect("a name"), ..mine.clone() },
    ] {
        hub.fleet.vouched(strange.clone());
        assert_eq!(state(&hub, &machine), Reachability::Unseen, "{strange:?}");
    }
    hub.fleet.vouched(mine);
    assert_eq!(state(&hub, &machine), Reachability::Silent);
}

#[test]
fn a_word_that_came_before_its_relay_was_known_counts_once_it_is() {
    let (hub, machine) = (Hub::new(), Machine::new(1, 1));
    hub.fleet.enrolled(machine.known("lyon", "till"));
    hub.commit(&machine, vec![machine.hello()]);
    said(&hub, &machine, 1, Answers::No, 400);
    hub.fleet.enrolled(Known { node: node(1), role: Role::Relay, ..machine.known("lyon", "relay") });
    up(&hub, &machine, 1, UP);
    assert_eq!(state(&hub, &machine), Reachability::Silent);
}

#[test]
fn what_was_measured_after_a_relay_called_a_machine_silent_says_that_it_is_not() {
    let (hub, machine) = site();
    hub.commit(&machine, vec![machine.schema(0, vec![def("a", &[])])]);
    up(&hub, &machine, 1, UP);
    said(&hub, &machine, 1, Answers::No, 400);
    assert_eq!(state(&hub, &machine), Reachability::Silent);
    hub.sees(&machine, &tick(1, Boot { no: 1, ms: 10_000 }, hub.fleet.now().utc.0, &[0]));
    assert_eq!(state(&hub, &machine), Reachability::Live);
}

#[test]
fn the_newest_life_of_a_machine_is_the_one_that_came_last_although_the_clock_was_set_back_between_them() {
    let (hub, before, after) = (Hub::new(), Machine::new(1, 1), Machine::new(1, 2));
    hub.fleet.enrolled(before.known("lyon", "till"));
    let now_ms = hub.fleet.now().utc.0;
    for (life, utc) in [(&before, now_ms), (&after, now_ms - 86_400_000)] {
        hub.commit(life, vec![life.hello(), life.schema(0, vec![def("a", &[])])]);
        hub.sees(life, &tick(1, Boot { no: 1, ms: 10_000 }, utc, &[0]));
    }
    let sighted = hub.fleet.sighted();
    assert_eq!(sighted[0].sampled_at, Some(UtcMs(now_ms - 86_400_000)));
    assert_eq!(sighted[0].clock_ahead_ms, None, "nobody told it the time");
}

#[test]
fn how_far_a_machines_clock_is_ahead_is_known_once_it_was_told_the_time() {
    let (hub, machine) = (Hub::new(), Machine::new(1, 1));
    hub.fleet.enrolled(machine.known("lyon", "till"));
    let now_ms = hub.fleet.now().utc.0;
    let anchor = machine.anchor(Boot { no: 1, ms: 5_000 }, now_ms - 5_000, 10);
    hub.commit(&machine, vec![machine.hello(), machine.schema(0, vec![def("a", &[])]), anchor]);
    hub.sees(&machine, &tick(1, Boot { no: 1, ms: 10_000 }, now_ms + 90_000, &[0]));
    assert_eq!(hub.fleet.sighted()[0].clock_ahead_ms, Some(90_000));
}

#[test]
fn what_a_former_copy_of_a_machine_brings_of_it_says_nothing_of_whether_that_machine_answers() {
    let (hub, machine) = site();
    hub.commit(&machine, vec![machine.schema(0, vec![def("a", &[])])]);
    up(&hub, &machine, 1, UP);
    said(&hub, &machine, 1, Answers::No, 400);
    let (copy, session) = (Machine::new(2, 1), SessionId(77));
    let Known { client, site, .. } = machine.known("lyon", "till");
    let formerly = Some(machine.stream.agent);
    let peer = PeerIs { node: copy.stream.agent, role: Role::Agent, client, site, way: Way::Down, formerly };
    hub.fleet.happened(&Happening::Up { session, peer, beat_ms: 10_000 });
    hub.fleet.happened(&Happening::Announced(session, machine.stream, Tally::default()));
    assert_eq!(state(&hub, &machine), Reachability::Silent, "its relay has not heard it");
}

#[test]
fn by_what_is_carried_here_by_hand_its_relay_is_not_heard_whether_its_connection_is_given_up_or_not() {
    let (hub, machine) = site();
    hub.commit(&machine, vec![machine.schema(0, vec![def("a", &[])])]);
    up(&hub, &machine, 1, UP);
    let sighted =
        || hub.fleet.sighted().into_iter().find(|one| one.node == machine.stream.agent).expect("it is enrolled");
    let begun_ms = hub.fleet.now().utc.0;
    let measured = |seq: u32| tick(seq.into(), Boot { no: 1, ms: 10_000 }, begun_ms + i64::from(seq), &[0]);
    hub.fleet.happened(&Happening::Seen(machine.stream, measured(1), Some(UP)));
    assert_eq!(sighted().brought.map(|(by, _)| by), Some(node(1)));
    let carried = |seq| {
        let heard_ms = hub.fleet.now().utc.0;
        while hub.fleet.now().utc.0 <= heard_ms {
            std::thread::yield_now();
        }
        hub.sees(&machine, &measured(seq));
        assert_eq!(sighted().sampled_at, Some(measured(seq).at.utc), "what was measured is here");
        assert_eq!(sighted().brought, None, "and nobody who is here brought it");
    };
    carried(2);
    hub.fleet.happened(&Happening::Down(UP, node(1), "gone".to_owned()));
    carried(3);
}

/// A machine that is enrolled at a site with two relays.
fn site() -> (Hub, Machine) {
    let (hub, machine) = (Hub::new(), Machine::new(1, 1));
    hub.fleet.enrolled(machine.known("lyon", "till"));
    for relay in [1, 2] {
        hub.fleet.enrolled(Known { node: node(relay), role: Role::Relay, ..machine.known("lyon", "relay") });
    }
    hub.fleet.enrolled(Known { node: node(3), role: Role::Relay, ..machine.known("paris", "relay") });
    hub.commit(&machine, vec![machine.hello()]);
    (hub, machine)
}

fn node(relay: u8) -> NodeId {
    NodeId::from_bytes([relay; 16])
}

fn up(hub: &Hub, machine: &Machine, relay: u8, session: SessionId) {
    let Known { client, site, .. } = machine.known("lyon", "till");
    let peer = PeerIs { node: node(relay), role: Role::Relay, client, site, way: Way::Down, formerly: None };
    hub.fleet.happened(&Happening::Up { session, peer, beat_ms: 10_000 });
    hub.fleet.happened(&Happening::Announced(session, machine.stream, Tally::default()));
}

fn said(hub: &Hub, machine: &Machine, relay: u8, answers: Answers, s_ago: i64) {
    hub.fleet.vouched(word(hub, machine, relay, answers, s_ago));
}

fn word(hub: &Hub, machine: &Machine, relay: u8, answers: Answers, s_ago: i64) -> Word {
    let Known { client, site, .. } = machine.known("lyon", "till");
    let since = UtcMs(hub.fleet.now().utc.0 - 1_000 * s_ago);
    Word { client, site, relay: node(relay), machine: machine.stream.agent, answers, since }
}

fn state(hub: &Hub, machine: &Machine) -> Reachability {
    hub.fleet.machine(machine.stream.agent).expect("it is enrolled").reachability.state
}
