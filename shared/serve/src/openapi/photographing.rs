//! What is said of the ways by which people share photos into incidents?

use serde_json::json;

use super::operation::{Operation, tagged, time};
use crate::api::{Photo, PhotoList};

const KINDS: &[&str] = &["image/jpeg", "image/png", "image/webp"];

pub(super) fn all() -> Vec<Operation> {
    let bytes = || json!({ "type": "string", "contentMediaType": "image/*" });
    tagged(
        "watch",
        vec![
            Operation::get("/incidents/{id}/photos", "What people showed of it, oldest first").answers::<PhotoList>(200),
            Operation::post("/incidents/{id}/photos", "Shares a photo into it, in your name")
                .more(
                    "The photo is the body: JPEG, PNG or WebP, by what it begins with, of at most 5 MB. It is kept byte for byte, \
                     with the place that a camera may have written into it. The same photo sent twice is one: 200 then. An \
                     incident has at most 20, and a client's photos at most 200 MB.",
                )
                .may("happened_at", time(), "When it was shared, where there was no line then: at most 7 days ago.")
                .takes_as(KINDS, bytes(), None)
                .answers::<Photo>(201),
            Operation::get("/incidents/{id}/photos/{photo}", "One of them, itself").answers_as(200, KINDS, bytes()),
            Operation::delete("/incidents/{id}/photos/{photo}", "Takes one away"),
        ],
    )
}
