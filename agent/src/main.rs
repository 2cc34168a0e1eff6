//! `vigie-agent`: measures this machine.

use std::process::ExitCode;

fn main() -> ExitCode {
    vigie_agent::cli::main()
}
