//! `vigie-cloud status`: what the desk says of the running hub, for people.

use std::process::ExitCode;

use serde_json::{Value, json};
use vigie_node::{Failed, hatch};

use crate::cli::StatusArgs;

/// Asks the running hub and shows the answer.
#[expect(clippy::print_stdout, reason = "the answer to a person's command")]
pub(crate) fn show(args: &StatusArgs) -> Result<ExitCode, Failed> {
    let status = hatch::ask_running(&args.place.data, &json!({ "ask": "status" }), "vigie-cloud")?;
    if args.json {
        println!("{status}");
        return Ok(ExitCode::SUCCESS);
    }
    let ledger = &status["ledger"];
    println!("hub       {}", status["node"].as_str().unwrap_or("-"));
    println!("sites     {}, {} cut off", status["sites"], status["sites_cut"]);
    let machines = status["machines"].as_object().into_iter().flatten().filter(|(_, count)| **count != 0);
    let machines: Vec<String> = machines.map(|(state, count)| format!("{count} {state}")).collect();
    println!("machines  {}", if machines.is_empty() { "none yet".to_owned() } else { machines.join(", ") });
    println!("sessions  {}", status["sessions"]);
    println!("collected {:>12} ticks", number(&ledger["collected"]));
    println!(
        "  here       {:>9}   of which signed by their agents {}",
        number(&ledger["at_hub"]),
        number(&ledger["verified"])
    );
    println!("  waiting    {:>9}", number(&ledger["waiting"]));
    let given_up = ledger["given_up"].as_object().cloned().unwrap_or_default();
    println!("  given up   {:>9}", given_up.values().filter_map(Value::as_u64).sum::<u64>());
    for (reason, ticks) in given_up {
        println!("    {reason}: {ticks}");
    }
    println!(
        "samples   {:>12}   duplicates absorbed: {} ticks",
        number(&ledger["samples"]),
        number(&ledger["duplicates"])
    );
    println!("store     {} of {} bytes", status["store"]["bytes"], status["store"]["cap_bytes"]);
    for target in status["forward"].as_array().into_iter().flatten() {
        println!("forward   {}", forward_line(target, number_ms(&status["as_of_ms"])));
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
