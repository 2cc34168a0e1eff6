//! What goes by hand is what a session would bring, and is known by the same numbers.

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;

use vigie_codec::SigningKey;
use vigie_codec::carried::Head;
use vigie_codec::receipt::Receipt;
use vigie_codec::wire::{Frame, Opaque, RollupSheet, Tally};
use vigie_merge::RangeSet;
use vigie_model::{Role, Slug, StreamId, UtcMs};
use vigie_sync::carry::{Count, NotCarried, Offer, Offering, Taking};
use vigie_sync::keep::Record;
use vigie_sync::{Answer, Ask, Input, Lane, Me, PeerIs, Sends, SessionId, Way};

use common::{Machine, Node, client, converse, id, now, profile};

const BY_HAND: u64 = 7;
const UP: u64 = 1;

#[test]
fn what_the_hub_has_signed_for_is_not_written_down_and_the_rest_is() {
    let machine = Machine::new(0);
    let file = written_down(&machine, 1..=100, Some(RangeSet::of(1, 30)));
    assert_eq!(ticks_in(&file), RangeSet::of(31, 100));
    assert!(matches!(Frame::decode(&file[0]), Ok(Frame::Announce(_))), "streams are introduced first");
}

#[test]
fn a_file_brings_each_tick_once_however_often_it_comes_and_by_whichever_way() {
    let (machine, mut hub) = (Machine::new(0), hub_of("lyon"));
    let file = written_down(&machine, 1..=100, None);
    let first = taken(&mut hub, &file, "lyon");
    assert_eq!(first.0, Count { in_file: 100, new: 100, known: 0, refused: 0 });
    let again = taken(&mut hub, &file, "lyon");
    assert_eq!(again.0, Count { in_file: 100, new: 0, known: 100, refused: 0 });
    // The line is back: the relay hears what the hub has, and sends what it measured since.
    let mut relay = Node::new(Role::Relay);
    relay.has(&machine, 1..=105, 0);
    relay.tell(Input::Connected { session: SessionId(UP), peer: to_hub(), profile: profile() }, 1);
    hub.tell(Input::Connected { session: SessionId(UP), peer: from_relay("lyon"), profile: profile() }, 1);
    relay.hears(UP, Lane::Control, &Frame::Hello(common::hello(Role::Hub)), 1);
    let greeting = vec![(SessionId(UP), Lane::Control, Frame::Hello(common::hello(Role::Relay)))];
    let announced = relay.sent.iter().filter(|(_, _, frame)| matches!(frame, Frame::Announce(_))).cloned();
    let first: Vec<_> = greeting.into_iter().chain(announced).collect();
    converse(&mut relay, &mut hub, SessionId(UP), first, 2);
    let sent: Vec<Vec<u8>> = relay.sent.iter().map(|(_, _, frame)| frame.encode()).collect();
    assert_eq!(ticks_in(&sent), RangeSet::of(101, 105), "nothing comes twice");
    assert_eq!(hub.store[&machine.stream].facts.have, RangeSet::of(1, 105));
}

#[test]
fn a_file_of_another_site_brings_nothing_and_is_read_to_its_end() {
    let (machine, mut hub) = (Machine::new(0), hub_of("lyon"));
    let file = written_down(&machine, 1..=10, None);
    let (count, refused) = taken(&mut hub, &file, "brest");
    assert_eq!(count, Count { in_file: 10, new: 0, known: 0, refused: 10 });
    assert!(refused.contains_key("not_of_this_site"), "{refused:?}");
    assert!(!hub.store.contains_key(&machine.stream));
}

#[test]
fn a_segment_that_its_agent_did_not_sign_is_refused_and_the_rest_is_taken() {
    let (machine, mut forger, mut hub) = (Machine::new(0), Machine::new(1), hub_of("lyon"));
    // Another machine's key over this one's stream.
    forger.stream = machine.stream;
    let announce = Frame::Announce(vec![machine.announced(0, Tally { ticks: 8, samples: 24 })]);
    let frames = [announce, Frame::Segment(forger.segment(1, 4)), Frame::Segment(machine.segment(5, 8))];
    let file: Vec<Vec<u8>> = frames.iter().map(Frame::encode).collect();
    let (count, refused) = taken(&mut hub, &file, "lyon");
    assert_eq!(count, Count { in_file: 8, new: 4, known: 0, refused: 4 });
    assert_eq!(refused, BTreeMap::from([("forged", 1)]));
}

#[test]
fn no_errand_no_answer_and_no_greeting_goes_by_hand() {
    let receipt_key = SigningKey::from_bytes(&[1; 32]);
    let stream = Machine::new(0).stream;
    let opaque = Opaque { node: id(Role::Relay), body: Vec::new() };
    for frame in [
        Frame::Hello(common::hello(Role::Relay)),
        Frame::CertAsk(opaque.clone()),
        Frame::Revoked(opaque),
        Frame::Have(Vec::new()),
        Frame::Receipt(Receipt::new(stream, RangeSet::of(1, 9), 0, 1, UtcMs(0), &receipt_key)),
        Frame::Goodbye("x".to_owned()),
        Frame::Unknown(99),
    ] {
        assert_eq!(Taking::default().lane(&frame.encode()), Err(NotCarried::Senseless), "{frame:?}");
    }
    assert_eq!(Taking::default().lane(b"nonsense"), Err(NotCarried::Senseless));
}

#[test]
fn a_hub_that_can_take_no_more_is_told_no_more() {
    let mut taking = Taking::default();
    assert_eq!(taking.may_say(), Ok(true));
    taking.told(&Frame::Paused(vigie_codec::wire::Paused { live: false, bulk: true }).encode());
    assert_eq!(taking.may_say(), Err(NotCarried::Paused));
}

#[test]
fn an_hour_that_broke_off_is_not_waited_for() {
    let stream = Machine::new(0).stream;
    let sheet = |more| Frame::Rollup(RollupSheet { stream, edition: 0, more, sheet: vec![0; 100] }).encode();
    let mut taking = Taking::default();
    assert_eq!(taking.lane(&sheet(true)), Ok(Lane::Rollups));
    assert!(taking.is_settled(), "the hub says nothing of a part of an hour");
    assert_eq!(taking.lane(&sheet(false)), Ok(Lane::Rollups));
    assert!(!taking.is_settled());
    let bulk = (sheet(true).len() + sheet(false).len()) as u64;
    taking.told(&Frame::Received { live: 0, bulk }.encode());
    assert!(taking.is_settled());
}

/// What a relay writes down that has these ticks, of which the hub signed for these.
fn written_down(machine: &Machine, ticks: std::ops::RangeInclusive<u64>, signed: Option<RangeSet>) -> Vec<Vec<u8>> {
    let mut relay = Node::new(Role::Relay);
    relay.has(machine, ticks.clone(), 0);
    let mut facts = relay.store[&machine.stream].facts.clone();
    let receipt = |held| Receipt::new(machine.stream, held, 0, 1, UtcMs(0), &SigningKey::from_bytes(&[1; 32]));
    facts.receipt = signed.map(receipt);
    let me = Me {
        node: id(Role::Relay),
        role: Role::Relay,
        name: "box".to_owned(),
        software: "test".to_owned(),
        store_epoch: 1,
        hub_key: SigningKey::from_bytes(&[1; 32]).verifying_key(),
        receipt_key: None,
    };
    let streams = BTreeMap::from([(machine.stream, Arc::new(facts))]);
    let mut offering = Offering::new(me, (client(), client()), streams, Sends::All, now(0));
    let mut file = Vec::new();
    while let Some(offer) = offering.poll() {
        match offer {
            Offer::Frame(frame) => file.push(frame),
            Offer::Ask(stream, ask) => {
                let answer = look_up(machine, &ticks, &ask);
                offering.answered(stream, answer).expect("this store can be read");
            }
        }
    }
    file
}

/// A store that hands out seven ticks at a time.
fn look_up(machine: &Machine, ticks: &std::ops::RangeInclusive<u64>, ask: &Ask) -> Answer {
    match ask {
        Ask::Records { wanted, .. } => {
            let found = ticks.clone().filter(|seq| wanted.contains(*seq)).take(7);
            Answer::Records(vec![Record::Ticks(found.map(|seq| Arc::new(machine.tick(seq))).collect())])
        }
        Ask::Schema { from } => Answer::Schema { from: *from, defs: Vec::new() },
        Ask::Seals { .. } => Answer::Seals(Vec::new()),
        Ask::Anchors => Answer::Anchors(Vec::new()),
        Ask::Hours { .. } => Answer::Failed,
    }
}

fn hub_of(site: &str) -> Node {
    let mut hub = Node::new(Role::Hub);
    let site: Slug = site.parse().expect("a slug");
    hub.tell(Input::Enrolled { node: Machine::new(0).stream.agent, client: client(), site }, 0);
    hub
}

/// Has a hub take a file in the name of the relay of a site.
fn taken(hub: &mut Node, file: &[Vec<u8>], site: &str) -> (Count, BTreeMap<&'static str, u64>) {
    let mut taking = Taking::default();
    let before = have(hub);
    hub.tell(Input::Connected { session: SessionId(BY_HAND), peer: from_relay(site), profile: profile() }, 0);
    let said = [(Lane::Control, Taking::hello(&head(site)))];
    let frames = file.iter().map(|frame| (taking.lane(frame).expect("a relay wrote it"), frame.clone()));
    let all: Vec<_> = said.into_iter().chain(frames.collect::<Vec<_>>()).collect();
    for (lane, bytes) in all {
        let said = hub.tell(Input::Frame { session: SessionId(BY_HAND), lane, bytes }, 0);
        said.iter().for_each(|(_, _, frame)| taking.told(&frame.encode()));
    }
    assert!(taking.is_settled(), "all of it was kept, or refused");
    hub.tell(Input::Gone(SessionId(BY_HAND)), 0);
    (taking.count(&before, &have(hub)), taking.refused().clone())
}

fn have(hub: &Node) -> BTreeMap<StreamId, RangeSet> {
    hub.store.iter().map(|(stream, shelf)| (*stream, shelf.facts.have.clone())).collect()
}

fn head(site: &str) -> Head {
    let place = |name: &str| name.parse().expect("a slug");
    Head {
        relay: id(Role::Relay),
        key: [0; 32],
        client: client(),
        site: place(site),
        name: "box".to_owned(),
        software: "test".to_owned(),
        hub_key: [0; 32],
        store_epoch: 1,
        made_at: UtcMs(0),
    }
}

fn from_relay(site: &str) -> PeerIs {
    let site = site.parse().expect("a slug");
    PeerIs { node: id(Role::Relay), role: Role::Relay, client: client(), site, way: Way::Down, formerly: None }
}

fn to_hub() -> PeerIs {
    PeerIs { node: id(Role::Hub), role: Role::Hub, client: client(), site: client(), way: Way::Up, formerly: None }
}

fn ticks_in(file: &[Vec<u8>]) -> RangeSet {
    let ticks = file.iter().filter_map(|frame| vigie_sync::carry::ticks_of(&Frame::decode(frame).ok()?));
    ticks.map(|(_, first, last)| (first, last)).collect()
}
