//! A relay speaks for the machines of its own site, and not for those of another site of the same client.

mod common;

use vigie_codec::wire::{Frame, Hello, Refused, RefusedWhy, Tally, Thinned, feature};
use vigie_merge::RangeSet;
use vigie_model::{Role, Slug};
use vigie_sync::keep::Write;
use vigie_sync::{Event, Input, Lane, Output, PeerIs, SessionId, Way};

use common::{Machine, Node, client, hello, id, now, profile};

const UP: SessionId = SessionId(1);

/// What a hub made of the words of a relay.
#[derive(Debug, Default, PartialEq, Eq)]
struct Made {
    introduced: usize,
    refused: Vec<RefusedWhy>,
    thinned: usize,
}

#[test]
fn a_relay_of_another_site_of_the_client_may_not_speak_for_a_machine() {
    let nothing = Made { refused: vec![RefusedWhy::NotYours], ..Made::default() };
    assert_eq!(made_of_relay_at("brest", Some("lyon")), nothing);
    assert_eq!(made_of_relay_at("brest", None), nothing, "nobody knows whose machine it is");
    let all = Made { introduced: 1, thinned: 1, ..Made::default() };
    assert_eq!(made_of_relay_at("lyon", Some("lyon")), all, "although nothing of it is durable yet");
}

#[test]
fn a_machine_that_was_a_copy_brings_what_it_measured_under_the_shared_key_and_nobody_elses() {
    let heard = |formerly: Option<u64>| {
        let (mut relay, machine) = (Node::new(Role::Relay).mind, Machine::new(0));
        let formerly = formerly.map(|seed| Machine::new(seed).stream.agent);
        let (node, role) = (id(Role::Agent), Role::Agent);
        let peer = PeerIs { node, role, client: client(), site: client(), way: Way::Down, formerly };
        relay.handle(Input::Connected { session: UP, peer, profile: profile() }, now(0));
        for frame in [
            Frame::Hello(hello(Role::Agent)),
            Frame::Announce(vec![machine.announced(0, Tally { ticks: 5, samples: 15 })]),
        ] {
            relay.handle(Input::Frame { session: UP, lane: Lane::Control, bytes: frame.encode() }, now(1));
        }
        std::iter::from_fn(|| relay.poll_output()).any(|out| matches!(out, Output::Event(Event::Announced { .. })))
    };
    assert!(heard(Some(0)), "its certificate says that it was a copy of that machine");
    assert!(!heard(Some(1)) && !heard(None));
}

/// A relay of a site announces a machine of this or another site, and says that ticks of it are let go of.
fn made_of_relay_at(site: &str, home: Option<&str>) -> Made {
    let (mut hub, machine) = (Node::new(Role::Hub).mind, Machine::new(0));
    let slug = |name: &str| name.parse::<Slug>().expect("a slug");
    if let Some(home) = home {
        hub.handle(Input::Enrolled { node: machine.stream.agent, client: client(), site: slug(home) }, now(0));
    }
    let peer = PeerIs {
        node: id(Role::Relay),
        role: Role::Relay,
        client: client(),
        site: slug(site),
        way: Way::Down,
        formerly: None,
    };
    hub.handle(Input::Connected { session: UP, peer, profile: profile() }, now(0));
    let frames = [
        Frame::Hello(Hello { features: feature::ROLLUPS, ..hello(Role::Relay) }),
        Frame::Announce(vec![machine.announced(0, Tally { ticks: 5, samples: 15 })]),
        Frame::Thinned(vec![Thinned { ix: 0, ticks: RangeSet::of(1, 4) }]),
    ];
    let mut made = Made::default();
    for frame in frames {
        hub.handle(Input::Frame { session: UP, lane: Lane::Control, bytes: frame.encode() }, now(1));
        while let Some(output) = hub.poll_output() {
            match output {
                Output::Event(Event::Announced { .. }) => made.introduced += 1,
                Output::Send { frame, .. } => {
                    if let Ok(Frame::Refused(Refused { why, .. })) = Frame::decode(&frame) {
                        made.refused.push(why);
                    }
                }
                Output::Apply { writes, .. } => {
                    made.thinned += writes.iter().filter(|write| matches!(write, Write::Thinned { .. })).count();
                }
                Output::Close { why, .. } => panic!("closed: {why}"),
                _ => {}
            }
        }
    }
    made
}
