//! Who is let in at a site's own page, and who no longer?

use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use vigie_people::{At, Right};

use super::provider::proved;
use crate::act::Act;
use crate::door::Caller;
use crate::problem::{Code, Problem};
use crate::said::Fields;
use crate::shared::{App, Shared};
use crate::ways::{Need, Ways};
use crate::{LetInAt, LetInMay, LetInNow, LetInRefused, LetInWish, LetsIn, Place, work};

/// Who may sign in at a site's own page while it is cut off, by name.
#[derive(Serialize, ToSchema)]
pub(crate) struct LetInThere {
    people: Vec<LetInAt>,
}

/// Where people are let in.
pub(crate) fn ways(app: &App) -> Ways {
    if app.lets_in.is_none() {
        return Ways::new();
    }
    let looks_after = Need::May(Right::People);
    Ways::new()
        .get("/sites/{client}/{site}/people", looks_after, people)
        .post("/sites/{client}/{site}/people", looks_after, let_in)
        .delete("/sites/{client}/{site}/people/{name}", looks_after, take_back)
}

/// `GET /api/v1/sites/{client}/{site}/people`, for who looks after the people there.
pub(crate) async fn people(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((client, site)): Path<(String, String)>,
) -> Result<Json<LetInThere>, Problem> {
    let place = place_of(&caller, &client, &site)?;
    let listed = work::list(&app, move |app| {
        hub(app)?.at(&place.client, &place.site).map_err(|error| {
            tracing::error!(error, "who was let in can not be read now");
            Problem::internal()
        })
    });
    Ok(Json(LetInThere { people: listed.await? }))
}

/// `POST /api/v1/sites/{client}/{site}/people`: answered with the passphrase, once.
pub(crate) async fn let_in(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((client, site)): Path<(String, String)>,
    act: Act,
    fields: Result<Fields, String>,
) -> Result<(StatusCode, Json<LetInNow>), Problem> {
    let place = place_of(&caller, &client, &site)?;
    proved(&app, &caller)?;
    let value = fields.map_err(Problem::bad_parameter)?.into_value();
    let wish: LetInWish = serde_json::from_value(value)
        .map_err(|error| Problem::bad_parameter(format!("the body can not be used: {error}")))?;
    let right = if wish.may == LetInMay::Decide { Right::Decide } else { Right::Look };
    if !caller.may(right, At::Site(&place.client, &place.site)) {
        let next = "ask somebody who may it there, or let them look alone";
        let said = "nobody gives more than they may there themselves; nothing was changed";
        return Err(Problem::new(Code::NoRight, said, next));
    }
    // A passphrase costs a tenth of a second on purpose.
    let done = work::list(&app, move |app| {
        let hub = hub(app)?;
        act.carried(app, || hub.let_in(&place, &wish)).map_err(not_let_in)
    });
    Ok((StatusCode::CREATED, Json(done.await?)))
}

/// `DELETE /api/v1/sites/{client}/{site}/people/{name}`.
pub(crate) async fn take_back(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((client, site, name)): Path<(String, String, String)>,
    act: Act,
) -> Result<StatusCode, Problem> {
    let place = place_of(&caller, &client, &site)?;
    proved(&app, &caller)?;
    let done = work::list(&app, move |app| {
        let hub = hub(app)?;
        act.carried(app, || hub.take_back(&place, &name)).map_err(not_let_in)
    });
    done.await.map(|_| StatusCode::NO_CONTENT)
}

/// The site of a path, for who looks after its people.
fn place_of(caller: &Caller, client: &str, site: &str) -> Result<Place, Problem> {
    let place = client.parse().ok().zip(site.parse().ok()).map(|(client, site)| Place { client, site });
    place.filter(|place| caller.may(Right::People, At::Site(&place.client, &place.site))).ok_or_else(|| {
        let next = "name a client and site where you have the right to look after people";
        Problem::new(Code::NoRight, "these credentials look after nobody there", next)
    })
}

fn hub(app: &Shared) -> Result<&dyn LetsIn, Problem> {
    app.lets_in.as_deref().ok_or_else(|| Problem::not_found("people are let in by the hub"))
}

fn not_let_in(not: LetInRefused) -> Problem {
    let said = not.to_string();
    match not {
        LetInRefused::Senseless(_) => Problem::bad_parameter(said),
        LetInRefused::Already(_) => Problem::new(Code::Conflict, said, "take it back first, or choose another name"),
        LetInRefused::NotThere(_) => Problem::not_found(said),
        LetInRefused::NotKept(_) => {
            Problem { retry_after_seconds: Some(5), ..Problem::new(Code::Busy, said, "ask again") }
        }
    }
}
