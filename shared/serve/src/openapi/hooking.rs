//! What is said of the ways by which other programs are told of every event, people by their devices, of how long data is
//! kept, and of how much a client may have?

use serde_json::json;

use super::operation::{Operation, number, slug, tagged};
use crate::api::{DeadList, DeviceList, Displayed, QuotaList, Redelivered, TermsList, WebhookList};
use crate::{ClientQuota, ClientTerms, KeepDays, QuotaMost, Webhook, WebhookMade, WebhookTried, WebhookWish};
use crate::{Device, DeviceChange, DeviceTried, DeviceWish};

pub(super) fn all() -> Vec<Operation> {
    hooks().into_iter().chain(devices()).chain(keeping()).chain(quotas()).collect()
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

fn devices() -> Vec<Operation> {
    let change = json!({ "name": "Telephone", "quiet": { "from": "22:00", "to": "07:00", "zone": "Europe/Paris" } });
    let wish = json!({ "name": "Telephone", "language": "fr", "subscription": {
        "endpoint": "https://push.example.org/send/abc", "expirationTime": null, "keys": {
            "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
            "auth": "BTBZMqHH6r4Tts7J_aSIgg" } } });
    tagged(
        "devices",
        vec![
            Operation::get("/me/devices", "Your telephones and browsers, and how pushing to them goes")
                .answers::<DeviceList>(200),
            Operation::post("/me/devices", "This browser is pushed to from now on")
                .more(
                    "With what its `PushSubscription` says. Whom a schedule tells by the channel `devices`, at the address they \
                     sign in with, is told on all of their devices: encrypted (RFC 8291), in the shape of declarative web push.",
                )
                .takes::<DeviceWish>(wish)
                .answers::<Device>(201),
            Operation::put("/me/devices/{id}", "Names it, and says when it does not ring but for what is critical")
                .takes::<DeviceChange>(change)
                .answers::<Device>(200),
            Operation::delete("/me/devices/{id}", "It is pushed to no more"),
            Operation::post("/me/devices/{id}/test", "Pushes a test now, and says what the push service said")
                .more("Whether it was shown, the device says itself: look at `last_push.displayed_at`.")
                .answers::<DeviceTried>(200),
            Operation::post("/devices/displayed", "A device has shown a message")
                .more("By the word that stood in it, which counts once. What is no such word is answered alike.")
                .takes::<Displayed>(json!({ "receipt": "AAAAAAAAAAAAAAAAAAAAAA" })),
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
