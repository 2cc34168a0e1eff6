//! `oncall list|apply|remove|stand-in`: who is told when a step of a route is due, and who stands in.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::{Value, json};
use vigie_model::Slug;
use vigie_node::Failed;
use vigie_notify::config::ScheduleSaid;
use vigie_serve::Stamp;

use super::ruling::read;
use super::say::{lines, moment, text};
use super::{Node, Program, Where, Who, duration_ms, now_ms};

/// Whose schedule it is.
#[derive(Debug, Args)]
pub struct OnCallPlace {
    /// Of a client; everybody's if left out.
    #[arg(long)]
    client: Option<Slug>,
    /// Of a site.
    #[arg(long)]
    site: Option<Slug>,
}

/// Who is on call.
#[derive(Debug, Subcommand)]
#[expect(missing_docs, reason = "what is flattened speaks for itself, and its text would be in the help")]
pub enum OnCallCommand {
    /// List who is on call now, until when, and who is next.
    List {
        #[command(flatten)]
        at: Where,
    },
    /// Say schedules for a place, at the hub. Each node tells by those of its own channels that they name.
    Apply {
        #[command(flatten)]
        at: Where,
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        place: OnCallPlace,
        /// A file with `[[schedule]]`, and nothing else: in TOML, or in JSON where its name ends so.
        file: PathBuf,
    },
    /// Take a schedule of a place back.
    Remove {
        #[command(flatten)]
        at: Where,
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        place: OnCallPlace,
        /// Its name.
        schedule: String,
    },
    /// Have somebody stand in for whoever is on call.
    StandIn {
        #[command(flatten)]
        at: Where,
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        place: OnCallPlace,
        /// Its name.
        schedule: String,
        /// Who stands in: one of its people.
        person: String,
        /// From when, as in 2026-02-10T18:00:00Z; from now on if left out.
        #[arg(long)]
        from: Option<String>,
        /// For how long: a number with s, m, h or d.
        #[arg(long = "for", value_name = "TIME", default_value = "12h")]
        time: String,
    },
}

/// What such a file holds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schedule: Vec<ScheduleSaid>,
}

/// Carries out a command of schedules.
///
/// # Errors
/// When the node does not run or refuses, or a file is wrong.
pub fn on_call(command: OnCallCommand, program: Program) -> Result<ExitCode, Failed> {
    let changed =
        |done: &Value| format!("{}\n{}", text(&done["scope"]), lines(&done["changes"], text, "nothing has changed"));
    let of = |place: &OnCallPlace| json!({ "client": place.client, "site": place.site });
    match command {
        OnCallCommand::List { at } => {
            let say = |said: &Value| lines(said, line, "there is no schedule here");
            Node { program, at }.tell(&json!({ "ask": "oncall" }), say)
        }
        OnCallCommand::Apply { at, who, place, file } => {
            let (name, said) = read(&file)?;
            let wrong = |error: &dyn std::fmt::Display| {
                Failed::new(2, format!("{name} holds more or less than schedules: {error}\nnothing was changed"))
            };
            let file: File = if name.ends_with(".json") {
                serde_json::from_str(&said).map_err(|error| wrong(&error))?
            } else {
                toml::from_str(&said).map_err(|error| wrong(&error))?
            };
            let request = json!({ "ask": "oncall-apply", "place": of(&place), "schedules": file.schedule,
                "by": who.name() });
            Node { program, at }.tell(&request, changed)
        }
        OnCallCommand::Remove { at, who, place, schedule } => {
            let request = json!({ "ask": "oncall-remove", "place": of(&place), "name": schedule, "by": who.name() });
            Node { program, at }.tell(&request, changed)
        }
        OnCallCommand::StandIn { at, who, place, schedule, person, from, time } => {
            let from_ms = match from {
                None => now_ms(),
                Some(said) => Stamp::parse(&said).map(Stamp::ms).ok_or_else(|| {
                    Failed::new(2, format!("{said:?} is no time, as in 2026-02-10T18:00:00Z; nothing was changed"))
                })?,
            };
            let to_ms = from_ms.saturating_add(duration_ms(&time)?);
            let request = json!({ "ask": "oncall-stand-in", "place": of(&place), "name": schedule, "who": person,
                "from_ms": from_ms, "to_ms": to_ms, "by": who.name() });
            Node { program, at }.tell(&request, changed)
        }
    }
}

fn line(one: &Value) -> String {
    let person = |of: &Value| {
        let stands_in = if of["stands_in"] == true { " (stands in)" } else { "" };
        format!("{}{stands_in}", text(&of["name"]))
    };
    let now = match (&one["on_call"], one["why"].as_str()) {
        (_, Some(why)) => format!("NOT USED: {}", text(&json!(why))),
        (Value::Null, None) => "nobody yet".to_owned(),
        (found, None) => format!("{} until {}", person(found), moment(&found["until"])),
    };
    let next = if one["next"].is_null() { String::new() } else { format!(", then {}", person(&one["next"])) };
    format!("{:<16} {:<12} {now}{next}", text(&one["name"]), text(&one["scope"]))
}
