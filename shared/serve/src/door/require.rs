//! Does this request carry credentials, and whose?

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use vigie_model::Slug;
use vigie_people::{At, Powers, Right, Scope};
use vigie_query::{Bounds, Confined};

use super::{Address, cookie, origin};
use crate::problem::{Code, Problem};
use crate::shared::{App, Shared};
use crate::ways::Need;
use crate::{Identity, LabelSet, Marks, local, people, push, shape};

/// Tokens longer than this are not looked at: ours have 43 characters.
const MAX_TOKEN_BYTES: usize = 512;

/// Who asks, as handlers see it.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) who: Arc<Identity>,
    powers: Arc<Powers>,
    /// The places as a whole whose samples they see.
    only: Option<Arc<Bounds>>,
}

impl Caller {
    pub(super) fn new(who: Identity) -> Self {
        let powers = who.all_powers();
        Self { only: bounds(&powers).map(Arc::new), powers: Arc::new(powers), who: Arc::new(who) }
    }

    /// All that they may.
    pub(crate) fn powers(&self) -> &Powers {
        &self.powers
    }

    /// Whether they have a right at a place.
    pub(crate) fn may(&self, right: Right, at: At<'_>) -> bool {
        self.powers.may(right, at)
    }

    /// Whether they see everybody's.
    pub(crate) fn sees_all(&self) -> bool {
        self.may(Right::Look, At::Provider)
    }

    /// Whether they see what is of this client as a whole; what is of no client is for who sees them all.
    pub(crate) fn sees(&self, client: Option<&Slug>) -> bool {
        self.may(Right::Look, At::of(client, None))
    }

    /// Whether they see what is at this place, or of what is wider.
    pub(crate) fn sees_at(&self, client: Option<&Slug>, site: Option<&Slug>) -> bool {
        self.may(Right::Look, At::of(client, site))
    }

    /// Whether they see anything there: all of it as a whole, or machines for their tags.
    pub(crate) fn sees_some_of(&self, client: Option<&Slug>, site: Option<&Slug>) -> bool {
        self.powers.scopes(Right::Look).any(|scope| scope.has_some_of(At::of(client, site)))
    }

    /// Whether they see something that bears these labels, as those of a sample or of an alert. Most are of others: their names
    /// are compared as they stand.
    pub(crate) fn sees_labels(&self, labels: &LabelSet, marks: &Marks) -> bool {
        let (client, site) = (labels.get("client"), labels.get("site"));
        let is = |own: Option<&Slug>, said: &str| own.is_none_or(|own| own.as_str() == said);
        let mut around =
            self.powers.scopes(Right::Look).filter(|scope| is(scope.of_client(), client) && is(scope.of_site(), site));
        around.any(|scope| {
            let slug = |name: &str| name.parse::<Slug>().ok();
            let at = |machine| scope.covers(marks.at(slug(client).as_ref(), slug(site).as_ref(), machine));
            !scope.is_tagged() || at(labels.get("machine_id").parse().ok())
        })
    }

    /// Whether they see what is there, which may be one machine.
    pub(crate) fn sees_there(&self, at: At<'_>) -> bool {
        self.may(Right::Look, at)
    }

    /// Whether they decide of what is at this place, or of what is wider: never of what they do not see.
    pub(crate) fn decides(&self, client: Option<&Slug>, site: Option<&Slug>) -> bool {
        self.decides_there(At::of(client, site))
    }

    /// Whether they decide of what is there, which may be one machine.
    pub(crate) fn decides_there(&self, at: At<'_>) -> bool {
        self.sees_there(at) && self.may(Right::Decide, at)
    }

    /// Whether they say there when nobody is told.
    pub(crate) fn mutes(&self, client: Option<&Slug>, site: Option<&Slug>) -> bool {
        self.mutes_there(At::of(client, site))
    }

    /// Whether they say of what is there, which may be one machine, when nobody is told.
    pub(crate) fn mutes_there(&self, at: At<'_>) -> bool {
        self.sees_there(at) && self.may(Right::Mute, at)
    }

    /// The samples they may see.
    pub(crate) fn source<'a>(&'a self, app: &'a Shared) -> Confined<'a> {
        let only = self.only.as_ref().map(|places| match sees_tagged(&self.powers) {
            true => Arc::new(Bounds::clone(places).and_machines(tagged(&self.powers, &app.marks()))),
            false => Arc::clone(places),
        });
        Confined::new(app.lookout.source(), only)
    }
}

/// Whether what somebody sees depends on what machines are called.
pub(crate) fn sees_tagged(powers: &Powers) -> bool {
    !powers.may(Right::Look, At::Provider) && powers.scopes(Right::Look).any(Scope::is_tagged)
}

/// The machines that somebody sees for what they are called, as it is now, each by its client, its site and its id. Samples
/// bear no tags, but they bear these; so nothing of what others push to a place, which is of no machine, is among them.
fn tagged<'a>(powers: &'a Powers, marks: &'a Marks) -> impl Iterator<Item = (String, String, String)> + use<'a> {
    let seen =
        marks.iter().filter(|(_, client, site, mark)| powers.may(Right::Look, At::Machine(client, site, &mark.tags)));
    seen.map(|(id, client, site, _)| (client.to_string(), site.to_string(), id.to_string()))
}

/// What of samples is within these powers but for what single machines measured; no bounds for who sees everything.
fn bounds(powers: &Powers) -> Option<Bounds> {
    if powers.may(Right::Look, At::Provider) {
        return None;
    }
    let scopes: Vec<&Scope> = powers.scopes(Right::Look).filter(|scope| !scope.is_tagged()).collect();
    let text = |slug: &Slug| slug.as_str().to_owned();
    let clients = scopes.iter().filter(|scope| scope.of_site().is_none()).filter_map(|scope| scope.of_client());
    let sites = scopes.iter().filter_map(|scope| Some((text(scope.of_client()?), text(scope.of_site()?))));
    Some(Bounds::new(clients.map(text).collect(), sites.collect()))
}

/// Lets only those through who may look; everything behind it sees a [`Caller`].
pub(crate) async fn require(State(app): State<App>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match credentials(&app, &parts) {
        Ok(caller) => {
            parts.extensions.insert(caller);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(problem) => denied(&app, problem, &parts),
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
    pub(crate) fn check_token(&self, token: &str, from: Address) -> Result<Identity, Problem> {
        let now_ms = self.lookout.now().mono_ms;
        self.attempts.may_try(from, now_ms).map_err(too_many_attempts)?;
        let who = Some(token).filter(|token| token.len() <= MAX_TOKEN_BYTES);
        let holder = |token: &str| people::by_token(self, token).or_else(|| self.access.check_bearer(token));
        who.and_then(holder).ok_or_else(|| {
            self.attempts.failed(from, token, now_ms);
            self.tally.refused();
            Problem::unauthorized()
        })
    }
}

/// Lets on who has a right somewhere; what they see and change there is cut by each answer itself. Stands at each address, so
/// that none is forgotten: see [`Ways`](crate::ways::Ways).
pub(crate) async fn hold(need: Need, request: Request, next: Next) -> Response {
    let has = match (need, request.extensions().get::<Caller>()) {
        (Need::Open, _) => true,
        // An address behind no door lets nobody in.
        (_, None) => false,
        // Who brings samples is answered by the door they come to, which reads to the end what is still being sent and counts
        // what it refused: the place is the first thing it looks at.
        (Need::SignedIn | Need::May(Right::Push), Some(_)) => true,
        (Need::May(right), Some(caller)) => caller.powers.anywhere(right),
    };
    if has {
        return next.run(request).await;
    }
    let next = "use credentials that have this right somewhere: GET /api/v1/me says what these may";
    let detail = match need {
        Need::May(right) => format!("these credentials do not have the right to {right}; nothing was changed"),
        Need::Open | Need::SignedIn => "nobody comes in here".to_owned(),
    };
    let problem = Problem::new(Code::NoRight, detail, next);
    shape::said_to(request.uri(), problem)
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
    if let Some(person) = people::by_session(app, secret) {
        return Ok(Some(person));
    }
    let who = app.sessions.who(secret, app.lookout.now().mono_ms);
    // Who was taken back and let in again signs in again: the name alone does not keep a browser in.
    Ok(who.and_then(|(name, by)| app.access.identity(&name).filter(|who| who.credential == by)))
}

/// Says no in the language of the one who asked: a person is led to the sign-in page, a Prometheus client and an API
/// client each read their own kind of error.
fn denied(app: &Shared, problem: Problem, parts: &Parts) -> Response {
    let path = parts.uri.path();
    if matches!(path, "/" | "/live") && problem.code == Code::Unauthorized {
        return Redirect::to(entrance(app)).into_response();
    }
    shape::said_to(&parts.uri, problem)
}

/// Where somebody comes in who is not signed in.
pub(crate) fn entrance(app: &Shared) -> &'static str {
    // Nobody has taken the hub into use: that comes before signing in.
    let begun = app.people.as_deref().is_none_or(|people| people.directory().is_begun());
    if begun { "/sign-in" } else { "/begin" }
}

/// Refuses what another site sends with somebody's browser, where no session is looked at.
pub(crate) fn from_own_page(headers: &HeaderMap) -> Result<(), Problem> {
    if origin::is_our_own(headers) { Ok(()) } else { Err(cross_site()) }
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
