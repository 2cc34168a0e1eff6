//! The pages in front of the door: signing in, the first start, an invitation.

use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html as Page, IntoResponse, Redirect, Response};
use serde_json::Value;
use vigie_people::{Answer, Asker, Email, LEAST_CHARS, MOST_BYTES, Name, Note, Order, Powers, Who};

use super::door::{Typed, guesses, may_try, problem, sign_in};
use super::key_pages::{self, Ask};
use super::password::{fresh, take_up};
use super::sheet::{Field, Sheet};
use super::with;
use super::words::Words;
use crate::door::{Address, field, from_own_page, led_in, let_in, set_cookie};
use crate::local::html::Html;
use crate::params::{Pairs, Params};
use crate::problem::{Code, Problem};
use crate::shared::{App, Shared};
use crate::{Clients, Identity, work};

/// As a form is taken in.
type Sent = Result<Form<Pairs>, FormRejection>;

fn pairs(sent: Sent) -> Pairs {
    sent.map(|Form(pairs)| pairs).unwrap_or_default()
}

// ---- signing in

/// `GET /sign-in` of a hub that knows people.
pub(crate) fn sign_in_page(app: &Shared, parts: &Parts) -> Response {
    let chosen = Params::of_uri(&parts.uri).get("chosen").is_some();
    let note = |w: &'static Words| if chosen { Some(w.chosen) } else { None };
    drawn_sign_in(app, &Sheet::of(app, parts), "", None, note)
}

/// `POST /sign-in` of a hub that knows people: an address and a password, or a token.
pub(crate) async fn signs_in(app: &App, parts: &Parts, pairs: &Pairs) -> Response {
    let sheet = Sheet::of(app, parts);
    let token = field(pairs, "token").trim();
    if !token.is_empty() {
        return match app.check_token(token, Address::of(parts, &app.options)) {
            Ok(who) => token_let_in(app, parts, who)
                .await
                .unwrap_or_else(|| drawn_sign_in(app, &sheet, "", Some(&Problem::internal()), |_| None)),
            Err(problem) => drawn_sign_in(app, &sheet, "token", Some(&problem), |_| None),
        };
    }
    let text = |name: &str| field(pairs, name).to_owned();
    let typed = Typed { email: text("email"), password: text("password"), code: text("code") };
    match sign_in(app, parts, "page", typed).await {
        Ok(signed_in) => led_in(set_cookie(&signed_in.secret, &app.options), "/"),
        Err(problem) => drawn_sign_in(app, &sheet, field(pairs, "email"), Some(&problem), |_| None),
    }
}

/// Lets in who has a token of the console's, and writes down that they came.
async fn token_let_in(app: &App, parts: &Parts, who: Identity) -> Option<Response> {
    let from = Address::of(parts, &app.options).to_string();
    let asker = Asker { who: Who::Program(who.name.clone(), who.all_powers()), by: "page", from };
    let client = match &who.clients {
        Clients::Only(clients) if clients.len() == 1 => clients.first().cloned(),
        Clients::Only(_) | Clients::All => None,
    };
    let note = Note { client, what: "session.open", on: who.name.clone(), before: Value::Null, after: Value::Null };
    let noted = work::list(app, move |app| {
        let people = app.people.as_deref().ok_or_else(Problem::internal)?;
        people.noted(&asker, note).map_err(problem)
    });
    if let Err(problem) = noted.await {
        tracing::error!(why = problem.detail, "who signs in can not be written down: nobody is let in");
        return None;
    }
    let_in(app, &who)
}

/// The page for who comes back from another house and is not let in.
pub(super) fn not_let_in(
    app: &Shared,
    parts: &Parts,
    refused: &Problem,
    wrong: fn(&'static Words) -> &'static str,
) -> Response {
    let sheet = Sheet::of(app, parts);
    let text = sheet.page(sheet.w.sign_in, |out, w| {
        out.html("<section class=\"door\">\n<h1>").text(w.sign_in).html("</h1>\n");
        say(out, &sheet, refused, wrong(w));
        out.html("<p><a href=\"/sign-in\">").text(w.sign_in).html("</a></p>\n</section>\n");
    });
    (refused.code.status(), Page(text)).into_response()
}

/// The page; what was typed is not put into it again, but for the address.
fn drawn_sign_in(
    app: &Shared,
    sheet: &Sheet,
    email: &str,
    refused: Option<&Problem>,
    note: impl Fn(&'static Words) -> Option<&'static str>,
) -> Response {
    let by_token = email == "token";
    let text = sheet.page(sheet.w.sign_in, |out, w| {
        out.html("<section class=\"door\">\n<h1>").text(w.sign_in).html("</h1>\n");
        if let Some(note) = note(w) {
            out.html("<p class=\"done\" role=\"status\">").text(note).html("</p>\n");
        }
        if let Some(refused) = refused {
            let wrong = if by_token { w.wrong_token } else { w.wrong };
            say(out, sheet, refused, wrong);
        }
        with::links(out, app, w.with, "");
        key_pages::button(out, app, w, Ask::SignIn);
        out.html("<form method=\"post\" action=\"/sign-in\">\n");
        Field { kind: "email", ..Field::text("email", w.email, "username") }
            .draw(out, if by_token { "" } else { email });
        Field::known("password", w.password).draw(out, "");
        Field::code(w.code, false).draw(out, "");
        out.html("<p><small>").text(w.code_hint).html("</small></p><button class=\"primary\">").text(w.enter);
        out.html("</button>\n</form>\n");
        let open = if by_token { "<details open><summary>" } else { "<details><summary>" };
        out.html(open).text(w.token_way).html("</summary>\n<form method=\"post\" action=\"/sign-in\">");
        Field { fill: "off", ..Field::known("token", w.token) }.draw(out, "");
        out.html("<button>").text(w.enter).html("</button></form>\n</details>\n</section>\n");
        key_pages::script(out, app);
    });
    let mut response = (refused.map_or(StatusCode::OK, |problem| problem.code.status()), Page(text)).into_response();
    if let Some(seconds) = refused.and_then(|problem| problem.retry_after_seconds) {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// Why somebody is still here, as a sentence. `wrong` stands for credentials that open nothing.
pub(super) fn say(out: &mut Html, sheet: &Sheet, refused: &Problem, wrong: &'static str) {
    let w = sheet.w;
    out.html("<p class=\"not-done\" role=\"alert\">");
    match refused.code {
        Code::TotpNeeded => out.text(w.code_needed),
        Code::TooManyAttempts => {
            let seconds = refused.retry_after_seconds.unwrap_or_default();
            let span = sheet.frame.voice.span(i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1_000));
            out.fill(w.wait, |out, _| out.text(&span))
        }
        Code::Busy | Code::TimedOut => out.text(w.busy),
        Code::Internal => out.text(w.failed),
        Code::Unauthorized | Code::NotFound => out.text(wrong),
        // The only parameters of these pages that can be wrong in themselves are new passwords and addresses.
        _ => out.text(&refused.detail),
    };
    out.html("</p>\n");
}

/// What is wrong with a password to be, in the reader's language; nothing when it is long enough to be looked at closer.
pub(super) fn unfit(w: &'static Words, password: &str, about: &[&str]) -> Option<&'static str> {
    match vigie_people::check(password, about) {
        Ok(()) => None,
        Err(_) if password.chars().count() < LEAST_CHARS => Some(w.short),
        Err(_) if password.len() > MOST_BYTES => Some(w.long),
        Err(_) => Some(w.foreseen),
    }
}

// ---- the first start

/// `GET /begin?code=`: three fields, once.
pub(crate) async fn begin_page(State(app): State<App>, parts: Parts) -> Response {
    if is_begun(&app) {
        return Redirect::to("/sign-in").into_response();
    }
    let code = Params::of_uri(&parts.uri).get("code").unwrap_or_default().to_owned();
    drawn_begin(&Sheet::of(&app, &parts), &Begin { code, ..Begin::default() }, StatusCode::OK, None)
}

/// What was typed at the first start.
#[derive(Debug, Clone, Default)]
struct Begin {
    organisation: String,
    email: String,
    password: String,
    code: String,
}

/// `POST /begin`: whoever has the setup code, or the hub's own token, is its first admin.
pub(crate) async fn begin(State(app): State<App>, parts: Parts, sent: Sent) -> Response {
    if let Err(problem) = from_own_page(&parts.headers) {
        return problem.into_response();
    }
    if is_begun(&app) {
        return Redirect::to("/sign-in").into_response();
    }
    let pairs = pairs(sent);
    let text = |name: &str| field(&pairs, name).trim().to_owned();
    let password = field(&pairs, "password").to_owned();
    let typed = Begin { organisation: text("organisation"), email: text("email"), password, code: text("code") };
    let sheet = Sheet::of(&app, &parts);
    if let Some(unfit) = unfit(sheet.w, &typed.password, &[&typed.organisation, &typed.email]) {
        return drawn_begin(&sheet, &typed, StatusCode::BAD_REQUEST, Some(&Problem::bad_parameter(unfit)));
    }
    let from = Address::of(&parts, &app.options);
    match taken(&app, from, typed.clone()).await {
        Ok(secret) => led_in(set_cookie(&secret, &app.options), "/account"),
        Err(problem) => drawn_begin(&sheet, &typed, problem.code.status(), Some(&problem)),
    }
}

async fn taken(app: &App, from: Address, typed: Begin) -> Result<String, Problem> {
    let turn = work::turn(&app.passwords).await?;
    work::list(app, move |app| {
        let _turn = turn;
        let people = app.people.as_deref().ok_or_else(Problem::internal)?;
        may_try(app, "the first start", &from.to_string())?;
        let own = || app.access.check_bearer(&typed.code).is_some_and(|who| who.all_powers().include(&Powers::all()));
        if !people.may_begin(&typed.code) && !own() {
            guesses(app).failed("the first start", &from.to_string(), app.lookout.now().mono_ms);
            return Err(Problem::unauthorized());
        }
        let email: Email = typed.email.parse().map_err(|error| Problem::bad_parameter(format!("{error}")))?;
        let called = email.as_str().split('@').next().unwrap_or_default();
        let name: Name = called.parse().map_err(|error| Problem::bad_parameter(format!("{error}")))?;
        let password = fresh(app, &typed.password, &[typed.organisation.as_str(), email.as_str()])?;
        let order = Order::Begin { organisation: typed.organisation, name, email, password };
        let asker = Asker { who: Who::Nobody, by: "page", from: from.to_string() };
        match people.carry_out(order, &asker).map_err(problem)? {
            Answer::SignedIn(signed_in) => Ok(signed_in.secret),
            _ => Err(Problem::internal()),
        }
    })
    .await
}

fn is_begun(app: &Shared) -> bool {
    app.people.as_deref().is_none_or(|people| people.directory().is_begun())
}

fn drawn_begin(sheet: &Sheet, typed: &Begin, status: StatusCode, refused: Option<&Problem>) -> Response {
    let text = sheet.page(sheet.w.begin, |out, w| {
        out.html("<section class=\"door\">\n<h1>").text(w.begin).html("</h1>\n<p>").text(w.begin_says).html("</p>\n");
        if let Some(refused) = refused {
            say(out, sheet, refused, w.wrong_setup);
        }
        out.html("<form method=\"post\" action=\"/begin\">\n");
        Field::text("organisation", w.organisation, "organization").draw(out, &typed.organisation);
        Field { kind: "email", ..Field::text("email", w.email, "username") }.draw(out, &typed.email);
        Field::new("password", w.new_password).draw(out, "");
        out.html("<p><small>").text(w.password_hint).html("</small></p>");
        // Who comes by the address in the hub's folder has typed it already, unless it was wrong.
        let known = !typed.code.is_empty() && refused.is_none_or(|problem| problem.code != Code::Unauthorized);
        if known {
            out.html("<input type=\"hidden\" name=\"code\" value=\"").text(&typed.code).html("\">");
        } else {
            Field { fill: "off", ..Field::known("code", w.setup_code) }.draw(out, "");
            out.html("<p><small>").text(w.setup_hint).html("</small></p>");
        }
        out.html("<button class=\"primary\">").text(w.take).html("</button>\n</form>\n<p><a href=\"/sign-in\">");
        out.text(w.token_way).html("</a></p>\n</section>\n");
    });
    (status, Page(text)).into_response()
}

// ---- an invitation

/// `GET /invitation?code=`.
pub(crate) async fn invitation_page(State(app): State<App>, parts: Parts) -> Response {
    let code = Params::of_uri(&parts.uri).get("code").unwrap_or_default().to_owned();
    drawn_invitation(&app, &Sheet::of(&app, &parts), &code, StatusCode::OK, None)
}

/// `POST /invitation`: whoever has the code chooses the password.
pub(crate) async fn invitation(State(app): State<App>, parts: Parts, sent: Sent) -> Response {
    if let Err(problem) = from_own_page(&parts.headers) {
        return problem.into_response();
    }
    let (pairs, sheet) = (pairs(sent), Sheet::of(&app, &parts));
    let (code, password) = (field(&pairs, "code").trim().to_owned(), field(&pairs, "password").to_owned());
    if let Some(unfit) = unfit(sheet.w, &password, &[]) {
        return drawn_invitation(&app, &sheet, &code, StatusCode::BAD_REQUEST, Some(&Problem::bad_parameter(unfit)));
    }
    match take_up(&app, &parts, "page", code.clone(), None, password).await {
        Ok(_) => Redirect::to("/sign-in?chosen=1").into_response(),
        Err(problem) => drawn_invitation(&app, &sheet, &code, problem.code.status(), Some(&problem)),
    }
}

fn drawn_invitation(
    app: &Shared,
    sheet: &Sheet,
    code: &str,
    status: StatusCode,
    refused: Option<&Problem>,
) -> Response {
    let text = sheet.page(sheet.w.invited, |out, w| {
        out.html("<section class=\"door\">\n<h1>")
            .text(w.invited)
            .html("</h1>\n<p>")
            .text(w.invited_says)
            .html("</p>\n");
        if let Some(refused) = refused {
            say(out, sheet, refused, w.no_invitation);
        }
        out.html("<form method=\"post\" action=\"/invitation\">\n");
        Field::text("code", w.invitation, "off").draw(out, code);
        Field::new("password", w.new_password).draw(out, "");
        out.html("<p><small>").text(w.password_hint).html("</small></p><button class=\"primary\">").text(w.choose);
        out.html("</button>\n</form>\n");
        key_pages::button(out, app, w, Ask::Accept(code));
        out.html("</section>\n");
        key_pages::script(out, app);
    });
    (status, Page(text)).into_response()
}
