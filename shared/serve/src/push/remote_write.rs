//! How does Prometheus hand its samples on to us?

use axum::body::Body;
use axum::extract::{Extension, RawPathParams, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use vigie_formats::remote_write::{RemoteWrite, Written};

use super::keep::{Form, Kept, keep};
use super::place;
use super::refusal::{Refusal, Why};
use crate::door::Caller;
use crate::shared::App;

/// `POST …/api/v1/write`: remote write 1.0 and 2.0, told apart by `Content-Type`.
///
/// 204 when everything is durable. 400 when a part can never be kept: the rest is durable, and a sender that counts (2.0)
/// learns how much from the headers.
pub(crate) async fn remote_write(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    path: RawPathParams,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let version = RemoteWrite::of_headers(text(header::CONTENT_TYPE), text(header::CONTENT_ENCODING));
    let asked = place::of(&caller, &path).and_then(|into| match &version {
        Ok(version) => Ok((into, Form::RemoteWrite(*version))),
        Err(unsupported) => Err(Refusal::new(Why::MediaType, unsupported.to_string())),
    });
    // What says no version is answered as the older one, which has no headers of its own.
    answer(version.unwrap_or(RemoteWrite::V1), keep(&app, "remote_write", asked, body).await)
}

fn answer(version: RemoteWrite, written: Result<Kept, Refusal>) -> Response {
    // A sample that is here already was written, as far as its sender has to know.
    let samples = written.as_ref().map_or(0, Kept::here);
    let response = match written {
        Ok(kept) if kept.missing() == 0 => StatusCode::NO_CONTENT.into_response(),
        Ok(kept) => {
            let text = format!("{} samples were kept; {}\n", kept.here(), kept.remark());
            (StatusCode::BAD_REQUEST, text).into_response()
        }
        Err(refusal) => refusal.into_response(),
    };
    match version {
        RemoteWrite::V1 => response,
        RemoteWrite::V2 => counted(response, Written { samples, ..Written::default() }),
    }
}

/// Without these headers a sender believes that we know 1.0 only.
fn counted(mut response: Response, written: Written) -> Response {
    for (name, count) in written.headers() {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("the specification's names are header names");
        response.headers_mut().insert(name, HeaderValue::from(count));
    }
    response
}
