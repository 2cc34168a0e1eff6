//! One's own page: who one is, which browsers are signed in, the password, the telephone.

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
use super::invite_page;
use super::key_pages::{self, Ask};
use super::password::{changed, chosen, with_password};
use super::seeing;
use super::sheet::{Field, Sheet};
use super::words::Words;
use super::{NotDone, with};
use crate::door::{Address, Caller, field, require_person};
use crate::local::html::Html;
use crate::params::{Pairs, Params};
use crate::problem::{Code, Problem};
use crate::shared::{App, Shared};
use crate::ways::{Need, Ways};
use crate::{Stamp, work};

/// As a form is taken in.
pub(super) type Sent = Result<Form<Pairs>, FormRejection>;

/// The pages for people of a hub.
pub(crate) fn pages(app: &App) -> Ways {
    let own = Ways::new()
        .get("/account", Need::SignedIn, account)
        .post("/account/proof", Need::SignedIn, prove)
        .post("/account/password", Need::SignedIn, set_password)
        .post("/account/sessions/{id}/end", Need::SignedIn, end_session)
        .post("/account/telephone", Need::SignedIn, offer)
        .post("/account/telephone/confirm", Need::SignedIn, confirm)
        .post("/account/telephone/off", Need::SignedIn, switch_off)
        .post("/account/telephone/codes", Need::SignedIn, new_codes)
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
                prove_form(out, app, w, &own.person);
                return key_pages::script(out, app);
            }
            say(out, &sheet, problem, wrong(w));
        }
        out.html("<div class=\"columns\">\n<div>\n");
        sessions(out, &sheet, &own.sessions);
        out.html("</div>\n<div>\n");
        password(out, w, &own.person);
        key_pages::section(out, app, &sheet, &own.person);
        telephone(out, w, &own.person);
        linked(out, app, &sheet, &own.person);
        rights(out, w, &own.person);
        seeing::section(out, app, &sheet, caller);
        out.html("<p><a href=\"/api/v1/me/export\" download=\"vigie.jsonl\">").text(w.export).html("</a></p>\n");
        out.html("</div>\n</div>\n");
        key_pages::script(out, app);
    });
    (status, Page(text)).into_response()
}

fn sessions(out: &mut Html, sheet: &Sheet, sessions: &[SessionShown]) {
    let w = sheet.w;
    out.html("<section class=\"forms\">\n<h2>")
        .text(w.sessions)
        .html("</h2>\n<p>")
        .text(w.sessions_says)
        .html("</p>\n");
    for session in sessions {
        out.html("<form method=\"post\" action=\"/account/sessions/").text(session.id.as_str()).html("/end\"><b>");
        out.name(if session.agent.is_empty() { w.no_agent } else { &session.agent }).html("</b><p>");
        let at = |ms| Stamp(UtcMs(ms));
        out.fill(w.since, |out, place| {
            sheet.frame.voice.at(out, at(if place == "at" { session.opened_ms } else { session.used_ms }))
        });
        if !session.from.is_empty() {
            out.text(" · ").fill(w.from, |out, _| out.text(&session.from));
        }
        if session.own {
            out.text(" · ").html("<b>").text(w.this_one).html("</b>");
        }
        out.html("</p><button>").text(w.end).html("</button></form>\n");
    }
    out.html("</section>\n");
}

fn password(out: &mut Html, w: &'static Words, person: &Person) {
    let has = person.password.is_some();
    out.html("<section class=\"forms\">\n<h2>")
        .text(if has { w.change } else { w.new_password })
        .html("</h2>\n<form method=\"post\" action=\"/account/password\">");
    if has {
        Field::known("password", w.present).draw(out, "");
    }
    Field::new("new", w.new_password).draw(out, "");
    out.html("<p>").text(w.password_hint);
    if has {
        out.text(" ").text(w.change_says);
    }
    out.html("</p><button>").text(if has { w.change_it } else { w.choose });
    out.html("</button></form>\n</section>\n");
}

fn telephone(out: &mut Html, w: &'static Words, person: &Person) {
    out.html("<section class=\"forms\">\n<h2>").text(w.telephone).html("</h2>\n");
    if person.totp.is_some() {
        out.html("<p>").fill(w.telephone_on, |out, _| out.shown(person.recovery.len())).html("</p>\n");
        button(out, "/account/telephone/codes", w.new_codes);
        button(out, "/account/telephone/off", w.switch_off);
    } else {
        out.html("<p>").text(w.telephone_off).html("</p>\n");
        button(out, "/account/telephone", w.set_up);
    }
    out.html("</section>\n");
}

fn button(out: &mut Html, to: &'static str, word: &'static str) {
    out.html("<form method=\"post\" action=\"").html(to).html("\"><button>").text(word).html("</button></form>\n");
}

fn rights(out: &mut Html, w: &'static Words, person: &Person) {
    out.html("<section>\n<h2>").text(w.roles).html("</h2>\n<ul class=\"notes\">");
    for grant in &person.grants {
        out.html("<li>").text(grant.role.as_str()).text(" · ").shown(&grant.scope).html("</li>");
    }
    out.html("</ul>\n</section>\n");
}

/// Asks whoever reads a page to prove again who they are.
pub(super) fn prove_form_of(out: &mut Html, app: &Shared, w: &'static Words, caller: &Caller) {
    if let Some(own) = own(app, caller, app.lookout.now().utc) {
        prove_form(out, app, w, &own.person);
    }
}

fn prove_form(out: &mut Html, app: &Shared, w: &'static Words, person: &Person) {
    out.html("<section class=\"door\">\n<h2>").text(w.prove).html("</h2>\n<p>").text(w.prove_says).html("</p>\n");
    if !person.linked.is_empty() {
        with::links(out, app, w.prove_with, "?again=1");
    }
    if person.open_passkeys().next().is_some() {
        key_pages::button(out, app, w, Ask::Prove);
    }
    if person.password.is_some() {
        out.html("<form method=\"post\" action=\"/account/proof\">");
        Field::known("password", w.password).draw(out, "");
        if person.needs_second() {
            Field::code(w.code, true).draw(out, "");
        }
        out.html("<button class=\"primary\">").text(w.go_on).html("</button></form>\n");
    }
    out.html("</section>\n");
}

/// Accounts of other houses by which somebody comes in.
fn linked(out: &mut Html, app: &Shared, sheet: &Sheet, person: &Person) {
    if person.linked.is_empty() {
        return;
    }
    let w = sheet.w;
    out.html("<section class=\"forms\">\n<h2>").text(w.linked).html("</h2>\n<p>").text(w.linked_says).html("</p>\n");
    for one in &person.linked {
        out.html("<form method=\"post\" action=\"/account/sign-ins/").text(one.by.as_str()).html("/off\"><p>");
        out.fill(w.linked_since, |out, place| match place {
            "house" => out.text(with::label(app, &one.by)),
            _ => sheet.frame.voice.at(out, Stamp(UtcMs(one.since_ms))),
        });
        out.html("</p><button>").text(w.unlink).html("</button></form>\n");
    }
    out.html("</section>\n");
}

/// `POST /account/sign-ins/{name}/off`.
async fn unlink(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    parts: Parts,
) -> Response {
    let Ok(by) = name.parse() else { return Redirect::to("/account").into_response() };
    match carried_out(&app, &caller, &parts, Order::Unlink { by }).await {
        // What the reader wanted is so.
        Err(Problem { code: Code::NotFound, .. }) => Redirect::to("/account").into_response(),
        // It says why in English alone; here it is known why.
        Err(problem) if problem.code == Code::BadParameter => {
            let says = Problem::bad_parameter(Sheet::of(&app, &parts).w.last_way);
            drawn(&app, &caller, &parts, false, Some((&says, |w| w.failed)))
        }
        done => ended(&app, &caller, &parts, done, |w| w.failed),
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

/// `POST /account/telephone`: shows the secret, which is kept until the telephone answers.
async fn offer(State(app): State<App>, Extension(caller): Extension<Caller>, parts: Parts) -> Response {
    match carried_out(&app, &caller, &parts, Order::OfferTotp).await {
        Ok(Answer::Totp(offered)) => offered_page(&app, &parts, &offered.secret, Some(&offered.uri), None),
        Ok(_) => Redirect::to("/account").into_response(),
        Err(problem) => drawn(&app, &caller, &parts, false, Some((&problem, |w| w.failed))),
    }
}

fn offered_page(app: &App, parts: &Parts, secret: &str, uri: Option<&str>, refused: Option<&Problem>) -> Response {
    let sheet = Sheet::of(app, parts);
    let text = sheet.page(sheet.w.telephone, |out, w| {
        out.html("<section class=\"door\">\n<h1>").text(w.telephone).html("</h1>\n<p>").text(w.app_says).html("</p>\n");
        if let Some(refused) = refused {
            say(out, &sheet, refused, w.wrong_digits);
        }
        let groups: Vec<&str> = (0..secret.len()).step_by(4).filter_map(|at| secret.get(at..secret.len().min(at + 4))).collect();
        out.html("<p><code>").text(&groups.join(" ")).html("</code></p>\n");
        if let Some(uri) = uri {
            out.html("<p><a href=\"").text(uri).html("\">").text(w.app_link).html("</a></p>\n");
        }
        out.html("<form method=\"post\" action=\"/account/telephone/confirm\"><input type=\"hidden\" name=\"secret\" value=\"");
        out.text(secret).html("\">");
        Field::code(w.digits, true).draw(out, "");
        out.html("<button class=\"primary\">").text(w.confirm).html("</button></form>\n</section>\n");
    });
    (refused.map_or(StatusCode::OK, |problem| problem.code.status()), Page(text)).into_response()
}

/// `POST /account/telephone/confirm`.
async fn confirm(State(app): State<App>, Extension(caller): Extension<Caller>, parts: Parts, sent: Sent) -> Response {
    let pairs = sent.map(|Form(pairs)| pairs).unwrap_or_default();
    let code = field(&pairs, "code").to_owned();
    match carried_out(&app, &caller, &parts, Order::ConfirmTotp { code }).await {
        Ok(answer) => codes_page(&app, &parts, &answer),
        // The secret is shown again as it was sent with the form: only what its own reader typed comes back to them.
        Err(problem) if problem.code == Code::Unauthorized => {
            offered_page(&app, &parts, field(&pairs, "secret"), None, Some(&problem))
        }
        Err(problem) => drawn(&app, &caller, &parts, false, Some((&problem, |w| w.failed))),
    }
}

/// `POST /account/telephone/codes`.
async fn new_codes(State(app): State<App>, Extension(caller): Extension<Caller>, parts: Parts) -> Response {
    match carried_out(&app, &caller, &parts, Order::NewRecovery).await {
        Ok(answer) => codes_page(&app, &parts, &answer),
        Err(problem) => drawn(&app, &caller, &parts, false, Some((&problem, |w| w.failed))),
    }
}

pub(super) fn codes_page(app: &App, parts: &Parts, answer: &Answer) -> Response {
    let Answer::Recovery(recovery) = answer else { return Redirect::to("/account").into_response() };
    let sheet = Sheet::of(app, parts);
    let text = sheet.page(sheet.w.telephone, |out, w| {
        out.html("<section class=\"door\">\n<h1>")
            .text(w.telephone)
            .html("</h1>\n<p>")
            .text(w.codes_say)
            .html("</p>\n<ul>");
        for code in &recovery.codes {
            out.html("<li><code>").text(code).html("</code></li>");
        }
        out.html("</ul>\n<p><a href=\"/account\">").text(w.account).html("</a></p>\n</section>\n");
    });
    Page(text).into_response()
}

/// `POST /account/telephone/off`.
async fn switch_off(State(app): State<App>, Extension(caller): Extension<Caller>, parts: Parts) -> Response {
    let done = carried_out(&app, &caller, &parts, Order::EndTotp).await;
    ended(&app, &caller, &parts, done, |w| w.failed)
}
