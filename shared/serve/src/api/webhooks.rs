//! Who is told of every event, and how does that go?
//!
//! A subscription is its place's, as a route is, and not its maker's: who tells people there sees it, tries it and ends it.

use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use vigie_people::{At, Right};

use super::incidents::undecided;
use crate::act::Act;
use crate::answer::Drawn;
use crate::door::Caller;
use crate::live::KINDS;
use crate::problem::{Code, Problem};
use crate::said::Fields;
use crate::shared::{App, Shared};
use crate::{Webhook, WebhookDead, WebhookWish, Webhooks, work};

/// Bytes of an address.
const URL_BYTES: usize = 2_000;

/// Who subscribed.
#[derive(Serialize, ToSchema)]
pub(crate) struct WebhookList {
    webhooks: Vec<Webhook>,
}

/// What was given up.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeadList {
    dead: Vec<WebhookDead>,
}

/// How much is sent again.
#[derive(Serialize, ToSchema)]
pub(crate) struct Redelivered {
    /// How many events.
    queued: u64,
}

/// `GET /api/v1/webhooks`: those of the places where the asker tells people.
pub(crate) async fn list(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let drawn = work::list(&app, move |app| {
        let mut webhooks = hooks(app)?.list();
        webhooks.retain(|one| tells(&caller, one));
        Drawn::new(&WebhookList { webhooks }, app.lookout.now())
    });
    Ok(drawn.await?.answer(&headers))
}

/// `GET /api/v1/webhooks/{id}`.
pub(crate) async fn one(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let drawn = work::list(&app, move |app| Drawn::new(&visible(app, &caller, &id)?, app.lookout.now()));
    Ok(drawn.await?.answer(&headers))
}

/// `POST /api/v1/webhooks`: `url`, `kinds`, and the place; answered with the secret, once.
pub(crate) async fn subscribe(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    let fields = fields.map_err(Problem::bad_parameter)?;
    let drawn = work::list(&app, move |app| {
        let wish = wish(fields)?;
        let place = At::of(wish.client.as_ref(), wish.site.as_ref());
        // Whoever is told sees what is told: no more than the asker may see themselves.
        if !caller.may(Right::Tell, place) || !caller.may(Right::Look, place) {
            let next = "name a client and site where you have the right to tell; none is for who has it everywhere";
            return Err(Problem::new(
                Code::NoRight,
                "these credentials tell nobody of that place; nothing was changed",
                next,
            ));
        }
        let made = hooks(app)?.subscribe(&wish, act.name()).map_err(undecided)?;
        let after = json!({ "to": host(&wish.url), "kinds": wish.kinds, "site": wish.site });
        act.noted(app, wish.client.as_ref(), ("webhook.make", made.webhook.id.clone()), (Value::Null, after))?;
        Drawn::new(&made, app.lookout.now())
    });
    let answer = drawn.await?.answer(&HeaderMap::new());
    // From now on what there is is watched.
    crate::live::watch_for_hooks(&app).await;
    Ok((StatusCode::CREATED, answer).into_response())
}

/// `DELETE /api/v1/webhooks/{id}`: it ends, and what waits for it goes.
pub(crate) async fn unsubscribe(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let ended = work::list(&app, move |app| {
        let found = visible(app, &caller, &id)?;
        hooks(app)?.unsubscribe(&id).map_err(undecided)?;
        let before = json!({ "to": host(&found.url), "kinds": found.kinds, "waiting": found.waiting });
        act.noted(app, found.client.as_ref(), ("webhook.remove", id), (before, Value::Null))
    });
    ended.await.map(|()| StatusCode::NO_CONTENT.into_response())
}

/// `POST /api/v1/webhooks/{id}/test`: posts a test now, and says what the receiver said.
pub(crate) async fn test(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let drawn = work::list(&app, move |app| {
        let found = visible(app, &caller, &id)?;
        let tried = hooks(app)?.test(&id).map_err(undecided)?;
        let after = json!({ "delivered": tried.delivered });
        act.noted(app, found.client.as_ref(), ("webhook.test", id), (Value::Null, after))?;
        Drawn::new(&tried, app.lookout.now())
    });
    Ok(drawn.await?.answer(&HeaderMap::new()))
}

/// `GET /api/v1/webhooks/{id}/dead`: what was given up, oldest first.
pub(crate) async fn dead(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let drawn = work::list(&app, move |app| {
        visible(app, &caller, &id)?;
        let dead = hooks(app)?.dead(&id).map_err(undecided)?;
        Drawn::new(&DeadList { dead }, app.lookout.now())
    });
    Ok(drawn.await?.answer(&headers))
}

/// `POST /api/v1/webhooks/{id}/redeliver`: all that was given up, or one `delivery` by its number.
pub(crate) async fn redeliver(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    Path(id): Path<String>,
    _: Uri,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    let fields = fields.map_err(Problem::bad_parameter)?;
    let drawn = work::list(&app, move |app| {
        let found = visible(app, &caller, &id)?;
        if let Some(stranger) = fields.stranger(&["delivery"]) {
            let stranger: String = stranger.chars().take(40).collect();
            return Err(Problem::bad_parameter(format!("{stranger:?} is no field: delivery")));
        }
        let number = |text: String| text.parse().map_err(|_| Problem::bad_parameter("delivery is a number"));
        let only = fields.text("delivery").map(number).transpose()?;
        let queued = hooks(app)?.redeliver(&id, only).map_err(undecided)?;
        act.noted(app, found.client.as_ref(), ("webhook.redeliver", id), (Value::Null, json!({ "queued": queued })))?;
        Drawn::new(&Redelivered { queued }, app.lookout.now())
    });
    Ok(drawn.await?.answer(&HeaderMap::new()))
}

fn hooks(app: &Shared) -> Result<&dyn Webhooks, Problem> {
    app.hooks.as_deref().ok_or_else(|| Problem::not_found("nobody is told of events by this node"))
}

fn tells(caller: &Caller, one: &Webhook) -> bool {
    caller.may(Right::Tell, At::of(one.client.as_ref(), one.site.as_ref()))
}

fn visible(app: &Shared, caller: &Caller, id: &str) -> Result<Webhook, Problem> {
    let found = hooks(app)?.list().into_iter().find(|one| one.id == id && tells(caller, one));
    found.ok_or_else(|| Problem {
        next: "GET /api/v1/webhooks lists those of your places",
        ..Problem::not_found("there is no such webhook here")
    })
}

fn wish(fields: Fields) -> Result<WebhookWish, Problem> {
    let wish: WebhookWish = serde_json::from_value(fields.into_value())
        .map_err(|error| Problem::bad_parameter(format!("that is no webhook: {error}")))?;
    if wish.site.is_some() && wish.client.is_none() {
        return Err(Problem::bad_parameter("a site is one of a client: name both"));
    }
    if let Some(strange) = wish.kinds.iter().find(|kind| !KINDS.contains(&kind.as_str())) {
        let strange: String = strange.chars().take(40).collect();
        return Err(Problem::bad_parameter(format!("kinds are some of {}, not {strange:?}", KINDS.join(", "))));
    }
    let uri: Option<Uri> = wish.url.parse().ok().filter(|_| wish.url.len() <= URL_BYTES);
    let is_good = uri.is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("https" | "http"))
            && uri
                .authority()
                .is_some_and(|authority| !authority.host().is_empty() && !authority.as_str().contains('@'))
    });
    if is_good {
        Ok(wish)
    } else {
        Err(Problem::bad_parameter("url is an address of https or http, without user and password"))
    }
}

/// What of an address is nobody's secret.
fn host(url: &str) -> String {
    let uri: Option<Uri> = url.parse().ok();
    uri.and_then(|uri| Some(format!("{}://{}", uri.scheme_str()?, uri.authority()?))).unwrap_or_default()
}
