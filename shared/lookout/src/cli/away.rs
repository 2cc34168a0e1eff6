//! `availability`, and what happened while a site was cut off.

use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};
use vigie_model::Slug;
use vigie_node::Failed;
use vigie_serve::Stamp;

use super::say::{moment, text};
use super::{Node, Program, Where, duration_ms, now_ms};

/// Whose minutes are asked for.
#[derive(Debug, Args)]
pub struct AvailabilityArgs {
    #[command(flatten)]
    at: Where,
    /// Of this client alone.
    #[arg(long)]
    client: Option<Slug>,
    /// Of this site alone.
    #[arg(long)]
    site: Option<Slug>,
    /// Since when: a time such as 2026-11-21T08:00:00Z, or how long ago: 12h, 7d.
    #[arg(long, default_value = "24h")]
    from: String,
    /// Until when, likewise; until now if left out.
    #[arg(long, default_value = "0s")]
    to: String,
}

/// Says for how long machines were up, as far as it is known now.
///
/// # Errors
/// When the node does not run, or the time makes no sense.
pub fn availability(args: AvailabilityArgs, program: Program) -> Result<ExitCode, Failed> {
    let AvailabilityArgs { at, client, site, from, to } = args;
    let request = json!({ "ask": "availability", "client": client, "site": site,
        "from_ms": time_ms(&from)?, "to_ms": time_ms(&to)? });
    Node { program, at }.tell(&request, show)
}

/// A time, or how long ago it is.
fn time_ms(said: &str) -> Result<i64, Failed> {
    match Stamp::parse(said).filter(|_| said.contains('-')) {
        Some(stamp) => Ok(stamp.ms()),
        None => Ok(now_ms().saturating_sub(duration_ms(said)?)),
    }
}

fn show(found: &Value) -> String {
    let mut said = vec![format!("from {} to {}, in minutes", moment(&found["from"]), moment(&found["to"]))];
    let row = |name: String, of: &Value| {
        let share = |value: &Value| value.as_f64().map_or("-".to_owned(), |share| format!("{:.3} %", share * 100.0));
        format!(
            "{name:<28} up {:>7}  down {:>6}  not verified {:>7}  available {:>10} of {:>10} verified",
            of["up"],
            of["down"],
            of["unverified"],
            share(&of["availability"]),
            share(&of["verified"])
        )
    };
    for site in found["sites"].as_array().into_iter().flatten() {
        said.push(row(format!("{}/{}", text(&site["client"]), text(&site["site"])), site));
        for machine in site["machines"].as_array().into_iter().flatten() {
            said.push(row(format!("  {}", text(&machine["name"])), machine));
        }
    }
    if said.len() == 1 {
        said.push("no machine of that place is enrolled here".to_owned());
    }
    said.join("\n")
}

/// What happened during cuts, a line for each in which something did; begins with an empty line if there is one.
pub(super) fn said_of(cuts: &Value) -> String {
    let happened = |cut: &&Value| cut["began"] != 0 || cut["ended"] != 0;
    let line = |cut: &Value| {
        let known: Vec<String> = cut["known_by"].as_array().into_iter().flatten().map(text).collect();
        let known = if known.is_empty() { String::new() } else { format!("; known by {}", known.join(", ")) };
        format!(
            "\nwhile {}/{} was cut off, {} to {}: {} began there, {} ended, {} of those that began are open{known}",
            text(&cut["client"]),
            text(&cut["site"]),
            moment(&cut["from"]),
            moment(&cut["to"]),
            cut["began"],
            cut["ended"],
            cut["open"]
        )
    };
    let lines: String = cuts.as_array().into_iter().flatten().filter(happened).map(line).collect();
    if lines.is_empty() { lines } else { format!("\n{lines}") }
}
