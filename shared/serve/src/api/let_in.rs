//! Who was let in at a site's own page?

use axum::Json;
use axum::extract::{Extension, Path, State};
use serde::Serialize;
use utoipa::ToSchema;
use vigie_people::{At, Right};

use crate::door::Caller;
use crate::problem::{Code, Problem};
use crate::shared::App;
use crate::ways::{Need, Ways};
use crate::{LetInAt, Place, work};

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
    Ways::new().get("/sites/{client}/{site}/people", Need::May(Right::People), people)
}

/// `GET /api/v1/sites/{client}/{site}/people`, for who looks after the people there.
pub(crate) async fn people(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((client, site)): Path<(String, String)>,
) -> Result<Json<LetInThere>, Problem> {
    let place = client.parse().ok().zip(site.parse().ok()).map(|(client, site)| Place { client, site });
    let Some(place) = place.filter(|place| caller.may(Right::People, At::Site(&place.client, &place.site))) else {
        let next = "name a client and site where you have the right to look after people";
        return Err(Problem::new(Code::NoRight, "these credentials look after nobody there", next));
    };
    let listed = work::list(&app, move |app| {
        let lets_in = app.lets_in.as_ref().ok_or_else(|| Problem::not_found("people are let in by the hub"))?;
        lets_in.at(&place.client, &place.site).map_err(|error| {
            tracing::error!(error, "who was let in can not be read now");
            Problem::internal()
        })
    });
    Ok(Json(LetInThere { people: listed.await? }))
}
