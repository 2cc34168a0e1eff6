//! What do programs ask about people, roles, invitations, tokens and sessions?
//!
//! Each change is an [`Order`] in the asker's name; the hub decides it by what they may at that moment.

mod invitations;
mod keys;
mod listed;
mod own;
mod people;
mod tokens;

pub(crate) use invitations::{Accept, HowHanded, InvitationList, Invite};
pub(crate) use keys::{AcceptByKey, Asked, InvitationCode, KeyAnswer, NewPasskey, PasskeyList, PasskeyName, Second};
pub(crate) use own::{Code, Me, NewPassword, Proof};
pub(crate) use people::{Erase, Grants, PeopleList, Rights, RoleList};
pub(crate) use tokens::{MakeToken, SessionList, SignIn, TokenList};

use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use vigie_model::UtcMs;
use vigie_people::{Answer, Asker, Directory, Id, Order, PersonShown, Refused, Right, Who};

use super::door::problem;
use super::{NotDone, audit, client_export, export, seeing};
use crate::answer::Drawn;
use crate::door::{Address, Caller};
use crate::problem::Problem;
use crate::said::Fields;
use crate::shared::App;
use crate::ways::{Need, Ways};
use crate::{Stamp, work};

/// The addresses below `/api/v1`, on a hub that knows people.
pub(crate) fn ways() -> Ways {
    let (looks_after, roles) = (Need::May(Right::People), Need::May(Right::Roles));
    let audits = Need::May(Right::Audit);
    Ways::new()
        .get("/me", Need::SignedIn, own::me)
        .get("/me/export", Need::SignedIn, export::own)
        .get("/people/{id}/export", looks_after, export::of_person)
        .post("/me/password", Need::SignedIn, own::set_password)
        .post("/me/proof", Need::SignedIn, own::prove)
        .post("/me/proof/passkey/ask", Need::SignedIn, keys::ask_to_prove)
        .post("/me/proof/passkey", Need::SignedIn, keys::prove)
        .post("/me/seeing", Need::SignedIn, seeing::begin)
        .delete("/me/seeing", Need::SignedIn, seeing::end)
        .get("/looked", Need::SignedIn, seeing::looked)
        .get("/me/passkeys", Need::SignedIn, keys::passkeys)
        .post("/me/passkeys/ask", Need::SignedIn, keys::ask_to_make)
        .post("/me/passkeys", Need::SignedIn, keys::add)
        .put("/me/passkeys/{id}", Need::SignedIn, keys::rename)
        .delete("/me/passkeys/{id}", Need::SignedIn, keys::remove)
        .put("/me/second", Need::SignedIn, keys::need_second)
        .post("/me/totp", Need::SignedIn, own::offer_totp)
        .post("/me/totp/confirm", Need::SignedIn, own::confirm_totp)
        .delete("/me/totp", Need::SignedIn, own::end_totp)
        .delete("/me/sign-ins/{name}", Need::SignedIn, own::unlink)
        .post("/me/recovery", Need::SignedIn, own::new_recovery)
        .get("/people", looks_after, people::people_list)
        .get("/people/{id}", looks_after, people::person)
        .put("/people/{id}/grants", looks_after, people::allow)
        .post("/people/{id}/disable", looks_after, people::disable)
        .post("/people/{id}/enable", looks_after, people::enable)
        .post("/people/{id}/reset", looks_after, people::reset)
        .post("/people/{id}/erase", looks_after, people::erase)
        .get("/invitations", looks_after, invitations::invitations)
        .post("/invitations", looks_after, invitations::invite)
        .post("/invitations/{id}/renew", looks_after, invitations::renew)
        .delete("/invitations/{id}", looks_after, invitations::withdraw)
        .get("/roles", Need::SignedIn, people::role_list)
        .put("/roles/{name}", roles, people::put_role)
        .delete("/roles/{name}", roles, people::remove_role)
        .get("/tokens", Need::SignedIn, tokens::tokens)
        .post("/tokens", Need::May(Right::Tokens), tokens::make_token)
        .delete("/tokens/{id}", Need::SignedIn, tokens::revoke_token)
        .get("/sessions", Need::SignedIn, tokens::sessions)
        .delete("/sessions/{id}", Need::SignedIn, tokens::end_session)
        .get("/clients/{client}/export", audits, client_export::export)
        .get("/audit", audits, audit::lines)
        .get("/audit/verify", audits, audit::verify)
        .get("/audit/export", audits, audit::export)
}

/// What needs nobody to be signed in.
pub(crate) fn open_ways() -> Ways {
    let accept = "/api/v1/invitations/accept";
    Ways::new()
        .post("/api/v1/sessions", Need::Open, tokens::open_session)
        .post("/api/v1/sessions/passkey/ask", Need::Open, keys::ask_at_door)
        .post("/api/v1/sessions/passkey", Need::Open, keys::sign_in)
        .post("/api/v1/invitations/passkey/ask", Need::Open, keys::ask_invited)
        .post("/api/v1/invitations/passkey", Need::Open, keys::accept)
        .post(accept, Need::Open, invitations::accept)
}

impl Caller {
    /// In whose name something is asked.
    pub(crate) fn asker(&self, by: &'static str, from: String) -> Asker {
        let who = match &self.who.who {
            Who::Nobody => Who::Program(self.who.name.clone(), self.powers().clone()),
            who => who.clone(),
        };
        Asker { who, by, from }
    }
}

/// Reads of the directory, and says it as JSON.
pub(super) async fn told(
    app: &App,
    headers: &HeaderMap,
    read: impl FnOnce(&Directory, UtcMs) -> Result<Value, Problem> + Send + 'static,
) -> Result<Response, Problem> {
    let drawn = work::list(app, move |app| {
        let people = app.people.as_deref().ok_or_else(Problem::internal)?;
        let value = read(&people.directory(), app.lookout.now().utc)?;
        Drawn::new(&stamped(value), app.lookout.now())
    });
    Ok(drawn.await?.answer(headers))
}

/// Carries an order out in the caller's name.
async fn done(app: &App, caller: Caller, parts: &Parts, status: StatusCode, order: Order) -> Result<Response, Problem> {
    let asker = caller.asker("api", Address::of(parts, &app.options).to_string());
    let answer = work::list(app, move |app| {
        let people = app.people.as_deref().ok_or_else(Problem::internal)?;
        people.carry_out(order, &asker).map_err(problem)
    });
    Ok(said(&answer.await?, status))
}

pub(super) fn said(answer: &Answer, status: StatusCode) -> Response {
    match answer {
        Answer::Nothing => StatusCode::NO_CONTENT.into_response(),
        other => {
            let version = if let Answer::Person(person) = other { Some(etag(person)) } else { None };
            let mut response = (status, axum::Json(stamped(json!(other)))).into_response();
            version
                .and_then(|version| version.parse().ok())
                .map(|etag| response.headers_mut().insert(header::ETAG, etag));
            response
        }
    }
}

/// What a person's `If-Match` takes. Not the hash of the answer: who looks after less sees less of the same version.
fn etag(person: &PersonShown) -> String {
    format!("\"{}\"", person.version)
}

/// The version that the asker has seen, if they say so.
fn seen(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(text) = headers.get(header::IF_MATCH).and_then(|text| text.to_str().ok()) else { return Ok(None) };
    let wrong = || Problem::bad_parameter("If-Match takes the version of a person, as their ETag says it");
    text.trim().trim_matches('"').parse().map(Some).map_err(|_| wrong())
}

pub(super) fn read<T: DeserializeOwned>(fields: Result<Fields, String>) -> Result<T, Problem> {
    let value = fields.map_err(Problem::bad_parameter)?.into_value();
    serde_json::from_value(value).map_err(|error| Problem::bad_parameter(format!("the body can not be used: {error}")))
}

fn id(text: &str, what: &'static str) -> Result<Id, Problem> {
    text.parse().map_err(|_| problem(NotDone::Refused(Refused::NotThere(what))))
}

/// Times as all of our API says them: what is kept in ms since 1970 as `…_ms` is told as RFC 3339 under `…_at`.
pub(crate) fn stamped(value: Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(fields.into_iter().map(told_time).collect::<Map<_, _>>()),
        Value::Array(list) => Value::Array(list.into_iter().map(stamped).collect()),
        other => other,
    }
}

fn told_time((key, value): (String, Value)) -> (String, Value) {
    match (key.strip_suffix("_ms"), value.as_i64()) {
        (Some(name), Some(ms)) => (format!("{name}_at"), json!(Stamp(UtcMs(ms)).to_string())),
        (Some(name), None) if value.is_null() => (format!("{name}_at"), Value::Null),
        _ => (key, stamped(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_everywhere_in_the_api() {
        let value =
            json!({ "made_ms": 1_795_219_200_250_i64, "used_ms": null, "list": [{ "until_ms": 0 }], "ms": "x" });
        let told = json!({ "made_at": "2026-11-21T00:00:00.250Z", "used_at": null,
            "list": [{ "until_at": "1970-01-01T00:00:00.000Z" }], "ms": "x" });
        assert_eq!(stamped(value), told);
    }
}
