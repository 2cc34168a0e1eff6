//! How is an answer said to a person at a terminal?

use std::process::ExitCode;

use serde_json::Value;

/// Prints an answer, in JSON or in words.
pub(super) fn print(value: &Value, as_json: bool, say: impl Fn(&Value) -> String) -> ExitCode {
    vigie_node::say!("{}", if as_json { value.to_string() } else { say(value) });
    ExitCode::SUCCESS
}

/// Whom a ladder tells next, and in how long.
fn next(climbing: &Value) -> String {
    let names: Vec<String> = climbing["whom"].as_array().into_iter().flatten().map(text).collect();
    let whom = if names.is_empty() { "nobody".to_owned() } else { names.join(", ") };
    let left_ms = vigie_serve::Stamp::parse(climbing["at"].as_str().unwrap_or_default())
        .map(|at| at.ms().saturating_sub(super::now_ms()).max(0));
    let when = match (left_ms, climbing["paused"] == true) {
        (Some(ms), _) if ms < 60_000 => format!("{whom} in {} s", ms / 1_000),
        (Some(ms), _) => format!("{whom} in {} min", ms / 60_000),
        (None, true) => format!("{whom}, when it is no longer quiet"),
        (None, false) => "nobody: all steps are done".to_owned(),
    };
    format!(
        "  next      {when} (step {} of {} of {})",
        climbing["step"].as_u64().unwrap_or(0) + 1,
        climbing["of"],
        text(&climbing["route"])
    )
}

/// A line for each of a list.
pub(super) fn lines(list: &Value, line: impl Fn(&Value) -> String, none: &str) -> String {
    let rows: Vec<String> = list.as_array().into_iter().flatten().map(line).collect();
    if rows.is_empty() { none.to_owned() } else { rows.join("\n") }
}

/// A text of an answer, without what would move the cursor: it may come from a machine.
pub(super) fn text(value: &Value) -> String {
    let text = value.as_str().unwrap_or("-");
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A moment to the second.
pub(super) fn moment(value: &Value) -> String {
    let text = text(value);
    text.split_once('.').map_or(text.clone(), |(seconds, _)| format!("{seconds}Z"))
}

/// One alert on one line.
pub(super) fn line(one: &Value) -> String {
    let place = match (one["client"].as_str(), one["site"].as_str()) {
        (Some(client), Some(site)) => format!("{client}/{site}"),
        (Some(client), None) => client.to_owned(),
        _ => "everywhere".to_owned(),
    };
    let doubt = one["doubt"].as_str().map(|doubt| format!("  (not verified: {doubt})")).unwrap_or_default();
    let muted = if one["muted_by"].as_array().is_some_and(|muted| !muted.is_empty()) { "  (muted)" } else { "" };
    format!(
        "{}  {:<8} {:<12} {place}  {}  since {}{doubt}{muted}",
        text(&one["id"]),
        text(&one["severity"]),
        text(&one["standing"]),
        text(&one["summary"]),
        moment(&one["since"])
    )
}

/// One alert with everything.
pub(super) fn show(one: &Value) -> String {
    let mut said = vec![line(one)];
    said.push(format!("  rule      {}, {} times, first {}", text(&one["rule"]), one["times"], moment(&one["began"])));
    if one["contradicted"] == true {
        said.push("  somebody closed it while somebody else raised it: decide again".to_owned());
    }
    for (name, words) in [
        ("known by", &one["acknowledgements"]),
        ("assigned", &one["assignments"]),
        ("closed by", &one["closings"]),
        ("comment", &one["comments"]),
    ] {
        for word in words.as_array().into_iter().flatten() {
            let (by, at, happened) = (text(&word["by"]), text(&word["at"]), moment(&word["happened_at"]));
            let learnt = moment(&word["learnt_at"]);
            let later = if learnt == happened { String::new() } else { format!(", learnt {learnt}") };
            said.push(format!("  {name:<9} {by} at {at}, {happened}{later}: {}", text(&word["text"])));
        }
    }
    for climbing in one["escalations"].as_array().into_iter().flatten() {
        said.push(next(climbing));
    }
    if one["snoozed_until"].is_string() {
        said.push(format!("  quiet     until {}", moment(&one["snoozed_until"])));
    }
    said.push(format!("  reached   {}", text(&one["reached"])));
    said.join("\n")
}
