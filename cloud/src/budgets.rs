//! What may the lines of sites take? Said at the hub, and taken up by their relays.

use std::process::ExitCode;

use clap::Subcommand;
use serde::Deserialize;
use serde_json::{Value, json};
use vigie_model::Slug;
use vigie_node::{Budget, BudgetError, Failed, NodeClock, NodeRows};

use crate::cli::{self, Place};

/// What can be asked on the command line.
#[derive(Debug, Subcommand)]
pub(crate) enum LinkCommand {
    /// Say what a site's line may take. Its relay takes it up without a restart, unless its own file says something.
    Set {
        #[command(flatten)]
        place: Place,
        /// Whose site.
        #[arg(long)]
        client: Slug,
        /// Which site.
        #[arg(long)]
        site: Slug,
        /// Bytes up and down in a calendar month.
        #[arg(long, value_name = "BYTES")]
        bytes_per_month: Option<u64>,
        /// Hours (UTC) in which what waits may travel, as in 22-6; alerts, fresh samples and hours go at any time.
        #[arg(long, value_name = "FROM-TO")]
        hours: Option<String>,
        /// In whose name; that of the person at the terminal if left out.
        #[arg(long = "as", value_name = "NAME")]
        who: Option<String>,
    },
    /// Say nothing of a site's line any more.
    Unset {
        #[command(flatten)]
        place: Place,
        /// Whose site.
        #[arg(long)]
        client: Slug,
        /// Which site.
        #[arg(long)]
        site: Slug,
    },
    /// List what was said.
    List {
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
    #[serde(rename = "link-set")]
    Set { client: Slug, site: Slug, bytes_per_month: Option<u64>, hours: Option<(u8, u8)>, by: String },
    #[serde(rename = "link-unset")]
    Unset { client: Slug, site: Slug },
    #[serde(rename = "link-list")]
    List,
}

/// Carries out what is asked, if it is about lines.
pub(crate) async fn answer(rows: &NodeRows, clock: &NodeClock, request: &Value) -> Option<Result<Value, Failed>> {
    if !request["ask"].as_str()?.starts_with("link-") {
        return None;
    }
    let (rows, now, request) = (rows.clone(), clock.now().utc, request.clone());
    let done = tokio::task::spawn_blocking(move || {
        let request = serde_json::from_value(request).map_err(|error| Failed::new(2, error.to_string()))?;
        match request {
            Request::Set { client, site, bytes_per_month, hours, by } => {
                let budget = Budget { bytes_per_month, backlog_hours: hours };
                budget.set(&rows, (&client, &site), &by, now).map_err(|error| failed(&error))?;
            }
            Request::Unset { client, site } => {
                Budget::unset(&rows, (&client, &site)).map_err(|error| failed(&error))?;
            }
            Request::List => {}
        }
        let said = Budget::list(&rows).map_err(|error| Failed::new(1, error.to_string()))?;
        let shown = said.into_iter().map(|said| {
            json!({ "client": said.client, "site": said.site, "by": said.by, "made_ms": said.made.0,
                "bytes_per_month": said.budget.and_then(|budget| budget.bytes_per_month),
                "hours": said.budget.and_then(|budget| budget.backlog_hours), "readable": said.budget.is_some() })
        });
        Ok(shown.collect())
    });
    Some(done.await.unwrap_or_else(|_| Err(Failed::new(1, "it was not done; look at the hub's log"))))
}

fn failed(error: &BudgetError) -> Failed {
    Failed::new(if matches!(error, BudgetError::Write(_)) { 1 } else { 2 }, error.to_string())
}

/// Carries out a command.
///
/// # Errors
/// When the hub does not run, or refuses.
pub(crate) fn command(command: LinkCommand) -> Result<ExitCode, Failed> {
    let (place, request, json) = match command {
        LinkCommand::Set { place, client, site, bytes_per_month, hours, who } => {
            let hours = hours.as_deref().map(read_hours).transpose()?;
            let by =
                who.or_else(|| std::env::var("USER").ok()).unwrap_or_else(|| "somebody at the terminal".to_owned());
            let request = json!({ "ask": "link-set", "client": client, "site": site, "bytes_per_month": bytes_per_month,
                "hours": hours, "by": by });
            (place, request, false)
        }
        LinkCommand::Unset { place, client, site } => {
            (place, json!({ "ask": "link-unset", "client": client, "site": site }), false)
        }
        LinkCommand::List { place, json } => (place, json!({ "ask": "link-list" }), json),
    };
    let list = cli::ask(&place, &request)?;
    Ok(cli::tell(&list, json, |list| {
        cli::lines(list, line, "nothing is said of any line: relays go by their own files")
    }))
}

fn read_hours(text: &str) -> Result<(u8, u8), Failed> {
    let wrong = || Failed::new(2, format!("{text:?} is no FROM-TO, as in 22-6; nothing was changed"));
    let (from, to) = text.split_once('-').ok_or_else(wrong)?;
    Ok((from.parse().map_err(|_| wrong())?, to.parse().map_err(|_| wrong())?))
}

fn line(row: &Value) -> String {
    let place = format!("{}/{}", cli::text(&row["client"]), cli::text(&row["site"]));
    if row["readable"] == false {
        return format!("{place}  said by a newer version of this program; update this hub");
    }
    let bytes = row["bytes_per_month"].as_u64().map(|bytes| format!("  {bytes} bytes a month")).unwrap_or_default();
    let hours = row["hours"].as_array();
    let hours = hours.map(|hours| format!("  what waits from {} to {} h UTC", hours[0], hours[1])).unwrap_or_default();
    format!("{place}{bytes}{hours}  by {}, {}", cli::text(&row["by"]), cli::stamp(&row["made_ms"]))
}
