//! Is remote write read as Prometheus writes it, and written as it was read?

mod common;

use common::{assert_same, bits, mutated, series};
use proptest::prelude::*;
use vigie_formats::remote_write::{RemoteWrite, V1Writer, V2Writer};
use vigie_formats::{Batch, Counted, DecodeError, Kind, Limits, Metadata, Place, Reason, is_stale};

/// The first bodies that Prometheus 2.42 of Debian sent after scraping a small page.
const SCRAPE: &[u8] = include_bytes!("golden/remote_write_v1_scrape.bin");
const METADATA: &[u8] = include_bytes!("golden/remote_write_v1_metadata.bin");

/// A request of 2.0 as protoc 3.21 encodes it: four series, of which one has no name and one only a native histogram.
const V2: &[u8] = include_bytes!("golden/remote_write_v2_unpacked.bin");

#[test]
fn a_body_of_prometheus_is_read_to_the_last_bit() {
    let batch = v1(SCRAPE).expect("what Prometheus sent");
    let shown: Vec<String> = batch.series.iter().map(shown).collect();
    let wanted = [
        r#"up_demo_total{a="x\"y\n",b="é"} 4008000000000000"#,
        r#"odd{} 7ff8000000000001"#,
        r#"big{} 7ff0000000000000"#,
        // Prometheus itself loses the sign of -0 here: it does not write fields that equal 0.
        r#"neg{} 0000000000000000"#,
        r#"h_bucket{le="1"} 3ff0000000000000"#,
        r#"h_bucket{le="+Inf"} 4000000000000000"#,
        r#"h_sum{} 400c000000000000"#,
        r#"h_count{} 4000000000000000"#,
        r#"up{} 3ff0000000000000"#,
    ];
    for line in wanted {
        assert!(shown.iter().any(|found| found == line), "{line} is not among {shown:#?}");
    }
    assert!(batch.left_out.total() == 0, "{}", batch.left_out);
}

#[test]
fn metadata_of_prometheus_comes_apart_from_series() {
    let batch = v1(METADATA).expect("what Prometheus sent");
    assert!(batch.series.is_empty());
    let families: Vec<_> = batch.families.iter().map(|family| (family.name.as_str(), family.metadata.kind)).collect();
    assert_eq!(families, [("up_demo", Kind::Counter), ("h", Kind::Histogram)]);
    assert_eq!(batch.families[0].metadata.help, "A demo");
    let whole = v1(&packed(&[0x1a, 11, 0x08, 1, 0x12, 1, b'c', 0x22, 1, b'h', 0x2a, 1, b's'])).expect("a family");
    let known = Metadata { kind: Kind::Counter, help: "h".to_owned(), unit: "s".to_owned() };
    assert_eq!((whole.families[0].name.as_str(), &*whole.families[0].metadata), ("c", &known));
}

#[test]
fn a_series_without_a_name_is_left_out_and_the_others_are_kept() {
    let mut writer = V1Writer::default();
    writer.series(&[("a", "1")], &[(1, 1.0), (2, 2.0)]);
    writer.series(&[("__name__", "good"), ("z", "")], &[(1, 1.0)]);
    writer.series(&[("__name__", "twice"), ("a", "1"), ("a", "2")], &[(1, 1.0)]);
    writer.series(&[("a", "1"), ("__name__", "unsorted")], &[(1, 1.0)]);
    let batch = v1(&writer.finish().expect("small")).expect("readable");
    let names: Vec<_> = batch.series.iter().map(|series| series.name().to_owned()).collect();
    assert_eq!(names, ["good", "unsorted"]);
    assert_eq!(batch.series[0].labels.len(), 1, "an empty value is no label");
    assert_eq!(batch.left_out.count(Reason::InvalidLabels), 3);
}

#[test]
fn an_unusual_label_is_read_as_well() {
    let long = "é".repeat(200);
    let mut writer = V1Writer::default();
    writer.series(&[("__name__", long.as_str())], &[(-1, 1.0)]);
    let batch = v1(&writer.finish().expect("small")).expect("ours");
    assert_eq!((batch.series[0].name(), batch.series[0].samples[0]), (long.as_str(), (-1, 1.0)));
    // The value before the name, and a field of a later version; then a label of which nothing is said.
    let label = [&[0x12, 1, b'm', 0x0a, 8][..], b"__name__", &[0x18, 1]].concat();
    let sample = [0x12, 2, 0x10, 7];
    let series = [&[0x0a, u8::try_from(label.len()).expect("short")][..], &label, &[0x0a, 0], &sample].concat();
    let request = [&[0x0a, u8::try_from(series.len()).expect("short")][..], &series].concat();
    let batch = v1(&packed(&request)).expect("readable");
    assert_eq!((batch.series[0].name(), batch.series[0].samples[0]), ("m", (7, 0.0)));
}

#[test]
fn what_is_not_kept_of_a_series_is_counted() {
    let mut series = vec![0x0a, 13, 0x0a, 8];
    series.extend(b"__name__");
    series.extend([0x12, 1, b'm', 0x12, 9, 0x09]);
    series.extend(f64::from_bits(0x7ff0_0000_0000_0002).to_bits().to_le_bytes());
    series.extend([0x1a, 0, 0x1a, 0, 0x22, 0]);
    let mut request = vec![0x0a, u8::try_from(series.len()).expect("short")];
    request.extend(&series);
    let batch = v1(&packed(&request)).expect("readable");
    assert!(is_stale(batch.series[0].samples[0].1));
    assert_eq!(batch.left_out.count(Reason::Exemplar), 2);
    assert_eq!(batch.left_out.count(Reason::NativeHistogram), 1);
    assert_eq!(batch.left_out.samples(), 1);
}

#[test]
fn each_cap_refuses_the_batch_or_the_series_it_is_for() {
    let mut writer = V1Writer::default();
    for name in ["one", "two"] {
        writer.series(&[("__name__", name), ("a", "long enough")], &[(1, 1.0), (2, 1.0)]);
    }
    let body = writer.finish().expect("small");
    let with = |change: fn(&mut Limits)| {
        let mut limits = Limits::default();
        change(&mut limits);
        RemoteWrite::V1.decode_batch(&body, &limits)
    };
    let too_many =
        |what| move |error: &DecodeError| matches!(error, DecodeError::TooMany { what: found, .. } if *found == what);
    assert!(with(|limits| limits.series = 1).is_err_and(|error| too_many(Counted::Series)(&error)));
    assert!(with(|limits| limits.samples = 3).is_err_and(|error| too_many(Counted::Samples)(&error)));
    assert!(with(|limits| limits.text_bytes = 40).is_err_and(|error| too_many(Counted::TextBytes)(&error)));
    assert!(with(|limits| limits.body_bytes = 40).is_err_and(|error| error.status() == 413));
    assert_eq!(with(|limits| limits.labels_per_series = 1).map(left_out), Ok(4));
    assert_eq!(with(|limits| limits.label_bytes = 10).map(left_out), Ok(4));
}

#[test]
fn a_header_that_promises_more_than_the_bytes_can_hold_is_not_believed() {
    let promise = [0x80, 0x80, 0x80, 0x08, 0, b'x'];
    assert!(matches!(v1(&promise), Err(DecodeError::Snappy { .. })));
    let mut scratch = Vec::new();
    assert!(RemoteWrite::V1.decode(&promise, &Limits::default(), &mut scratch).is_err());
    assert_eq!(scratch.capacity(), 0);
    let beyond = [0xff, 0xff, 0xff, 0xff, 0x0f, 0];
    assert!(matches!(v1(&beyond), Err(DecodeError::BodyTooLarge { .. })));
}

#[test]
fn a_reference_to_no_symbol_says_where_it_stands() {
    let wrong = packed(&[0x22, 0, 0x2a, 4, 0x0a, 2, 1, 0]);
    let error = RemoteWrite::V2.decode_batch(&wrong, &Limits::default()).expect_err("no symbol 1");
    assert_eq!(error.to_string(), "a reference to a symbol that is not there at byte 7; nothing of the batch was kept");
    assert!(matches!(error, DecodeError::Malformed { at: Place::Byte(7), .. }));
}

#[test]
fn a_request_of_version_2_is_read_to_the_last_bit() {
    let batch = RemoteWrite::V2.decode_batch(&packed(V2), &Limits::default()).expect("what protoc wrote");
    let [total, level] = batch.series.as_slice() else { panic!("two series are kept") };
    let labels = [("__name__", "a_total"), ("job", "é")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(total.labels, labels);
    assert_eq!(bits(&total.samples), bits(&[(1_700_000_000_000, 1.5), (-5, f64::NEG_INFINITY)]));
    let known = Metadata { kind: Kind::Counter, help: "All of them.".to_owned(), unit: "bytes".to_owned() };
    assert_eq!((total.metadata.as_deref(), total.started_ms), (Some(&known), Some(1_600_000_000_000)));
    assert_eq!((level.name(), bits(&level.samples), level.started_ms), ("b", bits(&[(3, -0.0)]), Some(2)));
    assert_eq!(level.metadata.as_ref().map(|known| known.kind), Some(Kind::Gauge));
    let left_out: Vec<_> = batch.left_out.iter().collect();
    assert_eq!(left_out, [(Reason::InvalidLabels, 1), (Reason::NativeHistogram, 1), (Reason::Exemplar, 1)]);
}

#[test]
fn metadata_over_the_limit_is_left_out_of_its_series() {
    let known = Metadata { kind: Kind::Gauge, help: "x".repeat(5000), unit: String::new() };
    let mut writer = V2Writer::default();
    writer.series(&[("__name__", "m")], &[(5, 1.0)], Some(&known), None);
    let body = writer.finish().expect("small");
    let batch = RemoteWrite::V2.decode_batch(&body, &Limits::default()).expect("ours");
    assert_eq!((batch.series[0].metadata.as_ref(), batch.left_out.count(Reason::MetadataOverLimit)), (None, 1));
    assert_eq!(batch.left_out.samples(), 0);
}

#[test]
fn version_2_says_metadata_and_the_start_of_a_total() {
    let known = Metadata { kind: Kind::Counter, help: "all of them".to_owned(), unit: String::new() };
    let mut writer = V2Writer::default();
    writer.series(&[("__name__", "m_total"), ("m_total", "__name__")], &[(5, 1.0)], Some(&known), Some(3));
    let body = writer.finish().expect("small");
    let batch = RemoteWrite::V2.decode_batch(&body, &Limits::default()).expect("what we wrote");
    let series = &batch.series[0];
    assert_eq!(series.metadata.as_deref(), Some(&known));
    assert_eq!((series.started_ms, series.name(), bits(&series.samples)), (Some(3), "m_total", bits(&[(5, 1.0)])));
}

#[test]
fn few_symbols_can_not_become_many_texts() {
    let long = "x".repeat(4000);
    let mut writer = V2Writer::default();
    for _ in 0..20_000 {
        writer.series(&[("__name__", long.as_str()), ("a", long.as_str())], &[(5, 1.0)], None, None);
    }
    let body = writer.finish().expect("small");
    assert!(body.len() < 100_000);
    let error = RemoteWrite::V2.decode_batch(&body, &Limits::default()).expect_err("160 MB of text");
    assert!(matches!(error, DecodeError::TooMany { what: Counted::TextBytes, .. }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn what_is_written_is_read_again_to_the_last_bit(all in prop::collection::vec(series(), 0..8)) {
        let (mut first, mut second) = (V1Writer::default(), V2Writer::default());
        for series in &all {
            first.series(&series.labels, &series.samples);
            second.series(&series.labels, &series.samples, None, None);
        }
        assert_same(&v1(&first.finish().expect("small")).expect("ours").series, &all);
        let body = second.finish().expect("small");
        assert_same(&RemoteWrite::V2.decode_batch(&body, &Limits::default()).expect("ours").series, &all);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5000))]

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for version in [RemoteWrite::V1, RemoteWrite::V2] {
            drop(version.decode_batch(&bytes, &Limits::default()));
            drop(version.decode_batch(&packed(&bytes), &Limits::default()));
        }
    }

    #[test]
    fn no_damage_makes_it_panic(bytes in mutated(unpacked(SCRAPE)), other in mutated(v2_body())) {
        for body in [bytes, other] {
            for version in [RemoteWrite::V1, RemoteWrite::V2] {
                if let Ok(batch) = version.decode_batch(&packed(&body), &Limits::default()) {
                    assert!(batch.series.iter().all(|series| !series.name().is_empty() && !series.samples.is_empty()));
                }
            }
        }
    }
}

fn v1(body: &[u8]) -> Result<Batch, DecodeError> {
    RemoteWrite::V1.decode_batch(body, &Limits::default())
}

fn v2_body() -> Vec<u8> {
    let batch = v1(SCRAPE).expect("golden");
    let mut writer = V2Writer::default();
    let known = Metadata { kind: Kind::Gauge, help: "help".to_owned(), unit: "s".to_owned() };
    batch.series.iter().for_each(|series| writer.series(&series.labels, &series.samples, Some(&known), Some(1)));
    unpacked(&writer.finish().expect("small"))
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    snap::raw::Encoder::new().compress_vec(bytes).expect("small")
}

fn unpacked(bytes: &[u8]) -> Vec<u8> {
    snap::raw::Decoder::new().decompress_vec(bytes).expect("golden")
}

fn left_out(batch: Batch) -> u64 {
    assert!(batch.series.is_empty());
    batch.left_out.count(Reason::OverLimit)
}

fn shown(series: &vigie_formats::ForeignSeries) -> String {
    let own = |name: &str| name != "__name__" && name != "instance" && name != "job";
    let labels = series
        .labels
        .iter()
        .filter(|(name, _)| own(name))
        .map(|(name, value)| format!("{name}=\"{}\"", value.replace('"', "\\\"").replace('\n', "\\n")));
    let labels: Vec<_> = labels.collect();
    format!("{}{{{}}} {:016x}", series.name(), labels.join(","), series.samples[0].1.to_bits())
}
