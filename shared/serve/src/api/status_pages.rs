//! Which pages do a client's customers read, and what is published on them?
//!
//! A page is its client's: who tells people of all of that client makes it, and nothing of another client's ever gets on it.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{Extension, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use utoipa::ToSchema;
use vigie_model::{NodeId, Slug};
use vigie_people::{At, Right};

use super::incidents::undecided;
use crate::act::Act;
use crate::answer::{Drawn, seen_as, version_of};
use crate::door::Caller;
use crate::problem::{Code, Problem};
use crate::said::Fields;
use crate::shared::{App, Shared};
use crate::{NewsSaid, NoticeSaid, StatusMembers, StatusPage, StatusPageSaid, StatusPages, public, work};

/// Characters of a page's title, and of a notice's.
const TITLE_CHARS: usize = 120;

/// Characters of a component's name.
const NAME_CHARS: usize = 60;

/// Characters of what is told.
const TEXT_CHARS: usize = 2_000;

/// Components of a page: what a person still takes in, and what keeps the page small.
const MOST_COMPONENTS: usize = 30;

/// Machines that one component names.
const MOST_MACHINES: usize = 200;

/// Pages of the places of the asker.
#[derive(Serialize, ToSchema)]
pub(crate) struct StatusPageList {
    pages: Vec<StatusPage>,
}

/// `GET /api/v1/status-pages`.
pub(crate) async fn list(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let drawn = work::list(&app, move |app| {
        let mut pages = kept(app)?.list();
        pages.retain(|page| publishes(&caller, &page.said.client));
        let pages = pages.into_iter().map(Arc::unwrap_or_clone).collect();
        Drawn::new(&StatusPageList { pages }, app.lookout.now())
    });
    Ok(drawn.await?.answer(&headers))
}

/// `GET /api/v1/status-pages/{slug}`.
pub(crate) async fn one(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(slug): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let drawn = work::list(&app, move |app| {
        let page = visible(app, &caller, &slug)?;
        drawn(&page, app)
    });
    Ok(drawn.await?.answer(&headers))
}

/// `GET /api/v1/status-pages/{slug}/preview?lang=en|fr`: what anybody would read, before they may.
pub(crate) async fn preview(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(slug): Path<String>,
    parts: Parts,
) -> Result<Html<String>, Problem> {
    let lang = public::language(&parts);
    let drawn = work::list(&app, move |app| Ok(public::preview(app, &*visible(app, &caller, &slug)?, lang)));
    drawn.await.map(Html)
}

/// `POST /api/v1/status-pages`: a page with an address that nobody guesses.
pub(crate) async fn make(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    let said = read::<StatusPageSaid>(fields, "page")?;
    let drawn = work::list(&app, move |app| {
        check(app, &caller, &said)?;
        let page = kept(app)?.put(None, said).map_err(undecided)?;
        noted(app, &act, &page, Value::Null)?;
        drawn(&page, app)
    });
    Ok((StatusCode::CREATED, drawn.await?.answer(&HeaderMap::new())).into_response())
}

/// `PUT /api/v1/status-pages/{slug}`: makes a page of this name, or says another thing of it.
pub(crate) async fn put(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    Path(slug): Path<String>,
    headers: HeaderMap,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    let said = read::<StatusPageSaid>(fields, "page")?;
    let drawn = work::list(&app, move |app| {
        check(app, &caller, &said)?;
        let slug = slug.parse::<Slug>().map_err(|error| Problem::bad_parameter(error.to_string()))?;
        let before = kept(app)?.page(&slug);
        if before.as_ref().is_some_and(|before| before.said.client != said.client) {
            return Err(Problem::new(Code::Conflict, "that address is taken", "choose another one"));
        }
        if let Some(before) = &before {
            seen_as(&version(before), &headers)?;
        }
        let page = kept(app)?.put(Some(&slug), said).map_err(undecided)?;
        noted(app, &act, &page, before.map_or(Value::Null, |before| json!(before.said)))?;
        drawn(&page, app)
    });
    Ok(drawn.await?.answer(&HeaderMap::new()))
}

/// `DELETE /api/v1/status-pages/{slug}`: it goes, with what was published on it.
pub(crate) async fn remove(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    Path(slug): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let removed = work::list(&app, move |app| {
        let page = visible(app, &caller, &slug)?;
        seen_as(&version(&page), &headers)?;
        kept(app)?.remove(&page.slug).map_err(undecided)?;
        let change = (json!(page.said), Value::Null);
        act.noted(app, Some(&page.said.client), ("status_page.remove", slug), change)
    });
    removed.await.map(|()| StatusCode::NO_CONTENT.into_response())
}

/// `POST /api/v1/status-pages/{slug}/notices`.
pub(crate) async fn publish(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    Path(slug): Path<String>,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    let notice = read::<NoticeSaid>(fields, "notice")?;
    let drawn = work::list(&app, move |app| {
        let page = visible(app, &caller, &slug)?;
        text("title", &notice.title, TITLE_CHARS)?;
        text("text", &notice.text, TEXT_CHARS)?;
        if let Some(strange) =
            notice.components.iter().find(|name| !page.said.components.iter().any(|one| one.name == **name))
        {
            let strange: String = strange.chars().take(NAME_CHARS).collect();
            return Err(Problem::bad_parameter(format!("{strange:?} is no component of this page")));
        }
        if let Some(id) = &notice.incident {
            let found = app.incidents.as_ref().and_then(|incidents| incidents.incident(id));
            let own = found.filter(|found| found.client.as_ref() == Some(&page.said.client));
            own.ok_or_else(|| Problem::bad_parameter("there is no such incident of the page's client"))?;
        }
        let after =
            json!({ "title": notice.title, "text": notice.text, "state": notice.state, "incident": notice.incident });
        let page = kept(app)?.publish(&page.slug, notice).map_err(undecided)?;
        act.noted(app, Some(&page.said.client), ("status_page.publish", slug), (Value::Null, after))?;
        drawn(&page, app)
    });
    Ok((StatusCode::CREATED, drawn.await?.answer(&HeaderMap::new())).into_response())
}

/// `POST /api/v1/status-pages/{slug}/notices/{id}/news`.
pub(crate) async fn go_on(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    Path((slug, id)): Path<(String, String)>,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    let news = read::<NewsSaid>(fields, "news")?;
    let drawn = work::list(&app, move |app| {
        let page = visible(app, &caller, &slug)?;
        text("text", &news.text, TEXT_CHARS)?;
        let after = json!({ "notice": id, "text": news.text, "state": news.state });
        let page = kept(app)?.go_on(&page.slug, &id, news).map_err(undecided)?;
        act.noted(app, Some(&page.said.client), ("status_page.news", slug), (Value::Null, after))?;
        drawn(&page, app)
    });
    Ok((StatusCode::CREATED, drawn.await?.answer(&HeaderMap::new())).into_response())
}

/// `DELETE /api/v1/status-pages/{slug}/notices/{id}`.
pub(crate) async fn withdraw(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    Path((slug, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let withdrawn = work::list(&app, move |app| {
        let page = visible(app, &caller, &slug)?;
        let before = page.notices.iter().find(|notice| notice.id == id).map(|notice| json!(notice));
        kept(app)?.withdraw(&page.slug, &id).map_err(undecided)?;
        let change = (before.unwrap_or_default(), Value::Null);
        act.noted(app, Some(&page.said.client), ("status_page.withdraw", slug), change)
    });
    withdrawn.await.map(|()| StatusCode::NO_CONTENT.into_response())
}

fn kept(app: &Shared) -> Result<&dyn StatusPages, Problem> {
    app.status.as_deref().ok_or_else(|| Problem::not_found("this node has no public pages"))
}

/// Whoever publishes sees and tells all of the client: a page shows more than a site of it.
fn publishes(caller: &Caller, client: &Slug) -> bool {
    let all_of_it = At::of(Some(client), None);
    caller.may(Right::Tell, all_of_it) && caller.may(Right::Look, all_of_it)
}

fn visible(app: &Shared, caller: &Caller, slug: &str) -> Result<Arc<StatusPage>, Problem> {
    let found = slug.parse().ok().and_then(|slug: Slug| Some(kept(app).ok()?.page(&slug)).flatten());
    found.filter(|page| publishes(caller, &page.said.client)).ok_or_else(|| Problem {
        next: "GET /api/v1/status-pages lists those of your clients",
        ..Problem::not_found("there is no such page here")
    })
}

fn read<T: DeserializeOwned>(fields: Result<Fields, String>, what: &str) -> Result<T, Problem> {
    let fields = fields.map_err(Problem::bad_parameter)?;
    serde_json::from_value(fields.into_value())
        .map_err(|error| Problem::bad_parameter(format!("that is no {what}: {error}")))
}

/// What may not be said of a page, before it is.
fn check(app: &Shared, caller: &Caller, said: &StatusPageSaid) -> Result<(), Problem> {
    if !publishes(caller, &said.client) {
        let next = "ask for the right to tell for all of that client";
        let detail = "these credentials publish nothing of that client; nothing was changed";
        return Err(Problem::new(Code::NoRight, detail, next));
    }
    text("title", &said.title, TITLE_CHARS)?;
    if said.components.len() > MOST_COMPONENTS {
        return Err(Problem::bad_parameter(format!("a page has at most {MOST_COMPONENTS} components")));
    }
    let mut names = BTreeSet::new();
    for one in &said.components {
        text("a component's name", &one.name, NAME_CHARS)?;
        if !names.insert(one.name.as_str()) {
            return Err(Problem::bad_parameter(format!("two components are called {:?}", one.name)));
        }
        if let StatusMembers::Machines(ids) = &one.of {
            machines(app, &said.client, ids)?;
        }
    }
    Ok(())
}

/// Another client's machine is as one that is not there.
fn machines(app: &Shared, client: &Slug, ids: &[String]) -> Result<(), Problem> {
    if ids.is_empty() || ids.len() > MOST_MACHINES {
        return Err(Problem::bad_parameter(format!("a component names 1 to {MOST_MACHINES} machines")));
    }
    for id in ids {
        let found = id.parse().ok().and_then(|id: NodeId| app.machine(id));
        if found.is_none_or(|machine| machine.client != *client) {
            let id: String = id.chars().take(40).collect();
            return Err(Problem::bad_parameter(format!("{id:?} is no machine of {client}")));
        }
    }
    Ok(())
}

fn text(what: &str, text: &str, most: usize) -> Result<(), Problem> {
    let count = text.trim().chars().count();
    if (1..=most).contains(&count) && text.chars().count() <= most {
        return Ok(());
    }
    Err(Problem::bad_parameter(format!("{what} has 1 to {most} characters")))
}

fn noted(app: &Shared, act: &Act, page: &StatusPage, before: Value) -> Result<(), Problem> {
    let change = (before, json!(page.said));
    act.noted(app, Some(&page.said.client), ("status_page.set", page.slug.to_string()), change)
}

fn version(page: &StatusPage) -> String {
    version_of(&(page, page.version))
}

fn drawn(page: &StatusPage, app: &Shared) -> Result<Drawn, Problem> {
    Ok(Drawn::new(page, app.lookout.now())?.with_version(&version(page)))
}
