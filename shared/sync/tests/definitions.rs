//! What does the definition of many new series cost those who wait for something urgent?
//!
//! A relay and a hub over 64 kbit/s and 600 ms, on which whatever is sent waits for all that was sent before it: as at the
//! narrowest place of a line, where nobody knows what is urgent.

mod common;

use std::collections::VecDeque;
use std::sync::Arc;

use vigie_codec::wire::Frame;
use vigie_model::{Kind, Resolution, Role, SeriesDef, StreamId};
use vigie_sync::keep::Write;
use vigie_sync::{Input, Lane, LinkKind, LinkProfile, PeerIs, SessionId, Way};

use common::{Machine, Node, client, hello, id};

const UP: SessionId = SessionId(1);

/// 64 kbit/s.
const BYTES_PER_S: u64 = 8_000;
/// Half of the round trip.
const DELAY_MS: u64 = 300;

/// What is on its way in one direction, in the order in which it comes.
#[derive(Default)]
struct Direction {
    /// When each comes.
    frames: VecDeque<(u64, Lane, Frame)>,
    free_ms: u64,
}

impl Direction {
    fn send(&mut self, lane: Lane, frame: Frame, ms: u64) {
        self.free_ms = self.free_ms.max(ms) + frame.encode().len() as u64 * 1_000 / BYTES_PER_S;
        self.frames.push_back((self.free_ms + DELAY_MS, lane, frame));
    }

    /// How long what is sent now waits before its own bytes go.
    fn waits_ms(&self, ms: u64) -> u64 {
        self.free_ms.saturating_sub(ms)
    }

    fn next(&mut self, ms: u64) -> Option<(Lane, Frame)> {
        self.frames.pop_front_if(|(at, ..)| *at <= ms).map(|(_, lane, frame)| (lane, frame))
    }
}

struct Hop {
    relay: Node,
    hub: Node,
    up: Direction,
    down: Direction,
    ms: u64,
    /// The longest that anything urgent would have waited for its turn on the way up.
    worst_ms: u64,
}

impl Hop {
    fn new() -> Self {
        let (up, down) = (Direction::default(), Direction::default());
        Self { relay: Node::new(Role::Relay), hub: Node::new(Role::Hub), up, down, ms: 0, worst_ms: 0 }
    }

    /// The line is back.
    fn connect(&mut self, machines: &[Machine]) {
        let is = |role, way| PeerIs { node: id(role), role, client: client(), site: client(), way, formerly: None };
        for machine in machines {
            let node = machine.stream.agent;
            self.hub.tell(Input::Enrolled { node, client: client(), site: client() }, 0);
        }
        let profile = LinkProfile::of(LinkKind::Wan);
        let peer = is(Role::Relay, Way::Down);
        let sent = self.hub.tell(Input::Connected { session: UP, peer, profile: profile.clone() }, 0);
        self.carry(sent, false);
        let sent = self.relay.tell(Input::Connected { session: UP, peer: is(Role::Hub, Way::Up), profile }, 0);
        self.carry(sent, true);
        // Each has heard the other's greeting, by another hello than the one on its way.
        let sent = self.hub.hears(UP.0, Lane::Control, &Frame::Hello(hello(Role::Relay)), 0);
        self.carry(sent, false);
        let sent = self.relay.hears(UP.0, Lane::Control, &Frame::Hello(hello(Role::Hub)), 0);
        self.carry(sent, true);
    }

    fn carry(&mut self, sent: Vec<(SessionId, Lane, Frame)>, is_up: bool) {
        let way = if is_up { &mut self.up } else { &mut self.down };
        for (_, lane, frame) in sent.into_iter().filter(|(_, _, frame)| !matches!(frame, Frame::Hello(_))) {
            way.send(lane, frame, self.ms);
        }
    }

    fn live_until(&mut self, ms: u64) {
        while self.ms < ms {
            self.ms += 10;
            while let Some((lane, frame)) = self.up.next(self.ms) {
                let sent = self.hub.hears(UP.0, lane, &frame, self.ms);
                self.carry(sent, false);
            }
            while let Some((lane, frame)) = self.down.next(self.ms) {
                let sent = self.relay.hears(UP.0, lane, &frame, self.ms);
                self.carry(sent, true);
            }
            let rtt_ms = 2 * DELAY_MS + self.up.waits_ms(self.ms);
            let path = Input::Path { session: UP, rtt_ms, live_queued_bytes: 0, spent_bytes: 0 };
            let sent = self.relay.tell(path, self.ms);
            self.carry(sent, true);
            let sent = due(&mut self.relay, self.ms);
            self.carry(sent, true);
            let sent = due(&mut self.hub, self.ms);
            self.carry(sent, false);
            self.worst_ms = self.worst_ms.max(self.up.waits_ms(self.ms));
        }
    }

    fn defined(&self, stream: StreamId) -> usize {
        self.hub.store.get(&stream).map_or(0, |shelf| shelf.defs.len())
    }
}

fn definitions(count: u32) -> Vec<SeriesDef> {
    let one = |at: u32| {
        let port = at.to_string();
        SeriesDef::new("port.octets", &[("port", &port)], "By", Kind::Counter, Resolution::ONE).expect("a definition")
    };
    (0..count).map(one).collect()
}

fn due(node: &mut Node, ms: u64) -> Vec<(SessionId, Lane, Frame)> {
    let is_due = node.mind.poll_timeout().is_some_and(|due| due <= ms);
    if is_due { node.tell(Input::Timeout, ms) } else { Vec::new() }
}

/// Machines behind a relay, each with so many series, of which the hub knows none.
fn behind(hop: &mut Hop, machines: u64, series: u32) -> Vec<Machine> {
    let machines: Vec<_> = (0..machines).map(Machine::new).collect();
    for machine in &machines {
        hop.relay.has(machine, 1..=3, 0);
        let stream = machine.stream;
        hop.relay.keep(Write::Schema { stream, from: 0, defs: definitions(series) });
        let facts = Arc::new(hop.relay.store[&stream].facts.clone());
        hop.relay.tell(Input::Facts(stream, facts), 0);
    }
    machines
}

#[test]
fn an_alert_waits_for_no_more_definitions_than_fill_the_line() {
    let mut hop = Hop::new();
    let machines = behind(&mut hop, 10, 500);
    hop.connect(&machines);
    hop.live_until(30_000);
    let all = machines.iter().map(|machine| hop.defined(machine.stream)).sum::<usize>();
    assert!(hop.worst_ms < 1_000, "an alert would have waited {} ms", hop.worst_ms);
    assert_eq!(all, 5_000, "and the line is filled meanwhile");
}

#[test]
fn definitions_go_before_the_backlog_that_nobody_can_read_without_them() {
    let mut hop = Hop::new();
    let machines = behind(&mut hop, 3, 700);
    machines.iter().for_each(|machine| hop.relay.has(machine, 1..=5_000, 0));
    hop.connect(&machines);
    hop.live_until(120_000);
    let is_bulk = |(_, _, frame): &&(SessionId, Lane, Frame)| matches!(frame, Frame::Schema(_) | Frame::Ticks(_));
    let kinds: Vec<_> =
        hop.relay.sent.iter().filter(is_bulk).map(|(.., frame)| matches!(frame, Frame::Ticks(_))).collect();
    assert!(kinds.is_sorted() && kinds.contains(&true), "definitions first: {kinds:?}");
    for machine in &machines {
        assert_eq!(hop.hub.store[&machine.stream].facts.have.count(), 5_000, "all of it comes");
        assert_eq!(hop.hub.store[&machine.stream].defs, definitions(700), "in its order");
    }
}

#[test]
fn a_live_tick_does_not_wait_for_its_definitions_and_is_kept_before_they_come() {
    let mut hop = Hop::new();
    let machines = behind(&mut hop, 4, 1_000);
    hop.connect(&machines);
    hop.live_until(3_000);
    let last = &machines[3];
    let sent = hop.relay.tell(Input::Measured(last.stream, Arc::new(last.tick(4))), hop.ms);
    hop.carry(sent, true);
    hop.live_until(5_500);
    assert!(hop.defined(last.stream) < 1_000, "its definitions are still on their way");
    assert!(hop.hub.store[&last.stream].facts.have.contains(4), "and it is there");
    hop.live_until(30_000);
    assert_eq!(hop.hub.store[&last.stream].defs, definitions(1_000));
}

#[test]
fn definitions_that_can_not_be_read_are_asked_for_again_only_when_something_happened() {
    let mut hop = Hop::new();
    let machines = behind(&mut hop, 1, 100);
    let stream = machines[0].stream;
    hop.relay.store.get_mut(&stream).expect("just kept").defs.clear();
    hop.connect(&machines);
    hop.live_until(20_000);
    let asked = hop.relay.asked.iter().filter(|ask| matches!(ask, vigie_sync::Ask::Schema { .. })).count();
    // Its hub said what it has, and acknowledged ticks.
    assert!((1..=5).contains(&asked), "asked {asked} times");
}
