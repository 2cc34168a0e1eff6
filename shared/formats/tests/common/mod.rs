//! What the tests of several formats share.
#![allow(dead_code, reason = "each test takes what it needs")]

use proptest::prelude::*;
use vigie_formats::ForeignSeries;

/// Every kind of float that a careless copy changes.
pub(crate) fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<u64>().prop_map(f64::from_bits),
        (1_u64..1 << 52).prop_map(|payload| f64::from_bits(0x7ff0_0000_0000_0000 | payload)),
        (1_u64..1 << 52).prop_map(f64::from_bits),
        prop::sample::select(vec![0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::MIN_POSITIVE, f64::MAX, 1.5]),
        Just(f64::from_bits(vigie_formats::STALE_NAN_BITS)),
    ]
}

/// Labels as this crate keeps them.
pub(crate) fn labels() -> impl Strategy<Value = Vec<(String, String)>> {
    let others = prop::collection::btree_map("[a-zé.]{1,6}", "\\PC{1,8}|\"|\\\\|\n|,", 0..5);
    ("[a-z_.é]{1,12}", others).prop_map(|(name, mut others)| {
        others.insert("__name__".to_owned(), name);
        others.into_iter().collect()
    })
}

/// A series with samples at any time.
pub(crate) fn series() -> impl Strategy<Value = ForeignSeries> {
    (labels(), prop::collection::vec((any::<i64>(), value()), 1..6)).prop_map(|(labels, samples)| ForeignSeries {
        labels,
        samples,
        metadata: None,
        started_ms: None,
    })
}

/// Samples as bits, so that NaN equals itself.
pub(crate) fn bits(samples: &[(i64, f64)]) -> Vec<(i64, u64)> {
    samples.iter().map(|(at, value)| (*at, value.to_bits())).collect()
}

/// Asserts that two lists of series say the same to the last bit.
pub(crate) fn assert_same(found: &[ForeignSeries], wanted: &[ForeignSeries]) {
    assert_eq!(found.len(), wanted.len());
    for (found, wanted) in found.iter().zip(wanted) {
        assert_eq!(found.labels, wanted.labels);
        assert_eq!(bits(&found.samples), bits(&wanted.samples));
    }
}

/// Some good bytes with a few of them changed, a piece doubled or the end cut off.
pub(crate) fn mutated(good: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let len = good.len();
    (prop::collection::vec((0..len, any::<u8>()), 0..6), 0..=len, 0..len, 0..len).prop_map(
        move |(changes, end, from, to)| {
            let mut bytes = good.clone();
            for (at, byte) in changes {
                bytes[at] = byte;
            }
            let piece = bytes[from.min(to)..from.max(to)].to_vec();
            bytes.truncate(end);
            bytes.extend(piece);
            bytes
        },
    )
}
