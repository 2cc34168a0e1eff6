//! `./deploy/bench`: what does it cost? Whole programs, real QUIC through `vigie-link`, real redb.
//!
//! Each figure stands beside its goal and beside peers: what the best one needed in its own measurement elsewhere, which
//! is a constant here, or what those that are installed need here, in the same run. The table says which.

mod agent_cost;
mod bytes;
mod engine;
mod freshness;
mod http;
mod hub;
mod lookout;
mod program;
mod scale;
mod table;

use std::process::ExitCode;

use clap::Parser;

use crate::table::Figure;

/// Measures whole programs on this machine and prints a table.
#[derive(Debug, Parser)]
#[command(name = "bench", version)]
struct Cli {
    /// Only this: agent, agent-relay, relay-hub, cut, visible, engine, scale, lookout, hub, pushed.
    #[arg(long)]
    only: Option<String>,
    /// Shorter runs: good to see that it works, not to quote.
    #[arg(long)]
    quick: bool,
    /// Write the figures to this file as JSON.
    #[arg(long)]
    json: Option<std::path::PathBuf>,
    /// Write the table into this README, between its markers; rows that were not measured stay.
    #[arg(long)]
    write_readme: Option<std::path::PathBuf>,
}

type Measure = fn(bool) -> Vec<Figure>;

const ALL: [(&str, Measure); 9] = [
    ("agent", agent_cost::measure),
    ("agent-relay", bytes::agent_to_relay),
    ("relay-hub", bytes::relay_to_hub),
    ("cut", freshness::cut_and_return),
    ("visible", freshness::visible),
    ("engine", engine::measure),
    ("scale", scale::measure),
    ("lookout", lookout::measure),
    ("hub", hub::measure),
];

/// What is measured only when it is asked for by name: parts of the others, alone.
const APART: [(&str, Measure); 1] = [("pushed", engine::pushed::measure)];

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints a table")]
fn main() -> ExitCode {
    let cli = Cli::parse();
    let asked: Vec<_> = match cli.only.as_deref() {
        Some(only) => ALL.iter().chain(&APART).filter(|(name, _)| only == *name).collect(),
        None => ALL.iter().collect(),
    };
    if asked.is_empty() {
        eprintln!(
            "bench: there is no such figure; there are: {}",
            ALL.iter().chain(&APART).map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
        );
        return ExitCode::from(2);
    }
    let mut figures = Vec::new();
    for (name, measure) in asked {
        eprintln!("bench: measuring {name} (load {})", table::load());
        figures.extend(measure(cli.quick));
    }
    println!("{}", table::text(&figures, cli.quick));
    let written = cli.json.map_or(Ok(()), |file| std::fs::write(file, table::json(&figures)));
    let written = written.and_then(|()| match cli.write_readme {
        Some(file) => table::into_readme(&file, &figures, cli.quick),
        None => Ok(()),
    });
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: the figures were measured and could not be written: {error}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "this is where a program speaks to the person who ran it")]
fn say(text: &str) {
    eprintln!("bench: {text}");
}
