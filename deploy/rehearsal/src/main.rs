//! `vigie-demo`: a hub, two sites and their machines on loopback, to be watched, cut and healed.
//!
//! Starts the real programs as children and ends them all. Knows nothing of what they say to each other: it speaks with
//! them as a person would, by their command lines and over HTTP.

mod ask;
mod cli;
mod crew;
mod http;
mod plan;
mod show;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
