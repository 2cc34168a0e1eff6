//! What is there, and how is it?

use clap::{Args, Subcommand};
use http_body_util::BodyExt;
use serde_json::{Value, json};

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
    /// Those that you may see: status, reach, health, client, site, name, id, tag, group, cpu, memory, seen, waiting, lost.
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
        let answer = client.get(&format!("/api/v1/availability{}", asked(&pairs))).await?;
        let of_site = |site: Value| {
            let machines = site["machines"].as_array().cloned().unwrap_or_default();
            machines.into_iter().map(move |mut machine| {
                (machine["client"], machine["site"]) = (site["client"].clone(), site["site"].clone());
                machine
            })
        };
        let rows: Vec<Value> = answer.rows("sites").into_iter().flat_map(of_site).collect();
        out.rows(&answer.json, &rows, &AVAILABILITY, &answer.note(rows.len()));
        Ok(0)
    }
}

/// A question in PromQL.
#[derive(Debug, Args)]
pub(super) struct Query {
    /// As in up, or avg(x) by (site).
    expr: String,
    /// As of when: RFC 3339 or seconds since 1970; now unless said otherwise.
    #[arg(long, conflicts_with_all = ["start", "end", "step"])]
    time: Option<String>,
    /// From when: a time, or how long ago, as in 1h.
    #[arg(long)]
    start: Option<String>,
    /// Until when; now unless said otherwise.
    #[arg(long, requires = "start")]
    end: Option<String>,
    /// A value for each of these, as in 60 or 5m.
    #[arg(long, requires = "start")]
    step: Option<String>,
}

impl Query {
    pub(super) async fn run(self, client: &Client, out: Out) -> Result<u8, End> {
        let expr = Some(self.expr.as_str());
        let path = match &self.start {
            None => format!("query{}", asked(&[("query", expr), ("time", self.time.as_deref())])),
            Some(start) => {
                let now = now_seconds();
                let (start, end) =
                    (moment(start, now), self.end.as_deref().map_or(now.to_string(), |end| moment(end, now)));
                let step = self.step.as_deref().unwrap_or("60");
                let pairs = [("query", expr), ("start", Some(&*start)), ("end", Some(&*end)), ("step", Some(step))];
                format!("query_range{}", asked(&pairs))
            }
        };
        let answer = client.get(&format!("/prometheus/api/v1/{path}")).await?;
        let rows = samples(&answer.json["data"]);
        let columns = [column("series", "/series"), column("time", "/time"), column("value", "/value")];
        out.rows(&answer.json, &rows, &columns, "");
        Ok(0)
    }
}

fn now_seconds() -> u64 {
    std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs())
}

/// A time as it is asked for in a body: a moment, or seconds of one that was so long before now.
pub(super) fn seconds_or_stamp(text: &str) -> Value {
    json!(moment(text, now_seconds()))
}

/// A time as it is asked for: itself, or so long before now.
fn moment(text: &str, now: u64) -> String {
    let seconds = text.char_indices().next_back().and_then(|(at, unit)| {
        let count: u64 = text[..at].parse().ok()?;
        let each = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => return None,
        };
        count.checked_mul(each)
    });
    seconds.map_or_else(|| text.to_owned(), |ago| now.saturating_sub(ago).to_string())
}

/// Each sample with the series it is of.
fn samples(data: &Value) -> Vec<Value> {
    let of = |series: &Value, sample: &Value| json!({ "series": series, "time": sample[0], "value": sample[1] });
    match data["resultType"].as_str() {
        Some("scalar" | "string") => vec![of(&Value::Null, &data["result"])],
        _ => {
            let each = |one: &Value| {
                let series = json!(series_name(&one["metric"]));
                let many = one["values"].as_array().cloned().unwrap_or_else(|| vec![one["value"].clone()]);
                many.iter().map(|sample| of(&series, sample)).collect::<Vec<_>>()
            };
            data["result"].as_array().into_iter().flatten().flat_map(each).collect()
        }
    }
}

fn series_name(metric: &Value) -> String {
    let labels = metric.as_object().into_iter().flatten().filter(|(name, _)| *name != "__name__");
    let labels: Vec<String> = labels.map(|(name, value)| format!("{name}={value}")).collect();
    format!("{}{{{}}}", metric["__name__"].as_str().unwrap_or_default(), labels.join(","))
}

/// Samples to take away.
#[derive(Debug, Args)]
pub(super) struct Export {
    /// Which series, as in up or {site="lyon"}.
    #[arg(required = true)]
    matching: Vec<String>,
    /// From when; everything unless said otherwise.
    #[arg(long)]
    start: Option<String>,
    /// Until when.
    #[arg(long)]
    end: Option<String>,
    /// jsonl, csv or parquet.
    #[arg(long, default_value = "jsonl")]
    format: String,
    /// raw, 1m or 1h.
    #[arg(long)]
    resolution: Option<String>,
}

impl Export {
    pub(super) async fn run(self, client: &Client) -> Result<u8, End> {
        let now = now_seconds();
        let at = |text: &Option<String>| text.as_deref().map(|text| moment(text, now));
        let (start, end) = (at(&self.start), at(&self.end));
        let mut pairs: Vec<_> = self.matching.iter().map(|matching| ("match[]", Some(matching.as_str()))).collect();
        pairs.extend([("start", start.as_deref()), ("end", end.as_deref()), ("format", Some(&*self.format))]);
        pairs.push(("resolution", self.resolution.as_deref()));
        pour(client, &format!("/api/v1/export{}", asked(&pairs))).await
    }
}

/// Writes an answer to stdout as it comes; one that breaks off is an error.
pub(super) async fn pour(client: &Client, path: &str) -> Result<u8, End> {
    use std::io::Write;
    let mut body = client.stream(path, None).await?.into_body();
    let mut out = std::io::stdout().lock();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| End::failed(format!("the answer broke off, and is not whole: {error}")))?;
        if let Some(chunk) = frame.data_ref()
            && out.write_all(chunk).is_err()
        {
            return Ok(0);
        }
    }
    out.flush().map_err(|error| End::failed(format!("the answer could not be written: {error}")))?;
    Ok(0)
}

/// How things are.
pub(super) async fn status(client: &Client, out: Out, check: bool) -> Result<u8, End> {
    let total = async |path: &str| -> Result<u64, End> {
        Ok(client.get(path).await?.json["total"].as_u64().unwrap_or_default())
    };
    let machines = async |filter: &str| {
        total(&format!("/api/v1/machines{}", asked(&[("q", Some(filter)), ("limit", Some("1"))]))).await
    };
    let alerts = async |filter: &str| {
        total(&format!("/api/v1/incidents{}", asked(&[("q", Some(filter)), ("limit", Some("1"))]))).await
    };
    let found = json!({
        "machines": machines("").await?,
        "heard": machines("reach:live,late").await?,
        "silent": machines("reach:silent").await?,
        "behind_a_cut": machines("reach:cut").await?,
        "sites_cut": total(&format!("/api/v1/sites{}", asked(&[("q", Some("reach:cut")), ("limit", Some("1"))]))).await?,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_may_be_so_long_ago() {
        assert_eq!((moment("1h", 10_000).as_str(), moment("90s", 100).as_str()), ("6400", "10"));
        assert_eq!(moment("2026-11-21T10:00:00Z", 100), "2026-11-21T10:00:00Z");
        assert_eq!((moment("1795258000", 100).as_str(), moment("", 100).as_str()), ("1795258000", ""));
    }

    #[test]
    fn samples_are_rows_with_their_series() {
        let data = json!({ "resultType": "matrix", "result": [{ "metric": { "__name__": "up", "site": "lyon" },
            "values": [[1, "1"], [2, "0"]] }] });
        let rows = samples(&data);
        assert_eq!(rows[1], json!({ "series": "up{site=\"lyon\"}", "time": 2, "value": "0" }));
        let scalar = json!({ "resultType": "scalar", "result": [1, "42"] });
        assert_eq!(samples(&scalar), [json!({ "series": null, "time": 1, "value": "42" })]);
    }
}
