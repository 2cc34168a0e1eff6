//! The thin body of `vigie-link`: reads the command line, runs a link or talks to one, and says how it went.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod cli;
mod show;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use vigie_link::body::{AskError, Plan, Running, StartError, ask};
use vigie_link::{Reply, Request};

use cli::{Ask, Command, Usage};

/// Why it failed, in words for people.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Ask(#[from] AskError),
    #[error("cannot write to standard output: {0}")]
    Output(io::Error),
    #[error("cannot start the runtime or listen for signals: {0}")]
    Runtime(io::Error),
    #[error("forwarding ended by itself; this is a defect of vigie-link")]
    Ended,
}

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    if let Err(usage) = cli.command.check() {
        return misused(usage);
    }
    match run(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("vigie-link: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn misused(usage: Usage) -> ExitCode {
    eprintln!("vigie-link: {usage}");
    ExitCode::from(2)
}

fn run(command: Command) -> Result<(), Failure> {
    // One thread: at 50 Mbit/s it is mostly idle, and a cut then falls between two packets, not amid them.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::Runtime)?;
    let outcome = match command {
        Command::Run(run) => runtime.block_on(forward(&run.plan())),
        Command::Set(set) => runtime.block_on(change(&set.ask, set.request())),
        Command::Cut(cut) => runtime.block_on(change(&cut.ask, Request::Cut { side: cut.side() })),
        Command::Heal(heal) => runtime.block_on(change(&heal.ask, Request::Heal { side: heal.side() })),
        Command::Stats(stats) => runtime.block_on(tell(&stats)),
    };
    // A name that is still being looked up is not waited for.
    runtime.shutdown_background();
    outcome
}

/// Forwards until it is told to end.
async fn forward(plan: &Plan) -> Result<(), Failure> {
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::Runtime)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::Runtime)?;
    let running = Running::start(plan).await?;
    print(&show::ready(&running, plan.seed))?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
        () = running.forward() => Err(Failure::Ended),
    }
}

/// Asks for a change, and shows how the link is then.
async fn change(to: &Ask, request: Request) -> Result<(), Failure> {
    let reply = ask(to.control, &request).await?;
    if to.json { print_json(&reply) } else { print(&show::conditions(&reply)) }
}

async fn tell(stats: &cli::Stats) -> Result<(), Failure> {
    let reply = ask(stats.ask.control, &Request::Stats {}).await?;
    if stats.ask.json {
        return print_json(&reply);
    }
    print(&show::conditions(&reply))?;
    print(&show::stats(&reply.stats.unwrap_or_default()))
}

fn print_json(reply: &Reply) -> Result<(), Failure> {
    let line = serde_json::to_string(reply).expect("a reply has string keys and finite numbers");
    print(&format!("{line}\n"))
}

fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(Failure::Output)
}
