//! How does a person come in by an account of another house?
//!
//! By a link, and not by a form: our pages let no form lead elsewhere. What comes back is looked at by `vigie-issuers`, and who
//! it lets in is decided as every other order. Nothing that comes back says where the browser goes then.
//!
//! What a house has a browser post comes from another site, so without our cookies: it signs nobody in. What it says waits, and
//! the browser is led to fetch it by a link, with which it sends its cookie.

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::header::{CONTENT_TYPE, HeaderValue, SET_COOKIE};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use vigie_issuers::{NoSignIn, Returned};
use vigie_model::Slug;
use vigie_people::{Answer, Asker, Order, Refused, SignedIn, Vouched, Who};

use super::NotDone;
use super::door::{agent, sign_out};
use super::entrance::not_let_in;
use super::words::Words;
use crate::door::{Address, clear_way, field, led_in, read_cookie, read_way, set_cookie, set_way};
use crate::local::html::Html;
use crate::params::{Pairs, Params};
use crate::problem::{Code, Problem};
use crate::shared::{App, Shared};
use crate::ways::{Need, Ways};
use crate::work;

/// The way there and back. Whoever comes is not signed in yet.
pub(crate) fn ways() -> Ways {
    let posted = Ways::new()
        .post("/sign-in/with/{name}/back", Need::Open, take)
        .with(|router| router.layer(DefaultBodyLimit::max(MOST_POSTED_BYTES)));
    Ways::new()
        .get("/sign-in/with/{name}", Need::Open, leave)
        .get("/sign-in/with/{name}/back", Need::Open, come_back)
        .get("/sign-in/with/{name}/metadata", Need::Open, metadata)
        .merge(posted)
}

/// An answer that a house has a browser post, with what a form makes longer of it: each `+` and `/` of base64 becomes three.
const MOST_POSTED_BYTES: usize = 384 * 1024;

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
        Err(no) => refused(&app, &parts, &name, &no).await,
    }
}

/// `GET /sign-in/with/{name}/metadata`: what a house that speaks SAML has to know of this hub.
async fn metadata(State(app): State<App>, Path(name): Path<String>, parts: Parts) -> Response {
    match app.options.issuers.metadata(&name) {
        Ok(xml) => ([(CONTENT_TYPE, "application/samlmetadata+xml")], xml).into_response(),
        Err(no) => refused(&app, &parts, &name, &no).await,
    }
}

/// `POST /sign-in/with/{name}/back`: what another house has the browser bring. Whose site it comes from is not looked at, for it
/// comes from there: it counts by its signature, and for the browser that asked.
async fn take(
    State(app): State<App>,
    Path(name): Path<String>,
    parts: Parts,
    form: Result<Form<Pairs>, FormRejection>,
) -> Response {
    let pairs = form.map(|Form(pairs)| pairs).unwrap_or_default();
    let from = Address::of(&parts, &app.options).to_string();
    let (posted, house) = (field(&pairs, "SAMLResponse").to_owned(), name.clone());
    // It is read before it is known who sent it, so among the few that are at work at once.
    let taken =
        work::list(&app, move |app| Ok(app.options.issuers.take(&house, &posted, &from, app.lookout.now().utc)));
    let taken = match taken.await {
        Ok(taken) => taken,
        Err(busy) => return not_let_in(&app, &parts, &busy, |words| words.busy),
    };
    match taken {
        Ok(taken) => {
            let mut response = Redirect::to(&taken.to).into_response();
            if let Some(keep) = &taken.keep {
                response.headers_mut().append(SET_COOKIE, set_way(keep, &app.options));
            }
            response
        }
        Err(no) => refused(&app, &parts, &name, &no).await,
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
        Err(no) => refused(&app, &parts, &name, &no).await,
        Ok(vouched) => match signed_in(&app, &parts, &name, vouched).await {
            Ok(signed_in) => inside(&app, &parts, &signed_in).await,
            Err((problem, wrong)) => not_let_in(&app, &parts, &problem, wrong),
        },
    };
    response.headers_mut().append(SET_COOKIE, clear_way(&app.options));
    response
}

/// Why not, and the sentence about it.
type NotIn = (Problem, fn(&'static Words) -> &'static str);

async fn signed_in(app: &App, parts: &Parts, house: &str, vouched: Vouched) -> Result<SignedIn, NotIn> {
    let (asker, house) = (asker(app, parts), house.to_owned());
    let order = Order::SignInWith { vouched: Box::new(vouched), agent: agent(&parts.headers) };
    let done = work::list(app, move |app| {
        let people = app.people.as_deref().ok_or_else(Problem::internal)?;
        Ok(match people.carry_out(order, &asker) {
            Ok(Answer::SignedIn(signed_in)) => Ok(signed_in),
            Ok(_) => Err(NotDone::NotKept("another answer than a session".to_owned())),
            Err(not) => {
                if let NotDone::Refused(refused @ (Refused::Stranger | Refused::Twice)) = &not {
                    app.tally.refused();
                    tracing::warn!(house, from = asker.from, why = %refused, "nobody was signed in by another house");
                    people.not_vouched(&house, &asker, &refused.to_string());
                }
                Err(not)
            }
        })
    });
    let stranger: fn(&'static Words) -> &'static str = |w| w.with_stranger;
    done.await.map_err(|problem| (problem, stranger))?.map_err(|not| {
        let is_twice = not == NotDone::Refused(Refused::Twice);
        (super::door::problem(not), if is_twice { |w: &'static Words| w.with_twice } else { stranger })
    })
}

fn asker(app: &Shared, parts: &Parts) -> Asker {
    Asker { who: Who::Nobody, by: "page", from: Address::of(parts, &app.options).to_string() }
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

async fn refused(app: &App, parts: &Parts, house: &str, no: &NoSignIn) -> Response {
    let wrong: fn(&'static Words) -> &'static str = match no {
        NoSignIn::NoIssuer => return Redirect::to("/sign-in").into_response(),
        NoSignIn::NotBegun => |w| w.with_over,
        NoSignIn::Declined(..) => |w| w.with_declined,
        NoSignIn::NotBelieved(..) | NoSignIn::NoAnswer(..) => |w| w.with_not_believed,
        NoSignIn::Away(..) | NoSignIn::NoChance => |w| w.with_away,
    };
    let asker = asker(app, parts);
    tracing::warn!(house, from = asker.from, why = %no, "nobody was signed in by another house");
    app.tally.refused();
    // What is said of a house that can not be asked is said of the hub, and of nobody who came.
    let is_away = matches!(no, NoSignIn::Away(..) | NoSignIn::NoChance);
    if !is_away {
        let (house, why) = (house.to_owned(), no.to_string());
        let noted = work::list(app, move |app| {
            app.people.as_deref().ok_or_else(Problem::internal)?.not_vouched(&house, &asker, &why);
            Ok(())
        });
        if let Err(problem) = noted.await {
            tracing::warn!(why = problem.detail, "a refusal could not be written into the audit");
        }
    }
    let problem = Problem::new(Code::Unauthorized, no.to_string(), "begin again");
    let mut response = not_let_in(app, parts, &problem, wrong);
    if is_away {
        *response.status_mut() = axum::http::StatusCode::SERVICE_UNAVAILABLE;
        response.headers_mut().insert(axum::http::header::RETRY_AFTER, HeaderValue::from_static("10"));
    }
    response
}
