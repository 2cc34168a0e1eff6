//! Which sites are there?

use axum::extract::{Extension, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::Site;
use crate::answer::Drawn;
use crate::door::Caller;
use crate::problem::Problem;
use crate::shared::App;
use crate::work;

/// Sites.
#[derive(Serialize, ToSchema)]
pub(crate) struct Sites {
    sites: Vec<Site>,
}

/// `GET /api/v1/sites`: every site the asker may see, by client and name.
pub(crate) async fn sites(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let drawn = work::list(&app, move |app| {
        let mut sites = app.lookout.sites();
        sites.retain(|site| caller.sees_at(Some(&site.client), Some(&site.name)));
        sites.sort_by(|a, b| (&a.client, &a.name).cmp(&(&b.client, &b.name)));
        Drawn::new(&Sites { sites }, app.lookout.now())
    });
    Ok(drawn.await?.answer(&headers))
}
