//! The program `vigie-sim`.

use std::process::ExitCode;

fn main() -> ExitCode {
    vigie_node::end(vigie_swarm::cli::run())
}
