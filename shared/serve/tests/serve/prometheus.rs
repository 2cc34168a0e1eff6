//! Do Prometheus' clients get what they expect?

use std::ops::ControlFlow;

use crate::common::{ACME, ALL, Door, NOW_MS, Node, id_of, labels, machine};
use axum::http::StatusCode;
use serde_json::json;
use vigie_query::{Coverage, InMemory, Lack, Limits, Selection, SeriesSamples, Shortfall, Source, SourceError};
use vigie_serve::{LabelSet, NotReady, Options};

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
        ("query?query=rate(up)", 400, "bad_data", "expected type"),
        ("query?query=up&time=never", 400, "bad_data", "invalid parameter \"time\": cannot parse \"never\""),
        ("query_range?query=up&start=1", 400, "bad_data", "invalid parameter \"end\": cannot parse \"\""),
        (&format!("{range}=1"), 400, "bad_data", "exceeded maximum resolution"),
        (&format!("{range}=0"), 400, "bad_data", "invalid parameter \"step\""),
        ("query_range?query=up%5B5m%5D&start=0&end=1&step=1", 400, "bad_data", "must be Scalar or instant Vector"),
        ("series", 400, "bad_data", "no match[] parameter provided"),
        ("series?match[]=%7B%7D", 400, "bad_data", "invalid parameter \"match[]\""),
        ("query?query=up&limit=-1", 400, "bad_data", "invalid parameter \"limit\": limit must be non-negative"),
        ("series?match[]=up&limit=x", 400, "bad_data", "invalid parameter \"limit\""),
        ("metadata?limit=x", 400, "bad_data", "limit must be a number"),
        ("format_query?query=sum(", 400, "bad_data", "invalid parameter \"query\""),
        ("query_exemplars?query=up&start=2&end=1", 400, "bad_data", "end timestamp must not be before start"),
        ("status/tsdb?limit=0", 400, "bad_data", "limit must be a positive number"),
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
async fn a_limit_cuts_an_answer_and_says_so() {
    let door = Door::new();
    let cut = json!(["results truncated due to limit"]);
    for (path, at) in [
        ("query?query=up&limit=", "/data/result"),
        ("query_range?query=up&start=1795258930&end=1795258930&step=1&limit=", "/data/result"),
        ("series?match[]=up&limit=", "/data"),
        ("label/machine/values?limit=", "/data"),
    ] {
        for (limit, rows) in [("1", 1), ("2", 2), ("0", 2), ("", 2)] {
            let answer = door.get(ALL, &format!("/prometheus/api/v1/{path}{limit}")).await.json();
            assert_eq!(answer.pointer(at).and_then(|list| list.as_array()).map(Vec::len), Some(rows), "{path}{limit}");
            assert_eq!(answer.get("warnings"), (rows == 1).then_some(&cut), "{path}{limit}");
        }
    }
}

#[tokio::test]
async fn what_is_strange_about_a_question_is_told_beside_the_answer() {
    let answer = Door::new().get(ALL, "/prometheus/api/v1/query?query=rate(up%5B5m%5D)").await.json();
    let infos = answer["infos"].as_array().expect("a list");
    assert!(infos[0].as_str().is_some_and(|text| text.starts_with("PromQL info: ")), "{answer}");
    assert_eq!(answer.get("warnings"), None);
}

#[tokio::test]
async fn a_resolution_is_one_of_four_and_any_other_is_refused_by_name() {
    let ask = async |resolution: &str| {
        Door::new().get(ALL, &format!("/prometheus/api/v1/query?query=up&resolution={resolution}")).await.json()
    };
    for resolution in ["auto", "raw", "1m", "1h"] {
        assert_eq!(ask(resolution).await["status"], "success", "{resolution}");
    }
    let refused = ask("5m").await;
    assert_eq!(refused["errorType"], "bad_data");
    assert!(refused["error"].as_str().is_some_and(|error| error.contains("\"resolution\"")), "{refused}");
}

#[tokio::test]
async fn a_label_of_any_text_is_asked_for_by_its_escaped_name() {
    let mut source = InMemory::default();
    let dotted = LabelSet::new([("__name__", "up"), ("http.status_code", "200")]);
    source.add(dotted, [(NOW_MS, 1.0)]);
    let door = Door::of(Node { source: Box::new(source), ..Node::new() }, Options::default());
    for name in ["U__http_2e_status__code", "http.status_code"] {
        let answer = door.get(ALL, &format!("/prometheus/api/v1/label/{name}/values")).await.json();
        assert_eq!(answer["data"], json!(["200"]), "{name}");
    }
}

#[tokio::test]
async fn federation_gives_what_is_newest_and_only_to_whom_it_belongs() {
    let mut source = InMemory::default();
    let (compta, mairie) = (machine("compta", "acme", "lyon"), machine("mairie", "bron", "ecole"));
    source.add(labels("up", &compta), [(NOW_MS - 60_000, 1.0), (NOW_MS, 0.5)]);
    source.add(labels("Load", &compta), [(NOW_MS - 1_500, 0.25)]);
    source.add(labels("old", &compta), [(NOW_MS - 301_000, 1.0)]);
    source.add(labels("gone", &compta), [(NOW_MS, f64::from_bits(0x7ff0_0000_0000_0002))]);
    source.add(labels("up", &mairie), [(NOW_MS, 1.0)]);
    let door = Door::of(Node { source: Box::new(source), ..Node::new() }, Options::default());
    let own =
        format!("client=\"acme\",instance=\"\",machine=\"compta\",machine_id=\"{}\",site=\"lyon\"", id_of("compta"));
    let path = "/prometheus/federate?match[]=%7B__name__%3D~%22.%2B%22%7D&match[]=up";

    let page = door.get(ACME, path).await;
    assert_eq!(page.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    let load_ms = NOW_MS - 1_500;
    let wanted =
        format!("# TYPE Load untyped\nLoad{{{own}}} 0.25 {load_ms}\n# TYPE up untyped\nup{{{own}}} 0.5 {NOW_MS}\n");
    assert_eq!(page.text(), wanted);

    let accept = "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.6,*/*;q=0.1";
    let request = crate::common::asking(ACME, path).header("accept", accept).body(axum::body::Body::empty());
    let page = door.send(request.expect("a request")).await;
    assert_eq!(page.header("content-type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
    let wanted = format!(
        "# TYPE Load unknown\nLoad{{{own}}} 0.25 1795258928.500\n# TYPE up unknown\nup{{{own}}} 0.5 1795258930.000\n# EOF\n"
    );
    assert_eq!(page.text(), wanted);

    assert_eq!(door.get(ACME, "/prometheus/federate").await.text(), "", "nothing was asked for");
    let refused = door.get(ACME, "/prometheus/federate?match[]=%7B").await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(refused.text().starts_with("invalid parameter \"match[]\""), "{}", refused.text());
    assert_eq!(door.get("", path).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn this_node_tells_of_itself_as_prometheus_does() {
    let door = Door::new();
    for (path, at, wanted) in [
        ("status/buildinfo", "/data/application", json!("Vigie")),
        ("status/config", "/data/yaml", json!("# Vigie has no configuration of Prometheus' kind.\n")),
        ("status/flags", "/data/query.max-samples", json!("5000000")),
        ("status/runtimeinfo", "/data/startTime", json!("2026-11-21T11:02:10.000Z")),
        ("status/walreplay", "/data/state", json!("done")),
        ("targets", "/data/activeTargets", json!([])),
        ("targets/metadata", "/data", json!([])),
        ("alertmanagers", "/data/activeAlertmanagers", json!([])),
        ("status/tsdb", "/data/headStats/numSeries", json!(2)),
        ("status/tsdb", "/data/seriesCountByMetricName", json!([{ "name": "up", "value": 2 }])),
        ("status/tsdb?limit=1", "/data/labelValueCountByLabelName", json!([{ "name": "client", "value": 2 }])),
    ] {
        let answer = door.get(ALL, &format!("/prometheus/api/v1/{path}")).await.json();
        assert_eq!(answer.pointer(at), Some(&wanted), "{path}: {answer}");
    }
    let mine = door.get(ACME, "/prometheus/api/v1/status/tsdb").await;
    assert_eq!(mine.json()["data"]["headStats"]["numSeries"], 1);
    assert!(!mine.text().contains("bron"), "{}", mine.text());
    for (path, text) in [("healthy", "Vigie is Healthy.\n"), ("ready", "Vigie is Ready.\n")] {
        let answer = door.get("", &format!("/prometheus/-/{path}")).await;
        assert_eq!((answer.status, answer.text()), (StatusCode::OK, text));
    }
    let reasons = vec!["the log is being repaired".to_owned()];
    let door = Door::of(Node { ready: Err(NotReady { reasons }), ..Node::new() }, Options::default());
    assert_eq!(door.get("", "/prometheus/-/ready").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(door.get("", "/prometheus/-/healthy").await.status, StatusCode::OK);
}

#[tokio::test]
async fn whoever_looks_whether_anybody_is_there_finds_somebody() {
    let door = Door::new();
    for path in ["/prometheus", "/prometheus/"] {
        assert_eq!(door.get(ACME, path).await.status, StatusCode::OK);
        assert_eq!(door.get("", path).await.status, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn an_answer_warns_of_what_is_not_in_it() {
    let mut source = InMemory::default();
    source.add(labels("up", &machine("compta", "acme", "lyon")), [(NOW_MS, 1.0)]);
    let lack = Lack::Cut { since_ms: NOW_MS };
    source.lacks(Shortfall {
        machine: "compta".into(),
        machine_id: "1".into(),
        client: "acme".into(),
        site: "lyon".into(),
        lack,
    });
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
        _: &Selection<'_>,
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
