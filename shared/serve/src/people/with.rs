//! How does a person come in by an account of another house?
//!
//! By a link, and not by a form: our pages let no form lead elsewhere. What comes back is looked at by `vigie-issuers`, and who
//! it lets in is decided as every other order. Nothing that comes back says where the browser goes then.

use axum::extract::{Path, State};
use axum::http::header::{HeaderValue, SET_COOKIE};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use vigie_issuers::{NoSignIn, Returned};
use vigie_model::Slug;
use vigie_people::{Answer, Asker, Order, Refused, SignedIn, Vouched, Who};

use super::NotDone;
use super::door::{agent, sign_out};
use super::entrance::not_let_in;
use super::words::Words;
use crate::door::{Address, clear_way, led_in, read_cookie, read_way, set_cookie, set_way};
use crate::local::html::Html;
use crate::params::Params;
use crate::problem::{Code, Problem};
use crate::shared::{App, Shared};
use crate::ways::{Need, Ways};
use crate::work;

/// The way there and back. Whoever comes is not signed in yet.
pub(crate) fn ways() -> Ways {
    Ways::new().get("/sign-in/with/{name}", Need::Open, leave).get("/sign-in/with/{name}/back", Need::Open, come_back)
}

/// A link to each house, in a sentence with a place for its name.
pub(super) fn links(out: &mut Html, app: &Shared, sentence: &'static str, query: &'static str) {
    for (name, label) in app.options.issuers.shown() {
        out.html("<p><a class=\"button\" href=\"/sign-in/with/").text(name.as_str()).html(query).html("\">");
        out.fill(sentence, |out, _| out.text(label)).html("</a></p>\n");
    }
}

/// What a house is called; its name where the hub's file names it no more.
pub(super) fn label<'a>(app: &'a Shared, by: &'a Slug) -> &'a str {
    app.options.issuers.shown().find(|(name, _)| *name == by).map_or(by.as_str(), |(_, label)| label)
}

/// `GET /sign-in/with/{name}`: off to the other house. With `?again=1` its person proves there who they are.
async fn leave(State(app): State<App>, Path(name): Path<String>, parts: Parts) -> Response {
    let again = Params::of_uri(&parts.uri).get("again").is_some();
    let from = Address::of(&parts, &app.options).to_string();
    match app.options.issuers.begin(&name, again, &from, app.lookout.now().utc).await {
        Ok(question) => led_in(set_way(&question.keep, &app.options), &question.to),
        Err(no) => refused(&app, &parts, &no),
    }
}

/// `GET /sign-in/with/{name}/back?state=&code=`: what the other house says.
async fn come_back(State(app): State<App>, Path(name): Path<String>, parts: Parts) -> Response {
    let params = Params::of_uri(&parts.uri);
    let returned = Returned {
        state: params.get("state").unwrap_or_default(),
        code: params.get("code").unwrap_or_default(),
        iss: params.get("iss"),
        error: params.get("error"),
        kept: read_way(&parts.headers, &app.options).unwrap_or_default(),
    };
    let mut response = match app.options.issuers.end(&name, returned, app.lookout.now().utc).await {
        Err(no) => refused(&app, &parts, &no),
        Ok(vouched) => match signed_in(&app, &parts, vouched).await {
            Ok(signed_in) => inside(&app, &parts, &signed_in).await,
            Err(problem) => not_let_in(&app, &parts, &problem, |w| w.with_stranger),
        },
    };
    response.headers_mut().append(SET_COOKIE, clear_way(&app.options));
    response
}

async fn signed_in(app: &App, parts: &Parts, vouched: Vouched) -> Result<SignedIn, Problem> {
    let asker = Asker { who: Who::Nobody, by: "page", from: Address::of(parts, &app.options).to_string() };
    let order = Order::SignInWith { vouched: Box::new(vouched), agent: agent(&parts.headers) };
    work::list(app, move |app| {
        let people = app.people.as_deref().ok_or_else(Problem::internal)?;
        match people.carry_out(order, &asker) {
            Ok(Answer::SignedIn(signed_in)) => Ok(signed_in),
            Ok(_) => Err(Problem::internal()),
            Err(not) => {
                if not == NotDone::Refused(Refused::Stranger) {
                    app.tally.refused();
                    people.turned_away(None, &asker, "nobody here has this account of another house");
                }
                Err(super::door::problem(not))
            }
        }
    })
    .await
}

/// Into the hub; who was inside goes on where they were asked to prove themselves, and the browser has one session.
async fn inside(app: &App, parts: &Parts, signed_in: &SignedIn) -> Response {
    let was_inside = read_cookie(&parts.headers, &app.options);
    if let Some(secret) = was_inside {
        sign_out(app, parts, secret).await;
    }
    let to = if was_inside.is_some() { "/account" } else { "/" };
    led_in(set_cookie(&signed_in.secret, &app.options), to)
}

fn refused(app: &Shared, parts: &Parts, no: &NoSignIn) -> Response {
    let wrong: fn(&'static Words) -> &'static str = match no {
        NoSignIn::NoIssuer => return Redirect::to("/sign-in").into_response(),
        NoSignIn::NotBegun => |w| w.with_over,
        NoSignIn::Declined(..) => |w| w.with_declined,
        NoSignIn::Away(..) | NoSignIn::NotBelieved(..) | NoSignIn::NoChance => |w| w.with_away,
    };
    let from = Address::of(parts, &app.options).to_string();
    tracing::warn!(from, why = %no, "nobody was signed in by another house");
    app.tally.refused();
    let problem = Problem::new(Code::Unauthorized, no.to_string(), "begin again");
    let mut response = not_let_in(app, parts, &problem, wrong);
    if let NoSignIn::Away(..) | NoSignIn::NoChance = no {
        *response.status_mut() = axum::http::StatusCode::SERVICE_UNAVAILABLE;
        response.headers_mut().insert(axum::http::header::RETRY_AFTER, HeaderValue::from_static("10"));
    }
    response
}
