//! What is said of the ways by which chats bring what people decide there?

use serde_json::json;

use super::operation::{Operation, tagged};

const FORM: &[&str] = &["application/x-www-form-urlencoded"];
const JSON: &[&str] = &["application/json"];

pub(super) fn all() -> Vec<Operation> {
    let form = json!({ "type": "object", "required": ["payload"], "properties": {
        "payload": { "type": "string", "maxLength": 1 << 20, "description": "What was pressed, by whom, as JSON." } } });
    let line = json!({ "type": "object", "required": ["type", "text", "from"], "properties": {
        "type": { "const": "message" },
        "id": { "type": "string", "maxLength": 200 },
        "timestamp": { "type": "string", "format": "date-time", "maxLength": 40 },
        "text": { "type": "string", "maxLength": 65_536, "description": "What somebody wrote." },
        "from": { "type": "object", "properties": {
            "aadObjectId": { "type": "string", "maxLength": 200 },
            "name": { "type": "string", "maxLength": 1_000 } } } } });
    let written = json!({ "type": "message", "id": "1", "timestamp": "2026-11-22T10:00:00Z", "text": "help",
        "from": { "aadObjectId": "6c1a…", "name": "Marie" } });
    tagged(
        "watch",
        vec![
            Operation::post("/chats/{channel}/slack", "Somebody pressed a button of a message in Slack")
                .more(
                    "The interactivity request URL of an app. Signed by Slack (`X-Slack-Signature`, \
                     `X-Slack-Request-Timestamp`) at most five minutes ago; what comes twice is done once, and the message is \
                     changed at its `response_url`. A channel that is not there is answered as a wrong signature is.",
                )
                .header("X-Slack-Signature", "`v0=` and the HMAC-SHA256 of version, time and body.")
                .header("X-Slack-Request-Timestamp", "When it was signed, in seconds since 1970.")
                .takes_as(FORM, form, Some(json!({ "payload": "{}" })))
                .status(200),
            Operation::post("/chats/{channel}/teams", "Somebody mentioned our outgoing webhook in Teams")
                .more(
                    "Its callback URL. Signed by Teams (`Authorization: HMAC …` over the body) at most five minutes ago; what \
                     comes twice is done once. Answered with a card.",
                )
                .takes_as(JSON, line, Some(written))
                .answers_as(200, JSON, json!({ "type": "object", "required": ["type", "attachments"], "properties": {
                    "type": { "const": "message" }, "attachments": { "type": "array", "maxItems": 1, "items": { "type": "object" } } } })),
        ],
    )
}
