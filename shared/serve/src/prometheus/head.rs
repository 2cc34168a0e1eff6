//! Which names and labels are many?

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::response::Response;
use serde::Serialize;
use vigie_query::{LabelSet, Limits, NAME, QueryError, Source, Visit};

use super::Failure;
use crate::door::Caller;
use crate::params::Params;
use crate::shared::{App, Shared};
use crate::stream::{Job, Outlet, stream};
use crate::work;

/// How far back a series counts as present: what Prometheus holds in its head.
const HEAD_MS: i64 = 2 * 3600 * 1000;

/// Prometheus' own number, and its own ceiling.
const DEFAULT_ROWS: usize = 10;
const MAX_ROWS: usize = 10_000;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    head_stats: HeadStats,
    series_count_by_metric_name: Vec<Row>,
    label_value_count_by_label_name: Vec<Row>,
    memory_in_bytes_by_label_name: Vec<Row>,
    series_count_by_label_value_pair: Vec<Row>,
}

/// Chunks are a thing of Prometheus' storage; there are none here.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HeadStats {
    num_series: usize,
    num_label_pairs: usize,
    chunk_count: u64,
    min_time: i64,
    max_time: i64,
}

#[derive(Serialize)]
struct Row {
    name: String,
    value: usize,
}

/// `GET status/tsdb?limit=…`: of the series that the asker sees.
pub(crate) async fn tsdb(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    params: Result<Params, String>,
) -> Result<Response, Failure> {
    let rows = rows(&params.map_err(QueryError::BadData)?)?;
    let max_time = app.lookout.now().utc.0;
    let turn = work::turn(&app.queries).await?;
    let job =
        Job { turn, who: caller.who.clone(), life: Some(app.options.query_timeout), content_type: "application/json" };
    let write = move |app: &Shared, limits: &Limits, out: &mut Outlet<QueryError>| {
        let span = (max_time.saturating_sub(HEAD_MS), max_time);
        let series = present(&caller.source(app), span, limits)?;
        out.text.extend_from_slice(b"{\"status\":\"success\",\"data\":");
        serde_json::to_writer(&mut out.text, &Head::of(&series, span, rows))
            .map_err(|error| QueryError::Internal(error.to_string()))?;
        out.text.push(b'}');
        Ok(())
    };
    stream(&app, job, write).await.map_err(Failure::of_stream)
}

fn rows(params: &Params) -> Result<usize, QueryError> {
    let Some(text) = params.get("limit") else { return Ok(DEFAULT_ROWS) };
    let refused = |why: &str| QueryError::BadData(why.to_owned());
    match text.parse() {
        Ok(0) | Err(_) => Err(refused("limit must be a positive number")),
        Ok(more) if more > MAX_ROWS => Err(refused("limit must not exceed 10000")),
        Ok(rows) => Ok(rows),
    }
}

fn present(source: &dyn Source, span: (i64, i64), limits: &Limits) -> Result<HashSet<Arc<LabelSet>>, QueryError> {
    let mut series = HashSet::new();
    source.series(&[], span.0, span.1, limits, &mut |labels| {
        series.insert(Arc::clone(labels));
        if series.len() > limits.max_series { Visit::Break(()) } else { Visit::Continue(()) }
    })?;
    if series.len() > limits.max_series {
        return Err(QueryError::Execution(format!("there are more than {} series", limits.max_series)));
    }
    Ok(series)
}

impl Head {
    fn of(series: &HashSet<Arc<LabelSet>>, (min_time, max_time): (i64, i64), rows: usize) -> Self {
        let mut by_metric = HashMap::<&str, usize>::new();
        let mut by_pair = HashMap::<(&str, &str), usize>::new();
        for (name, value) in series.iter().flat_map(|labels| labels.iter()) {
            *by_pair.entry((name, value)).or_default() += 1;
            if name == NAME {
                *by_metric.entry(value).or_default() += 1;
            }
        }
        let mut values = BTreeMap::<&str, BTreeSet<&str>>::new();
        for (name, value) in by_pair.keys() {
            values.entry(name).or_default().insert(value);
        }
        let bytes = |values: &BTreeSet<&str>| values.iter().map(|value| value.len()).sum();
        let pairs = by_pair.iter().map(|((name, value), count)| (format!("{name}={value}"), *count));
        Self {
            head_stats: HeadStats {
                num_series: series.len(),
                num_label_pairs: by_pair.len(),
                chunk_count: 0,
                min_time,
                max_time,
            },
            series_count_by_metric_name: most(by_metric.iter().map(|(name, count)| ((*name).to_owned(), *count)), rows),
            label_value_count_by_label_name: most(
                values.iter().map(|(name, values)| ((*name).to_owned(), values.len())),
                rows,
            ),
            memory_in_bytes_by_label_name: most(
                values.iter().map(|(name, values)| ((*name).to_owned(), bytes(values))),
                rows,
            ),
            series_count_by_label_value_pair: most(pairs, rows),
        }
    }
}

/// The largest, and of equal ones the first by name.
fn most(counts: impl Iterator<Item = (String, usize)>, rows: usize) -> Vec<Row> {
    let mut counts: Vec<_> = counts.map(|(name, value)| Row { name, value }).collect();
    counts.sort_by(|a, b| b.value.cmp(&a.value).then_with(|| a.name.cmp(&b.name)));
    counts.truncate(rows);
    counts
}
