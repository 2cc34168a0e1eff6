//! What does a person or a script ask from anywhere, over the API alone?
//!
//! The program `vigie` has no folder of a hub and no key: whatever it may it may by a token. Answers go to stdout, everything
//! else to stderr; how it went is the exit code.

mod account;
mod alerts;
mod answer;
mod client;
mod clients;
mod demo;
mod end;
mod inert;
mod jobs;
mod listen;
mod look;
mod people;
mod quotas;
mod retention;
mod samples;
mod shape;
mod status_page;
mod table;
mod tags;
mod telling;
mod webhooks;

use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

use self::account::Login;
use self::client::{Client, Method};
use self::end::End;
use self::shape::{Out, Shape};

/// Machines, sites, alerts, people and samples of a Vigie hub or relay.
#[derive(Debug, Parser)]
#[command(name = "vigie", version, after_help = EXAMPLES)]
struct Cli {
    #[command(flatten)]
    out: OutArgs,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  vigie login https://hub.example.org < token.txt
  vigie machines list 'site:lyon cpu:>90'
  vigie alerts list severity:crit ack:none
  vigie alerts ack 01K9… --note 'on my way'
  vigie query 'avg(system_cpu_utilization_ratio) by (site)'
  vigie --tsv people list role:operator
  vigie events --kinds alert,decision

Where the hub is, and the token: VIGIE_URL and VIGIE_TOKEN, or what login kept.

Exit codes: 0 done · 1 failed · 2 wrong usage · 3 declined · 4 not signed in, or not allowed · 5 not found
            6 out of reach, so nothing is known · 7 busy or changed meanwhile: ask again";

/// In which form answers are written.
#[derive(Debug, Clone, Copy, Args)]
struct OutArgs {
    /// Columns with tabs between them, under a line with their names; what is no terminal gets that, too.
    #[arg(long, global = true, conflicts_with_all = ["json", "ndjson"])]
    tsv: bool,
    /// One object for each row, each on a line of its own.
    #[arg(long, global = true, conflicts_with = "json")]
    ndjson: bool,
    /// The whole answer.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Keep the address of a hub or relay, and a token for it, read from stdin unless VIGIE_TOKEN has it.
    Login(Login),
    /// Forget them.
    Logout,
    /// Who you are there, and what you may.
    Whoami,
    /// How things are, in one answer.
    Status {
        /// Say it by the exit code as monitoring plug-ins do: 0 well, 1 a warning, 2 critical, 3 cut off or not known.
        #[arg(long)]
        check: bool,
    },
    /// Machines.
    #[command(subcommand)]
    Machines(look::Machines),
    /// What machines are tagged with, and which groups they are in.
    #[command(subcommand)]
    Tags(tags::Tags),
    /// Sites.
    #[command(subcommand)]
    Sites(look::Sites),
    /// What is wrong, and what people decide of it.
    #[command(subcommand)]
    Alerts(alerts::Alerts),
    /// By which rules that is found.
    #[command(subcommand)]
    Rules(alerts::Rules),
    /// When nobody is told.
    #[command(subcommand)]
    Maintenance(alerts::Maintenance),
    /// Who is told, by which routes.
    #[command(subcommand)]
    Routes(telling::Routes),
    /// Who is on call.
    #[command(subcommand, name = "oncall")]
    OnCall(telling::OnCall),
    /// How much a client may have, and has.
    #[command(subcommand)]
    Quotas(quotas::Quotas),
    /// For how long a client's data is kept.
    #[command(subcommand)]
    Retention(retention::Retention),
    /// All that is kept of a client: taken away, or erased.
    #[command(subcommand)]
    Clients(clients::Clients),
    /// Sites and machines that nobody has, to see what a cut looks like.
    #[command(subcommand)]
    Demo(demo::Demo),
    /// What work waits at the hub, what failed, and samples in files.
    #[command(subcommand)]
    Jobs(jobs::Jobs),
    /// Which other programs are told of every event.
    #[command(subcommand)]
    Webhooks(webhooks::Webhooks),
    /// Which pages of clients anybody may read.
    #[command(subcommand)]
    StatusPage(status_page::StatusPage),
    /// For how long machines were up, down, or not known to be either.
    Availability(look::Availability),
    /// Ask in PromQL.
    Query(samples::Query),
    /// Raw samples, to stdout.
    Export(samples::Export),
    /// People.
    #[command(subcommand)]
    People(people::People),
    /// Tokens.
    #[command(subcommand)]
    Tokens(people::Tokens),
    /// Sets of rights.
    Roles,
    /// Who did what.
    #[command(subcommand)]
    Audit(people::Audit),
    /// What changes, as it happens, until stopped.
    Events(listen::Events),
    /// Any address of the API, as it answers: /api describes them.
    Api {
        /// GET, POST, PUT or DELETE.
        method: Method,
        /// As in /api/v1/sites.
        path: String,
        /// A body in JSON.
        #[arg(long)]
        body: Option<String>,
    },
    /// Words for a shell, so that it completes commands.
    Completion {
        /// Which shell.
        shell: Shell,
    },
}

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let out = Out::new(Shape::of(cli.out.tsv, cli.out.ndjson, cli.out.json));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(done(cli.command, out)),
        Err(error) => Err(End::failed(format!("no thread could be started: {error}"))),
    };
    match ended {
        Ok(code) => ExitCode::from(code),
        Err(end) => end.told(),
    }
}

async fn done(command: Command, out: Out) -> Result<u8, End> {
    match command {
        Command::Completion { shell } => {
            // Into memory first: a reader that leaves half-way is no fault of ours.
            let mut words = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "vigie", &mut words);
            shape::say(String::from_utf8_lossy(&words).trim_end());
            return Ok(0);
        }
        Command::Login(login) => return login.keep().await,
        Command::Logout => return account::forget(),
        _ => {}
    }
    let client = Client::new(account::known()?)?;
    match command {
        Command::Whoami => account::whoami(&client, out).await,
        Command::Status { check } => look::status(&client, out, check).await,
        Command::Machines(verb) => verb.run(&client, out).await,
        Command::Tags(verb) => verb.run(&client, out).await,
        Command::Sites(verb) => verb.run(&client, out).await,
        Command::Alerts(verb) => verb.run(&client, out).await,
        Command::Rules(verb) => verb.run(&client, out).await,
        Command::Maintenance(verb) => verb.run(&client, out).await,
        Command::Routes(verb) => verb.run(&client, out).await,
        Command::OnCall(verb) => verb.run(&client, out).await,
        Command::Quotas(verb) => verb.run(&client, out).await,
        Command::Retention(verb) => verb.run(&client, out).await,
        Command::Clients(verb) => verb.run(&client, out).await,
        Command::Demo(verb) => verb.run(&client, out).await,
        Command::Jobs(verb) => verb.run(&client, out).await,
        Command::Webhooks(verb) => verb.run(&client, out).await,
        Command::StatusPage(verb) => verb.run(&client, out).await,
        Command::Availability(verb) => verb.run(&client, out).await,
        Command::Query(verb) => verb.run(&client, out).await,
        Command::Export(verb) => verb.run(&client).await,
        Command::People(verb) => verb.run(&client, out).await,
        Command::Tokens(verb) => verb.run(&client, out).await,
        Command::Roles => people::roles(&client, out).await,
        Command::Audit(verb) => verb.run(&client, out).await,
        Command::Events(verb) => verb.run(&client, out).await,
        Command::Api { method, path, body } => {
            let body = body.map(|body| serde_json::from_str(&body)).transpose();
            let body = body.map_err(|error| End::usage(format!("the body is no JSON: {error}")))?;
            let answer = client.ask(method, &path, body.as_ref()).await?;
            out.whole(&answer.json);
            Ok(0)
        }
        Command::Completion { .. } | Command::Login(_) | Command::Logout => Ok(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_make_sense_to_the_parser() {
        Cli::command().debug_assert();
        for line in [
            "vigie machines list site:lyon cpu:>90 --limit 5",
            "vigie --tsv alerts list -- -site:lyon",
            "vigie alerts snooze A --minutes 30",
            "vigie query up --start 1h --step 60",
            "vigie tokens create --name x --right look --scope acme/lyon",
            "vigie api get /api/v1/sites",
            "vigie routes set night --client acme --file night.toml",
            "vigie oncall stand-in n1 paul --client acme --site lyon --minutes 60",
            "vigie webhooks add https://example.org/x --kinds alert,decision --client acme",
            "vigie status-page set acme --file acme.toml",
            "vigie status-page publish acme --title Slow --text looking --component Tills --language en",
            "vigie retention set acme --raw-days 30 --hour-days 0",
            "vigie clients erase acme --dry-run",
            "vigie clients export acme --out acme.jsonl",
            "vigie demo add",
            "vigie demo remove --yes",
            "vigie jobs list state:dead kind:export --limit 5",
            "vigie jobs export acme up --start 7d --format csv --out acme.csv",
            "vigie jobs run backup",
            "vigie jobs queues",
            "vigie jobs messages",
            "vigie jobs cancel 000000000000000000000000000000c1 --yes",
            "vigie tags add till --filter site:lyon --group",
            "vigie tags remove till till-1 till-2",
            "vigie completion fish",
        ] {
            if let Err(error) = Cli::try_parse_from(line.split(' ')) {
                panic!("{line}: {error}");
            }
        }
        assert!(Cli::try_parse_from(["vigie", "--json", "--tsv", "roles"]).is_err());
    }
}
