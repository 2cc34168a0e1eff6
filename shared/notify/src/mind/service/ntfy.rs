//! ntfy: published as JSON, as plain text, with a priority, tags and what a tap opens.

use serde_json::{Value, json};
use vigie_model::Severity;

use super::super::letter::{Outcome, Whose};
use super::super::notice::{Kind, Notice};
use super::super::text::Text;
use super::super::words::compose;
use super::fit::{bytes, cut, text_within};
use super::verdict::{Reply, usual};

/// Bytes of a message; what is longer would become a file.
const MESSAGE_BYTES: usize = 4_000;

/// Bytes of a title.
const TITLE_BYTES: usize = 250;

/// What the server says when today's messages are used up.
const QUOTA: u64 = 42_908;

pub(super) fn body(notice: &Notice, topic: &str) -> Value {
    let composed = compose(notice);
    let (priority, tag) = match (notice.kind, notice.severity) {
        (Kind::Resolved | Kind::Back, _) => (3, "white_check_mark"),
        (Kind::Digest, _) => (2, "clipboard"),
        (Kind::Test, _) => (3, "wave"),
        (Kind::Acknowledged, _) => (2, "eyes"),
        (Kind::Cut, Severity::Critical) => (5, "electric_plug"),
        (Kind::Cut, _) => (4, "electric_plug"),
        (Kind::Firing | Kind::Escalated, Severity::Critical) => (5, "rotating_light"),
        (Kind::Firing | Kind::Escalated, Severity::Warning) => (4, "warning"),
        (Kind::Firing | Kind::Escalated, Severity::Info) => (3, "information_source"),
    };
    let mut body = json!({
        "topic": topic,
        "title": cut(&composed.subject, TITLE_BYTES, bytes),
        "message": text_within(notice, MESSAGE_BYTES, bytes),
        "priority": priority,
        "tags": [tag],
        "markdown": false,
    });
    if let Some(link) = composed.parts.iter().find_map(|part| part.link.as_ref()) {
        body["click"] = json!(link);
    }
    body
}

/// A quota of the day is asked for again in an hour, not each five minutes.
pub(super) fn verdict(reply: &Reply<'_>) -> Outcome {
    let said: Option<Value> = serde_json::from_str(reply.said).ok();
    if reply.status == 429 && said.is_some_and(|said| said["code"] == QUOTA) {
        return Outcome::Later { why: Text::new(&reply.words()), after_ms: Some(3_600_000), whose: Whose::Channel };
    }
    usual(reply)
}
