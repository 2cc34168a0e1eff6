//! `vigie-agent doctor`: what is wrong, and what to do about it.

use std::process::ExitCode;

use serde_json::{Value, json};
use vigie_model::Role;
use vigie_node::{Failed, Finding, hatch, load_identity, rows_finding, show_findings, uplink_sentence};

use crate::cli::StatusArgs;

/// Looks at identity, program, link, store, accounts and collectors; exit code 1 when something is wrong.
pub(crate) fn examine(args: &StatusArgs) -> Result<ExitCode, Failed> {
    let mut findings = Vec::new();
    findings.push(match load_identity(&args.place.data, Role::Agent) {
        Ok(identity) => {
            Finding::good("identity", format!("{} at {}/{}", identity.node(), identity.client(), identity.site()))
        }
        Err(failed) => Finding::bad("identity", failed.text, "vigie-agent enrol --token …, with a token of the hub"),
    });
    match hatch::ask(&args.place.data, &json!({ "ask": "status" })) {
        Ok(Some(status)) => findings.extend(running(&status)),
        Ok(None) => findings.push(Finding::bad(
            "program",
            "no agent runs with this data folder".to_owned(),
            "vigie-agent run, or start its service",
        )),
        Err(failed) => findings.push(Finding::bad("program", failed.text, "look at its log; restart it")),
    }
    Ok(show_findings(&findings, args.json))
}

fn running(status: &Value) -> Vec<Finding> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let pressure = text(&status["store"]["pressure"]);
    let left_ms = status["certificate_until_ms"].as_i64().unwrap_or(0) - status["as_of_ms"].as_i64().unwrap_or(0);
    let down: Vec<String> = status["collectors_down"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| format!("{}: {}", text(&one["name"]), text(&one["why"])))
        .collect();
    let ledger = &status["ledger"];
    let mut findings = vec![
        Finding::good("program", "runs".to_owned()),
        Finding::check(
            "link",
            status["uplink"]["connected"] == true,
            uplink_sentence(&status["uplink"]),
            "check the relay's address and that UDP passes; nothing is lost meanwhile",
        ),
        Finding::check(
            "store",
            pressure == "none",
            format!("pressure {pressure}, {} bytes", status["store"]["bytes"]),
            "make room on the disk or raise --buffer-mib; the oldest is given up first, and said so",
        ),
        Finding::check(
            "accounting",
            status["sums_meet"] == true,
            format!("{} collected, {} waiting here", ledger["collected"], ledger["waiting"]),
            "report this with the output of: vigie-agent status --json",
        ),
        Finding::check(
            "certificate",
            left_ms > 0,
            format!("{} days left", left_ms / 86_400_000),
            "it renews itself while the hub can be reached; if it has ended, enrol again",
        ),
        Finding::check(
            "collectors",
            down.is_empty(),
            if down.is_empty() { "all up".to_owned() } else { down.join("; ") },
            "the others go on; the reason says what is missing",
        ),
    ];
    findings.push(rows_finding(&status["rows"], status["as_of_ms"].as_i64().unwrap_or(0)));
    findings.extend(foreign(&status["foreign"]));
    findings
}

/// Programs of this machine that speak for themselves, where any may.
fn foreign(foreign: &Value) -> Vec<Finding> {
    let Some(sources) = foreign["sources"].as_array() else { return Vec::new() };
    let down: Vec<&str> =
        sources.iter().filter(|source| source["up"] == false).filter_map(|source| source["why"].as_str()).collect();
    let refused = foreign["refused"].as_object();
    let refused: Vec<String> = refused
        .into_iter()
        .flatten()
        .filter(|(_, count)| count.as_u64().is_some_and(|count| count > 0))
        .map(|(reason, count)| format!("{reason}: {count}"))
        .collect();
    vec![
        Finding::check(
            "others",
            down.is_empty(),
            if down.is_empty() { format!("{} sources, none down", sources.len()) } else { down.join("; ") },
            "start the program, or take it out of agent.toml; everything else goes on",
        ),
        Finding::check(
            "others' samples",
            refused.is_empty(),
            if refused.is_empty() { "all taken".to_owned() } else { format!("not taken: {}", refused.join(", ")) },
            "series_cap: raise [foreign] series or say less; unreadable, left_out, duplicate: the sender is wrong; untimely: its clock; busy: the disk",
        ),
    ]
}
