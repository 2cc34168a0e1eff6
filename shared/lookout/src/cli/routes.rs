//! `routes list|test|apply|remove`: who is told, as the hub says it for its sites.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use serde::Deserialize;
use serde_json::{Value, json};
use vigie_model::Slug;
use vigie_node::Failed;
use vigie_notify::config::RouteSaid;

use super::ruling::read;
use super::say::{lines, print, text};
use super::{Node, Program, Where, Who};

/// Who is told of what.
#[derive(Debug, Subcommand)]
#[expect(missing_docs, reason = "what is flattened speaks for itself, and its text would be in the help")]
pub enum RoutesCommand {
    /// List the routes of this node: its own file's, and what the hub says.
    List {
        #[command(flatten)]
        at: Where,
    },
    /// Send a real message to each receiver of a route, and show what each service said.
    Test {
        #[command(flatten)]
        at: Where,
        #[command(flatten)]
        who: Who,
        /// Its name.
        route: String,
    },
    /// Say routes for the hub and the relays of a place. Each tells by those of its own channels that a route names.
    Apply {
        #[command(flatten)]
        at: Where,
        #[command(flatten)]
        who: Who,
        /// For a client's alerts; everybody's if left out.
        #[arg(long)]
        client: Option<Slug>,
        /// For those of a site.
        #[arg(long)]
        site: Option<Slug>,
        /// A file with routes as they would stand in relay.toml, and nothing else.
        file: PathBuf,
    },
    /// Take a route of a place back.
    Remove {
        #[command(flatten)]
        at: Where,
        #[command(flatten)]
        who: Who,
        /// Of a client.
        #[arg(long)]
        client: Option<Slug>,
        /// Of a site.
        #[arg(long)]
        site: Option<Slug>,
        /// Its name.
        route: String,
    },
}

/// What such a file holds: a channel with its secret is none of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[expect(dead_code, reason = "read for what is wrong in it, with its line")]
    route: Vec<RouteSaid>,
}

/// Carries out a command of routes.
///
/// # Errors
/// When the node does not run or refuses, or a file is wrong.
pub fn routes(command: RoutesCommand, program: Program) -> Result<ExitCode, Failed> {
    let changed =
        |done: &Value| format!("{}\n{}", text(&done["scope"]), lines(&done["changes"], text, "nothing has changed"));
    match command {
        RoutesCommand::List { at } => Node { program, at }.tell(&json!({ "ask": "routes" }), |said| {
            format!("{}\n{}", lines(&said["routes"], line, "there is no route here"), text(&said["speaks"]))
        }),
        RoutesCommand::Test { at, who, route } => {
            let node = Node { program, at };
            let said = node.ask(&json!({ "ask": "routes-test", "name": route, "by": who.name() }))?;
            print(&said, node.at.json, |said| lines(&said["receivers"], tried, "it has no receiver here"));
            // A script asks by the exit code whether everybody can be reached.
            Ok(if said["delivered"] == true { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        RoutesCommand::Apply { at, who, client, site, file } => {
            let (name, said) = read(&file)?;
            let wrong = |error: &dyn std::fmt::Display| {
                Failed::new(2, format!("{name} holds more or less than routes: {error}\nnothing was changed"))
            };
            toml::from_str::<File>(&said).map_err(|error| wrong(&error))?;
            let routes: Value = toml::from_str(&said).map_err(|error| wrong(&error))?;
            let request = json!({ "ask": "routes-apply", "place": { "client": client, "site": site },
                "routes": routes["route"], "by": who.name() });
            Node { program, at }.tell(&request, changed)
        }
        RoutesCommand::Remove { at, who, client, site, route } => {
            let request = json!({ "ask": "routes-remove", "place": { "client": client, "site": site }, "name": route,
                "by": who.name() });
            Node { program, at }.tell(&request, changed)
        }
    }
}

fn tried(one: &Value) -> String {
    let to = text(&one["to"]);
    let to = if to.is_empty() { to } else { format!(" to {to}") };
    let word = if one["delivered"] == true { "taken" } else { "NOT TAKEN" };
    let two_way = one["two_way"].as_str().map(|two_way| format!("; {}", text(&json!(two_way)))).unwrap_or_default();
    format!(
        "{word:<9} {} ({}){to}, {} ms: {}{two_way}",
        text(&one["channel"]),
        text(&one["kind"]),
        one["took_ms"],
        text(&one["said"])
    )
}

fn line(route: &Value) -> String {
    let names = |list: &Value| list.as_array().into_iter().flatten().map(text).collect::<Vec<_>>().join(", ");
    let unknown = names(&route["unknown_channels"]);
    let unknown = if unknown.is_empty() { unknown } else { format!("  (not known here: {unknown})") };
    let always = if route["always"] == true { "  always" } else { "" };
    let state = route["why"].as_str().map(|why| format!("  NOT USED: {}", text(&json!(why)))).unwrap_or_default();
    format!(
        "{:<16} {} {:<12} from {}  by {}{unknown}{always}{state}",
        text(&route["name"]),
        text(&route["source"]),
        text(&route["scope"]),
        text(&route["severity"]),
        names(&route["channels"])
    )
}
