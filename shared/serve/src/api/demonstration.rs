//! How do people see what a cut looks like, before they live one?

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use vigie_model::{DEMONSTRATION, Slug};
use vigie_people::{At, Right};

use super::incidents::undecided;
use crate::act::Act;
use crate::answer::Drawn;
use crate::door::Caller;
use crate::problem::{Code, Problem};
use crate::shared::{App, Shared};
use crate::{Demonstrating, Demonstration, DemonstrationState, work};

/// What it takes over all of the hub: machines join, and what is kept of them is kept no longer. Who removes it needs not prove
/// once more who they are: what goes was made up.
const RIGHTS: [Right; 2] = [Right::Enrol, Right::Keep];

/// `GET /api/v1/demonstration`: that there is one only for who sees it.
pub(crate) async fn one(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let drawn = work::list(&app, move |app| {
        let now = demonstrating(app)?.demonstration().map_err(undecided)?;
        let shown = if sees(&caller) { now } else { Demonstration::none(now.machines) };
        Drawn::new(&shown, app.lookout.now())
    });
    Ok(drawn.await?.answer(&headers))
}

/// `PUT /api/v1/demonstration`: there is one from now on.
pub(crate) async fn begin(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
) -> Result<Response, Problem> {
    work::list(&app, move |app| {
        allowed(&caller)?;
        let before = demonstrating(app)?.demonstration().map_err(undecided)?;
        let begun = demonstrating(app)?.begin(act.name()).map_err(undecided)?;
        if before.state == DemonstrationState::None {
            noted(app, &act, "demonstration.begin", json!({ "machines": begun.machines, "ends_at": begun.ends_at }))?;
        }
        Ok(Json(begun).into_response())
    })
    .await
}

/// `DELETE /api/v1/demonstration`: with all that came of it.
pub(crate) async fn remove(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
) -> Result<Response, Problem> {
    work::list(&app, move |app| {
        allowed(&caller)?;
        let gone = demonstrating(app)?.remove(act.name()).map_err(undecided)?;
        noted(app, &act, "demonstration.remove", json!({ "erasure": gone.erasure }))?;
        Ok((StatusCode::ACCEPTED, Json(gone)).into_response())
    })
    .await
}

/// Whether there is one, for who sees it.
pub(super) fn is_seen(app: &Shared, caller: &Caller) -> bool {
    let now = app.demonstration.as_deref().and_then(|one| one.demonstration().ok());
    now.is_some_and(|now| now.state != DemonstrationState::None) && sees(caller)
}

fn sees(caller: &Caller) -> bool {
    let client: Option<Slug> = DEMONSTRATION.parse().ok();
    caller.sees(client.as_ref())
}

fn allowed(caller: &Caller) -> Result<(), Problem> {
    if RIGHTS.iter().all(|right| caller.may(*right, At::Provider)) {
        return Ok(());
    }
    let whom = "ask who looks after this hub: the rights enrol and keep are needed for all of it";
    Err(Problem::new(Code::NoRight, "these credentials neither begin nor remove a demonstration", whom))
}

/// In the provider's audit: what is the demonstration's own goes with it.
fn noted(app: &Shared, act: &Act, what: &'static str, after: Value) -> Result<(), Problem> {
    act.noted(app, None, (what, DEMONSTRATION.to_owned()), (Value::Null, after))
}

fn demonstrating(app: &Shared) -> Result<&dyn Demonstrating, Problem> {
    app.demonstration.as_deref().ok_or_else(|| Problem::not_found("this node has no demonstration"))
}
