//! `vigie-cloud doctor`: what is wrong with the hub, and what to do about it.

use std::process::ExitCode;

use serde_json::{Value, json};
use vigie_model::UtcMs;
use vigie_node::{Failed, Finding, hatch, rows_finding, show_findings, tls_finding, twins_finding};
use vigie_serve::Stamp;

use crate::cli::StatusArgs;
use crate::desk::{forward_line, number, number_ms};

/// Looks at program, sites, store and accounts.
pub(crate) fn examine(args: &StatusArgs) -> Result<ExitCode, Failed> {
    let mut findings = Vec::new();
    match hatch::ask(&args.place.data, &json!({ "ask": "status" })) {
        Ok(Some(status)) => {
            let pressure = status["store"]["pressure"].as_str().unwrap_or("unknown");
            findings.push(Finding::good("program", format!("runs, {} sessions", status["sessions"])));
            findings.push(heard(&status));
            findings.push(Finding::check(
                "sites",
                status["sites_cut"] == 0,
                format!("{} of {} cut off", status["sites_cut"], status["sites"]),
                "see the page for which, and since when; they go on recording",
            ));
            findings.push(Finding::check(
                "store",
                pressure == "none",
                format!("pressure {pressure}, {} bytes", status["store"]["bytes"]),
                "make room or raise --store-mib; sites keep what the hub can not take",
            ));
            findings.push(Finding::check(
                "accounting",
                status["sums_meet"] == true,
                format!("{} collected, {} waiting", status["ledger"]["collected"], status["ledger"]["waiting"]),
                "report this with the output of: vigie-cloud status --json",
            ));
            findings.push(rows_finding(&status["rows"], number_ms(&status["as_of_ms"])));
            findings.push(twins_finding(&status["twins"], number_ms(&status["as_of_ms"])));
            findings.push(backed_up(&status["backup"], &status["upkeep"], number_ms(&status["as_of_ms"])));
            findings.push(upkept(&status["upkeep"]));
            findings.extend(tls_finding(&status["tls"], number_ms(&status["as_of_ms"])));
            findings.extend(vigie_lookout::findings(&status["watch"]));
            for target in status["forward"].as_array().into_iter().flatten() {
                findings.push(Finding::check(
                    "forward",
                    target["failing"].is_null() && number(&target["refused_samples"]) == 0,
                    forward_line(target, number_ms(&status["as_of_ms"])),
                    "see that url, token and receiver are right; what waits is kept here, what was refused is passed over",
                ));
            }
        }
        Ok(None) => findings.push(Finding::bad(
            "program",
            "no hub runs with this data folder".to_owned(),
            "vigie-cloud run, or start its service",
        )),
        Err(failed) => findings.push(Finding::bad("program", failed.text, "look at its log; restart it")),
    }
    Ok(show_findings(&findings, args.json))
}

/// Whether anybody of those who are known is connected.
fn heard(status: &Value) -> Finding {
    let (sessions, sites) = (number(&status["sessions"]), number(&status["sites"]));
    let said = match (sessions, sites) {
        (0, 0) => "nobody has enrolled yet".to_owned(),
        (0, sites) => format!("nobody is connected, of {sites} sites that are known"),
        (sessions, _) => format!("{sessions} nodes are connected"),
    };
    let advice = "check that UDP reaches --listen and that nodes dial what --advertise says; sites go on recording";
    Finding::check("heard", sessions > 0 || sites == 0, said, advice)
}

/// Whether backups go as planned; where none are planned nobody is to be woken, but it is said.
fn backed_up(backup: &Value, upkeep: &Value, now_ms: i64) -> Finding {
    let last_ms = backup["last"]["made_at_ms"].as_i64();
    let age_h = last_ms.map(|last_ms| now_ms.saturating_sub(last_ms).max(0) / 3_600_000);
    let last = age_h.map_or("none was taken".to_owned(), |hours| format!("the last good one is {hours} h old"));
    let Some(every_ms) = backup["every_ms"].as_i64() else {
        return Finding::good("backup", format!("{last}, none are planned"));
    };
    let late = last_ms.is_none_or(|last_ms| now_ms.saturating_sub(last_ms) > every_ms.saturating_mul(2));
    let in_a_row = of_kind(upkeep, "backup").and_then(failing);
    let latest = backup["failed"]["why"].as_str().filter(|_| backup["failed"]["by_plan"] == true);
    let failed = in_a_row.or_else(|| latest.map(str::to_owned));
    let said = failed.as_ref().map_or(last.clone(), |why| format!("{last}; {why}"));
    let is_good = failed.is_none() && (!late || !backup["running"].is_null());
    Finding::check("backup", is_good, said, "see that [backup] folder is there, has room, and is the hub's to write")
}

/// Whether what is old is let go of and what was erased is deleted, and whether any upkeep should have ended.
fn upkept(upkeep: &Value) -> Finding {
    let each = upkeep.as_array().into_iter().flatten();
    let troubles: Vec<String> = each
        .flat_map(|of| {
            // Of backups that fail another finding says more.
            let fails = failing(of).filter(|_| of["kind"] != "backup");
            let kind = of["kind"].as_str().unwrap_or_default();
            [fails, late(of)].into_iter().flatten().map(move |said| format!("{kind}: {said}"))
        })
        .collect();
    let last_ms = of_kind(upkeep, "retention").and_then(|of| of["last_done_ms"].as_i64());
    let well = last_ms.map_or("nothing failed, nothing is late".to_owned(), |last_ms| {
        format!("nothing failed, nothing is late; it was last looked for what is old at {}", Stamp(UtcMs(last_ms)))
    });
    let said = if troubles.is_empty() { well } else { troubles.join("; ") };
    let advice = "look at /jobs, or vigie jobs list state:retrying; it is tried again by itself, and at once with vigie jobs retry";
    Finding::check("upkeep", troubles.is_empty(), said, advice)
}

fn of_kind<'v>(upkeep: &'v Value, kind: &str) -> Option<&'v Value> {
    upkeep.as_array()?.iter().find(|of| of["kind"] == kind)
}

/// How often upkeep of a kind failed in a row, and why; nothing where it did not.
fn failing(of: &Value) -> Option<String> {
    let why = of["why"].as_str().unwrap_or("the hub does not remember why");
    let since = || Stamp(UtcMs(number_ms(&of["failing_since_ms"])));
    match number(&of["failures"]) {
        0 => None,
        1 => Some(format!("the last try failed, at {}: {why}", since())),
        failures => Some(format!("the last {failures} tries failed, since {}: {why}", since())),
    }
}

/// By how much upkeep of a kind is late; nothing where it is not.
fn late(of: &Value) -> Option<String> {
    let minutes = number_ms(&of["late_ms"]) / 60_000;
    (number(&of["late"]) > 0).then(|| format!("it should have ended {minutes} min ago"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planned_backups_that_do_not_come_are_not_in_order() {
        let told = |backup: Value| backed_up(&backup, &json!([]), 100 * 3_600_000).is_good();
        let day_ms = 24 * 3_600_000;
        let last = |hours: i64| json!({ "made_at_ms": hours * 3_600_000_i64 });
        assert!(told(json!({ "last": null, "every_ms": null })), "nothing is planned");
        assert!(told(json!({ "last": last(60), "every_ms": day_ms })));
        assert!(!told(json!({ "last": last(50), "every_ms": day_ms })));
        assert!(!told(json!({ "last": null, "every_ms": day_ms })));
        assert!(told(json!({ "last": null, "every_ms": day_ms, "running": { "rows": 1 } })));
        assert!(!told(
            json!({ "last": last(99), "every_ms": day_ms, "failed": { "why": "the disk is full", "by_plan": true } })
        ));
        assert!(told(json!({ "last": last(99), "every_ms": day_ms, "failed": { "why": "it is there already" } })));
    }

    #[test]
    fn backups_that_fail_say_how_often_why_and_how_old_the_last_good_one_is() {
        let backup =
            json!({ "last": { "made_at_ms": 60 * 3_600_000_i64 }, "every_ms": 24 * 3_600_000_i64, "failed": null });
        let fails = |failures: u64| json!([{ "kind": "backup", "failures": failures, "failing_since_ms": 0, "why": "the disk is full", "late": 0 }]);
        let found = backed_up(&backup, &fails(3), 100 * 3_600_000);
        let wanted =
            "the last good one is 40 h old; the last 3 tries failed, since 1970-01-01T00:00:00.000Z: the disk is full";
        assert!(!found.is_good() && found.said() == wanted, "{}", found.said());
        assert!(backed_up(&backup, &fails(0), 100 * 3_600_000).is_good());
        assert!(upkept(&fails(3)).is_good(), "it is said once");
    }

    #[test]
    fn upkeep_that_fails_or_does_not_end_is_not_in_order() {
        let of = |failures: u64, late: u64| {
            upkept(&json!([{ "kind": "retention", "failures": failures, "failing_since_ms": 0, "why": "no room",
                "last_done_ms": 0, "late": late, "late_ms": 120_000 }]))
        };
        assert!(of(0, 0).is_good() && of(0, 0).said().ends_with("at 1970-01-01T00:00:00.000Z"), "{}", of(0, 0).said());
        assert_eq!(of(1, 0).said(), "retention: the last try failed, at 1970-01-01T00:00:00.000Z: no room");
        assert_eq!(of(0, 1).said(), "retention: it should have ended 2 min ago");
        assert!(!of(1, 0).is_good() && !of(0, 1).is_good());
    }

    #[test]
    fn a_hub_that_hears_nobody_of_those_it_knows_is_not_in_order() {
        let said = |sessions: u64, sites: u64| heard(&json!({ "sessions": sessions, "sites": sites }));
        assert!(!said(0, 3).is_good() && said(0, 0).is_good() && said(1, 3).is_good());
    }
}
