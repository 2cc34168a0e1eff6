//! What is said of the ways by which machines and what they measured are looked at?

use serde_json::{Value, json};

use super::operation::{Operation, one_of, slug, tagged, text, time};
use crate::api::{
    AvailabilityPage, Columns, Here, Machines, MarkSaid, MarkWish, Marked, MarkedMachines, Sites, Whole, Words,
};
use crate::{Ledger, Raw};

pub(super) fn all() -> Vec<Operation> {
    let mut all = tagged("here", here());
    all.extend(tagged("machines", machines()));
    all
}

fn here() -> Vec<Operation> {
    vec![
        Operation::get("/openapi.json", "This document").answers_as(
            200,
            &["application/vnd.oai.openapi+json;version=3.1"],
            json!({ "type": "object", "required": ["openapi", "paths"] }),
        ),
        Operation::get("/events", "What changes, as it happens: server-sent events")
            .more(
                "Kinds are `alert`, `decision`, `presence`, `machine` and `site`; each bears its data as JSON, and is told to \
                 who may see its place. The first is `ready`. Who comes back with the id of their last event misses none; if \
                 that was too long ago the first is `reset`: load the lists anew.",
            )
            .may("kinds", text(), "Some of them, with commas.")
            .header("Last-Event-ID", "The id of the last event that was read.")
            .answers_as(200, &["text/event-stream"], text()),
        Operation::get("/here", "This node, and who you are to it").answers::<Here>(200),
    ]
}

fn machines() -> Vec<Operation> {
    vec![
        Operation::get("/sites", "Every site that you may see, by client and name")
            .listed("Sites in one answer; 1000 unless said otherwise.")
            .answers::<Sites>(200),
        Operation::get("/machines", "The machines that you may see, by id, a page at a time")
            .listed("Machines in one answer; 100 unless said otherwise.")
            .may("search", text(), "Looked for in names of machine, site and client.")
            .may(
                "sort",
                one_of(&["id", "attention"]),
                "By `attention` those come first that need a person most; one page.",
            )
            .answers::<Machines<'static>>(200),
        Operation::get("/machines/columns", "All machines that you may see at once, column by column")
            .more("What a table shows of them, in some bytes for each. Of ids as much as it takes to tell them apart here.")
            .may("q", text(), "Which machines, as in `site:lyon status:crit`.")
            .answers::<Columns<'static>>(200),
        Operation::get("/machines/{id}", "One machine with its facts").answers::<Whole<'static>>(200),
        Operation::get("/machines/{id}/ledger", "Where every tick of a machine is").answers::<Ledger>(200),
        Operation::get("/tags", "Tags and groups of the machines that you may see, and how many bear each")
            .answers::<Words>(200),
        Operation::get("/machines/{id}/tags", "What a machine is tagged with, and the groups that it is in")
            .answers::<Marked>(200),
        Operation::put("/machines/{id}/tags", "Says what a machine is tagged with, and the groups that it is in: all of them")
            .header("If-Match", "The ETag that GET gave: 412 if it is another one.")
            .takes::<MarkSaid>(json!({ "tags": ["till"], "groups": [] }))
            .answers::<Marked>(200),
        Operation::post("/machines/tags", "Gives many machines words and takes others away, all of it or nothing")
            .takes::<MarkWish>(json!({ "machines": ["fcc4a31aa21ceaf4210155a39362853a"], "add": { "tags": ["till"] } }))
            .answers::<MarkedMachines>(200),
        of_hours(Operation::get("/machines/{id}/raw", "How far the wish for a machine's ticks is")).answers::<Raw>(200),
        of_hours(Operation::post("/machines/{id}/raw", "Asks for ticks that stay at their site"))
            .more("202 once the wish is durable; asking twice is asking once.")
            .answers::<Raw>(202),
        Operation::get("/availability", "For how long machines were up, down, or not verified")
            .more("A demonstration is left out beside real machines, unless it is asked for by its client, `vigie-demo`.")
            .may("client", slug(), "Of this client alone.")
            .may("site", slug(), "Of this site alone.")
            .may("start", time(), "From when; a day before the end unless said otherwise.")
            .may("end", time(), "Until when; now unless said otherwise. A month at most.")
            .paged("Machines in one answer; 500 unless said otherwise. A site is told of whole, and more of its machines at once.")
            .answers::<AvailabilityPage>(200),
        export(Operation::get("/export", "Raw samples, or what minutes or hours came down to")),
        export(Operation::post("/export", "The same, with the parameters in a form if they are long")),
    ]
}

fn of_hours(operation: Operation) -> Operation {
    let operation = operation.must("start", time(), "From when.", "2026-11-21T10:00:00Z");
    operation.must("end", time(), "Until when; a month at most.", "2026-11-21T11:00:00Z")
}

fn export(operation: Operation) -> Operation {
    let many = json!({ "type": "array", "minItems": 1, "items": { "type": "string" } });
    let matching = "Which series, as selectors of PromQL; at least one.";
    operation
        .must("match[]", many, matching, "up")
        .may("start", time(), "From when; everything unless said otherwise.")
        .may("end", time(), "Until when.")
        .may("format", one_of(&["jsonl", "csv", "parquet"]), "JSON lines unless this or `Accept` says otherwise.")
        .may("resolution", one_of(&["raw", "1m", "1h"]), "Samples, or folded minutes or hours.")
        .more(
            "In bounded memory. If anything fails after the first piece the connection breaks off: what ends is whole.",
        )
        .answers_as(200, FORMS, Value::Bool(true))
}

const FORMS: &[&str] =
    &["application/stream+json", "text/csv; charset=utf-8; header=present", "application/vnd.apache.parquet"];
