//! Does every answer of the API that is no success have the same shape?
//!
//! What our own handlers refuse is a [`Problem`] already. What others refuse before them, an address that can not be read or
//! a body that is too large, is put into the same words here, so that a program reads one shape and no other.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::problem::{Code, Problem};
use crate::prometheus;

/// What others say of a refusal is one sentence.
const SAID_BYTES: usize = 4 * 1024;

/// Whether the asker is a client of Prometheus, who reads Prometheus' errors.
pub(crate) fn is_prometheus(uri: &Uri) -> bool {
    is_prometheus_path(uri.path())
}

/// Whether Prometheus' errors are read there.
pub(crate) fn is_prometheus_path(path: &str) -> bool {
    path.starts_with("/prometheus/") || matches!(path, "/api/v1/rules" | "/api/v1/alerts")
}

/// Whether samples are brought there: each protocol has its own answers, which senders write into their logs.
pub(crate) fn is_push(path: &str) -> bool {
    matches!(path, "/api/v1/write" | "/api/v1/import/prometheus")
}

/// Each kind of client reads its own kind of error.
pub(crate) fn said_to(uri: &Uri, problem: Problem) -> Response {
    if is_prometheus(uri) { prometheus::denied(problem) } else { problem.into_response() }
}

/// Gives what is no success the one shape.
pub(crate) async fn one(request: Request, next: Next) -> Response {
    let uri = request.uri().clone();
    let response = next.run(request).await;
    let ours = uri.path().starts_with("/api/v1/") && !is_push(uri.path());
    if !ours || is_good(response.status()) || is_told(&response) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let problem = told(parts.status, body).await;
    let (shaped, body) = said_to(&uri, problem).into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    for (name, value) in &shaped.headers {
        parts.headers.insert(name, value.clone());
    }
    Response::from_parts(parts, body)
}

fn is_good(status: StatusCode) -> bool {
    status.is_success() || status.is_redirection()
}

fn is_told(response: &Response) -> bool {
    let json = [HeaderValue::from_static("application/problem+json"), HeaderValue::from_static("application/json")];
    response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| json.contains(kind))
}

async fn told(status: StatusCode, body: Body) -> Problem {
    let said = to_bytes(body, SAID_BYTES).await.unwrap_or_default();
    let said = String::from_utf8_lossy(&said).trim().to_owned();
    let code = Code::of_status(status);
    let said = if said.is_empty() { format!("the answer is {status}") } else { said };
    let next = match code {
        Code::MethodNotAllowed => "see the Allow header",
        Code::TooLarge => "send less at once",
        _ => "correct the request and send it again: /api/v1/openapi.json describes each",
    };
    Problem::new(code, said, next)
}
