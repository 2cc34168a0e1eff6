//! Does this request carry credentials, and whose?

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use vigie_model::Slug;
use vigie_query::{Confined, Matcher};

use super::{Address, cookie, origin};
use crate::problem::{Code, Problem};
use crate::shared::{App, Shared};
use crate::{Clients, Decides, Identity, Place, local, prometheus, push};

/// Tokens longer than this are not looked at: ours have 43 characters.
const MAX_TOKEN_BYTES: usize = 512;

/// Who asks, as handlers see it.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) who: Arc<Identity>,
    only: Option<Matcher>,
}

impl Caller {
    fn new(who: Identity) -> Self {
        Self { only: who.clients.matcher(), who: Arc::new(who) }
    }

    /// Whether they see what is of this client; what is of no client is for who sees them all.
    pub(crate) fn sees(&self, client: Option<&Slug>) -> bool {
        client.map_or(self.who.clients == Clients::All, |client| self.who.clients.include(client))
    }

    /// Whether they decide of what is at this place, or of what is wider: never of what they do not see.
    pub(crate) fn decides(&self, client: Option<&Slug>, site: Option<&Slug>) -> bool {
        let within = match (&self.who.decides, client, site) {
            (Decides::Seen, _, _) => true,
            (Decides::Only(places), Some(client), Some(site)) => {
                places.contains(&Place { client: client.clone(), site: site.clone() })
            }
            (Decides::Only(_), _, _) | (Decides::Nothing, _, _) => false,
        };
        self.sees(client) && within
    }

    /// The samples they may see.
    pub(crate) fn source<'a>(&'a self, app: &'a Shared) -> Confined<'a> {
        Confined::new(app.lookout.source(), self.only.as_ref())
    }
}

/// Lets only those through who may look; everything behind it sees a [`Caller`].
pub(crate) async fn require(State(app): State<App>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match credentials(&app, &parts) {
        Ok(caller) => {
            parts.extensions.insert(caller);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(problem) => denied(problem, &parts),
    }
}

/// As [`require`], for pages: who is not signed in is led to where they can, and everything else is told as a page.
pub(crate) async fn require_person(State(app): State<App>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match credentials(&app, &parts) {
        Ok(caller) => {
            parts.extensions.insert(caller);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(problem) if problem.code == Code::Unauthorized => {
            let was_inside = cookie::read(&parts.headers, &app.options).is_some();
            Redirect::to(if was_inside { "/sign-in?again=1" } else { "/sign-in" }).into_response()
        }
        Err(problem) => local::failed(&app, &parts, &problem),
    }
}

/// Lets only bearers of a token through to where samples are pushed. A browser's session is not looked at: no page of ours
/// pushes, so another site has nothing to borrow.
pub(crate) async fn require_bearer(State(app): State<App>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let token = bearer(&parts.headers).ok_or_else(Problem::unauthorized);
    match token.and_then(|token| app.check_token(token, Address::of(&parts, &app.options))) {
        Ok(who) => {
            parts.extensions.insert(Caller::new(who));
            next.run(Request::from_parts(parts, body)).await
        }
        Err(problem) => push::denied(problem, body).await,
    }
}

/// Whose credentials a request carries.
pub(crate) fn credentials(app: &Shared, parts: &Parts) -> Result<Caller, Problem> {
    let who = match bearer(&parts.headers) {
        Some(token) => Some(app.check_token(token, Address::of(parts, &app.options))?),
        None => by_session(app, parts)?,
    };
    who.map(Caller::new).ok_or_else(Problem::unauthorized)
}

impl Shared {
    /// Whose token this is, unless its sender has guessed too often.
    pub(super) fn check_token(&self, token: &str, from: Address) -> Result<Identity, Problem> {
        let now_ms = self.lookout.now().mono_ms;
        self.attempts.may_try(from, now_ms).map_err(too_many_attempts)?;
        let who = Some(token).filter(|token| token.len() <= MAX_TOKEN_BYTES);
        who.and_then(|token| self.access.check_bearer(token)).ok_or_else(|| {
            self.attempts.failed(from, token, now_ms);
            self.tally.refused();
            Problem::unauthorized()
        })
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn by_session(app: &Shared, parts: &Parts) -> Result<Option<Identity>, Problem> {
    let Some(secret) = cookie::read(&parts.headers, &app.options) else { return Ok(None) };
    let reads = matches!(parts.method, Method::GET | Method::HEAD);
    if !reads && !origin::is_our_own(&parts.headers) {
        return Err(cross_site());
    }
    let who = app.sessions.who(secret, app.lookout.now().mono_ms);
    // Who was taken back and let in again signs in again: the name alone does not keep a browser in.
    Ok(who.and_then(|(name, by)| app.access.identity(&name).filter(|who| who.credential == by)))
}

/// Says no in the language of the one who asked: a person is led to the sign-in page, a Prometheus client and an API
/// client each read their own kind of error.
fn denied(problem: Problem, parts: &Parts) -> Response {
    let path = parts.uri.path();
    if matches!(path, "/" | "/live") && problem.code == Code::Unauthorized {
        return Redirect::to("/sign-in").into_response();
    }
    if path.starts_with("/prometheus/") { prometheus::denied(problem) } else { problem.into_response() }
}

pub(super) fn cross_site() -> Problem {
    let next = "open the page itself and repeat it there";
    Problem::new(Code::CrossSite, "another site sent this with your browser's session; nothing was changed", next)
}

pub(super) fn too_many_attempts(seconds: u64) -> Problem {
    let detail = format!("too many wrong tokens came from this address; it is listened to again in {seconds} s");
    let problem = Problem::new(Code::TooManyAttempts, detail, "wait, then use the right token");
    Problem { retry_after_seconds: Some(seconds), ..problem }
}
