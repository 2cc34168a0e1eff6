//! How does what people decide in a chat come in?
//!
//! Open to whoever signs it. A channel that is not there, a chat without a secret here, a wrong signature, one that is too old
//! and one that came before are all answered alike: as an address that is not there is answered to nobody in particular.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Json;
use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::time::timeout;

use crate::problem::{Code, Problem};
use crate::shared::App;
use crate::ways::{Need, Ways};
use crate::{Chat, ChatRequest, work};

/// What Slack sends holds the whole message: 50 blocks of 3,000 characters, each escaped twice.
const SLACK_BYTES: usize = 1 << 20;

/// What Teams sends is one line of at most 28 KB, with who wrote it and where.
const TEAMS_BYTES: usize = 256 << 10;

/// The longest signature: Slack's has 67 characters.
const SIGNATURE_BYTES: usize = 200;

/// How long a body may take.
const BODY_TIME: Duration = Duration::from_secs(2);

/// Slack waits for three seconds and Teams for five; what takes longer goes on, and the message is changed when it is done.
const ANSWER_TIME: Duration = Duration::from_millis(2_500);

const SLACK_SIGNATURE: HeaderName = HeaderName::from_static("x-slack-signature");
const SLACK_TIME: HeaderName = HeaderName::from_static("x-slack-request-timestamp");

/// Chats prove themselves what they are, by what they sign.
pub(crate) fn ways() -> Ways {
    Ways::new().post("/api/v1/chats/{channel}/slack", Need::Open, slack).post(
        "/api/v1/chats/{channel}/teams",
        Need::Open,
        teams,
    )
}

/// `POST /api/v1/chats/{channel}/slack`: the interactivity request URL of an app.
async fn slack(State(app): State<App>, Path(channel): Path<String>, request: Request) -> Result<Response, Problem> {
    let signed = (said(request.headers(), &SLACK_SIGNATURE), said(request.headers(), &SLACK_TIME));
    heard(app, (Chat::Slack, channel), signed, request.into_body()).await
}

/// `POST /api/v1/chats/{channel}/teams`: the callback URL of an outgoing webhook.
async fn teams(State(app): State<App>, Path(channel): Path<String>, request: Request) -> Result<Response, Problem> {
    let signed = (said(request.headers(), &header::AUTHORIZATION), String::new());
    heard(app, (Chat::Teams, channel), signed, request.into_body()).await
}

async fn heard(
    app: App,
    (chat, channel): (Chat, String),
    (signature, at): (String, String),
    body: Body,
) -> Result<Response, Problem> {
    let chats = app.chats.clone().filter(|chats| chats.hears(chat, &channel)).ok_or_else(Problem::unauthorized)?;
    if signature.is_empty() {
        return Err(Problem::unauthorized());
    }
    let body = read(body, chat).await?;
    let begun = Arc::new(AtomicBool::new(false));
    let begins = begun.clone();
    let request = ChatRequest { chat, channel, signature, at, body };
    let answered = work::list(&app, move |_| {
        begins.store(true, Ordering::Relaxed);
        chats.answer(&request).ok_or_else(Problem::unauthorized)
    });
    match timeout(ANSWER_TIME, answered).await {
        Ok(answer) => answer.map(|answer| match answer {
            Value::Null => StatusCode::OK.into_response(),
            answer => Json(answer).into_response(),
        }),
        Err(_) if begun.load(Ordering::Relaxed) => Ok(StatusCode::OK.into_response()),
        Err(_) => Err(Problem::new(Code::Busy, "this node answers as many questions as it can", "try again")),
    }
}

async fn read(body: Body, chat: Chat) -> Result<Vec<u8>, Problem> {
    let most = match chat {
        Chat::Slack => SLACK_BYTES,
        Chat::Teams => TEAMS_BYTES,
    };
    let too_large = || {
        let detail = format!("what comes from a chat has at most {most} bytes");
        Problem::new(Code::TooLarge, detail, "decide on the hub's pages")
    };
    if body.size_hint().lower() > most as u64 {
        return Err(too_large());
    }
    let slow = |_| Problem::new(Code::TimedOut, "the body did not come", "send it again");
    let bytes = timeout(BODY_TIME, to_bytes(body, most)).await.map_err(slow)?;
    bytes.map(Vec::from).map_err(|_| too_large())
}

fn said(headers: &HeaderMap, name: &HeaderName) -> String {
    let said = headers.get(name).and_then(|said| said.to_str().ok()).filter(|said| said.len() <= SIGNATURE_BYTES);
    said.unwrap_or_default().to_owned()
}
