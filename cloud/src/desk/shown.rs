//! `vigie-cloud status`: what the desk says of the running hub, for people.

use std::process::ExitCode;

use serde_json::{Value, json};
use vigie_node::{Failed, hatch};

use crate::cli::StatusArgs;

/// Asks the running hub and shows the answer.
pub(crate) fn show(args: &StatusArgs) -> Result<ExitCode, Failed> {
    let status = hatch::ask_running(&args.place.data, &json!({ "ask": "status" }), "vigie-cloud")?;
    if args.json {
        vigie_node::say!("{status}");
        return Ok(ExitCode::SUCCESS);
    }
    let ledger = &status["ledger"];
    vigie_node::say!("hub       {}", status["node"].as_str().unwrap_or("-"));
    vigie_node::say!("sites     {}, {} cut off", status["sites"], status["sites_cut"]);
    let machines = status["machines"].as_object().into_iter().flatten().filter(|(_, count)| **count != 0);
    let machines: Vec<String> = machines.map(|(state, count)| format!("{count} {state}")).collect();
    vigie_node::say!("machines  {}", if machines.is_empty() { "none yet".to_owned() } else { machines.join(", ") });
    vigie_node::say!("sessions  {}", status["sessions"]);
    vigie_node::say!("collected {:>12} ticks", number(&ledger["collected"]));
    vigie_node::say!(
        "  here       {:>9}   of which signed by their agents {}",
        number(&ledger["at_hub"]),
        number(&ledger["verified"])
    );
    vigie_node::say!("  waiting    {:>9}", number(&ledger["waiting"]));
    let given_up = ledger["given_up"].as_object().cloned().unwrap_or_default();
    vigie_node::say!("  given up   {:>9}", given_up.values().filter_map(Value::as_u64).sum::<u64>());
    for (reason, ticks) in given_up {
        vigie_node::say!("    {reason}: {ticks}");
    }
    vigie_node::say!(
        "samples   {:>12}   duplicates absorbed: {} ticks",
        number(&ledger["samples"]),
        number(&ledger["duplicates"])
    );
    vigie_node::say!("store     {} of {} bytes", status["store"]["bytes"], status["store"]["cap_bytes"]);
    for target in status["forward"].as_array().into_iter().flatten() {
        vigie_node::say!("forward   {}", forward_line(target, number_ms(&status["as_of_ms"])));
    }
    Ok(ExitCode::SUCCESS)
}

/// How a target is doing, as a sentence.
pub(crate) fn forward_line(target: &Value, now_ms: i64) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let age_s = |since: &Value| since.as_i64().map_or(0, |since| (now_ms - since).max(0) / 1_000);
    let mut line = format!(
        "{} at {}: {} samples sent, {} ticks wait",
        text(&target["name"]),
        text(&target["to"]),
        number(&target["sent_samples"]),
        number(&target["waiting_ticks"])
    );
    if number(&target["waiting_ticks"]) > 0 {
        line += &format!(", the oldest for {} s", age_s(&target["oldest_ms"]));
    }
    if number(&target["refused_samples"]) > 0 {
        line += &format!("; {} refused, last: {}", number(&target["refused_samples"]), text(&target["last_refusal"]));
    }
    if !target["failing"].is_null() {
        let failing = &target["failing"];
        line += &format!("; nothing arrives for {} s: {}", age_s(&failing["since_ms"]), text(&failing["error"]));
    }
    line
}

pub(crate) fn number_ms(value: &Value) -> i64 {
    value.as_i64().unwrap_or(0)
}

pub(crate) fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_in_trouble_says_what_waits_what_was_refused_and_why() {
        let target = json!({ "name": "mimir", "to": "https://m", "sent_samples": 9, "waiting_ticks": 3,
            "oldest_ms": 4_000, "refused_samples": 2, "last_refusal": "400: too old",
            "failing": { "since_ms": 9_000, "error": "503" } });
        let wanted = "mimir at https://m: 9 samples sent, 3 ticks wait, the oldest for 6 s; 2 refused, last: 400: too old; \
                      nothing arrives for 1 s: 503";
        assert_eq!(forward_line(&target, 10_000), wanted);
    }
}
