//! What is kept of a client, and how does it go?

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Subcommand;
use http_body_util::BodyExt;
use serde_json::{Value, json};

use super::client::{Client, Method, escaped};
use super::end::End;
use super::look::told;
use super::people::sure;
use super::samples::pour;
use super::shape::{Out, remark};
use super::table::{Column, column};

/// How often it is asked how far an erasure is.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// For so long the hub may be out of reach while it begins again: one with many machines reads for a while.
const AWAY_TIMES: u32 = 600;

/// What is asked of clients.
#[derive(Debug, Subcommand)]
pub(super) enum Clients {
    /// All that is kept of one but its samples, as JSON lines.
    Export {
        /// Whose.
        client: String,
        /// Into this file, which is not there yet; to stdout unless said otherwise.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// All that is kept of one goes, for ever; its machines and relays stay out. The hub begins again without it.
    Erase {
        /// Whose.
        client: String,
        /// Only say what would go.
        #[arg(long)]
        dry_run: bool,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
        /// Do not wait until nothing is left.
        #[arg(long)]
        no_wait: bool,
    },
    /// Receipts of those that were erased.
    Erased {
        /// Only of clients of this name, which no receipt bears.
        #[arg(long)]
        client: Option<String>,
    },
}

const THINGS: [Column; 2] = [column("of", "/of"), column("count", "/count")];

const ERASED: [Column; 6] = [
    column("id", "/id"),
    column("state", "/state"),
    column("by", "/by"),
    column("asked", "/asked_at"),
    column("finished", "/finished_at"),
    column("nodes", "/nodes"),
];

impl Clients {
    pub(super) async fn run(self, client: &Client, out: Out) -> Result<u8, End> {
        match self {
            Self::Export { client: of, out: None } => {
                pour(client, &format!("/api/v1/clients/{}/export", escaped(&of))).await
            }
            Self::Export { client: of, out: Some(file) } => {
                into_file(client, &format!("/api/v1/clients/{}/export", escaped(&of)), &file).await
            }
            Self::Erase { client: of, dry_run: true, .. } => {
                let has = client.get(&format!("/api/v1/clients/{}/holdings", escaped(&of))).await?;
                let rows = things(&has.json);
                out.rows(&has.json, &rows, &THINGS, &has.note(rows.len()));
                Ok(0)
            }
            Self::Erase { client: of, yes, no_wait, .. } => erase(client, out, &of, yes, no_wait).await,
            Self::Erased { client: of } => {
                let asked = super::client::asked(&[("client", of.as_deref())]);
                let answer = client.get(&format!("/api/v1/erasures{asked}")).await?;
                let rows = answer.rows("erasures");
                out.rows(&answer.json, &rows, &ERASED, &answer.note(rows.len()));
                Ok(0)
            }
        }
    }
}

async fn erase(client: &Client, out: Out, of: &str, yes: bool, no_wait: bool) -> Result<u8, End> {
    // That there is no such client is said before anybody is asked.
    client.get(&format!("/api/v1/clients/{}/holdings", escaped(of))).await?;
    sure(&format!("erase the client {of} with all that is kept of it, for ever, and shut its nodes out"), yes)?;
    let path = format!("/api/v1/clients/{}/erase", escaped(of));
    let begun = client.ask(Method::Post, &path, Some(&json!({ "name": of }))).await?.json;
    if no_wait {
        told(out, &begun);
        return Ok(0);
    }
    let id = begun["id"].as_str().ok_or_else(|| End::failed("the answer names no erasure"))?;
    let receipt = finished(client, id).await?;
    told(out, &receipt);
    let left = things(&receipt["left"]);
    match left.is_empty() {
        true => Ok(0),
        false => {
            remark("something is left: see left; vigie clients erase it again");
            Ok(1)
        }
    }
}

/// Waits until nothing is left. Meanwhile the hub begins again, and is out of reach for a moment.
async fn finished(client: &Client, id: &str) -> Result<Value, End> {
    let path = format!("/api/v1/erasures/{}", escaped(id));
    let mut away = 0;
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        match client.get(&path).await {
            Ok(answer) if answer.json["state"] == "done" => return Ok(answer.json),
            Ok(_) => away = 0,
            Err(end) if end.is_out_of_reach() && away < AWAY_TIMES => away += 1,
            Err(end) => return Err(end),
        }
    }
}

/// A row for each thing of which there is any.
fn things(holdings: &Value) -> Vec<Value> {
    let some =
        holdings.as_object().into_iter().flatten().filter(|(_, count)| count.as_u64().is_some_and(|count| count > 0));
    some.map(|(of, count)| json!({ "of": of, "count": count })).collect()
}

/// Writes an answer into a file that is its owner's alone. What broke off is not left behind as if it were whole.
pub(super) async fn into_file(client: &Client, path: &str, file: &Path) -> Result<u8, End> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut body = client.stream(path, None).await?.into_body();
    let trouble =
        |what: &str, error: &dyn std::fmt::Display| End::failed(format!("{} {what}: {error}", file.display()));
    let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    let mut made = made.map_err(|error| trouble("could not be made, and nothing was written", &error))?;
    let written = async {
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| trouble("is not whole and was removed; the answer broke off", &error))?;
            if let Some(chunk) = frame.data_ref() {
                made.write_all(chunk).map_err(|error| trouble("could not be written and was removed", &error))?;
            }
        }
        made.sync_all().map_err(|error| trouble("could not be written and was removed", &error))
    };
    if let Err(end) = written.await {
        // What is left where even that fails is told by its name.
        drop(std::fs::remove_file(file));
        return Err(end);
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_there_is_none_of_is_not_listed() {
        let rows = things(&json!({ "client": "acme", "machines": 3, "relays": 0, "samples": 12 }));
        assert_eq!(rows, [json!({ "of": "machines", "count": 3 }), json!({ "of": "samples", "count": 12 })]);
        assert!(things(&Value::Null).is_empty());
    }
}
