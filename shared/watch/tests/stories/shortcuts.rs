use proptest::prelude::*;
use vigie_query::{InMemory, Lack, Options};
use vigie_watch::{Mind, Settings};

use crate::{groups, labels, lacking};

const RULES: [&str; 8] = [
    "x > 5",
    "x{machine=~\"a|b\"} >= 5",
    "5 < x",
    "(x) == (3)",
    "x != -1",
    "-2 >= x",
    "x <= 4",
    "(0 < (x{site=\"lyon\"}))",
];

/// Samples of one series: when, and what; 10 is the mark of an end.
type Samples = Vec<(u16, i8)>;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_shorter_way_finds_what_the_engine_finds(
        pieces in prop::collection::vec((0_usize..4, prop::collection::vec((0_u16..900, -3_i8..11), 1..12)), 0..8),
        rule in 0_usize..8,
        for_s in 0_u32..120,
        cut in prop::option::of(0_usize..4),
        dialect in any::<bool>(),
    ) {
        let dialect = if dialect { vigie_query::Dialect::Prometheus2 } else { vigie_query::Dialect::Prometheus3 };
        let rules = format!("      - {{alert: A, expr: '{}', for: {for_s}s, annotations: {{v: '{{{{ $value }}}}'}}}}\n", RULES[rule]);
        let settings = || Settings { options: Options { dialect, ..Options::default() }, ..Settings::default() };
        let mut short = Mind::new(&groups(&rules), settings()).expect("rules");
        prop_assert_eq!(short.shortcuts(), 1);
        let mut long = Mind::new(&groups(&rules), settings()).expect("rules").without_shortcuts();
        let source = source(pieces, cut);
        for turn in 0..120 {
            let now_ms = turn * 10_000;
            let (mut a, mut b) = (short.evaluate(&source, now_ms), long.evaluate(&source, now_ms));
            for one in [&mut a, &mut b] {
                one.transitions.sort_by_key(|transition| (transition.fingerprint, transition.to));
                one.outputs.sort_by(|a, b| a.labels.cmp(&b.labels));
            }
            prop_assert_eq!(format!("{:?}", a), format!("{:?}", b));
        }
    }
}

fn source(pieces: Vec<(usize, Samples)>, cut: Option<usize>) -> InMemory {
    let mut source = InMemory::default();
    let machines = ["a", "b", "c", "d"];
    for (machine, mut samples) in pieces {
        samples.sort_unstable();
        samples.dedup_by_key(|(at, _)| *at);
        let stale = f64::from_bits(0x7ff0_0000_0000_0002);
        let value = |value: i8| if value == 10 { stale } else { f64::from(value) };
        let samples = samples.into_iter().map(|(at, kept)| (i64::from(at) * 1_000, value(kept)));
        source.add(labels("x", machines[machine]), samples);
    }
    match cut {
        Some(machine) => lacking(source, machines[machine], Lack::Cut { since_ms: 0 }),
        None => source,
    }
}
