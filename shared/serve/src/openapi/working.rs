//! What is said of the ways by which people see what work waits, and have a client's samples in a file?

use serde_json::json;
use vigie_jobs::{JobKind, JobState};

use super::operation::{Operation, one_of, slug, tagged, text};
use crate::api::{JobList, RunJob};
use crate::{ExportWish, JobShown, JobWhole};

pub(super) fn all() -> Vec<Operation> {
    let wish = json!({ "client": "acme", "match": ["up"], "start": "2026-11-21T10:00:00Z", "format": "csv" });
    tagged(
        "jobs",
        vec![
            Operation::get("/jobs", "What work waits, is under way, failed or is done, the latest first")
                .more(
                    "Of the clients that you see as a whole; the hub's own work for who sees everybody; letters (`mail`) for who \
                     looks after people there, or had them written. What has ended is remembered \
                     for 30 days, and the latest hundred of a kind and client.",
                )
                .listed("100 unless said otherwise.")
                .may("state", one_of(&JobState::WORDS), "Only those that stand so.")
                .may("kind", one_of(&JobKind::WORDS), "Only work of this kind.")
                .may_as("client", slug(), "Only of this client.", "acme")
                .answers::<JobList>(200),
            Operation::post("/jobs", "Upkeep that comes by itself later comes now")
                .more("What waits for its moment is begun; what is under way is answered as it is, and not begun twice.")
                .takes::<RunJob>(json!({ "kind": "retention" }))
                .answers::<JobShown>(202),
            Operation::get("/jobs/{id}", "One of them, and what happened to it").answers::<JobWhole>(200),
            Operation::post("/jobs/{id}/cancel", "Calls it off")
                .more("At once where it waits. What is under way stops at its next step: look at `stopping`, then at `state`.")
                .answers::<JobShown>(200),
            Operation::post("/jobs/{id}/retry", "Asks again for what failed or was called off").answers::<JobShown>(200),
            Operation::post("/exports", "A client's samples into a file, which waits to be fetched")
                .more(
                    "For who sees all of the client, whatever the selectors say nothing else is in it. The file is kept for three days \
                     and takes one gigabyte at most. What GET /export streams is the same.",
                )
                .takes::<ExportWish>(wish)
                .answers::<JobShown>(202),
            Operation::get("/exports/{id}/file", "The file of an export that is done").answers_as(
                200,
                &["application/stream+json", "text/csv", "application/vnd.apache.parquet"],
                text(),
            ),
        ],
    )
}
