//! Which address leads where, and through which doors?

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::Uri;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

use crate::params::MAX_FORM_BYTES;
use crate::problem::{Code, Problem};
use crate::shared::{App, Shared};
use crate::{Access, Incidents, Lookout, Options, api, armour, door, health, local, page, prometheus, push, tally};

/// Everything a relay or a hub serves over HTTP.
///
/// Open: `/healthz`, `/readyz` and their namesakes of Prometheus, the sign-in page and its style. Everything else needs a bearer token or a session, and
/// shows what those credentials may see; samples are taken in with a bearer token alone. Serve it with `into_make_service_with_connect_info::<SocketAddr>()`, or all
/// askers count as one when guesses are counted; [`serve`](crate::serve()) does, and bounds connections too.
pub fn router(lookout: Arc<dyn Lookout>, access: Arc<dyn Access>, options: Options) -> Router {
    serve_all(Shared::new(lookout, access, options))
}

/// As [`router()`], with what is wrong and what people decide of it.
pub fn router_with(
    lookout: Arc<dyn Lookout>,
    incidents: Arc<dyn Incidents>,
    access: Arc<dyn Access>,
    options: Options,
) -> Router {
    serve_all(Shared { incidents: Some(incidents), ..Shared::new(lookout, access, options) })
}

fn serve_all(app: Shared) -> Router {
    let app = Arc::new(app);
    let router = open(&app).merge(private(&app)).merge(pushed(&app)).with_state(Arc::clone(&app));
    router
        .layer(DefaultBodyLimit::max(MAX_FORM_BYTES))
        // The fastest level halves JSON already; a relay has better uses for its processor.
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
        .layer(CatchPanicLayer::custom(armour::panicked))
        .layer(from_fn_with_state(Arc::clone(&app), armour::headers))
        .layer(from_fn_with_state(app, tally::observe))
}

fn open(app: &App) -> Router<App> {
    let local = if app.is_site() { local::open_pages() } else { Router::new() };
    page::serve_files(local, &page::OPEN)
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/prometheus/-/healthy", get(prometheus::healthy))
        .route("/prometheus/-/ready", get(prometheus::ready))
        // Looks at the credentials itself, because loopback may need none.
        .route("/metrics", get(health::metrics))
        .route("/sign-in", get(door::sign_in_page).post(door::sign_in))
        .route("/sign-out", post(door::sign_out))
}

fn private(app: &App) -> Router<App> {
    // A site's people get pages that need no script; the live list stands beside them.
    let index = if app.is_site() { "/live" } else { "/" };
    let router = page::serve_index(page::serve_files(Router::new(), &page::PRIVATE), index)
        .nest("/api/v1", api_routes())
        .nest("/prometheus/api/v1", prometheus_routes())
        .route("/prometheus", get(prometheus::front))
        .route("/prometheus/", get(prometheus::front))
        .route("/prometheus/federate", get(prometheus::federate))
        .fallback(nothing_there)
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(Arc::clone(app), door::require));
    if app.is_site() { router.merge(local::pages(app)) } else { router }
}

/// Where others push samples: with a bearer token only, and at most into the places that it may write to.
fn pushed(app: &App) -> Router<App> {
    let doors = || {
        Router::new()
            .route("/api/v1/write", post(push::remote_write))
            .route("/prometheus/api/v1/write", post(push::remote_write))
            .route("/v1/metrics", post(push::otlp))
            .route("/prometheus/api/v1/otlp/v1/metrics", post(push::otlp))
            .route("/api/v1/import/prometheus", post(push::text))
    };
    doors()
        .nest("/to/{client}/{site}", doors())
        .method_not_allowed_fallback(wrong_method)
        .layer(from_fn_with_state(Arc::clone(app), door::require_bearer))
}

fn api_routes() -> Router<App> {
    Router::new()
        .route("/here", get(api::here))
        .route("/sites", get(api::sites))
        .route("/machines", get(api::machines))
        .route("/machines/{id}", get(api::machine))
        .route("/machines/{id}/ledger", get(api::ledger))
        .route("/machines/{id}/raw", get(api::raw).post(api::ask_raw))
        .route("/incidents", get(api::incidents))
        .route("/incidents/{id}", get(api::incident))
        .route("/incidents/{id}/{word}", post(api::decide))
        .route("/maintenance", get(api::list).post(api::add))
        .route("/maintenance/preview", post(api::preview))
        .route("/maintenance/{id}/end", post(api::end))
        .route("/telling", get(api::telling))
        .route("/availability", get(api::availability))
        .route("/watch/rules", get(api::rules))
        // Prometheus' own shapes, for who expects them here.
        .route("/rules", get(prometheus::rules))
        .route("/alerts", get(prometheus::alerts))
        .route("/export", get(api::export).post(api::export))
}

fn prometheus_routes() -> Router<App> {
    Router::new()
        .route("/query", get(prometheus::query).post(prometheus::query))
        .route("/query_range", get(prometheus::query_range).post(prometheus::query_range))
        .route("/series", get(prometheus::series).post(prometheus::series))
        .route("/labels", get(prometheus::label_names).post(prometheus::label_names))
        .route("/label/{name}/values", get(prometheus::label_values))
        .route("/query_exemplars", get(prometheus::exemplars).post(prometheus::exemplars))
        .route("/format_query", get(prometheus::format_query).post(prometheus::format_query))
        .route("/metadata", get(prometheus::metadata))
        .route("/status/buildinfo", get(prometheus::buildinfo))
        .route("/status/config", get(prometheus::config))
        .route("/status/flags", get(prometheus::flags))
        .route("/status/runtimeinfo", get(prometheus::runtimeinfo))
        .route("/status/tsdb", get(prometheus::tsdb))
        .route("/status/walreplay", get(prometheus::walreplay))
        .route("/rules", get(prometheus::rules))
        .route("/alerts", get(prometheus::alerts))
        .route("/targets", get(prometheus::targets))
        .route("/targets/metadata", get(prometheus::target_metadata))
        .route("/alertmanagers", get(prometheus::alertmanagers))
}

async fn nothing_there(uri: Uri) -> Response {
    let path: String = uri.path().chars().take(80).collect();
    said_to(&uri, Problem::not_found(format!("there is nothing at {path:?}")))
}

async fn wrong_method(uri: Uri) -> Response {
    said_to(
        &uri,
        Problem::new(Code::MethodNotAllowed, "this address does not take this method", "see the Allow header"),
    )
}

/// Each kind of client reads its own kind of error.
fn said_to(uri: &Uri, problem: Problem) -> Response {
    if uri.path().starts_with("/prometheus/") { prometheus::denied(problem) } else { problem.into_response() }
}
