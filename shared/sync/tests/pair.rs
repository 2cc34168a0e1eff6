//! Two minds and one session.

mod common;

use std::sync::Arc;

use vigie_codec::wire::{Frame, Held, Tally};
use vigie_merge::RangeSet;
use vigie_model::Role;
use vigie_sync::{Ask, Input, Lane, Ledger, SessionId, Way};

use common::{Machine, Node, SAMPLES, client, converse, id, profile};

const UP: SessionId = SessionId(1);

#[test]
fn backlog_is_counted_down_until_all_is_there_and_all_that_was_collected_is_known() {
    let (mut relay, mut hub) = (Node::new(Role::Relay), Node::new(Role::Hub));
    let machines: Vec<_> = (0..3).map(Machine::new).collect();
    machines.iter().for_each(|machine| relay.has(machine, 1..=120, 0));
    connect(&mut relay, &mut hub, &machines, 0);
    let mut left = vec![relay.mind.backlog_ticks(UP)];
    let mut ms = 0;
    while relay.mind.backlog_ticks(UP) > 0 && ms < 60_000 {
        ms += 100;
        let sent = hub.live_until(ms).into_iter().map(|(_, _, frame)| (UP, Lane::Control, frame)).collect();
        converse(&mut hub, &mut relay, UP, sent, ms);
        left.push(relay.mind.backlog_ticks(UP));
    }
    assert!(left.is_sorted_by(|a, b| a >= b) && left.len() > 1, "{left:?}");
    assert_eq!(relay.mind.backlog_ticks(UP), 0);
    for machine in &machines {
        let ledger = Ledger::of(&hub.store[&machine.stream].facts, Role::Hub);
        assert_eq!((ledger.at_hub, ledger.samples), (120, 120 * SAMPLES));
        assert_eq!((ledger.collected, ledger.samples_collected), (120, 120 * SAMPLES));
    }
}

#[test]
fn a_relay_announces_all_that_came_to_it_and_not_only_what_it_was_told_of() {
    let mut relay = Node::new(Role::Relay);
    let machine = Machine::new(0);
    relay.has(&machine, 1..=500, 0);
    assert_eq!(relay.store[&machine.stream].facts.tally, Tally::default(), "its agent never said how much");
    relay.meets(1, id(Role::Hub), Role::Hub, Way::Up, 0);
    let announced = relay.sent.iter().find_map(|(_, _, frame)| match frame {
        Frame::Announce(list) => Some(list[0].tally),
        _ => None,
    });
    assert_eq!(announced, Some(Tally { ticks: 500, samples: 500 * SAMPLES }));
}

#[test]
fn a_seal_follows_right_behind_the_last_of_its_ticks_although_that_waited_for_company() {
    let (mut agent, machine) = agent_at_its_hub(5);
    // The sixth tick waits for company when it is sealed with the five that went before.
    agent.tell(Input::Measured(machine.stream, Arc::new(machine.tick(6))), 100_000);
    let sealed = machine.facts(RangeSet::of(1, 6), RangeSet::of(1, 6));
    agent.tell(Input::Facts(machine.stream, Arc::new(sealed)), 100_010);
    assert!(!asks_for_seal(&agent), "the tick has not gone");
    let sent = agent.live_until(100_250);
    assert!(sent.iter().any(|(_, _, frame)| matches!(frame, Frame::Live(live) if live.seq.0 == 6)), "{sent:?}");
    assert!(asks_for_seal(&agent), "its seal waits for nothing more");
}

#[test]
fn a_peer_that_hears_each_tick_is_not_told_how_many_there_are() {
    let (mut agent, machine) = agent_at_its_hub(5);
    for seq in 6..=100 {
        let ms = 100_000 + seq * 10_000;
        measure(&mut agent, &machine, seq, ms);
        kept(&mut agent, seq, ms + 500);
    }
    assert_eq!(tallies(&agent), []);
}

#[test]
fn a_peer_that_lacks_ticks_is_told_now_and_then_what_it_can_not_count() {
    let (mut agent, machine) = agent_at_its_hub(5);
    // Its disk takes no backlog, and five ticks were measured while nobody was there.
    agent.hears(1, Lane::Control, &Frame::Paused(vigie_codec::wire::Paused { live: false, bulk: true }), 50_000);
    let facts = machine.facts(RangeSet::of(1, 10), RangeSet::new());
    agent.tell(Input::Facts(machine.stream, Arc::new(facts)), 60_000);
    for seq in 11..=100 {
        let ms = 100_000 + seq * 10_000;
        measure(&mut agent, &machine, seq, ms);
        kept(&mut agent, seq, ms + 500);
    }
    let tallies = tallies(&agent);
    assert!((3..=5).contains(&tallies.len()), "in a quarter of an hour: {tallies:?}");
    assert!(tallies.iter().all(|tally| tally.samples == tally.ticks * SAMPLES), "{tallies:?}");
}

/// A relay's mind and its hub's, which knows whose machines they are.
fn connect(relay: &mut Node, hub: &mut Node, machines: &[Machine], ms: u64) {
    for machine in machines {
        hub.tell(Input::Enrolled { node: machine.stream.agent, client: client(), site: client() }, ms);
    }
    let peer = |of: Role, way| vigie_sync::PeerIs {
        node: id(of),
        role: of,
        client: client(),
        site: client(),
        way,
        formerly: None,
    };
    let connected = |peer| Input::Connected { session: UP, peer, profile: profile() };
    let mut first = relay.tell(connected(peer(Role::Hub, Way::Up)), ms);
    for (_, lane, frame) in hub.tell(connected(peer(Role::Relay, Way::Down)), ms) {
        first.extend(relay.hears(UP.0, lane, &frame, ms));
    }
    converse(relay, hub, UP, first, ms);
}

/// An agent whose hub has so many ticks already, all that there are.
fn agent_at_its_hub(ticks: u64) -> (Node, Machine) {
    let (mut agent, machine) = (Node::new(Role::Agent), Machine::new(0));
    let facts = machine.facts(RangeSet::of(1, ticks), RangeSet::new());
    agent.tell(Input::Facts(machine.stream, Arc::new(facts)), 0);
    agent.meets(1, id(Role::Hub), Role::Hub, Way::Up, 0);
    let held = Held { ix: 0, have: RangeSet::of(1, ticks), sealed: RangeSet::new(), schema_len: 0 };
    agent.hears(1, Lane::Control, &Frame::Have(vec![held]), 10);
    (agent, machine)
}

fn measure(agent: &mut Node, machine: &Machine, seq: u64, ms: u64) {
    agent.live_until(ms);
    agent.tell(Input::Measured(machine.stream, Arc::new(machine.tick(seq))), ms);
    let facts = machine.facts(RangeSet::of(1, seq), RangeSet::new());
    agent.tell(Input::Facts(machine.stream, Arc::new(facts)), ms + 10);
    agent.live_until(ms + 300);
}

/// The hub says that it keeps a tick.
fn kept(agent: &mut Node, seq: u64, ms: u64) {
    let held = Held { ix: 0, have: RangeSet::of(seq, seq), sealed: RangeSet::new(), schema_len: 0 };
    agent.hears(1, Lane::Control, &Frame::Acks(vec![held]), ms);
}

fn asks_for_seal(agent: &Node) -> bool {
    agent.asked.iter().any(|ask| *ask == Ask::Seals { within: RangeSet::of(1, 6) })
}

fn tallies(agent: &Node) -> Vec<Tally> {
    let told = agent.sent.iter().filter_map(|(_, _, frame)| match frame {
        Frame::Tally(_, tally) => Some(*tally),
        _ => None,
    });
    told.collect()
}
