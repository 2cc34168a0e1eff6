//! Who is told, and whether that works.

use axum::extract::{Extension, Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use vigie_people::{At, Right};

use super::incidents::{undecided, watched};
use crate::act::Act;
use crate::answer::Drawn;
use crate::dispatch::{Dispatch, OnCallShown, RouteShown};
use crate::door::Caller;
use crate::problem::{Code, Problem};
use crate::said::Fields;
use crate::shared::{App, Shared};
use crate::work;

/// Who is told.
#[derive(Serialize, ToSchema)]
pub(crate) struct RouteList {
    routes: Vec<RouteShown>,
}

/// `GET /api/v1/routes`: the routes that tell of what the asker may see. Those that tell of several clients are for who sees
/// them all.
pub(crate) async fn routes(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let drawn = work::list(&app, move |app| {
        let mut routes = dispatch(app)?.routes();
        routes.retain(|route| sees(&caller, route));
        Drawn::new(&RouteList { routes }, app.lookout.now())
    });
    Ok(drawn.await?.answer(&headers))
}

/// Who is on call.
#[derive(Serialize, ToSchema)]
pub(crate) struct OnCallList {
    schedules: Vec<OnCallShown>,
}

/// `GET /api/v1/oncall`: who is on call for what the asker may see. Schedules of several clients are for who sees them all.
pub(crate) async fn on_call(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let drawn = work::list(&app, move |app| {
        let mut schedules = dispatch(app)?.on_call();
        schedules.retain(|one| caller.may(Right::Look, At::of(one.client.as_ref(), one.site.as_ref())));
        Drawn::new(&OnCallList { schedules }, app.lookout.now())
    });
    Ok(drawn.await?.answer(&headers))
}

/// `POST /api/v1/routes/{name}/test`: sends a real message to each receiver of a route, and says what each said.
pub(crate) async fn try_route(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    Path(name): Path<String>,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    let fields = fields.map_err(Problem::bad_parameter)?;
    if let Some(stranger) = fields.stranger(&[]) {
        let stranger: String = stranger.chars().take(40).collect();
        return Err(Problem::bad_parameter(format!("a test has no fields, and so no {stranger:?}")));
    }
    let drawn = work::list(&app, move |app| {
        let dispatch = dispatch(app)?;
        let found = dispatch.routes().into_iter().find(|route| route.name == name && sees(&caller, route));
        let route = found.ok_or_else(|| Problem {
            next: "GET /api/v1/routes lists what you may see",
            ..Problem::not_found("there is no such route here")
        })?;
        if !caller.may(Right::Tell, at(&route)) {
            let next = "use credentials with the right to tell there, as an operator's or the node's own";
            return Err(Problem::new(Code::NoRight, "these credentials tell nobody there; nothing was sent", next));
        }
        let tried = dispatch.try_route(&route.name, act.name()).map_err(undecided)?;
        let on = format!("{} {}", route.scope, route.name);
        let after = json!({ "delivered": tried.delivered });
        act.noted(app, route.client.as_ref(), ("route.test", on), (Value::Null, after))?;
        Drawn::new(&tried, app.lookout.now())
    });
    Ok(drawn.await?.answer(&HeaderMap::new()))
}

pub(super) fn dispatch(app: &Shared) -> Result<&dyn Dispatch, Problem> {
    watched(app)?.dispatch().ok_or_else(|| Problem::not_found("nobody is told by this node"))
}

pub(super) fn sees(caller: &Caller, route: &RouteShown) -> bool {
    caller.may(Right::Look, at(route))
}

fn at(route: &RouteShown) -> At<'_> {
    At::of(route.client.as_ref(), route.site.as_ref())
}
