//! How does Prometheus say that it has no answer?

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use vigie_query::QueryError;

use crate::problem::{Code, Problem};

/// A question without an answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It was refused, or failed.
    Query(QueryError),
    /// It was not even begun: busy, or no credentials.
    Problem(Problem),
}

#[derive(Serialize)]
struct Body<'a> {
    status: &'a str,
    #[serde(rename = "errorType")]
    error_type: &'a str,
    error: String,
}

/// Says no to a Prometheus client.
pub(crate) fn denied(problem: Problem) -> Response {
    Failure::Problem(problem).into_response()
}

impl Failure {
    /// What a streamed answer that never began has to say.
    pub(super) fn of_stream(error: Option<QueryError>) -> Self {
        error.map_or_else(|| Self::Problem(Problem::internal()), Self::Query)
    }
}

impl From<QueryError> for Failure {
    fn from(error: QueryError) -> Self {
        Self::Query(error)
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Self::Query(error) => {
                if let QueryError::Internal(why) = &error {
                    tracing::error!(why, "a query failed");
                }
                written(status(&error), error.error_type(), error.to_string())
            }
            Self::Problem(problem) => {
                // Prometheus itself has no such types; clients show the text.
                let error_type = match problem.code {
                    Code::Busy | Code::TimedOut => "unavailable",
                    Code::Internal => "internal",
                    Code::NotFound => "not_found",
                    _ => problem.code.as_str(),
                };
                let mut response =
                    written(problem.code.status(), error_type, format!("{}: {}", problem.detail, problem.next));
                if problem.code == Code::Unauthorized {
                    let realm = HeaderValue::from_static("Bearer realm=\"vigie\"");
                    response.headers_mut().insert(header::WWW_AUTHENTICATE, realm);
                }
                if let Some(seconds) = problem.retry_after_seconds {
                    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
                }
                response
            }
        }
    }
}

fn written(status: StatusCode, error_type: &str, error: String) -> Response {
    (status, Json(Body { status: "error", error_type, error })).into_response()
}

fn status(error: &QueryError) -> StatusCode {
    match error {
        QueryError::BadData(_) => StatusCode::BAD_REQUEST,
        QueryError::Execution(_) => StatusCode::UNPROCESSABLE_ENTITY,
        QueryError::TimedOut | QueryError::Canceled => StatusCode::SERVICE_UNAVAILABLE,
        QueryError::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
