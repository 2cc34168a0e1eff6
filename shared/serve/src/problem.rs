//! What went wrong, in a form that programs and people both read?

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// An answer that is an error: `application/problem+json` (RFC 9457), with a stable code and a next step.
///
/// The title says what failed, the detail why, `unchanged` what became of what was there, `next` what to do. The detail never holds a path, a key, or the name of anything the
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
    Unreadable,
    TooLarge,
    MediaType,
    KeyUsed,
    QuotaUsed,
    CarriedInPart,
    Internal,
}

impl Code {
    /// Every one.
    pub(crate) const ALL: [Self; 21] = [
        Self::BadParameter,
        Self::Unauthorized,
        Self::CrossSite,
        Self::NoRight,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::TooManyAttempts,
        Self::Busy,
        Self::TimedOut,
        Self::Changed,
        Self::Outdated,
        Self::Conflict,
        Self::ProofNeeded,
        Self::TotpNeeded,
        Self::Unreadable,
        Self::TooLarge,
        Self::MediaType,
        Self::KeyUsed,
        Self::QuotaUsed,
        Self::CarriedInPart,
        Self::Internal,
    ];

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
            Self::QuotaUsed => (StatusCode::CONFLICT, "quota-used", "As much as there may be"),
            Self::ProofNeeded => (StatusCode::FORBIDDEN, "proof-needed", "Prove again who you are"),
            Self::TotpNeeded => (StatusCode::UNAUTHORIZED, "code-needed", "A code is needed, too"),
            Self::Unreadable => (StatusCode::BAD_REQUEST, "unreadable", "The request can not be read"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The body is too large"),
            Self::MediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", "Not a form that is read here"),
            Self::KeyUsed => (StatusCode::UNPROCESSABLE_ENTITY, "key-used", "The key stands for another write"),
            Self::CarriedInPart => (StatusCode::UNPROCESSABLE_ENTITY, "carried-in-part", "Only a part was taken"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Failed"),
        }
    }

    pub(crate) fn status(self) -> StatusCode {
        self.told().0
    }

    pub(crate) fn as_str(self) -> &'static str {
        self.told().1
    }

    /// What became of what was there. All that is refused is refused before anything is changed, and what can not be kept is
    /// taken back as a whole; of what failed in the middle nobody can say that. Files that come by hand are the exception: they
    /// are kept part by part.
    fn unchanged(self) -> &'static str {
        match self {
            Self::CarriedInPart => "what was taken before that stays, and is not taken twice",
            Self::Internal => "it is not known whether anything was changed: look before you repeat it",
            _ => "nothing was changed",
        }
    }

    /// The one that is nearest to a status that something else chose.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::UNAUTHORIZED => Self::Unauthorized,
            StatusCode::FORBIDDEN => Self::NoRight,
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Self::MethodNotAllowed,
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::MediaType,
            StatusCode::SERVICE_UNAVAILABLE => Self::Busy,
            status if status.is_client_error() => Self::Unreadable,
            _ => Self::Internal,
        }
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
        Self::new(Code::Internal, "the answer could not be made", "look at this node's log")
    }
}

/// What went wrong, as RFC 9457 writes it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Body<'a> {
    /// The code, as an address.
    r#type: String,
    /// What failed.
    title: &'a str,
    /// The status.
    status: u16,
    /// What programs branch on; never renamed.
    code: &'a str,
    /// Why.
    detail: &'a str,
    /// What became of what was there.
    unchanged: &'a str,
    /// What to do.
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
            unchanged: self.code.unchanged(),
            next: self.next,
        };
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.code == Code::Unauthorized {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"vigie\""));
        }
        if let (Code::TooManyAttempts, Some(seconds)) = (self.code, self.retry_after_seconds) {
            // As draft-ietf-httpapi-ratelimit-headers writes it: nothing is left, and for how long.
            headers.insert("ratelimit-policy", HeaderValue::from_static("\"attempts\";q=10;w=300"));
            let left = HeaderValue::from_str(&format!("\"attempts\";r=0;t={seconds}"));
            left.ok().map(|left| headers.insert("ratelimit", left));
        }
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_its_own_word_and_a_status_of_an_error() {
        let words: std::collections::BTreeSet<_> = Code::ALL.into_iter().map(Code::as_str).collect();
        assert_eq!(words.len(), Code::ALL.len());
        for code in Code::ALL {
            assert!(code.status().is_client_error() || code.status().is_server_error(), "{code:?}");
        }
    }
}
