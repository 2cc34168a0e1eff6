//! Samples of a series come in pieces, in whatever order.

use std::collections::BTreeMap;

use proptest::prelude::*;

use vigie_query::{InMemory, LabelSet, Limits, Query, Steps, Value};

use crate::STALE;

const FUNCTIONS: [&str; 12] = [
    "rate(x[1m])",
    "increase(x[2m] offset 30s)",
    "delta(x[1m])",
    "irate(x[1m])",
    "changes(x[5m])",
    "resets(x[1m])",
    "deriv(x[1m])",
    "max_over_time(x[90s])",
    "min_over_time(x[90s])",
    "sum_over_time(x[10s])",
    "last_over_time(x[5m] @ 600)",
    "quantile_over_time(0.3, x[1m])",
];

/// Samples of one piece, in rising time.
type Piece = BTreeMap<i64, f64>;

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => (0..50i32).prop_map(f64::from),
        1 => Just(STALE),
        1 => Just(f64::NAN),
        1 => Just(-0.0),
    ]
}

/// Pieces one after the other, as they nearly always come; and pieces of any time, which overlap.
fn pieces() -> impl Strategy<Value = Vec<Piece>> {
    let piece =
        |until_s: i64| proptest::collection::btree_map((0..until_s).prop_map(|s: i64| s * 1_000), value(), 0..60);
    let one_after_the_other = proptest::collection::vec(piece(200), 1..6).prop_map(|pieces| {
        let moved =
            |(at, piece): (i64, Piece)| piece.into_iter().map(|(ms, value)| (ms + at * 200_000, value)).collect();
        (0..).zip(pieces).map(moved).collect::<Vec<Piece>>()
    });
    prop_oneof![one_after_the_other, proptest::collection::vec(piece(1_000), 1..5)]
}

fn answer(text: &str, pieces: &[Piece], steps: Steps) -> String {
    let mut source = InMemory::default();
    for piece in pieces {
        source.add(LabelSet::new([("__name__", "x")]), piece.iter().map(|(at_ms, value)| (*at_ms, *value)));
    }
    let query = Query::parse(text).expect(text);
    let answer = query.range(&source, steps, Query::LOOKBACK_MS, &Limits::usual()).expect("an answer");
    let Value::Matrix(rows) = answer.value else { panic!("a range has rows") };
    let bits = rows.iter().map(|(labels, row)| {
        let row: Vec<(i64, u64)> = row.iter().map(|point| (point.at_ms, point.value.to_bits())).collect();
        format!("{labels} {row:?}")
    });
    bits.collect::<Vec<_>>().join("\n")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn a_function_makes_the_same_of_samples_however_they_come(
        pieces in pieces(),
        (start_s, step_s) in (0..300i64, 7..200i64),
    ) {
        // Of two samples of one moment the one that came last counts.
        let whole: Piece = pieces.iter().flatten().map(|(at_ms, value)| (*at_ms, *value)).collect();
        let steps = Steps::new(start_s * 1_000, 1_100_000, step_s * 1_000, &Limits::usual()).expect("steps");
        for text in FUNCTIONS {
            prop_assert_eq!(answer(text, &pieces, steps), answer(text, std::slice::from_ref(&whole), steps), "{}", text);
        }
    }
}
