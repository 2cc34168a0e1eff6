//! Do the requests of Grafana's Prometheus data source get answers that it can show?
//!
//! Each is written as Grafana sends it: method, path, and the form that it posts.

use crate::common::{ACME, Answer, Door, NOW_MS, Node, labels, machine};
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::sync::Arc;
use vigie_query::InMemory;
use vigie_serve::{Described, Kind, Metadata, Options};

/// A request as Grafana sends it, and what it reads of the answer.
struct Golden {
    what: &'static str,
    request: &'static str,
    at: &'static str,
    wanted: Value,
}

#[tokio::test]
async fn grafana_gets_what_it_asks_for() {
    let door = door();
    for Golden { what, request, at, wanted } in golden() {
        let answer = send(&door, request).await;
        assert_eq!(answer.status, StatusCode::OK, "{what}: {}", answer.text());
        let answer = answer.json();
        assert_eq!(answer["status"], "success", "{what}");
        assert_eq!(answer.pointer(at), Some(&wanted), "{what}: {answer}");
    }
}

fn golden() -> Vec<Golden> {
    let golden = |what, request, at, wanted| Golden { what, request, at, wanted };
    vec![
        golden(
            "save and test",
            "POST /api/v1/query query=1%2B1&time=1795258930",
            "/data/result",
            json!([1_795_258_930, "2"]),
        ),
        golden("which Prometheus it is", "GET /api/v1/status/buildinfo", "/data/version", json!("3.5.0")),
        golden(
            "a panel of a dashboard",
            "POST /api/v1/query_range end=1795258930&query=rate%28bytes_total%7Bmachine%3D%22compta%22%7D%5B1m0s%5D%29&start=1795258870&step=30",
            "/data/result/0/values/2",
            json!([1_795_258_930, "10"]),
        ),
        golden(
            "a table",
            "POST /api/v1/query query=sum+by+%28site%29+%28up%29&time=1795258930.500",
            "/data/result/0",
            json!({ "metric": { "site": "lyon" }, "value": [1_795_258_930.5, "0.5"] }),
        ),
        golden(
            "names for the metric browser",
            "GET /api/v1/label/__name__/values?start=1795255330&end=1795258930&limit=40000",
            "/data",
            json!(["bytes_total", "up"]),
        ),
        golden(
            "labels for the query builder",
            "POST /api/v1/labels start=1795255330&end=1795258930&match%5B%5D=%7B__name__%3D%22up%22%7D&limit=40000",
            "/data",
            json!(["__name__", "client", "machine", "machine_id", "site"]),
        ),
        golden(
            "values for the query builder",
            "GET /api/v1/label/site/values?start=1795255330&end=1795258930&match%5B%5D=%7B__name__%3D%22up%22%7D",
            "/data",
            json!(["lyon"]),
        ),
        golden(
            "a variable of a dashboard",
            "POST /api/v1/series match%5B%5D=up%7Bsite%3D~%22lyon%7Cparis%22%7D&start=1795255330&end=1795258930",
            "/data/0/machine",
            json!("compta"),
        ),
        golden(
            "kinds and help of metrics",
            "GET /api/v1/metadata?limit=40000",
            "/data",
            json!({ "bytes_total": [{ "type": "counter", "help": "Bytes.", "unit": "bytes" }] }),
        ),
        golden("kind of one metric", "GET /api/v1/metadata?metric=up", "/data", json!({})),
        golden(
            "marks of examples",
            "POST /api/v1/query_exemplars query=up&start=1795255330&end=1795258930",
            "/data",
            json!([]),
        ),
        golden("rules", "GET /api/v1/rules", "/data/groups", json!([])),
        golden("alerts", "GET /api/v1/alerts", "/data/alerts", json!([])),
        golden(
            "a question made pretty",
            "POST /api/v1/format_query query=sum%28rate%28bytes_total%5B1m%5D%29%29by%28site%29",
            "/data",
            json!("sum by (site) (rate(bytes_total[1m]))"),
        ),
    ]
}

#[tokio::test]
async fn grafana_shows_the_reason_of_a_bad_question() {
    let answer = send(&door(), "POST /api/v1/query query=sum%28&time=1795258930").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let error = answer.json();
    assert_eq!((&error["status"], &error["errorType"]), (&json!("error"), &json!("bad_data")));
    assert!(error["error"].as_str().is_some_and(|text| text.contains("parse error")), "{error}");
}

async fn send(door: &Door, request: &str) -> Answer {
    let words: Vec<_> = request.split(' ').collect();
    let path = format!("/prometheus{}", words[1]);
    match words[0] {
        "GET" => door.get(ACME, &path).await,
        _ => door.post(&path, &[("authorization", &format!("Bearer {ACME}"))], words[2]).await,
    }
}

fn door() -> Door {
    let mut source = InMemory::default();
    let mut described = Vec::new();
    for (machine, help) in
        [(machine("compta", "acme", "lyon"), "Bytes."), (machine("mairie", "bron", "ecole"), "Foreign.")]
    {
        source.add(labels("up", &machine), [(NOW_MS - 60_000, 1.0), (NOW_MS, 0.5)]);
        let counted = (0..20).map(|n| (NOW_MS - 10_000 * (19 - n), 100.0 * n as f64));
        source.add(labels("bytes_total", &machine), counted);
        let metadata = Metadata { kind: Kind::Counter, help: help.to_owned(), unit: "bytes".to_owned() };
        let metadata = Arc::new(metadata);
        described.push(Described { client: machine.client.clone(), metric: "bytes_total".to_owned(), metadata });
    }
    Door::of(Node { source: Box::new(source), described, ..Node::new() }, Options::default())
}
