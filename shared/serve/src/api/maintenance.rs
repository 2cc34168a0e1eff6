//! Maintenance and silences: when is nobody told?

use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::incidents::{may_mute, undecided, watched};
use crate::act::Act;
use crate::answer::{Drawn, seen_as, version_of};
use crate::door::Caller;
use crate::problem::{Code, Problem};
use crate::said::Fields;
use crate::shared::{App, Shared};
use crate::{Mute, MuteWish, work};

/// Maintenance and silences.
#[derive(Serialize, ToSchema)]
pub(crate) struct MaintenanceList {
    maintenance: Vec<Mute>,
}

/// `GET /api/v1/maintenance`: what mutes or will, and what ended within a week.
pub(crate) async fn list(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let drawn = work::list(&app, move |app| {
        let mut maintenance = watched(app)?.mutes();
        maintenance.retain(|mute| sees(&caller, mute));
        Drawn::new(&MaintenanceList { maintenance }, app.lookout.now())
    });
    Ok(drawn.await?.answer(&headers))
}

/// `POST /api/v1/maintenance/preview`: what a wish would mute, for who sees its place.
pub(crate) async fn preview(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    let fields = fields.map_err(Problem::bad_parameter)?;
    let drawn = work::list(&app, move |app| {
        let wish = wish(app, fields)?;
        if !caller.sees_at(wish.client.as_ref(), wish.site.as_ref()) {
            let next = "name a client that you may see";
            return Err(Problem::new(Code::NoRight, "these credentials do not see that client", next));
        }
        let preview = watched(app)?.preview(&wish).map_err(undecided)?;
        Drawn::new(&preview, app.lookout.now())
    });
    Ok(drawn.await?.answer(&HeaderMap::new()))
}

/// `POST /api/v1/maintenance`: mutes, in the name of who asks; of who sees the place and decides of it.
pub(crate) async fn add(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    let fields = fields.map_err(Problem::bad_parameter)?;
    let drawn = work::list(&app, move |app| {
        let wish = wish(app, fields)?;
        may_mute(&caller, wish.client.as_ref(), wish.site.as_ref())?;
        let watch = watched(app)?;
        let mute = act.carried(app, || watch.mute(&wish, act.name())).map_err(undecided)?;
        Drawn::new(&mute, app.lookout.now())
    });
    let drawn = drawn.await?.answer(&HeaderMap::new());
    Ok((StatusCode::CREATED, drawn).into_response())
}

/// `POST /api/v1/maintenance/{id}/end`: ends it before its time; of who sees it and decides of its place.
pub(crate) async fn end(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let drawn = work::list(&app, move |app| {
        let found = visible(app, &caller, &id)?;
        may_mute(&caller, found.wish.client.as_ref(), found.wish.site.as_ref())?;
        let watch = watched(app)?;
        let ended = act.carried(app, || {
            // Looked at again: nobody else acts until this is done.
            seen_as(&version(&visible(app, &caller, &id)?), &headers)?;
            watch.end_mute(&id, act.name()).map_err(undecided)
        })?;
        drawn(&ended, app)
    });
    Ok(drawn.await?.answer(&HeaderMap::new()))
}

/// `GET /api/v1/maintenance/{id}`: one of them, with the ETag that `If-Match` takes.
pub(crate) async fn one(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let drawn = work::list(&app, move |app| drawn(&visible(app, &caller, &id)?, app));
    Ok(drawn.await?.answer(&headers))
}

fn visible(app: &Shared, caller: &Caller, id: &str) -> Result<Mute, Problem> {
    let found = watched(app)?.mutes().into_iter().find(|mute| mute.id == id && sees(caller, mute));
    found.ok_or_else(|| Problem {
        next: "GET /api/v1/maintenance lists what you may see",
        ..Problem::not_found("there is no such maintenance here")
    })
}

/// What somebody wrote of it. That it mutes now is no change of it.
fn version(mute: &Mute) -> String {
    version_of(&(&mute.id, &mute.wish, &mute.by, mute.made_at, &mute.ended))
}

fn drawn(mute: &Mute, app: &Shared) -> Result<Drawn, Problem> {
    Ok(Drawn::new(mute, app.lookout.now())?.with_version(&version(mute)))
}

fn sees(caller: &Caller, mute: &Mute) -> bool {
    caller.sees_at(mute.wish.client.as_ref(), mute.wish.site.as_ref())
}

/// The wish in a body. A relay's is for its own site, whatever it says not.
fn wish(app: &Shared, fields: Fields) -> Result<MuteWish, Problem> {
    let mut value = fields.into_value();
    if let (Some(home), Value::Object(fields)) = (watched(app)?.home(), &mut value) {
        let place = [("client", home.client.to_string()), ("site", home.site.to_string())];
        for (name, own) in place {
            let said = fields.entry(name).or_insert_with(|| Value::String(own.clone()));
            if said.as_str() != Some(&own) {
                return Err(Problem::bad_parameter(format!("a relay mutes at its own site alone, {home}")));
            }
        }
    }
    if let Value::Object(fields) = &mut value {
        for_people(fields, app.lookout.now().utc.0)?;
        // A form's numbers are texts.
        for name in ["from_ms", "until_ms"] {
            if let Some(number) = fields.get(name).and_then(Value::as_str).and_then(|text| text.parse::<i64>().ok()) {
                fields.insert(name.to_owned(), number.into());
            }
        }
    }
    serde_json::from_value(value).map_err(|error| Problem::bad_parameter(format!("that is no maintenance: {error}")))
}

/// What a form says in fields of its own: for so many minutes from now on, a machine, a rule.
fn for_people(fields: &mut Map<String, Value>, now_ms: i64) -> Result<(), Problem> {
    if let Some(minutes) = fields.remove("minutes") {
        let said = minutes.as_str().and_then(|text| text.parse().ok()).or_else(|| minutes.as_i64());
        let minutes: i64 = said.ok_or_else(|| Problem::bad_parameter("minutes is a whole number"))?;
        let until_ms = now_ms.saturating_add(minutes.saturating_mul(60_000));
        fields.insert("until_ms".to_owned(), until_ms.into());
    }
    for name in ["machine", "rule"] {
        let Some(Value::String(value)) = fields.remove(name) else { continue };
        let labels = fields.entry("labels").or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(labels) = labels
            && !value.is_empty()
        {
            labels.insert(name.to_owned(), Value::String(value));
        }
    }
    Ok(())
}
