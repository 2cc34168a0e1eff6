//! How much may a client have, and how much has it?

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::client::{Client, Method, asked, escaped};
use super::end::End;
use super::look::told;
use super::people::sure;
use super::shape::Out;
use super::table::{Column, column};

const PATH: &str = "/api/v1/quotas";

/// What is asked of it.
#[derive(Debug, Subcommand)]
pub(super) enum Quotas {
    /// Of the clients that you see as a whole.
    List {
        /// Of one alone.
        #[arg(long)]
        client: Option<String>,
    },
    /// Of one client.
    Show {
        /// Whose.
        client: String,
    },
    /// Say it of a client: what is left out is not limited.
    Set {
        /// Whose.
        client: String,
        #[command(flatten)]
        most: Most,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// Say nothing of a client any more: nothing of it is limited.
    Unset {
        /// Whose.
        client: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}

/// The most that a client may have.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(super) struct Most {
    /// Machines that are enrolled; one more is not let in.
    #[arg(long)]
    machines: Option<u64>,
    /// People and open invitations; one more is not invited.
    #[arg(long)]
    users: Option<u64>,
    /// Series; more are taken in, and it is told.
    #[arg(long)]
    series: Option<u64>,
    /// Samples a second; more are taken in, and it is told.
    #[arg(long)]
    samples_per_second: Option<u64>,
    /// Bytes on the hub's disk; more are kept, and it is told.
    #[arg(long)]
    storage_bytes: Option<u64>,
}

const USES: [Column; 5] = [
    column("client", "/client"),
    column("of", "/of"),
    column("used", "/used"),
    column("most", "/most"),
    column("state", "/state"),
];

impl Quotas {
    pub(super) async fn run(self, client: &Client, out: Out) -> Result<u8, End> {
        match self {
            Self::List { client: of } => {
                let answer = client.get(&format!("{PATH}{}", asked(&[("client", of.as_deref())]))).await?;
                let rows: Vec<Value> = answer.rows("clients").iter().flat_map(uses).collect();
                out.rows(&answer.json, &rows, &USES, &answer.note(rows.len()));
            }
            Self::Show { client: of } => {
                let answer = client.get(&format!("{PATH}/{}", escaped(&of))).await?;
                let rows = uses(&answer.json);
                out.rows(&answer.json, &rows, &USES, &answer.note(rows.len()));
            }
            Self::Set { client: of, most, yes } => {
                sure(&format!("say how much {of} may have; what it has already stays"), yes)?;
                let Most { machines, users, series, samples_per_second, storage_bytes } = most;
                let body = json!({ "machines": machines, "users": users, "series": series,
                    "samples_per_second": samples_per_second, "storage_bytes": storage_bytes });
                let path = format!("{PATH}/{}", escaped(&of));
                told(out, &client.ask(Method::Put, &path, Some(&body)).await?.json);
            }
            Self::Unset { client: of, yes } => {
                sure(&format!("let {of} have as much as it will"), yes)?;
                client.ask(Method::Delete, &format!("{PATH}/{}", escaped(&of)), None).await?;
            }
        }
        Ok(0)
    }
}

/// A row for each thing of one client.
fn uses(quota: &Value) -> Vec<Value> {
    let of = |one: &Value| {
        let mut row = one.clone();
        row["client"] = quota["client"].clone();
        row
    };
    quota["uses"].as_array().into_iter().flatten().map(of).collect()
}
