//! What can a person ask of the swarm?

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use vigie_agent::collect::{Class, MAX_SERIES};
use vigie_node::Failed;

use crate::run;

/// Many simulated machines behind some simulated relays, against a real hub; or many agents at a real relay.
#[derive(Debug, Clone, Parser)]
#[command(name = "vigie-sim", version, after_help = EXAMPLES)]
pub(crate) struct Cli {
    /// Start a hub of its own in a fresh folder, measure it from outside, and end it.
    #[arg(long = "self", conflicts_with_all = ["hub", "token", "api", "api_token"])]
    pub(crate) own_hub: bool,
    /// Start a relay beside that hub, and measure it in the hub's place: each machine is an agent that dials it, over a
    /// connection of its own.
    #[arg(long, requires = "own_hub", conflicts_with = "relays")]
    pub(crate) site: bool,
    /// The hub's data folder with --self; kept. A temporary one that is removed if left out.
    #[arg(long, requires = "own_hub", value_name = "FOLDER")]
    pub(crate) data: Option<PathBuf>,
    /// Where the hub is (HOST:PORT); what the token says if left out.
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) hub: Option<String>,
    /// A join token with a use for each machine and relay; said several times, relays take turns.
    #[arg(long, value_name = "vg1.…", required_unless_present = "own_hub")]
    pub(crate) token: Vec<String>,
    /// The hub's API (IP:PORT), to compare accounts; without it the hub's acknowledgements alone are counted.
    #[arg(long, value_name = "IP:PORT", requires = "api_token")]
    pub(crate) api: Option<std::net::SocketAddr>,
    /// A bearer token for that API.
    #[arg(long, env = "VIGIE_API_TOKEN", hide_env_values = true)]
    pub(crate) api_token: Option<String>,
    /// How many machines.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) machines: u32,
    /// How many relays they are behind.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub(crate) relays: u32,
    /// Series of each machine.
    #[arg(long, default_value_t = 150, value_parser = clap::value_parser!(u32).range(1..=MAX_SERIES as i64))]
    pub(crate) series: u32,
    /// What they are like: machine, noise or constant.
    #[arg(long, default_value = "machine")]
    pub(crate) class: Class,
    /// How often each machine measures, in whole seconds.
    #[arg(long, default_value = "10s", value_parser = duration)]
    pub(crate) interval: Duration,
    /// How long live ticks are measured. 60 s if there is no backlog either.
    #[arg(long = "for", value_parser = duration, value_name = "DURATION")]
    pub(crate) live: Option<Duration>,
    /// History that each machine has to deliver at once.
    #[arg(long, value_parser = duration, value_name = "DURATION")]
    pub(crate) backlog: Option<Duration>,
    /// After how long a machine seals what it measured.
    #[arg(long, default_value = "10m", value_parser = duration)]
    pub(crate) seal_after: Duration,
    /// How long the hub may take for the rest before the account is called wrong.
    #[arg(long, default_value = "5m", value_parser = duration)]
    pub(crate) patience: Duration,
    /// Where all chance of the figures comes from.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Answer in JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

const EXAMPLES: &str = "\
Examples:
  vigie-sim --self --machines 10000 --relays 20 --for 2m           # steady state
  vigie-sim --self --machines 200 --relays 4 --backlog 6h          # how fast a hub takes history
  vigie-sim --self --machines 1000 --backlog 6h --for 2m           # both together
  vigie-sim --self --site --machines 500 --for 5m                  # a relay with 500 agents
  vigie-sim --token vg1.… --api 127.0.0.1:7880 --api-token TOKEN   # against a hub that runs

Exit codes: 0 every sample is at the hub once · 1 failed · 2 wrong usage · 3 the accounts do not meet";

/// Reads the command line and does what it says.
///
/// # Errors
/// When the hub can not be started or reached, or nobody may enrol.
pub fn run() -> Result<ExitCode, Failed> {
    let cli = Cli::parse();
    if cli.interval.subsec_nanos() != 0 || cli.interval.is_zero() {
        return Err(Failed::new(2, "machines measure in whole seconds; nothing was started"));
    }
    if !cli.site && cli.relays > cli.machines {
        return Err(Failed::new(2, "there are more relays than machines; nothing was started"));
    }
    run::run(&cli)
}

impl Cli {
    /// How many nodes dial, and how many of the machines each brings.
    pub(crate) fn sites(&self) -> u32 {
        if self.site { 1 } else { self.relays }
    }

    /// How long live ticks are measured; zero when only history is asked for.
    pub(crate) fn live_for(&self) -> Duration {
        let usual = if self.backlog.is_some() { Duration::ZERO } else { Duration::from_secs(60) };
        self.live.unwrap_or(usual)
    }

    /// Ticks in the history of each machine.
    pub(crate) fn backlog_ticks(&self) -> u64 {
        self.backlog.map_or(0, |span| span.as_secs() / self.interval.as_secs().max(1))
    }
}

/// A number with s, m, h or d.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is not a duration: it is a whole number with s, m, h or d");
    let (number, unit) = text.split_at(text.len() - text.chars().next_back().map_or(0, char::len_utf8));
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_with_their_unit_and_nonsense_is_refused() {
        let read = |text| duration(text).map(|duration| duration.as_secs());
        assert_eq!((read("10s"), read("5m"), read("6h"), read("2d")), (Ok(10), Ok(300), Ok(21_600), Ok(172_800)));
        for nonsense in ["", "10", "s", "-1s", "1.5h", "10é", "99999999999999999999d", "18446744073709551615d"] {
            assert!(read(nonsense).is_err(), "{nonsense}");
        }
    }

    #[test]
    fn history_alone_measures_nothing_live_unless_it_is_said() {
        let read = |args: &[&str]| Cli::parse_from([&["vigie-sim", "--self"], args].concat());
        assert_eq!(read(&[]).live_for(), Duration::from_secs(60));
        assert_eq!(read(&["--backlog", "1h"]).live_for(), Duration::ZERO);
        let both = read(&["--backlog", "1h", "--for", "30s"]);
        assert_eq!((both.live_for(), both.backlog_ticks()), (Duration::from_secs(30), 360));
    }
}
