//! `vigie-relay`: one site's memory.

use std::process::ExitCode;

fn main() -> ExitCode {
    vigie_relay::cli::main()
}
