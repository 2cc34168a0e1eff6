//! What can a person ask of a relay on the command line?

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use vigie_lookout::cli::{
    self, AlertsCommand, AvailabilityArgs, MaintenanceCommand, OnCallCommand, Program, RoutesCommand, RulesCommand,
    TagsCommand,
};
use vigie_model::Role;
use vigie_net::Ask;
use vigie_node::{Failed, host_name, join};

use crate::carried::{self, CarryOutArgs};
use crate::config::{Config, Overrides};
use crate::{run, status};

/// One site's memory: takes in its agents, keeps what they bring, and passes it on to the hub.
#[derive(Debug, Parser)]
#[command(name = "vigie-relay", version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  vigie-relay enrol --token vg1.… --advertise 192.168.1.10:7801
  vigie-relay run --listen 0.0.0.0:7801 --http 192.168.1.10:7802
  vigie-relay status          what is here, what is at the hub, who is connected
  vigie-relay doctor          what is wrong, and what to do about it
  vigie-relay carry-out /mnt/stick/lyon.vigie    what waits for the hub, when the line stays away
  vigie-relay alerts list     what is wrong with the site's machines
  vigie-relay alerts ack ID   say that you know
  vigie-relay maintenance add --machine till-1 --for 2h --why 'new disk'

Exit codes: 0 done · 1 failed · 2 wrong usage · 4 not enrolled, or not allowed · 5 not found · 6 not running, so nothing is known";

#[derive(Debug, Subcommand)]
enum Command {
    /// Join a site with the token that the hub gave.
    Enrol(EnrolArgs),
    /// Take in, keep and pass on until stopped.
    Run(Box<RunArgs>),
    /// Show what is here, what is at the hub and who is connected.
    Status(StatusArgs),
    /// Find what is wrong and say what to do.
    Doctor(StatusArgs),
    /// Write all that waits for the hub into a file, to be taken there by hand: vigie-cloud carry-in.
    CarryOut(CarryOutArgs),
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

const PROGRAM: Program = Program { name: "vigie-relay", data: "/var/lib/vigie-relay" };

/// Where a relay lives.
#[derive(Debug, Clone, Args)]
pub(crate) struct Place {
    /// Folder for identity, store and status.
    #[arg(long, env = "VIGIE_DATA", default_value = "/var/lib/vigie-relay")]
    pub(crate) data: PathBuf,
    /// Configuration file; read if it is there.
    #[arg(long, env = "VIGIE_CONFIG", default_value = "/etc/vigie/relay.toml")]
    pub(crate) config: PathBuf,
}

#[derive(Debug, Args)]
struct EnrolArgs {
    #[command(flatten)]
    place: Place,
    /// The join token (vg1.…).
    #[arg(long, env = "VIGIE_TOKEN")]
    token: String,
    /// Where agents of the site reach this relay (HOST:PORT, several separated by commas). They learn it when they enrol.
    #[arg(long, value_name = "HOST:PORT", value_delimiter = ',', required = true)]
    advertise: Vec<String>,
    /// Reach the hub at this address instead of the token's.
    #[arg(long, value_name = "HOST:PORT")]
    via: Option<String>,
    /// The name people will see; the host name if left out.
    #[arg(long, env = "VIGIE_NAME")]
    name: Option<String>,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
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
        Command::Enrol(args) => enrol(&args),
        Command::Run(args) => Config::load(&args.place.data, &args.place.config, &args.over).and_then(|config| {
            vigie_node::start_logging(config.log, config.log_json);
            run::run(config)
        }),
        Command::Status(args) => status::show(&args),
        Command::Doctor(args) => status::examine(&args),
        Command::CarryOut(args) => carried::command(&args),
        Command::Alerts(command) => cli::alerts(command, PROGRAM),
        Command::Rules(command) => cli::rules(command, PROGRAM),
        Command::Tags(command) => cli::tags(command, PROGRAM),
        Command::Routes(command) => cli::routes(command, PROGRAM),
        Command::OnCall(command) => cli::on_call(command, PROGRAM),
        Command::Maintenance(command) => cli::maintenance(command, PROGRAM),
        Command::Availability(args) => cli::availability(args, PROGRAM),
    })
}

fn enrol(args: &EnrolArgs) -> Result<ExitCode, Failed> {
    let hostname = args.name.clone().unwrap_or_else(host_name);
    let ask = Ask { role: Role::Relay, hostname: hostname.clone(), advertised: args.advertise.clone() };
    let via: Vec<String> = args.via.iter().cloned().collect();
    let enrolled = join(&args.place.data, &args.token, &ask, &via)?;
    let identity = &enrolled.identity;
    if args.json {
        let said = serde_json::json!({
            "node": identity.node().to_string(), "name": hostname, "client": identity.client(), "site": identity.site(),
            "hub": identity.facts().hub_addrs, "clock_off_ms": enrolled.clock_off_ms,
        });
        vigie_node::say!("{said}");
    } else {
        vigie_node::say!(
            "enrolled {hostname} as {}, relay of {}/{}",
            identity.node(),
            identity.client(),
            identity.site()
        );
        vigie_node::say!("next: vigie-relay run --data {}", args.place.data.display());
    }
    Ok(ExitCode::SUCCESS)
}
