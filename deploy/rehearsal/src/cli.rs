//! What can a person ask of the demo?

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::{ask, show};

/// A hub, two sites with a relay each, this machine and some synthetic ones, all on loopback.
#[derive(Debug, Parser)]
#[command(name = "demo", version, after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(flatten)]
    show: ShowArgs,
    #[command(subcommand)]
    command: Option<Command>,
}

const EXAMPLES: &str = "\
Examples:
  ./deploy/demo                      start; open the printed hub URL and sign in with the printed token
  ./deploy/demo cut lyon             in another terminal: cut the line between lyon and the hub
  ./deploy/demo heal lyon            mend it, and watch what waited arrive
  ./deploy/demo kill hub             kill -9 the hub; it is started again after some seconds
  ./deploy/demo kill relay:brest     the same for a relay, or agent:till-03
  ./deploy/demo status               where every tick is

Ctrl-C ends every process the demo started.

Exit codes: 0 done · 1 failed · 2 wrong usage · 5 no such site or program · 6 no demo runs";

/// How to start.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ShowArgs {
    /// Synthetic machines, spread over both sites.
    #[arg(long, default_value_t = 20)]
    pub(crate) machines: u32,
    /// Folder for all data; a fresh temporary one, removed at the end, if left out.
    #[arg(long)]
    pub(crate) dir: Option<PathBuf>,
    /// Port of the hub's page and API; any free one if left out.
    #[arg(long)]
    pub(crate) http_port: Option<u16>,
    /// The line between each site and the hub: clear, lan, wan, lte, satellite, radio or thin.
    #[arg(long, default_value = "wan")]
    pub(crate) line: String,
    /// Seconds between two measurements.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=60))]
    pub(crate) every: u64,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Cut the line between a site and the hub.
    Cut {
        /// The site.
        site: String,
    },
    /// Mend it.
    Heal {
        /// The site.
        site: String,
    },
    /// Kill a program (kill -9) and let it be started again: hub, relay:SITE, agent:NAME or line:SITE.
    Kill {
        /// Which.
        role: String,
    },
    /// Show where every tick is.
    Status,
}

/// Runs the program.
#[expect(clippy::print_stderr, reason = "this is where the demo speaks to the person who ran it")]
pub(crate) fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        None => show::show(&cli.show),
        Some(Command::Cut { site }) => ask::line(&site, "cut"),
        Some(Command::Heal { site }) => ask::line(&site, "heal"),
        Some(Command::Kill { role }) => ask::kill(&role),
        Some(Command::Status) => ask::status(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => {
            eprintln!("demo: {}", failed.text);
            ExitCode::from(failed.code)
        }
    }
}

/// What failed, why, and what to do.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) text: String,
    pub(crate) code: u8,
}

impl Failed {
    pub(crate) fn new(code: u8, text: impl Into<String>) -> Self {
        Self { text: text.into(), code }
    }
}

impl From<std::io::Error> for Failed {
    fn from(error: std::io::Error) -> Self {
        Self::new(1, error.to_string())
    }
}
