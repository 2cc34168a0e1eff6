//! How does a person come in at a site, with the Internet or without?
//!
//! By a name and a passphrase that the hub granted beforehand, or by the relay's own token. The check is slow on purpose: it
//! runs on a blocking thread, and one at a time, so that guessing costs the guesser and not the relay.

use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{Html, IntoResponse, Response};

use super::Address;
use super::require::too_many_attempts;
use super::sign_in::{field, let_in};
use crate::local::{Refused, door_page, frame_of};
use crate::params::{Pairs, Params};
use crate::problem::{Code, Problem};
use crate::shared::App;
use crate::{Identity, NotLetIn, work};

/// What is longer was not given by the hub.
const MAX_BYTES: usize = 200;

/// The page with the form.
pub(super) fn page(app: &App, parts: &Parts) -> Response {
    let again = Params::of_uri(&parts.uri).get("again").map(|_| Refused::Again);
    shown(app, parts, "", again, StatusCode::OK)
}

/// Takes a name and a passphrase, or a token; gives a session.
pub(super) async fn sign_in(app: &App, parts: &Parts, pairs: &Pairs) -> Response {
    let (name, token) = (field(pairs, "name").trim(), field(pairs, "token").trim());
    let let_in_as = if name.is_empty() {
        let checked = app.check_token(token, Address::of(parts, &app.options));
        checked.map_err(|problem| refused(&problem, Refused::WrongToken))
    } else {
        person(app, parts, name, field(pairs, "passphrase")).await
    };
    match let_in_as {
        Ok(who) => {
            let failed = || shown(app, parts, name, Some(Refused::Failed), StatusCode::INTERNAL_SERVER_ERROR);
            let_in(app, &who).unwrap_or_else(failed)
        }
        Err((refused, status)) => shown(app, parts, name, Some(refused), status),
    }
}

async fn person(app: &App, parts: &Parts, name: &str, passphrase: &str) -> Result<Identity, (Refused, StatusCode)> {
    let from = Address::of(parts, &app.options);
    let checked = check(app, from, name, passphrase).await.map_err(|problem| refused(&problem, Refused::Wrong))?;
    checked.map_err(|not| {
        let refused = match not {
            NotLetIn::Wrong => Refused::Wrong,
            NotLetIn::Expired(at) => Refused::Expired(at),
            NotLetIn::Revoked => Refused::Revoked,
        };
        (refused, StatusCode::UNAUTHORIZED)
    })
}

async fn check(app: &App, from: Address, name: &str, passphrase: &str) -> Result<Result<Identity, NotLetIn>, Problem> {
    // Before anything is worked out: whoever guesses is not even thought about.
    may_try(app, from)?;
    if name.len() > MAX_BYTES || passphrase.len() > MAX_BYTES {
        return Ok(Err(wrong(app, from, name, passphrase, NotLetIn::Wrong)));
    }
    let turn = work::turn(&app.passwords).await?;
    let (app, name, passphrase) = (App::clone(app), name.to_owned(), passphrase.to_owned());
    let checked = tokio::task::spawn_blocking(move || {
        // Those who had their turn meanwhile have been counted: many at once get no more tries than one after another.
        may_try(&app, from)?;
        let checked = app.access.check_person(&name, &passphrase, &from.to_string());
        let checked = checked.map_err(|not| wrong(&app, from, &name, &passphrase, not));
        drop(turn);
        Ok(checked)
    });
    checked.await.unwrap_or_else(|died| {
        tracing::error!(%died, "a passphrase could not be checked");
        Err(Problem::internal())
    })
}

fn may_try(app: &App, from: Address) -> Result<(), Problem> {
    app.attempts.may_try(from, app.lookout.now().mono_ms).map_err(too_many_attempts)
}

/// Counts one that was wrong.
fn wrong(app: &App, from: Address, name: &str, passphrase: &str, not: NotLetIn) -> NotLetIn {
    app.attempts.failed(from, &format!("{name}\0{passphrase}"), app.lookout.now().mono_ms);
    app.tally.refused();
    not
}

fn refused(problem: &Problem, otherwise: Refused) -> (Refused, StatusCode) {
    match problem.code {
        Code::TooManyAttempts => {
            (Refused::Wait(problem.retry_after_seconds.unwrap_or_default()), StatusCode::TOO_MANY_REQUESTS)
        }
        Code::Busy => (Refused::Busy, StatusCode::SERVICE_UNAVAILABLE),
        Code::Internal => (Refused::Failed, StatusCode::INTERNAL_SERVER_ERROR),
        _ => (otherwise, StatusCode::UNAUTHORIZED),
    }
}

fn shown(app: &App, parts: &Parts, name: &str, refused: Option<Refused>, status: StatusCode) -> Response {
    let text = door_page(&frame_of(app, parts), app.access.knows_people(), name, refused);
    (status, Html(text)).into_response()
}
