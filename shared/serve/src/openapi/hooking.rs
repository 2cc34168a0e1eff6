//! What is said of the ways by which other programs are told of every event, of how long data is kept, and of how
//! much a client may have?

use serde_json::json;

use super::operation::{Operation, number, slug, tagged};
use crate::api::{DeadList, QuotaList, Redelivered, TermsList, WebhookList};
use crate::{ClientQuota, ClientTerms, KeepDays, QuotaMost, Webhook, WebhookMade, WebhookTried, WebhookWish};

pub(super) fn all() -> Vec<Operation> {
    hooks().into_iter().chain(keeping()).chain(quotas()).collect()
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

/// How much a client may have.
fn quotas() -> Vec<Operation> {
    let seen = "The ETag that GET gave: 412 if it is another one.";
    let most = json!({ "machines": 100, "users": 20, "series": 20_000 });
    tagged(
        "quotas",
        vec![
            Operation::get("/quotas", "How much the clients that you see as a whole may have, and have")
                .may_as("client", slug(), "Of one alone.", "acme")
                .answers::<QuotaList>(200),
            Operation::get("/quotas/{client}", "Of one client").answers::<ClientQuota>(200),
            Operation::put("/quotas/{client}", "Says how much a client may have")
                .more(
                    "One machine more is not let in, and one person more is not invited; what is there already stays. More \
                     series, samples and bytes are taken in and kept all the same. From four fifths on an incident of the \
                     client says so (`QuotaNearlyUsed`, `QuotaUsedUp`). What is left out is not limited.",
                )
                .header("If-Match", seen)
                .takes::<QuotaMost>(most)
                .answers::<ClientQuota>(200),
            Operation::delete("/quotas/{client}", "Says nothing of a client any more").header("If-Match", seen),
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
