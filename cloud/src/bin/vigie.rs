//! `vigie`: asks a hub or a relay, and tells it what to do, over its HTTP API.

use std::process::ExitCode;

fn main() -> ExitCode {
    vigie_cloud::vigie::main()
}
