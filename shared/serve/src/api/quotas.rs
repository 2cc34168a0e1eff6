//! How much may a client have, and how much has it?

use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
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
use crate::params::Params;
use crate::problem::Problem;
use crate::said::Fields;
use crate::shared::{App, Shared};
use crate::{ClientQuota, QuotaMost, QuotaOf, Quotas, work};

/// What a number in JSON holds exactly, everywhere.
const MOST: u64 = (1 << 53) - 1;

/// How much clients may have, and have.
#[derive(Serialize, ToSchema)]
pub(crate) struct QuotaList {
    clients: Vec<ClientQuota>,
}

/// `GET /api/v1/quotas?client=`: of the clients that the asker sees as a whole.
pub(crate) async fn list(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let wanted = Params::of_uri(&uri).get("client").map(str::to_owned);
    let drawn = work::list(&app, move |app| {
        let quotas = quotas(app)?;
        let clients = match wanted {
            Some(client) => vec![seen(&caller, &client)?],
            None => {
                let mut clients = quotas.clients();
                // Whose sites there are is all that is asked of them: none is wanted.
                app.lookout.sites_where(&mut |client, _| {
                    clients.push(client.clone());
                    false
                });
                clients.sort();
                clients.dedup();
                clients.retain(|client| caller.sees(Some(client)));
                clients
            }
        };
        Drawn::new(&QuotaList { clients: quotas.quotas(&clients) }, app.lookout.now())
    });
    Ok(drawn.await?.answer(&headers))
}

/// `GET /api/v1/quotas/{client}`.
pub(crate) async fn one(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(client): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let drawn = work::list(&app, move |app| drawn(&quotas(app)?.quota(&seen(&caller, &client)?), app));
    Ok(drawn.await?.answer(&headers))
}

/// `PUT /api/v1/quotas/{client}`: `machines`, `users`, `series`, `samples_per_second`, `storage_bytes`.
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
        let client = may_say(app, &caller, &client)?;
        let most: QuotaMost = serde_json::from_value(fields.into_value())
            .map_err(|error| Problem::bad_parameter(format!("this is not how much a client may have: {error}")))?;
        if most.is_empty() {
            return Err(Problem::bad_parameter("it limits nothing; DELETE says nothing of a client any more"));
        }
        if QuotaOf::ALL.into_iter().filter_map(|what| most.of(what)).any(|most| most > MOST) {
            return Err(Problem::bad_parameter(format!("a quota is at most {MOST}")));
        }
        let quotas = quotas(app)?;
        let (before, set) = act.carried(app, || {
            let before = quotas.quota(&client);
            seen_as(&version(&before), &headers)?;
            Ok::<_, Problem>((before, quotas.set(&client, most, act.name()).map_err(undecided)?))
        })?;
        act.noted(app, Some(&client), ("quota.set", client.to_string()), (json!(before.said), json!(set.said)))?;
        drawn(&set, app)
    });
    Ok(drawn.await?.answer(&HeaderMap::new()))
}

/// `DELETE /api/v1/quotas/{client}`: nothing of it is limited.
pub(crate) async fn unset(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    Path(client): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let unset = work::list(&app, move |app| {
        let client = may_say(app, &caller, &client)?;
        let quotas = quotas(app)?;
        let before = act.carried(app, || {
            let before = quotas.quota(&client);
            seen_as(&version(&before), &headers)?;
            quotas.unset(&client).map_err(undecided)?;
            Ok::<_, Problem>(before)
        })?;
        act.noted(app, Some(&client), ("quota.unset", client.to_string()), (json!(before.said), Value::Null))
    });
    unset.await.map(|()| StatusCode::NO_CONTENT.into_response())
}

/// The client, for who says for all how much each may have: that is between the provider and its clients.
fn may_say(app: &Shared, caller: &Caller, client: &str) -> Result<Slug, Problem> {
    let denied = (
        "these credentials do not say how much a client may have",
        "ask who looks after this hub: the right quota is needed for all of it",
    );
    proved_of_provider(app, caller, &[Right::Quota], denied, client)
}

fn quotas(app: &Shared) -> Result<&dyn Quotas, Problem> {
    app.quotas.as_deref().ok_or_else(|| Problem::not_found("this node does not say how much a client may have"))
}

/// Of what was said alone: what is used changes by itself.
fn version(quota: &ClientQuota) -> String {
    version_of(&(&quota.client, quota.said, &quota.by, quota.made_at))
}

fn drawn(quota: &ClientQuota, app: &Shared) -> Result<Drawn, Problem> {
    Ok(Drawn::new(quota, app.lookout.now())?.with_version(&version(quota)))
}
