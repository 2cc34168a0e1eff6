//! How is a client erased, and how is it shown that nothing is left?

use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use vigie_model::Slug;
use vigie_people::{At, Right};

use super::incidents::undecided;
use super::provider::{Denied, of_provider, proved_of_provider};
use crate::act::Act;
use crate::answer::Drawn;
use crate::door::Caller;
use crate::params::Params;
use crate::problem::Problem;
use crate::said::Fields;
use crate::shared::{App, Shared};
use crate::{Erasure, Erasures, Holdings, work};

/// What it takes: people go with it, and what is kept of it is kept no longer.
const RIGHTS: [Right; 2] = [Right::Keep, Right::People];

const DENIED: Denied = (
    "these credentials do not erase a client",
    "ask who looks after this hub: the rights keep and people are needed for all of it",
);

/// A client that is to be erased.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EraseClient {
    /// Its name once more, so that nobody erases another one by a slip.
    name: String,
}

/// What there is of a client, all of which would go with it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClientHoldings {
    client: Slug,
    #[serde(flatten)]
    has: Holdings,
}

/// All erasures, the latest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErasureList {
    erasures: Vec<Erasure>,
}

/// `GET /api/v1/clients/{client}/holdings`: what there is of a client, for who may erase it.
pub(crate) async fn holdings(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(client): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let drawn = work::list(&app, move |app| {
        let client = of_provider(&caller, &RIGHTS, DENIED, &client)?;
        let has = erasures(app)?.holdings(&client).map_err(undecided)?;
        if has.is_nothing() {
            return Err(Problem::not_found("there is no such client here"));
        }
        Drawn::new(&ClientHoldings { client, has }, app.lookout.now())
    });
    Ok(drawn.await?.answer(&headers))
}

/// `POST /api/v1/clients/{client}/erase`: `name`.
pub(crate) async fn erase(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    Path(client): Path<String>,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    let wish = fields.map_err(Problem::bad_parameter)?.into_value();
    let wish: EraseClient = serde_json::from_value(wish)
        .map_err(|error| Problem::bad_parameter(format!("this does not say what is to be erased: {error}")))?;
    work::list(&app, move |app| {
        let client = proved_of_provider(app, &caller, &RIGHTS, DENIED, &client)?;
        begun(app, &act, &client, &wish.name)
    })
    .await
}

fn begun(app: &Shared, act: &Act, client: &Slug, typed: &str) -> Result<Response, Problem> {
    if typed != client.as_str() {
        return Err(Problem::bad_parameter(
            "`name` is not the name of this client: it is said once more, for what is erased never comes back",
        ));
    }
    let begun = erasures(app)?.erase(client, act.name()).map_err(undecided)?;
    let change = (json!(begun.had), json!({ "erasure": begun.id }));
    act.noted(app, None, ("client.erase", client.to_string()), change)?;
    Ok((StatusCode::ACCEPTED, Json(begun)).into_response())
}

/// `GET /api/v1/erasures?client=`: all of them, or those of clients of a name.
pub(crate) async fn list(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let wanted = Params::of_uri(&uri).get("client").map(str::to_owned);
    let drawn = work::list(&app, move |app| {
        let wanted = wanted.map(|client| client.parse::<Slug>()).transpose();
        let wanted = wanted.map_err(|_| Problem::bad_parameter("that can not be the name of a client"))?;
        let mut erasures = seen(app, &caller)?;
        erasures.retain(|one| wanted.as_ref().is_none_or(|client| one.is_of(client)));
        Drawn::new(&ErasureList { erasures }, app.lookout.now())
    });
    Ok(drawn.await?.answer(&headers))
}

/// `GET /api/v1/erasures/{id}`.
pub(crate) async fn one(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let drawn = work::list(&app, move |app| {
        let found = seen(app, &caller)?.into_iter().find(|one| one.id == id);
        Drawn::new(&found.ok_or_else(|| Problem::not_found("there is no such erasure here"))?, app.lookout.now())
    });
    Ok(drawn.await?.answer(&headers))
}

/// What was erased is the provider's to know: whose it was is nobody any more.
fn seen(app: &Shared, caller: &Caller) -> Result<Vec<Erasure>, Problem> {
    match caller.may(Right::Audit, At::Provider) {
        true => erasures(app)?.list().map_err(undecided),
        false => Ok(Vec::new()),
    }
}

fn erasures(app: &Shared) -> Result<&dyn Erasures, Problem> {
    app.erasures.as_deref().ok_or_else(|| Problem::not_found("this node does not erase clients"))
}
