//! A Prometheus that scrapes itself and writes to a relay at the end of a bad line.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value as Json;
use vigie_trial::{Door, Mesh, Prometheus, eventually, is_without_peers};

use crate::When;
use crate::answer::read;
use crate::compare::{self, difference};
use crate::promtool::promtool;

/// Seconds of scraping.
const LONG: i64 = 22;

#[test]
fn what_prometheus_scraped_and_wrote_over_a_bad_line_is_answered_alike_by_both() {
    if is_without_peers() {
        return;
    }
    let mesh = Mesh::new();
    let wan = mesh.line("wan", mesh.hub_udp());
    wan.tell(r#"{"do":"set","both":{"delay_ms":150,"jitter_ms":50,"loss_percent":5}}"#);
    let mut relay = mesh.relay("lyon", "relay-1", wan.udp);
    let prometheus = Prometheus::start(&mesh.dir().join("prometheus"), &config(&relay.door()));
    let (theirs, hub) = (&prometheus.door, mesh.door());

    scraped(theirs, LONG / 2);
    relay.program.kill();
    wan.tell(r#"{"do":"cut"}"#);
    std::thread::sleep(Duration::from_secs(2));
    relay.program.again();
    wan.tell(r#"{"do":"heal"}"#);
    scraped(theirs, LONG);

    let at_ms = between_scrapes(theirs);
    let all = "{job=\"prometheus\"}[1m]";
    let scraped = When::At(at_ms).ask(theirs, all);
    assert!(scraped["data"]["result"].as_array().is_some_and(|series| series.len() > 50), "{scraped}");
    eventually("the hub has all that was scraped, and nothing twice", || {
        difference(all, read(&When::At(at_ms).ask(&hub, all)), &scraped).is_ok()
    });
    let mut differences = Vec::new();
    for (text, when) in asked(at_ms) {
        let ours = read(&when.ask(&hub, text));
        assert!(ours.as_ref().is_ok_and(|answer| !compare::is_empty(answer)), "{text}: {ours:?}");
        if let Err(why) = difference(text, ours, &when.ask(theirs, text)) {
            differences.push(format!("{text}\n  {when:?}\n  {why}"));
        }
    }
    assert!(differences.is_empty(), "{} answers differ:\n{}", differences.len(), differences.join("\n"));

    // promtool has no way to say a token, so somebody says it for it.
    let time = format!("{}.{:03}", at_ms / 1000, at_ms % 1000);
    let [ours, theirs] = [&hub, theirs].map(|door| promtool(door, &["instant", "--time", &time], "sum by (job) (up)"));
    assert!(ours.contains("job=\"prometheus\"") && ours.contains("=> 1 @["), "{ours}");
    assert_eq!(ours, theirs);
}

/// Counters are asked about within their life alone: how a rate goes on to zero is not the same in all versions.
fn asked(at_ms: i64) -> Vec<(&'static str, When)> {
    let (at, range) = (When::At(at_ms), When::Range(at_ms - 12_000, at_ms, 1_000));
    vec![
        ("up", at),
        ("up", range),
        ("count({job=\"prometheus\"})", range),
        ("count_over_time(go_gc_duration_seconds[20s])", range),
        ("process_resident_memory_bytes", range),
        ("avg_over_time(process_resident_memory_bytes[7s])", at),
        ("max_over_time(go_goroutines[10s])", range),
        ("rate(process_cpu_seconds_total[5s])", range),
        ("delta(go_memstats_alloc_bytes[6s])", range),
        ("changes(go_memstats_heap_objects[10s])", range),
        ("go_memstats_sys_bytes - go_memstats_heap_sys_bytes", range),
        ("prometheus_http_requests_total", range),
        ("sum by (handler) (increase(prometheus_http_requests_total[4s]))", range),
        ("histogram_quantile(0.9, prometheus_http_request_duration_seconds_bucket)", range),
        ("scrape_samples_scraped / on(instance, job) scrape_samples_post_metric_relabeling", range),
        ("quantile_over_time(0.5, scrape_duration_seconds[8s])", range),
        ("topk(3, go_memstats_mallocs_total)", range),
        ("max_over_time(deriv(go_memstats_alloc_bytes[4s])[8s:1s])", range),
    ]
}

fn config(to: &Door) -> String {
    let (url, token) = (to.url(), to.token().expect("a relay has a token"));
    // The labels that the hub adds stand at the target, so that both answer with the same, and are not sent.
    format!(
        "global: {{scrape_interval: 1s}}
scrape_configs:
- job_name: prometheus
  static_configs: [{{targets: ['127.0.0.1:PORT'], labels: {{client: acme, site: lyon}}}}]
  metric_relabel_configs: [{{source_labels: [__name__], regex: '(go|process|prometheus_http)_.*', action: keep}}]
remote_write:
- url: {url}/api/v1/write
  authorization: {{credentials: {token}}}
  queue_config: {{min_shards: 1, max_shards: 1, batch_send_deadline: 500ms, max_backoff: 1s}}
  write_relabel_configs: [{{regex: 'client|site', action: labeldrop}}]
"
    )
}

/// Waits until it has been scraped so often.
fn scraped(door: &Door, times: i64) {
    eventually("Prometheus has scraped itself for a while", || {
        let answer = door.query("count_over_time(up[10m])", now_ms());
        let count = answer.and_then(|answer| answer["data"]["result"][0]["value"][1].as_str()?.parse::<i64>().ok());
        count.is_some_and(|count| count >= times)
    });
}

/// A moment just before the newest scrape such that no scrape lies a whole number of seconds from it: where a window begins
/// with a sample, versions of Prometheus do not agree.
fn between_scrapes(door: &Door) -> i64 {
    let answer = When::At(now_ms()).ask(door, "up[10m]");
    let points = answer["data"]["result"][0]["values"].as_array().expect("scrapes").clone();
    let times: Vec<i64> = points.iter().map(|point: &Json| (seconds(point) * 1000.0).round() as i64).collect();
    let taken: BTreeSet<i64> = times.iter().map(|at| at % 1000).collect();
    let newest = times.iter().max().expect("a scrape");
    (1..1000)
        .map(|back| newest - 500 - back)
        .find(|at| !taken.contains(&(at % 1000)))
        .expect("fewer scrapes than moments")
}

fn seconds(point: &Json) -> f64 {
    point[0].as_f64().expect("seconds")
}

fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.expect("after 1970").as_millis() as i64
}
