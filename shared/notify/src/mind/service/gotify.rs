//! Gotify: a message of plain text with a priority and what a tap opens.

use serde_json::{Value, json};
use vigie_model::Severity;

use super::super::notice::{Kind, Notice};
use super::super::words::compose;
use super::fit::{chars, cut, text_within};

/// Characters of a message: the server has no limit, a telephone has.
const MESSAGE_CHARS: usize = 10_000;

pub(super) fn body(notice: &Notice) -> Value {
    let composed = compose(notice);
    let priority = match (notice.kind, notice.severity) {
        (Kind::Resolved | Kind::Back | Kind::Test, _) => 4,
        (Kind::Digest | Kind::Acknowledged, _) => 2,
        (_, Severity::Critical) => 8,
        (_, Severity::Warning) => 5,
        (_, Severity::Info) => 2,
    };
    let mut extras = json!({ "client::display": { "contentType": "text/plain" } });
    if let Some(link) = composed.parts.iter().find_map(|part| part.link.as_ref()) {
        extras["client::notification"] = json!({ "click": { "url": link } });
    }
    json!({
        "title": cut(&composed.subject, 250, chars),
        "message": text_within(notice, MESSAGE_CHARS, chars),
        "priority": priority,
        "extras": extras,
    })
}
