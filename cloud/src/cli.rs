//! What can a person ask of the hub on the command line?

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use serde_json::Value;
use vigie_lookout::cli::{
    self, AlertsCommand, AvailabilityArgs, MaintenanceCommand, OnCallCommand, Program, RoutesCommand, RulesCommand,
    TagsCommand,
};
use vigie_model::UtcMs;
use vigie_node::{Failed, hatch};
use vigie_serve::Stamp;

use self::credentials::{ApiTokenCommand, NodeCommand, TokenCommand, api_token, node, token};
use crate::backup::{BackupArgs, RestoreArgs, VerifyArgs, backup_command, restore_command, verify_command};
use crate::budgets::{self, LinkCommand};
use crate::carried::{self, CarryInArgs};
use crate::config::{Config, Overrides};
use crate::grants::{self, GrantCommand};
use crate::people::{self, AuditCommand, PersonCommand};
use crate::raw::{self, RawArgs};
use crate::{desk, doctor, run};

mod credentials;

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
  vigie-cloud carry-in /mnt/stick/lyon.vigie
  vigie-cloud grant add --client acme --site lyon --name marc --days 30
  vigie-cloud person add --email ann@acme.org --name Ann --grant operator@acme/lyon
  vigie-cloud audit verify
  vigie-cloud link set --client acme --site lyon --bytes-per-month 300000000 --hours 22-6
  vigie-cloud status
  vigie-cloud doctor
  vigie-cloud backup /mnt/safe/hub.backup --passphrase-file /etc/vigie/backup.words
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
    /// Take in the file that a site's relay wrote, where its line stays away.
    CarryIn(CarryInArgs),
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
    /// What the lines of sites may take.
    #[command(subcommand)]
    Link(LinkCommand),
    /// Show what is here and who is connected.
    Status(StatusArgs),
    /// Find what is wrong and say what to do.
    Doctor(StatusArgs),
    /// All of the hub in one file, while it runs or not.
    Backup(BackupArgs),
    /// Whether a backup is whole, and all in it proves right.
    Verify(VerifyArgs),
    /// Make a hub's data folder of a backup.
    Restore(RestoreArgs),
    /// What is wrong with machines and sites, and what people decide of it.
    #[command(subcommand)]
    Alerts(AlertsCommand),
    /// The rules by which that is found.
    #[command(subcommand)]
    Rules(RulesCommand),
    /// Words for machines, so that rules can be for some of them.
    #[command(subcommand)]
    Tags(TagsCommand),
    /// Who is told of what.
    #[command(subcommand)]
    Routes(RoutesCommand),
    /// Who is on call: schedules, turns, and who stands in.
    #[command(subcommand, name = "oncall")]
    OnCall(OnCallCommand),
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
            vigie_node::start_logging(config.log, config.log_json);
            run::run(config)
        }),
        Command::Token(command) => token(command),
        Command::Node(command) => node(command),
        Command::ApiToken(command) => api_token(command),
        Command::CarryIn(args) => carried::command(&args),
        Command::Raw(args) => ask(&args.place, &args.request()).map(|raw| tell(&raw, args.json, raw::told)),
        Command::Grant(command) => grants::command(command),
        Command::Person(command) => people::person_command(command),
        Command::Audit(command) => people::audit_command(command),
        Command::Link(command) => budgets::command(command),
        Command::Status(args) => desk::show(&args),
        Command::Doctor(args) => doctor::examine(&args),
        Command::Backup(args) => backup_command(&args),
        Command::Verify(args) => verify_command(&args),
        Command::Restore(args) => restore_command(&args),
        Command::Alerts(command) => cli::alerts(command, PROGRAM),
        Command::Rules(command) => cli::rules(command, PROGRAM),
        Command::Tags(command) => cli::tags(command, PROGRAM),
        Command::Routes(command) => cli::routes(command, PROGRAM),
        Command::OnCall(command) => cli::on_call(command, PROGRAM),
        Command::Maintenance(command) => cli::maintenance(command, PROGRAM),
        Command::Availability(args) => cli::availability(args, PROGRAM),
    })
}

pub(crate) fn ask(place: &Place, request: &Value) -> Result<Value, Failed> {
    hatch::ask_running(&place.data, request, "vigie-cloud")
}

pub(crate) fn tell(value: &Value, as_json: bool, say: impl Fn(&Value) -> String) -> ExitCode {
    vigie_node::say!("{}", if as_json { value.to_string() } else { say(value) });
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_moment_is_told_to_the_second() {
        assert_eq!(stamp(&json!(1_795_219_200_250_i64)), "2026-11-21T00:00:00Z");
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
}
