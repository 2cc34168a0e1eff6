//! Why was nothing of a push kept, and is it worth sending again?

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use vigie_formats::DecodeError;

use crate::NotTaken;
use crate::problem::{Code, Problem};

/// A push of which nothing was kept.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(super) why: Why,
    /// What a sender writes into its log: one line, for people.
    pub(super) text: String,
    pub(super) retry_after_seconds: Option<u64>,
}

/// What stands in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    Unauthorized,
    TooManyAttempts,
    NoRight,
    NameThePlace,
    NotTakenInHere,
    NoSuchPlace,
    MediaType,
    TooLarge,
    Unreadable,
    TooSlow,
    TooManySeries,
    Busy,
    Store,
    Failed,
}

impl Why {
    /// The status, and a word for metrics.
    fn told(self) -> (StatusCode, &'static str) {
        match self {
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized"),
            Self::TooManyAttempts => (StatusCode::TOO_MANY_REQUESTS, "too_many_attempts"),
            Self::NoRight => (StatusCode::FORBIDDEN, "no_right"),
            Self::NameThePlace => (StatusCode::BAD_REQUEST, "name_the_place"),
            Self::NotTakenInHere => (StatusCode::NOT_FOUND, "not_taken_in_here"),
            Self::NoSuchPlace => (StatusCode::NOT_FOUND, "no_such_place"),
            Self::MediaType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "media_type"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Self::Unreadable => (StatusCode::BAD_REQUEST, "unreadable"),
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "too_slow"),
            Self::TooManySeries => (StatusCode::BAD_REQUEST, "too_many_series"),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
            Self::Store => (StatusCode::SERVICE_UNAVAILABLE, "store"),
            Self::Failed => (StatusCode::INTERNAL_SERVER_ERROR, "failed"),
        }
    }

    pub(super) fn status(self) -> StatusCode {
        self.told().0
    }

    pub(super) fn word(self) -> &'static str {
        self.told().1
    }
}

impl Refusal {
    pub(super) fn new(why: Why, text: impl Into<String>) -> Self {
        Self { why, text: text.into(), retry_after_seconds: None }
    }

    /// Nothing could be done with it now.
    pub(super) fn later(why: Why, text: impl Into<String>, seconds: u64) -> Self {
        Self { why, text: text.into(), retry_after_seconds: Some(seconds.max(1)) }
    }

    /// Of what did not come in as a whole, as the API says it.
    pub(crate) fn of_body(self) -> Problem {
        let (code, next) = match self.why {
            Why::TooLarge => (Code::TooLarge, "send less at once"),
            Why::TooSlow => (Code::TimedOut, "send it again, or less at once"),
            Why::Busy | Why::Store => (Code::Busy, "send it again"),
            _ => (Code::Unreadable, "send it again"),
        };
        Problem { retry_after_seconds: self.retry_after_seconds, ..Problem::new(code, self.text, next) }
    }

    /// The same answer in another body.
    pub(super) fn answered(&self, body: impl IntoResponse) -> Response {
        let mut response = (self.why.status(), body).into_response();
        let headers = response.headers_mut();
        if self.why == Why::Unauthorized {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"vigie\""));
        }
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.answered(format!("{}\n", self.text))
    }
}

impl From<DecodeError> for Refusal {
    fn from(error: DecodeError) -> Self {
        let why = if error.status() == 413 { Why::TooLarge } else { Why::Unreadable };
        Self::new(why, error.to_string())
    }
}

impl From<NotTaken> for Refusal {
    fn from(not: NotTaken) -> Self {
        let text = not.to_string();
        match not {
            NotTaken::Later { after, .. } => Self::later(Why::Store, text, after.as_secs()),
            NotTaken::TooManySeries { .. } => Self::new(Why::TooManySeries, text),
            NotTaken::NoSuchPlace(_) => Self::new(Why::NoSuchPlace, text),
        }
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        let why = match problem.code {
            Code::Unauthorized | Code::CrossSite | Code::TotpNeeded => Why::Unauthorized,
            Code::TooManyAttempts => Why::TooManyAttempts,
            Code::NoRight | Code::ProofNeeded => Why::NoRight,
            Code::NotFound => Why::NotTakenInHere,
            Code::BadParameter | Code::MethodNotAllowed | Code::Unreadable => Why::Unreadable,
            Code::TooLarge => Why::TooLarge,
            Code::MediaType => Why::MediaType,
            Code::Busy | Code::TimedOut => Why::Busy,
            Code::Internal
            | Code::KeyUsed
            | Code::QuotaUsed
            | Code::CarriedInPart
            | Code::Changed
            | Code::Outdated
            | Code::Conflict => Why::Failed,
        };
        let text = format!("{}: {}", problem.detail, problem.next);
        Self { why, text, retry_after_seconds: problem.retry_after_seconds }
    }
}
