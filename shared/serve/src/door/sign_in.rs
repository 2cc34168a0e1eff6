//! How does a person come in, and leave?

use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};

use super::require::cross_site;
use super::{Address, cookie, origin, person};
use crate::params::Pairs;
use crate::problem::{Code, Problem};
use crate::shared::{App, Shared};
use crate::{Identity, people};

const PAGE: &str = include_str!("../../page/sign-in.html");

/// The sentences of the sign-in page. It is made here, because it must work before any script is trusted.
#[derive(Debug, Clone, Copy)]
struct Words {
    lang: &'static str,
    title: &'static str,
    label: &'static str,
    hint: &'static str,
    button: &'static str,
    wrong: &'static str,
    wait: &'static str,
    failed: &'static str,
}

const EN: Words = Words {
    lang: "en",
    title: "Sign in to Vigie",
    label: "Access token",
    hint: "Paste the token you were given. It is not kept in this browser.",
    button: "Sign in",
    wrong: "This token is not valid. Nothing was changed. Check that it is complete, or ask for a new one.",
    wait: "Too many wrong tokens came from this address. Try again in a few minutes.",
    failed: "Signing in failed on this node. Try again; if it stays so, look at the node's log.",
};

const FR: Words = Words {
    lang: "fr",
    title: "Connexion à Vigie",
    label: "Jeton d’accès",
    hint: "Collez le jeton qui vous a été remis. Il n’est pas conservé dans ce navigateur.",
    button: "Se connecter",
    wrong: "Ce jeton n’est pas valide. Rien n’a été modifié. Vérifiez qu’il est complet, ou demandez-en un nouveau.",
    wait: "Trop de jetons erronés sont venus de cette adresse. Réessayez dans quelques minutes.",
    failed: "La connexion a échoué sur ce nœud. Réessayez ; si cela persiste, consultez le journal du nœud.",
};

/// The page with the form.
pub(crate) async fn sign_in_page(State(app): State<App>, parts: Parts) -> Response {
    if app.people.is_some() {
        return people::sign_in_page(&app, &parts);
    }
    if app.is_site() { person::page(&app, &parts) } else { page(words(&parts.headers), "", StatusCode::OK) }
}

/// Takes the token, gives a session.
pub(crate) async fn sign_in(
    State(app): State<App>,
    parts: Parts,
    form: Result<Form<Pairs>, FormRejection>,
) -> Response {
    let words = words(&parts.headers);
    if !origin::is_our_own(&parts.headers) {
        return cross_site().into_response();
    }
    let pairs = form.map(|Form(pairs)| pairs).unwrap_or_default();
    if app.people.is_some() {
        return people::signs_in(&app, &parts, &pairs).await;
    }
    if app.is_site() {
        return person::sign_in(&app, &parts, &pairs).await;
    }
    let token = field(&pairs, "token");
    let checked = app.check_token(token.trim(), Address::of(&parts, &app.options));
    let who = match checked {
        Ok(who) => who,
        Err(Problem { code: Code::TooManyAttempts, .. }) => {
            return page(words, words.wait, StatusCode::TOO_MANY_REQUESTS);
        }
        Err(_) => return page(words, words.wrong, StatusCode::UNAUTHORIZED),
    };
    let_in(&app, &who).unwrap_or_else(|| page(words, words.failed, StatusCode::INTERNAL_SERVER_ERROR))
}

/// Opens a session and leads to the first page; nothing when the system has no randomness to give.
pub(crate) fn let_in(app: &Shared, who: &Identity) -> Option<Response> {
    let Some(secret) = app.sessions.open(who, app.lookout.now().mono_ms) else {
        tracing::error!("the system gives no randomness: nobody can sign in");
        return None;
    };
    tracing::info!(who = who.name, "signed in");
    Some(led_in(cookie::set(&secret, &app.options), "/"))
}

/// Ends the session.
pub(crate) async fn sign_out(State(app): State<App>, parts: Parts) -> Response {
    let headers = &parts.headers;
    if !origin::is_our_own(headers) {
        return cross_site().into_response();
    }
    if let Some(secret) = cookie::read(headers, &app.options) {
        app.sessions.close(secret);
        people::sign_out(&app, &parts, secret).await;
    }
    led_in(cookie::clear(&app.options), "/sign-in")
}

/// Gives a browser its cookie, and leads it on.
pub(crate) fn led_in(cookie: HeaderValue, to: &str) -> Response {
    ([(header::SET_COOKIE, cookie)], Redirect::to(to)).into_response()
}

pub(crate) fn field<'a>(pairs: &'a Pairs, name: &str) -> &'a str {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).unwrap_or_default()
}

fn words(headers: &HeaderMap) -> Words {
    let languages = headers.get(header::ACCEPT_LANGUAGE).and_then(|languages| languages.to_str().ok()).unwrap_or("");
    if languages.trim_start().to_ascii_lowercase().starts_with("fr") { FR } else { EN }
}

/// Nothing that was sent is ever put into the page, so there is nothing to escape.
fn page(words: Words, message: &str, status: StatusCode) -> Response {
    let invalid = if message.is_empty() { "false" } else { "true" };
    let text = [
        ("{lang}", words.lang),
        ("{title}", words.title),
        ("{label}", words.label),
        ("{hint}", words.hint),
        ("{button}", words.button),
        ("{message}", message),
        ("{invalid}", invalid),
    ]
    .into_iter()
    .fold(PAGE.to_owned(), |page, (place, text)| page.replace(place, text));
    (status, Html(text)).into_response()
}
