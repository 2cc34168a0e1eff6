//! For how long is a client's data kept?

use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use vigie_model::Slug;
use vigie_people::Right;

use super::incidents::undecided;
use super::provider::{proved_of_provider, seen};
use crate::act::Act;
use crate::answer::{Drawn, seen_as, version_of};
use crate::door::Caller;
use crate::problem::Problem;
use crate::said::Fields;
use crate::shared::{App, Shared};
use crate::{ClientTerms, KeepDays, KeepingTerms, work};

/// A hundred years: who means longer means for ever.
const MOST_DAYS: u32 = 36_500;

/// What is said of whom.
#[derive(Serialize, ToSchema)]
pub(crate) struct TermsList {
    /// What holds where nothing else is said; null for who does not see everybody's.
    usual: Option<ClientTerms>,
    clients: Vec<ClientTerms>,
}

/// `GET /api/v1/retention`: what is said of the clients that the asker sees as a whole.
pub(crate) async fn list(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let drawn = work::list(&app, move |app| {
        let terms = keeping(app)?;
        let clients = terms.clients().into_iter().filter(|client| caller.sees(Some(client)));
        let clients = clients.map(|client| terms.terms(Some(&client))).collect();
        let usual = caller.sees_all().then(|| terms.terms(None));
        Drawn::new(&TermsList { usual, clients }, app.lookout.now())
    });
    Ok(drawn.await?.answer(&headers))
}

/// `GET /api/v1/retention/{client}`.
pub(crate) async fn one(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(client): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let drawn = work::list(&app, move |app| {
        let client = seen(&caller, &client)?;
        drawn(&keeping(app)?.terms(Some(&client)), app)
    });
    Ok(drawn.await?.answer(&headers))
}

/// `PUT /api/v1/retention/{client}`: `raw_days`, `minute_days`, `hour_days`; what is too old goes within an hour.
pub(crate) async fn put(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    Path(client): Path<String>,
    headers: HeaderMap,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    let fields = fields.map_err(Problem::bad_parameter)?;
    let drawn = work::list(&app, move |app| {
        let client = may_keep(app, &caller, &client)?;
        let days: KeepDays = serde_json::from_value(fields.into_value())
            .map_err(|error| Problem::bad_parameter(format!("these are no days to be kept: {error}")))?;
        if [days.raw_days, days.minute_days, days.hour_days].into_iter().flatten().any(|days| days > MOST_DAYS) {
            return Err(Problem::bad_parameter(format!(
                "something is kept for at most {MOST_DAYS} days, or for ever: 0"
            )));
        }
        let terms = keeping(app)?;
        act.carried(app, || {
            let before = terms.terms(Some(&client));
            seen_as(&version(&before), &headers)?;
            let set = terms.set(&client, days, act.name()).map_err(undecided)?;
            Ok((before, set))
        })
        .and_then(|(before, set): (ClientTerms, ClientTerms)| {
            let change = (json!(before.keeps), json!(set.keeps));
            act.noted(app, Some(&client), ("retention.set", client.to_string()), change)?;
            drawn(&set, app)
        })
    });
    Ok(drawn.await?.answer(&HeaderMap::new()))
}

/// `DELETE /api/v1/retention/{client}`: the hub's file holds for it.
pub(crate) async fn unset(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    Path(client): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let unset = work::list(&app, move |app| {
        let client = may_keep(app, &caller, &client)?;
        let terms = keeping(app)?;
        let (before, set) = act.carried(app, || {
            let before = terms.terms(Some(&client));
            seen_as(&version(&before), &headers)?;
            Ok::<_, Problem>((before, terms.unset(&client).map_err(undecided)?))
        })?;
        let change: (Value, Value) = (json!(before.keeps), json!(set.keeps));
        act.noted(app, Some(&client), ("retention.unset", client.to_string()), change)
    });
    unset.await.map(|()| StatusCode::NO_CONTENT.into_response())
}

/// The client, for who says for all how long things are kept: what is let go never comes back, and what is kept costs the
/// provider's disk.
fn may_keep(app: &Shared, caller: &Caller, client: &str) -> Result<Slug, Problem> {
    let denied = (
        "these credentials do not say how long data is kept",
        "ask who looks after this hub: the right to keep is needed for all of it",
    );
    proved_of_provider(app, caller, &[Right::Keep], denied, client)
}

fn keeping(app: &Shared) -> Result<&dyn KeepingTerms, Problem> {
    app.keeping.as_deref().ok_or_else(|| Problem::not_found("this node does not say how long data is kept"))
}

fn version(terms: &ClientTerms) -> String {
    version_of(&(&terms.client, terms.said, &terms.by, terms.made_at))
}

fn drawn(terms: &ClientTerms, app: &Shared) -> Result<Drawn, Problem> {
    Ok(Drawn::new(terms, app.lookout.now())?.with_version(&version(terms)))
}
