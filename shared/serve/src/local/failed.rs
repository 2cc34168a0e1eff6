//! What is told when there is no page to show?

use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};

use super::frame::Tab;
use super::frame_of;
use crate::problem::{Code, Problem};
use crate::shared::Shared;

/// A problem, as a page with a way on.
pub(crate) fn failed(app: &Shared, parts: &Parts, problem: &Problem) -> Response {
    let frame = frame_of(app, parts);
    let w = frame.voice.words();
    let sentence = match problem.code {
        Code::NotFound
        | Code::BadParameter
        | Code::MethodNotAllowed
        | Code::Unreadable
        | Code::TooLarge
        | Code::MediaType => w.failed_gone,
        Code::NoRight | Code::Unauthorized | Code::ProofNeeded | Code::TotpNeeded => w.failed_right,
        Code::CrossSite => w.failed_cross,
        Code::Busy
        | Code::TimedOut
        | Code::TooManyAttempts
        | Code::Changed
        | Code::Outdated
        | Code::Conflict
        | Code::QuotaUsed
        | Code::CarriedInPart
        | Code::KeyUsed => w.failed_busy,
        Code::Internal => w.failed_inside,
    };
    let text = frame.page(Tab::Elsewhere, w.failed_title, |out| {
        out.html("<section class=\"door\">\n<h1>")
            .text(w.failed_title)
            .html("</h1>\n<p role=\"alert\">")
            .text(sentence);
        out.html("</p>\n<p><a href=\"/\">").text(w.failed_back).html("</a> · <code>").text(problem.code.as_str());
        out.html("</code></p>\n</section>\n");
    });
    let mut response = (problem.code.status(), Html(text)).into_response();
    if let Some(seconds) = problem.retry_after_seconds {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
