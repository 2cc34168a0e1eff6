//! A Prometheus that answers from the samples it was given, and ends with the test.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::When;

/// How long it may take to open its data on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

const MISSING: &str = "Debian's prometheus and promtool are needed to compare answers: apt-get install prometheus \
                       (or set VIGIE_WITHOUT_PEERS=1 to go without)";

pub(crate) struct Peer {
    process: Child,
    port: u16,
    _folder: TempDir,
}

impl Peer {
    pub(crate) fn start(open_metrics: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (samples, config, blocks) =
            (folder.path().join("samples"), folder.path().join("config.yml"), folder.path().join("blocks"));
        fs::write(&samples, open_metrics).expect("samples written");
        fs::write(&config, "global: {evaluation_interval: 1m}\n").expect("a config that scrapes nothing");
        let made = Command::new("promtool")
            .args(["tsdb", "create-blocks-from", "openmetrics"])
            .args([&samples, &blocks])
            .output()
            .unwrap_or_else(|error| panic!("{MISSING}: {error}"));
        assert!(made.status.success(), "promtool: {}", String::from_utf8_lossy(&made.stderr));
        let port = free_port();
        let process = Command::new("prometheus")
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", blocks.display()))
            .args(["--storage.tsdb.retention.time=100y", "--log.level=error"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{MISSING}: {error}"));
        let peer = Self { process, port, _folder: folder };
        peer.wait();
        peer
    }

    pub(crate) fn ask(&self, query: &str, when: When) -> Value {
        let seconds = |ms: i64| format!("{}.{:03}", ms.div_euclid(1000), ms.rem_euclid(1000));
        let (path, times) = match when {
            When::At(at_ms) => ("query", format!("&time={}", seconds(at_ms))),
            When::Range(start_ms, end_ms, step_ms) => {
                let times = [seconds(start_ms), seconds(end_ms), seconds(step_ms)];
                ("query_range", format!("&start={}&end={}&step={}", times[0], times[1], times[2]))
            }
        };
        let body = format!("query={}{times}", escaped(query));
        let answer = self.send(&format!("/api/v1/{path}"), &body).expect("an answer from Prometheus");
        serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{query}: {error}: {answer}"))
    }

    /// The question in its own writing; nothing when it can not be read.
    pub(crate) fn format(&self, query: &str) -> Option<String> {
        let answer = self.send("/api/v1/format_query", &format!("query={}", escaped(query)))?;
        let answer: Value = serde_json::from_str(&answer).ok()?;
        answer["data"].as_str().map(str::to_owned)
    }

    fn wait(&self) {
        let began = Instant::now();
        while !self.send("/-/ready", "").is_some_and(|answer| answer.contains("Ready")) {
            assert!(began.elapsed() < PATIENCE, "Prometheus did not become ready");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// HTTP/1.0, so that the answer is not cut into chunks and ends with the connection.
    fn send(&self, path: &str, body: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        let (method, length) = (if body.is_empty() { "GET" } else { "POST" }, body.len());
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        )
        .ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nobody left to end.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}

fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut escaped, byte| {
        if byte.is_ascii_alphanumeric() {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
        escaped
    })
}
