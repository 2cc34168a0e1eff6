//! Are pages read as Prometheus reads them, and written so that they are read the same?

mod common;

use common::{mutated, series, value};
use proptest::prelude::*;
use vigie_formats::text::{TextFormat, TextWriter, WriteError, parse};
use vigie_formats::{Batch, Counted, DecodeError, Kind, Limits, Metadata, Place, Reason};

const CLASSIC: &str = r#"# HELP http_requests_total The total \\ of HTTP\nrequests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{method="post",code="400",}    3 1395066363000
# A comment.

msdos_file_access_time_seconds{path="C:\\DIR\\FILE.TXT",error="Cannot find file:\n\"FILE.TXT\""} 1.458255915e9
metric_without_timestamp_and_labels 12.47
something_weird{problem="division by zero"} +Inf -3982045
nothing NaN
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{le="0.05"} 24054
http_request_duration_seconds_bucket{le="+Inf"} 144320
http_request_duration_seconds_sum 53423
{"my.dotted", "a.b"="c"} -0
"#;

const OPEN: &str = r##"# TYPE acme_http_router_request_seconds summary
# UNIT acme_http_router_request_seconds seconds
# HELP acme_http_router_request_seconds Latency.
acme_http_router_request_seconds_sum{path="/api/v1",method="GET"} 9036.32
acme_http_router_request_seconds_count{path="/api/v1",method="GET"} 807283.0
acme_http_router_request_seconds_created{path="/api/v1",method="GET"} 1605281325.0
# TYPE foo counter
foo_total 17.0 1520879607.789 # {trace_id="KOO5S4vxi0o"} 0.67
# EOF
"##;

#[test]
fn the_page_of_the_specification_is_read() {
    let batch = classic(CLASSIC).expect("a good page");
    let lines: Vec<_> = batch.series.iter().map(|series| (series.name(), series.samples[0])).collect();
    assert_eq!(lines[0], ("http_requests_total", (1_395_066_363_000, 1027.0)));
    assert_eq!(lines[4], ("something_weird", (-3_982_045, f64::INFINITY)));
    assert_eq!(lines[3], ("metric_without_timestamp_and_labels", (77, 12.47)));
    assert_eq!(lines[5].1.1.to_bits(), vigie_formats::NORMAL_NAN_BITS);
    assert_eq!((lines[9].0, lines[9].1.1.to_bits()), ("my.dotted", (-0.0_f64).to_bits()));
    let escaped = vigie_formats::label(&batch.series[2].labels, "error");
    assert_eq!(escaped, Some("Cannot find file:\n\"FILE.TXT\""));
    assert_eq!(vigie_formats::label(&batch.series[2].labels, "path"), Some("C:\\DIR\\FILE.TXT"));
    let known = batch.series[0].metadata.as_deref();
    let wanted =
        Metadata { kind: Kind::Counter, help: "The total \\ of HTTP\nrequests.".to_owned(), unit: String::new() };
    assert_eq!(known, Some(&wanted));
    assert_eq!(batch.series[6].metadata.as_ref().map(|known| known.kind), Some(Kind::Histogram));
    assert_eq!(batch.series[5].metadata, None);
}

#[test]
fn an_openmetrics_page_has_units_seconds_and_exemplars() {
    let batch = parse(OPEN.as_bytes(), TextFormat::OpenMetrics, 77, &Limits::default()).expect("a good page");
    let foo = batch.series.last().expect("foo");
    assert_eq!((foo.name(), foo.samples[0]), ("foo_total", (1_520_879_607_789, 17.0)));
    assert_eq!(foo.metadata.as_ref().map(|known| known.kind), Some(Kind::Counter));
    assert_eq!(batch.left_out.count(Reason::Exemplar), 1);
    let known = batch.series[0].metadata.as_ref().expect("a summary");
    assert_eq!((known.kind, known.unit.as_str()), (Kind::Summary, "seconds"));
}

#[test]
fn a_page_cut_short_is_not_kept() {
    let cut = OPEN.strip_suffix("# EOF\n").expect("the end");
    let found = parse(cut.as_bytes(), TextFormat::OpenMetrics, 77, &Limits::default());
    assert!(matches!(found, Err(DecodeError::Malformed { at: Place::Line(9), .. })));
    let more = format!("{OPEN}foo_total 1\n");
    assert!(parse(more.as_bytes(), TextFormat::OpenMetrics, 77, &Limits::default()).is_err());
}

#[test]
fn a_line_that_can_not_be_read_is_named() {
    let bad = [
        ("a b\n", "a value that is no number at line 2"),
        ("a 1 b\n", "a time that is no number at line 2"),
        ("a 1 2 3\n", "something behind a sample at line 2"),
        ("a{b=1} 1\n", "a label value without its quotes at line 2"),
        ("a{b=\"1} 1\n", "a label value without its quotes at line 2"),
        ("a{b=\"1\" c=\"2\"} 1\n", "labels that do not end at line 2"),
        ("a{b} 1\n", "a label without a value at line 2"),
        ("9a 1\n", "a metric without a name at line 2"),
        ("{a=\"b\"} 1\n", "a metric without a name at line 2"),
        ("# TYPE a mystery\n", "a TYPE that is none at line 2"),
        ("a 1_0\n", "a value that is no number at line 2"),
        ("a 0x10\n", "a value that is no number at line 2"),
    ];
    for (line, wanted) in bad {
        let error = classic(&format!("good 1\n{line}")).expect_err(line);
        assert_eq!(error.to_string(), format!("{wanted}; nothing of the batch was kept"));
    }
    let error = parse(b"good 1\na{b=\"\xff\"} 1\n", TextFormat::Prometheus, 0, &Limits::default()).expect_err("bytes");
    assert!(matches!(error, DecodeError::Malformed { at: Place::Line(2), .. }));
}

#[test]
fn caps_hold_for_pages_as_well() {
    let limits = Limits { series: 2, labels_per_series: 2, ..Limits::default() };
    let read = |text: &str| parse(text.as_bytes(), TextFormat::Prometheus, 0, &limits);
    let error = read("a 1\nb 1\nc 1\n").expect_err("three series");
    assert_eq!(error, DecodeError::TooMany { what: Counted::Series, cap: 2, at: Place::Line(3) });
    let batch = read("a{b=\"1\",c=\"2\",d=\"3\"} 1\nb{c=\"1\"} 1\n").expect("one is left out");
    assert_eq!((batch.series.len(), batch.left_out.count(Reason::OverLimit)), (1, 1));
    assert!(read("# HELP a a\n# HELP b b\n# HELP c c\n").is_err_and(|error| error.status() == 413));
}

#[test]
fn federation_writes_each_family_once() {
    let known = Metadata { kind: Kind::Counter, help: "a\\b\nc".to_owned(), unit: String::new() };
    let mut writer = TextWriter::new(Vec::new());
    let labels = |name, value| [("__name__", name), ("l", value)];
    writer.sample(&labels("a_total", "x\"\\\n"), Some(&known), (5, 1.0)).expect("in memory");
    writer.sample(&labels("a_total", "y"), Some(&known), (5, f64::NEG_INFINITY)).expect("in memory");
    writer.sample(&[("__name__", "b.c")], None, (-6, f64::NAN)).expect("in memory");
    let early = writer.sample(&[("__name__", "a")], None, (5, 1.0));
    assert!(matches!(early, Err(WriteError::OutOfOrder { .. })));
    let page = String::from_utf8(writer.finish().expect("in memory")).expect("text");
    let wanted = "# HELP a_total a\\\\b\\nc\n# TYPE a_total counter\na_total{l=\"x\\\"\\\\\\n\"} 1 5\n\
                  a_total{l=\"y\"} -Inf 5\n# TYPE \"b.c\" untyped\n{\"b.c\"} NaN -6\n";
    assert_eq!(page, wanted);
}

#[test]
fn federation_writes_openmetrics_as_well() {
    let known = |kind| Metadata { kind, ..Metadata::default() };
    let mut writer = TextWriter::in_format(Vec::new(), TextFormat::OpenMetrics);
    writer.sample(&[("__name__", "bytes")], Some(&known(Kind::Counter)), (1_500, 1.0)).expect("in memory");
    writer.sample(&[("__name__", "level")], Some(&known(Kind::Gauge)), (-6, 2.0)).expect("in memory");
    writer.sample(&[("__name__", "x.y")], None, (1_795_258_930_001, f64::INFINITY)).expect("in memory");
    let page = String::from_utf8(writer.finish().expect("in memory")).expect("text");
    let wanted = "# TYPE bytes unknown\nbytes 1 1.500\n# TYPE level gauge\nlevel 2 -0.006\n\
                  # TYPE \"x.y\" unknown\n{\"x.y\"} +Inf 1795258930.001\n# EOF\n";
    assert_eq!(page, wanted);
    let batch = parse(page.as_bytes(), TextFormat::OpenMetrics, 0, &Limits::default()).expect("ours");
    let times: Vec<_> = batch.series.iter().map(|series| series.samples[0].0).collect();
    assert_eq!(times, [1_500, -6, 1_795_258_930_001]);
}

#[test]
fn the_content_type_tells_the_format() {
    let of = TextFormat::of_content_type;
    assert_eq!(of(None), Some(TextFormat::Prometheus));
    assert_eq!(of(Some("text/plain; version=0.0.4")), Some(TextFormat::Prometheus));
    assert_eq!(of(Some("application/openmetrics-text; version=1.0.0; charset=utf-8")), Some(TextFormat::OpenMetrics));
    assert_eq!(of(Some("text/html")), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn what_is_written_is_read_again(mut all in prop::collection::vec(series(), 0..8)) {
        all.sort_by(|one, other| one.name().cmp(other.name()));
        let mut writer = TextWriter::new(Vec::new());
        for series in &all {
            writer.sample(&series.labels, None, series.samples[0]).expect("in memory");
        }
        let page = writer.finish().expect("in memory");
        let batch = parse(&page, TextFormat::Prometheus, 0, &Limits::default()).expect("ours");
        prop_assert_eq!(batch.series.len(), all.len());
        for (found, wanted) in batch.series.iter().zip(&all) {
            prop_assert_eq!(&found.labels, &wanted.labels);
            prop_assert_eq!(found.samples[0].0, wanted.samples[0].0);
            prop_assert!(same(found.samples[0].1, wanted.samples[0].1));
        }
    }

    #[test]
    fn every_value_survives_but_the_kinds_of_nan(wanted in value()) {
        let mut writer = TextWriter::new(Vec::new());
        writer.sample(&[("__name__", "m")], None, (1, wanted)).expect("in memory");
        let page = writer.finish().expect("in memory");
        let batch = parse(&page, TextFormat::Prometheus, 0, &Limits::default()).expect("ours");
        prop_assert!(same(batch.series[0].samples[0].1, wanted));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5000))]

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "[a-z{}\"\\\\#=, \n0-9é]{0,80}") {
        for format in [TextFormat::Prometheus, TextFormat::OpenMetrics] {
            drop(parse(&bytes, format, 0, &Limits::default()));
            drop(parse(text.as_bytes(), format, 0, &Limits::default()));
        }
    }

    #[test]
    fn no_damage_makes_it_panic(one in mutated(CLASSIC.as_bytes().to_vec()), other in mutated(OPEN.as_bytes().to_vec())) {
        for format in [TextFormat::Prometheus, TextFormat::OpenMetrics] {
            drop(parse(&one, format, 0, &Limits::default()));
            drop(parse(&other, format, 0, &Limits::default()));
        }
    }
}

fn classic(page: &str) -> Result<Batch, DecodeError> {
    parse(page.as_bytes(), TextFormat::Prometheus, 77, &Limits::default())
}

fn same(one: f64, other: f64) -> bool {
    one.to_bits() == other.to_bits() || (one.is_nan() && other.is_nan())
}
