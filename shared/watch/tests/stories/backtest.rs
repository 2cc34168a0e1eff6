use proptest::prelude::*;
use vigie_query::{Halt, InMemory, Limits, Stop};
use vigie_watch::{Flaps, Group, History, Mind, Phase, Settings, Span, backtest};

use crate::{groups, labels};

const RULES: [&str; 6] = [
    "      - {alert: A, expr: x > 5, for: 30s}\n",
    "      - {alert: A, expr: x > 5, keep_firing_for: 1m, annotations: {vigie_clear: x < 3}}\n",
    "      - {alert: A, expr: 'sum(x) > 8', for: 20s}\n      - {alert: B, expr: absent(x)}\n",
    "      - {record: r, expr: x * 2}\n      - {alert: A, expr: r > 10, for: 30s}\n",
    "      - {alert: A, expr: 'max_over_time(x[1m]) > 6 unless x < 2'}\n      - {alert: C, expr: 'count(ALERTS) > 0', for: 1m}\n",
    "      - {alert: A, expr: 'rate(x[1m]) > 0 and x @ 100 > 2', for: 10s, labels: {v: '{{ $value | humanize }}'}}\n",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_back_test_finds_what_the_living_mind_would_have_told(
        samples in prop::collection::vec((0_usize..3, 0_i64..4_000, 0_u8..10), 0..160),
        rule in 0_usize..6,
        offset in prop::bool::ANY,
    ) {
        let mut source = InMemory::default();
        for (machine, at, value) in samples {
            source.add(labels("x", ["a", "b", "c"][machine]), [(at * 1_000, f64::from(value))]);
        }
        let mut groups = groups(RULES[rule]);
        groups[0].query_offset_ms = offset.then_some(20_000);
        let span = Span { from_ms: 0, until_ms: 4_200_000, step_ms: 10_000 };
        let found = backtest(&groups, &Settings::default(), &source, span, Flaps::default()).expect("rules");
        let (began, fired, ended) = stepped(&groups, source, span);
        let of = |history: &History, which: fn(&vigie_watch::Episode) -> Option<i64>| {
            let mut times: Vec<i64> = history.episodes.iter().filter_map(which).collect();
            times.sort_unstable();
            times
        };
        prop_assert_eq!(of(&found, |episode| Some(episode.began_ms)), began);
        prop_assert_eq!(of(&found, |episode| episode.fired_ms), fired);
        prop_assert_eq!(of(&found, |episode| episode.ended_ms), ended);
        prop_assert_eq!(found.reached_ms, Some(span.until_ms));
    }
}

/// When alerts began to hold, to fire, and ended, by a mind that lives through it and stores what it is told to.
fn stepped(groups: &[Group], mut source: InMemory, span: Span) -> (Vec<i64>, Vec<i64>, Vec<i64>) {
    let settings = Settings { interval_ms: span.step_ms, ..Settings::default() };
    let mut mind = Mind::new(groups, settings).expect("rules");
    let (mut began, mut fired, mut ended) = (Vec::new(), Vec::new(), Vec::new());
    let mut now_ms = span.from_ms;
    while now_ms <= span.until_ms {
        let evaluation = mind.evaluate(&source, now_ms);
        for output in evaluation.outputs {
            source.add((*output.labels).clone(), [(output.at_ms, output.value)]);
        }
        for transition in evaluation.transitions {
            let is_new = |phase: Phase| transition.from != phase && transition.to == phase;
            began.extend((transition.from == Phase::Inactive).then_some(now_ms));
            fired.extend((is_new(Phase::Firing) && transition.from != Phase::Keeping).then_some(now_ms));
            ended.extend(is_new(Phase::Inactive).then_some(now_ms));
        }
        now_ms += span.step_ms;
    }
    (began, fired, ended)
}

#[test]
fn a_back_test_says_how_often_a_person_would_have_been_told() {
    let mut source = InMemory::default();
    source.add(labels("x", "a"), (0..8_640).map(|turn| (turn * 10_000, if turn % 6 < 3 { 9.0 } else { 1.0 })));
    let rules = groups("      - {alert: A, expr: x > 5}\n");
    let span = Span { from_ms: 0, until_ms: 86_390_000, step_ms: 10_000 };
    let found = backtest(&rules, &Settings::default(), &source, span, Flaps::default()).expect("rules");
    assert_eq!((found.episodes.len(), found.flapped, found.notices), (1_440, 1, 7), "it flaps all day");
}

#[test]
fn a_back_test_that_nobody_waits_for_stops_and_says_how_far_it_came() {
    let asked = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = asked.clone();
    let stop =
        Stop::when(move || (count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) > 500).then_some(Halt::Canceled));
    let settings = Settings { limits: Limits { stop, ..Limits::usual() }, ..Settings::default() };
    let span = Span { from_ms: 0, until_ms: 86_400_000, step_ms: 10_000 };
    let rules = groups("      - {alert: A, expr: x > 5}\n");
    let found = backtest(&rules, &settings, &InMemory::default(), span, Flaps::default()).expect("rules");
    assert_eq!(found.halted, Some(Halt::Canceled));
    assert!(found.reached_ms.expect("a beginning") < span.until_ms);
    let wrong = Span { step_ms: 0, ..span };
    assert!(backtest(&rules, &settings, &InMemory::default(), wrong, Flaps::default()).is_err());
}
