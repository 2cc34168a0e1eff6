//! `vigie-cloud doctor`: what is wrong with the hub, and what to do about it.

use std::process::ExitCode;

use serde_json::{Value, json};
use vigie_node::{Failed, Finding, hatch, rows_finding, show_findings, tls_finding, twins_finding};

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
            findings.push(backed_up(&status["backup"], number_ms(&status["as_of_ms"])));
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
fn backed_up(backup: &Value, now_ms: i64) -> Finding {
    let last_ms = backup["last"]["made_at_ms"].as_i64();
    let age_h = last_ms.map(|last_ms| now_ms.saturating_sub(last_ms).max(0) / 3_600_000);
    let last = age_h.map_or("none was taken".to_owned(), |hours| format!("the last is {hours} h old"));
    let Some(every_ms) = backup["every_ms"].as_i64() else {
        return Finding::good("backup", format!("{last}, none are planned"));
    };
    let late = last_ms.is_none_or(|last_ms| now_ms.saturating_sub(last_ms) > every_ms.saturating_mul(2));
    let failed = backup["failed"]["why"].as_str().filter(|_| backup["failed"]["by_plan"] == true);
    let said = failed.map_or(last.clone(), |why| format!("{last}; {why}"));
    let is_good = failed.is_none() && (!late || !backup["running"].is_null());
    Finding::check("backup", is_good, said, "see that [backup] folder is there, has room, and is the hub's to write")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planned_backups_that_do_not_come_are_not_in_order() {
        let told = |backup: Value| backed_up(&backup, 100 * 3_600_000).is_good();
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
    fn a_hub_that_hears_nobody_of_those_it_knows_is_not_in_order() {
        let said = |sessions: u64, sites: u64| heard(&json!({ "sessions": sessions, "sites": sites }));
        assert!(!said(0, 3).is_good() && said(0, 0).is_good() && said(1, 3).is_good());
    }
}
