//! What do people see of an incident, as they show it?
//!
//! Whoever sees an incident sees its photos; whoever decides of it adds and takes away.

use axum::Json;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Extension, Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use vigie_model::UtcMs;

use super::incidents::{happened, may_decide, undecided, visible};
use crate::act::Act;
use crate::answer::Drawn;
use crate::door::Caller;
use crate::params::Params;
use crate::photos::{MOST_PHOTO_BYTES, NotShown, PhotoKept, PhotoKind, Photos};
use crate::problem::{Code, Problem};
use crate::push::{Held, Refusal};
use crate::shared::{App, Shared};
use crate::{Incident, Stamp, Undecided, work};

/// A browser that is led to one shows it and does nothing else.
const POLICY: &str = "default-src 'none'; sandbox";

/// A photo, without itself.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Photo {
    /// Which.
    id: String,
    /// Who showed it.
    by: String,
    /// When they did.
    happened_at: Stamp,
    /// When it was learnt here.
    learnt_at: Stamp,
    /// What it is.
    kind: PhotoKind,
    /// How large it is.
    bytes: u64,
}

/// The photos of an incident, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PhotoList {
    photos: Vec<Photo>,
}

/// `GET /api/v1/incidents/{id}/photos`.
pub(crate) async fn list(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let drawn = work::list(&app, move |app| {
        visible(app, &caller, &id)?;
        let photos = kept(app)?.of(&id).into_iter().map(shown).collect();
        Drawn::new(&PhotoList { photos }, app.lookout.now())
    });
    Ok(drawn.await?.answer(&headers))
}

/// `GET /api/v1/incidents/{id}/photos/{photo}`: the photo itself.
pub(crate) async fn one(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path((id, photo)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (record, content) = work::list(&app, move |app| {
        visible(app, &caller, &id)?;
        let record = found(app, &id, &photo)?;
        let content = kept(app)?.content(&id, &photo).map_err(undecided)?.ok_or_else(not_there)?;
        Ok((record, content))
    })
    .await?;
    let name = format!("inline; filename=\"photo-{}.{}\"", record.id, record.kind.ending());
    let mut response = content.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(record.kind.media_type()));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    // Asked again each time: who lost the right to see it sees it no more.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

/// `POST /api/v1/incidents/{id}/photos?happened_at=`: the photo is the body. The same one sent twice is one.
pub(crate) async fn add(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    Path(id): Path<String>,
    uri: Uri,
    request: Request,
) -> Result<Response, Problem> {
    let params = Params::of_uri(&uri);
    let said = params.get("happened_at").map(str::to_owned);
    // Who may not is told before anything is read of what they send.
    let (asker, of) = (caller.clone(), id.clone());
    work::list(&app, move |app| changeable(app, &asker, &of).map(drop)).await?;
    let (content, _room) = arrived(&app, request).await?;
    let kind = PhotoKind::of(&content).ok_or_else(|| {
        Problem::new(Code::MediaType, "that is no photo in JPEG, PNG or WebP", "send one of these, as it is")
    })?;
    let (record, is_new) = work::list(&app, move |app| {
        // Once more: what was so before it came may be so no longer.
        let incident = changeable(app, &caller, &id)?;
        let now = app.lookout.now().utc;
        let happened = happened(said, &incident, now)?.unwrap_or(Stamp(now));
        let record = PhotoKept {
            id: blake3::hash(&content).to_hex()[..32].to_owned(),
            incident: id,
            client: incident.client.clone(),
            by: act.name().to_owned(),
            happened_ms: happened.ms(),
            learnt_ms: now.0,
            kind,
            bytes: content.len() as u64,
        };
        let is_new = kept(app)?.add(&record, &content).map_err(not_shown)?;
        if is_new {
            noted(app, &act, "photo.add", &record, (Value::Null, told(&record)))?;
        }
        Ok((found(app, &record.incident, &record.id)?, is_new))
    })
    .await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(shown(record))).into_response())
}

/// `DELETE /api/v1/incidents/{id}/photos/{photo}`.
pub(crate) async fn remove(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    Path((id, photo)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let removed = work::list(&app, move |app| {
        changeable(app, &caller, &id)?;
        let before = found(app, &id, &photo)?;
        kept(app)?.remove(&id, &photo).map_err(undecided)?;
        noted(app, &act, "photo.remove", &before, (told(&before), Value::Null))
    });
    removed.await.map(|()| StatusCode::NO_CONTENT.into_response())
}

/// What is kept of photos that are wanted, as lines that a person or a client takes along; each says where itself is asked for.
pub(crate) fn photo_lines(app: &Shared, wanted: &dyn Fn(&PhotoKept) -> bool) -> Vec<Value> {
    let kept = app.photos.as_deref().map(|photos| photos.wanted(wanted)).unwrap_or_default();
    let line = |photo: PhotoKept| {
        let itself = format!("/api/v1/incidents/{}/photos/{}", photo.incident, photo.id);
        let (incident, mut line) = (photo.incident.clone(), json!(shown(photo)));
        // What kind of line this is stands where what it is stood.
        line["media_type"] = line["kind"].take();
        line["kind"] = json!("photo");
        line["incident"] = json!(incident);
        line["itself"] = json!(itself);
        line
    };
    kept.into_iter().map(line).collect()
}

/// Whether that is where photos are brought: of all writes the only one that is larger than a form.
pub(crate) fn is_photo_brought(path: &str) -> bool {
    let path = path.strip_prefix("/api/v1").unwrap_or(path);
    path.strip_prefix("/incidents/").is_some_and(|rest| rest.ends_with("/photos"))
}

/// Takes in a photo before it is carried out under a key, with the room that it takes. It goes on as it is then.
pub(crate) async fn bring(app: &App, mut body: Body, parts: &mut Parts) -> Result<(Bytes, Option<Held>), Problem> {
    let mut held = app.arriving.read(&mut body, MOST_PHOTO_BYTES).await.map_err(Refusal::of_body)?;
    parts.extensions.insert(IsHere);
    Ok((Bytes::from(std::mem::take(&mut held.bytes)), Some(held)))
}

/// That all of a body was taken in, and somebody holds the room for it.
#[derive(Debug, Clone, Copy)]
struct IsHere;

/// The photo as it was sent, and the room that it takes.
async fn arrived(app: &App, request: Request) -> Result<(Bytes, Option<Held>), Problem> {
    let (mut parts, body) = request.into_parts();
    if parts.extensions.get::<IsHere>().is_none() {
        return bring(app, body, &mut parts).await;
    }
    let whole = to_bytes(body, MOST_PHOTO_BYTES).await.map_err(|_| Problem::internal())?;
    Ok((whole, None))
}

fn kept(app: &Shared) -> Result<&dyn Photos, Problem> {
    app.photos.as_deref().ok_or_else(|| Problem::not_found("no photos are kept on this node"))
}

fn changeable(app: &Shared, caller: &Caller, id: &str) -> Result<Incident, Problem> {
    let incident = visible(app, caller, id)?;
    may_decide(caller, incident.at(&app.marks()))?;
    Ok(incident)
}

fn found(app: &Shared, incident: &str, id: &str) -> Result<PhotoKept, Problem> {
    kept(app)?.of(incident).into_iter().find(|photo| photo.id == id).ok_or_else(not_there)
}

fn not_there() -> Problem {
    undecided(Undecided::NotHere("such photo"))
}

fn not_shown(error: NotShown) -> Problem {
    let said = error.to_string();
    match error {
        NotShown::Full(_) => Problem::new(Code::QuotaUsed, said, "take one away first"),
        NotShown::NotKept(_) => {
            Problem { retry_after_seconds: Some(5), ..Problem::new(Code::Busy, said, "send it again") }
        }
    }
}

fn shown(photo: PhotoKept) -> Photo {
    let PhotoKept { id, incident: _, client: _, by, happened_ms, learnt_ms, kind, bytes } = photo;
    let at = |ms: i64| Stamp(UtcMs(ms));
    Photo { id, by, happened_at: at(happened_ms), learnt_at: at(learnt_ms), kind, bytes }
}

fn told(photo: &PhotoKept) -> Value {
    json!({ "photo": photo.id, "kind": photo.kind, "bytes": photo.bytes })
}

fn noted(
    app: &Shared,
    act: &Act,
    what: &'static str,
    photo: &PhotoKept,
    change: (Value, Value),
) -> Result<(), Problem> {
    act.noted(app, photo.client.as_ref(), (what, photo.incident.clone()), change)
}
