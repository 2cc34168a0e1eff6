//! Who is told by which routes, and who is on call?

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::client::{Client, Method, asked, escaped};
use super::end::End;
use super::look::told;
use super::people::sure;
use super::shape::Out;
use super::table::{Column, column};

/// For whom something is said.
#[derive(Debug, Args)]
pub(super) struct AtPlace {
    /// For a client; everybody's if left out.
    #[arg(long)]
    client: Option<String>,
    /// For a site of it.
    #[arg(long, requires = "client")]
    site: Option<String>,
}

impl AtPlace {
    fn path(&self, below: &str, name: &str, more: &str) -> String {
        let query = asked(&[("client", self.client.as_deref()), ("site", self.site.as_deref())]);
        format!("/api/v1/{below}/{}{more}{query}", escaped(name))
    }
}

/// What is asked of routes.
#[derive(Debug, Subcommand)]
pub(super) enum Routes {
    /// Those that tell of what you may see.
    List,
    /// One, as it is said for a place.
    Show {
        /// Its name.
        route: String,
        #[command(flatten)]
        at: AtPlace,
    },
    /// Say one for a place, or say it anew.
    Set {
        /// Its name.
        route: String,
        #[command(flatten)]
        at: AtPlace,
        /// A file with its fields, or with one [[route]]: in TOML, or in JSON where its name ends so.
        #[arg(long)]
        file: PathBuf,
    },
    /// Take one of a place back.
    Remove {
        /// Its name.
        route: String,
        #[command(flatten)]
        at: AtPlace,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// Send a real message to each receiver, and show what each service said.
    Test {
        /// Its name.
        route: String,
    },
}

const ROUTES: [Column; 7] = [
    column("name", "/name"),
    column("source", "/source"),
    column("scope", "/scope"),
    column("severity", "/severity"),
    column("channels", "/channels"),
    column("used", "/used"),
    column("by", "/by"),
];

const RECEIVERS: [Column; 7] = [
    column("channel", "/channel"),
    column("kind", "/kind"),
    column("to", "/to"),
    column("delivered", "/delivered"),
    column("took_ms", "/took_ms"),
    column("said", "/said"),
    column("two_way", "/two_way"),
];

impl Routes {
    pub(super) async fn run(self, client: &Client, out: Out) -> Result<u8, End> {
        match self {
            Self::List => {
                let answer = client.get("/api/v1/routes").await?;
                let rows = answer.rows("routes");
                out.rows(&answer.json, &rows, &ROUTES, &answer.note(rows.len()));
            }
            Self::Show { route, at } => out.one(&client.get(&at.path("routes", &route, "")).await?.json),
            Self::Set { route, at, file } => {
                let body = fields(&file, "route")?;
                told(out, &client.ask(Method::Put, &at.path("routes", &route, ""), Some(&body)).await?.json);
            }
            Self::Remove { route, at, yes } => {
                sure(&format!("take the route {route} back: whoever it tells is told no more"), yes)?;
                client.ask(Method::Delete, &at.path("routes", &route, ""), None).await?;
            }
            Self::Test { route } => {
                let path = format!("/api/v1/routes/{}/test", escaped(&route));
                let answer = client.ask(Method::Post, &path, Some(&json!({}))).await?;
                let rows = answer.rows("receivers");
                out.rows(&answer.json, &rows, &RECEIVERS, "");
                // A script asks by the exit code whether everybody can be reached.
                return Ok(if answer.json["delivered"] == true { 0 } else { 1 });
            }
        }
        Ok(0)
    }
}

/// What is asked of schedules.
#[derive(Debug, Subcommand)]
pub(super) enum OnCall {
    /// Who is on call now, until when, and who is next.
    List,
    /// One schedule, as it is said for a place.
    Show {
        /// Its name.
        schedule: String,
        #[command(flatten)]
        at: AtPlace,
    },
    /// Say one for a place, or say it anew.
    Set {
        /// Its name.
        schedule: String,
        #[command(flatten)]
        at: AtPlace,
        /// A file with its fields, or with one [[schedule]]: in TOML, or in JSON where its name ends so.
        #[arg(long)]
        file: PathBuf,
    },
    /// Take one of a place back.
    Remove {
        /// Its name.
        schedule: String,
        #[command(flatten)]
        at: AtPlace,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// Have somebody stand in for whoever is on call.
    StandIn {
        /// Its name.
        schedule: String,
        /// Who stands in: one of its people.
        person: String,
        #[command(flatten)]
        at: AtPlace,
        /// From when, as in 2026-02-10T18:00:00Z; from now on if left out.
        #[arg(long)]
        from: Option<String>,
        /// For so many minutes.
        #[arg(long, default_value_t = 720)]
        minutes: u32,
    },
}

const ON_CALL: [Column; 6] = [
    column("name", "/name"),
    column("scope", "/scope"),
    column("on_call", "/on_call/name"),
    column("until", "/on_call/until"),
    column("next", "/next/name"),
    column("why", "/why"),
];

impl OnCall {
    pub(super) async fn run(self, client: &Client, out: Out) -> Result<u8, End> {
        match self {
            Self::List => {
                let answer = client.get("/api/v1/oncall").await?;
                let rows = answer.rows("schedules");
                out.rows(&answer.json, &rows, &ON_CALL, &answer.note(rows.len()));
            }
            Self::Show { schedule, at } => out.one(&client.get(&at.path("oncall", &schedule, "")).await?.json),
            Self::Set { schedule, at, file } => {
                let body = fields(&file, "schedule")?;
                told(out, &client.ask(Method::Put, &at.path("oncall", &schedule, ""), Some(&body)).await?.json);
            }
            Self::Remove { schedule, at, yes } => {
                sure(&format!("take the schedule {schedule} back: its people are told no more"), yes)?;
                client.ask(Method::Delete, &at.path("oncall", &schedule, ""), None).await?;
            }
            Self::StandIn { schedule, person, at, from, minutes } => {
                let mut body = json!({ "who": person, "minutes": minutes });
                if let Some(from) = from {
                    body["from"] = json!(from);
                }
                let path = at.path("oncall", &schedule, "/stand-ins");
                told(out, &client.ask(Method::Post, &path, Some(&body)).await?.json);
            }
        }
        Ok(0)
    }
}

/// The fields of one route, schedule or page, out of a file that holds it alone.
pub(super) fn fields(file: &Path, what: &str) -> Result<Value, End> {
    let shown = file.display();
    let text = std::fs::read_to_string(file)
        .map_err(|error| End::usage(format!("{shown} can not be read: {error}; nothing was changed")))?;
    let wrong = |error: String| End::usage(format!("{shown}: {error}; nothing was changed"));
    let read: Value = if file.extension().is_some_and(|end| end == "json") {
        serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?
    } else {
        toml::from_str(&text).map_err(|error| wrong(error.to_string()))?
    };
    match &read[what] {
        Value::Null => Ok(read),
        Value::Array(list) if list.len() == 1 => Ok(list[0].clone()),
        _ => Err(wrong(format!("it holds more or less than one [[{what}]]"))),
    }
}
