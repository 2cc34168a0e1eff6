//! What did somebody decide, and was it done?
//!
//! A form is posted, the decision made durable, and the browser led to the page that shows it: loading that again decides
//! nothing again. What was not done is shown with what had been typed.

use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{Html, IntoResponse, Redirect, Response};
use vigie_model::UtcMs;

use super::forms::{Draft, SNOOZES_MIN};
use super::voice::Voice;
use super::{failed, frame_of, look};
use crate::door::Caller;
use crate::params::Params;
use crate::problem::{Code, Problem};
use crate::shared::App;
use crate::{Decision, Stamp, Undecided, work};

/// `POST /alerts/{id}/{acknowledge|unacknowledge|comment|assign|snooze|wake|resolve}`: `text`, `minutes`, `me`.
pub(crate) async fn decide(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((id, word)): Path<(String, String)>,
    parts: Parts,
    params: Result<Params, String>,
) -> Response {
    let params = params.unwrap_or_default();
    let voice = frame_of(&app, &parts).voice;
    let text = params.get("text").unwrap_or_default().trim().to_owned();
    let draft = |why: String| Draft { decision: word.clone(), text: text.clone(), why };
    let decision = match read(&word, &text, &params, &caller, &voice) {
        Ok(Some(decision)) => decision,
        Ok(None) => return failed(&app, &parts, &Problem::not_found("there is no such decision")),
        Err(why) => {
            return again(&app, caller, id, &parts, draft(why.to_owned()), StatusCode::UNPROCESSABLE_ENTITY).await;
        }
    };
    match carry_out(&app, &caller, &id, decision).await {
        Ok(Ok(())) => Redirect::to(&format!("/alerts/{id}?done={word}")).into_response(),
        Ok(Err(undecided)) => {
            let (status, why) = said(&voice, &undecided);
            again(&app, caller, id, &parts, draft(why), status).await
        }
        Err(problem) => failed(&app, &parts, &problem),
    }
}

/// Decides in the name of the one who is signed in, if they may.
async fn carry_out(app: &App, caller: &Caller, id: &str, decision: Decision) -> Result<Result<(), Undecided>, Problem> {
    let (caller, id) = (caller.clone(), id.to_owned());
    work::list(app, move |app| {
        let incident = look::incident(app, &caller, &id)?;
        if !caller.decides(incident.client.as_ref(), incident.site.as_ref()) {
            return Err(Problem::new(Code::NoRight, "these credentials decide nothing here", "ask for the right"));
        }
        let Some(incidents) = &app.incidents else { return Ok(Err(Undecided::NotHere("such alert"))) };
        Ok(incidents.decide(&incident.id, decision, &caller.who.name).map(drop))
    })
    .await
}

/// What the form says; nothing where there is no such decision.
fn read(
    word: &str,
    text: &str,
    params: &Params,
    caller: &Caller,
    voice: &Voice,
) -> Result<Option<Decision>, &'static str> {
    let w = voice.words();
    Ok(Some(match word {
        "acknowledge" => Decision::Acknowledge(text.to_owned()),
        "unacknowledge" => Decision::Unacknowledge,
        "comment" if text.is_empty() => return Err(w.why_no_text),
        "comment" => Decision::Comment(text.to_owned()),
        "assign" if params.get("me").is_some() => Decision::Assign(caller.who.name.clone()),
        "assign" => Decision::Assign(text.to_owned()),
        "snooze" => {
            let minutes = params.get("minutes").and_then(|minutes| minutes.parse().ok());
            let minutes = minutes.filter(|minutes| SNOOZES_MIN.contains(minutes)).ok_or(w.why_no_span)?;
            Decision::Snooze(Stamp(UtcMs(voice.now.0 + i64::from(minutes) * 60_000)))
        }
        "wake" => Decision::Wake,
        "resolve" => Decision::Resolve(text.to_owned()),
        _ => return Ok(None),
    }))
}

pub(super) fn said(voice: &Voice, undecided: &Undecided) -> (StatusCode, String) {
    let w = voice.words();
    match undecided {
        Undecided::NotHere(_) => (StatusCode::NOT_FOUND, w.why_gone.to_owned()),
        Undecided::Senseless(why) => (StatusCode::UNPROCESSABLE_ENTITY, why.clone()),
        Undecided::Changed => (StatusCode::CONFLICT, w.why_changed.to_owned()),
        Undecided::NotKept(why) => (StatusCode::SERVICE_UNAVAILABLE, w.why_not_kept.replace("{why}", why)),
    }
}

/// The alert's page once more, with why nothing was done.
async fn again(app: &App, caller: Caller, id: String, parts: &Parts, draft: Draft, status: StatusCode) -> Response {
    match look::alert_page(app, caller, id, parts, Some(draft)).await {
        Ok(text) => (status, Html(text)).into_response(),
        Err(problem) => failed(app, parts, &problem),
    }
}
