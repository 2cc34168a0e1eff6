//! Does it hold over real sockets, against servers and senders good and odd?

use std::io::Write;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use vigie_formats::is_stale;
use vigie_model::{Boot, Moment, Slug, UtcMs};

use super::fetch::{FetchError, fetch};
use super::scrape::look;
use super::*;
use crate::collect::{Intervals, Schedule, Schema};
use crate::measure::Ask;

const CAP: usize = 64 * 1024;
const SECOND: Duration = Duration::from_secs(1);
/// Long enough for a loaded machine; only what is meant to be late waits for less.
const PATIENCE: Duration = Duration::from_secs(60);

// ---- pages

#[tokio::test]
async fn a_page_comes_whole_in_one_piece_or_in_chunks() {
    let plain = serve(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\na 1\n").await;
    let chunked = serve(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\na \r\n2\r\n1\n\r\n0\r\n\r\n").await;
    let until_the_end = serve(b"HTTP/1.0 200 OK\r\n\r\na 1\n").await;
    for url in [plain, chunked, until_the_end] {
        assert_eq!(fetch(&url, CAP, PATIENCE).await.expect("a page").body, b"a 1\n");
    }
}

#[tokio::test]
async fn what_is_no_page_is_refused_with_its_reason() {
    let url = serve(b"HTTP/1.1 302 Found\r\nLocation: http://10.0.0.1/\r\nContent-Length: 0\r\n\r\n").await;
    assert!(matches!(fetch(&url, CAP, PATIENCE).await, Err(FetchError::Redirected(..))));
    let url = serve(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n").await;
    assert!(matches!(fetch(&url, CAP, PATIENCE).await, Err(FetchError::Refused(..))));
    let url = serve(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00").await;
    assert!(matches!(fetch(&url, CAP, PATIENCE).await, Err(FetchError::Packed(..))));
    let url = serve(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n").await;
    assert!(matches!(fetch(&url, CAP, PATIENCE).await, Err(FetchError::NotText(..))));
    let url = serve(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\na 1\n").await;
    assert!(matches!(fetch(&url, CAP, PATIENCE).await, Err(FetchError::Broken(..))), "cut short");
    let url = serve(b"220 mail.example.org ESMTP\r\n").await;
    assert!(matches!(fetch(&url, CAP, PATIENCE).await, Err(FetchError::Broken(..))), "no HTTP");
    let gone = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = url_of(&gone);
    drop(gone);
    assert!(matches!(fetch(&url, CAP, PATIENCE).await, Err(FetchError::Unreachable(..))));
}

#[tokio::test]
async fn a_page_that_is_too_large_is_not_read_to_its_end() {
    let announced = serve(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\na 1\n").await;
    assert!(matches!(fetch(&announced, CAP, PATIENCE).await, Err(FetchError::TooLarge(..))));
    let endless = serve_with(b"HTTP/1.1 200 OK\r\n\r\n", Then::Repeat(b"a 1\n")).await;
    assert!(matches!(fetch(&endless, CAP, PATIENCE).await, Err(FetchError::TooLarge(..))));
    let endless_head = serve_with(b"HTTP/1.1 200 OK\r\n", Then::Repeat(b"X-A: b\r\n")).await;
    assert!(matches!(fetch(&endless_head, CAP, PATIENCE).await, Err(FetchError::Broken(..))));
}

#[tokio::test]
async fn a_page_that_does_not_come_in_time_is_late() {
    for head in [&b""[..], b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\na 1\n"] {
        let url = serve_with(head, Then::Hold).await;
        assert!(matches!(fetch(&url, CAP, SECOND / 5).await, Err(FetchError::Late(..))));
    }
}

#[tokio::test]
async fn a_target_that_goes_down_ends_its_series_and_is_up_again_in_the_same_places() {
    let mut stage = Stage::new("");
    let page = b"HTTP/1.1 200 OK\r\n\r\n# TYPE a counter\na{job=\"x\"} 3 1000\nb 0.5\n";
    let url = serve(page).await;
    let first = stage.scrape(&url, 0).await;
    assert_eq!(named(&first, "up"), Some(1.0));
    assert_eq!((named(&first, "a"), named(&first, "b")), (Some(3.0), Some(0.5)), "at the time of the scrape");
    assert_eq!(named(&first, "scrape_samples_scraped"), Some(2.0));
    let a = first.iter().find(|one| one.name == "a").expect("on the page");
    assert_eq!(a.labels, [("exported_job", "x"), ("instance", "here"), ("job", "test")].map(owned));
    let dead = url_of(&TcpListener::bind("127.0.0.1:0").await.expect("a port"));
    let down = stage.scrape(&dead, 10).await;
    assert_eq!((named(&down, "up"), down.len()), (Some(0.0), 5));
    assert!(["a", "b"].iter().all(|name| named(&down, name).is_some_and(is_stale)));
    let declared = stage.schema.defs().len();
    let still_down = stage.scrape(&dead, 20).await;
    assert_eq!(still_down.len(), 3, "the end is said once");
    let again = stage.scrape(&url, 30).await;
    assert_eq!((named(&again, "up"), named(&again, "a")), (Some(1.0), Some(3.0)));
    assert_eq!(stage.schema.defs().len(), declared);
    let told = stage.ways.board.tell();
    assert_eq!((&told["sources"][0]["up"], &told["sources"][0]["failures"]), (&true.into(), &2.into()));
}

#[tokio::test]
async fn a_page_with_too_many_series_or_a_broken_line_fails_as_a_whole() {
    let mut stage = Stage::new("series = 2");
    let many = serve(b"HTTP/1.1 200 OK\r\n\r\na 1\nb 1\nc 1\n").await;
    let said = stage.scrape(&many, 0).await;
    assert_eq!((named(&said, "up"), said.len()), (Some(0.0), 3));
    let broken = serve(b"HTTP/1.1 200 OK\r\n\r\na 1\nb one\n").await;
    assert_eq!(stage.scrape(&broken, 10).await.len(), 3);
    assert_eq!(stage.ways.board.tell()["refused"]["unreadable"], 2);
}

#[tokio::test]
async fn honoured_times_of_a_page_are_its_samples_times() {
    let now = vigie_node::boot_moment().0.0 / 1_000 * 1_000;
    let page = format!("HTTP/1.1 200 OK\r\n\r\na 3 {}\n", now - 5_000);
    let mut stage = Stage::at(now, "honor_timestamps = true");
    let said = stage.scrape(&serve(page.into_bytes().leak()).await, 0).await;
    let a = said.iter().find(|one| one.name == "a").expect("on the page");
    assert_eq!((a.at_ms, a.value), (now - 5_000, 3.0));
}

#[tokio::test]
async fn a_real_node_exporter_is_scraped() {
    let Some((_exporter, url)) = node_exporter().await else { return };
    let mut stage = Stage::new("");
    let said = stage.scrape(&url, 0).await;
    assert_eq!(named(&said, "up"), Some(1.0));
    assert!(named(&said, "node_boot_time_seconds").is_some_and(|at| at > 1e9));
    assert_eq!(named(&said, "scrape_samples_scraped"), Some(said.len() as f64 - 3.0));
}

// ---- datagrams

#[tokio::test]
async fn what_a_shell_sends_is_flushed_as_samples() {
    let port = free_udp_port().await;
    let socket = tempfile::tempdir().expect("a folder");
    let path = socket.path().join("statsd.sock");
    let mut stage = Stage::of(&format!("[statsd]\nlisten = '127.0.0.1:{port}'\nsocket = '{}'", path.display()));
    start(&stage.settings, stage.ways.clone()).expect("a thread");
    while stage.ways.board.tell()["sources"]
        .as_array()
        .is_some_and(|sources| sources.iter().any(|one| one["up"] != true))
    {
        tokio::time::sleep(SECOND / 50).await;
    }
    let script = format!("printf 'orders:2|c|@0.5|#shop:lyon\\nbroken\\n' > /dev/udp/127.0.0.1/{port}");
    let sent = tokio::process::Command::new("bash").args(["-c", &script]).status().await.expect("bash");
    assert!(sent.success());
    let local = tokio::net::UnixDatagram::unbound().expect("a socket");
    local.send_to(b"queue:7|g", &path).await.expect("sent");
    let mut seen = Vec::new();
    while !["orders_total", "queue"].iter().all(|name| named(&seen, name).is_some()) {
        seen.extend(stage.hear().await);
    }
    assert_eq!((named(&seen, "orders_total"), named(&seen, "queue")), (Some(4.0), Some(7.0)));
    assert_eq!(stage.ways.board.tell()["refused"]["unreadable"], 1);
}

// ---- OpenTelemetry

#[tokio::test]
async fn otlp_is_taken_as_json_as_protocol_buffers_and_packed() {
    let (mut stage, mut meter) = otlp().await;
    let json = gauge("queue", 7);
    let answer = stage.post("application/json", "", json.as_bytes(), &mut meter).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("\r\n\r\n{}"), "{answer}");
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(gauge("packed", 8).as_bytes()).expect("in memory");
    let packed = packer.finish().expect("in memory");
    let answer = stage.post("application/json", "Content-Encoding: gzip\r\n", &packed, &mut meter).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    let answer = stage.post("application/x-protobuf", "", &protobuf_gauge("binary", 9.5), &mut meter).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("\r\n\r\n"), "{answer}");
    let values = ["queue", "packed", "binary"].map(|name| named(&meter.seen, name));
    assert_eq!(values, [Some(7.0), Some(8.0), Some(9.5)]);
}

#[tokio::test]
async fn otlp_that_can_not_be_taken_is_answered_with_what_to_do() {
    let (mut stage, mut meter) = otlp().await;
    let json = gauge("queue", 7);
    let head = |answer: &str| answer.lines().next().unwrap_or_default().to_owned();
    for (content_type, more, body, status, part) in [
        ("text/plain", "", json.as_bytes(), "415", "application/x-protobuf"),
        ("application/json", "Content-Encoding: zstd\r\n", json.as_bytes(), "415", "gzip is"),
        ("application/json", "", &b"{"[..], "400", "\"code\":3"),
        ("application/x-protobuf", "", &b"\xff"[..], "400", "nothing of the batch was kept"),
        ("application/json", "Content-Encoding: gzip\r\n", &b"no gzip"[..], "400", "unpacked"),
    ] {
        let answer = stage.post(content_type, more, body, &mut meter).await;
        assert!(head(&answer).contains(status) && answer.contains(part), "{answer}");
    }
    let huge = format!(
        "POST /v1/metrics HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        5 << 20
    );
    assert!(stage.talk(huge.as_bytes(), &mut meter).await.starts_with("HTTP/1.1 413"));
    assert!(
        stage
            .talk(b"GET /v1/metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", &mut meter)
            .await
            .starts_with("HTTP/1.1 405")
    );
    assert!(
        stage
            .talk(b"POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", &mut meter)
            .await
            .starts_with("HTTP/1.1 404")
    );
    let bomb = {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(&vec![b' '; 17 << 20]).expect("in memory");
        packer.finish().expect("in memory")
    };
    let answer = stage.post("application/json", "Content-Encoding: gzip\r\n", &bomb, &mut meter).await;
    assert!(head(&answer).contains("413"), "{answer}");
    assert!(meter.seen.is_empty());
}

#[tokio::test]
async fn points_beyond_the_cap_are_told_to_their_sender() {
    let (mut stage, mut meter) = otlp().await;
    meter.desk = Desk::new(1, &meter.schema);
    stage.post("application/json", "", gauge("one", 1).as_bytes(), &mut meter).await;
    let answer = stage.post("application/json", "", gauge("two", 1).as_bytes(), &mut meter).await;
    assert!(answer.contains("\"rejectedDataPoints\":\"1\"") && answer.contains("series_cap: 1"), "{answer}");
}

#[tokio::test]
async fn while_the_store_is_behind_a_sender_is_told_to_try_again() {
    let (mut stage, mut meter) = otlp().await;
    stage.waiting.add(100_000);
    let answer = stage.post("application/json", "", gauge("one", 1).as_bytes(), &mut meter).await;
    assert!(answer.starts_with("HTTP/1.1 503") && answer.to_ascii_lowercase().contains("retry-after: 5"), "{answer}");
    stage.waiting.less(100_000);
    let answer = stage.post("application/json", "", gauge("one", 1).as_bytes(), &mut meter).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

// ---- the stage

/// One sample as a reader would see it.
#[derive(Debug, Clone, PartialEq)]
struct Seen {
    name: String,
    labels: Vec<(String, String)>,
    at_ms: i64,
    value: f64,
}

fn named(seen: &[Seen], name: &str) -> Option<f64> {
    seen.iter().rev().find(|one| one.name == name).map(|one| one.value)
}

/// What the measuring thread is in life.
struct Meter {
    inbox: Receiver<Ask>,
    schema: Schema,
    desk: Desk,
    waiting: Waiting,
    seen: Vec<Seen>,
}

impl Meter {
    /// Takes whatever was said by now.
    fn work(&mut self) {
        while let Ok(Ask::Said(said)) = self.inbox.try_recv() {
            let (readings, taken) = self.desk.take(&said, &mut self.schema);
            self.waiting.less(said.samples());
            self.seen.extend(seen(&readings, &self.schema));
            said.answer(taken);
        }
    }
}

struct Stage {
    settings: Settings,
    ways: Ways,
    waiting: Waiting,
    schema: Schema,
    desk: Desk,
    inbox: Option<Receiver<Ask>>,
    now_ms: i64,
}

impl Stage {
    fn new(scrape: &str) -> Self {
        Self::at(1_795_219_200_000, scrape)
    }

    fn at(now_ms: i64, scrape: &str) -> Self {
        let text = format!("[[scrape]]\nurl = 'http://127.0.0.1:1/'\njob = 'test'\ninstance = 'here'\n{scrape}");
        Self { now_ms, ..Self::of(&text) }
    }

    fn of(text: &str) -> Self {
        let settings = Settings::of(toml::from_str(text).expect("toml"), SECOND).expect("a configuration");
        let (orders, inbox) = channel();
        let (board, waiting) = (Arc::new(Board::new(&settings)), Waiting::default());
        let intervals = Intervals::try_new(SECOND, SECOND * 60, SECOND * 900).expect("multiples");
        let slug = |text: &str| text.parse::<Slug>().expect("a slug");
        let schedule = Schedule::new(intervals, (&slug("acme"), &slug("lyon")), vigie_model::NodeId::of_key(&[1; 32]));
        let hand = Hand::new(orders, waiting.clone(), board.clone());
        let ways = Ways { hand, board, pace: Pace::new(schedule), boot_no: 1 };
        let schema = Schema::new();
        let desk = Desk::new(settings.series, &schema);
        Self { settings, ways, waiting, schema, desk, inbox: Some(inbox), now_ms: 0 }
    }

    /// One scrape of this address, so many seconds after the beginning.
    async fn scrape(&mut self, url: &url::Url, seconds: i64) -> Vec<Seen> {
        let utc = UtcMs(self.now_ms + 1_000 * seconds);
        let at = Moment { utc, boot: Boot { no: 1, ms: 9_000_000 + 1_000 * seconds.cast_unsigned() } };
        let mut target = self.settings.targets[0].clone();
        target.url = url.clone();
        target.timeout = PATIENCE;
        let said = look(0, &target, at, &self.ways).await;
        let (readings, _) = self.desk.take(&said, &mut self.schema);
        seen(&readings, &self.schema)
    }

    /// What the thread said next.
    async fn hear(&mut self) -> Vec<Seen> {
        loop {
            match self.inbox.as_ref().expect("nobody took it").try_recv() {
                Ok(Ask::Said(said)) => {
                    let (readings, _) = self.desk.take(&said, &mut self.schema);
                    return seen(&readings, &self.schema);
                }
                _ => tokio::time::sleep(SECOND / 50).await,
            }
        }
    }

    async fn post(&mut self, content_type: &str, more: &str, body: &[u8], meter: &mut Meter) -> String {
        let len = body.len();
        let head = format!(
            "POST /v1/metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: {content_type}\r\n{more}Content-Length: {len}\r\n\r\n"
        );
        self.talk(&[head.as_bytes(), body].concat(), meter).await
    }

    async fn talk(&mut self, request: &[u8], meter: &mut Meter) -> String {
        let at = self.settings.otlp.expect("switched on").listen;
        let talk = async {
            let mut stream = TcpStream::connect(at).await.expect("it listens");
            stream.write_all(request).await.expect("sent");
            let mut answer = Vec::new();
            while !answer.windows(4).any(|end| end == b"\r\n\r\n")
                || request.windows(17).any(|part| part == b"Connection: close")
            {
                match stream.read_buf(&mut answer).await {
                    Ok(0) | Err(_) => break,
                    Ok(_) => {}
                }
            }
            String::from_utf8_lossy(&answer).into_owned()
        };
        let mut talk = std::pin::pin!(talk);
        loop {
            tokio::select! {
                answer = &mut talk => return answer,
                () = tokio::time::sleep(SECOND / 50) => meter.work(),
            }
        }
    }
}

async fn otlp() -> (Stage, Meter) {
    let free = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("bound");
    let mut stage = Stage::of(&format!("[otlp]\nlisten = '{free}'"));
    start(&stage.settings, stage.ways.clone()).expect("a thread");
    while stage.ways.board.tell()["sources"][0]["up"] != true {
        tokio::time::sleep(SECOND / 50).await;
    }
    let (inbox, schema) = (stage.inbox.take().expect("nobody took it"), Schema::new());
    let desk = Desk::new(stage.settings.series, &schema);
    let meter = Meter { inbox, schema, desk, waiting: stage.waiting.clone(), seen: Vec::new() };
    (stage, meter)
}

fn seen(readings: &[Reading], schema: &Schema) -> Vec<Seen> {
    let one = |at: Moment, sample: &vigie_model::Sample| {
        let def = schema.def(sample.series).expect("declared");
        let value = def.resolution().value(sample.value);
        Seen { name: def.prometheus_name(), labels: def.prometheus_labels(), at_ms: at.utc.0, value }
    };
    readings.iter().flat_map(|reading| reading.samples.iter().map(|sample| one(reading.at, sample))).collect()
}

fn owned((key, value): (&str, &str)) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

fn gauge(name: &str, value: i64) -> String {
    let now_ns = vigie_node::boot_moment().0.0 * 1_000_000;
    format!(
        r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{{"name":"{name}","gauge":{{"dataPoints":[{{"timeUnixNano":"{now_ns}","asInt":"{value}"}}]}}}}]}}]}}]}}"#
    )
}

/// The same by hand, as `opentelemetry/proto/metrics/v1/metrics.proto` numbers its fields.
fn protobuf_gauge(name: &str, value: f64) -> Vec<u8> {
    let field = |no: u8, bytes: &[u8]| [&[no << 3 | 2, bytes.len() as u8], bytes].concat();
    let now_ns = vigie_node::boot_moment().0.0.cast_unsigned() * 1_000_000;
    let point = [&[3 << 3 | 1][..], &now_ns.to_le_bytes(), &[4 << 3 | 1], &value.to_le_bytes()].concat();
    let metric = [field(1, name.as_bytes()), field(5, &field(1, &point))].concat();
    field(1, &field(2, &field(2, &metric)))
}

enum Then {
    Close,
    Hold,
    Repeat(&'static [u8]),
}

async fn serve(answer: &'static [u8]) -> url::Url {
    serve_with(answer, Then::Close).await
}

/// A server that answers everybody the same, as long as the test's runtime lives.
async fn serve_with(answer: &'static [u8], then: Then) -> url::Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = url_of(&listener);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut asked = Vec::new();
            while !asked.ends_with(b"\r\n\r\n") && stream.read_buf(&mut asked).await.is_ok_and(|len| len > 0) {}
            let asked = String::from_utf8_lossy(&asked).to_ascii_lowercase();
            assert!(!asked.contains("accept-encoding"), "nobody is asked to pack");
            if stream.write_all(answer).await.is_err() {
                continue;
            }
            match then {
                Then::Close => {}
                Then::Hold => std::future::pending().await,
                Then::Repeat(more) => while stream.write_all(more).await.is_ok() {},
            }
        }
    });
    url
}

fn url_of(listener: &TcpListener) -> url::Url {
    format!("http://{}/metrics", listener.local_addr().expect("bound")).parse().expect("an address")
}

async fn free_udp_port() -> u16 {
    UdpSocket::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("bound").port()
}

/// A node_exporter of its own, where one is installed.
async fn node_exporter() -> Option<(tokio::process::Child, url::Url)> {
    let at = TcpListener::bind("127.0.0.1:0").await.ok()?.local_addr().ok()?;
    let exporter = tokio::process::Command::new("prometheus-node-exporter")
        .arg(format!("--web.listen-address={at}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .ok()?;
    while TcpStream::connect(at).await.is_err() {
        tokio::time::sleep(SECOND / 20).await;
    }
    Some((exporter, format!("http://{at}/metrics").parse().ok()?))
}
