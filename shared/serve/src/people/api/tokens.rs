//! What is asked about tokens and sessions?

use std::collections::BTreeSet;

use axum::extract::{Extension, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use vigie_people::{Answer, Name, Order, Right, Scope, SessionShown, TokenShown};

use super::{done, id, read, said, told};
use crate::door::{Caller, from_own_page, set_cookie};
use crate::params::Params;
use crate::people::door::{Typed, sign_in};
use crate::problem::Problem;
use crate::said::Fields;
use crate::shared::App;

/// Days of a token that says nothing of it.
const USUAL_TOKEN_DAYS: u32 = 90;

/// Tokens.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenList {
    tokens: Vec<TokenShown>,
}

/// Browsers that are signed in.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionList {
    sessions: Vec<SessionShown>,
}

pub(super) async fn tokens(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    told(&app, &headers, move |directory, now| {
        Ok(json!(TokenList { tokens: directory.tokens_shown(&caller.who.who, caller.powers(), now) }))
    })
    .await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MakeToken {
    name: Name,
    rights: BTreeSet<Right>,
    scopes: Vec<Scope>,
    #[serde(default)]
    days: Option<u32>,
}

pub(super) async fn make_token(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    parts: Parts,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    let MakeToken { name, rights, scopes, days } = read(fields)?;
    let order = Order::MakeToken { name, rights, scopes, days: days.unwrap_or(USUAL_TOKEN_DAYS) };
    done(&app, caller, &parts, StatusCode::CREATED, order).await
}

pub(super) async fn revoke_token(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(token): Path<String>,
    parts: Parts,
) -> Result<Response, Problem> {
    done(&app, caller, &parts, StatusCode::NO_CONTENT, Order::RevokeToken { token: id(&token, "token")? }).await
}

pub(super) async fn sessions(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let all = Params::of_uri(&uri).get("all").is_some_and(|all| all == "true");
    told(&app, &headers, move |directory, now| {
        Ok(json!(SessionList { sessions: directory.sessions_shown(&caller.who.who, caller.powers(), all, now) }))
    })
    .await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignIn {
    email: String,
    password: String,
    #[serde(default)]
    code: String,
}

pub(super) async fn open_session(
    State(app): State<App>,
    parts: Parts,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    from_own_page(&parts.headers)?;
    let SignIn { email, password, code } = read(fields)?;
    let signed_in = sign_in(&app, &parts, "api", Typed { email, password, code }).await?;
    let cookie = set_cookie(&signed_in.secret, &app.options);
    let answer = said(&Answer::SignedIn(signed_in), StatusCode::CREATED);
    Ok(([(header::SET_COOKIE, cookie)], answer).into_response())
}

pub(super) async fn end_session(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(session): Path<String>,
    parts: Parts,
) -> Result<Response, Problem> {
    let order = Order::EndSession { session: id(&session, "session")? };
    done(&app, caller, &parts, StatusCode::NO_CONTENT, order).await
}
