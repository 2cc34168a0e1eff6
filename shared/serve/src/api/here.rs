//! Which node is this, and who am I to it?

use std::collections::BTreeSet;

use axum::extract::{Extension, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use vigie_model::Role;
use vigie_people::Right;

use crate::Upward;
use crate::answer::Drawn;
use crate::door::Caller;
use crate::problem::Problem;
use crate::shared::App;
use crate::work;

/// This node, and who asks.
#[derive(Serialize, ToSchema)]
pub(crate) struct Here {
    role: Role,
    name: String,
    version: &'static str,
    you: String,
    /// Everybody's machines, or the clients whose machines `you` may see.
    clients: Option<Vec<String>>,
    upward: Option<Upward>,
    /// Whether there is a demonstration that `you` see: `/demonstration` says more of it.
    demonstration: bool,
}

/// `GET /api/v1/here`.
pub(crate) async fn here(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let drawn = work::list(&app, move |app| {
        let seen = caller.powers().scopes(Right::Look).filter_map(|scope| scope.of_client()).map(ToString::to_string);
        let clients = (!caller.sees_all()).then(|| seen.collect::<BTreeSet<_>>().into_iter().collect());
        let here = Here {
            role: app.lookout.role(),
            name: app.lookout.name(),
            version: env!("CARGO_PKG_VERSION"),
            you: caller.who.name.clone(),
            // Counts on the way up are of all clients together.
            upward: app.lookout.upward().filter(|_| clients.is_none()),
            clients,
            demonstration: super::demonstration::is_seen(app, &caller),
        };
        Drawn::new(&here, app.lookout.now())
    });
    Ok(drawn.await?.answer(&headers))
}
