//! How is a list handed out so that asking again costs little?

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use vigie_model::Now;

use crate::Stamp;
use crate::problem::{Code, Problem};

/// The node's time with every answer, in a header so that it does not make equal answers unequal. Pages count ages by it.
pub(crate) const NOW: HeaderName = HeaderName::from_static("vigie-now");

/// A list, ready to be sent or not to be sent again.
#[derive(Debug)]
pub(crate) struct Drawn {
    json: Vec<u8>,
    etag: HeaderValue,
    now: HeaderValue,
}

impl Drawn {
    /// Writes a list down.
    pub(crate) fn new<T: Serialize>(list: &T, now: Now) -> Result<Self, Problem> {
        let json = serde_json::to_vec(list).map_err(|error| {
            tracing::error!(%error, "a list could not be written as JSON");
            Problem::internal()
        })?;
        // Weak, because the same list may leave compressed or not.
        let etag = format!("W/\"{}\"", &blake3::hash(&json).to_hex()[..24]);
        let ours = |text: &str| HeaderValue::from_str(text).expect("digits and signs");
        Ok(Self { etag: ours(&etag), now: ours(&Stamp(now.utc).to_string()), json })
    }

    /// Whether this is still what somebody saw, as they say with `If-Match`.
    pub(crate) fn is(&self, known: &HeaderValue) -> Result<(), Problem> {
        if *known == self.etag || known == "*" {
            return Ok(());
        }
        let detail = "somebody changed it since you looked";
        Err(Problem::new(Code::Outdated, detail, "look at it again, and send its ETag in If-Match"))
    }

    /// What `If-Match` takes is this, and not the hash of the answer: of what changes by itself as time goes by.
    pub(crate) fn with_version(self, version: &str) -> Self {
        Self { etag: HeaderValue::from_str(version).unwrap_or(self.etag), ..self }
    }

    /// Sends it, or only says that it is what the asker has.
    pub(crate) fn answer(self, asked: &HeaderMap) -> Response {
        let head = [(header::ETAG, self.etag.clone()), (NOW, self.now)];
        if asked.get(header::IF_NONE_MATCH).is_some_and(|has| *has == self.etag) {
            return (StatusCode::NOT_MODIFIED, head).into_response();
        }
        (head, [(header::CONTENT_TYPE, "application/json")], self.json).into_response()
    }
}

/// The ETag of something, by what of it people write.
pub(crate) fn version_of<T: Serialize>(written: &T) -> String {
    // Texts, numbers and lists of them: writing them to memory does not fail.
    let json = serde_json::to_vec(written).unwrap_or_default();
    format!("\"{}\"", &blake3::hash(&json).to_hex()[..24])
}

/// Whether this version is the one that somebody saw, as they say with `If-Match`, if they do.
pub(crate) fn seen_as(version: &str, asked: &HeaderMap) -> Result<(), Problem> {
    match asked.get(header::IF_MATCH) {
        Some(known) if known != "*" && *known != *version => {
            let detail = "somebody changed it since you looked; nothing was changed";
            Err(Problem::new(Code::Outdated, detail, "look at it again, and send its ETag in If-Match"))
        }
        _ => Ok(()),
    }
}
