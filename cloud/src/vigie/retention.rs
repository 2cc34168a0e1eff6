//! For how long is a client's data kept?

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::client::{Client, Method, escaped};
use super::end::End;
use super::look::told;
use super::people::sure;
use super::shape::Out;
use super::table::{Column, column};

const PATH: &str = "/api/v1/retention";

/// What is asked of it.
#[derive(Debug, Subcommand)]
pub(super) enum Retention {
    /// Of the clients of whom something is said.
    List,
    /// Of one client.
    Show {
        /// Whose.
        client: String,
    },
    /// Say it of a client. What is too old then goes within an hour, and does not come back.
    Set {
        /// Whose.
        client: String,
        #[command(flatten)]
        days: Days,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// Say nothing of a client any more: the hub's file holds.
    Unset {
        /// Whose.
        client: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}

/// Days; 0 is for ever, and what is left out is as in the hub's file.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(super) struct Days {
    /// Samples as they were measured.
    #[arg(long)]
    raw_days: Option<u32>,
    /// What minutes came down to.
    #[arg(long)]
    minute_days: Option<u32>,
    /// What hours came down to.
    #[arg(long)]
    hour_days: Option<u32>,
}

const TERMS: [Column; 5] = [
    column("client", "/client"),
    column("raw_days", "/keeps/raw_days"),
    column("minute_days", "/keeps/minute_days"),
    column("hour_days", "/keeps/hour_days"),
    column("by", "/by"),
];

impl Retention {
    pub(super) async fn run(self, client: &Client, out: Out) -> Result<u8, End> {
        match self {
            Self::List => {
                let answer = client.get(PATH).await?;
                let usual = Some(answer.json["usual"].clone()).filter(|usual| !usual.is_null());
                let rows: Vec<Value> = usual.into_iter().chain(answer.rows("clients")).collect();
                out.rows(&answer.json, &rows, &TERMS, &answer.note(rows.len()));
            }
            Self::Show { client: of } => out.one(&client.get(&format!("{PATH}/{}", escaped(&of))).await?.json),
            Self::Set { client: of, days, yes } => {
                sure(&format!("keep data of {of} no longer than this: what is older is deleted for good"), yes)?;
                let body =
                    json!({ "raw_days": days.raw_days, "minute_days": days.minute_days, "hour_days": days.hour_days });
                let path = format!("{PATH}/{}", escaped(&of));
                told(out, &client.ask(Method::Put, &path, Some(&body)).await?.json);
            }
            Self::Unset { client: of, yes } => {
                sure(&format!("keep data of {of} for as long as the hub's file says"), yes)?;
                client.ask(Method::Delete, &format!("{PATH}/{}", escaped(&of)), None).await?;
            }
        }
        Ok(0)
    }
}
