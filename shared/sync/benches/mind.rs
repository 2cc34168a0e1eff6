//! What does one tick, or one segment, cost a mind that has many others to think of?

use divan::Bencher;
use vigie_codec::SigningKey;
use vigie_codec::live::LiveEncoder;
use vigie_codec::schema::SchemaHash;
use vigie_codec::segment::{self, HeaderHash};
use vigie_codec::wire::{Announced, Clock, Frame, Hello, LiveTick, Paused, Tally};
use vigie_merge::RangeSet;
use vigie_model::{
    Boot, ClockSource, Incarnation, Moment, NodeId, Now, Role, Sample, Seq, SeriesIx, Slug, StreamId, Tick, UtcMs,
};
use vigie_sync::keep::StreamFacts;
use vigie_sync::{Input, Lane, LinkKind, LinkProfile, Me, Output, PeerIs, Replica, SessionId, Token, Way};

const HOW_MANY: [u64; 3] = [10, 1_000, 10_000];

/// Samples of a tick: few, so that the loop is seen beside the decoding.
const SERIES: u32 = 20;

/// Ticks of a segment.
const SEALED: u64 = 6;

fn main() {
    divan::main();
}

/// A tick of one of so many agents, each connected with the hub itself and measuring each ten seconds: heard, kept,
/// known to be durable, and the next alarm set.
#[divan::bench(args = HOW_MANY, sample_count = 50, sample_size = 20)]
fn a_live_tick_at_a_hub_of_so_many_sessions(bencher: Bencher<'_, '_>, sessions: u64) {
    let (mut hub, streams) = hub_of(sessions, true);
    let mut agents: Vec<_> = streams.into_iter().map(Sender::new).collect();
    let mut turn = 0;
    bencher
        .with_inputs(|| {
            turn += 1;
            let agent = &mut agents[(turn % sessions) as usize];
            let frame = agent.live(0);
            (turn % sessions, frame, agent.facts(0), turn * 10_000 / sessions)
        })
        .bench_local_values(|(session, frame, facts, at_ms)| {
            take_in(&mut hub, (session, Lane::Live, frame), facts, at_ms)
        });
}

/// A segment of one of so many streams that one relay brings, while receipts of all the others are due soon.
#[divan::bench(args = HOW_MANY, sample_count = 50, sample_size = 20)]
fn a_segment_at_a_hub_of_so_many_streams(bencher: Bencher<'_, '_>, streams: u64) {
    let (mut hub, all) = hub_of(streams, false);
    let mut agents: Vec<_> = all.into_iter().map(Sender::new).collect();
    for at_ms in [0, 1] {
        for agent in &mut agents {
            agent.segment();
            hub.handle(agent.facts(SEALED), at(at_ms));
            drain(&mut hub);
        }
        // What may be signed at once is signed.
        while hub.poll_timeout().is_some_and(|due| due <= at_ms) {
            hub.handle(Input::Timeout, at(at_ms));
            drain(&mut hub);
        }
    }
    let mut turn = 0;
    bencher
        .with_inputs(|| {
            turn += 1;
            let agent = &mut agents[(turn % streams) as usize];
            (agent.segment(), agent.facts(SEALED))
        })
        .bench_local_values(|(frame, facts)| take_in(&mut hub, (0, Lane::Backlog, frame), facts, 2));
}

/// What a relay does each time a piece of backlog comes from its store, with so many streams on its way up.
#[divan::bench(args = HOW_MANY)]
fn the_backlog_counted_at_a_relay_of_so_many_streams(bencher: Bencher<'_, '_>, streams: u64) {
    let mut relay = mind(Role::Relay);
    let mut agents: Vec<_> = (0..streams).map(Sender::new).collect();
    for agent in &mut agents {
        agent.segment();
        relay.handle(agent.facts(SEALED), at(0));
    }
    let peer = PeerIs {
        node: NodeId::from_bytes([9; 16]),
        role: Role::Hub,
        client: client(),
        site: client(),
        way: Way::Up,
        formerly: None,
    };
    let profile = LinkProfile::of(LinkKind::Wan);
    relay.handle(Input::Connected { session: SessionId(0), peer, profile }, at(0));
    drain(&mut relay);
    bencher.bench_local(|| relay.backlog_ticks(SessionId(0)));
}

type Came = (u64, Lane, Vec<u8>);

/// All that the loop tells a mind because of one frame, and what it asks after.
fn take_in(hub: &mut Replica, (session, lane, bytes): Came, facts: Input, at_ms: u64) -> Option<u64> {
    let now = at(at_ms);
    hub.handle(Input::Frame { session: SessionId(session), lane, bytes }, now);
    let tokens = drain(hub);
    hub.handle(facts, now);
    for token in tokens {
        hub.handle(Input::Applied { token, outcomes: Vec::new() }, now);
    }
    drain(hub);
    hub.poll_timeout()
}

fn drain(mind: &mut Replica) -> Vec<Token> {
    let mut tokens = Vec::new();
    while let Some(output) = mind.poll_output() {
        if let Output::Apply { token, .. } = divan::black_box(output) {
            tokens.push(token);
        }
    }
    tokens
}

/// A hub that was told of so many streams: by their agents, or all by one relay.
fn hub_of(streams: u64, direct: bool) -> (Replica, std::ops::Range<u64>) {
    let mut hub = mind(Role::Hub);
    let sessions = if direct { streams } else { 1 };
    for session in 0..sessions {
        let role = if direct { Role::Agent } else { Role::Relay };
        let node = if direct { Sender::new(session).stream.agent } else { NodeId::from_bytes([9; 16]) };
        let peer = PeerIs { node, role, client: client(), site: client(), way: Way::Down, formerly: None };
        let profile = LinkProfile::of(LinkKind::Wan);
        hub.handle(Input::Connected { session: SessionId(session), peer, profile }, at(0));
        say(&mut hub, session, &Frame::Hello(hello(role)));
    }
    for (ix, sender) in (0..streams).map(Sender::new).enumerate() {
        hub.handle(Input::Enrolled { node: sender.stream.agent, client: client(), site: client() }, at(0));
        let (session, ix) = if direct { (ix as u64, 0) } else { (0, ix as u32) };
        let key = sender.key.verifying_key().to_bytes();
        let announced = Announced { ix, stream: sender.stream, key, name: "m".to_owned(), tally: Tally::default() };
        say(&mut hub, session, &Frame::Announce(vec![announced]));
    }
    (hub, 0..streams)
}

fn say(hub: &mut Replica, session: u64, frame: &Frame) {
    hub.handle(Input::Frame { session: SessionId(session), lane: Lane::Control, bytes: frame.encode() }, at(0));
    drain(hub);
}

fn mind(role: Role) -> Replica {
    let key = SigningKey::from_bytes(&[1; 32]);
    Replica::new(Me {
        node: NodeId::from_bytes([1; 16]),
        role,
        name: "mind".to_owned(),
        software: "bench".to_owned(),
        store_epoch: 1,
        hub_key: key.verifying_key(),
        receipt_key: (role == Role::Hub).then_some(key),
    })
}

fn hello(role: Role) -> Hello {
    let clock = Clock { utc: UtcMs(0), error_ms: 0, source: ClockSource::Rtc };
    let (name, software) = ("peer".to_owned(), "bench".to_owned());
    Hello { minor: 0, features: 0, role, store_epoch: 1, clock, paused: Paused::default(), name, software }
}

fn client() -> Slug {
    "acme".parse().expect("a plain word")
}

fn at(mono_ms: u64) -> Now {
    Now { mono_ms, utc: UtcMs(1_790_000_000_000 + mono_ms.cast_signed()) }
}

/// One agent, as far as its ticks go.
struct Sender {
    key: SigningKey,
    stream: StreamId,
    live: LiveEncoder,
    seq: u64,
}

impl Sender {
    fn new(no: u64) -> Self {
        let mut secret = [7; 32];
        secret[..8].copy_from_slice(&no.to_be_bytes());
        let key = SigningKey::from_bytes(&secret);
        let agent = NodeId::of_key(&key.verifying_key().to_bytes());
        Self { stream: StreamId { agent, incarnation: Incarnation(1) }, key, live: LiveEncoder::new(), seq: 0 }
    }

    fn tick(&mut self) -> Tick {
        self.seq += 1;
        let ms = self.seq * 10_000;
        let moment = Moment { utc: at(ms).utc, boot: Boot { no: 1, ms } };
        let value = |series: u32| (self.seq * u64::from(series)).cast_signed() % 97;
        let samples = (0..SERIES).map(|series| Sample { series: SeriesIx(series), value: value(series) }).collect();
        Tick { seq: Seq(self.seq), at: moment, samples }
    }

    fn live(&mut self, ix: u32) -> Vec<u8> {
        let tick = self.tick();
        Frame::Live(LiveTick { ix, seq: tick.seq, body: self.live.encode(ix, &tick) }).encode()
    }

    fn segment(&mut self) -> Vec<u8> {
        let ticks: Vec<_> = (0..SEALED).map(|_| self.tick()).collect();
        let sealed = segment::seal(self.stream, &ticks, (0, SchemaHash::EMPTY), HeaderHash::NONE, &self.key);
        Frame::Segment(sealed.expect("a run of one boot")).encode()
    }

    /// What a store says that has all so far, with a seal on so many at a time.
    fn facts(&self, sealed: u64) -> Input {
        let mut facts = StreamFacts::new(self.key.verifying_key().to_bytes(), "m".to_owned());
        facts.have = RangeSet::of(1, self.seq);
        facts.present = facts.have.clone();
        facts.sealed = if sealed > 0 { facts.have.clone() } else { RangeSet::new() };
        Input::Facts(self.stream, facts.into())
    }
}
