//! One's own page: who one is, which browsers are signed in, the password, the telephone.

mod sections;
mod telephone;

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::middleware::from_fn_with_state;
use axum::response::{Html as Page, IntoResponse, Redirect, Response};
use vigie_model::UtcMs;
use vigie_people::{Answer, Order, Person, SessionShown, Who};

use super::door::problem;
use super::entrance::{begin, begin_page, invitation, invitation_page, say, unfit};
use super::password::{changed, chosen, with_password};
use super::sheet::Sheet;
use super::words::Words;
use super::{NotDone, invite_page, key_pages, seeing};
use crate::door::{Address, Caller, field, require_person};
use crate::local::html::Html;
use crate::params::{Pairs, Params};
use crate::problem::{Code, Problem};
use crate::shared::{App, Shared};
use crate::ways::{Need, Ways};
use crate::work;
pub(super) use telephone::codes_page;

/// As a form is taken in.
pub(super) type Sent = Result<Form<Pairs>, FormRejection>;

/// The pages for people of a hub.
pub(crate) fn pages(app: &App) -> Ways {
    let own = Ways::new()
        .get("/account", Need::SignedIn, account)
        .post("/account/proof", Need::SignedIn, prove)
        .post("/account/password", Need::SignedIn, set_password)
        .post("/account/sessions/{id}/end", Need::SignedIn, end_session)
        .post("/account/telephone", Need::SignedIn, telephone::offer)
        .post("/account/telephone/confirm", Need::SignedIn, telephone::confirm)
        .post("/account/telephone/off", Need::SignedIn, telephone::switch_off)
        .post("/account/telephone/codes", Need::SignedIn, telephone::new_codes)
        .post("/account/sign-ins/{name}/off", Need::SignedIn, unlink)
        .post("/account/passkeys/{id}/off", Need::SignedIn, key_pages::remove)
        .post("/account/seeing/end", Need::SignedIn, seeing::leave)
        .post("/account/second", Need::SignedIn, key_pages::need_second)
        .merge(invite_page::ways())
        .with(|pages| pages.layer(from_fn_with_state(App::clone(app), require_person)));
    own.get("/begin", Need::Open, begin_page)
        .post("/begin", Need::Open, begin)
        .get("/invitation", Need::Open, invitation_page)
        .post("/invitation", Need::Open, invitation)
}

/// What the page shows of its reader.
struct Own {
    person: Person,
    must_change: bool,
    sessions: Vec<SessionShown>,
}

fn own(app: &Shared, caller: &Caller, now: UtcMs) -> Option<Own> {
    let directory = app.people.as_deref()?.directory();
    let Who::Person(id, _) = &caller.who.who else { return None };
    let person = directory.person(id)?.clone();
    let sessions = directory.sessions_shown(&caller.who.who, caller.powers(), false, now);
    Some(Own { must_change: directory.must_change(id, now), sessions, person })
}

/// `GET /account`.
async fn account(State(app): State<App>, Extension(caller): Extension<Caller>, parts: Parts) -> Response {
    let params = Params::of_uri(&parts.uri);
    let is_done = params.get("done").is_some();
    // Where a script was told that a proof is needed.
    if params.get("prove").is_some() {
        let needed = problem(NotDone::Refused(vigie_people::Refused::NeedsProof));
        return drawn(&app, &caller, &parts, false, Some((&needed, |w| w.failed)));
    }
    drawn(&app, &caller, &parts, is_done, None)
}

/// What a problem was about, for its sentence.
pub(super) type Refused<'a> = (&'a Problem, fn(&'static Words) -> &'static str);

pub(super) fn drawn(
    app: &App,
    caller: &Caller,
    parts: &Parts,
    is_done: bool,
    refused: Option<Refused<'_>>,
) -> Response {
    let sheet = Sheet::of(app, parts);
    // Who came in by a token has no account.
    let Some(own) = own(app, caller, app.lookout.now().utc) else { return Redirect::to("/").into_response() };
    let status = refused.map_or(StatusCode::OK, |(problem, _)| problem.code.status());
    let text = sheet.page(sheet.w.account, |out, w| {
        out.html("<section>\n<h1>")
            .name(own.person.name.as_str())
            .html("</h1>\n<p>")
            .text(own.person.email.as_str())
            .html("</p>\n</section>\n");
        if own.must_change {
            out.html("<p class=\"not-done\" role=\"alert\">").text(w.must_change).html("</p>\n");
        }
        if is_done {
            out.html("<p class=\"done\" role=\"status\">").text(w.is_done).html("</p>\n");
        }
        if let Some((problem, wrong)) = refused {
            if problem.code == Code::ProofNeeded {
                sections::prove_form(out, app, w, &own.person);
                return key_pages::script(out, app);
            }
            say(out, &sheet, problem, wrong(w));
        }
        out.html("<div class=\"columns\">\n<div>\n");
        sections::sessions(out, &sheet, &own.sessions);
        out.html("</div>\n<div>\n");
        sections::password(out, w, &own.person);
        key_pages::section(out, app, &sheet, &own.person);
        sections::telephone(out, w, &own.person);
        sections::linked(out, app, &sheet, &own.person);
        sections::rights(out, w, &own.person);
        seeing::section(out, app, &sheet, caller);
        out.html("<p><a href=\"/api/v1/me/export\" download=\"vigie.jsonl\">").text(w.export).html("</a></p>\n");
        out.html("</div>\n</div>\n");
        key_pages::script(out, app);
    });
    (status, Page(text)).into_response()
}

/// Asks whoever reads a page to prove again who they are.
pub(super) fn prove_form_of(out: &mut Html, app: &Shared, w: &'static Words, caller: &Caller) {
    if let Some(own) = own(app, caller, app.lookout.now().utc) {
        sections::prove_form(out, app, w, &own.person);
    }
}

/// `POST /account/sign-ins/{name}/off`.
async fn unlink(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    parts: Parts,
) -> Response {
    let Ok(by) = name.parse() else { return Redirect::to("/account").into_response() };
    way_off(&app, &caller, &parts, Order::Unlink { by }).await
}

/// Takes one of the reader's ways in away, as long as another is left.
pub(super) async fn way_off(app: &App, caller: &Caller, parts: &Parts, order: Order) -> Response {
    match carried_out(app, caller, parts, order).await {
        // What the reader wanted is so.
        Err(Problem { code: Code::NotFound, .. }) => Redirect::to("/account").into_response(),
        // It says why in English alone; here it is known why.
        Err(problem) if problem.code == Code::BadParameter => {
            let says = Problem::bad_parameter(Sheet::of(app, parts).w.last_way);
            drawn(app, caller, parts, false, Some((&says, |w| w.failed)))
        }
        done => ended(app, caller, parts, done, |w| w.failed),
    }
}

/// `POST /account/proof`.
async fn prove(State(app): State<App>, Extension(caller): Extension<Caller>, parts: Parts, sent: Sent) -> Response {
    let pairs = sent.map(|Form(pairs)| pairs).unwrap_or_default();
    let (password, code) = (field(&pairs, "password").to_owned(), field(&pairs, "code").to_owned());
    let order = move |proved, _| Order::Prove { proved, code };
    let done = with_password(&app, caller.clone(), &parts, "page", password, None, order).await;
    ended(&app, &caller, &parts, done, |w| w.wrong)
}

/// `POST /account/password`.
async fn set_password(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    parts: Parts,
    sent: Sent,
) -> Response {
    let pairs = sent.map(|Form(pairs)| pairs).unwrap_or_default();
    let (password, new) = (field(&pairs, "password").to_owned(), field(&pairs, "new").to_owned());
    if let Some(unfit) = unfit(Sheet::of(&app, &parts).w, &new, &[&caller.who.name]) {
        return ended(&app, &caller, &parts, Err(Problem::bad_parameter(unfit)), |w| w.wrong);
    }
    let done = match own(&app, &caller, app.lookout.now().utc).is_some_and(|own| own.person.password.is_some()) {
        true => with_password(&app, caller.clone(), &parts, "page", password, Some(new), changed).await,
        false => chosen(&app, &caller, &parts, "page", new).await,
    };
    ended(&app, &caller, &parts, done, |w| w.wrong)
}

/// Carries an order out in the reader's name.
pub(super) async fn carried_out(app: &App, caller: &Caller, parts: &Parts, order: Order) -> Result<Answer, Problem> {
    let asker = caller.asker("page", Address::of(parts, &app.options).to_string());
    work::list(app, move |app| {
        let people = app.people.as_deref().ok_or_else(Problem::internal)?;
        people.carry_out(order, &asker).map_err(problem)
    })
    .await
}

pub(super) fn ended(
    app: &App,
    caller: &Caller,
    parts: &Parts,
    done: Result<Answer, Problem>,
    wrong: fn(&'static Words) -> &'static str,
) -> Response {
    match done {
        Ok(_) => Redirect::to("/account?done=1").into_response(),
        Err(problem) => drawn(app, caller, parts, false, Some((&problem, wrong))),
    }
}

/// `POST /account/sessions/{id}/end`.
async fn end_session(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(session): Path<String>,
    parts: Parts,
) -> Response {
    let Ok(session) = session.parse() else { return Redirect::to("/account").into_response() };
    let done = carried_out(&app, &caller, &parts, Order::EndSession { session }).await;
    match done {
        // It may have ended by itself: what the reader wanted is so.
        Err(Problem { code: Code::NotFound, .. }) => Redirect::to("/account").into_response(),
        done => ended(&app, &caller, &parts, done, |w| w.failed),
    }
}
