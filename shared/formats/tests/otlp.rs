//! Do OpenTelemetry's metrics become the series that Prometheus would make of them?

mod common;

use common::{assert_same, mutated};
use proptest::prelude::*;
use vigie_formats::otlp::{Answer, Otlp};
use vigie_formats::{Batch, Counted, DecodeError, ForeignSeries, Kind, Limits, Reason};

/// Encoded by protoc 3.21 from a text of the same content as [`JSON`].
const PROTOBUF: &[u8] = include_bytes!("golden/otlp_metrics.bin");
const JSON: &[u8] = include_bytes!("golden/otlp_metrics.json");

const SHOP: &str = r#"instance="i-1",job="eu/shop""#;

#[test]
fn every_kind_of_metric_becomes_its_series() {
    let found: Vec<String> = golden().series.iter().map(shown).collect();
    let wanted = [
        r#"http_server_requests_total{http_method="GET;x",SHOP} 1700000060123 9007199254740992"#,
        r#"queue_depth_ratio{SHOP} 1700000060000 -0"#,
        r#"queue_depth_ratio{SHOP,q="b"} 1700000060000 stale"#,
        r#"connections{SHOP} 1700000060000 -3"#,
        r#"latency_seconds_sum{SHOP} 1700000070000 12.5"#,
        r#"latency_seconds_count{SHOP} 1700000070000 7"#,
        r#"latency_seconds_bucket{SHOP,le="0.1"} 1700000070000 1"#,
        r#"latency_seconds_bucket{SHOP,le="10000000000000000000000"} 1700000070000 3"#,
        r#"latency_seconds_bucket{SHOP,le="+Inf"} 1700000070000 7"#,
        r#"rpc_milliseconds_sum{SHOP} 1700000060000 3.5"#,
        r#"rpc_milliseconds_count{SHOP} 1700000060000 2"#,
        r#"rpc_milliseconds{SHOP,quantile="0.5"} 1700000060000 1.5"#,
        r#"rpc_milliseconds{SHOP,quantile="1"} 1700000060000 inf"#,
        r#"target_info{host_name="h1",SHOP,os_version="-7",tags="["a",true]"} 1700000070000 1"#,
        r#"lonely{} 1 1.5"#,
    ];
    assert_eq!(found, wanted.map(|line| line.replace("SHOP", SHOP)));
}

#[test]
fn what_has_no_series_is_counted() {
    let left_out = golden().left_out;
    let counts: Vec<_> = left_out.iter().collect();
    let wanted = [
        (Reason::NativeHistogram, 2),
        (Reason::Exemplar, 1),
        (Reason::DeltaTemporality, 1),
        (Reason::NoValue, 2),
        (Reason::UnknownKind, 1),
    ];
    assert_eq!(counts, wanted);
    assert_eq!(left_out.samples(), 6);
}

#[test]
fn json_says_the_same_as_protocol_buffers() {
    let (one, other) = (golden(), Otlp::Json.decode(JSON, &Limits::default()).expect("good JSON"));
    assert_same(&other.series, &one.series);
    assert_eq!(other.left_out, one.left_out);
    assert_eq!(other.families, one.families);
}

#[test]
fn a_total_says_since_when_it_counts_and_what_it_is() {
    let batch = golden();
    let total = &batch.series[0];
    assert_eq!(total.started_ms, Some(1_700_000_000_000));
    let known = total.metadata.as_ref().expect("described");
    assert_eq!((known.kind, known.help.as_str(), known.unit.as_str()), (Kind::Counter, "Requests.", "{request}"));
    assert!(batch.families.iter().any(|family| family.name == "latency_seconds"));
}

#[test]
fn one_resource_can_not_become_gigabytes() {
    let long = "x".repeat(4000);
    let point = r#"{"timeUnixNano":"1000000","asInt":"1"}"#;
    let points = vec![point; 40_000].join(",");
    let body = format!(
        r#"{{"resourceMetrics":[{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"{long}"}}}}]}},
        "scopeMetrics":[{{"metrics":[{{"name":"m","gauge":{{"dataPoints":[{points}]}}}}]}}]}}]}}"#
    );
    let error = Otlp::Json.decode(body.as_bytes(), &Limits::default()).expect_err("160 MB of labels");
    assert!(matches!(error, DecodeError::TooMany { what: Counted::TextBytes, .. }));
}

#[test]
fn caps_hold_for_requests_as_well() {
    let of = |limits: Limits| [Otlp::Protobuf.decode(PROTOBUF, &limits), Otlp::Json.decode(JSON, &limits)];
    for found in of(Limits { series: 14, ..Limits::default() }) {
        assert!(matches!(found, Err(DecodeError::TooMany { what: Counted::Series, cap: 14, .. })));
    }
    for found in of(Limits { series: 1, ..Limits::default() }) {
        assert!(matches!(found, Err(DecodeError::TooMany { what: Counted::Parts, cap: 16, .. })));
    }
    for found in of(Limits { body_bytes: 100, ..Limits::default() }) {
        assert!(found.is_err_and(|error| error.status() == 413));
    }
    for found in of(Limits { labels_per_series: 3, ..Limits::default() }) {
        let left_out = found.expect("only some series are over").left_out;
        assert!(left_out.count(Reason::OverLimit) >= 2, "{left_out}");
    }
}

#[test]
fn lists_within_lists_end() {
    let mut value = vec![];
    for _ in 0..200 {
        value = field(5, &field(1, &value));
    }
    let attribute = [field(1, b"a"), field(2, &value)].concat();
    let body = field(1, &field(1, &field(1, &attribute)));
    assert!(Otlp::Protobuf.decode(&body, &Limits::default()).is_err_and(|error| error.status() == 400));
}

#[test]
fn a_sender_learns_what_was_not_taken() {
    assert_eq!(
        (Otlp::Json.encode(&Answer::default()), Otlp::Protobuf.encode(&Answer::default())),
        (b"{}".to_vec(), vec![])
    );
    let answer = Answer { rejected: 3, message: "why".to_owned() };
    assert_eq!(Otlp::Protobuf.encode(&answer), [0x0a, 7, 8, 3, 0x12, 3, b'w', b'h', b'y']);
    let json = String::from_utf8(Otlp::Json.encode(&answer)).expect("JSON");
    assert_eq!(json, r#"{"partialSuccess":{"errorMessage":"why","rejectedDataPoints":"3"}}"#);
    assert_eq!(Answer::of(&golden().left_out).rejected, 6);
}

#[test]
fn the_content_type_tells_the_encoding() {
    assert_eq!(Otlp::of_content_type(Some("application/json; charset=utf-8")), Some(Otlp::Json));
    assert_eq!(Otlp::of_content_type(Some("application/x-protobuf")), Some(Otlp::Protobuf));
    assert_eq!(Otlp::of_content_type(None), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn a_double_in_json_is_the_nearest(wanted in common::value().prop_filter("JSON has no others", |value| value.is_finite())) {
        let point = format!(r#"{{"timeUnixNano":1000000,"asDouble":{wanted:?}}}"#);
        let body = format!(
            r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{{"name":"m","gauge":{{"dataPoints":[{point}]}}}}]}}]}}]}}"#
        );
        let batch = Otlp::Json.decode(body.as_bytes(), &Limits::default()).expect("good JSON");
        prop_assert_eq!(batch.series[0].samples[0].1.to_bits(), wanted.to_bits());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        drop(Otlp::Protobuf.decode(&bytes, &Limits::default()));
        drop(Otlp::Json.decode(&bytes, &Limits::default()));
    }

    #[test]
    fn no_damage_makes_it_panic(one in mutated(PROTOBUF.to_vec()), other in mutated(JSON.to_vec())) {
        drop(Otlp::Protobuf.decode(&one, &Limits::default()));
        drop(Otlp::Json.decode(&other, &Limits::default()));
    }
}

fn golden() -> Batch {
    Otlp::Protobuf.decode(PROTOBUF, &Limits::default()).expect("what protoc wrote")
}

/// A field of bytes, however long.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut len = bytes.len();
    let mut out = vec![number << 3 | 2];
    while len >= 0x80 {
        out.push(u8::try_from(len & 0x7f).expect("seven bits") | 0x80);
        len >>= 7;
    }
    out.push(u8::try_from(len).expect("seven bits"));
    out.extend(bytes);
    out
}

fn shown(series: &ForeignSeries) -> String {
    let labels = series.labels.iter().filter(|(name, _)| name != "__name__");
    let labels: Vec<_> = labels.map(|(name, value)| format!("{name}=\"{value}\"")).collect();
    let (at, value) = series.samples[0];
    let value = if vigie_formats::is_stale(value) { "stale".to_owned() } else { value.to_string() };
    format!("{}{{{}}} {at} {value}", series.name(), labels.join(","))
}
