//! How does another Prometheus take what is newest here?

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{Extension, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use vigie_formats::is_stale;
use vigie_formats::text::{TextFormat, TextWriter, WriteError};
use vigie_query::{LabelSet, Limits, Matcher, NAME, Query, QueryError, Selection, Source, Visit};

use super::{Failure, matchers};
use crate::door::Caller;
use crate::params::Params;
use crate::shared::{App, Shared};
use crate::stream::{Job, Outlet, stream};
use crate::{accept, work};

/// The label that a scraping Prometheus would fill with our address if the page did not say that it is empty.
const INSTANCE: &str = "instance";

/// `GET federate?match[]=…`: the newest sample of each series that is not older than the lookback, with its time.
pub(crate) async fn federate(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    params: Result<Params, String>,
) -> Response {
    page(app, caller, headers, params).await.unwrap_or_else(said_plainly)
}

async fn page(
    app: App,
    caller: Caller,
    headers: HeaderMap,
    params: Result<Params, String>,
) -> Result<Response, Failure> {
    let selectors = matchers(&params.map_err(QueryError::BadData)?)?;
    let now_ms = app.lookout.now().utc.0;
    let format = match accept::preferred(&headers, &["text/plain", "application/openmetrics-text"]) {
        Some(1) => TextFormat::OpenMetrics,
        _ => TextFormat::Prometheus,
    };
    let turn = work::turn(&app.queries).await?;
    let job = Job {
        turn,
        who: caller.who.clone(),
        life: Some(app.options.query_timeout),
        content_type: format.content_type(),
    };
    let write = move |app: &Shared, limits: &Limits, out: &mut Outlet<QueryError>| {
        let newest = newest(&caller.source(app), &selectors, now_ms, limits)?;
        write_page(&newest, TextWriter::in_format(out, format)).map_err(of_page)
    };
    stream(&app, job, write).await.map_err(Failure::of_stream)
}

/// Series with their newest sample, in the order of their names.
type Newest = Vec<(Arc<LabelSet>, (i64, f64))>;

fn newest(source: &dyn Source, selectors: &[Vec<Matcher>], now_ms: i64, limits: &Limits) -> Result<Newest, QueryError> {
    let mut newest = HashMap::<Arc<LabelSet>, (i64, f64)>::new();
    for matchers in selectors {
        let selection = Selection::new(matchers, now_ms.saturating_sub(Query::LOOKBACK_MS), now_ms);
        source.select(&selection, limits, &mut |piece| {
            if let (Some(at_ms), Some(value)) = (piece.timestamps_ms.last(), piece.values.last()) {
                let known = newest.entry(Arc::clone(piece.labels)).or_insert((*at_ms, *value));
                if known.0 <= *at_ms {
                    *known = (*at_ms, *value);
                }
            }
            if newest.len() > limits.max_series { Visit::Break(()) } else { Visit::Continue(()) }
        })?;
    }
    if newest.len() > limits.max_series {
        let most = limits.max_series;
        return Err(QueryError::Execution(format!("the selectors match more than {most} series: select fewer")));
    }
    let mut sorted: Newest = newest.into_iter().filter(|(_, (_, value))| !is_stale(*value)).collect();
    sorted.sort_by(|(a, _), (b, _)| a.get(NAME).cmp(b.get(NAME)).then_with(|| a.cmp(b)));
    Ok(sorted)
}

fn write_page(newest: &Newest, mut page: TextWriter<&mut Outlet<QueryError>>) -> Result<(), WriteError> {
    for (labels, sample) in newest.iter().filter(|(labels, _)| !labels.get(NAME).is_empty()) {
        let mut pairs: Vec<_> = labels.iter().collect();
        if let Err(at) = pairs.binary_search_by(|(name, _)| (*name).cmp(INSTANCE)) {
            pairs.insert(at, (INSTANCE, ""));
        }
        page.sample(&pairs, None, *sample)?;
    }
    page.finish().map(|_| ())
}

fn of_page(error: WriteError) -> QueryError {
    match error {
        WriteError::Io(_) => QueryError::Canceled,
        WriteError::NoName | WriteError::OutOfOrder { .. } => QueryError::Internal(error.to_string()),
    }
}

/// Prometheus' federation says no in plain text.
fn said_plainly(failure: Failure) -> Response {
    let text = match &failure {
        Failure::Query(error) => error.to_string(),
        Failure::Problem(problem) => problem.detail.clone(),
    };
    let mut response = failure.into_response();
    let status = response.status();
    let retry = response.headers_mut().remove(header::RETRY_AFTER);
    let mut plain = (status, format!("{text}\n")).into_response();
    if let Some(retry) = retry {
        plain.headers_mut().insert(header::RETRY_AFTER, retry);
    }
    plain
}
