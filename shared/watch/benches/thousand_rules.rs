//! How long does one evaluation of 1,000 rules over 500 machines take?

use std::collections::HashMap;
use std::sync::Arc;

use divan::Bencher;
use vigie_query::{
    Coverage, LabelSet, Limits, Matcher, NAME, Selection, SeriesSamples, Source, SourceError, Visit, all_match,
};
use vigie_watch::{Alerting, Group, Mind, Rule, RuleKind, Settings};

const MACHINES: usize = 500;
const METRICS: usize = 50;
const RULES: usize = 1_000;
const SAMPLES: i64 = 31;

fn main() {
    divan::main();
}

/// Thresholds over 50 metrics, 20 of each; about one in a thousand holds.
#[divan::bench(sample_count = 20)]
fn thresholds(bencher: Bencher<'_, '_>) {
    evaluate(bencher, |at| format!("m{} > {}", at % METRICS, 970 + at / METRICS), false);
}

/// The same through the engine alone.
#[divan::bench(sample_count = 5)]
fn thresholds_through_the_engine(bencher: Bencher<'_, '_>) {
    evaluate(bencher, |at| format!("m{} > {}", at % METRICS, 970 + at / METRICS), true);
}

/// 800 thresholds, 100 rates, 50 sums by site and 50 forecasts.
#[divan::bench(sample_count = 5)]
fn a_mix(bencher: Bencher<'_, '_>) {
    let expr = |at: usize| match at % 20 {
        0 | 1 => format!("rate(m{}[5m]) > 1000", at % METRICS),
        2 => format!("sum by (site) (m{}) > 1000000", at % METRICS),
        3 => format!("predict_linear(m{}[5m], 3600) < -1000000", at % METRICS),
        _ => format!("m{} > {}", at % METRICS, 970 + at / METRICS),
    };
    evaluate(bencher, expr, false);
}

fn evaluate(bencher: Bencher<'_, '_>, expr: impl Fn(usize) -> String, through_the_engine: bool) {
    let source = Memory::new();
    let rule = |at: usize| Rule {
        name: format!("R{at}"),
        expr: expr(at),
        labels: vec![("severity".to_owned(), "warning".to_owned())],
        kind: RuleKind::Alerting(Alerting {
            for_ms: 60_000,
            annotations: vec![("summary".to_owned(), "{{ $labels.machine }}: {{ $value | humanize }}".to_owned())],
            ..Alerting::default()
        }),
    };
    let group = Group { name: "g".to_owned(), rules: (0..RULES).map(rule).collect(), ..Group::default() };
    let mut mind = Mind::new(&[group], Settings::default()).expect("rules");
    if through_the_engine {
        mind = mind.without_shortcuts();
    }
    let mut now_ms = 300_000;
    mind.evaluate(&source, now_ms);
    println!("{} alerts, {} rules by the shorter way", mind.instances().count(), mind.shortcuts());
    bencher.bench_local(|| {
        now_ms += 10_000;
        mind.evaluate(&source, now_ms)
    });
}

/// Series by name, as an index would find them. The newest samples move with the question, so that values change.
struct Memory(HashMap<String, Vec<(Arc<LabelSet>, usize)>>);

impl Memory {
    fn new() -> Self {
        let series = |metric: usize| {
            let series = (0..MACHINES).map(|machine| {
                let pairs = [
                    (NAME, format!("m{metric}")),
                    ("client", "acme".to_owned()),
                    ("site", format!("site-{}", machine % 20)),
                    ("machine", format!("machine-{machine}")),
                    ("machine_id", format!("{machine:032x}")),
                    ("device", "sda".to_owned()),
                ];
                (Arc::new(LabelSet::new(pairs)), metric * 7_919 + machine * 104_729)
            });
            (format!("m{metric}"), series.collect())
        };
        Self((0..METRICS).map(series).collect())
    }
}

impl Source for Memory {
    fn select(
        &self,
        selection: &Selection<'_>,
        _limits: &Limits,
        sink: &mut dyn FnMut(SeriesSamples<'_>) -> Visit,
    ) -> Result<Coverage, SourceError> {
        let name = selection.matchers.iter().filter(|matcher| matcher.name() == NAME).find_map(Matcher::exact);
        let first =
            if selection.hints.newest_alone { selection.end_ms } else { selection.end_ms - (SAMPLES - 1) * 10_000 };
        let times: Vec<i64> = (0..SAMPLES).map(|at| first + at * 10_000).filter(|at| *at <= selection.end_ms).collect();
        let mut values = Vec::new();
        for (labels, seed) in name.and_then(|name| self.0.get(name)).into_iter().flatten() {
            if !all_match(selection.matchers, labels) {
                continue;
            }
            values.clear();
            values.extend(times.iter().map(|at| ((*seed as i64 + at / 60_000) % 983) as f64));
            if sink(SeriesSamples { labels, timestamps_ms: &times, values: &values }).is_break() {
                break;
            }
        }
        Ok(Coverage::whole())
    }
}
