//! What is said of the ways by which clients get pages that anybody may read?

use serde_json::json;

use super::operation::{Operation, tagged, text};
use crate::api::StatusPageList;
use crate::{NewsSaid, NoticeSaid, StatusPage, StatusPageSaid};

pub(super) fn all() -> Vec<Operation> {
    let seen = "The ETag that GET gave: 412 if it is another one.";
    let page = || {
        json!({ "client": "acme", "title": "Acme", "on": true,
            "components": [{ "name": "Tills", "of": { "site": "lyon" } }] })
    };
    let what = "A component stands on a `site`, a `group` or `machines` (by their ids) of the page's client; outside only its \
                name is told. What is not known is `not_verified`, never `operational`.";
    tagged(
        "status pages",
        vec![
            Operation::get("/status-pages", "Public pages of the clients of whom you tell")
                .answers::<StatusPageList>(200),
            Operation::post("/status-pages", "Makes a page whose address nobody guesses")
                .more(what)
                .takes::<StatusPageSaid>(page())
                .answers::<StatusPage>(201),
            Operation::get("/status-pages/{slug}", "One of them").answers::<StatusPage>(200),
            Operation::get("/status-pages/{slug}/preview", "What anybody would read, before they may")
                .may("lang", json!({ "type": "string", "enum": ["en", "fr"] }), "The browser's unless said otherwise.")
                .answers_as(200, &["text/html"], text()),
            Operation::put("/status-pages/{slug}", "Makes a page of this name, or says another thing of it")
                .more(what)
                .header("If-Match", seen)
                .takes::<StatusPageSaid>(page())
                .answers::<StatusPage>(200),
            Operation::delete("/status-pages/{slug}", "Takes it away, with what was published on it")
                .header("If-Match", seen),
            Operation::post("/status-pages/{slug}/notices", "Publishes a notice, in your own words")
                .takes::<NoticeSaid>(json!({ "title": "Tills are slow", "text": "We are looking into it.",
                    "language": "en", "components": ["Tills"] }))
                .answers::<StatusPage>(201),
            Operation::post("/status-pages/{slug}/notices/{id}/news", "Says what is new of a notice")
                .takes::<NewsSaid>(json!({ "text": "All is well again.", "state": "over" }))
                .answers::<StatusPage>(201),
            Operation::delete("/status-pages/{slug}/notices/{id}", "Takes a notice away"),
        ],
    )
}
