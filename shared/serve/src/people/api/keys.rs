//! What is asked about passkeys?

use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use vigie_passkeys::Question;
use vigie_people::{Answer, Asker, Name, Order, PasskeyShown, Refused, SignedIn, Who};

use super::{done, id, read, said, told};
use crate::door::{Address, Caller, from_own_page, set_cookie};
use crate::people::NotDone;
use crate::people::door::{agent, problem};
use crate::people::keys::{self, Invited, Sent};
use crate::problem::Problem;
use crate::said::Fields;
use crate::shared::{App, Shared};
use crate::work;

/// One's own passkeys.
#[derive(Serialize, ToSchema)]
pub(crate) struct PasskeyList {
    passkeys: Vec<PasskeyShown>,
    /// Whether this hub has an address of its own for which browsers make passkeys.
    can_add: bool,
}

/// A question to a browser.
#[derive(Serialize, ToSchema)]
pub(crate) struct Asked {
    /// What the answer is sent back with. It is good for five minutes, and for one answer.
    question: String,
    /// What `navigator.credentials` takes as `publicKey`, with bytes as base64url.
    #[schema(value_type = std::collections::BTreeMap<String, Value>)]
    options: Value,
}

/// What a browser's device answered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyAnswer {
    question: String,
    /// The credential as `toJSON()` writes it.
    #[schema(value_type = std::collections::BTreeMap<String, Value>)]
    answer: Value,
}

/// A passkey that was made, and what its owner calls it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPasskey {
    question: String,
    #[schema(value_type = std::collections::BTreeMap<String, Value>)]
    answer: Value,
    name: Name,
}

/// What a passkey is called.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasskeyName {
    name: Name,
}

/// Whether a passkey or a code must stand beside one's password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Second {
    needed: bool,
}

/// An invitation's code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InvitationCode {
    code: String,
}

/// A passkey of somebody who was invited.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AcceptByKey {
    code: String,
    question: String,
    #[schema(value_type = std::collections::BTreeMap<String, Value>)]
    answer: Value,
    /// What others call them, if it is not what whoever invited them wrote.
    #[serde(default)]
    name: Option<Name>,
    /// What they call the passkey.
    called: Name,
}

fn asked(question: Question) -> Response {
    let Question { question, options } = question;
    Json(json!(Asked { question, options })).into_response()
}

fn from(app: &Shared, parts: &Parts) -> String {
    Address::of(parts, &app.options).to_string()
}

fn let_in(app: &Shared, signed_in: SignedIn) -> Response {
    let cookie = set_cookie(&signed_in.secret, &app.options);
    ([(header::SET_COOKIE, cookie)], said(&Answer::SignedIn(signed_in), StatusCode::CREATED)).into_response()
}

pub(super) async fn ask_at_door(State(app): State<App>, parts: Parts) -> Result<Response, Problem> {
    from_own_page(&parts.headers)?;
    let from = from(&app, &parts);
    work::list(&app, move |app| keys::ask_at_door(app, &from)).await.map(asked)
}

pub(super) async fn sign_in(
    State(app): State<App>,
    parts: Parts,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    from_own_page(&parts.headers)?;
    let KeyAnswer { question, answer } = read(fields)?;
    let (asker, agent) = (nobody(&app, &parts), agent(&parts.headers));
    let signed_in = work::list(&app, move |app| keys::sign_in(app, &Sent { question, answer }, &asker, agent));
    Ok(let_in(&app, signed_in.await?))
}

fn nobody(app: &Shared, parts: &Parts) -> Asker {
    Asker { who: Who::Nobody, by: "page", from: from(app, parts) }
}

pub(super) async fn passkeys(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let can_add = app.options.passkeys.is_some();
    told(&app, &headers, move |directory, _| {
        let not = || problem(NotDone::Refused(Refused::NotAPerson));
        let Who::Person(id, _) = &caller.who.who else { return Err(not()) };
        let person = directory.person(id).ok_or_else(not)?;
        Ok(json!(PasskeyList { passkeys: person.passkeys.iter().map(PasskeyShown::of).collect(), can_add }))
    })
    .await
}

pub(super) async fn ask_to_make(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, Problem> {
    work::list(&app, move |app| keys::ask_to_make(app, &caller.who.who)).await.map(asked)
}

pub(super) async fn add(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    parts: Parts,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    let NewPasskey { question, answer, name } = read(fields)?;
    let asker = caller.asker("page", from(&app, &parts));
    let added = work::list(&app, move |app| keys::add(app, &Sent { question, answer }, name, &asker));
    Ok(said(&added.await?, StatusCode::CREATED))
}

pub(super) async fn rename(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(passkey): Path<String>,
    parts: Parts,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    let PasskeyName { name } = read(fields)?;
    let order = Order::RenamePasskey { passkey: id(&passkey, "passkey")?, name };
    done(&app, caller, &parts, StatusCode::OK, order).await
}

pub(super) async fn remove(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(passkey): Path<String>,
    parts: Parts,
) -> Result<Response, Problem> {
    let order = Order::RemovePasskey { passkey: id(&passkey, "passkey")? };
    done(&app, caller, &parts, StatusCode::NO_CONTENT, order).await
}

pub(super) async fn need_second(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    parts: Parts,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    let Second { needed } = read(fields)?;
    done(&app, caller, &parts, StatusCode::OK, Order::NeedSecond { needed }).await
}

pub(super) async fn ask_to_prove(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, Problem> {
    work::list(&app, move |app| keys::ask_to_prove(app, &caller.who.who)).await.map(asked)
}

pub(super) async fn prove(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    parts: Parts,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    let KeyAnswer { question, answer } = read(fields)?;
    let asker = caller.asker("page", from(&app, &parts));
    let proved = work::list(&app, move |app| keys::prove(app, &Sent { question, answer }, &asker));
    Ok(said(&proved.await?, StatusCode::NO_CONTENT))
}

pub(super) async fn ask_invited(
    State(app): State<App>,
    parts: Parts,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    from_own_page(&parts.headers)?;
    let InvitationCode { code } = read(fields)?;
    let from = from(&app, &parts);
    work::list(&app, move |app| keys::ask_invited(app, &code, &from)).await.map(asked)
}

pub(super) async fn accept(
    State(app): State<App>,
    parts: Parts,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    from_own_page(&parts.headers)?;
    let AcceptByKey { code, question, answer, name, called } = read(fields)?;
    let (asker, agent) = (nobody(&app, &parts), agent(&parts.headers));
    let (sent, invited) = (Sent { question, answer }, Invited { code, name, called });
    let signed_in = work::list(&app, move |app| keys::take_up(app, &sent, invited, &asker, agent));
    Ok(let_in(&app, signed_in.await?))
}
