//! How long does each list take that the API has? The document that the hub gives of itself says which there are.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::world::{World, client_name};
use super::{Found, Row, Size, of_world};
use crate::http::{Client, encoded};
use crate::say;
use crate::table::{Goal, load, percentile};

/// What is worked out and no list: how long machines were up, and whether the audit is whole.
const REPORTS: [&str; 2] = ["/api/v1/availability", "/api/v1/audit/verify"];

/// A report is asked this often: it may take long.
const REPORT_ASKS: usize = 20;

/// A way that takes so long altogether is not asked again: what it has shown by then says enough of it.
const WITHIN: Duration = Duration::from_secs(15);

/// The API's goal.
const P95_MS: f64 = 20.0;

pub(super) fn rows(size: Size) -> Vec<Row> {
    let row = |what: &str, goal| Row { what: of_world(size, what), unit: "ms", goal };
    vec![
        row("the slowest list, asked by a client's person, p95", Goal::AtMost(P95_MS)),
        row("the slowest list, asked by the provider's, p95", Goal::AtMost(P95_MS)),
        row("all lists, each asked as often, p95", Goal::AtMost(P95_MS)),
        row("the slowest report (availability of a day, audit verified), asked by the provider's, p95", Goal::None),
    ]
}

pub(super) fn measure(world: &World, size: Size) -> Result<Vec<Found>, String> {
    let document = world.own()?.say("GET", "/api/v1/openapi.json", &Value::Null)?;
    let ways = ways(&document);
    if ways.is_empty() {
        return Err("the document of the API names no list".to_owned());
    }
    let (own, all) = (Some(client_name(0)), None);
    let by_client = asked("a client's person", &mut world.cast.client()?, &ways, (own, size.asks))?;
    let by_provider = asked("the provider's", &mut world.cast.provider()?, &ways, (all, size.asks))?;
    let is_report = |one: &&Timed| REPORTS.contains(&one.path.as_str());
    let slowest = |all: &[Timed], reports: bool| {
        all.iter().filter(|one| is_report(one) == reports).map(|one| one.p95_ms).fold(f64::NAN, f64::max)
    };
    let lists = by_client.iter().chain(&by_provider).filter(|one| !is_report(one));
    let mut all: Vec<f64> = lists.flat_map(|one| one.took_ms.iter().copied()).collect();
    Ok(vec![
        slowest(&by_client, false).into(),
        slowest(&by_provider, false).into(),
        percentile(&mut all, 0.95).into(),
        slowest(&by_provider, true).into(),
    ])
}

/// A list, and whether it can be asked of one client.
#[derive(Debug, PartialEq, Eq)]
struct Way {
    path: String,
    of_client: bool,
}

/// Each `GET` that needs nothing to be said and answers JSON: what ends, and is no file.
fn ways(document: &Value) -> Vec<Way> {
    let parameters = |way: &Value| way["parameters"].as_array().cloned().unwrap_or_default();
    let is_list = |way: &Value| {
        let asks_for_nothing = !parameters(way).iter().any(|one| one["required"] == true);
        asks_for_nothing && way["responses"]["200"]["content"]["application/json"].is_object()
    };
    let of_client = |way: &Value| parameters(way).iter().any(|one| one["name"] == "client" && one["in"] == "query");
    let all = document["paths"].as_object().into_iter().flatten().map(|(path, ways)| (path, &ways["get"]));
    let lists = all.filter(|(_, way)| is_list(way));
    lists.map(|(path, way)| Way { path: path.clone(), of_client: of_client(way) }).collect()
}

/// How long one way took.
#[derive(Debug)]
struct Timed {
    path: String,
    took_ms: Vec<f64>,
    p95_ms: f64,
}

/// Asks every way so often; whoever is of a client says so where that can be said.
fn asked(
    who: &str,
    client: &mut Client,
    ways: &[Way],
    (own, asks): (Option<String>, usize),
) -> Result<Vec<Timed>, String> {
    let mut all = Vec::new();
    for Way { path, of_client } in ways {
        let asks = if REPORTS.contains(&path.as_str()) { asks.min(REPORT_ASKS) } else { asks };
        let of = own.as_ref().filter(|_| *of_client).map(|own| format!("client={own}"));
        match pages(client, path, of.as_deref(), asks)? {
            Ok((mut took_ms, bytes)) => {
                let (p50_ms, p95_ms) = (percentile(&mut took_ms, 0.5), percentile(&mut took_ms, 0.95));
                let times = took_ms.len();
                let is = format!("p50 {p50_ms:.2} ms, p95 {p95_ms:.2} ms, {bytes} bytes at most");
                say(&format!("{path} by {who}: {is} ({times} times; load {})", load()));
                all.push(Timed { path: path.clone(), took_ms, p95_ms });
            }
            Err(status) => say(&format!("{path} by {who}: not for them ({status})")),
        }
    }
    if all.is_empty() { Err(format!("nothing was answered to {who}")) } else { Ok(all) }
}

/// How long each answer took, and how large the largest was; or the status where the asker may not.
type Pages = Result<(Vec<f64>, usize), u16>;

/// Goes through the pages of a list, and begins again after the last.
fn pages(client: &mut Client, path: &str, of: Option<&str>, asks: usize) -> Result<Pages, String> {
    let (mut took_ms, mut largest, mut cursor) = (Vec::with_capacity(asks), 0, None::<String>);
    let begun = Instant::now();
    // The first answer finds nothing warm, and is no answer of a hub that runs.
    for ask in 0..=asks {
        let after = cursor.take().map(|cursor| format!("cursor={}", encoded(&cursor)));
        let query: Vec<&str> = of.into_iter().chain(after.as_deref()).collect();
        let asked = format!("{path}?{}", query.join("&"));
        let began = Instant::now();
        let answer = client.get(&asked).map_err(|error| format!("{asked}: {error}"))?;
        let took = began.elapsed().as_secs_f64() * 1_000.0;
        if matches!(answer.status, 403 | 404) {
            return Ok(Err(answer.status));
        }
        if !answer.is_good() {
            return Err(format!("{asked} was answered with {}: {}", answer.status, answer.excerpt()));
        }
        largest = largest.max(answer.body.len());
        let said: Value = serde_json::from_slice(answer.body).map_err(|error| format!("{asked}: {error}"))?;
        cursor = said["next_cursor"].as_str().map(str::to_owned);
        if ask > 0 {
            took_ms.push(took);
        }
        if begun.elapsed() > WITHIN && !took_ms.is_empty() {
            break;
        }
    }
    Ok(Ok((took_ms, largest)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_are_what_needs_nothing_said_and_answers_json() {
        let json = json!({ "200": { "content": { "application/json": {} } } });
        let stream = json!({ "200": { "content": { "text/event-stream": {} } } });
        let must = |within| json!([{ "name": "x", "in": within, "required": true }]);
        let document = json!({ "paths": {
            "/api/v1/audit": { "get": { "parameters": [{ "name": "client", "in": "query" }], "responses": json } },
            "/api/v1/me": { "get": { "responses": json } },
            "/api/v1/export": { "get": { "parameters": must("query"), "responses": json } },
            "/api/v1/machines/{id}": { "get": { "parameters": must("path"), "responses": json } },
            "/api/v1/events": { "get": { "responses": stream } },
            "/api/v1/write": { "post": { "responses": json } },
        } });
        let way = |path: &str, of_client| Way { path: path.to_owned(), of_client };
        assert_eq!(ways(&document), [way("/api/v1/audit", true), way("/api/v1/me", false)]);
    }
}
