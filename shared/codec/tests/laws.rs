//! The laws of the codec: what goes in comes out, nothing else passes for it, and foreign bytes do no harm.

use proptest::prelude::*;
use vigie_codec::columns::{self, Columns, Head};
use vigie_codec::live::{LiveDecoder, LiveEncoder};
use vigie_codec::receipt::Receipt;
use vigie_codec::schema::SchemaHash;
use vigie_codec::segment::{self, HeaderHash, Segment};
use vigie_codec::statement::{SignedStatement, Statement};
use vigie_codec::wire::Frame;
use vigie_codec::{SigningKey, block, disk};
use vigie_merge::RangeSet;
use vigie_model::{
    Boot, Gap, GapReason, Incarnation, Moment, NodeId, Sample, Seq, SeriesDef, SeriesIx, StreamId, Tick, UtcMs,
};

fn key() -> SigningKey {
    SigningKey::from_bytes(&[9; 32])
}

fn stream() -> StreamId {
    StreamId { agent: NodeId::of_key(key().verifying_key().as_bytes()), incarnation: Incarnation(5) }
}

/// Any times, any values, any series; the layout may change with each tick.
fn any_ticks(boots: u32) -> impl Strategy<Value = Vec<Tick>> {
    let value = prop_oneof![any::<i64>(), -9i64..9, Just(i64::MIN), Just(i64::MAX)];
    let samples = prop::collection::btree_map(0u32..40, value, 0..12);
    let time = prop_oneof![any::<i64>(), 1_700_000_000_000i64..1_700_000_100_000];
    let tick = (samples, time, any::<u64>(), 0..boots);
    prop::collection::vec(tick, 1..20).prop_map(|ticks| {
        let numbered = (1u64..).zip(ticks);
        let tick = |(seq, (samples, utc, ms, no)): (u64, (std::collections::BTreeMap<u32, i64>, i64, u64, u32))| Tick {
            seq: Seq(seq),
            at: Moment { utc: UtcMs(utc), boot: Boot { no, ms } },
            samples: samples.into_iter().map(|(ix, value)| Sample { series: SeriesIx(ix), value }).collect(),
        };
        numbered.map(tick).collect()
    })
}

fn sealed(ticks: &[Tick]) -> Segment {
    segment::seal(stream(), ticks, (3, SchemaHash::EMPTY), HeaderHash::NONE, &key()).expect("a run of one boot")
}

proptest! {
    #[test]
    fn a_block_gives_back_its_ticks_and_the_same_ticks_give_the_same_block(ticks in any_ticks(3)) {
        let bytes = block::encode(&ticks);
        let back = block::decode(&bytes, Seq(1), ticks.len() as u32).expect("own bytes");
        prop_assert_eq!(&back, &ticks);
        prop_assert_eq!(block::encode(&back), bytes);
    }

    #[test]
    fn columns_give_back_the_ticks_and_so_every_block_that_was_signed(ticks in any_ticks(3)) {
        let columns = Columns::encode(&ticks).expect("consecutive ticks");
        let head = Head::read(&columns.head).expect("own bytes");
        let back = head.ticks(&columns.leaves).expect("own leaves");
        prop_assert_eq!(block::encode(&back), block::encode(&ticks));
        prop_assert_eq!(back, ticks);
    }

    #[test]
    fn one_column_is_the_values_of_the_ticks_that_have_the_series(ticks in any_ticks(2)) {
        let columns = Columns::encode(&ticks).expect("consecutive ticks");
        let head = Head::read(&columns.head).expect("own bytes");
        for series in (0..41).map(SeriesIx) {
            let bytes = columns.leaves.concat();
            let at = head.place(series).map_or(0, |place| place.leaf as usize * columns::LEAF_BYTES + place.at as usize);
            let places = head.having(series).flat_map(|(from, to)| from..to);
            let values = head.column(series, &bytes[at..]).expect("own leaves");
            let moments: Vec<_> = head.moments().collect();
            let found: Vec<_> = places.map(|at| moments[at]).zip(values).collect();
            let there: Vec<_> = ticks.iter().filter_map(|tick| Some((tick.at, tick.value(series)?))).collect();
            prop_assert_eq!(found, there);
        }
    }

    #[test]
    fn a_head_that_is_none_is_refused(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        // Anything but a panic, and never more than the bytes could hold.
        if let Ok(head) = Head::read(&bytes) {
            prop_assert!(head.samples() <= columns::MAX_SAMPLES && head.moments().len() <= columns::MAX_TICKS);
        }
    }

    #[test]
    fn a_live_lane_gives_back_the_ticks_of_each_of_its_streams(a in any_ticks(2), b in any_ticks(2)) {
        let (mut from, mut to) = (LiveEncoder::new(), LiveDecoder::new());
        for (stream, tick) in a.iter().map(|tick| (0, tick)).zip(b.iter().map(|tick| (7, tick))).flat_map(|(a, b)| [a, b]) {
            let bytes = from.encode(stream, tick);
            prop_assert_eq!(&to.decode(stream, tick.seq, &bytes).expect("own bytes"), tick);
        }
    }

    #[test]
    fn a_segment_is_what_its_agent_signed_or_nothing(ticks in any_ticks(1), bit in any::<prop::sample::Index>()) {
        let segment = sealed(&ticks);
        prop_assert_eq!(segment.verify(&key().verifying_key()), Ok(()));
        prop_assert_eq!(&segment.ticks().expect("own bytes"), &ticks);
        prop_assert_eq!(&segment.seal.clone().over(&ticks).expect("the same ticks"), &segment);
        let Frame::Segment(_) = Frame::decode(&Frame::Segment(segment.clone()).encode()).expect("own bytes") else {
            panic!("another frame");
        };
        let mut bytes = Frame::Segment(segment.clone()).encode();
        let bit = bit.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(Frame::Segment(other)) = Frame::decode(&bytes) {
            prop_assert!(other == segment || other.verify(&key().verifying_key()).is_err());
        }
    }

    #[test]
    fn a_seal_fits_no_other_ticks(ticks in any_ticks(1), at in any::<prop::sample::Index>(), other in any::<i64>()) {
        let segment = sealed(&ticks);
        let mut changed = ticks.clone();
        let at = at.index(changed.len());
        changed[at].samples.push(Sample { series: SeriesIx(50), value: other });
        prop_assert!(segment.seal.over(&changed).is_err());
    }

    #[test]
    fn a_statement_and_a_receipt_are_what_was_signed_or_nothing(first in 1u64..99, len in 0u64..99, bit in any::<prop::sample::Index>()) {
        let gap = Gap { first: Seq(first), last: Seq(first + len), reason: GapReason::Evicted, samples: None, noted_at: UtcMs(4) };
        let said = SignedStatement::new(stream(), Statement::Gap(gap), &key());
        prop_assert_eq!(said.verify(&key().verifying_key()), Ok(()));
        let receipt = Receipt::new(stream(), RangeSet::of(first, first + len), 2, 1, UtcMs(4), &key());
        prop_assert_eq!(receipt.verify(&key().verifying_key()), Ok(()));
        for frame in [Frame::Statement(said), Frame::Receipt(receipt.clone())] {
            let mut bytes = frame.encode();
            let bit = bit.index(bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            match Frame::decode(&bytes) {
                Ok(Frame::Statement(other)) => prop_assert!(other == said || other.verify(&key().verifying_key()).is_err()),
                Ok(Frame::Receipt(other)) => prop_assert!(other == receipt || other.verify(&key().verifying_key()).is_err()),
                _ => {}
            }
        }
    }

    #[test]
    fn a_record_with_a_wrong_bit_or_in_a_wrong_place_is_no_record(body in prop::collection::vec(any::<u8>(), 0..200), bit in any::<prop::sample::Index>()) {
        let record = disk::wrap(disk::Kind::Note, 1, b"place", &body);
        prop_assert_eq!(disk::unwrap(disk::Kind::Note, b"place", &record).expect("own record"), (1, body.as_slice()));
        prop_assert!(disk::unwrap(disk::Kind::Note, b"other", &record).is_err());
        let mut wrong = record.clone();
        let bit = bit.index(wrong.len() * 8);
        wrong[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(disk::unwrap(disk::Kind::Note, b"place", &wrong).is_err());
    }

    #[test]
    fn foreign_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..600), count in 0u32..600, seq in any::<u64>()) {
        let mut room = 0usize;
        // Whatever comes of it is an error or nonsense within the limits.
        let _nonsense = block::decode_each(&bytes, Seq(seq), count, |tick| room += tick.samples.len());
        prop_assert!(room <= block::MAX_SAMPLES);
        let _nonsense = LiveDecoder::new().decode(3, Seq(seq), &bytes);
        if let Ok(frame) = Frame::decode(&bytes) {
            let _again = Frame::decode(&frame.encode());
            if let Frame::Segment(segment) = frame {
                prop_assert!(segment.verify(&key().verifying_key()).is_err());
            }
        }
        let _nonsense = disk::read::<SeriesDef>(disk::Kind::Series, b"k", &bytes);
    }
}

#[test]
fn a_small_block_that_would_unfold_to_gigabytes_stops_at_the_limit() {
    // One layout of many constant series costs nothing to repeat.
    let samples: Vec<_> = (0..30_000).map(|ix| Sample { series: SeriesIx(ix), value: 0 }).collect();
    let tick = |seq| Tick {
        seq: Seq(seq),
        at: Moment { utc: UtcMs(0), boot: Boot { no: 0, ms: 0 } },
        samples: samples.clone(),
    };
    let bytes = block::encode(&(1..=30).map(tick).collect::<Vec<_>>());
    let mut room = 0;
    let decoded = block::decode_each(&bytes, Seq(1), 4_096, |tick| room += tick.samples.len());
    assert!(decoded.is_err() && room <= block::MAX_SAMPLES, "{room}");
}
