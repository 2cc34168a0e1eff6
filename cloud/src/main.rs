//! `vigie-cloud`: the hub.

use std::process::ExitCode;

fn main() -> ExitCode {
    vigie_cloud::cli::main()
}
