//! How does a script hand us a page of samples?

use axum::body::Body;
use axum::extract::{Extension, RawPathParams, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use vigie_formats::text::TextFormat;

use super::body::Packing;
use super::keep::{Form, Kept, keep};
use super::place;
use super::refusal::{Refusal, Why};
use crate::door::Caller;
use crate::params::Params;
use crate::shared::App;

/// `POST …/api/v1/import/prometheus?timestamp=…`: the exposition format or OpenMetrics, by `Content-Type`, plain or gzip.
///
/// `timestamp` is the time of samples that say none, in milliseconds since 1970 UTC as VictoriaMetrics has it; without it,
/// now. 204 when everything is durable; 400 when a part can never be kept, and the rest is durable.
pub(crate) async fn text(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    path: RawPathParams,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let asked = place::of(&caller, &path).and_then(|into| Ok((into, form(&app, &uri, &headers)?)));
    keep(&app, "text", asked, body).await.map_or_else(IntoResponse::into_response, |kept| answer(&kept))
}

fn form(app: &App, uri: &Uri, headers: &HeaderMap) -> Result<Form, Refusal> {
    let content_type = headers.get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap_or("?"));
    let format = TextFormat::of_content_type(content_type).ok_or_else(|| {
        let text = "this content type is not taken here; text/plain and application/openmetrics-text are";
        Refusal::new(Why::MediaType, text)
    })?;
    let at_ms = match Params::of_uri(uri).get("timestamp") {
        None => app.lookout.now().utc.0,
        Some(text) => text.parse().map_err(|_| {
            Refusal::new(Why::Unreadable, "timestamp is a number of milliseconds since 1970 UTC; nothing was kept")
        })?,
    };
    Ok(Form::Text(format, Packing::of(headers)?, at_ms))
}

fn answer(kept: &Kept) -> Response {
    if kept.missing() == 0 {
        return StatusCode::NO_CONTENT.into_response();
    }
    let text = format!("{} samples were kept; {}\n", kept.here(), kept.remark());
    (StatusCode::BAD_REQUEST, text).into_response()
}
