//! What does this node say where Prometheus speaks of itself?
//!
//! Prometheus scrapes and has Alertmanagers; this node does and has neither, and says so by lists that are empty.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use vigie_model::UtcMs;
use vigie_query::{Limits, Query};

use super::{Failure, success};
use crate::shared::App;
use crate::{Stamp, work};

/// The Prometheus whose API this is: by it clients decide what they may ask.
const API_LEVEL: &str = "3.5.0";

/// `GET /prometheus/`, at which clients look to see whether anybody is there.
pub(crate) async fn front() -> &'static str {
    "Here Vigie speaks as Prometheus does, from /prometheus/api/v1 on. Its page for people is at /.\n"
}

/// `GET status/buildinfo`.
pub(crate) async fn buildinfo() -> Response {
    let revision = concat!("vigie ", env!("CARGO_PKG_VERSION"));
    success(json!({ "application": "Vigie", "version": API_LEVEL, "revision": revision, "branch": "", "buildUser": "",
        "buildDate": "", "goVersion": "" }))
}

/// `GET status/config`.
pub(crate) async fn config() -> Response {
    success(json!({ "yaml": "# Vigie has no configuration of Prometheus' kind.\n" }))
}

/// `GET status/flags`: the settings that have a meaning here, under Prometheus' names.
pub(crate) async fn flags(State(app): State<App>) -> Response {
    success(json!({
        "query.lookback-delta": format!("{}ms", Query::LOOKBACK_MS),
        "query.max-concurrency": app.options.queries_at_once.to_string(),
        "query.max-samples": Limits::MAX_SAMPLES.to_string(),
        "query.timeout": format!("{}ms", app.options.query_timeout.as_millis()),
    }))
}

/// `GET status/runtimeinfo`. What only a program in Go has is nought or empty.
pub(crate) async fn runtimeinfo(State(app): State<App>) -> Response {
    let begun = Stamp(app.begun).to_string();
    let now = Stamp(UtcMs(app.lookout.now().utc.0)).to_string();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    success(json!({ "startTime": begun, "CWD": "", "hostname": app.lookout.name(), "serverTime": now,
        "reloadConfigSuccess": true, "lastConfigTime": begun, "corruptionCount": 0, "goroutineCount": 0,
        "GOMAXPROCS": cores, "GOMEMLIMIT": 0, "GOGC": "", "GODEBUG": "", "storageRetention": "" }))
}

/// `GET status/walreplay`: the store repairs itself before this node opens its doors.
pub(crate) async fn walreplay() -> Response {
    success(json!({ "min": 0, "max": 0, "current": 0, "state": "done" }))
}

/// `GET targets`.
pub(crate) async fn targets() -> Response {
    success(json!({ "activeTargets": [], "droppedTargets": [], "droppedTargetCounts": {} }))
}

/// `GET targets/metadata`.
pub(crate) async fn target_metadata() -> Response {
    success(json!([]))
}

/// `GET alertmanagers`.
pub(crate) async fn alertmanagers() -> Response {
    success(json!({ "activeAlertmanagers": [], "droppedAlertmanagers": [] }))
}

/// `GET /prometheus/-/healthy`, open: the process answers.
pub(crate) async fn healthy() -> &'static str {
    "Vigie is Healthy.\n"
}

/// `GET /prometheus/-/ready`, open: it takes in and answers.
pub(crate) async fn ready(State(app): State<App>) -> Result<Response, Failure> {
    let ready = work::list(&app, |app| Ok(app.lookout.ready())).await?;
    Ok(match ready {
        Ok(()) => "Vigie is Ready.\n".into_response(),
        Err(not) => (StatusCode::SERVICE_UNAVAILABLE, format!("Service Unavailable: {not}\n")).into_response(),
    })
}
