//! Who may come in at a site while this hub is out of reach? Granted, listed, taken back, and who came, from the command line, its pages and API.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Subcommand;
use serde::Deserialize;
use serde_json::{Value, json};
use vigie_grants::{GrantError, May};
use vigie_model::{Slug, UtcMs};
use vigie_node::{Failed, NodeClock, NodeRows};
use vigie_serve::{LetInAt, LetInMay, LetInNow, LetInRefused, LetInState, LetInWish, LetsIn, Stamp};

use crate::cli::{self, Place};
use crate::registry::Registry;

/// What can be asked on the command line.
#[derive(Debug, Subcommand)]
pub(crate) enum GrantCommand {
    /// Let a person in at a site's own page; the passphrase is shown once.
    Add {
        #[command(flatten)]
        place: Place,
        /// Whose site.
        #[arg(long)]
        client: Slug,
        /// Which site.
        #[arg(long)]
        site: Slug,
        /// Who, as they will type it.
        #[arg(long)]
        name: String,
        /// For how many days.
        #[arg(long, default_value_t = 30)]
        days: u32,
        /// What they may: decide of alerts, or look alone.
        #[arg(long, value_name = "decide|look", default_value = "decide")]
        may: May,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
    /// List who was let in where.
    List {
        #[command(flatten)]
        place: Place,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
    /// Take a person's access back; at a site that is cut off it works until the line is back.
    Revoke {
        #[command(flatten)]
        place: Place,
        /// Whose site.
        #[arg(long)]
        client: Slug,
        /// Which site.
        #[arg(long)]
        site: Slug,
        /// Who.
        #[arg(long)]
        name: String,
    },
    /// Show who signed in at sites, and who was refused, as far as the sites have told.
    Audit {
        #[command(flatten)]
        place: Place,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
}

/// What is asked of the running hub.
#[derive(Debug, Deserialize)]
#[serde(tag = "ask", deny_unknown_fields)]
enum Request {
    #[serde(rename = "grant-add")]
    Add { client: Slug, site: Slug, name: String, days: u32, may: May },
    #[serde(rename = "grant-list")]
    List,
    #[serde(rename = "grant-revoke")]
    Revoke { client: Slug, site: Slug, name: String },
    #[serde(rename = "grant-audit")]
    Audit,
}

/// Who grants: at the hub's own socket, and for pages and API.
#[derive(Debug, Clone)]
pub(crate) struct Grants {
    rows: NodeRows,
    registry: Arc<Registry>,
    clock: NodeClock,
}

impl Grants {
    pub(crate) fn of(rows: NodeRows, registry: Arc<Registry>, clock: NodeClock) -> Self {
        Self { rows, registry, clock }
    }

    /// Carries out what is asked, if it is about grants.
    pub(crate) async fn answer(&self, request: &Value) -> Option<Result<Value, Failed>> {
        if !request["ask"].as_str()?.starts_with("grant-") {
            return None;
        }
        let (grants, request) = (self.clone(), request.clone());
        // A passphrase costs a tenth of a second on purpose.
        let done = tokio::task::spawn_blocking(move || {
            let request = serde_json::from_value(request).map_err(|error| Failed::new(2, error.to_string()))?;
            grants.carry_out(request)
        });
        Some(done.await.unwrap_or_else(|_| Err(Failed::new(1, "it was not done; look at the hub's log"))))
    }

    fn carry_out(&self, request: Request) -> Result<Value, Failed> {
        let now = self.clock.now().utc;
        match request {
            Request::Add { client, site, name, days, may } => {
                self.check_place(&client, &site)?;
                let at = vigie_serve::Place { client, site };
                let granted = vigie_grants::add(&self.rows, &at, &name, days, may, now).map_err(failed)?;
                let grant = granted.grant;
                Ok(json!({ "client": at.client, "site": at.site, "name": grant.name, "may": grant.may,
                    "until_ms": grant.until_ms, "passphrase": granted.passphrase }))
            }
            Request::List => {
                let grants = vigie_grants::list(&self.rows).map_err(failed)?.into_iter();
                let shown = grants.map(|(client, site, grant)| {
                    json!({ "client": client, "site": site, "name": grant.name, "may": grant.may,
                        "from_ms": grant.from_ms, "until_ms": grant.until_ms, "state": grant.state(now) })
                });
                Ok(shown.collect())
            }
            Request::Revoke { client, site, name } => {
                let at = vigie_serve::Place { client, site };
                let grant = vigie_grants::revoke(&self.rows, &at, &name, now).map_err(failed)?;
                Ok(json!({ "name": grant.name, "state": grant.state(now) }))
            }
            Request::Audit => {
                let visits = vigie_grants::visits(&self.rows).map_err(|error| Failed::new(1, error.to_string()))?;
                Ok(visits.iter().map(|visit| self.shown(visit)).collect())
            }
        }
    }

    /// A site that nobody has enrolled at is a slip of the pen.
    fn check_place(&self, client: &Slug, site: &Slug) -> Result<(), Failed> {
        let is_there = self.registry.nodes()?.iter().any(|node| node.client == *client && node.site == *site);
        let none = || Failed::new(5, format!("no node of {client}/{site} has enrolled; nothing was changed"));
        is_there.then_some(()).ok_or_else(none)
    }

    fn shown(&self, visit: &vigie_grants::Visit) -> Value {
        let relay =
            self.registry.node(visit.relay).ok().flatten().map_or_else(|| visit.relay.to_string(), |row| row.name);
        json!({ "client": visit.client, "site": visit.site, "relay": relay, "at_ms": visit.at.0, "name": visit.name,
            "from": visit.from, "came": visit.came, "said": visit.came.as_str() })
    }
}

impl LetsIn for Grants {
    fn at(&self, client: &Slug, site: &Slug) -> Result<Vec<LetInAt>, String> {
        let now = self.clock.now().utc;
        let all = vigie_grants::list(&self.rows).map_err(|error| error.to_string())?.into_iter();
        let here = all.filter(|(of, at, _)| (of, at) == (client, site));
        Ok(here.map(|(.., grant)| shown_of(grant, now)).collect())
    }

    fn let_in(&self, place: &vigie_serve::Place, wish: &LetInWish) -> Result<LetInNow, LetInRefused> {
        let now = self.clock.now().utc;
        self.check_place(&place.client, &place.site).map_err(|failed| match failed.code {
            5 => LetInRefused::NotThere(failed.text),
            _ => LetInRefused::NotKept(failed.text),
        })?;
        let may = match wish.may {
            LetInMay::Look => May::Look,
            LetInMay::Decide => May::Decide,
        };
        let granted = vigie_grants::add(&self.rows, place, &wish.name, wish.days, may, now).map_err(not_let_in)?;
        Ok(LetInNow { person: shown_of(granted.grant, now), passphrase: granted.passphrase })
    }

    fn take_back(&self, place: &vigie_serve::Place, name: &str) -> Result<LetInAt, LetInRefused> {
        let now = self.clock.now().utc;
        let revoked = vigie_grants::revoke(&self.rows, place, name, now).map_err(not_let_in)?;
        Ok(shown_of(revoked, now))
    }
}

fn not_let_in(error: GrantError) -> LetInRefused {
    let said = error.to_string();
    match error {
        GrantError::Name | GrantError::Days(_) => LetInRefused::Senseless(said),
        GrantError::Already(_) => LetInRefused::Already(said),
        GrantError::NotThere(_) => LetInRefused::NotThere(said),
        GrantError::NoPassphrase(_) | GrantError::Write(_) | GrantError::Read(_) => LetInRefused::NotKept(said),
    }
}

fn shown_of(grant: vigie_grants::Grant, now: UtcMs) -> LetInAt {
    LetInAt {
        state: match grant.revoked_ms {
            Some(_) => LetInState::Revoked,
            None if grant.until_ms <= now.0 => LetInState::Expired,
            None => LetInState::Valid,
        },
        may: match grant.may {
            May::Look => LetInMay::Look,
            May::Decide => LetInMay::Decide,
        },
        from: Stamp(UtcMs(grant.from_ms)),
        until: Stamp(UtcMs(grant.until_ms)),
        name: grant.name,
    }
}

fn failed(error: GrantError) -> Failed {
    let code = match error {
        GrantError::Name | GrantError::Days(_) | GrantError::Already(_) => 2,
        GrantError::NotThere(_) => 5,
        GrantError::NoPassphrase(_) | GrantError::Write(_) | GrantError::Read(_) => 1,
    };
    Failed::new(code, error.to_string())
}

/// Asks the running hub.
pub(crate) fn command(command: GrantCommand) -> Result<ExitCode, Failed> {
    match command {
        GrantCommand::Add { place, client, site, name, days, may, json } => {
            let request =
                json!({ "ask": "grant-add", "client": client, "site": site, "name": name, "days": days, "may": may });
            Ok(cli::tell(&cli::ask(&place, &request)?, json, said))
        }
        GrantCommand::List { place, json } => {
            let list = cli::ask(&place, &json!({ "ask": "grant-list" }))?;
            Ok(cli::tell(&list, json, |list| {
                cli::lines(
                    list,
                    grant_line,
                    "nobody was let in yet; let somebody in: vigie-cloud grant add --client … --site … --name …",
                )
            }))
        }
        GrantCommand::Revoke { place, client, site, name } => {
            let request = json!({ "ask": "grant-revoke", "client": client, "site": site, "name": name });
            let revoked = cli::ask(&place, &request)?;
            Ok(cli::tell(&revoked, false, |row| {
                format!(
                    "{} is not let in at {client}/{site} any more, as soon as its relay knows",
                    cli::text(&row["name"])
                )
            }))
        }
        GrantCommand::Audit { place, json } => {
            let list = cli::ask(&place, &json!({ "ask": "grant-audit" }))?;
            Ok(cli::tell(&list, json, |list| cli::lines(list, visit_line, "no site has told of a sign-in yet")))
        }
    }
}

fn said(row: &Value) -> String {
    format!(
        "name        {}\npassphrase  {}\nmay         {} at {}/{} until {}\nIt is not shown again.",
        cli::text(&row["name"]),
        cli::text(&row["passphrase"]),
        cli::text(&row["may"]),
        cli::text(&row["client"]),
        cli::text(&row["site"]),
        cli::stamp(&row["until_ms"])
    )
}

fn grant_line(row: &Value) -> String {
    format!(
        "{}/{}  {:<24} {:<6} until {}  {}",
        cli::text(&row["client"]),
        cli::text(&row["site"]),
        cli::text(&row["name"]),
        cli::text(&row["may"]),
        cli::stamp(&row["until_ms"]),
        cli::text(&row["state"])
    )
}

/// The name was typed by whoever stood at the door: it is shown as a quoted text, which moves no terminal.
fn visit_line(row: &Value) -> String {
    format!(
        "{}  {}/{} ({})  {:?} from {}  {}",
        cli::stamp(&row["at_ms"]),
        cli::text(&row["client"]),
        cli::text(&row["site"]),
        cli::text(&row["relay"]),
        cli::text(&row["name"]),
        cli::text(&row["from"]),
        cli::text(&row["said"])
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_moves_no_terminal() {
        let row = json!({ "client": "acme", "site": "lyon", "relay": "r1", "at_ms": 0, "name": "\u{1b}[2J\nroot",
            "from": "192.0.2.7", "said": "refused" });
        let line = visit_line(&row);
        assert!(!line.contains(['\u{1b}', '\n']), "{line}");
    }
}
