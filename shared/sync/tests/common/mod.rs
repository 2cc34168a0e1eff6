//! Minds with a store in memory each, joined by lines on which nothing is lost and nothing takes time.
#![allow(dead_code, reason = "each test uses some of it")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use vigie_codec::SigningKey;
use vigie_codec::live::LiveEncoder;
use vigie_codec::schema::SchemaHash;
use vigie_codec::segment::{self, HeaderHash, Segment};
use vigie_codec::wire::{Announced, Clock, Frame, Hello, LiveTick, MAX_DEFS_PER_FRAME, Paused, Tally};
use vigie_merge::RangeSet;
use vigie_model::{
    Boot, ClockSource, Incarnation, Moment, NodeId, Now, Role, Sample, Seq, SeriesDef, SeriesIx, Slug, StreamId, Tick,
    UtcMs,
};
use vigie_sync::keep::{HoursFound, Kept, Outcome, Record, RolledHour, StreamFacts, Write};
use vigie_sync::{Answer, Ask, Event, Input, Lane, LinkKind, LinkProfile, Me, Output, PeerIs, Replica, SessionId, Way};

/// Samples of each tick.
pub(crate) const SAMPLES: u64 = 3;

/// A machine that measures.
pub(crate) struct Machine {
    pub(crate) key: SigningKey,
    pub(crate) stream: StreamId,
    live: LiveEncoder,
}

impl Machine {
    pub(crate) fn new(no: u64) -> Self {
        let mut secret = [7; 32];
        secret[..8].copy_from_slice(&no.to_be_bytes());
        let key = SigningKey::from_bytes(&secret);
        let agent = NodeId::of_key(&key.verifying_key().to_bytes());
        Self { stream: StreamId { agent, incarnation: Incarnation(1) }, key, live: LiveEncoder::new() }
    }

    pub(crate) fn tick(&self, seq: u64) -> Tick {
        let ms = seq * 10_000;
        let at = Moment { utc: now(ms).utc, boot: Boot { no: 1, ms } };
        let sample = |series: u32| Sample { series: SeriesIx(series), value: (seq * u64::from(series)).cast_signed() };
        Tick { seq: Seq(seq), at, samples: (0..SAMPLES as u32).map(sample).collect() }
    }

    pub(crate) fn live(&mut self, seq: u64) -> Frame {
        let body = self.live.encode(0, &self.tick(seq));
        Frame::Live(LiveTick { ix: 0, seq: Seq(seq), body })
    }

    pub(crate) fn segment(&self, first: u64, last: u64) -> Segment {
        let ticks: Vec<_> = (first..=last).map(|seq| self.tick(seq)).collect();
        segment::seal(self.stream, &ticks, (0, SchemaHash::EMPTY), HeaderHash::NONE, &self.key).expect("a run")
    }

    pub(crate) fn announced(&self, ix: u32, tally: Tally) -> Announced {
        let key = self.key.verifying_key().to_bytes();
        Announced { ix, stream: self.stream, key, name: "till".to_owned(), tally }
    }

    /// What a store says that has these ticks, and these of them sealed.
    pub(crate) fn facts(&self, have: RangeSet, sealed: RangeSet) -> StreamFacts {
        let mut facts = StreamFacts::new(self.key.verifying_key().to_bytes(), "till".to_owned());
        facts.samples = have.count() * SAMPLES;
        facts.tally = Tally { ticks: have.last().unwrap_or(0), samples: facts.samples };
        (facts.present, facts.have, facts.sealed) = (have.clone(), have, sealed);
        facts
    }
}

/// What is kept of a stream.
pub(crate) struct Shelf {
    pub(crate) facts: StreamFacts,
    pub(crate) defs: Vec<SeriesDef>,
    ticks: BTreeMap<u64, Arc<Tick>>,
}

/// A mind and its store.
pub(crate) struct Node {
    pub(crate) mind: Replica,
    pub(crate) store: BTreeMap<StreamId, Shelf>,
    /// All that was sent, for the test to look at.
    pub(crate) sent: Vec<(SessionId, Lane, Frame)>,
    pub(crate) asked: Vec<Ask>,
}

impl Node {
    pub(crate) fn new(role: Role) -> Self {
        let mind = Replica::new(Me {
            node: id(role),
            role,
            name: role.to_string(),
            software: "test".to_owned(),
            store_epoch: 1,
            hub_key: hub_key().verifying_key(),
            receipt_key: (role == Role::Hub).then(hub_key),
        });
        Self { mind, store: BTreeMap::new(), sent: Vec::new(), asked: Vec::new() }
    }

    /// Takes in what happened, and does all that the mind wishes; returns what it sent.
    pub(crate) fn tell(&mut self, input: Input, ms: u64) -> Vec<(SessionId, Lane, Frame)> {
        self.mind.handle(input, now(ms));
        let mut sent = Vec::new();
        while let Some(output) = self.mind.poll_output() {
            match output {
                Output::Send { session, lane, frame } => {
                    sent.push((session, lane, Frame::decode(&frame).expect("minds write what they read")));
                }
                Output::Apply { token, writes, .. } => {
                    let touched: BTreeSet<_> = writes.iter().map(Write::stream).collect();
                    let outcomes = writes.into_iter().map(|write| self.keep(write)).collect();
                    for stream in touched {
                        let Some(shelf) = self.store.get(&stream) else { continue };
                        let facts = Arc::new(shelf.facts.clone());
                        self.mind.handle(Input::Facts(stream, facts), now(ms));
                    }
                    self.mind.handle(Input::Applied { token, outcomes }, now(ms));
                }
                Output::Ask { session, stream, ask } => {
                    let answer = self.answer(stream, &ask);
                    self.asked.push(ask);
                    self.mind.handle(Input::Answer { session, stream, answer }, now(ms));
                }
                Output::Event(Event::Refused(_, refused)) => panic!("an honest node was refused: {refused:?}"),
                Output::Rows { .. } | Output::Event(_) => {}
                Output::Close { why, .. } => panic!("a session of honest nodes was closed: {why}"),
            }
        }
        self.sent.extend(sent.iter().cloned());
        sent
    }

    /// Lets time pass up to a moment, with all that is due meanwhile; returns what was sent, and when.
    pub(crate) fn live_until(&mut self, ms: u64) -> Vec<(u64, SessionId, Frame)> {
        let mut sent = Vec::new();
        while let Some(due) = self.mind.poll_timeout().filter(|due| *due <= ms) {
            sent.extend(self.tell(Input::Timeout, due).into_iter().map(|(session, _, frame)| (due, session, frame)));
        }
        sent
    }

    /// Puts ticks into the store as if they had long been there, and tells the mind.
    pub(crate) fn has(&mut self, machine: &Machine, ticks: std::ops::RangeInclusive<u64>, ms: u64) {
        let facts = machine.facts(RangeSet::new(), RangeSet::new());
        self.store.entry(machine.stream).or_insert(Shelf::new(facts));
        let ticks = ticks.map(|seq| Arc::new(machine.tick(seq))).collect();
        self.keep(Write::Ticks { stream: machine.stream, ticks });
        let facts = Arc::new(self.store[&machine.stream].facts.clone());
        self.tell(Input::Facts(machine.stream, facts), ms);
    }

    /// A peer connects and greets.
    pub(crate) fn meets(&mut self, session: u64, node: NodeId, role: Role, way: Way, ms: u64) {
        let peer = PeerIs { node, role, client: client(), site: client(), way, formerly: None };
        self.tell(Input::Connected { session: SessionId(session), peer, profile: profile() }, ms);
        self.hears(session, Lane::Control, &Frame::Hello(hello(role)), ms);
    }

    pub(crate) fn hears(&mut self, session: u64, lane: Lane, frame: &Frame, ms: u64) -> Vec<(SessionId, Lane, Frame)> {
        self.tell(Input::Frame { session: SessionId(session), lane, bytes: frame.encode() }, ms)
    }

    /// Keeps it without a word to the mind.
    pub(crate) fn keep(&mut self, write: Write) -> Outcome {
        let stream = write.stream();
        if let Write::Stream { key, name, .. } = &write {
            let facts = StreamFacts::new(*key, name.clone());
            self.store.entry(stream).or_insert(Shelf::new(facts));
        }
        let Some(shelf) = self.store.get_mut(&stream) else { return Outcome::UnknownStream(stream) };
        if let Write::Rollup(rollup) = write {
            let ticks = hour_ticks(&rollup.sheets);
            shelf.facts.rolled.foreign.union_with(&ticks);
            return Outcome::Rolled { stream, edition: rollup.edition, ticks };
        }
        shelf.keep(write);
        let (have, sealed) = (RangeSet::new(), RangeSet::new());
        Outcome::Kept(Kept { stream, have, sealed, schema_len: 0, duplicates: 0, forked: false })
    }

    fn answer(&self, stream: StreamId, ask: &Ask) -> Answer {
        match ask {
            Ask::Records { wanted, .. } => {
                let ticks = self.store.get(&stream).into_iter().flat_map(|shelf| &shelf.ticks);
                let found = ticks.filter(|(seq, _)| wanted.contains(**seq)).take(50);
                Answer::Records(vec![Record::Ticks(found.map(|(_, tick)| tick.clone()).collect())])
            }
            Ask::Schema { from } => {
                let all = self.store.get(&stream).map(|shelf| shelf.defs.as_slice()).unwrap_or_default();
                let defs = all.iter().skip(*from as usize).take(MAX_DEFS_PER_FRAME).cloned().collect();
                Answer::Schema { from: *from, defs }
            }
            Ask::Seals { .. } => Answer::Seals(Vec::new()),
            Ask::Anchors => Answer::Anchors(Vec::new()),
            Ask::Hours { wanted, .. } => {
                let own = self.store.get(&stream).map(|shelf| shelf.facts.rolled.own.clone()).unwrap_or_default();
                let hour = |from: u64| own.within(from, from + HOUR_TICKS - 1);
                let count = own.last().unwrap_or(0).div_ceil(HOUR_TICKS);
                let hours = (0..count).rev().map(|no| hour(no * HOUR_TICKS + 1));
                let hours = hours.filter(|ticks| !ticks.intersection(wanted).is_empty());
                let hours = hours.map(|ticks| RolledHour { sheets: hour_sheets(&ticks), ticks });
                Answer::Hours(HoursFound { edition: 0, hours: hours.collect(), before: None })
            }
        }
    }
}

/// Ticks of an hour here.
pub(crate) const HOUR_TICKS: u64 = 100;

/// What stands for the sheets of an hour: its ticks, in two parts.
fn hour_sheets(ticks: &RangeSet) -> Vec<Vec<u8>> {
    let ranges: Vec<u8> = ticks.ranges().flat_map(|(first, last)| [first, last]).flat_map(u64::to_be_bytes).collect();
    let (one, other) = ranges.split_at(ranges.len() / 2);
    vec![one.to_vec(), other.to_vec()]
}

pub(crate) fn hour_ticks(sheets: &[Vec<u8>]) -> RangeSet {
    let bytes = sheets.concat();
    let number = |bytes: &[u8]| u64::from_be_bytes(bytes.try_into().expect("eight bytes"));
    bytes.chunks(16).map(|range| (number(&range[..8]), number(&range[8..]))).collect()
}

impl Shelf {
    pub(crate) fn new(facts: StreamFacts) -> Self {
        Self { facts, defs: Vec::new(), ticks: BTreeMap::new() }
    }

    fn keep(&mut self, write: Write) {
        let facts = &mut self.facts;
        match write {
            Write::Ticks { ticks, .. } => {
                for tick in ticks {
                    let seq = tick.seq.0;
                    if facts.have.insert(seq, seq) {
                        facts.samples += tick.samples.len() as u64;
                    }
                    facts.present.insert(seq, seq);
                    self.ticks.insert(seq, tick);
                }
            }
            Write::Segment(segment) => {
                let (first, last) = (segment.header().first.0, segment.header().last.0);
                facts.have.insert(first, last);
                facts.present.insert(first, last);
                facts.sealed.insert(first, last);
            }
            Write::Tally { tally, .. } => {
                facts.tally.ticks = facts.tally.ticks.max(tally.ticks);
                facts.tally.samples = facts.tally.samples.max(tally.samples);
            }
            Write::Custody { have, sealed, .. } => (facts.custody, facts.custody_sealed) = (have, sealed),
            Write::Receipt(receipt) => facts.receipt = Some(receipt),
            Write::CustodyLost { .. } => facts.custody = RangeSet::new(),
            Write::RolledThere { whole, ticks, .. } => {
                if whole {
                    facts.rolled.there = RangeSet::new();
                }
                facts.rolled.there.union_with(&ticks);
            }
            Write::Thinned { ticks, .. } => {
                let collected = RangeSet::of(1, facts.collected().ticks.max(1));
                facts.rolled.thinned.union_with(&ticks.intersection(&collected));
            }
            Write::Wanted { ticks, .. } => facts.rolled.wanted = ticks,
            Write::Rollup(_) | Write::RolledTold { .. } => {}
            Write::Schema { from, defs, .. } => {
                assert!(from as usize <= self.defs.len(), "definitions come in their order");
                self.defs.truncate(from as usize);
                self.defs.extend(defs);
                facts.schema_len = self.defs.len() as u32;
            }
            Write::Stream { .. } | Write::Reserve { .. } => {}
            Write::Seal(_) | Write::Statement(_) => unreachable!("no test brings one"),
        }
    }
}

/// Hands over all that two nodes say to each other by sessions of these names, until both are silent.
pub(crate) fn converse(
    below: &mut Node,
    above: &mut Node,
    session: SessionId,
    first: Vec<(SessionId, Lane, Frame)>,
    ms: u64,
) {
    let mut up = first;
    while !up.is_empty() {
        let heard = |node: &mut Node, said: Vec<(SessionId, Lane, Frame)>| {
            let answers = said.into_iter().map(|(_, lane, frame)| node.hears(session.0, lane, &frame, ms));
            answers.collect::<Vec<_>>().concat()
        };
        let down = heard(above, up);
        up = heard(below, down);
    }
}

pub(crate) fn id(role: Role) -> NodeId {
    NodeId::from_bytes([role as u8 + 1; 16])
}

pub(crate) fn profile() -> LinkProfile {
    LinkProfile::of(LinkKind::Wan)
}

pub(crate) fn client() -> Slug {
    "acme".parse().expect("a plain word")
}

pub(crate) fn hello(role: Role) -> Hello {
    let clock = Clock { utc: UtcMs(0), error_ms: 0, source: ClockSource::Rtc };
    let (name, software) = ("peer".to_owned(), "test".to_owned());
    Hello { minor: 0, features: 0, role, store_epoch: 1, clock, paused: Paused::default(), name, software }
}

pub(crate) fn now(mono_ms: u64) -> Now {
    Now { mono_ms, utc: UtcMs(1_790_000_000_000 + mono_ms.cast_signed()) }
}

fn hub_key() -> SigningKey {
    SigningKey::from_bytes(&[1; 32])
}
