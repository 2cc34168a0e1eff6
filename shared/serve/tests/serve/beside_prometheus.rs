//! Do we and a real Prometheus understand each other, and say no in the same words?
//!
//! Needs `prometheus`; `VIGIE_WITHOUT_PEERS=1` says that it is not there and that nothing is to be proved.

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::common::{ALL, Door, Node, labels, machine, peer_is_here};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use vigie_query::InMemory;
use vigie_serve::{Clients, Identity, Intake, Kind, Options, Place, Said, Taken, Taking, TokenTable, Writes, serve};

/// Long enough for any machine; what is waited for usually takes some seconds.
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread")]
async fn a_real_prometheus_writes_to_us_and_takes_from_us() {
    if !peer_is_here("prometheus") {
        return;
    }
    let heard = Arc::new(Heard::default());
    let ours = listen(Node { intake: Some(Arc::clone(&heard) as _), ..node() }).await;
    let prometheus = Prometheus::start(&ours).await;

    until("samples and what is known about them", || {
        let kinds = heard.kinds.lock().expect("a map");
        heard.samples("acme/lyon prometheus_http_requests_total") > 0
            && kinds.get("prometheus_http_requests_total") == Some(&Kind::Counter)
    })
    .await;

    let until = tokio::time::Instant::now() + PATIENCE;
    loop {
        let answer = prometheus.ask("/api/v1/query?query=temperature").await.1;
        if let Some(row) = answer.pointer("/data/result/0") {
            assert_eq!(row["metric"]["machine"], "compta");
            assert_eq!(row["metric"]["site"], "lyon", "our labels win");
            assert_eq!(row["value"][1], "21.5");
            break;
        }
        assert!(tokio::time::Instant::now() < until, "nothing was federated: {answer}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn we_refuse_what_prometheus_refuses_and_as_it_does() {
    if !peer_is_here("prometheus") {
        return;
    }
    let ours = listen(node()).await;
    let prometheus = Prometheus::start(&ours).await;
    for path in [
        "query",
        "query?query=up%7B",
        "query?query=rate(up)",
        "query?query=up&time=never",
        "query?query=up&timeout=x",
        "query_range?query=up&start=1",
        "query_range?query=up&start=1&end=2",
        "query_range?query=up&start=0&end=100000&step=1",
        "query_range?query=up&start=0&end=1&step=0",
        "query_range?query=up&start=0&end=1&step=x",
        "query_range?query=up&start=2&end=1&step=1",
        "query_range?query=up%5B5m%5D&start=0&end=1&step=1",
        "series",
        "series?match[]=%7B%7D",
        "series?match[]=rate(up%5B1m%5D)",
        "labels?match[]=up%7B",
        "labels?start=x",
        "label/up/values?end=x",
        "metadata?limit=x",
        "query_exemplars?query=up&start=2&end=1",
        "query_exemplars?start=1&end=2",
        "format_query?query=sum(",
        "format_query",
    ] {
        let path = format!("/api/v1/{path}");
        let (status, theirs) = prometheus.ask(&path).await;
        let (our_status, ours) = ask(&ours, &format!("/prometheus{path}"), ALL).await;
        let of = |answer: &Value| (answer["status"].clone(), answer["errorType"].clone());
        assert_eq!((our_status, of(&ours)), (status, of(&theirs)), "{path}: {ours} {theirs}");
        // The one sentence in which our parser counts as another; every other text is theirs.
        if !theirs["error"].as_str().is_some_and(|text| text.contains("parse error") || text.contains("matcher")) {
            let plain = |answer: &Value| answer["error"].as_str().unwrap_or_default().replace("11,000", "11000");
            assert!(plain(&theirs).ends_with(last_words(&plain(&ours))), "{path}: {ours} {theirs}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_that_prometheus_tells_of_itself_we_tell_too() {
    if !peer_is_here("prometheus") {
        return;
    }
    let ours = listen(node()).await;
    let prometheus = Prometheus::start(&ours).await;
    for path in [
        "status/buildinfo",
        "status/config",
        "status/runtimeinfo",
        "status/tsdb",
        "status/walreplay",
        "rules",
        "alerts",
        "targets?state=dropped",
        "alertmanagers",
        "query?query=up",
        "query_range?query=1&start=1&end=2&step=1",
    ] {
        let path = format!("/api/v1/{path}");
        let theirs = prometheus.ask(&path).await.1;
        let ours = ask(&ours, &format!("/prometheus{path}"), ALL).await.1;
        for (field, value) in theirs["data"].as_object().expect("an object") {
            let kind = |value: &Value| std::mem::discriminant(value);
            let told = ours["data"].get(field).unwrap_or_else(|| panic!("{path} has no {field}: {ours}"));
            assert_eq!(kind(told), kind(value), "{path} {field}: {told} {value}");
        }
    }
}

/// What stands behind the parameter's name: Prometheus says that twice.
fn last_words(text: &str) -> &str {
    text.rsplit("\": ").next().unwrap_or(text)
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let until = tokio::time::Instant::now() + PATIENCE;
    while !is_so() {
        assert!(tokio::time::Instant::now() < until, "still waiting for {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn node() -> Node {
    let begun_ms = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as i64;
    let mut source = InMemory::default();
    source.add(labels("temperature", &machine("compta", "acme", "lyon")), [(begun_ms, 21.5)]);
    Node { begun_ms, source: Box::new(source), ..Node::new() }
}

/// Serves a node on a free port of loopback and gives its address.
async fn listen(node: Node) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address").to_string();
    let who = Identity {
        name: "prometheus".to_owned(),
        clients: Clients::All,
        writes: Writes::into_one("acme/lyon".parse().expect("a place")),
        ..Identity::default()
    };
    let access = Arc::new(TokenTable::new([(TokenTable::hash(ALL), who)]));
    let router = Door::guarded(node, Options::default(), access).router();
    tokio::spawn(serve(listener, router, std::future::pending()));
    address
}

/// A real Prometheus that looks at itself, writes to us, and federates us.
struct Prometheus {
    address: String,
    child: Child,
    _folder: tempfile::TempDir,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        self.child.kill().and_then(|()| self.child.wait()).expect("it ends");
    }
}

impl Prometheus {
    async fn start(ours: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        // Free a moment ago; who takes it meanwhile makes the start fail, and loudly.
        let free = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = free.local_addr().expect("an address").to_string();
        drop(free);
        let config = folder.path().join("prometheus.yml");
        std::fs::write(&config, configuration(&address, ours)).expect("a file");
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .stderr(Stdio::null())
            .spawn()
            .expect("prometheus starts");
        let prometheus = Self { address, child, _folder: folder };
        let until = tokio::time::Instant::now() + PATIENCE;
        // The first look at itself: from then on it answers as one that runs.
        while prometheus.try_ask("/api/v1/query?query=up").await.is_none_or(|(_, up)| up["data"]["result"][0].is_null())
        {
            assert!(tokio::time::Instant::now() < until, "prometheus does not come up");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        prometheus
    }

    async fn ask(&self, path: &str) -> (u16, Value) {
        ask(&self.address, path, "").await
    }

    async fn try_ask(&self, path: &str) -> Option<(u16, Value)> {
        try_ask(&self.address, path, "").await
    }
}

fn configuration(own: &str, ours: &str) -> String {
    format!(
        r#"
global:
  scrape_interval: 1s
scrape_configs:
  - job_name: itself
    static_configs: [{{ targets: ["{own}"] }}]
  - job_name: vigie
    honor_labels: true
    metrics_path: /prometheus/federate
    params: {{ "match[]": ['{{__name__=~".+"}}'] }}
    authorization: {{ credentials: {ALL} }}
    static_configs: [{{ targets: ["{ours}"] }}]
remote_write:
  - url: http://{ours}/api/v1/write
    authorization: {{ credentials: {ALL} }}
    metadata_config: {{ send_interval: 1s }}
    queue_config: {{ batch_send_deadline: 1s }}
"#
    )
}

async fn ask(address: &str, path: &str, token: &str) -> (u16, Value) {
    try_ask(address, path, token).await.unwrap_or_else(|| panic!("{address} gives no JSON at {path}"))
}

/// One request over one connection, which its answer closes.
async fn try_ask(address: &str, path: &str, token: &str) -> Option<(u16, Value)> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    let head = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, serde_json::from_str(body).ok()?))
}

/// Hears what is pushed.
#[derive(Default)]
struct Heard {
    samples: Mutex<BTreeMap<String, usize>>,
    kinds: Mutex<BTreeMap<String, Kind>>,
}

impl Heard {
    fn samples(&self, series: &str) -> usize {
        self.samples.lock().expect("a map").get(series).copied().unwrap_or(0)
    }
}

impl Intake for Heard {
    fn take(&self, into: &Place, said: Said<'_>) -> Taking {
        let mut samples = self.samples.lock().expect("a map");
        said.each(|series| {
            let name = series.labels.iter().find(|(name, _)| *name == "__name__").expect("a name").1;
            *samples.entry(format!("{into} {name}")).or_default() += series.samples.len();
        });
        let mut kinds = self.kinds.lock().expect("a map");
        said.each_family(|name, known| {
            kinds.insert(name.to_owned(), known.kind);
        });
        let taken = Taken { samples: said.samples() as u64, ..Taken::default() };
        Box::pin(async move { Ok(taken) })
    }
}
