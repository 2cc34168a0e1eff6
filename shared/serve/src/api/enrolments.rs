//! Who is let in to join, and how far are they?

mod following;
mod lines;

use std::cmp::Reverse;

use axum::extract::{Extension, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use vigie_model::{Role, UtcMs};
use vigie_people::{At, Right};
use vigie_query::filter::{self, Field, Kind};

use self::following::Following;
use super::incidents::undecided;
use crate::act::Act;
use crate::answer::Drawn;
use crate::door::Caller;
use crate::list::{self, age_seconds};
use crate::params::Params;
use crate::problem::{Code, Problem};
use crate::said::Fields;
use crate::shared::{App, Shared};
use crate::{Enrolment, EnrolmentMade, EnrolmentState, EnrolmentWish, Enrolments, Program, work};

/// Tokens in one answer unless the asker says otherwise.
const USUAL_LIMIT: usize = 100;

/// Of those who joined by a token so many are in the list. `Enrolment::joined` says how many.
const JOINED: usize = 5;

/// Who may join, and what they are given.
#[derive(Serialize, ToSchema)]
pub(crate) struct EnrolmentList {
    /// The newest first.
    enrolments: Vec<Enrolment>,
    /// How many match, on all pages.
    total: usize,
    /// What to ask for as `cursor` to go on; none on the last page.
    next_cursor: Option<String>,
    /// The programs that this hub hands out.
    programs: Vec<Program>,
}

/// What tokens can be filtered by.
const FIELDS: &[Field] = &[
    Field { key: "state", kind: Kind::Word(&EnrolmentState::WORDS) },
    Field { key: "client", kind: Kind::Text },
    Field { key: "site", kind: Kind::Text },
    Field { key: "role", kind: Kind::Text },
    Field { key: "by", kind: Kind::Text },
    Field { key: "joined", kind: Kind::Number },
    Field { key: "age", kind: Kind::Span },
];

/// A token, as filters look at it.
struct Looked<'a> {
    one: &'a Enrolment,
    now: UtcMs,
}

impl filter::Row for Looked<'_> {
    fn texts(&self, key: &str, passes: &mut dyn FnMut(&str) -> bool) -> bool {
        let one = self.one;
        match key {
            "state" => passes(one.state.as_str()),
            "client" => passes(one.client.as_str()),
            "site" => passes(one.site.as_str()),
            "role" => one.roles.iter().any(|role| passes(&role.to_string())),
            "by" => passes(&one.by),
            _ => false,
        }
    }

    fn number(&self, key: &str) -> Option<f64> {
        match key {
            "joined" => Some(self.one.joined_count as f64),
            "age" => Some(age_seconds(self.one.made_at, self.now)),
            _ => None,
        }
    }

    fn anywhere(&self, passes: &mut dyn FnMut(&str) -> bool) -> bool {
        let one = self.one;
        passes(one.client.as_str()) || passes(one.site.as_str()) || passes(&one.id)
    }
}

/// Where a token stands in the list: by when it was made.
fn place(one: &Enrolment) -> String {
    format!("{:016x}/{}", one.made_at.ms().max(0), one.id)
}

/// `GET /api/v1/enrolments?q=&limit=&cursor=`: those of the places where the asker lets machines join, the newest first.
pub(crate) async fn list(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let wanted = list::Wanted::read(&Params::of_uri(&uri), "enrolments", FIELDS, USUAL_LIMIT, &[])?;
    let drawn = work::list(&app, move |app| {
        let now = app.lookout.now();
        let mut all = letting_in(app)?.list(JOINED).map_err(undecided)?;
        all.retain(|one| lets_in(&caller, one) && wanted.keeps(&Looked { one, now: now.utc }));
        all.sort_by_cached_key(|one| Reverse(place(one)));
        let list::Page { rows, total, next_cursor } = wanted.page_down(all, place);
        let following = Following::of(app, &caller);
        let enrolments = rows.into_iter().map(|one| following.followed(one)).collect();
        let programs = app.options.programs.all();
        Drawn::new(&EnrolmentList { enrolments, total, next_cursor, programs }, now)
    });
    Ok(drawn.await?.answer(&headers))
}

/// `GET /api/v1/enrolments/{id}`.
pub(crate) async fn one(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let drawn = work::list(&app, move |app| {
        let found = visible(app, &caller, &id)?;
        Drawn::new(&Following::of(app, &caller).followed(found), app.lookout.now())
    });
    Ok(drawn.await?.answer(&headers))
}

/// `POST /api/v1/enrolments`: answered with the token and the line to paste, once.
pub(crate) async fn make(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    parts: Parts,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    let fields = fields.map_err(Problem::bad_parameter)?;
    let drawn = work::list(&app, move |app| {
        let wish = wish(fields)?;
        if !caller.may(Right::Enrol, At::Site(&wish.client, &wish.site)) {
            return Err(Problem::new(
                Code::NoRight,
                "these credentials let nobody join there; nothing was changed",
                "name a client and site where you have the right to enrol; a new client is for who has it everywhere",
            ));
        }
        let made = letting_in(app)?.make(&wish, act.name()).map_err(undecided)?;
        let after = json!({ "site": wish.site, "roles": wish.roles, "uses": wish.uses,
            "until_ms": made.enrolment.expires_at.ms() });
        let id = made.enrolment.id.clone();
        act.noted(app, Some(&wish.client), ("join-token.make", id), (Value::Null, after))?;
        let commands = lines::commands(app, &parts, &made);
        let made = EnrolmentMade { enrolment: made.enrolment, token: made.token, commands };
        Drawn::new(&made, app.lookout.now())
    });
    Ok((StatusCode::CREATED, drawn.await?.answer(&HeaderMap::new())).into_response())
}

/// `DELETE /api/v1/enrolments/{id}`: nobody joins by it any more; who did stays.
pub(crate) async fn revoke(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let revoked = work::list(&app, move |app| {
        let found = visible(app, &caller, &id)?;
        letting_in(app)?.revoke(&id).map_err(undecided)?;
        let before = json!({ "site": found.site, "roles": found.roles, "uses": found.uses_left });
        act.noted(app, Some(&found.client), ("join-token.revoke", id), (before, Value::Null))
    });
    revoked.await.map(|()| StatusCode::NO_CONTENT.into_response())
}

fn letting_in(app: &Shared) -> Result<&dyn Enrolments, Problem> {
    app.enrolments.as_deref().ok_or_else(|| Problem::not_found("machines join at the hub, not at this node"))
}

fn lets_in(caller: &Caller, one: &Enrolment) -> bool {
    caller.may(Right::Enrol, At::Site(&one.client, &one.site))
}

fn visible(app: &Shared, caller: &Caller, id: &str) -> Result<Enrolment, Problem> {
    let found = letting_in(app)?.one(id).map_err(undecided)?;
    found.filter(|one| lets_in(caller, one)).ok_or_else(|| Problem {
        next: "GET /api/v1/enrolments lists those of your places",
        ..Problem::not_found("there is no such token here")
    })
}

fn wish(fields: Fields) -> Result<EnrolmentWish, Problem> {
    let wrong = |why: String| Err(Problem::bad_parameter(why));
    let wish: EnrolmentWish = match serde_json::from_value(fields.into_value()) {
        Ok(wish) => wish,
        Err(error) => return wrong(format!("that lets nobody join: {error}")),
    };
    if wish.roles.is_empty() || wish.roles.contains(&Role::Hub) {
        return wrong("roles are agent, relay, or both".to_owned());
    }
    if !(1..=EnrolmentWish::MOST_USES).contains(&wish.uses) {
        return wrong(format!("uses are 1 to {}", EnrolmentWish::MOST_USES));
    }
    if !(1..=EnrolmentWish::MOST_MINUTES).contains(&wish.minutes) {
        return wrong(format!("minutes are 1 to {}: a week", EnrolmentWish::MOST_MINUTES));
    }
    Ok(wish)
}
