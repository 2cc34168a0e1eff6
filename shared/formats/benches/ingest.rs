//! How fast is what others send taken in?
//!
//! Bodies are shaped as a Prometheus of node exporters sends them: ten labels to a series, one sample each.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use vigie_formats::Limits;
use vigie_formats::otlp::Otlp;
use vigie_formats::remote_write::{RemoteWrite, V1Writer, V2Writer};
use vigie_formats::statsd::{StatsD, StatsDLimits};
use vigie_formats::text::{TextFormat, TextWriter, parse};

const SERIES: [usize; 2] = [500, 10_000];

fn main() {
    divan::main();
}

/// Read in place and walked, as an ingester does that looks its series up by their labels.
#[divan::bench(args = SERIES)]
fn remote_write_v1_in_place(bencher: Bencher<'_, '_>, series: usize) {
    in_place(bencher, series, RemoteWrite::V1, &v1(series));
}

#[divan::bench(args = SERIES)]
fn remote_write_v2_in_place(bencher: Bencher<'_, '_>, series: usize) {
    in_place(bencher, series, RemoteWrite::V2, &v2(series));
}

/// With every text copied.
#[divan::bench(args = SERIES)]
fn remote_write_v1_owned(bencher: Bencher<'_, '_>, series: usize) {
    let body = v1(series);
    let bencher = bencher.counter(ItemsCount::new(series));
    bencher.bench_local(|| RemoteWrite::V1.decode_batch(black_box(&body), &Limits::default()).expect("ours"));
}

#[divan::bench(args = SERIES)]
fn text(bencher: Bencher<'_, '_>, series: usize) {
    let mut page = TextWriter::new(Vec::new());
    each(series, |labels| page.sample(labels, None, (1_700_000_000_000, 1.5)).expect("in memory"));
    let page = page.finish().expect("in memory");
    let bencher = bencher.counter(ItemsCount::new(series));
    bencher.bench_local(|| parse(black_box(&page), TextFormat::Prometheus, 0, &Limits::default()).expect("ours"));
}

#[divan::bench(args = SERIES)]
fn otlp_json(bencher: Bencher<'_, '_>, series: usize) {
    let mut points = Vec::new();
    each(series, |labels| {
        let attribute =
            |(key, value): &(&str, &str)| format!(r#"{{"key":"{key}","value":{{"stringValue":"{value}"}}}}"#);
        let attributes: Vec<_> = labels[1..].iter().map(attribute).collect();
        let attributes = attributes.join(",");
        points.push(format!(r#"{{"attributes":[{attributes}],"timeUnixNano":"1700000000000000000","asDouble":1.5}}"#));
    });
    let points = points.join(",");
    let metrics = format!(r#"[{{"name":"m","gauge":{{"dataPoints":[{points}]}}}}]"#);
    let body = format!(r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":{metrics}}}]}}]}}"#);
    let bencher = bencher.counter(ItemsCount::new(series));
    bencher.bench_local(|| Otlp::Json.decode(black_box(body.as_bytes()), &Limits::default()).expect("ours"));
}

#[divan::bench]
fn statsd(bencher: Bencher<'_, '_>) {
    let mut statsd = StatsD::new(StatsDLimits::default());
    let packet: String = (0..20).map(|at| format!("shop.page.views:{at}|c|#env:prod,page:{at}\n")).collect();
    bencher.counter(ItemsCount::new(20_usize)).bench_local(|| statsd.take(black_box(packet.as_bytes())));
}

fn in_place(bencher: Bencher<'_, '_>, series: usize, version: RemoteWrite, body: &[u8]) {
    let mut scratch = Vec::new();
    bencher.counter(ItemsCount::new(series)).bench_local(|| {
        let view = version.decode(black_box(body), &Limits::default(), &mut scratch).expect("ours");
        view.series().map(|series| black_box(series.labels).len() + series.samples.len()).sum::<usize>()
    });
}

fn v1(series: usize) -> Vec<u8> {
    let mut writer = V1Writer::default();
    each(series, |labels| writer.series(labels, &[(1_700_000_000_000, 1.5)]));
    writer.finish().expect("small")
}

fn v2(series: usize) -> Vec<u8> {
    let mut writer = V2Writer::default();
    each(series, |labels| writer.series(labels, &[(1_700_000_000_000, 1.5)], None, None));
    writer.finish().expect("small")
}

fn each(series: usize, mut take: impl FnMut(&[(&str, &str)])) {
    for at in 0..series {
        let (name, instance, cpu) =
            (format!("node_metric_{:05}_total", at / 16), format!("10.0.{}.7:9100", at % 16), at.to_string());
        take(&[
            ("__name__", name.as_str()),
            ("cluster", "eu-west-1"),
            ("cpu", cpu.as_str()),
            ("datacenter", "paris"),
            ("environment", "production"),
            ("instance", instance.as_str()),
            ("job", "node"),
            ("mode", "user"),
            ("team", "platform"),
            ("zone", "a"),
        ]);
    }
}
