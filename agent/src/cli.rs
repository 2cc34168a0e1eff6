//! What can a person ask of an agent on the command line?

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use vigie_node::Failed;

use crate::config::{self, Config};
use crate::{doctor, enrol, run, status};

/// Measures this machine, keeps what it measured, and brings it to the hub exactly once.
#[derive(Debug, Parser)]
#[command(name = "vigie-agent", version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  vigie-agent enrol --token vg1.…            join the site the token names
  vigie-agent run                            measure, keep and send until stopped
  vigie-agent status                         what was collected, what is at the site, what is at the hub
  vigie-agent doctor                         what is wrong, and what to do about it

Exit codes: 0 done · 1 failed · 2 wrong usage · 4 not enrolled, or not allowed · 6 not running, so nothing is known";

#[derive(Debug, Subcommand)]
enum Command {
    /// Join a site with the token that the hub gave.
    Enrol(EnrolArgs),
    /// Measure, keep and send until stopped.
    Run(Box<RunArgs>),
    /// Show what was collected, what is at the site and what is at the hub.
    Status(StatusArgs),
    /// Find what is wrong and say what to do.
    Doctor(StatusArgs),
}

/// Where an agent lives.
#[derive(Debug, Clone, Args)]
pub struct Place {
    /// Folder for identity, buffer and status.
    #[arg(long, env = "VIGIE_DATA", default_value = "/var/lib/vigie-agent")]
    pub data: PathBuf,
    /// Configuration file; read if it is there.
    #[arg(long, env = "VIGIE_CONFIG", default_value = "/etc/vigie/agent.toml")]
    pub config: PathBuf,
}

/// How to join.
#[derive(Debug, Args)]
pub struct EnrolArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The join token (vg1.…).
    #[arg(long, env = "VIGIE_TOKEN")]
    pub(crate) token: String,
    /// Reach the hub at this address instead of the token's, or a relay that will carry the request there.
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) via: Option<String>,
    /// The name people will see; the host name if left out.
    #[arg(long, env = "VIGIE_NAME")]
    pub(crate) name: Option<String>,
    /// Answer in JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// How to run: each of these wins over the configuration file.
#[derive(Debug, Args)]
pub struct RunArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) over: config::Overrides,
}

/// What to show.
#[derive(Debug, Args)]
pub struct StatusArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Answer in JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Command::Enrol(args) => enrol::enrol(&args),
        Command::Run(args) => Config::load(&args.place, &args.over)
            .map_err(|error| Failed::new(error.code(), error.to_string()))
            .and_then(|config| {
                vigie_node::start_logging(config.log, config.log_json);
                run::run(config)
            }),
        Command::Status(args) => status::show(&args),
        Command::Doctor(args) => doctor::examine(&args),
    };
    vigie_node::end(done)
}
