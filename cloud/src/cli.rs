//! What can a person ask of the hub on the command line?

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use serde_json::{Value, json};
use vigie_lookout::cli::{self, AlertsCommand, AvailabilityArgs, MaintenanceCommand, Program, RulesCommand};
use vigie_model::{NodeId, Role, Slug, UtcMs};
use vigie_node::{Failed, hatch};
use vigie_serve::Stamp;

use crate::config::{Config, Overrides};
use crate::grants::{self, GrantCommand};
use crate::people::{self, AuditCommand, PersonCommand};
use crate::raw::{self, RawArgs};
use crate::{desk, doctor, run};

/// The hub: enrols nodes, keeps what they bring, signs for it, and answers.
#[derive(Debug, Parser)]
#[command(name = "vigie-cloud", version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  vigie-cloud run --advertise hub.example.org:7800
  vigie-cloud token create --client acme --site lyon --uses 20 --ttl 24h
  vigie-cloud node list
  vigie-cloud api-token create --name grafana
  vigie-cloud api-token create --name prometheus-lyon --write acme/lyon
  vigie-cloud raw till-1 --from 2026-11-21T10:00:00Z --to 2026-11-21T12:00:00Z --ask
  vigie-cloud grant add --client acme --site lyon --name marc --days 30
  vigie-cloud person add --email ann@acme.org --name Ann --grant operator@acme/lyon
  vigie-cloud audit verify
  vigie-cloud status
  vigie-cloud doctor
  vigie-cloud alerts list
  vigie-cloud rules apply shop.yml

Exit codes: 0 done · 1 failed · 2 wrong usage · 5 not found · 6 not running, so nothing is known";

#[derive(Debug, Subcommand)]
enum Command {
    /// Take in, keep, sign and answer until stopped.
    Run(Box<RunArgs>),
    /// Join tokens, with which machines enrol.
    #[command(subcommand)]
    Token(TokenCommand),
    /// Enrolled nodes.
    #[command(subcommand)]
    Node(NodeCommand),
    /// Tokens for page and API.
    #[command(subcommand)]
    ApiToken(ApiTokenCommand),
    /// What of a machine's ticks is here, and ask for what stays at its site.
    Raw(RawArgs),
    /// People who may come in at a site's own page, with or without its line.
    #[command(subcommand)]
    Grant(GrantCommand),
    /// People of this hub: invite, list, change, disable, reset.
    #[command(subcommand)]
    Person(PersonCommand),
    /// Who did what, and whether a line was taken out.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Show what is here and who is connected.
    Status(StatusArgs),
    /// Find what is wrong and say what to do.
    Doctor(StatusArgs),
    /// What is wrong with machines and sites, and what people decide of it.
    #[command(subcommand)]
    Alerts(AlertsCommand),
    /// The rules by which that is found.
    #[command(subcommand)]
    Rules(RulesCommand),
    /// When nobody is to be told.
    #[command(subcommand)]
    Maintenance(MaintenanceCommand),
    /// For how long machines were up, down, or not known to be either.
    Availability(AvailabilityArgs),
}

const PROGRAM: Program = Program { name: "vigie-cloud", data: "/var/lib/vigie-cloud" };

/// Where a hub lives.
#[derive(Debug, Clone, Args)]
pub(crate) struct Place {
    /// Folder for authority, registry and store.
    #[arg(long, env = "VIGIE_DATA", default_value = "/var/lib/vigie-cloud")]
    pub(crate) data: PathBuf,
    /// Configuration file; read if it is there.
    #[arg(long, env = "VIGIE_CONFIG", default_value = "/etc/vigie/cloud.toml")]
    pub(crate) config: PathBuf,
}

#[derive(Debug, Args)]
struct RunArgs {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    over: Overrides,
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    /// Make a join token; its text is shown once.
    Create {
        #[command(flatten)]
        place: Place,
        /// Whose machines it admits.
        #[arg(long)]
        client: Slug,
        /// To which site.
        #[arg(long)]
        site: Slug,
        /// How many machines.
        #[arg(long, default_value_t = 1)]
        uses: u32,
        /// For how long: a number with s, m, h or d.
        #[arg(long, default_value = "24h")]
        ttl: String,
        /// What it admits: agent, relay, or any.
        #[arg(long, default_value = "any")]
        role: String,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
    /// List join tokens.
    List {
        #[command(flatten)]
        place: Place,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
    /// Take a join token back; machines that used it stay.
    Revoke {
        #[command(flatten)]
        place: Place,
        /// The token's id, from the list.
        id: String,
    },
}

#[derive(Debug, Subcommand)]
enum NodeCommand {
    /// List enrolled nodes.
    List {
        #[command(flatten)]
        place: Place,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
    /// Take a node's rights away. Its data stays.
    Revoke {
        #[command(flatten)]
        place: Place,
        /// The node's id, from the list.
        node: NodeId,
    },
}

#[derive(Debug, Subcommand)]
enum ApiTokenCommand {
    /// Make a token for page and API; its text is shown once.
    Create {
        #[command(flatten)]
        place: Place,
        /// What logs call its holder.
        #[arg(long)]
        name: String,
        /// Whose machines it shows; everybody's if left out, and nobody's if it writes.
        #[arg(long, value_delimiter = ',')]
        client: Vec<Slug>,
        /// Into which places it may write, as CLIENT/SITE; nowhere if left out.
        #[arg(long, value_delimiter = ',', value_name = "CLIENT/SITE")]
        write: Vec<vigie_serve::Place>,
        /// It decides of what it shows: acknowledges, snoozes, closes, and says when nobody is told.
        #[arg(long)]
        decide: bool,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
    /// List tokens for page and API.
    List {
        #[command(flatten)]
        place: Place,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
    /// Take such a token away; its sessions end with it.
    Revoke {
        #[command(flatten)]
        place: Place,
        /// Its name, from the list.
        name: String,
    },
}

/// What to show.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Answer in JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Runs the program.
pub fn main() -> ExitCode {
    vigie_node::end(match Cli::parse().command {
        Command::Run(args) => Config::load(&args.place.data, &args.place.config, &args.over).and_then(|config| {
            vigie_node::start_logging(config.log);
            run::run(config)
        }),
        Command::Token(command) => token(command),
        Command::Node(command) => node(command),
        Command::ApiToken(command) => api_token(command),
        Command::Raw(args) => ask(&args.place, &args.request()).map(|raw| tell(&raw, args.json, raw::told)),
        Command::Grant(command) => grants::command(command),
        Command::Person(command) => people::person_command(command),
        Command::Audit(command) => people::audit_command(command),
        Command::Status(args) => desk::show(&args),
        Command::Doctor(args) => doctor::examine(&args),
        Command::Alerts(command) => cli::alerts(command, PROGRAM),
        Command::Rules(command) => cli::rules(command, PROGRAM),
        Command::Maintenance(command) => cli::maintenance(command, PROGRAM),
        Command::Availability(args) => cli::availability(args, PROGRAM),
    })
}

pub(crate) fn ask(place: &Place, request: &Value) -> Result<Value, Failed> {
    hatch::ask_running(&place.data, request, "vigie-cloud")
}

fn token(command: TokenCommand) -> Result<ExitCode, Failed> {
    match command {
        TokenCommand::Create { place, client, site, uses, ttl, role, json } => {
            let roles = match role.as_str() {
                "any" => vec![Role::Agent, Role::Relay],
                one => vec![one.parse()?],
            };
            let ttl_ms = duration_ms(&ttl)?;
            let request = json!({ "ask": "token-create", "client": client, "site": site, "uses": uses, "ttl_ms": ttl_ms, "roles": roles });
            let made = ask(&place, &request)?;
            Ok(tell(&made, json, |made| text(&made["token"])))
        }
        TokenCommand::List { place, json } => {
            let list = ask(&place, &json!({ "ask": "token-list" }))?;
            Ok(tell(&list, json, |list| {
                let line = |row: &Value| {
                    format!(
                        "{}  {}/{}  uses left {}  until {}  {}",
                        text(&row["id"]),
                        text(&row["client"]),
                        text(&row["site"]),
                        row["uses_left"],
                        stamp(&row["expires_at_ms"]),
                        text(&row["state"])
                    )
                };
                lines(list, line, "no join token yet; make one: vigie-cloud token create --client … --site …")
            }))
        }
        TokenCommand::Revoke { place, id } => {
            ask(&place, &json!({ "ask": "token-revoke", "id": id }))?;
            Ok(tell(&Value::Null, false, |_| format!("token {id} admits nobody any more; machines that used it stay")))
        }
    }
}

fn node(command: NodeCommand) -> Result<ExitCode, Failed> {
    match command {
        NodeCommand::List { place, json } => {
            let list = ask(&place, &json!({ "ask": "node-list" }))?;
            Ok(tell(&list, json, |list| {
                let line = |row: &Value| {
                    let state = if row["revoked"] == true { "revoked" } else { "" };
                    format!(
                        "{}  {:<6} {}/{}  {}  {state}",
                        text(&row["node"]),
                        text(&row["role"]),
                        text(&row["client"]),
                        text(&row["site"]),
                        text(&row["name"])
                    )
                };
                lines(list, line, "nobody has enrolled yet; make a token: vigie-cloud token create --client … --site …")
            }))
        }
        NodeCommand::Revoke { place, node } => {
            ask(&place, &json!({ "ask": "node-revoke", "node": node.to_string() }))?;
            Ok(tell(&Value::Null, false, |_| format!("{node} has no rights any more; what it brought stays")))
        }
    }
}

fn api_token(command: ApiTokenCommand) -> Result<ExitCode, Failed> {
    match command {
        ApiTokenCommand::Create { place, name, client, write, decide, json } => {
            let request = json!({ "ask": "access-create", "name": name, "clients": client, "writes": write,
                "decides": decide });
            let made = ask(&place, &request)?;
            Ok(tell(&made, json, |made| text(&made["token"])))
        }
        ApiTokenCommand::List { place, json } => {
            let list = ask(&place, &json!({ "ask": "access-list" }))?;
            Ok(tell(&list, json, |list| {
                lines(list, access_line, "no API token yet; make one: vigie-cloud api-token create --name …")
            }))
        }
        ApiTokenCommand::Revoke { place, name } => {
            ask(&place, &json!({ "ask": "access-revoke", "name": name }))?;
            Ok(tell(&Value::Null, false, |_| format!("the API token {name:?} opens nothing any more")))
        }
    }
}

/// What a token opens, on one line.
fn access_line(row: &Value) -> String {
    let list = |key: &str| row[key].as_array().cloned().unwrap_or_default();
    let clients: Vec<String> = list("clients").iter().map(text).collect();
    let places: Vec<String> =
        list("writes").iter().map(|place| format!("{}/{}", text(&place["client"]), text(&place["site"]))).collect();
    let sees = match (clients.is_empty(), places.is_empty()) {
        (true, true) => "all clients".to_owned(),
        (true, false) => "nothing".to_owned(),
        (false, _) => clients.join(", "),
    };
    let writes = if places.is_empty() { String::new() } else { format!("  writes {}", places.join(", ")) };
    let decides = if row["decides"] == true { "  decides" } else { "" };
    format!("{}  sees {sees}{writes}{decides}  made {}", text(&row["name"]), stamp(&row["made_at_ms"]))
}

#[expect(clippy::print_stdout, reason = "the answer to a person's command")]
pub(crate) fn tell(value: &Value, as_json: bool, say: impl Fn(&Value) -> String) -> ExitCode {
    println!("{}", if as_json { value.to_string() } else { say(value) });
    ExitCode::SUCCESS
}

pub(crate) fn lines(list: &Value, line: impl Fn(&Value) -> String, none: &str) -> String {
    let rows: Vec<String> = list.as_array().into_iter().flatten().map(line).collect();
    if rows.is_empty() { none.to_owned() } else { rows.join("\n") }
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or("-").to_owned()
}

/// A moment as a person reads it: UTC, to the second.
pub(crate) fn stamp(ms: &Value) -> String {
    let text = Stamp(UtcMs(ms.as_i64().unwrap_or(0))).to_string();
    text.split_once('.').map_or(text.clone(), |(seconds, _)| format!("{seconds}Z"))
}

/// `90s`, `15m`, `24h`, `7d`.
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
    number.checked_mul(unit_ms).filter(|ms| *ms > 0).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_to_the_second() {
        assert_eq!(stamp(&json!(1_795_219_200_250_i64)), "2026-11-21T00:00:00Z");
    }

    #[test]
    fn a_token_is_listed_with_all_that_it_opens() {
        let row = |clients: Value, writes: Value| {
            access_line(&json!({ "name": "a", "clients": clients, "writes": writes, "made_at_ms": 0 }))
        };
        let lyon = json!([{ "client": "acme", "site": "lyon" }]);
        assert_eq!(row(json!([]), json!([])), "a  sees all clients  made 1970-01-01T00:00:00Z");
        assert_eq!(row(json!([]), lyon.clone()), "a  sees nothing  writes acme/lyon  made 1970-01-01T00:00:00Z");
        assert_eq!(row(json!(["acme"]), lyon), "a  sees acme  writes acme/lyon  made 1970-01-01T00:00:00Z");
        let decides = json!({ "name": "a", "clients": ["acme"], "writes": [], "decides": true, "made_at_ms": 0 });
        assert_eq!(access_line(&decides), "a  sees acme  decides  made 1970-01-01T00:00:00Z");
    }

    #[test]
    fn a_place_to_write_into_is_a_client_and_a_site() {
        let places = |text: &str| {
            let words = ["vigie-cloud", "api-token", "create", "--name", "a", "--write", text];
            match Cli::try_parse_from(words).map(|cli| cli.command) {
                Ok(Command::ApiToken(ApiTokenCommand::Create { write, .. })) => Some(write),
                _ => None,
            }
        };
        assert_eq!(places("acme/lyon,acme/paris").map(|places| places.len()), Some(2));
        assert!(places("acme").is_none() && places("acme/").is_none());
    }

    #[test]
    fn a_duration_has_a_unit_and_is_positive() {
        assert_eq!(duration_ms("90s").ok(), Some(90_000));
        assert_eq!(duration_ms("7d").ok(), Some(604_800_000));
        for bad in ["", "h", "12", "-1h", "0s", "1w", "9223372036854775807d", "é"] {
            assert!(duration_ms(bad).is_err(), "{bad}");
        }
    }
}
