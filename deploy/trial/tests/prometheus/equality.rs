//! The same samples are written to a hub and to a Prometheus, and both are asked the same.

use std::collections::BTreeMap;

use vigie_formats::STALE_NAN_BITS;
use vigie_formats::remote_write::V1Writer;
use vigie_query::{Dialect, InMemory, LabelSet, Limits, Options, Query, Steps};
use vigie_trial::{Door, Mesh, Prometheus, is_without_peers};

use crate::When;
use crate::answer::read;
use crate::compare::{self, Ours, difference};
use crate::data::{self, BEGIN_MS, LENGTH_MS};
use crate::questions;

/// What the hub adds, and Prometheus is told.
const PLACE: [(&str, &str); 2] = [("client", "acme"), ("site", "paris")];

/// Samples of so long go into one body. Prometheus takes none that is an hour older than its newest.
const AT_ONCE_MS: i64 = 300_000;

/// Of series that end with a stale marker, which a file for `promtool` can not say.
const ABOUT_ENDS: [&str; 22] = [
    "ended",
    "ended offset 5m",
    "ended{n=\"1\"}",
    "count_over_time(ended[5m])",
    "count_over_time(ended[40m])",
    "last_over_time(ended[10m])",
    "present_over_time(ended[10m])",
    "absent_over_time(ended{n=\"1\"}[5m])",
    "absent(ended{n=\"1\"})",
    "absent(ended)",
    "sum(ended)",
    "count by (n) (ended)",
    "timestamp(ended)",
    "rate(ended[5m])",
    "increase(ended[1h])",
    "changes(ended[30m])",
    "resets(ended[30m])",
    "sum_over_time(ended[30m:1m])",
    "max_over_time((ended > 0)[20m:30s])",
    "ended @ end()",
    "ended @ 1700003600",
    "ended or temperature",
];

#[test]
fn a_hub_and_a_prometheus_that_were_written_the_same_answer_the_same() {
    if is_without_peers() {
        return;
    }
    let mesh = Mesh::new();
    let prometheus = Prometheus::start(&mesh.dir().join("prometheus"), "global: {evaluation_interval: 1m}\n");
    let all = series();
    let hub = mesh.door();
    write_all(&all, &[], &hub, "/to/acme/paris/api/v1/write");
    write_all(&all, &PLACE, &prometheus.door, "/api/v1/write");

    let source = in_memory(&all);
    let (mut tally, mut differences) = (Tally::default(), Vec::new());
    for (text, when) in asked() {
        let (ours, theirs) = (when.ask(&hub, &text), when.ask(&prometheus.door, &text));
        let ours = read(&ours);
        tally.refused += usize::from(ours.is_err());
        tally.empty += usize::from(ours.as_ref().is_ok_and(compare::is_empty));
        let Err(why) = difference(&text, ours.clone(), &theirs) else {
            tally.same += 1;
            continue;
        };
        let is_version = difference(&text, alone(&source, &text, when, Dialect::Prometheus2), &theirs).is_ok()
            && same(&text, &ours, &alone(&source, &text, when, Dialect::Prometheus3));
        if is_version {
            tally.of_another_version += 1;
        } else {
            differences.push(format!("{text}\n  {when:?}\n  {why}"));
        }
    }
    println!("{tally:?}");
    let shown: Vec<_> = differences.iter().take(40).cloned().collect();
    assert!(differences.is_empty(), "{} answers differ:\n{}", differences.len(), shown.join("\n"));
    assert!(tally.same >= 500 && tally.empty < tally.same / 4 && tally.refused < tally.same / 4, "{tally:?}");
    assert!(tally.of_another_version < tally.same / 8, "{tally:?}");
}

#[derive(Debug, Default)]
struct Tally {
    same: usize,
    refused: usize,
    empty: usize,
    /// The hub answers as Prometheus 3 does and Debian's is a 2.42: the query engine, which knows both and has the same
    /// samples in memory, says of each of these answers that the version makes the difference.
    of_another_version: usize,
}

/// Each question once, for a moment or for a range.
fn asked() -> Vec<(String, When)> {
    let ends = ABOUT_ENDS.iter().map(|text| (*text).to_owned());
    let both = |(turn, text): (usize, String)| questions::whens(turn).map(|when| (text.clone(), when));
    let mut asked: Vec<_> = ends.enumerate().flat_map(both).collect();
    for (turn, text) in questions::chosen().into_iter().enumerate() {
        let when = questions::whens(turn)[(turn / 5) % 2];
        if !is_mistaken(&text, when) {
            asked.push((text, when));
        }
    }
    asked
}

/// Where Prometheus 2.42 does not do what its documentation says.
fn is_mistaken(text: &str, when: When) -> bool {
    let has_steps = matches!(when, When::Range(..)) || text.contains(':');
    let moves = text.contains("predict_linear") && has_steps;
    let forgets = text.contains("timestamp(") && text.contains(" offset ");
    text.contains(" @ ") && (moves || forgets)
}

type Series = (BTreeMap<String, String>, Vec<(i64, f64)>);

/// By labels, because Prometheus answers in the order in which it was told.
fn series() -> Vec<Series> {
    let given = data::all().into_iter().map(|series| {
        let labels = series.labels.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        (labels, series.samples)
    });
    let mut all: Vec<Series> = given.collect();
    for (n, spans) in [("1", vec![(0, 40), (60, 100)]), ("2", vec![(10, 61)]), ("3", vec![(0, 180)])] {
        let labels = [("__name__", "ended"), ("n", n)].map(|(name, value)| (name.to_owned(), value.to_owned()));
        all.push((labels.into(), spans.into_iter().flat_map(until_it_ends).collect()));
    }
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

/// Every 15 s between two minutes, and the word that nothing more comes.
fn until_it_ends((from, until): (i64, i64)) -> Vec<(i64, f64)> {
    let times = (from * 4..until * 4).map(|n| BEGIN_MS + n * 15_000 + 1_234);
    let end = (BEGIN_MS + until * 60_000 + 1_234, f64::from_bits(STALE_NAN_BITS));
    times.enumerate().map(|(n, at)| (at, (n % 70) as f64)).chain([end]).collect()
}

fn in_memory(all: &[Series]) -> InMemory {
    let mut source = InMemory::default();
    for (labels, samples) in all {
        let labels = labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).chain(PLACE);
        source.add(LabelSet::new(labels), samples.iter().copied());
    }
    source
}

/// Writes everything in the order of time, as it would have come.
fn write_all(all: &[Series], place: &[(&str, &str)], door: &Door, path: &str) {
    for from in (BEGIN_MS..BEGIN_MS + LENGTH_MS + AT_ONCE_MS).step_by(AT_ONCE_MS as usize) {
        let mut writer = V1Writer::default();
        for (labels, samples) in all {
            let labels = labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            let labels: BTreeMap<_, _> = labels.chain(place.iter().copied()).collect();
            let labels: Vec<_> = labels.into_iter().collect();
            let within = |(at, _): &&(i64, f64)| (from..from + AT_ONCE_MS).contains(at);
            let samples: Vec<_> = samples.iter().filter(within).copied().collect();
            if !samples.is_empty() {
                writer.series(&labels, &samples);
            }
        }
        let answer = door.write(path, &writer.finish().expect("a small body")).expect("an answer");
        assert_eq!(answer.status, 204, "{}", answer.text());
    }
}

/// What the query engine answers by itself.
fn alone(source: &InMemory, text: &str, when: When, dialect: Dialect) -> Ours {
    let limits = Limits::usual();
    let query = Query::parse_with(text, Options { dialect, default_step_ms: 60_000 })?;
    match when {
        When::At(at_ms) => query.instant(source, at_ms, Query::LOOKBACK_MS, &limits),
        When::Range(start_ms, end_ms, step_ms) => {
            query.range(source, Steps::new(start_ms, end_ms, step_ms, &limits)?, Query::LOOKBACK_MS, &limits)
        }
    }
}

/// Whether two answers of ours are the same to the last bit that is shown; NaN is NaN.
fn same(text: &str, a: &Ours, b: &Ours) -> bool {
    match (a, b) {
        (Ok(a), Ok(b)) => format!("{:?}", a.value) == format!("{:?}", b.value),
        (Err(a), Err(b)) => a.error_type() == b.error_type(),
        _ => panic!("one answers {text} and one does not: {a:?} {b:?}"),
    }
}
