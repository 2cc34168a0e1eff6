//! Planned work is asked for, shown beforehand, and ended: what the forms of its page do.

use std::collections::BTreeMap;

use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{Html, IntoResponse, Redirect, Response};
use vigie_model::UtcMs;

use super::act::said;
use super::frame::{Frame, Tab};
use super::look::{asked, in_force, seen_by, truth};
use super::maintenance::{Planning, SPANS_MIN, Typed, USUAL_MIN};
use super::voice::Voice;
use super::{failed, frame_of};
use crate::door::Caller;
use crate::params::Params;
use crate::problem::{Code, Problem};
use crate::shared::{App, Shared};
use crate::{Incidents, MuteKind, MuteWish, Place, Stamp, Undecided, work};

/// What came of a form.
enum Came {
    /// Nothing was asked but the page, or what would be muted.
    Shown(Option<(crate::MutePreview, Stamp)>),
    /// It mutes, durably.
    Done,
    /// It was not done, and why.
    Not(StatusCode, String),
}

/// `GET /maintenance?machine=…&done=…`.
pub(crate) async fn plan(State(app): State<App>, Extension(caller): Extension<Caller>, parts: Parts) -> Response {
    let machine = asked(&parts, "machine").unwrap_or_default();
    let typed = Typed { machine, minutes: USUAL_MIN, why: String::new() };
    again(&app, caller, &parts, typed, Came::Shown(None)).await
}

/// `POST /maintenance`: `machine`, `minutes`, `why`, and `what`: `preview` shows what it would mute, `add` mutes.
pub(crate) async fn add(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    parts: Parts,
    params: Result<Params, String>,
) -> Response {
    let params = params.unwrap_or_default();
    let voice = frame_of(&app, &parts).voice;
    let text = |name: &str| params.get(name).unwrap_or_default().trim().to_owned();
    let minutes = params.get("minutes").and_then(|minutes| minutes.parse().ok());
    let typed = Typed { machine: text("machine"), minutes: minutes.unwrap_or(0), why: text("why") };
    let is_preview = params.get("what") != Some("add");
    let came = {
        let (caller, typed) = (caller.clone(), typed.clone());
        work::list(&app, move |app| {
            let (incidents, home) = may(app, &caller)?;
            let Some(wish) = wish(&typed, &home, &voice) else {
                return Ok(Came::Not(StatusCode::UNPROCESSABLE_ENTITY, voice.words().why_no_span.to_owned()));
            };
            let is_here = |name: &str| seen_by(app, &caller).iter().any(|machine| machine.name == name);
            if !typed.machine.is_empty() && !is_here(&typed.machine) {
                return Ok(Came::Not(StatusCode::UNPROCESSABLE_ENTITY, voice.words().why_no_machine.to_owned()));
            }
            let until = Stamp(UtcMs(wish.until_ms));
            let done = if is_preview {
                incidents.preview(&wish).map(|preview| Came::Shown(Some((preview, until))))
            } else {
                incidents.mute(&wish, &caller.who.name).map(|_| Came::Done)
            };
            Ok(done.unwrap_or_else(|undecided| not(&voice, &undecided)))
        })
        .await
    };
    match came {
        Ok(Came::Done) => Redirect::to("/maintenance?done=add").into_response(),
        Ok(came) => again(&app, caller, &parts, typed, came).await,
        Err(problem) => failed(&app, &parts, &problem),
    }
}

/// `POST /maintenance/{id}/end`.
pub(crate) async fn end(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    parts: Parts,
) -> Response {
    let voice = frame_of(&app, &parts).voice;
    let came = {
        let caller = caller.clone();
        work::list(&app, move |app| {
            let (incidents, _) = may(app, &caller)?;
            let mutes = in_force(app, &caller);
            let ended = match mutes.iter().find(|mute| mute.id == id) {
                None => Err(Undecided::NotHere("such maintenance")),
                // What mutes more than this site is not ended from it.
                Some(mute) if !caller.mutes(mute.wish.client.as_ref(), mute.wish.site.as_ref()) => {
                    return Err(no_right());
                }
                Some(mute) => incidents.end_mute(&mute.id, &caller.who.name).map(|_| Came::Done),
            };
            Ok(ended.unwrap_or_else(|undecided| not(&voice, &undecided)))
        })
        .await
    };
    match came {
        Ok(Came::Done) => Redirect::to("/maintenance?done=end").into_response(),
        Ok(came) => again(&app, caller, &parts, Typed { minutes: USUAL_MIN, ..Typed::default() }, came).await,
        Err(problem) => failed(&app, &parts, &problem),
    }
}

/// The page, with what was typed and what came of it.
async fn again(app: &App, caller: Caller, parts: &Parts, typed: Typed, came: Came) -> Response {
    let (frame, done) = (frame_of(app, parts), asked(parts, "done"));
    let (status, preview, not_done) = match came {
        Came::Shown(preview) => (StatusCode::OK, preview, None),
        Came::Done => (StatusCode::OK, None, None),
        Came::Not(status, why) => (status, None, Some(why)),
    };
    let drawn = work::list(app, move |app| {
        let home = app.incidents.as_ref().and_then(|incidents| incidents.home());
        let planning = Planning {
            truth: &truth(app, &caller),
            who: &caller.who.name,
            may_decide: home.is_some_and(|home| caller.mutes(Some(&home.client), Some(&home.site))),
            typed,
            done: done.as_deref(),
            not_done,
            preview,
            mutes: in_force(app, &caller),
        };
        let frame = Frame { path: "/maintenance".to_owned(), ..frame };
        Ok(frame.page(Tab::Elsewhere, frame.voice.words().plan, |out| planning.draw(out, &frame.voice)))
    });
    match drawn.await {
        Ok(text) => (status, Html(text)).into_response(),
        Err(problem) => failed(app, parts, &problem),
    }
}

/// What is wished, if the span is one of those that are offered.
fn wish(typed: &Typed, home: &Place, voice: &Voice) -> Option<MuteWish> {
    let minutes = Some(typed.minutes).filter(|minutes| SPANS_MIN.contains(minutes))?;
    let labels: BTreeMap<String, String> = Some(typed.machine.clone())
        .filter(|name| !name.is_empty())
        .map(|name| ("machine".to_owned(), name))
        .into_iter()
        .collect();
    Some(MuteWish {
        kind: MuteKind::Maintenance,
        client: Some(home.client.clone()),
        site: Some(home.site.clone()),
        labels,
        from_ms: None,
        until_ms: voice.now.0 + i64::from(minutes) * 60_000,
        every: None,
        why: typed.why.clone(),
    })
}

/// The watch of this site, for who decides there.
fn may<'a>(app: &'a Shared, caller: &Caller) -> Result<(&'a dyn Incidents, Place), Problem> {
    let incidents = app.incidents.as_deref().ok_or_else(|| Problem::not_found("no rules are evaluated here"))?;
    let home = incidents.home().ok_or_else(|| Problem::not_found("this is no site's own page"))?;
    if caller.mutes(Some(&home.client), Some(&home.site)) { Ok((incidents, home)) } else { Err(no_right()) }
}

fn no_right() -> Problem {
    Problem::new(Code::NoRight, "these credentials decide nothing here", "ask for the right")
}

fn not(voice: &Voice, undecided: &Undecided) -> Came {
    let (status, why) = said(voice, undecided);
    Came::Not(status, why)
}
