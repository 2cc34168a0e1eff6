//! Two minds, one session, and rows in it: what is carried, who gets what, and what happens to the rest when it fails.

use std::collections::BTreeSet;
use std::sync::Arc;

use vigie_codec::SigningKey;
use vigie_codec::wire::rows::{KINDS, RowFrame, RowRefusal};
use vigie_codec::wire::{Clock, Frame, Hello, Paused, feature};
use vigie_merge::{Hlc, Key, Kind, Row, Scope};
use vigie_model::{ClockSource, NodeId, Now, Role, Slug, UtcMs};
use vigie_store::rows::{MemoryShelf, Owner, Rows};
use vigie_sync::rows::{RowInput, RowPeer, RowWish, Stamp};
use vigie_sync::{CloseWhy, Input, Lane, LinkKind, LinkProfile, Me, Output, PeerIs, Replica, RowsWish, SessionId, Way};

const S: SessionId = SessionId(1);

/// A mind and its rows.
struct Node {
    mind: Replica,
    rows: Rows<MemoryShelf>,
    shelf: MemoryShelf,
    who: RowPeer,
    place: (Slug, Slug),
    closed: Option<CloseWhy>,
    /// Why rows of this node's peers were not taken.
    refused: Vec<RowRefusal>,
    /// Said, and not heard yet.
    sent: Vec<(Lane, Vec<u8>)>,
}

impl Node {
    fn new(id: u8, role: Role, site: &str) -> Self {
        Self::with_chance(id, role, site, u64::from(id))
    }

    fn with_chance(id: u8, role: Role, site: &str, mut chance: u64) -> Self {
        let place = (slug("acme"), slug(site));
        let view = match role {
            Role::Hub => Scope::Deployment,
            Role::Relay | Role::Agent => Scope::Site(place.0.clone(), place.1.clone()),
        };
        let who = RowPeer { node: NodeId::from_bytes([id; 16]), role, view };
        let key = SigningKey::from_bytes(&[1; 32]);
        let me = Me {
            node: who.node,
            role,
            name: role.to_string(),
            software: "test".to_owned(),
            store_epoch: 1,
            hub_key: key.verifying_key(),
            receipt_key: (role == Role::Hub).then_some(key),
        };
        let (shelf, owner) = (
            MemoryShelf::new(),
            Owner { who: who.clone(), number: u16::from(id), floor: Hlc::ZERO, recovering: false },
        );
        let random = move || {
            chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            chance
        };
        let (rows, _) =
            Rows::open(shelf.clone(), owner, Arc::new(|_| true), Box::new(random), false, 0).expect("they open");
        let mind = Replica::new(me).with_rows(who.clone());
        Self { mind, rows, shelf, who, place, closed: None, refused: Vec::new(), sent: Vec::new() }
    }

    fn tell(&mut self, input: Input, ms: u64) {
        self.mind.handle(input, now(ms));
        while let Some(output) = self.mind.poll_output() {
            match output {
                Output::Send { lane, frame, .. } => self.sent.push((lane, frame)),
                Output::Close { why, .. } => self.closed = Some(why),
                Output::Rows { session, peer, wish } => self.carry_out(session, &peer, &wish, ms),
                Output::Apply { .. } | Output::Ask { .. } | Output::Event(_) => {}
            }
        }
    }

    fn carry_out(&mut self, session: SessionId, peer: &RowPeer, wish: &RowsWish, ms: u64) {
        let failed = Input::Rows { session, input: RowInput::Failed };
        let answer = match wish {
            RowsWish::Begin => {
                let hub = self.rows.hub().expect("sound");
                let hello = self.rows.hello(peer, hub).expect("sound");
                Some(Input::RowsBegun { session, hello, facts: self.rows.facts() })
            }
            RowsWish::Talk(wish) => match self.rows.carry_out(peer, wish, stamp(ms)) {
                Ok(answer) => answer.map(|input| Input::Rows { session, input }),
                Err(_) => Some(failed),
            },
        };
        if let Some(Input::Rows { input: RowInput::Applied(applied), .. }) = &answer {
            self.refused.extend(applied.refused.iter().map(|(_, why)| *why));
        }
        let reborn = matches!(wish, RowsWish::Talk(RowWish::Reborn | RowWish::BeginAgain));
        if let Some(answer) = answer {
            self.tell(answer, ms);
        }
        self.changed(reborn, ms);
    }

    fn changed(&mut self, reborn: bool, ms: u64) {
        let changed = self.rows.take_changed();
        if reborn || !changed.is_empty() {
            let machines: BTreeSet<NodeId> = changed.keys.iter().filter_map(Key::machine).collect();
            let machines = (!reborn && !changed.all).then_some(machines);
            self.tell(Input::RowsChanged { facts: self.rows.facts(), machines }, ms);
        }
    }

    fn writes(&mut self, key: &Key, value: &str, ms: u64) {
        self.rows.write(stamp(ms), |pen| pen.last(key, Some(value.into()))).expect("it may");
        self.changed(false, ms);
    }

    fn says(&mut self, key: &Key) -> Option<String> {
        match self.rows.get(key).expect("sound")? {
            Row::Last(last) => last.value().map(|value| String::from_utf8_lossy(value).into_owned()),
            other => panic!("{other:?}"),
        }
    }

    fn row_frames(&self) -> usize {
        let is_row = |frame: &[u8]| matches!(Frame::decode(frame), Ok(Frame::Unknown(kind)) if KINDS.contains(&kind));
        self.sent.iter().filter(|(_, frame)| is_row(frame)).count()
    }
}

/// Joins two nodes and lets them talk until both are silent.
fn meet(below: &mut Node, above: &mut Node, ms: u64) {
    connect(below, above, Way::Up, ms);
    connect(above, below, Way::Down, ms);
    talk(below, above, ms);
}

fn connect(node: &mut Node, peer: &Node, way: Way, ms: u64) {
    node.mind.handle(Input::Gone(S), now(ms));
    (node.sent, node.closed) = (Vec::new(), None);
    let (client, site) = peer.place.clone();
    let peer = PeerIs { node: peer.who.node, role: peer.who.role, client, site, way, formerly: None };
    node.tell(Input::Connected { session: S, peer, profile: LinkProfile::of(LinkKind::Wan) }, ms);
}

fn talk(one: &mut Node, other: &mut Node, ms: u64) {
    while !(one.sent.is_empty() && other.sent.is_empty()) {
        let said = std::mem::take(&mut one.sent);
        said.into_iter().for_each(|(lane, bytes)| other.tell(Input::Frame { session: S, lane, bytes }, ms));
        let said = std::mem::take(&mut other.sent);
        said.into_iter().for_each(|(lane, bytes)| one.tell(Input::Frame { session: S, lane, bytes }, ms));
    }
}

fn fact(machine: u8, site: &str) -> Key {
    let scope = Scope::Site(slug("acme"), slug(site));
    Key::new(&scope, &Kind::Fact, &format!("{}/system", NodeId::from_bytes([machine; 16]))).expect("a key")
}

fn slug(text: &str) -> Slug {
    text.parse().expect("a plain word")
}

fn stamp(ms: u64) -> Stamp {
    Stamp { mono_ms: ms, trusted: Some(now(ms).utc) }
}

fn now(mono_ms: u64) -> Now {
    Now { mono_ms, utc: UtcMs(1_790_000_000_000 + mono_ms.cast_signed()) }
}

#[test]
fn what_both_sides_wrote_while_they_were_cut_is_at_both_after_one_exchange() {
    let (mut relay, mut hub) = (Node::new(2, Role::Relay, "lyon"), Node::new(1, Role::Hub, "hub"));
    let (one, other) = (fact(7, "lyon"), fact(8, "lyon"));
    relay.writes(&one, "at the site", 10);
    hub.writes(&other, "at the hub", 20);
    hub.writes(&one, "later, at the hub", 30);
    meet(&mut relay, &mut hub, 100);
    for node in [&mut relay, &mut hub] {
        assert_eq!(node.says(&one).as_deref(), Some("later, at the hub"));
        assert_eq!(node.says(&other).as_deref(), Some("at the hub"));
    }
    relay.writes(&other, "while the line is there", 200);
    talk(&mut relay, &mut hub, 200);
    assert_eq!(hub.says(&other).as_deref(), Some("while the line is there"));
    assert!(relay.closed.is_none() && hub.closed.is_none());
}

#[test]
fn a_peer_of_an_older_version_is_greeted_once_and_told_nothing_more_of_rows() {
    let (mut relay, hub) = (Node::new(2, Role::Relay, "lyon"), Node::new(1, Role::Hub, "hub"));
    relay.writes(&fact(7, "lyon"), "said", 10);
    connect(&mut relay, &hub, Way::Up, 100);
    let clock = Clock { utc: UtcMs(0), error_ms: 0, source: ClockSource::Hub };
    let (name, software, paused) = ("hub".to_owned(), "older".to_owned(), Paused::default());
    let features = feature::ROLLUPS;
    let hello = Hello { minor: 0, features, role: Role::Hub, store_epoch: 1, clock, paused, name, software };
    let bytes = Frame::Hello(hello).encode();
    relay.tell(Input::Frame { session: S, lane: Lane::Control, bytes }, 110);
    relay.writes(&fact(7, "lyon"), "said again", 120);
    assert_eq!(relay.row_frames(), 1, "said before it could be known; who does not know it passes it over");
    assert!(relay.closed.is_none());
}

#[test]
fn an_agent_brings_what_it_is_itself_and_gets_nothing_else() {
    let (mut agent, mut relay) = (Node::new(7, Role::Agent, "lyon"), Node::new(2, Role::Relay, "lyon"));
    agent.writes(&fact(7, "lyon"), "mine", 10);
    relay.writes(&fact(8, "lyon"), "another's", 10);
    meet(&mut agent, &mut relay, 100);
    assert_eq!(relay.says(&fact(7, "lyon")).as_deref(), Some("mine"));
    assert_eq!(agent.says(&fact(8, "lyon")), None);
    relay.writes(&fact(8, "lyon"), "another's again", 200);
    assert_eq!(relay.sent, [], "nothing is said to an agent of what is not its own");
    // A store that was lost fills again with the agent's own rows.
    let mut again = Node::with_chance(7, Role::Agent, "lyon", 70);
    meet(&mut again, &mut relay, 300);
    assert_eq!((again.says(&fact(7, "lyon")).as_deref(), again.says(&fact(8, "lyon"))), (Some("mine"), None));
}

#[test]
fn an_agent_that_speaks_for_another_machine_is_refused_and_a_relay_for_another_site_too() {
    let mut relay = Node::new(2, Role::Relay, "lyon");
    // An agent whose program lets it write whatever it likes: a relay's, under an agent's certificate.
    let mut liar = Node::new(9, Role::Relay, "lyon");
    liar.writes(&fact(8, "lyon"), "forged", 10);
    liar.who.role = Role::Agent;
    connect(&mut liar, &relay, Way::Up, 100);
    connect(&mut relay, &liar, Way::Down, 100);
    // Its hello must bear the role of its certificate, or the session ends before.
    liar.sent = liar.sent.drain(..).map(|(lane, frame)| (lane, as_agent(&frame))).collect();
    talk(&mut liar, &mut relay, 100);
    assert_eq!(relay.says(&fact(8, "lyon")), None);
    assert_eq!(relay.refused, [RowRefusal::NotYours]);

    let (mut paris, mut hub) = (Node::new(3, Role::Relay, "paris"), Node::new(1, Role::Hub, "hub"));
    paris.writes(&fact(8, "paris"), "its own", 10);
    hub.writes(&fact(8, "lyon"), "of lyon", 10);
    meet(&mut paris, &mut hub, 100);
    assert_eq!(hub.says(&fact(8, "paris")).as_deref(), Some("its own"));
    assert_eq!(paris.says(&fact(8, "lyon")), None, "another site's rows do not even leave the hub");
}

#[test]
fn alerts_of_the_hub_itself_stay_at_the_hub_and_what_is_said_for_everybody_does_not() {
    let (mut relay, mut hub) = (Node::new(2, Role::Relay, "lyon"), Node::new(1, Role::Hub, "hub"));
    let of = |scope: &Scope, kind: Kind| Key::new(scope, &kind, "01JD0000000000000000000000").expect("a key");
    let (own, everybodys) = (of(&Scope::Deployment, Kind::About), of(&Scope::Deployment, Kind::Grant));
    let clients = of(&Scope::Client(slug("acme")), Kind::About);
    for key in [&own, &everybodys, &clients] {
        hub.writes(key, "said", 10);
    }
    meet(&mut relay, &mut hub, 100);
    assert_eq!(relay.says(&own), None, "backups of the hub that fail are no affair of a site's");
    for key in [&everybodys, &clients] {
        assert_eq!(relay.says(key).as_deref(), Some("said"), "{key}");
    }
    hub.writes(&own, "said again", 200);
    talk(&mut hub, &mut relay, 200);
    assert_eq!((relay.says(&own), relay.closed.is_none()), (None, true));
}

fn as_agent(frame: &[u8]) -> Vec<u8> {
    match Frame::decode(frame) {
        Ok(Frame::Hello(hello)) => Frame::Hello(Hello { role: Role::Agent, ..hello }).encode(),
        _ => frame.to_vec(),
    }
}

#[test]
fn a_relay_does_not_take_itself_for_restored_or_begin_again_at_the_word_of_an_agent() {
    let (mut agent, mut relay) = (Node::new(7, Role::Agent, "lyon"), Node::new(2, Role::Relay, "lyon"));
    relay.writes(&fact(8, "lyon"), "kept", 10);
    meet(&mut agent, &mut relay, 100);
    let epoch = relay.rows.facts().epoch;
    let hello = |node: &mut Node, peer: &RowPeer| node.rows.hello(peer, None).expect("sound");
    let (to, mine) = (relay.who.clone(), relay.rows.facts());
    let mut lie = hello(&mut agent, &to);
    let seen = vigie_codec::wire::rows::Seen { epoch: mine.epoch, start: 99, seqs: [1_000, 1_000] };
    (lie.seen_of_you, lie.seen_of_hub) = (Some(seen), Some(seen));
    connect(&mut agent, &relay, Way::Up, 200);
    connect(&mut relay, &agent, Way::Down, 200);
    let own = agent.sent.remove(0);
    relay.tell(Input::Frame { session: S, lane: own.0, bytes: own.1 }, 200);
    for frame in [RowFrame::Hello(lie), RowFrame::BeginAgain] {
        relay.tell(Input::Frame { session: S, lane: Lane::Alerts, bytes: frame.encode() }, 210);
    }
    assert_eq!(relay.rows.facts().epoch, epoch);
    assert_eq!(relay.says(&fact(8, "lyon")).as_deref(), Some("kept"));
}

#[test]
fn a_relay_that_was_brought_back_begins_a_new_life_and_has_everything_again_at_the_next_session() {
    let (mut relay, mut hub) = (Node::new(2, Role::Relay, "lyon"), Node::new(1, Role::Hub, "hub"));
    relay.writes(&fact(7, "lyon"), "first", 10);
    meet(&mut relay, &mut hub, 100);
    let copy = relay.shelf.restarted();
    relay.writes(&fact(7, "lyon"), "second", 200);
    talk(&mut relay, &mut hub, 200);
    // The whole folder of an hour ago: only the hub can know.
    let mut restored = Node::new(2, Role::Relay, "lyon");
    let owner = restored.rows.owner().clone();
    let mut chance = 1_000;
    let random = move || {
        chance += 1;
        chance
    };
    let opened = Rows::open(copy, owner, Arc::new(|_| true), Box::new(random), false, 0).expect("it opens");
    assert_eq!(opened.1, None, "nothing beside the store shows it");
    restored.rows = opened.0;
    let (epoch, actor) = (restored.rows.facts().epoch, restored.rows.actor());
    meet(&mut restored, &mut hub, 300);
    assert!(matches!(restored.closed, Some(CloseWhy::RowsAnew)), "{:?}", restored.closed);
    assert_ne!((restored.rows.facts().epoch, restored.rows.actor()), (epoch, actor));
    meet(&mut restored, &mut hub, 400);
    assert_eq!(restored.says(&fact(7, "lyon")).as_deref(), Some("second"));
    assert!(restored.closed.is_none() && hub.closed.is_none());
}

#[test]
fn when_the_store_of_rows_fails_the_session_goes_on_for_a_minute_and_comes_back_with_rows() {
    let (mut relay, mut hub) = (Node::new(2, Role::Relay, "lyon"), Node::new(1, Role::Hub, "hub"));
    meet(&mut relay, &mut hub, 100);
    hub.shelf.fail_in(0, false);
    relay.writes(&fact(7, "lyon"), "said", 200);
    talk(&mut relay, &mut hub, 200);
    assert!(hub.closed.is_none(), "telemetry goes on");
    let due = hub.mind.poll_timeout().expect("it is to come back");
    assert_eq!(due, 60_200);
    hub.tell(Input::Timeout, due);
    assert!(matches!(hub.closed, Some(CloseWhy::StoreTrouble)), "{:?}", hub.closed);
}
