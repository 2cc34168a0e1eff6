use proptest::prelude::*;
use vigie_query::{InMemory, LabelSet, Limits, Query, Steps, Value};

use crate::MINUTE;

const QUESTIONS: [&str; 12] = [
    "x",
    "rate(x[3m])",
    "increase(x[7m] offset 1m)",
    "irate(x[5m])",
    "sum_over_time(x[4m])",
    "max_over_time(x[6m])",
    "min_over_time(x[6m])",
    "quantile_over_time(0.3, x[5m])",
    "changes(x[9m])",
    "resets(x[9m])",
    "deriv(x[5m])",
    "max_over_time(rate(x[2m])[5m:1m])",
];

fn samples() -> impl Strategy<Value = Vec<(i64, f64)>> {
    let sample = (
        0..1_800_i64,
        prop_oneof![8 => (0..1000_i32).prop_map(f64::from), 1 => Just(f64::NAN), 1 => Just(crate::STALE)],
    );
    prop::collection::vec(sample, 0..80).prop_map(|mut samples| {
        samples.sort_by_key(|sample| sample.0);
        samples.dedup_by_key(|sample| sample.0);
        samples.into_iter().map(|(second, value)| (second * 1000, value)).collect()
    })
}

fn labels() -> LabelSet {
    LabelSet::new([("__name__", "x")])
}

fn bits(source: &InMemory, text: &str, from: i64, until: i64, step: i64) -> Vec<(i64, u64)> {
    let limits = Limits::usual();
    let steps = Steps::new(from, until, step, &limits).expect("steps");
    let query = Query::parse(text).expect(text);
    match query.range(source, steps, 2 * MINUTE, &limits).expect(text).value {
        Value::Matrix(rows) => {
            rows.iter().flat_map(|row| &row.1).map(|point| (point.at_ms, point.value.to_bits())).collect()
        }
        other => panic!("{other:?}"),
    }
}

proptest! {
    #[test]
    fn in_which_pieces_samples_come_makes_no_difference(samples in samples(), cuts in prop::collection::vec(0..80_usize, 0..6), turn in 0..7_usize) {
        let mut whole = InMemory::default();
        whole.add(labels(), samples.clone());
        let mut pieces = Vec::new();
        let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(samples.len())).chain([0, samples.len()]).collect();
        cuts.sort_unstable();
        for pair in cuts.windows(2) {
            // Each piece repeats the end of the one before it.
            pieces.push(samples[pair[0].saturating_sub(3)..pair[1]].to_vec());
        }
        let turn = turn % pieces.len();
        pieces.rotate_left(turn);
        let mut cut = InMemory::default();
        pieces.into_iter().for_each(|piece| cut.add(labels(), piece));
        for text in QUESTIONS {
            let (from, until) = (0, 40 * MINUTE);
            prop_assert_eq!(bits(&whole, text, from, until, 37_000), bits(&cut, text, from, until, 37_000), "{}", text);
        }
    }

    #[test]
    fn a_range_is_its_moments_one_after_the_other(samples in samples(), step in 1_000..400_000_i64) {
        let mut source = InMemory::default();
        source.add(labels(), samples);
        for text in QUESTIONS {
            let whole = bits(&source, text, 0, 20 * MINUTE, step);
            let moments = (0..=20 * MINUTE / step).flat_map(|n| bits(&source, text, n * step, n * step, 1));
            prop_assert_eq!(whole, moments.collect::<Vec<_>>(), "{}", text);
        }
    }

    #[test]
    fn an_aggregation_is_what_one_makes_of_it_by_hand(values in prop::collection::vec((0..3_u8, -1000..1000_i32), 0..30)) {
        let mut source = InMemory::default();
        for (n, (group, value)) in values.iter().enumerate() {
            let labels = LabelSet::new([("__name__", "x".to_owned()), ("g", group.to_string()), ("n", n.to_string())]);
            source.add(labels, [(0, f64::from(*value))]);
        }
        for (text, fold) in [
            ("sum by (g) (x)", (|of: &[f64]| of.iter().sum()) as fn(&[f64]) -> f64),
            ("count by (g) (x)", |of| of.len() as f64),
            ("max by (g) (x)", |of| of.iter().copied().fold(f64::MIN, f64::max)),
            ("min without (n) (x)", |of| of.iter().copied().fold(f64::MAX, f64::min)),
            ("max by (g) (topk by (g) (2, x))", |of| of.iter().copied().fold(f64::MIN, f64::max)),
            ("sum by (g) (count_values by (g) (\"v\", x))", |of| of.len() as f64),
        ] {
            for group in 0..3_u8 {
                let of_group: Vec<_> = values.iter().filter(|(of, _)| *of == group).map(|(_, value)| f64::from(*value)).collect();
                let text = format!("({text}) and on(g) label_replace(vector(1), \"g\", \"{group}\", \"\", \"\")");
                let found = bits(&source, &text, 0, 0, 1);
                let wanted = (!of_group.is_empty()).then(|| (0, fold(&of_group).to_bits()));
                prop_assert_eq!(found, wanted.into_iter().collect::<Vec<_>>(), "{}", text);
            }
        }
    }

    #[test]
    fn no_text_ends_the_process(text in "[a-z0-9(){}\\[\\]:@\",=~!+*/<> .-]{0,60}") {
        if let Ok(query) = Query::parse(&text) {
            let mut source = InMemory::default();
            source.add(labels(), [(0, 1.0)]);
            let limits = Limits { max_samples: 10_000, ..Limits::usual() };
            drop(query.instant(&source, 0, 1000, &limits));
        }
    }
}
