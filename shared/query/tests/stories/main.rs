//! What does each part of the language do? Each story puts a few samples into memory and asks.

mod aggregation;
mod arrival;
mod histograms;
mod labels;
mod laws;
mod limits;
mod matching;
mod moments;
mod over_time;
mod rates;
mod remarks;
mod rolled;

use vigie_query::{Dialect, InMemory, LabelSet, Limits, Options, Query, QueryError, Source, Steps, Value};

pub(crate) const MINUTE: i64 = 60_000;

pub(crate) const STALE: f64 = f64::from_bits(0x7ff0_0000_0000_0002);

/// The rules of Prometheus 2.42.
pub(crate) const OLD: Options = Options { dialect: Dialect::Prometheus2, default_step_ms: 60_000 };

/// A source from lines such as `up{site="lyon"} 1 2 _ 4`: a value each minute from the first on, `_` where there is none.
pub(crate) fn source(lines: &str) -> InMemory {
    let mut source = InMemory::default();
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let end = line.find('}').map_or_else(|| line.find(' ').expect("values"), |at| at + 1);
        let (series, values) = line.split_at(end);
        let values = values.split_whitespace().enumerate().filter(|(_, value)| *value != "_");
        let samples = values.map(|(minute, value)| (minute as i64 * MINUTE, number(value)));
        source.add(labels(series), samples.collect::<Vec<_>>());
    }
    source
}

fn number(text: &str) -> f64 {
    if text == "stale" { STALE } else { text.parse().expect("a number") }
}

fn labels(series: &str) -> LabelSet {
    let (name, others) = series.trim_end_matches('}').split_once('{').unwrap_or((series, ""));
    let pairs = others.split(',').filter_map(|pair| pair.split_once('='));
    LabelSet::new(pairs.map(|(key, value)| (key, value.trim_matches('"'))).chain([("__name__", name)]))
}

pub(crate) fn try_instant(source: &dyn Source, text: &str, minute: f64) -> Result<Value, QueryError> {
    let at_ms = (minute * MINUTE as f64) as i64;
    Query::parse(text)?.instant(source, at_ms, Query::LOOKBACK_MS, &Limits::usual()).map(|answer| answer.value)
}

/// The answer for a moment, as lines.
pub(crate) fn instant(source: &dyn Source, text: &str, minute: f64) -> Vec<String> {
    shown(try_instant(source, text, minute).unwrap_or_else(|error| panic!("{text}: {error}")))
}

pub(crate) fn old_instant(source: &dyn Source, text: &str, minute: f64) -> Vec<String> {
    let query = Query::parse_with(text, OLD).unwrap_or_else(|error| panic!("{text}: {error}"));
    let at_ms = (minute * MINUTE as f64) as i64;
    shown(query.instant(source, at_ms, Query::LOOKBACK_MS, &Limits::usual()).expect("an answer").value)
}

/// The answer for each of these minutes, as lines.
pub(crate) fn range(source: &dyn Source, text: &str, minutes: (i64, i64), step: i64) -> Vec<String> {
    let limits = Limits::usual();
    let steps = Steps::new(minutes.0 * MINUTE, minutes.1 * MINUTE, step * MINUTE, &limits).expect("steps");
    let query = Query::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    shown(
        query.range(source, steps, Query::LOOKBACK_MS, &limits).unwrap_or_else(|error| panic!("{text}: {error}")).value,
    )
}

/// Why there is no answer.
pub(crate) fn refusal(source: &dyn Source, text: &str) -> String {
    try_instant(source, text, 0.0).expect_err(text).to_string()
}

/// `{a="1"} 5` for an instant, `{a="1"} 5@1 6@2` with minutes for a range.
fn shown(value: Value) -> Vec<String> {
    let minute = |at_ms: i64| at_ms as f64 / MINUTE as f64;
    match value {
        Value::Scalar(point) => vec![format!("{}", point.value)],
        Value::Text(_, text) => vec![text],
        Value::Vector(rows) => rows.iter().map(|(labels, point)| format!("{labels} {}", point.value)).collect(),
        Value::Matrix(rows) => {
            let points = |(labels, points): &(std::sync::Arc<LabelSet>, Vec<vigie_query::Point>)| {
                let points = points.iter().map(|point| format!(" {}@{}", point.value, minute(point.at_ms)));
                format!("{labels}{}", points.collect::<String>())
            };
            rows.iter().map(points).collect()
        }
    }
}
