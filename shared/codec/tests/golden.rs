//! The bytes of version 1 are frozen: what is on disks and on the way must be readable by every later program.
//!
//! A change here is a change of shape. It needs a new version beside the old one, never a new golden value.

use vigie_codec::receipt::Receipt;
use vigie_codec::schema::SchemaHash;
use vigie_codec::segment::{self, HeaderHash, Segment};
use vigie_codec::statement::{SignedStatement, Statement};
use vigie_codec::wire::{
    Announced, Clock, Frame, Held, Hello, Link, LiveTick, LooseTicks, Opaque, Paused, RawWanted, Refused, RefusedWhy,
    RolledUp, RollupSheet, SchemaPart, Tally, Thinned,
};
use vigie_codec::{SigningKey, block, disk};
use vigie_merge::RangeSet;
use vigie_model::{
    Anchor, Boot, ClockSource, Gap, GapReason, Incarnation, Kind, Moment, NodeId, Resolution, Role, Sample, Seq,
    SeriesDef, SeriesIx, StreamId, Tick, UtcMs,
};

fn key() -> SigningKey {
    SigningKey::from_bytes(&[1; 32])
}

fn stream() -> StreamId {
    StreamId { agent: NodeId::of_key(key().verifying_key().as_bytes()), incarnation: Incarnation(0x0102_0304) }
}

fn ticks() -> Vec<Tick> {
    let value = |seq: u64, ix: u32| (seq as i64 * 37 + i64::from(ix) * 1_001) % 257 - 40;
    let tick = |seq: u64| Tick {
        seq: Seq(seq),
        at: Moment { utc: UtcMs(1_790_000_000_000 + seq as i64 * 10_000), boot: Boot { no: 2, ms: seq * 10_000 } },
        samples: (0..if seq.is_multiple_of(6) { 9 } else { 6 })
            .map(|ix| Sample { series: SeriesIx(ix), value: value(seq, ix) })
            .collect(),
    };
    (1..=30).map(tick).collect()
}

fn def() -> SeriesDef {
    SeriesDef::new("system.cpu.time", &[("cpu.mode", "user")], "s", Kind::Counter, Resolution::HUNDREDTH)
        .expect("a series")
}

fn segment() -> Segment {
    segment::seal(stream(), &ticks(), (1, SchemaHash::of(&[def()])), HeaderHash::NONE, &key()).expect("a run")
}

fn fingerprint(bytes: &[u8]) -> String {
    format!("{} {}", bytes.len(), &blake3::hash(bytes).to_hex()[..24])
}

fn frames() -> Vec<(&'static str, Frame)> {
    let clock = Clock { utc: UtcMs(1_790_000_000_000), error_ms: 7, source: ClockSource::Hub };
    let tally = Tally { ticks: 30, samples: 195 };
    let paused = Paused { live: false, bulk: true };
    let announced =
        Announced { ix: 3, stream: stream(), key: key().verifying_key().to_bytes(), name: "till-3".to_owned(), tally };
    let held = Held { ix: 3, have: RangeSet::of(1, 30), sealed: RangeSet::of(1, 20), schema_len: 9 };
    let opaque = Opaque { node: stream().agent, body: vec![1, 2, 3] };
    let gap = Gap { first: Seq(31), last: Seq(40), reason: GapReason::Evicted, samples: Some(65), noted_at: UtcMs(9) };
    let anchor = Anchor { boot: Boot { no: 2, ms: 5 }, utc: UtcMs(6), error_ms: 7, source: ClockSource::Relay };
    let hello = Hello {
        minor: 0,
        features: 5,
        role: Role::Relay,
        store_epoch: 77,
        clock,
        paused,
        name: "relay-1".to_owned(),
        software: "0.1.0".to_owned(),
    };
    let loose = LooseTicks { stream: stream(), first: Seq(1), count: 30, body: block::encode(&ticks()) };
    let refused = Refused { stream: stream(), first: Seq(1), last: Seq(9), why: RefusedWhy::Missing };
    let sheet = RollupSheet { stream: stream(), edition: 2, more: true, sheet: vec![7, 8] };
    let rolled = RolledUp { ix: 3, whole: false, edition: 2, ticks: RangeSet::of(1, 30) };
    vec![
        ("hello", Frame::Hello(hello)),
        ("announce", Frame::Announce(vec![announced.clone()])),
        ("have", Frame::Have(vec![held.clone()])),
        ("acks", Frame::Acks(vec![held])),
        ("receipt", Frame::Receipt(Receipt::new(stream(), RangeSet::of(1, 30), 9, 4, UtcMs(5), &key()))),
        ("received", Frame::Received { live: 300, bulk: 70_000 }),
        ("schema", Frame::Schema(SchemaPart { stream: stream(), from: 0, defs: vec![def()] })),
        ("live stream", Frame::LiveStream(announced)),
        ("live", Frame::Live(LiveTick { ix: 3, seq: Seq(300), body: vec![9, 8] })),
        ("ticks", Frame::Ticks(loose)),
        ("segment", Frame::Segment(segment())),
        ("seal", Frame::Seal(segment().seal)),
        ("gap", Frame::Statement(SignedStatement::new(stream(), Statement::Gap(gap), &key()))),
        ("anchor", Frame::Statement(SignedStatement::new(stream(), Statement::Anchor(anchor), &key()))),
        ("refused", Frame::Refused(refused)),
        ("paused", Frame::Paused(paused)),
        ("clock ask", Frame::ClockAsk(9)),
        ("clock tell", Frame::ClockTell(9, clock)),
        ("tally", Frame::Tally(3, tally)),
        ("cert ask", Frame::CertAsk(opaque.clone())),
        ("cert tell", Frame::CertTell(opaque.clone())),
        ("revoked", Frame::Revoked(opaque)),
        ("goodbye", Frame::Goodbye("reboot".to_owned())),
        ("rollup", Frame::Rollup(sheet)),
        ("rolled up", Frame::RolledUp(vec![rolled])),
        ("raw wanted", Frame::RawWanted(vec![RawWanted { ix: 3, ticks: RangeSet::of(4, 5) }])),
        ("link", Frame::Link(Link { beat_ms: 60_000, gather_acks_ms: 120_000 })),
        ("thinned", Frame::Thinned(vec![Thinned { ix: 3, ticks: RangeSet::of(1, 5) }])),
    ]
}

#[test]
fn every_shape_of_version_1_is_as_it_ever_was() {
    let mut found: Vec<String> =
        frames().iter().map(|(name, frame)| format!("{name}: {}", fingerprint(&frame.encode()))).collect();
    found.push(format!("block: {}", fingerprint(&block::encode(&ticks()))));
    found.push(format!("schema hash: {}", fingerprint(&SchemaHash::of(&[def()]).0)));
    found.push(format!("record of a tick: {}", fingerprint(&disk::write(disk::Kind::Tick, b"place", &ticks()[0]))));
    found
        .push(format!("record of a segment: {}", fingerprint(&disk::write(disk::Kind::Segment, b"place", &segment()))));
    found.push(format!("record of a series: {}", fingerprint(&disk::write(disk::Kind::Series, b"place", &def()))));
    let golden: Vec<&str> = include_str!("golden.txt").lines().collect();
    assert_eq!(found, golden);
}

#[test]
fn every_frame_is_read_back() {
    for (name, frame) in frames() {
        assert_eq!(Frame::decode(&frame.encode()).as_ref(), Ok(&frame), "{name}");
    }
}
