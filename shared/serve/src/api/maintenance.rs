//! Maintenance and silences: when is nobody told?

mod wish;

use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use self::wish::{narrowed, place, wish};
use super::incidents::{may_mute, undecided, watched};
use crate::act::Act;
use crate::answer::{Drawn, seen_as, version_of};
use crate::door::Caller;
use crate::problem::{Code, Problem};
use crate::said::Fields;
use crate::shared::{App, Shared};
use crate::{Marks, Mute, work};

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
        let (mut maintenance, marks) = (watched(app)?.mutes(), app.marks());
        maintenance.retain(|mute| sees(&caller, &marks, mute));
        Drawn::new(&MaintenanceList { maintenance }, app.lookout.now())
    });
    Ok(drawn.await?.answer(&headers))
}

/// `POST /api/v1/maintenance/preview`: what a wish would mute, for who sees its place or the one machine that it is of.
pub(crate) async fn preview(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    let fields = fields.map_err(Problem::bad_parameter)?;
    let drawn = work::list(&app, move |app| {
        let wish = narrowed(app, &caller, wish(app, fields)?)?;
        if !caller.sees_there(place(&app.marks(), &wish)) {
            let next = "name a client that you may see";
            return Err(Problem::new(Code::NoRight, "these credentials do not see that client", next));
        }
        let preview = watched(app)?.preview(&wish).map_err(undecided)?;
        Drawn::new(&preview, app.lookout.now())
    });
    Ok(drawn.await?.answer(&HeaderMap::new()))
}

/// `POST /api/v1/maintenance`: mutes, in the name of who asks; of who sees the place, or the one machine that it is of, and
/// says there when nobody is told.
pub(crate) async fn add(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    let fields = fields.map_err(Problem::bad_parameter)?;
    let drawn = work::list(&app, move |app| {
        let wish = narrowed(app, &caller, wish(app, fields)?)?;
        may_mute(&caller, place(&app.marks(), &wish))?;
        let watch = watched(app)?;
        let mute = act.carried(app, || watch.mute(&wish, act.name())).map_err(undecided)?;
        Drawn::new(&mute, app.lookout.now())
    });
    let drawn = drawn.await?.answer(&HeaderMap::new());
    Ok((StatusCode::CREATED, drawn).into_response())
}

/// `POST /api/v1/maintenance/{id}/end`: ends it before its time; of who sees it and might have asked for it.
pub(crate) async fn end(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let drawn = work::list(&app, move |app| {
        let found = visible(app, &caller, &id)?;
        may_mute(&caller, place(&app.marks(), &found.wish))?;
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
    let marks = app.marks();
    let found = watched(app)?.mutes().into_iter().find(|mute| mute.id == id && sees(caller, &marks, mute));
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

fn sees(caller: &Caller, marks: &Marks, mute: &Mute) -> bool {
    caller.sees_there(place(marks, &mute.wish))
}
