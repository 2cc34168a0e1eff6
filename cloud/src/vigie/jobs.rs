//! What work waits at the hub, what failed, and a client's samples in a file?

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::client::{Client, Method, escaped};
use super::clients::into_file;
use super::end::End;
use super::look::{Listed, told};
use super::people::sure;
use super::samples::{Taken, pour};
use super::shape::Out;
use super::table::{Column, column};

const PATH: &str = "/api/v1/jobs";

/// How often it is asked how far an export is.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What is asked of jobs.
#[derive(Debug, Subcommand)]
pub(super) enum Jobs {
    /// The latest first: state, kind, client, by, age, tries.
    List {
        #[command(flatten)]
        listed: Listed,
    },
    /// One, with what happened to it, or a message and where it stands.
    Show {
        /// Which job, or which message.
        id: String,
    },
    /// What waits and what was given up beside the jobs: messages by each channel, events for each webhook.
    Queues,
    /// Messages to people that wait, and those that were given up.
    Messages,
    /// Call one off, or a message that waits.
    Cancel {
        /// Which job, or which message.
        id: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// Ask again for one that failed or was called off, or for a message that waits or was given up.
    Retry {
        /// Which job, or which message.
        id: String,
    },
    /// Have upkeep now that comes by itself later.
    Run {
        /// backup or retention.
        #[arg(value_parser = ["backup", "retention"])]
        what: String,
    },
    /// A client's samples into a file at the hub, which is kept for three days.
    Export(Export),
    /// The file of an export that is done.
    Fetch {
        /// Which.
        id: String,
        /// Into this file, which is not there yet; to stdout unless said otherwise.
        #[arg(long)]
        out: Option<PathBuf>,
    },
}

/// What is to be in the file.
#[derive(Debug, Args)]
pub(super) struct Export {
    /// Whose.
    client: String,
    /// Which series, as in up or {site="lyon"}; all of the client's if left out.
    matching: Vec<String>,
    #[command(flatten)]
    taken: Taken,
    /// Wait until it is done, and fetch it into this file, which is not there yet.
    #[arg(long)]
    out: Option<PathBuf>,
}

const JOBS: [Column; 9] = [
    column("id", "/id"),
    column("kind", "/kind"),
    column("state", "/state"),
    column("client", "/client"),
    column("what", "/what"),
    column("by", "/by"),
    column("next", "/next_at"),
    column("tries", "/tries"),
    column("said", "/said"),
];

const QUEUES: [Column; 9] = [
    column("of", "/of"),
    column("id", "/id"),
    column("what", "/what"),
    column("client", "/client"),
    column("waiting", "/waiting"),
    column("dead", "/dead"),
    column("since", "/failing_since"),
    column("next", "/next_at"),
    column("failing", "/failing"),
];

const MESSAGES: [Column; 8] = [
    column("id", "/id"),
    column("state", "/state"),
    column("route", "/route"),
    column("channel", "/channel"),
    column("to", "/to"),
    column("at", "/at"),
    column("tries", "/tries"),
    column("said", "/said"),
];

/// Digits of a message's id; a job's has fewer.
const MESSAGE_DIGITS: usize = 32;

impl Jobs {
    pub(super) async fn run(self, client: &Client, out: Out) -> Result<u8, End> {
        match self {
            Self::List { listed } => {
                let (whole, rows, note) = listed.rows(client, (PATH, "jobs"), &[]).await?;
                out.rows(&whole, &rows, &JOBS, &note);
            }
            Self::Queues => {
                let answer = client.get(&format!("{PATH}?limit=1")).await?;
                let rows = answer.rows("queues");
                out.rows(&answer.json["queues"], &rows, &QUEUES, &answer.note(rows.len()));
            }
            Self::Messages => {
                let answer = client.get("/api/v1/telling").await?;
                let rows: Vec<Value> =
                    ["waiting", "dead"].into_iter().flat_map(|of| messages(&answer.json, of)).collect();
                out.rows(&json!({ "messages": rows }), &rows, &MESSAGES, &answer.note(rows.len()));
            }
            Self::Show { id } => out.one(&client.get(&at(&id)).await?.json),
            Self::Cancel { id, yes } => {
                sure(&format!("call off {id}"), yes)?;
                told(out, &client.ask(Method::Post, &format!("{}/cancel", at(&id)), Some(&json!({}))).await?.json);
            }
            Self::Retry { id } => {
                told(out, &client.ask(Method::Post, &format!("{}/retry", at(&id)), Some(&json!({}))).await?.json);
            }
            Self::Run { what } => {
                told(out, &client.ask(Method::Post, PATH, Some(&json!({ "kind": what }))).await?.json);
            }
            Self::Export(export) => return export.run(client, out).await,
            Self::Fetch { id, out: None } => return pour(client, &file_of(&id)).await,
            Self::Fetch { id, out: Some(file) } => return into_file(client, &file_of(&id), &file).await,
        }
        Ok(0)
    }
}

impl Export {
    async fn run(self, client: &Client, out: Out) -> Result<u8, End> {
        let mut wish = json!({ "client": self.client, "match": self.matching });
        for (name, said) in self.taken.said() {
            wish[name] = json!(said);
        }
        let begun = client.ask(Method::Post, "/api/v1/exports", Some(&wish)).await?.json;
        let Some(file) = self.out else {
            told(out, &begun);
            return Ok(0);
        };
        let id = begun["id"].as_str().ok_or_else(|| End::failed("the answer names no job"))?;
        ended(client, id).await?;
        into_file(client, &file_of(id), &file).await
    }
}

/// Waits until it is done; what will not be by itself is an error.
async fn ended(client: &Client, id: &str) -> Result<Value, End> {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let job = client.get(&at(id)).await?.json;
        match job["state"].as_str().unwrap_or_default() {
            "done" => return Ok(job),
            "dead" | "cancelled" => {
                let why = job["said"].as_str().unwrap_or("it was called off");
                return Err(End::failed(format!("the export {id} gave no file: {why}")));
            }
            _ => {}
        }
    }
}

/// A job, or a message to people.
fn at(id: &str) -> String {
    let path = if id.len() == MESSAGE_DIGITS { "/api/v1/telling" } else { PATH };
    format!("{path}/{}", escaped(id))
}

/// Those of a part, each with where it stands.
fn messages(telling: &Value, of: &str) -> Vec<Value> {
    let all = telling[of].as_array().cloned().unwrap_or_default().into_iter();
    let with_state = |mut one: Value| {
        one["state"] = json!(of);
        one
    };
    all.map(with_state).collect()
}

fn file_of(id: &str) -> String {
    format!("/api/v1/exports/{}/file", escaped(id))
}
