//! What are machines called?

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::client::{Client, Method, asked};
use super::end::End;
use super::look::id_of;
use super::shape::{Out, say};
use super::table::{Column, column};

/// What is asked of tags and groups.
#[derive(Debug, Subcommand)]
pub(super) enum Tags {
    /// Those of the machines that you may see, and how many have each.
    List,
    /// Tag machines; who sees machines by their tags sees them from then on.
    Add(Said),
    /// Take a tag away from machines; who saw them for it sees them no more.
    Remove(Said),
}

/// A word, and of which machines.
#[derive(Debug, Args)]
pub(super) struct Said {
    /// The tag: small letters, digits and hyphens.
    tag: String,
    /// Which machines, by name or id.
    #[arg(required_unless_present = "filter")]
    machines: Vec<String>,
    /// All that a filter finds, as in 'site:lyon name:till-*'.
    #[arg(long, conflicts_with = "machines")]
    filter: Option<String>,
    /// A group rather than a tag.
    #[arg(long)]
    group: bool,
}

const WORDS: [Column; 3] = [column("kind", "/kind"), column("name", "/name"), column("machines", "/machines")];

/// Machines in one request; those of one are all called so, or none.
const AT_ONCE: usize = 500;

/// Machines asked for at once.
const PAGE: &str = "1000";

impl Tags {
    pub(super) async fn run(self, client: &Client, out: Out) -> Result<u8, End> {
        match self {
            Self::List => {
                let answer = client.get("/api/v1/tags").await?;
                let of = |kind: &'static str, name: &str| {
                    answer.rows(name).into_iter().map(move |mut row| {
                        row["kind"] = json!(kind);
                        row
                    })
                };
                let rows: Vec<Value> = of("tag", "tags").chain(of("group", "groups")).collect();
                out.rows(&answer.json, &rows, &WORDS, &answer.note(rows.len()));
            }
            Self::Add(said) => said.send(client, "add").await?,
            Self::Remove(said) => said.send(client, "remove").await?,
        }
        Ok(0)
    }
}

impl Said {
    async fn send(&self, client: &Client, verb: &'static str) -> Result<(), End> {
        let machines = match &self.filter {
            Some(filter) => found(client, filter).await?,
            None => named(client, &self.machines).await?,
        };
        let kind = if self.group { "groups" } else { "tags" };
        let mut changed = 0;
        for some in machines.chunks(AT_ONCE) {
            let body = json!({ "machines": some, verb: { kind: [self.tag] } });
            let answer = client.ask(Method::Post, "/api/v1/machines/tags", Some(&body)).await?;
            changed += answer.json["changed"].as_u64().unwrap_or_default();
        }
        say(&format!("{changed} of {} machines changed", machines.len()));
        Ok(())
    }
}

async fn named(client: &Client, machines: &[String]) -> Result<Vec<String>, End> {
    let mut ids = Vec::new();
    for machine in machines {
        ids.push(id_of(client, machine).await?);
    }
    Ok(ids)
}

/// The ids of all that a filter finds.
async fn found(client: &Client, filter: &str) -> Result<Vec<String>, End> {
    let (mut ids, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let pairs = [("q", Some(filter)), ("limit", Some(PAGE)), ("cursor", cursor.as_deref())];
        let answer = client.get(&format!("/api/v1/machines{}", asked(&pairs))).await?;
        ids.extend(answer.rows("machines").iter().filter_map(|row| row["id"].as_str().map(str::to_owned)));
        cursor = answer.json["next_cursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    if ids.is_empty() {
        Err(End::not_found(format!("no machine that you may see is found by {filter:?}")))
    } else {
        Ok(ids)
    }
}
