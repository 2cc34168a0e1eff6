//! What if somebody sends the same write twice, because the first answer never came?
//!
//! Who gives a write a name of its own (`Idempotency-Key`) is answered the second time as the first: the answer is kept for a
//! day, durable before it is given. That a write was begun is durable before it is carried out, so that one of which the
//! answer was lost in a crash is not carried out again either. A secret is never kept: of a write that answers with one only
//! that it was done.

use std::collections::BTreeSet;
use std::sync::Mutex;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use vigie_model::{Slug, UtcMs};
use vigie_people::Who;

use crate::api::{bring, is_photo_brought};
use crate::door::Caller;
use crate::params::MAX_FORM_BYTES;
use crate::problem::{Code, Problem};
use crate::shared::App;
use crate::work;

/// For how long an answer is kept: a client that was off for a night asks again in the morning.
const KEPT_MS: i64 = 24 * 3_600_000;

/// Characters of a key.
const KEY_CHARS: usize = 255;

/// Answers above this are not kept, only that it was done: none of ours is a tenth of it.
const ANSWER_BYTES: usize = 256 * 1024;

const KEY: &str = "idempotency-key";

/// Said of an answer that was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Where it is kept what was answered. Asked from blocking threads.
pub trait Repeats: Send + Sync + 'static {
    /// What is kept under a key, until its time is over.
    ///
    /// # Errors
    /// When it can not be read now.
    fn recall(&self, key: &[u8; 32]) -> Result<Option<Vec<u8>>, NotRemembered>;

    /// Keeps something under a key, durably, until then. It takes of the room of those `whose` it is: who sends much fills
    /// nobody else's.
    ///
    /// # Errors
    /// When it can not be kept, or too much of theirs is.
    fn keep(&self, key: &[u8; 32], whose: &str, what: &[u8], until: UtcMs) -> Result<(), NotRemembered>;

    /// Forgets what is kept under a key.
    ///
    /// # Errors
    /// When it can not be written now.
    fn forget(&self, key: &[u8; 32]) -> Result<(), NotRemembered>;
}

/// Why an answer could not be kept or found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("what was answered can not be kept or read now: {0}")]
pub struct NotRemembered(pub String);

/// Writes that are being carried out, by key.
#[derive(Debug, Default)]
pub(crate) struct UnderWay(Mutex<BTreeSet<[u8; 32]>>);

/// A place among them, which is given back when it is dropped.
struct Turn {
    app: App,
    key: [u8; 32],
}

impl Turn {
    fn take(app: &App, key: [u8; 32]) -> Option<Self> {
        let mut under_way = app.under_way.0.lock().expect("no thread panics while it looks");
        under_way.insert(key).then(|| Self { app: App::clone(app), key })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.app.under_way.0.lock().expect("no thread panics while it looks").remove(&self.key);
    }
}

/// What is kept of a write.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    /// What was sent, so that nobody takes another write for this one.
    sent: [u8; 32],
    /// What was answered; nothing while that is not known.
    answer: Option<Told>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Told {
    status: u16,
    kind: Option<String>,
    etag: Option<String>,
    /// Nothing where the answer was secret, or too long.
    body: Option<String>,
}

/// Carries out once what is sent under one key.
pub(crate) async fn once(State(app): State<App>, request: Request, next: Next) -> Response {
    let writes = matches!(*request.method(), Method::POST | Method::PUT | Method::DELETE);
    if !writes || !request.headers().contains_key(KEY) {
        return next.run(request).await;
    }
    carried_out(&app, request, next).await.unwrap_or_else(IntoResponse::into_response)
}

async fn carried_out(app: &App, request: Request, next: Next) -> Result<Response, Problem> {
    let (mut parts, body) = request.into_parts();
    let caller = parts.extensions.get::<Caller>().ok_or_else(Problem::internal)?;
    let path = parts.uri.path().to_owned();
    let key = key_of(&parts.headers, caller, &parts.method, &path)?;
    let whose = whose(caller);
    let (body, _room) =
        if is_photo_brought(&path) { bring(app, body, &mut parts).await? } else { (form(body).await?, None) };
    let sent = *blake3::hash(&[parts.uri.query().unwrap_or_default().as_bytes(), b"\0", &body].concat()).as_bytes();
    let Some(turn) = Turn::take(app, key) else {
        let detail = "the same write is being carried out at this moment";
        let problem = Problem::new(Code::Conflict, detail, "ask again in a moment, with the same key");
        return Err(Problem { retry_after_seconds: Some(1), ..problem });
    };
    if let Some(kept) = begin(app, (key, &whose), sent).await? {
        return again(kept, sent);
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    let response = end(app, (key, &whose), sent, &path, response).await;
    drop(turn);
    response
}

async fn form(body: Body) -> Result<Bytes, Problem> {
    to_bytes(body, MAX_FORM_BYTES).await.map_err(|_| {
        Problem::new(Code::TooLarge, format!("a body has at most {MAX_FORM_BYTES} bytes"), "send less at once")
    })
}

/// What is kept under the key; if nothing is, that the write begins.
async fn begin(app: &App, (key, whose): ([u8; 32], &str), sent: [u8; 32]) -> Result<Option<Kept>, Problem> {
    let whose = whose.to_owned();
    work::list(app, move |app| {
        let repeats = app.repeats.as_deref().ok_or_else(|| {
            Problem::bad_parameter("this node keeps no answers: send the write without an Idempotency-Key")
        })?;
        if let Some(kept) = repeats.recall(&key).map_err(not_now)? {
            return serde_json::from_slice(&kept).map(Some).map_err(|_| unknown());
        }
        let until = UtcMs(app.lookout.now().utc.0.saturating_add(KEPT_MS));
        repeats.keep(&key, &whose, &written(&Kept { sent, answer: None }), until).map_err(not_now)?;
        Ok(None)
    })
    .await
}

fn again(kept: Kept, sent: [u8; 32]) -> Result<Response, Problem> {
    if kept.sent != sent {
        let detail = "this Idempotency-Key was used for another write";
        return Err(Problem::new(
            Code::KeyUsed,
            detail,
            "make a new key for each write, and keep it for that write alone",
        ));
    }
    let told = kept.answer.ok_or_else(unknown)?;
    let status = StatusCode::from_u16(told.status).map_err(|_| unknown())?;
    let body = match told.body {
        Some(body) => BASE64.decode(body.as_bytes()).map_err(|_| unknown())?,
        None => {
            let detail = "it was done before, and its answer held a secret, which is shown once";
            return Err(Problem::new(
                Code::Conflict,
                detail,
                "take back what was made, and make another with a new key",
            ));
        }
    };
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    for (name, said) in [(header::CONTENT_TYPE, told.kind), (header::ETAG, told.etag)] {
        if let Some(said) = said.and_then(|said| HeaderValue::from_str(&said).ok()) {
            headers.insert(name, said);
        }
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

/// Keeps a good answer, and forgets the key of a write that changed nothing.
async fn end(
    app: &App,
    (key, whose): ([u8; 32], &str),
    sent: [u8; 32],
    path: &str,
    response: Response,
) -> Result<Response, Problem> {
    let status = response.status();
    if status == StatusCode::INTERNAL_SERVER_ERROR {
        // Nobody knows what it changed: the key stays taken.
        return Ok(response);
    }
    if !status.is_success() {
        work::list(app, move |app| forget(app, &key)).await?;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.map_err(|_| Problem::internal())?;
    let said = |name| parts.headers.get(name).and_then(|said: &HeaderValue| said.to_str().ok()).map(str::to_owned);
    let body_kept = (!is_secret(path) && body.len() <= ANSWER_BYTES).then(|| BASE64.encode(&body));
    let told = Told {
        status: parts.status.as_u16(),
        kind: said(header::CONTENT_TYPE),
        etag: said(header::ETAG),
        body: if body.is_empty() { Some(String::new()) } else { body_kept },
    };
    let (kept, whose) = (written(&Kept { sent, answer: Some(told) }), whose.to_owned());
    let keep = work::list(app, move |app| {
        let until = UtcMs(app.lookout.now().utc.0.saturating_add(KEPT_MS));
        let repeats = app.repeats.as_deref().ok_or_else(Problem::internal)?;
        repeats.keep(&key, &whose, &kept, until).map_err(not_now)
    });
    // It is done: that its answer could not be kept must not tell its sender otherwise.
    if let Err(problem) = keep.await {
        tracing::warn!(why = problem.detail, "the answer to a write could not be kept; asked again, it is not known");
    }
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn forget(app: &crate::shared::Shared, key: &[u8; 32]) -> Result<(), Problem> {
    if let Some(repeats) = app.repeats.as_deref()
        && let Err(error) = repeats.forget(key)
    {
        tracing::warn!(%error, "the key of a write that changed nothing stays taken");
    }
    Ok(())
}

/// The same words of another person, or for another address, are another key.
fn key_of(headers: &HeaderMap, caller: &Caller, method: &Method, path: &str) -> Result<[u8; 32], Problem> {
    let text = headers.get(KEY).and_then(|key| key.to_str().ok()).unwrap_or_default().trim();
    if text.is_empty() || text.len() > KEY_CHARS {
        return Err(Problem::bad_parameter(format!("Idempotency-Key has 1 to {KEY_CHARS} characters of ASCII")));
    }
    let who = asker(caller);
    let mut hash = blake3::Hasher::new_derive_key("vigie 2026-11 idempotency key");
    for part in [who.as_str(), method.as_str(), path, text] {
        hash.update(&(part.len() as u64).to_be_bytes()).update(part.as_bytes());
    }
    Ok(*hash.finalize().as_bytes())
}

fn asker(caller: &Caller) -> String {
    match &caller.who.who {
        Who::Person(person, _) => format!("person {person}"),
        Who::Token(token) => format!("token {token}"),
        Who::Console | Who::Program(..) | Who::Nobody => format!("name {}", caller.who.name),
    }
}

/// Who shares the room that an asker's answers take: all who may something at the same client and nowhere else; else each alone.
fn whose(caller: &Caller) -> String {
    let clients: BTreeSet<Option<&Slug>> = caller.powers().iter().map(|(_, scope)| scope.of_client()).collect();
    match (clients.len(), clients.first()) {
        (1, Some(Some(client))) => format!("client {client}"),
        _ => asker(caller),
    }
}

/// Whether an answer may hold what is shown once. Whatever is not known to hold none is not kept.
fn is_secret(path: &str) -> bool {
    let path = path.strip_prefix("/api/v1").unwrap_or(path);
    let plain = [
        "/incidents/",
        "/maintenance",
        "/watch/",
        "/machines/",
        "/roles/",
        "/routes/",
        "/oncall/",
        "/retention/",
        "/quotas/",
        "/boards",
        "/clients/",
        "/exports",
        "/jobs",
        "/telling/",
    ];
    let of_person = path.starts_with("/people/") && !path.ends_with("/reset");
    !of_person && !plain.iter().any(|start| path.starts_with(start))
}

fn written(kept: &Kept) -> Vec<u8> {
    // Numbers and texts always have a form.
    serde_json::to_vec(kept).unwrap_or_default()
}

fn not_now(error: NotRemembered) -> Problem {
    Problem {
        retry_after_seconds: Some(5),
        ..Problem::new(Code::Busy, error.to_string(), "ask again, with the same key")
    }
}

fn unknown() -> Problem {
    let detail = "a write with this key was begun, and what came of it is not known";
    Problem::new(Code::Conflict, detail, "look whether it was done before you send it with a new key")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_holds_no_secret_is_kept() {
        for (path, secret) in [
            ("/api/v1/tokens", true),
            ("/api/v1/invitations", true),
            ("/api/v1/people/0000000000000000/reset", true),
            ("/api/v1/people/0000000000000000/disable", false),
            ("/api/v1/me/totp", true),
            ("/api/v1/something/new", true),
            ("/api/v1/incidents/A/comment", false),
            ("/api/v1/watch/rules", false),
            ("/api/v1/boards", false),
        ] {
            assert_eq!(is_secret(path), secret, "{path}");
        }
    }
}
