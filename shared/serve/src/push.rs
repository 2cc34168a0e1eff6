//! Who pushes samples here, and what are they told?
//!
//! Three doors, each in the language of its senders: remote write, OpenTelemetry, and pages of text. A permanent refusal is
//! always a 4xx, because senders try anything else again for ever; what may become better is a 503 with `Retry-After`.
//! A push is answered well only when it is durable.

mod body;
mod keep;
mod otlp;
mod place;
mod refusal;
mod remote_write;
mod text;

use axum::body::Body;
use axum::response::{IntoResponse, Response};

pub(crate) use body::{Held, Room, drain, next_piece};
pub(crate) use keep::{Kept, Pushes};
pub(crate) use otlp::otlp;
pub(crate) use refusal::Refusal;
pub(crate) use remote_write::remote_write;
pub(crate) use text::text;

use crate::problem::Problem;

/// What is read of a body whose sender we do not know: a usual one, so that the answer is heard.
const MAX_STRANGE_BYTES: usize = 1 << 20;

/// Says no to somebody who pushes without good credentials.
pub(crate) async fn denied(problem: Problem, body: Body) -> Response {
    drain(body, MAX_STRANGE_BYTES).await;
    Refusal::from(problem).into_response()
}
