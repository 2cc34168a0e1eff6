//! `alerts`, `rules` and `maintenance`: the same words for a relay and a hub.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use vigie_node::{Failed, hatch};

pub use self::away::{AvailabilityArgs, availability};
pub use self::levels::{ApplyArgs, DiffArgs, PlaceArgs, RemoveArgs, SetArgs, TagArgs, TagsCommand, UnsetArgs, tags};
pub use self::mute::{MaintenanceCommand, maintenance};
pub use self::oncall::{OnCallCommand, OnCallPlace, on_call};
pub use self::routes::{RoutesCommand, routes};
pub use self::ruling::{RulesCommand, rules};
use self::say::{line, lines, print, show};

mod away;
mod levels;
mod mute;
mod oncall;
mod routes;
mod ruling;
mod say;

/// Which program speaks.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    /// What it is called.
    pub name: &'static str,
    /// Its usual data folder.
    pub data: &'static str,
}

/// Where the node lives, and how to answer.
#[derive(Debug, Clone, Args)]
pub struct Where {
    /// The node's data folder; its usual one if left out.
    #[arg(long, env = "VIGIE_DATA")]
    data: Option<PathBuf>,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

/// Who decides.
#[derive(Debug, Clone, Args)]
pub struct Who {
    /// In whose name; that of the person at the terminal if left out.
    #[arg(long = "as", value_name = "NAME")]
    name: Option<String>,
}

/// What is wrong, and what people decide of it.
#[derive(Debug, Subcommand)]
#[expect(missing_docs, reason = "what is flattened speaks for itself, and its text would be in the help")]
pub enum AlertsCommand {
    /// List what is wrong, newest first.
    List {
        #[command(flatten)]
        at: Where,
        /// What is over as well.
        #[arg(long)]
        all: bool,
    },
    /// Show one with all that people decided and said.
    Show {
        #[command(flatten)]
        at: Where,
        /// Its id, from the list; its end will do where only one ends so.
        id: String,
    },
    /// Say that you know: nobody else is told again.
    Ack {
        #[command(flatten)]
        at: Where,
        #[command(flatten)]
        who: Who,
        /// Its id.
        id: String,
        /// A note.
        #[arg(default_value = "")]
        note: String,
        /// Take your word back.
        #[arg(long)]
        undo: bool,
    },
    /// Say who takes care of it; an empty name for nobody.
    Assign {
        #[command(flatten)]
        at: Where,
        #[command(flatten)]
        who: Who,
        /// Its id.
        id: String,
        /// Who takes care of it.
        to: String,
    },
    /// Say something of it.
    Comment {
        #[command(flatten)]
        at: Where,
        #[command(flatten)]
        who: Who,
        /// Its id.
        id: String,
        /// What.
        text: String,
    },
    /// Be quiet about it for a while; 0m ends that.
    Snooze {
        #[command(flatten)]
        at: Where,
        #[command(flatten)]
        who: Who,
        /// Its id.
        id: String,
        /// For how long: a number with s, m, h or d.
        #[arg(long = "for", value_name = "TIME", default_value = "1h")]
        time: String,
    },
    /// Say that it is over.
    Resolve {
        #[command(flatten)]
        at: Where,
        #[command(flatten)]
        who: Who,
        /// Its id.
        id: String,
        /// Why.
        #[arg(default_value = "")]
        why: String,
    },
    /// Show what begins, changes and ends as it does, until stopped. In JSON, a line each.
    Watch {
        #[command(flatten)]
        at: Where,
    },
}

/// Carries out a command of alerts.
///
/// # Errors
/// When the node does not run, refuses, or there is no such alert.
pub fn alerts(command: AlertsCommand, program: Program) -> Result<ExitCode, Failed> {
    let decide = |at: Where, who: Who, id: String, word: &str, text: String, until_ms: Option<i64>| {
        let node = Node { program, at };
        let id = node.whole(&id)?;
        let request =
            json!({ "ask": "decide", "id": id, "word": word, "text": text, "until_ms": until_ms, "by": who.name() });
        node.tell(&request, show)
    };
    match command {
        AlertsCommand::List { at, all } => {
            let node = Node { program, at };
            let mut said = node.ask(&json!({ "ask": "incidents" }))?;
            let (mut list, cuts) = (said["incidents"].take(), said["cuts"].take());
            if let Value::Array(incidents) = &mut list {
                incidents.retain(|one| all || one["standing"] != "resolved");
            }
            let none = "nothing is wrong, as far as is known here";
            let say = |list: &Value| format!("{}{}", lines(list, line, none), away::said_of(&cuts));
            Ok(print(&list, node.at.json, say))
        }
        AlertsCommand::Show { at, id } => {
            let node = Node { program, at };
            let id = node.whole(&id)?;
            node.tell(&json!({ "ask": "incident", "id": id }), show)
        }
        AlertsCommand::Ack { at, who, id, note, undo } => {
            decide(at, who, id, if undo { "unacknowledge" } else { "acknowledge" }, note, None)
        }
        AlertsCommand::Assign { at, who, id, to } => decide(at, who, id, "assign", to, None),
        AlertsCommand::Comment { at, who, id, text } => decide(at, who, id, "comment", text, None),
        AlertsCommand::Snooze { at, who, id, time } => match duration_ms(&time)? {
            0 => decide(at, who, id, "wake", String::new(), None),
            ms => decide(at, who, id, "snooze", String::new(), Some(now_ms().saturating_add(ms))),
        },
        AlertsCommand::Resolve { at, who, id, why } => decide(at, who, id, "resolve", why, None),
        AlertsCommand::Watch { at } => Node { program, at }.watch(),
    }
}

/// A node that runs on this machine.
struct Node {
    program: Program,
    at: Where,
}

impl Node {
    fn ask(&self, request: &Value) -> Result<Value, Failed> {
        let usual = || PathBuf::from(self.program.data);
        let data = self.at.data.clone().unwrap_or_else(usual);
        hatch::ask_running(&data, request, self.program.name)
    }

    fn tell(&self, request: &Value, say: impl Fn(&Value) -> String) -> Result<ExitCode, Failed> {
        Ok(print(&self.ask(request)?, self.at.json, say))
    }

    /// The whole id of an alert of which somebody typed the end.
    fn whole(&self, typed: &str) -> Result<String, Failed> {
        if typed.len() == 26 {
            return Ok(typed.to_owned());
        }
        let list = self.ask(&json!({ "ask": "incidents" }))?;
        let ids = list["incidents"].as_array().into_iter().flatten().filter_map(|one| one["id"].as_str());
        let ending: Vec<&str> = ids.filter(|id| typed.len() >= 4 && id.ends_with(&typed.to_uppercase())).collect();
        match ending[..] {
            [one] => Ok(one.to_owned()),
            [] => {
                Err(Failed::new(5, format!("no alert here has an id that ends in {typed:?}; `alerts list` shows them")))
            }
            _ => Err(Failed::new(2, format!("several alerts have ids that end in {typed:?}; type more of it"))),
        }
    }

    /// Tells of each change once, by asking again and again.
    fn watch(&self) -> Result<ExitCode, Failed> {
        let mut known: std::collections::BTreeMap<String, Value> = std::collections::BTreeMap::new();
        let mut changes = Value::Null;
        loop {
            let said = self.ask(&json!({ "ask": "incidents" }))?;
            if said["changes"] != changes {
                changes = said["changes"].clone();
                for one in said["incidents"].as_array().into_iter().flatten().rev() {
                    let id = one["id"].as_str().unwrap_or_default().to_owned();
                    // Of what was over before nothing is told.
                    let is_news =
                        known.get(&id) != Some(one) && (known.contains_key(&id) || one["standing"] != "resolved");
                    known.insert(id, one.clone());
                    if is_news {
                        print(one, self.at.json, line);
                    }
                }
            }
            std::thread::sleep(std::time::Duration::from_secs(1));
        }
    }
}

impl Who {
    /// The person at the terminal, as the system knows them.
    fn name(&self) -> String {
        let known = ["SUDO_USER", "USER", "LOGNAME"].into_iter().filter_map(|name| std::env::var(name).ok());
        let known = known.into_iter().find(|name| !name.is_empty());
        self.name.clone().or(known).unwrap_or_else(|| "somebody at the terminal".to_owned())
    }
}

fn now_ms() -> i64 {
    vigie_node::boot_moment().0.0
}

/// `90s`, `15m`, `24h`, `7d`; in ms.
fn duration_ms(text: &str) -> Result<i64, Failed> {
    let wrong = || Failed::new(2, format!("{text:?} is no duration: a number with s, m, h or d; nothing was changed"));
    let unit_ms = match text.chars().last() {
        Some('s') => 1_000,
        Some('m') => 60_000,
        Some('h') => 3_600_000,
        Some('d') => 86_400_000,
        _ => return Err(wrong()),
    };
    let number: i64 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    number.checked_mul(unit_ms).filter(|ms| *ms >= 0).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;

    #[derive(Parser)]
    enum Words {
        #[command(subcommand)]
        Alerts(AlertsCommand),
        #[command(subcommand)]
        Rules(RulesCommand),
        #[command(subcommand)]
        Routes(RoutesCommand),
        #[command(subcommand)]
        OnCall(OnCallCommand),
        #[command(subcommand)]
        Tags(TagsCommand),
        #[command(subcommand)]
        Maintenance(MaintenanceCommand),
    }

    #[test]
    fn every_command_can_be_read() {
        Words::command().debug_assert();
        let set = ["x", "rules", "set", "Shelf", "--above", "-3.5", "--for", "10m", "--site", "lyon", "--as", "ann"];
        assert!(matches!(Words::try_parse_from(set), Ok(Words::Rules(RulesCommand::Set(_)))));
        let both = ["x", "rules", "set", "Shelf", "--above", "1", "--below", "2"];
        assert!(Words::try_parse_from(both).is_err());
    }
}
