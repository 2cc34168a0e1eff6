//! What do Prometheus' clients ask of `/prometheus`?
//!
//! Shapes, error types, status codes and number formats are Prometheus' own, so that Grafana and every such client works.

mod ask;
mod catalogue;
mod error;
mod federate;
mod head;
mod known;
mod name;
mod own;
mod points;
mod ruling;
mod write;

pub(crate) use ask::{exemplars, format_query, query, query_range};
pub(crate) use catalogue::{label_names, label_values, series};
pub(crate) use error::{Failure, denied};
pub(crate) use federate::federate;
pub(crate) use head::tsdb;
pub(crate) use known::metadata;
pub(crate) use own::{
    alertmanagers, buildinfo, config, flags, front, healthy, ready, runtimeinfo, target_metadata, targets, walreplay,
};
pub(crate) use ruling::{alerts, rules};

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use vigie_query::{Matcher, QueryError, selector};

use crate::params::Params;

/// Selectors in one question; each is a walk over the storage.
const MAX_SELECTORS: usize = 32;

/// What Prometheus says when `limit` cut something off.
const TRUNCATED: &str = "results truncated due to limit";

/// The `match[]` parameters.
pub(crate) fn matchers(params: &Params) -> Result<Vec<Vec<Matcher>>, QueryError> {
    selectors(params.all("match[]"))
}

/// Selectors, as they are written.
pub(crate) fn selectors<'t>(texts: impl Iterator<Item = &'t str>) -> Result<Vec<Vec<Matcher>>, QueryError> {
    let selectors: Vec<_> = texts.collect();
    if selectors.len() > MAX_SELECTORS {
        return Err(QueryError::BadData(format!("at most {MAX_SELECTORS} match[] parameters are taken")));
    }
    let read = selectors.into_iter().map(|text| {
        selector(text).map_err(|error| QueryError::BadData(format!("invalid parameter \"match[]\": {error}")))
    });
    read.collect()
}

/// How many rows are wanted at most; 0 and nothing mean all.
fn limit(params: &Params) -> Result<Option<usize>, QueryError> {
    let Some(text) = params.get("limit") else { return Ok(None) };
    let refused = |why: &str| QueryError::BadData(format!("invalid parameter \"limit\": {why}"));
    match text.parse::<i64>() {
        Ok(0) => Ok(None),
        Ok(limit) => Ok(Some(usize::try_from(limit).map_err(|_| refused("limit must be non-negative"))?)),
        Err(_) => Err(refused("limit must be a number")),
    }
}

/// A short answer.
fn success(data: impl Serialize) -> Response {
    #[derive(Serialize)]
    struct Success<T> {
        status: &'static str,
        data: T,
    }
    Json(Success { status: "success", data }).into_response()
}
