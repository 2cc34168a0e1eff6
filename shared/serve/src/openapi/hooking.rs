//! What is said of the ways by which other programs are told of every event, and of how long data is kept?

use serde_json::json;

use super::operation::{Operation, number, tagged};
use crate::api::{DeadList, Redelivered, TermsList, WebhookList};
use crate::{ClientTerms, KeepDays, Webhook, WebhookMade, WebhookTried, WebhookWish};

pub(super) fn all() -> Vec<Operation> {
    hooks().into_iter().chain(keeping()).collect()
}

/// For how long a client's data is kept.
fn keeping() -> Vec<Operation> {
    let seen = "The ETag that GET gave: 412 if it is another one.";
    let days = json!({ "raw_days": 90, "minute_days": 400, "hour_days": 0 });
    tagged(
        "retention",
        vec![
            Operation::get("/retention", "For how long data is kept of the clients that you see as a whole")
                .answers::<TermsList>(200),
            Operation::get("/retention/{client}", "Of one client").answers::<ClientTerms>(200),
            Operation::put("/retention/{client}", "Says it of a client, before the hub's file")
                .more("What is 0 is kept for ever, what is left out as in the hub's file. What is too old goes within an hour.")
                .header("If-Match", seen)
                .takes::<KeepDays>(days)
                .answers::<ClientTerms>(200),
            Operation::delete("/retention/{client}", "Says nothing of a client any more").header("If-Match", seen),
        ],
    )
}

fn hooks() -> Vec<Operation> {
    let place =
        json!({ "url": "http://receiver.example/events", "kinds": ["alert"], "client": "acme", "site": "lyon" });
    tagged(
        "webhooks",
        vec![
            Operation::get("/webhooks", "Who is told of the events of your places, and how it goes")
                .answers::<WebhookList>(200),
            Operation::post("/webhooks", "Subscribes an address to events")
                .more(
                    "Each is posted once as JSON (`id`, `kind`, `at`, `client`, `site`, `data`), signed as Standard Webhooks \
                     say, and again with the same `webhook-id` until it is taken. `reset` says that events are missing. The \
                     secret is shown this once.",
                )
                .takes::<WebhookWish>(place)
                .answers::<WebhookMade>(201),
            Operation::get("/webhooks/{id}", "One of them").answers::<Webhook>(200),
            Operation::delete("/webhooks/{id}", "Ends it; what waits for it goes"),
            Operation::post("/webhooks/{id}/test", "Posts a test now, and says what the receiver said")
                .answers::<WebhookTried>(200),
            Operation::get("/webhooks/{id}/dead", "What was given up, oldest first").answers::<DeadList>(200),
            Operation::post("/webhooks/{id}/redeliver", "Sends again what was given up")
                .takes_as(
                    &["application/json"],
                    json!({ "type": "object", "additionalProperties": false, "properties": {
                        "delivery": number(1, u64::MAX >> 11) } }),
                    Some(json!({})),
                )
                .answers::<Redelivered>(200),
        ],
    )
}
