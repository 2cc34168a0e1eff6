//! Which dashboards of their own do people keep, and who sees them?
//!
//! A board is its owner's. It may be shared with a part of the deployment: then whoever sees anything of that part sees the
//! board, and who looks after people in all of it changes it too, so that one does not stay for ever when its owner has left.
//! What a board shows is asked by whoever looks, with their own rights.

use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use vigie_model::{Slug, UtcMs};
use vigie_people::{Right, Scope, Who};

use super::incidents::undecided;
use crate::act::Act;
use crate::answer::{Drawn, seen_as, version_of};
use crate::door::Caller;
use crate::problem::{Code, Problem};
use crate::said::Fields;
use crate::shared::{App, Shared};
use crate::{Board, BoardHead, BoardKept, BoardOwner, BoardSummary, BoardWish, Boards, Stamp, work};

/// Boards that the asker sees.
#[derive(Serialize, ToSchema)]
pub(crate) struct BoardList {
    boards: Vec<BoardSummary>,
}

/// `GET /api/v1/boards`: the asker's own and those that are shared with them, by name.
pub(crate) async fn list(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let drawn = work::list(&app, move |app| {
        let own = owner(app, &caller);
        let seen = kept(app)?.heads().into_iter().filter(|head| sees(&caller, &own, head));
        let mut boards: Vec<BoardSummary> = seen.map(|head| summary(&caller, &own, head)).collect();
        boards.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        Drawn::new(&BoardList { boards }, app.lookout.now())
    });
    Ok(drawn.await?.answer(&headers))
}

/// `GET /api/v1/boards/{id}`.
pub(crate) async fn one(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let drawn = work::list(&app, move |app| drawn(app, &caller, visible(app, &caller, &id)?));
    Ok(drawn.await?.answer(&headers))
}

/// `POST /api/v1/boards`.
pub(crate) async fn add(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    let fields = fields.map_err(Problem::bad_parameter)?;
    let drawn = work::list(&app, move |app| {
        may_write(app, &caller)?;
        let wish = wish(fields)?;
        may_share(&caller, &wish)?;
        let made = kept(app)?.add(&wish, &owner(app, &caller)).map_err(undecided)?;
        noted(app, &act, "board.make", &made.head, (Value::Null, told(&made.head)))?;
        drawn(app, &caller, made)
    });
    Ok((StatusCode::CREATED, drawn.await?.answer(&HeaderMap::new())).into_response())
}

/// `PUT /api/v1/boards/{id}`: in place of what was seen.
pub(crate) async fn put(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    Path(id): Path<String>,
    headers: HeaderMap,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    let fields = fields.map_err(Problem::bad_parameter)?;
    let drawn = work::list(&app, move |app| {
        let before = changeable(app, &caller, &id)?.head;
        seen_as(&version(&before), &headers)?;
        let wish = wish(fields)?;
        if wish.shared != before.shared {
            may_share(&caller, &wish)?;
        }
        let changed = kept(app)?.change(&id, before.version, &wish, act.name()).map_err(undecided)?;
        noted(app, &act, "board.change", &changed.head, (told(&before), told(&changed.head)))?;
        drawn(app, &caller, changed)
    });
    Ok(drawn.await?.answer(&HeaderMap::new()))
}

/// `DELETE /api/v1/boards/{id}`.
pub(crate) async fn remove(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let removed = work::list(&app, move |app| {
        let before = changeable(app, &caller, &id)?.head;
        seen_as(&version(&before), &headers)?;
        kept(app)?.remove(&id, before.version).map_err(undecided)?;
        noted(app, &act, "board.remove", &before, (told(&before), Value::Null))
    });
    removed.await.map(|()| StatusCode::NO_CONTENT.into_response())
}

fn kept(app: &Shared) -> Result<&dyn Boards, Problem> {
    app.boards.as_deref().ok_or_else(|| Problem::not_found("no boards are kept on this node"))
}

/// By what an asker's boards are known: a person's by the person, in each of their browsers and by each of their tokens.
fn owner(app: &Shared, caller: &Caller) -> BoardOwner {
    let person = app.people.as_deref().and_then(|people| people.directory().person_behind(&caller.who.who).cloned());
    let key = person.map_or_else(|| format!("token {}", caller.who.name), |id| id.to_string());
    BoardOwner { key, name: caller.who.name.clone() }
}

fn sees(caller: &Caller, own: &BoardOwner, head: &BoardHead) -> bool {
    head.owner.key == own.key || head.shared.as_ref().is_some_and(|shared| sees_of(caller, shared))
}

/// Whether somebody sees anything of a part of the deployment: single machines that they see by their tags are no part.
fn sees_of(caller: &Caller, shared: &Scope) -> bool {
    let mut parts = caller.powers().scopes(Right::Look).filter(|scope| !scope.is_tagged());
    parts.any(|scope| scope.meet(shared).is_some())
}

fn may_change(caller: &Caller, own: &BoardOwner, head: &BoardHead) -> bool {
    let looks_after = |shared| caller.powers().in_all_of(Right::People, shared);
    head.owner.key == own.key || head.shared.as_ref().is_some_and(looks_after)
}

fn visible(app: &Shared, caller: &Caller, id: &str) -> Result<BoardKept, Problem> {
    let own = owner(app, caller);
    let found = kept(app)?.one(id).map_err(undecided)?.filter(|board| sees(caller, &own, &board.head));
    found.ok_or_else(|| Problem {
        next: "GET /api/v1/boards lists yours and those that are shared with you",
        ..Problem::not_found("there is no such board here")
    })
}

fn changeable(app: &Shared, caller: &Caller, id: &str) -> Result<BoardKept, Problem> {
    let found = visible(app, caller, id)?;
    may_write(app, caller)?;
    if may_change(caller, &owner(app, caller), &found.head) {
        return Ok(found);
    }
    let next = "copy it: POST /api/v1/boards makes one of your own of what GET gave as said";
    Err(Problem::new(Code::NoRight, "this board is somebody else's; nothing was changed", next))
}

/// Whoever sees as somebody else, only to look, leaves their boards as they are.
fn may_write(app: &Shared, caller: &Caller) -> Result<(), Problem> {
    let Some(people) = app.people.as_deref() else { return Ok(()) };
    let looks = matches!(&caller.who.who, Who::Person(..))
        && people.directory().seen(&caller.who.who).is_some_and(|(_, seen)| !seen.acts);
    if looks {
        let next = "go back to yourself, and change your own";
        return Err(Problem::new(Code::NoRight, "who sees as somebody else changes nothing of theirs", next));
    }
    Ok(())
}

/// A board is shown to nobody in more places than its sharer sees themselves.
fn may_share(caller: &Caller, wish: &BoardWish) -> Result<(), Problem> {
    match &wish.shared {
        Some(shared) if !caller.powers().in_all_of(Right::Look, shared) => {
            let next = "share it with a part of the deployment that you see as a whole";
            Err(Problem::new(Code::NoRight, format!("these credentials do not see all of {shared}"), next))
        }
        _ => Ok(()),
    }
}

fn wish(fields: Fields) -> Result<BoardWish, Problem> {
    let wish: BoardWish = serde_json::from_value(fields.into_value())
        .map_err(|error| Problem::bad_parameter(format!("that is no board: {error}")))?;
    wish.check().map_err(|why| Problem::bad_parameter(format!("{why}; nothing was changed")))?;
    Ok(BoardWish { name: wish.name.trim().to_owned(), ..wish })
}

fn summary(caller: &Caller, own: &BoardOwner, head: BoardHead) -> BoardSummary {
    let may_change = may_change(caller, own, &head);
    let BoardHead { id, version: _, owner, name, shared, widgets, made_ms, changed_ms, changed_by } = head;
    let at = |ms: i64| Stamp(UtcMs(ms));
    BoardSummary {
        own: owner.key == own.key,
        owner: owner.name,
        made_at: at(made_ms),
        changed_at: at(changed_ms),
        id,
        name,
        may_change,
        shared,
        widgets,
        changed_by,
    }
}

fn drawn(app: &Shared, caller: &Caller, board: BoardKept) -> Result<Drawn, Problem> {
    let version = version(&board.head);
    let about = summary(caller, &owner(app, caller), board.head);
    Ok(Drawn::new(&Board { about, said: board.wish }, app.lookout.now())?.with_version(&version))
}

fn version(head: &BoardHead) -> String {
    version_of(&(&head.id, head.version))
}

/// What the audit says of it: what is on a board is its owner's business.
fn told(head: &BoardHead) -> Value {
    json!({ "name": head.name, "shared": head.shared, "widgets": head.widgets })
}

fn noted(app: &Shared, act: &Act, what: &'static str, head: &BoardHead, change: (Value, Value)) -> Result<(), Problem> {
    let client: Option<Slug> = head.shared.as_ref().and_then(|shared| shared.of_client().cloned());
    act.noted(app, client.as_ref(), (what, head.id.clone()), change)
}
