//! What is there, and how is it?

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use vigie_model::DEMONSTRATION;

use super::client::{Client, asked, escaped};
use super::end::End;
use super::shape::{Out, say};
use super::table::{Column, column};

/// Which rows, and how many.
#[derive(Debug, Args)]
pub(super) struct Listed {
    /// Terms that must all hold, as in site:lyon cpu:>90; after -- one may begin with a hyphen.
    filter: Vec<String>,
    /// At most so many.
    #[arg(long)]
    limit: Option<u32>,
}

/// Rows asked for at once.
const PAGE: u32 = 1_000;

impl Listed {
    /// All rows that are wanted, page by page, below a path and a name.
    pub(super) async fn rows(
        &self,
        client: &Client,
        (path, name): (&str, &str),
        more: &[(&str, Option<&str>)],
    ) -> Result<(Value, Vec<Value>, String), End> {
        let filter = self.filter.join(" ");
        let filter = Some(filter.as_str()).filter(|filter| !filter.is_empty());
        let (mut rows, mut cursor, mut first) = (Vec::new(), None::<String>, None);
        loop {
            let left = self.limit.map_or(PAGE, |limit| limit.saturating_sub(rows.len() as u32).min(PAGE));
            let left = left.max(1).to_string();
            let pairs = [("q", filter), ("limit", Some(left.as_str())), ("cursor", cursor.as_deref())];
            let pairs: Vec<_> = pairs.into_iter().chain(more.iter().copied()).collect();
            let answer = client.get(&format!("{path}{}", asked(&pairs))).await?;
            rows.extend(answer.rows(name));
            cursor = answer.json["next_cursor"].as_str().map(str::to_owned);
            let full = self.limit.is_some_and(|limit| rows.len() >= limit as usize);
            let first = first.get_or_insert(answer);
            if cursor.is_none() || full {
                let note = first.note(rows.len());
                let mut whole = first.json.clone();
                whole[name] = json!(rows);
                whole["next_cursor"] = json!(cursor);
                return Ok((whole, rows, note));
            }
        }
    }
}

/// What is asked of machines.
#[derive(Debug, Subcommand)]
pub(super) enum Machines {
    /// Those that you may see: status, reach, health, client, site, name, id, tag, group, os, cpu, memory, disk, seen, waiting, lost.
    List(Listed),
    /// One, by its name or id, with what it is.
    Show {
        /// Its name or id.
        machine: String,
    },
    /// Where every tick of it is.
    Ledger {
        /// Its name or id.
        machine: String,
    },
}

const MACHINES: [Column; 9] = [
    column("name", "/name"),
    column("client", "/client"),
    column("site", "/site"),
    column("status", "/status/shown"),
    column("reach", "/reachability/state"),
    column("seen", "/last_sample/observed_at"),
    column("cpu", "/cpu/value"),
    column("memory", "/memory/value"),
    column("waiting", "/ledger/waiting/ticks"),
];

impl Machines {
    pub(super) async fn run(self, client: &Client, out: Out) -> Result<u8, End> {
        match self {
            Self::List(listed) => {
                let (whole, rows, note) = listed.rows(client, ("/api/v1/machines", "machines"), &[]).await?;
                out.rows(&whole, &rows, &MACHINES, &note);
            }
            Self::Show { machine } => out.one(&of_machine(client, &machine, "").await?),
            Self::Ledger { machine } => out.one(&of_machine(client, &machine, "/ledger").await?),
        }
        Ok(0)
    }
}

async fn of_machine(client: &Client, machine: &str, below: &str) -> Result<Value, End> {
    let id = id_of(client, machine).await?;
    Ok(client.get(&format!("/api/v1/machines/{}{below}", escaped(&id))).await?.json)
}

/// The id of a machine, by its name or itself.
pub(super) async fn id_of(client: &Client, machine: &str) -> Result<String, End> {
    let quoted = machine.replace('\\', "\\\\").replace('"', "\\\"");
    for key in ["id", "name"] {
        let filter = format!("{key}:\"{quoted}\"");
        let path = format!("/api/v1/machines{}", asked(&[("q", Some(filter.as_str())), ("limit", Some("2"))]));
        let found = client.get(&path).await?.rows("machines");
        match found.as_slice() {
            [] => {}
            [one] => return Ok(one["id"].as_str().unwrap_or_default().to_owned()),
            _ => {
                let text = format!(
                    "more than one machine is called {machine:?}: use its id (vigie machines list name:{machine})"
                );
                return Err(End::usage(text));
            }
        }
    }
    Err(End::not_found(format!("there is no machine {machine:?} that you may see; vigie machines list shows them")))
}

/// What is asked of sites.
#[derive(Debug, Subcommand)]
pub(super) enum Sites {
    /// Those that you may see: client, site, reach, machines, waiting.
    List(Listed),
    /// One, with its relays.
    Show {
        /// CLIENT/SITE.
        site: String,
    },
}

const SITES: [Column; 6] = [
    column("client", "/client"),
    column("site", "/name"),
    column("reach", "/reachability/state"),
    column("since", "/reachability/since"),
    column("machines", "/machines"),
    column("waiting", "/waiting/ticks"),
];

impl Sites {
    pub(super) async fn run(self, client: &Client, out: Out) -> Result<u8, End> {
        match self {
            Self::List(listed) => {
                let (whole, rows, note) = listed.rows(client, ("/api/v1/sites", "sites"), &[]).await?;
                out.rows(&whole, &rows, &SITES, &note);
            }
            Self::Show { site } => {
                let (of, name) = site.split_once('/').ok_or_else(|| End::usage("a site is CLIENT/SITE"))?;
                let filter = format!("client:\"{of}\" site:\"{name}\"");
                let answer = client.get(&format!("/api/v1/sites{}", asked(&[("q", Some(&filter))]))).await?;
                let found = answer.rows("sites").into_iter().next();
                out.one(&found.ok_or_else(|| End::not_found(format!("there is no site {site:?} that you may see")))?);
            }
        }
        Ok(0)
    }
}

/// Whose minutes.
#[derive(Debug, Args)]
pub(super) struct Availability {
    /// Of this client alone.
    #[arg(long)]
    client: Option<String>,
    /// Of this site alone.
    #[arg(long)]
    site: Option<String>,
    /// From when: RFC 3339.
    #[arg(long)]
    start: Option<String>,
    /// Until when.
    #[arg(long)]
    end: Option<String>,
}

const AVAILABILITY: [Column; 8] = [
    column("client", "/client"),
    column("site", "/site"),
    column("machine", "/name"),
    column("up", "/up"),
    column("down", "/down"),
    column("unverified", "/unverified"),
    column("availability", "/availability"),
    column("verified", "/verified"),
];

impl Availability {
    pub(super) async fn run(self, client: &Client, out: Out) -> Result<u8, End> {
        let pairs = [("client", &self.client), ("site", &self.site), ("start", &self.start), ("end", &self.end)];
        let pairs = pairs.map(|(name, value)| (name, value.as_deref()));
        let (mut sites, mut cursor) = (Vec::new(), None::<String>);
        let answer = loop {
            let pairs: Vec<_> = pairs.into_iter().chain([("cursor", cursor.as_deref())]).collect();
            let mut answer = client.get(&format!("/api/v1/availability{}", asked(&pairs))).await?;
            sites.extend(answer.rows("sites"));
            cursor = answer.json["next_cursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                answer.json["sites"] = json!(sites);
                break answer;
            }
        };
        let of_site = |site: Value| {
            let machines = site["machines"].as_array().cloned().unwrap_or_default();
            machines.into_iter().map(move |mut machine| {
                (machine["client"], machine["site"]) = (site["client"].clone(), site["site"].clone());
                machine
            })
        };
        let rows: Vec<Value> = sites.into_iter().flat_map(of_site).collect();
        out.rows(&answer.json, &rows, &AVAILABILITY, &answer.note(rows.len()));
        Ok(0)
    }
}

/// How things are.
pub(super) async fn status(client: &Client, out: Out, check: bool) -> Result<u8, End> {
    let total = async |path: &str| -> Result<u64, End> {
        Ok(client.get(path).await?.json["total"].as_u64().unwrap_or_default())
    };
    let counted = async |list: &str, filter: &str| {
        total(&format!("/api/v1/{list}{}", asked(&[("q", Some(filter)), ("limit", Some("1"))]))).await
    };
    // Beside real machines a demonstration counts in nothing.
    let real = format!("-client:{DEMONSTRATION}");
    let real = if counted("machines", &real).await? > 0 { real } else { String::new() };
    let machines = async |filter: &str| counted("machines", format!("{real} {filter}").trim()).await;
    let alerts = async |filter: &str| counted("incidents", format!("{real} {filter}").trim()).await;
    let found = json!({
        "machines": machines("").await?,
        "heard": machines("reach:live,late").await?,
        "silent": machines("reach:silent").await?,
        "behind_a_cut": machines("reach:cut").await?,
        "sites_cut": counted("sites", format!("{real} reach:cut").trim()).await?,
        "critical": alerts("severity:critical").await?,
        "warnings": alerts("severity:warning").await?,
        "not_acknowledged": alerts("status:firing").await?,
    });
    out.one(&found);
    let some = |name: &str| found[name].as_u64().is_some_and(|count| count > 0);
    Ok(match check {
        false => 0,
        true if some("critical") => 2,
        // What is not heard is not well, whatever it was before.
        true if some("sites_cut") || some("behind_a_cut") || !some("machines") => 3,
        true if some("warnings") || some("silent") => 1,
        true => 0,
    })
}

/// Says what comes back of a change, or nothing where nothing does.
pub(super) fn told(out: Out, answer: &Value) {
    if answer.is_null() {
        say("done");
    } else {
        out.one(answer);
    }
}
