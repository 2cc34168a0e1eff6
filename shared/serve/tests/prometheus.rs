//! Do Prometheus' clients get what they expect?

mod common;

use std::ops::ControlFlow;

use axum::http::StatusCode;
use common::{ACME, ALL, Door, NOW_MS, Node, id_of, labels, machine};
use serde_json::json;
use vigie_query::{Coverage, InMemory, Lack, Limits, Matcher, SeriesSamples, Shortfall, Source, SourceError};
use vigie_serve::Options;

#[tokio::test]
async fn an_instant_answer_has_prometheus_shape() {
    let answer = Door::new().get(ACME, "/prometheus/api/v1/query?query=up&time=2026-11-21T11:02:10.5Z").await;
    let id = id_of("compta");
    let wanted = format!(
        "{{\"status\":\"success\",\"data\":{{\"resultType\":\"vector\",\"result\":[{{\"metric\":{{\"__name__\":\"up\",\
         \"client\":\"acme\",\"machine\":\"compta\",\"machine_id\":\"{id}\",\"site\":\"lyon\"}},\
         \"value\":[1795258930.500,\"0.5\"]}}]}}}}"
    );
    assert_eq!(answer.text(), wanted);
    assert_eq!(answer.header("content-type"), "application/json");
}

#[tokio::test]
async fn a_range_answer_has_prometheus_shape() {
    let path = "/prometheus/api/v1/query_range?query=up&start=1795258810&end=1795258930&step=30s";
    let answer = Door::new().get(ACME, path).await.json();
    assert_eq!(answer["data"]["resultType"], "matrix");
    let wanted = json!([[1_795_258_870, "1"], [1_795_258_900, "1"], [1_795_258_930, "0.5"]]);
    assert_eq!(answer["data"]["result"][0]["values"], wanted);
    let short = Door::new().get(ACME, &format!("{path}&lookback_delta=20")).await.json();
    let wanted = json!([[1_795_258_870, "1"], [1_795_258_930, "0.5"]]);
    assert_eq!(short["data"]["result"][0]["values"], wanted, "a shorter lookback leaves the gap open");
}

#[tokio::test]
async fn numbers_texts_and_raw_ranges_have_their_shapes() {
    let door = Door::new();
    for (query, wanted) in [
        ("1%2B1", json!({"resultType": "scalar", "result": [5, "2"]})),
        ("1%2F0", json!({"resultType": "scalar", "result": [5, "+Inf"]})),
        ("%22a%22", json!({"resultType": "string", "result": [5, "a"]})),
        ("nothing", json!({"resultType": "vector", "result": []})),
    ] {
        let answer = door.get(ALL, &format!("/prometheus/api/v1/query?query={query}&time=5")).await.json();
        assert_eq!(answer["data"], wanted, "{query}");
    }
    let raw = door.get(ACME, "/prometheus/api/v1/query?query=up%5B5m%5D").await.json();
    let wanted = json!([[1_795_258_870, "1"], [1_795_258_930, "0.5"]]);
    assert_eq!(raw["data"]["result"][0]["values"], wanted);
}

#[tokio::test]
async fn a_question_may_be_posted() {
    let door = Door::new();
    let bearer = format!("Bearer {ACME}");
    let form = "query=up%7Bsite%3D%22lyon%22%7D+offset+1m";
    let answer = door.post("/prometheus/api/v1/query", &[("authorization", &bearer)], form).await.json();
    assert_eq!(answer["data"]["result"][0]["value"], json!([1_795_258_930, "1"]));
}

#[tokio::test]
async fn errors_are_those_of_prometheus() {
    let door = Door::new();
    let range = "query_range?query=up&start=0&end=100000&step";
    for (path, status, error_type, part) in [
        ("query", 400, "bad_data", "invalid parameter \"query\": parse error"),
        ("query?query=up%7B", 400, "bad_data", "invalid parameter \"query\""),
        ("query?query=rate(up%5B5m%5D)", 400, "bad_data", "the function rate() can not be evaluated yet"),
        ("query?query=up&time=never", 400, "bad_data", "invalid parameter \"time\": cannot parse \"never\""),
        ("query_range?query=up&start=1", 400, "bad_data", "invalid parameter \"end\": cannot parse \"\""),
        (&format!("{range}=1"), 400, "bad_data", "exceeded maximum resolution"),
        (&format!("{range}=0"), 400, "bad_data", "invalid parameter \"step\""),
        ("query_range?query=up%5B5m%5D&start=0&end=1&step=1", 400, "bad_data", "must be Scalar or instant Vector"),
        ("series", 400, "bad_data", "no match[] parameter provided"),
        ("series?match[]=%7B%7D", 400, "bad_data", "invalid parameter \"match[]\""),
        ("label/a-b/values", 400, "bad_data", "invalid label name"),
        ("nothing", 404, "not_found", "there is nothing at"),
    ] {
        let answer = door.get(ALL, &format!("/prometheus/api/v1/{path}")).await;
        assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.text());
        let error = answer.json();
        assert_eq!((&error["status"], &error["errorType"]), (&json!("error"), &json!(error_type)), "{path}");
        assert!(error["error"].as_str().is_some_and(|text| text.contains(part)), "{path}: {error}");
    }
    let denied = door.get("", "/prometheus/api/v1/query?query=up").await.json();
    assert_eq!((&denied["status"], &denied["errorType"]), (&json!("error"), &json!("unauthorized")));
}

#[tokio::test]
async fn labels_and_series_are_listed() {
    let door = Door::new();
    let names = door.get(ALL, "/prometheus/api/v1/labels").await.json();
    assert_eq!(names["data"], json!(["__name__", "client", "machine", "machine_id", "site"]));
    let values = door.get(ALL, "/prometheus/api/v1/label/machine/values?match[]=up%7Bsite!=%22lyon%22%7D").await.json();
    assert_eq!(values["data"], json!(["mairie"]));
    let one = door.get(ALL, "/prometheus/api/v1/label/machine/values?limit=1").await.json();
    assert_eq!(one["data"], json!(["compta"]));
    let series = door.get(ACME, "/prometheus/api/v1/series?match[]=up&match[]=%7Bsite=%22lyon%22%7D").await.json();
    assert_eq!(series["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(series["data"][0]["machine"], "compta");
    let before = door.get(ALL, "/prometheus/api/v1/series?match[]=up&end=1000").await.json();
    assert_eq!(before["data"], json!([]));
}

#[tokio::test]
async fn an_answer_warns_of_what_is_not_in_it() {
    let mut source = InMemory::default();
    source.add(labels("up", &machine("compta", "acme", "lyon")), [(NOW_MS, 1.0)]);
    let lack = Lack::Cut { since_ms: NOW_MS };
    source.lacks(Shortfall { machine: "compta".into(), machine_id: "1".into(), site: "lyon".into(), lack });
    let door = Door::of(Node { source: Box::new(source), ..Node::new() }, Options::default());
    let answer = door.get(ALL, "/prometheus/api/v1/query?query=up").await.json();
    let wanted = "site lyon is cut off: nothing of compta after 2026-11-21T11:02:10Z has been heard yet";
    assert_eq!(answer["warnings"], json!([wanted]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_takes_too_long_is_given_up() {
    let options = Options { query_timeout: std::time::Duration::from_millis(50), ..Options::default() };
    let door = Door::of(Node { source: Box::new(Endless), ..Node::new() }, options);
    let answer = door.get(ALL, "/prometheus/api/v1/query?query=up").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.json()["errorType"], "timeout");
}

/// A storage that never comes to an end.
struct Endless;

impl Source for Endless {
    fn select(
        &self,
        _: &[Matcher],
        _: i64,
        _: i64,
        limits: &Limits,
        sink: &mut dyn FnMut(SeriesSamples<'_>) -> ControlFlow<()>,
    ) -> Result<Coverage, SourceError> {
        let labels = std::sync::Arc::new(labels("up", &machine("compta", "acme", "lyon")));
        loop {
            limits.stop.check()?;
            if sink(SeriesSamples { labels: &labels, timestamps_ms: &[], values: &[] }).is_break() {
                return Ok(Coverage::whole());
            }
        }
    }
}
