//! What is asked about people and roles?

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use vigie_model::{Slug, UtcMs};
use vigie_people::{Answer, Grant, Name, Order, PersonShown, Refused, Right, Role};
use vigie_query::filter::{self, Field, Kind};

use super::invitations::HowHanded;
use super::listed::Stamped;
use super::{done, id, read, said, seen, stamped, told};
use crate::Stamp;
use crate::answer::Drawn;
use crate::door::Caller;
use crate::list::{self, age_seconds};
use crate::params::Params;
use crate::people::NotDone;
use crate::people::door::problem;
use crate::people::inviting;
use crate::problem::Problem;
use crate::said::Fields;
use crate::shared::App;
use crate::work;

/// People in one answer unless the asker says otherwise.
const USUAL_LIMIT: usize = 100;

/// The people that the asker looks after, by address.
#[derive(Serialize, ToSchema)]
pub(crate) struct PeopleList {
    #[schema(value_type = Vec<PersonShown>)]
    people: Vec<Stamped>,
    /// How many match, on all pages.
    total: usize,
    /// What to ask for as `cursor` to go on; none on the last page.
    next_cursor: Option<String>,
}

/// What people can be filtered by.
const FIELDS: &[Field] = &[
    Field { key: "email", kind: Kind::Text },
    Field { key: "name", kind: Kind::Text },
    Field { key: "role", kind: Kind::Text },
    Field { key: "scope", kind: Kind::Text },
    Field { key: "client", kind: Kind::Text },
    Field { key: "state", kind: Kind::Word(&["active", "disabled", "invited"]) },
    Field { key: "totp", kind: Kind::Word(&["yes", "no"]) },
    Field { key: "passkeys", kind: Kind::Number },
    Field { key: "seen", kind: Kind::Span },
];

/// A person, as filters look at them.
struct Looked<'a> {
    person: &'a PersonShown,
    now: UtcMs,
}

impl filter::Row for Looked<'_> {
    fn texts(&self, key: &str, passes: &mut dyn FnMut(&str) -> bool) -> bool {
        let person = self.person;
        let mut grants = person.grants.iter();
        match key {
            "email" => passes(person.email.as_str()),
            "name" => passes(person.name.as_str()),
            "role" => grants.any(|grant| passes(grant.role.as_str())),
            "scope" => grants.any(|grant| passes(&grant.scope.to_string())),
            "client" => grants.any(|grant| grant.scope.of_client().is_some_and(|client| passes(client.as_str()))),
            "state" if person.disabled => passes("disabled"),
            "state" => passes(if person.password || person.passkeys > 0 || !person.sign_ins.is_empty() {
                "active"
            } else {
                "invited"
            }),
            "totp" => passes(if person.totp { "yes" } else { "no" }),
            _ => false,
        }
    }

    fn number(&self, key: &str) -> Option<f64> {
        match key {
            "seen" => self.person.seen_ms.map(|seen_ms| age_seconds(Stamp(UtcMs(seen_ms)), self.now)),
            "passkeys" => u32::try_from(self.person.passkeys).ok().map(f64::from),
            _ => None,
        }
    }

    fn anywhere(&self, passes: &mut dyn FnMut(&str) -> bool) -> bool {
        passes(self.person.email.as_str()) || passes(self.person.name.as_str())
    }
}

/// All roles.
#[derive(Serialize, ToSchema)]
pub(crate) struct RoleList {
    roles: Vec<Role>,
}

pub(super) async fn people_list(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let wanted = list::Wanted::read(&Params::of_uri(&uri), "people", FIELDS, USUAL_LIMIT, &[])?;
    let drawn = work::list(&app, move |app| {
        let now = app.lookout.now();
        let mut people = app.people.as_deref().ok_or_else(Problem::internal)?.directory().people_shown(caller.powers());
        people.retain(|person| wanted.keeps(&Looked { person, now: now.utc }));
        let list::Page { rows, total, next_cursor } = wanted.page(people, |person| person.email.as_str().to_owned());
        Drawn::new(&PeopleList { people: rows.into_iter().map(Stamped::of).collect(), total, next_cursor }, now)
    });
    Ok(drawn.await?.answer(&headers))
}

pub(super) async fn person(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(person): Path<String>,
) -> Result<Response, Problem> {
    let found = work::list(&app, move |app| {
        let people = app.people.as_deref().ok_or_else(Problem::internal)?;
        let directory = people.directory();
        let none = || problem(NotDone::Refused(Refused::NotThere("person")));
        let found = directory.person(&id(&person, "person")?);
        let found = found.filter(|person| directory.is_known(person, caller.powers())).ok_or_else(none)?;
        Ok(PersonShown::of(found, Some(caller.powers())))
    });
    Ok(said(&Answer::Person(Box::new(found.await?)), StatusCode::OK))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Grants {
    grants: Vec<Grant>,
}

pub(super) async fn allow(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(person): Path<String>,
    parts: Parts,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    let (Grants { grants }, version) = (read(fields)?, seen(&parts.headers)?);
    let order = Order::Allow { person: id(&person, "person")?, grants, version };
    done(&app, caller, &parts, StatusCode::OK, order).await
}

pub(super) async fn disable(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(person): Path<String>,
    parts: Parts,
) -> Result<Response, Problem> {
    let order = Order::Disable { person: id(&person, "person")?, version: seen(&parts.headers)? };
    done(&app, caller, &parts, StatusCode::OK, order).await
}

pub(super) async fn enable(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(person): Path<String>,
    parts: Parts,
) -> Result<Response, Problem> {
    let order = Order::Enable { person: id(&person, "person")?, version: seen(&parts.headers)? };
    done(&app, caller, &parts, StatusCode::OK, order).await
}

pub(super) async fn reset(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(person): Path<String>,
    parts: Parts,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    let HowHanded { mail } = read(fields)?;
    let order = Order::Reset { person: id(&person, "person")? };
    let handed = inviting::invite(&app, &caller, &parts, "api", order, mail.unwrap_or(false)).await?;
    Ok(Json(stamped(json!(handed))).into_response())
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Erase {
    /// Names by which sites know them: what was granted there under these goes, and what was decided there bears a pseudonym.
    #[schema(max_items = 20)]
    at_sites: Vec<Name>,
}

pub(super) async fn erase(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(person): Path<String>,
    parts: Parts,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    let (Erase { at_sites }, version) = (read(fields)?, seen(&parts.headers)?);
    let order = Order::Erase { person: id(&person, "person")?, version, at_sites };
    done(&app, caller, &parts, StatusCode::OK, order).await
}

pub(super) async fn role_list(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    told(&app, &headers, move |directory, _| Ok(json!(RoleList { roles: directory.roles_shown() }))).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rights {
    rights: BTreeSet<Right>,
}

pub(super) async fn put_role(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    parts: Parts,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    let Rights { rights } = read(fields)?;
    let name: Slug = name.parse().map_err(|error| Problem::bad_parameter(format!("{error}")))?;
    done(&app, caller, &parts, StatusCode::NO_CONTENT, Order::PutRole { name, rights }).await
}

pub(super) async fn remove_role(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    parts: Parts,
) -> Result<Response, Problem> {
    let name = name.parse().map_err(|_| problem(NotDone::Refused(Refused::NotThere("role"))))?;
    done(&app, caller, &parts, StatusCode::NO_CONTENT, Order::RemoveRole { name }).await
}
