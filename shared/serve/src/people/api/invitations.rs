//! What is asked about invitations?

use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use vigie_people::{Email, Grant, InvitationShown, Language, Name, Order};

use super::{done, id, read, said, stamped, told};
use crate::door::{Caller, from_own_page};
use crate::people::inviting;
use crate::people::password::take_up;
use crate::problem::Problem;
use crate::said::Fields;
use crate::shared::App;

/// Invitations that nobody has taken up yet.
#[derive(Serialize, ToSchema)]
pub(crate) struct InvitationList {
    invitations: Vec<InvitationShown>,
}

pub(super) async fn invitations(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    told(&app, &headers, move |directory, now| {
        Ok(json!(InvitationList { invitations: directory.invitations_shown(caller.powers(), now) }))
    })
    .await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Invite {
    email: Email,
    name: Name,
    grants: Vec<Grant>,
    /// In which language they are written to; English unless said otherwise.
    #[serde(default)]
    language: Language,
    /// Whether they are written to, where the hub writes letters; they are unless this says no.
    #[serde(default)]
    mail: Option<bool>,
}

/// How somebody gets their code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HowHanded {
    /// Whether they are written to, where the hub writes letters; they are unless this says no.
    #[serde(default)]
    pub(super) mail: Option<bool>,
}

pub(super) async fn invite(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    parts: Parts,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    let Invite { email, name, grants, language, mail } = read(fields)?;
    let order = Order::Invite { email, name, grants, language };
    let handed = inviting::invite(&app, &caller, &parts, "api", order, mail.unwrap_or(true)).await?;
    Ok((StatusCode::CREATED, Json(stamped(json!(handed)))).into_response())
}

pub(super) async fn renew(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(invitation): Path<String>,
    parts: Parts,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    let HowHanded { mail } = read(fields)?;
    let order = Order::Renew { invitation: id(&invitation, "invitation")? };
    let handed = inviting::invite(&app, &caller, &parts, "api", order, mail.unwrap_or(true)).await?;
    Ok(Json(stamped(json!(handed))).into_response())
}

pub(super) async fn withdraw(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(invitation): Path<String>,
    parts: Parts,
) -> Result<Response, Problem> {
    let order = Order::Withdraw { invitation: id(&invitation, "invitation")? };
    done(&app, caller, &parts, StatusCode::NO_CONTENT, order).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Accept {
    code: String,
    #[serde(default)]
    name: Option<Name>,
    password: String,
}

pub(super) async fn accept(
    State(app): State<App>,
    parts: Parts,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    from_own_page(&parts.headers)?;
    let Accept { code, name, password } = read(fields)?;
    let answer = take_up(&app, &parts, "api", code, name, password).await?;
    Ok(said(&answer, StatusCode::CREATED))
}
