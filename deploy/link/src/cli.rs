//! What can be said on the command line?

use std::net::SocketAddr;

use clap::{Args, Parser, Subcommand, ValueEnum};
use vigie_link::body::{Forward, Plan, WhenCut};
use vigie_link::{ConditionChange, LinkChange, Profile, Request, Side};

/// A bad link on purpose: forwards UDP and TCP with seeded delay, loss, rate and cuts.
#[derive(Debug, Parser)]
#[command(name = "vigie-link", version, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  A satellite between this site and its hub; the agent dials 127.0.0.1:5000 instead of the hub:
    vigie-link run --udp 127.0.0.1:5000=hub.example:4433 --control 127.0.0.1:5001 --profile satellite
  The line goes down, and comes back:
    vigie-link cut --control 127.0.0.1:5001
    vigie-link heal --control 127.0.0.1:5001
  Only answers are lost:
    vigie-link cut --control 127.0.0.1:5001 --down
  It gets worse, more so upwards:
    vigie-link set --control 127.0.0.1:5001 --loss-percent 5 --up-rate-kbit 64
  What went through:
    vigie-link stats --control 127.0.0.1:5001 --json

Exit status: 0 done, 1 failed, 2 wrong usage.";

const RUN_EXAMPLES: &str = "\
Prints on standard output, then forwards until Ctrl-C or SIGTERM:
  udp: LISTEN -> TARGET      one line for each --udp, with the real port
  tcp: LISTEN -> TARGET      one line for each --tcp
  seed: N
  control: ADDR
  ready

Profiles: clear, lan, wan, lte, satellite, radio, thin.
All listeners share one link. Each UDP client gets its own socket towards the target, kept for 120 s of silence.
TCP is never damaged: there loss shows as delay, and a cut as silence.

Example:
  vigie-link run --udp 127.0.0.1:0=127.0.0.1:4433 --tcp 127.0.0.1:0=127.0.0.1:443 --profile thin --loss-percent 2";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Forward, until Ctrl-C or SIGTERM
    Run(Run),
    /// Change how bad a running link is; what is not mentioned stays
    Set(Set),
    /// Cut a running link: datagrams in it are lost, TCP stands still
    Cut(CutOrHeal),
    /// Undo cuts
    Heal(CutOrHeal),
    /// Show how a running link is and what it has counted
    Stats(Stats),
}

#[derive(Debug, Args)]
#[command(after_help = RUN_EXAMPLES)]
pub(crate) struct Run {
    /// Forward UDP; may be given several times. Port 0 takes a free one
    #[arg(long, value_name = "LISTEN=TARGET")]
    udp: Vec<Forward>,
    /// Forward TCP; may be given several times
    #[arg(long, value_name = "LISTEN=TARGET")]
    tcp: Vec<Forward>,
    /// Where to take requests; loopback only, since whoever reaches it may cut the link
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    control: SocketAddr,
    /// The same seed gives the n-th datagram the same luck
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// What meets new TCP clients while the link is cut
    #[arg(long, value_name = "HOW", value_enum, default_value_t = Welcome::Hang)]
    tcp_connect_when_cut: Welcome,
    #[command(flatten)]
    impairment: Impairment,
}

#[derive(Debug, Args)]
pub(crate) struct Set {
    #[command(flatten)]
    pub(crate) ask: Ask,
    #[command(flatten)]
    impairment: Impairment,
}

#[derive(Debug, Args)]
pub(crate) struct CutOrHeal {
    #[command(flatten)]
    pub(crate) ask: Ask,
    /// Only towards the target
    #[arg(long)]
    up: bool,
    /// Only back from the target
    #[arg(long)]
    down: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Stats {
    #[command(flatten)]
    pub(crate) ask: Ask,
}

/// Which running link is meant, and how to show what it says.
#[derive(Debug, Args)]
pub(crate) struct Ask {
    /// The control address that `run` printed
    #[arg(long, value_name = "ADDR")]
    pub(crate) control: SocketAddr,
    /// Print the answer as one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Welcome {
    /// They stay silent until the link is healed
    Hang,
    /// They are reset
    Refuse,
}

#[derive(Debug, Args)]
struct Impairment {
    /// Start from a kind of link; the options below come on top
    #[arg(long, value_name = "NAME", help_heading = "Impairment")]
    profile: Option<Profile>,
    #[command(flatten)]
    both: Both,
    #[command(flatten)]
    up: Up,
    #[command(flatten)]
    down: Down,
}

/// The eight numbers of a direction, as options with a prefix.
macro_rules! impairment_options {
    ($name:ident, $prefix:literal, $heading:literal, $hide_short:literal) => {
        #[derive(Debug, Args)]
        #[command(next_help_heading = $heading)]
        struct $name {
            /// Wait this long after the wire
            #[arg(id = concat!($prefix, "delay-ms"), long = concat!($prefix, "delay-ms"))]
            #[arg(value_name = "MS", hide_short_help = $hide_short)]
            delay_ms: Option<u64>,
            /// Wait up to this much longer, without overtaking
            #[arg(id = concat!($prefix, "jitter-ms"), long = concat!($prefix, "jitter-ms"))]
            #[arg(value_name = "MS", hide_short_help = $hide_short)]
            jitter_ms: Option<u64>,
            /// Kilobits per second, headers included; 0 is no limit
            #[arg(id = concat!($prefix, "rate-kbit"), long = concat!($prefix, "rate-kbit"))]
            #[arg(value_name = "KBIT", hide_short_help = $hide_short)]
            rate_kbit: Option<u32>,
            /// How much may wait for the wire before datagrams are dropped
            #[arg(id = concat!($prefix, "queue-bytes"), long = concat!($prefix, "queue-bytes"))]
            #[arg(value_name = "BYTES", hide_short_help = $hide_short)]
            queue_bytes: Option<usize>,
            /// Lose datagrams; TCP waits instead
            #[arg(id = concat!($prefix, "loss-percent"), long = concat!($prefix, "loss-percent"))]
            #[arg(value_name = "PERCENT", hide_short_help = $hide_short)]
            loss_percent: Option<f64>,
            /// Deliver datagrams twice
            #[arg(id = concat!($prefix, "duplicate-percent"), long = concat!($prefix, "duplicate-percent"))]
            #[arg(value_name = "PERCENT", hide_short_help = $hide_short)]
            duplicate_percent: Option<f64>,
            /// Hold datagrams back until others have overtaken
            #[arg(id = concat!($prefix, "reorder-percent"), long = concat!($prefix, "reorder-percent"))]
            #[arg(value_name = "PERCENT", hide_short_help = $hide_short)]
            reorder_percent: Option<f64>,
            /// Flip a bit of datagrams
            #[arg(id = concat!($prefix, "corrupt-percent"), long = concat!($prefix, "corrupt-percent"))]
            #[arg(value_name = "PERCENT", hide_short_help = $hide_short)]
            corrupt_percent: Option<f64>,
        }

        impl $name {
            fn change(&self) -> ConditionChange {
                ConditionChange {
                    delay_ms: self.delay_ms,
                    jitter_ms: self.jitter_ms,
                    rate_kbit: self.rate_kbit,
                    queue_bytes: self.queue_bytes,
                    loss_percent: self.loss_percent,
                    duplicate_percent: self.duplicate_percent,
                    reorder_percent: self.reorder_percent,
                    corrupt_percent: self.corrupt_percent,
                }
            }
        }
    };
}

impairment_options!(Both, "", "Impairment both ways (also as --up-… and --down-…, see --help)", false);
impairment_options!(Up, "up-", "Impairment towards the target only (wins over both ways)", true);
impairment_options!(Down, "down-", "Impairment back from the target only (wins over both ways)", true);

/// What is wrong with a command line that clap takes.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Usage {
    #[error("nothing to forward; give --udp LISTEN=TARGET or --tcp LISTEN=TARGET")]
    NothingToForward,
    #[error("nothing to set; give --profile or at least one impairment, see `vigie-link set --help`")]
    NothingToSet,
    #[error("{0}")]
    Change(vigie_link::ChangeError),
}

impl Command {
    /// Refuses what the single options cannot see.
    pub(crate) fn check(&self) -> Result<(), Usage> {
        match self {
            Self::Run(run) if run.udp.is_empty() && run.tcp.is_empty() => Err(Usage::NothingToForward),
            Self::Run(run) => run.impairment.check(),
            Self::Set(set) if set.impairment.change().is_nothing() => Err(Usage::NothingToSet),
            Self::Set(set) => set.impairment.check(),
            Self::Cut(_) | Self::Heal(_) | Self::Stats(_) => Ok(()),
        }
    }
}

impl Run {
    pub(crate) fn plan(self) -> Plan {
        Plan {
            change: self.impairment.change(),
            udp: self.udp,
            tcp: self.tcp,
            control: self.control,
            seed: self.seed,
            when_cut: match self.tcp_connect_when_cut {
                Welcome::Hang => WhenCut::Hang,
                Welcome::Refuse => WhenCut::Refuse,
            },
        }
    }
}

impl Set {
    pub(crate) fn request(&self) -> Request {
        Request::Set(Box::new(self.impairment.change()))
    }
}

impl CutOrHeal {
    pub(crate) fn side(&self) -> Side {
        match (self.up, self.down) {
            (true, false) => Side::Up,
            (false, true) => Side::Down,
            (true, true) | (false, false) => Side::Both,
        }
    }
}

impl Impairment {
    fn change(&self) -> LinkChange {
        LinkChange { profile: self.profile, both: self.both.change(), up: self.up.change(), down: self.down.change() }
    }

    fn check(&self) -> Result<(), Usage> {
        let clear = vigie_link::Condition::CLEAR;
        self.change().apply(clear, clear).map(drop).map_err(Usage::Change)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn one_way_options_reach_their_way() {
        let line = "vigie-link set --control 127.0.0.1:1 --loss-percent 5 --up-rate-kbit 64 --down-delay-ms 3";
        let cli = Cli::parse_from(line.split(' '));
        let Command::Set(set) = cli.command else { panic!("it is a set") };
        let change = set.impairment.change();
        assert_eq!(change.both.loss_percent, Some(5.0));
        assert_eq!(change.up.rate_kbit, Some(64));
        assert_eq!(change.down.delay_ms, Some(3));
    }

    #[test]
    fn a_run_with_nothing_to_forward_is_wrong_usage() {
        let cli = Cli::parse_from(["vigie-link", "run"]);
        assert!(matches!(cli.command.check(), Err(Usage::NothingToForward)));
    }
}
