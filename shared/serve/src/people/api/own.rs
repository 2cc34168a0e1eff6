//! What does somebody ask about themselves?

use axum::extract::{Extension, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use vigie_people::{Order, PersonShown, Who};

use super::{done, read, told};
use crate::door::Caller;
use crate::people::password::{changed, with_password};
use crate::problem::Problem;
use crate::said::Fields;
use crate::shared::App;

pub(super) async fn me(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    told(&app, &headers, move |directory, now| {
        let powers = caller.powers();
        let mut me = json!({ "name": caller.who.name, "may": powers });
        if let Who::Person(id, session) = &caller.who.who
            && let Some(person) = directory.person(id)
        {
            me["person"] = json!(PersonShown::of(person, None));
            me["session"] = json!(session);
            me["must_change_password"] = json!(directory.must_change(id, now));
            me["recovery_codes_left"] = json!(person.recovery.len());
        }
        Ok(me)
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Proof {
    password: String,
    #[serde(default)]
    code: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewPassword {
    password: String,
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
    with_password(&app, caller, &parts, "api", password, Some(new), changed).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(super) async fn offer_totp(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    parts: Parts,
) -> Result<Response, Problem> {
    done(&app, caller, &parts, StatusCode::OK, Order::OfferTotp).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Code {
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

pub(super) async fn new_recovery(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    parts: Parts,
) -> Result<Response, Problem> {
    done(&app, caller, &parts, StatusCode::OK, Order::NewRecovery).await
}
