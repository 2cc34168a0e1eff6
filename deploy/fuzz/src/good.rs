//! Which bytes are good? Ticks of a small machine, and what becomes of them.

use vigie_codec::SigningKey;
use vigie_codec::schema::SchemaHash;
use vigie_codec::segment::{self, HeaderHash, Segment};
use vigie_model::{
    Boot, Incarnation, Kind, Moment, NodeId, Resolution, Sample, Seq, SeriesDef, SeriesIx, StreamId, Tick, UtcMs,
};

/// Begin of an hour.
pub(crate) const T0_MS: i64 = 1_790_002_800_000;

pub(crate) fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

pub(crate) fn stream() -> StreamId {
    StreamId { agent: NodeId::of_key(key().verifying_key().as_bytes()), incarnation: Incarnation(5) }
}

/// Consecutive ticks of nine series, of which three rest most of the time.
pub(crate) fn ticks() -> Vec<Tick> {
    let value = |seq: u64, ix: u32| (seq.cast_signed() * 37 + i64::from(ix) * 1_001) % 257 - 40;
    let tick = |seq: u64| Tick {
        seq: Seq(seq),
        at: Moment {
            utc: UtcMs(T0_MS + seq.cast_signed() * 10_000),
            boot: Boot { no: if seq > 20 { 3 } else { 2 }, ms: seq * 10_000 },
        },
        samples: (0..if seq.is_multiple_of(6) { 9 } else { 6 })
            .map(|ix| Sample { series: SeriesIx(ix), value: value(seq, ix) })
            .collect(),
    };
    (1..=30).map(tick).collect()
}

pub(crate) fn def() -> SeriesDef {
    SeriesDef::new("system.cpu.time", &[("cpu.mode", "user")], "s", Kind::Counter, Resolution::HUNDREDTH)
        .expect("a plain series")
}

pub(crate) fn segment() -> Segment {
    segment::seal(stream(), &ticks()[..20], (1, SchemaHash::of(&[def()])), HeaderHash::NONE, &key())
        .expect("consecutive ticks of one boot")
}
