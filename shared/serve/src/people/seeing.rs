//! How does somebody of the provider see what a client's person sees, and who can know of it?
//!
//! In a browser of its own right, which ends by itself; a banner stands on each page as long as it lasts, and the person, their
//! client's admins and the audit know who looked.

use axum::Form;
use axum::extract::{Extension, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use vigie_model::UtcMs;
use vigie_people::{Answer, Email, Id, LONGEST_SEEN_MINUTES, Looked, Order, SignedIn, Who};

use super::account::{Sent, carried_out};
use super::api::{read, said, told};
use super::door::{agent, problem};
use super::invite_page;
use super::sheet::Sheet;
use super::words::Words;
use crate::Stamp;
use crate::door::{Address, Caller, field, led_in, set_cookie};
use crate::local::html::Html;
use crate::problem::Problem;
use crate::said::Fields;
use crate::shared::{App, Shared};
use crate::work;

/// Minutes unless somebody says otherwise.
const USUAL_MINUTES: u32 = 15;

/// Whom somebody wants to see as.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeeAs {
    /// Their id.
    person: Id,
    /// For how long; 15 unless said otherwise.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 30)]
    minutes: Option<u32>,
    /// Whether to act in their name, too, which needs the right `act`.
    #[serde(default)]
    acts: bool,
}

/// Who sees as whom, as `GET /me` tells it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Seeing {
    /// Who looks.
    by: Email,
    /// Until when, in ms since 1970.
    until_ms: i64,
    /// Whether they act in the other's name, too.
    acts: bool,
}

/// Who looked as whom.
#[derive(Serialize, ToSchema)]
pub(crate) struct LookedList {
    looked: Vec<LookedAs>,
}

/// That somebody saw what a person sees.
#[derive(Serialize, ToSchema)]
pub(crate) struct LookedAs {
    /// Whom they saw as.
    person: Email,
    #[serde(flatten)]
    looked: Looked,
}

/// Who looks in this browser, if somebody else than its person does.
pub(crate) fn seeing(app: &Shared, caller: &Caller) -> Option<Seeing> {
    let directory = app.people.as_deref()?.directory();
    let (by, seen) = directory.seen(&caller.who.who)?;
    Some(Seeing { by: by.email.clone(), until_ms: seen.until_ms, acts: seen.acts })
}

async fn carried(app: &App, caller: &Caller, parts: &Parts, by: &'static str, order: Order) -> Result<Answer, Problem> {
    let asker = caller.asker(by, Address::of(parts, &app.options).to_string());
    work::list(app, move |app| {
        let people = app.people.as_deref().ok_or_else(Problem::internal)?;
        people.carry_out(order, &asker).map_err(problem)
    })
    .await
}

fn let_in(app: &Shared, signed_in: SignedIn) -> Response {
    let cookie = set_cookie(&signed_in.secret, &app.options);
    ([(header::SET_COOKIE, cookie)], said(&Answer::SignedIn(signed_in), StatusCode::CREATED)).into_response()
}

// ---- for programs

/// `POST /api/v1/me/seeing`.
pub(super) async fn begin(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    parts: Parts,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    let SeeAs { person, minutes, acts } = read(fields)?;
    let (minutes, agent) = (minutes.unwrap_or(USUAL_MINUTES), agent(&parts.headers));
    let order = Order::SeeAs { person, minutes, acts, agent };
    match carried(&app, &caller, &parts, "api", order).await? {
        Answer::SignedIn(signed_in) => Ok(let_in(&app, signed_in)),
        _ => Err(Problem::internal()),
    }
}

/// `DELETE /api/v1/me/seeing`: back to one's own browser.
pub(super) async fn end(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    parts: Parts,
) -> Result<Response, Problem> {
    let done = carried(&app, &caller, &parts, "api", Order::SeeNoMore).await?;
    Ok(match done {
        Answer::SignedIn(back) => {
            let cookie = set_cookie(&back.secret, &app.options);
            ([(header::SET_COOKIE, cookie)], StatusCode::NO_CONTENT).into_response()
        }
        _ => StatusCode::NO_CONTENT.into_response(),
    })
}

/// `GET /api/v1/looked`.
pub(super) async fn looked(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    told(&app, &headers, move |directory, _| {
        let known = directory.looked_shown(&caller.who.who, caller.powers());
        let looked = known.into_iter().map(|(person, looked)| LookedAs { person, looked }).collect();
        Ok(json!(LookedList { looked }))
    })
    .await
}

// ---- for people

/// `POST /account/people/{id}/see`.
pub(super) async fn see(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(person): Path<String>,
    parts: Parts,
    sent: Sent,
) -> Response {
    let pairs = sent.map(|Form(pairs)| pairs).unwrap_or_default();
    let Ok(person) = person.parse() else { return invite_page::back() };
    let order = Order::SeeAs {
        person,
        minutes: USUAL_MINUTES,
        acts: field(&pairs, "acts") == "true",
        agent: agent(&parts.headers),
    };
    match carried(&app, &caller, &parts, "page", order).await {
        Ok(Answer::SignedIn(signed_in)) => led_in(set_cookie(&signed_in.secret, &app.options), "/"),
        Ok(_) => invite_page::back(),
        Err(problem) => invite_page::refused(&app, &caller, &parts, &problem),
    }
}

/// `POST /account/seeing/end`.
pub(super) async fn leave(State(app): State<App>, Extension(caller): Extension<Caller>, parts: Parts) -> Response {
    match carried_out(&app, &caller, &parts, Order::SeeNoMore).await {
        Ok(Answer::SignedIn(back)) => led_in(set_cookie(&back.secret, &app.options), "/account/people"),
        // Their own browser is out meanwhile, or they see as nobody any more.
        _ => Redirect::to("/sign-in").into_response(),
    }
}

/// A page that is the same for everybody, with what is above it while somebody else looks; nothing otherwise. It is another one
/// for each moment, and kept nowhere.
pub(crate) fn above(page: &str, app: &Shared, parts: &Parts) -> Option<String> {
    let sheet = Sheet::of(app, parts);
    sheet.seeing.as_ref()?;
    let mut out = Html::default();
    banner_of(&mut out, &sheet);
    let banner = out.into_text();
    // A page that does not say where its body begins bears it at its end.
    Some(match page.split_once("<body>") {
        Some((head, body)) => format!("{head}<body>\n{banner}{body}"),
        None => format!("{page}{banner}"),
    })
}

/// What stands on each page as long as somebody else looks.
pub(super) fn banner_of(out: &mut Html, sheet: &Sheet) {
    let Some(seeing) = &sheet.seeing else { return };
    let w = sheet.w;
    out.html("<link rel=\"stylesheet\" href=\"/seeing.css\">\n<form class=\"seeing\" role=\"alert\" method=\"post\" action=\"/account/seeing/end\"><b>");
    out.fill(if seeing.acts { w.acting } else { w.seeing }, |out, place| match place {
        "who" => out.name(sheet.frame.who.as_deref().unwrap_or_default()),
        _ => sheet.frame.voice.at(out, Stamp(UtcMs(seeing.until_ms))),
    });
    out.html("</b> <button>").text(w.see_no_more).html("</button></form>\n");
}

/// Who looked as the reader, or as whom they look after.
pub(super) fn section(out: &mut Html, app: &Shared, sheet: &Sheet, caller: &Caller) {
    let Some(people) = app.people.as_deref() else { return };
    let known = people.directory().looked_shown(&caller.who.who, caller.powers());
    if known.is_empty() {
        return;
    }
    let w = sheet.w;
    out.html("<section>\n<h2>")
        .text(w.looked)
        .html("</h2>\n<p>")
        .text(w.looked_says)
        .html("</p>\n<ul class=\"notes\">");
    for (person, looked) in known.iter().rev() {
        out.html("<li>");
        out.fill(if looked.acts { w.acted_as } else { w.looked_as }, |out, place| match place {
            "by" => out.name(looked.by.as_str()),
            "person" => out.name(person.as_str()),
            "from" => sheet.frame.voice.at(out, Stamp(UtcMs(looked.from_ms))),
            _ => sheet.frame.voice.at(out, Stamp(UtcMs(looked.ended_ms.unwrap_or(looked.until_ms)))),
        });
        out.html("</li>");
    }
    out.html("</ul>\n</section>\n");
}

/// Whether a reader may see as others at all.
pub(super) fn may(caller: &Caller) -> bool {
    let everywhere = caller.powers().in_all_of(vigie_people::Right::People, &vigie_people::Scope::everywhere());
    everywhere && matches!(caller.who.who, Who::Person(..))
}

/// A button to see as somebody.
pub(super) fn button(out: &mut Html, w: &'static Words, person: &Id) {
    out.html("<form method=\"post\" action=\"/account/people/").text(person.as_str()).html("/see\"><button>");
    out.fill(w.see_as, |out, _| out.shown(USUAL_MINUTES.min(LONGEST_SEEN_MINUTES))).html("</button></form>");
}
