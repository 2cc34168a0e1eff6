//! What does somebody ask about themselves?

use axum::extract::{Extension, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use vigie_people::{Id, Order, PersonShown, Powers, Who};

use super::{done, read, told};
use crate::door::Caller;
use crate::people::password::{changed, chosen, with_password};
use crate::people::seeing::{Seeing, seeing};
use crate::problem::Problem;
use crate::said::Fields;
use crate::shared::App;

/// Who asks, what they may and where.
#[derive(Default, Serialize, ToSchema)]
pub(crate) struct Me {
    name: String,
    may: Powers,
    /// Themselves, where a person asks by a browser.
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<PersonShown>,
    /// The browser that asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    must_change_password: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery_codes_left: Option<usize>,
    /// Who looks in this browser, where that is somebody else than its person.
    #[serde(skip_serializing_if = "Option::is_none")]
    seeing: Option<Seeing>,
}

pub(super) async fn me(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let seeing = seeing(&app, &caller);
    told(&app, &headers, move |directory, now| {
        let powers = caller.powers();
        let me = Me { name: caller.who.name.clone(), may: powers.clone(), seeing, ..Me::default() };
        if let Who::Person(id, session) = &caller.who.who
            && let Some(person) = directory.person(id)
        {
            return Ok(json!(Me {
                person: Some(PersonShown::of(person, None)),
                session: Some(session.clone()),
                must_change_password: Some(directory.must_change(id, now)),
                recovery_codes_left: Some(person.recovery.len()),
                ..me
            }));
        }
        Ok(json!(me))
    })
    .await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Proof {
    password: String,
    #[serde(default)]
    code: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPassword {
    /// The present one; left out by who has none yet, and proved a moment ago who they are.
    #[serde(default)]
    password: Option<String>,
    new: String,
}

pub(super) async fn prove(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    parts: Parts,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    let Proof { password, code } = read(fields)?;
    with_password(&app, caller, &parts, "api", password, None, move |proved, _| Order::Prove { proved, code }).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(super) async fn set_password(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    parts: Parts,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    let NewPassword { password, new } = read(fields)?;
    match password {
        Some(password) => with_password(&app, caller, &parts, "api", password, Some(new), changed).await?,
        None => chosen(&app, &caller, &parts, "api", new).await?,
    };
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(super) async fn offer_totp(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    parts: Parts,
) -> Result<Response, Problem> {
    done(&app, caller, &parts, StatusCode::OK, Order::OfferTotp).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Code {
    code: String,
}

pub(super) async fn confirm_totp(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    parts: Parts,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    let Code { code } = read(fields)?;
    done(&app, caller, &parts, StatusCode::OK, Order::ConfirmTotp { code }).await
}

pub(super) async fn end_totp(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    parts: Parts,
) -> Result<Response, Problem> {
    done(&app, caller, &parts, StatusCode::NO_CONTENT, Order::EndTotp).await
}

pub(super) async fn unlink(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    parts: Parts,
) -> Result<Response, Problem> {
    let none = |_| Problem::not_found("you sign in by no account of such a house; nothing was changed");
    let by = name.parse().map_err(none)?;
    done(&app, caller, &parts, StatusCode::NO_CONTENT, Order::Unlink { by }).await
}

pub(super) async fn new_recovery(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    parts: Parts,
) -> Result<Response, Problem> {
    done(&app, caller, &parts, StatusCode::OK, Order::NewRecovery).await
}
