//! What was measured: asked for, or taken away as it is.

use clap::Args;
use http_body_util::BodyExt;
use serde_json::{Value, json};

use super::client::{Client, asked};
use super::end::End;
use super::shape::Out;
use super::table::column;

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

/// Samples to take away.
#[derive(Debug, Args)]
pub(super) struct Export {
    /// Which series, as in up or {site="lyon"}.
    #[arg(required = true)]
    matching: Vec<String>,
    #[command(flatten)]
    taken: Taken,
}

/// Of which time samples are taken away, and how they are written: to stdout at once, or into a file that the hub makes.
#[derive(Debug, Args)]
pub(super) struct Taken {
    /// From when, as RFC 3339, or as 7d for so long ago; everything unless said otherwise.
    #[arg(long)]
    start: Option<String>,
    /// Until when.
    #[arg(long)]
    end: Option<String>,
    /// jsonl, csv or parquet.
    #[arg(long, default_value = "jsonl")]
    format: String,
    /// raw, 1m or 1h.
    #[arg(long, default_value = "raw")]
    resolution: String,
}

impl Export {
    pub(super) async fn run(self, client: &Client) -> Result<u8, End> {
        let said = self.taken.said();
        let matching = self.matching.iter().map(|matching| ("match[]", Some(matching.as_str())));
        let pairs: Vec<_> = matching.chain(said.iter().map(|(name, value)| (*name, Some(value.as_str())))).collect();
        pour(client, &format!("/api/v1/export{}", asked(&pairs))).await
    }
}

impl Taken {
    /// What is said of it, under the names that it has in an address and in a body alike.
    pub(super) fn said(self) -> Vec<(&'static str, String)> {
        let now = now_seconds();
        let times = [("start", self.start), ("end", self.end)];
        let times = times.into_iter().filter_map(|(name, text)| Some((name, moment(&text?, now))));
        times.chain([("format", self.format), ("resolution", self.resolution)]).collect()
    }
}

/// Writes an answer to stdout as it comes; one that breaks off is an error.
pub(super) async fn pour(client: &Client, path: &str) -> Result<u8, End> {
    use std::io::Write;
    let mut body = client.stream(path, None).await?.into_body();
    let mut out = std::io::stdout().lock();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| End::failed(format!("the answer broke off, and is not whole: {error}")))?;
        if let Some(chunk) = frame.data_ref() {
            out.write_all(chunk).unwrap_or_else(|error| vigie_node::unwritten(&error));
        }
    }
    out.flush().unwrap_or_else(|error| vigie_node::unwritten(&error));
    Ok(0)
}

fn now_seconds() -> u64 {
    std::time::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs())
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
