//! How does an OpenTelemetry collector hand its metrics on to us?

use axum::body::Body;
use axum::extract::{Extension, RawPathParams, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use vigie_formats::otlp::{Answer, Otlp};

use super::body::Packing;
use super::keep::{Form, Kept, keep};
use super::place;
use super::refusal::{Refusal, Why};
use crate::door::Caller;
use crate::shared::App;

/// `POST …/v1/metrics`: OTLP/HTTP, protocol buffers or JSON, plain or gzip.
///
/// 200 when what could be kept is durable, with the number of points that could not; see
/// <https://opentelemetry.io/docs/specs/otlp/#otlphttp-response>.
pub(crate) async fn otlp(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    path: RawPathParams,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let encoding = Otlp::of_content_type(content_type);
    let asked = place::of(&caller, &path).and_then(|into| {
        let encoding = encoding.ok_or_else(no_encoding)?;
        Ok((into, Form::Otlp(encoding, Packing::of(&headers)?)))
    });
    match (keep(&app, "otlp", asked, body).await, encoding) {
        (Ok(kept), encoding) => answer(encoding.unwrap_or(Otlp::Protobuf), &kept),
        (Err(refusal), Some(encoding)) => refused(encoding, &refusal),
        (Err(refusal), None) => refusal.into_response(),
    }
}

fn no_encoding() -> Refusal {
    let text = "this content type is not taken here; application/x-protobuf and application/json are";
    Refusal::new(Why::MediaType, text)
}

fn answer(encoding: Otlp, kept: &Kept) -> Response {
    let answer = Answer { rejected: kept.missing(), message: kept.remark() };
    (StatusCode::OK, [(header::CONTENT_TYPE, encoding.content_type())], encoding.encode(&answer)).into_response()
}

/// A refusal is a `google.rpc.Status` in the encoding of the request.
fn refused(encoding: Otlp, refusal: &Refusal) -> Response {
    let body = encoding.encode_refusal(grpc_code(refusal.why), &refusal.text);
    refusal.answered(([(header::CONTENT_TYPE, encoding.content_type())], body))
}

fn grpc_code(why: Why) -> u8 {
    match why {
        Why::MediaType | Why::Unreadable | Why::NameThePlace => 3,
        Why::TooSlow => 4,
        Why::NotTakenInHere | Why::NoSuchPlace => 5,
        Why::NoRight => 7,
        Why::TooLarge | Why::TooManySeries | Why::TooManyAttempts => 8,
        Why::Failed => 13,
        Why::Busy | Why::Store => 14,
        Why::Unauthorized => 16,
    }
}
