//! `maintenance add|list|end`.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use vigie_model::Slug;
use vigie_node::Failed;

use super::say::{lines, moment, print, text};
use super::{Node, Program, Where, Who, duration_ms, now_ms};

/// When nobody is to be told.
#[derive(Debug, Subcommand)]
#[expect(missing_docs, reason = "what is flattened speaks for itself, and its text would be in the help")]
pub enum MaintenanceCommand {
    /// Tell nobody for a while. It ends by itself; rules with the label vigie_awake are told all the same.
    Add(Box<AddArgs>),
    /// List what mutes or will, and what ended within a week.
    List {
        #[command(flatten)]
        at: Where,
    },
    /// End it before its time.
    End {
        #[command(flatten)]
        at: Where,
        #[command(flatten)]
        who: Who,
        /// Its id, from the list.
        id: String,
    },
}

/// What is to be muted, and when.
#[derive(Debug, Args)]
pub struct AddArgs {
    #[command(flatten)]
    at: Where,
    #[command(flatten)]
    who: Who,
    /// Whose; a relay's own client if left out, at a hub everybody's.
    #[arg(long)]
    client: Option<Slug>,
    /// Where; a relay's own site if left out, at a hub all sites of the client.
    #[arg(long)]
    site: Option<Slug>,
    /// For one machine, by its name.
    #[arg(long)]
    machine: Option<String>,
    /// Of one rule.
    #[arg(long)]
    rule: Option<String>,
    /// A label that must be so, as NAME=VALUE; several times if wanted.
    #[arg(long, value_name = "NAME=VALUE")]
    label: Vec<String>,
    /// For how long: a number with s, m, h or d.
    #[arg(long = "for", value_name = "TIME", default_value = "1h")]
    time: String,
    /// Beginning in how long.
    #[arg(long = "in", value_name = "TIME", default_value = "0s")]
    begins: String,
    /// Only between these hours, as in 22:00-06:00.
    #[arg(long, value_name = "FROM-TO")]
    hours: Option<String>,
    /// With --hours: on these days, as in mon or mon-fri.
    #[arg(long, value_delimiter = ',', requires = "hours")]
    days: Vec<String>,
    /// With --hours: by the clocks of this zone.
    #[arg(long, default_value = "UTC")]
    zone: String,
    /// Tell nobody of anything it names, not even what is never slept through.
    #[arg(long)]
    silence: bool,
    /// Why.
    #[arg(long, default_value = "")]
    why: String,
    /// Only show what it would mute.
    #[arg(long)]
    preview: bool,
}

/// Carries out a command of maintenance.
///
/// # Errors
/// When the node does not run, or refuses.
pub fn maintenance(command: MaintenanceCommand, program: Program) -> Result<ExitCode, Failed> {
    match command {
        MaintenanceCommand::List { at } => {
            let node = Node { program, at };
            let list = node.ask(&json!({ "ask": "mutes" }))?;
            Ok(print(&list, node.at.json, |list| lines(list, line, "nothing is muted")))
        }
        MaintenanceCommand::End { at, who, id } => {
            let request = json!({ "ask": "mute-end", "id": id.to_uppercase(), "by": who.name() });
            Node { program, at }.tell(&request, line)
        }
        MaintenanceCommand::Add(args) => {
            let wish = args.wish()?;
            let node = Node { program, at: args.at };
            if args.preview {
                node.tell(&json!({ "ask": "mute-preview", "wish": wish }), shown)
            } else {
                node.tell(&json!({ "ask": "mute", "wish": wish, "by": args.who.name() }), line)
            }
        }
    }
}

impl AddArgs {
    fn wish(&self) -> Result<Value, Failed> {
        let from_ms = now_ms().saturating_add(duration_ms(&self.begins)?);
        let until_ms = from_ms.saturating_add(duration_ms(&self.time)?);
        let mut labels = Map::new();
        for (name, value) in [("machine", &self.machine), ("rule", &self.rule)] {
            labels.extend(value.iter().map(|value| (name.to_owned(), json!(value))));
        }
        for one in &self.label {
            let wrong = || Failed::new(2, format!("{one:?} is no NAME=VALUE; nothing was changed"));
            let (name, value) = one.split_once('=').ok_or_else(wrong)?;
            labels.insert(name.to_owned(), json!(value));
        }
        let every = match &self.hours {
            None => Value::Null,
            Some(hours) => {
                let wrong = || Failed::new(2, "--hours is FROM-TO, as in 22:00-06:00; nothing was changed");
                let (from, to) = hours.split_once('-').ok_or_else(wrong)?;
                json!({ "zone": self.zone, "days": self.days, "from": from, "to": to })
            }
        };
        let kind = if self.silence { "silence" } else { "maintenance" };
        Ok(json!({ "kind": kind, "client": self.client, "site": self.site, "labels": labels, "from_ms": from_ms,
            "until_ms": until_ms, "every": every, "why": self.why }))
    }
}

fn line(mute: &Value) -> String {
    let wish = &mute["wish"];
    let labels = wish["labels"].as_object().into_iter().flatten();
    let labels: Vec<String> = labels.map(|(name, value)| format!("{name}={}", text(value))).collect();
    let state = match (mute["active"] == true, mute["ended"].is_array()) {
        (true, _) => "mutes now".to_owned(),
        (false, true) => format!("ended by {}", text(&mute["ended"][0])),
        (false, false) => mute["windows"].get(0).map_or("over".to_owned(), |next| format!("next {}", moment(&next[0]))),
    };
    let place = match (wish["client"].as_str(), wish["site"].as_str()) {
        (Some(client), Some(site)) => format!("{client}/{site}"),
        (Some(client), None) => client.to_owned(),
        _ => "everywhere".to_owned(),
    };
    format!(
        "{}  {:<11} {place} {}  {state}  by {}: {}",
        text(&mute["id"]),
        text(&wish["kind"]),
        labels.join(" "),
        text(&mute["by"]),
        text(&wish["why"])
    )
}

fn shown(preview: &Value) -> String {
    let names = |list: &Value| {
        let names: Vec<String> = list.as_array().into_iter().flatten().map(text).collect();
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    };
    let mut said = vec![format!("would mute {} machines: {}", preview["machine_count"], names(&preview["machines"]))];
    for window in preview["windows"].as_array().into_iter().flatten() {
        said.push(format!("  from {} to {}", moment(&window[0]), moment(&window[1])));
    }
    for incident in preview["incidents"].as_array().into_iter().flatten() {
        said.push(format!("  open now and not told any more: {}  {}", text(&incident[0]), text(&incident[1])));
    }
    said.push(format!("told all the same: {}", names(&preview["awake"])));
    said.join("\n")
}
