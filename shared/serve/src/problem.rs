//! What went wrong, in a form that programs and people both read?

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// An answer that is an error: `application/problem+json` (RFC 9457), with a stable code and a next step.
///
/// The detail is for people: what was tried, on what, why not. It never holds a path, a key, or the name of anything the
/// asker may not see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) code: Code,
    pub(crate) detail: String,
    pub(crate) next: &'static str,
    pub(crate) retry_after_seconds: Option<u64>,
}

/// What can go wrong. Codes are never renamed: programs branch on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    BadParameter,
    Unauthorized,
    CrossSite,
    NoRight,
    NotFound,
    MethodNotAllowed,
    TooManyAttempts,
    Busy,
    TimedOut,
    Changed,
    Outdated,
    Conflict,
    ProofNeeded,
    TotpNeeded,
    Internal,
}

impl Code {
    fn told(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::BadParameter => (StatusCode::BAD_REQUEST, "bad-parameter", "A parameter can not be used"),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized", "Not signed in"),
            Self::CrossSite => (StatusCode::FORBIDDEN, "cross-site", "Sent by another site"),
            Self::NoRight => (StatusCode::FORBIDDEN, "no-right", "Not allowed"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "Not found"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "Method not allowed"),
            Self::TooManyAttempts => (StatusCode::TOO_MANY_REQUESTS, "too-many-attempts", "Too many failed attempts"),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy", "Busy"),
            Self::TimedOut => (StatusCode::SERVICE_UNAVAILABLE, "timed-out", "Took too long"),
            Self::Changed => (StatusCode::CONFLICT, "changed", "Changed meanwhile"),
            Self::Outdated => (StatusCode::PRECONDITION_FAILED, "outdated", "Changed meanwhile"),
            Self::Conflict => (StatusCode::CONFLICT, "conflict", "Does not go together with what there is"),
            Self::ProofNeeded => (StatusCode::FORBIDDEN, "proof-needed", "Prove again who you are"),
            Self::TotpNeeded => (StatusCode::UNAUTHORIZED, "code-needed", "A code is needed, too"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Failed"),
        }
    }

    pub(crate) fn status(self) -> StatusCode {
        self.told().0
    }

    pub(crate) fn as_str(self) -> &'static str {
        self.told().1
    }
}

impl Problem {
    pub(crate) fn new(code: Code, detail: impl Into<String>, next: &'static str) -> Self {
        Self { code, detail: detail.into(), next, retry_after_seconds: None }
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(
            Code::Unauthorized,
            "this needs a valid bearer token or a signed-in browser",
            "send the header \"Authorization: Bearer <token>\", or sign in at /sign-in",
        )
    }

    pub(crate) fn not_found(what: impl Into<String>) -> Self {
        Self::new(Code::NotFound, what, "GET /api/v1/machines lists what you may see")
    }

    pub(crate) fn bad_parameter(detail: impl Into<String>) -> Self {
        Self::new(Code::BadParameter, detail, "correct the parameter and ask again")
    }

    pub(crate) fn internal() -> Self {
        Self::new(Code::Internal, "the answer could not be made; nothing was changed", "look at this node's log")
    }
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    code: &'a str,
    detail: &'a str,
    next: &'a str,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, code, title) = self.code.told();
        let body = Body {
            r#type: format!("urn:vigie:problem:{code}"),
            title,
            status: status.as_u16(),
            code,
            detail: &self.detail,
            next: self.next,
        };
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.code == Code::Unauthorized {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"vigie\""));
        }
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
