//! Asking and telling over HTTP, as somebody else's program does.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

/// Longer than a node takes to say that it could not keep something in time.
const PATIENCE: Duration = Duration::from_secs(40);

/// Where a program answers over HTTP, and with whose token it is asked.
#[derive(Debug, Clone)]
pub struct Door {
    port: u16,
    root: String,
    token: Option<String>,
}

/// What was answered.
#[derive(Debug, Clone)]
pub struct HttpAnswer {
    /// The status.
    pub status: u16,
    /// The head, names of its lines and values as they came.
    pub head: String,
    /// The body, whole.
    pub body: Vec<u8>,
}

impl HttpAnswer {
    /// The body, if it is JSON.
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The body as a text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Door {
    /// A program on this machine; Prometheus' API lies below `root`.
    pub fn new(port: u16, root: &str, token: Option<&str>) -> Self {
        Self { port, root: root.to_owned(), token: token.map(str::to_owned) }
    }

    /// The same door for somebody else.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// Where it answers on this machine.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Prometheus' API, for programs that ask by themselves.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}{}", self.port, self.root)
    }

    /// The token, for programs that ask by themselves.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Nothing when nobody answers, or not to the end.
    pub fn get(&self, path: &str) -> Option<HttpAnswer> {
        self.send("GET", path, &[], b"")
    }

    /// As [`Door::get`], with more lines in its head.
    pub fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Option<HttpAnswer> {
        self.send("GET", path, headers, b"")
    }

    /// Nothing when nobody answers, or not to the end: then it is not known what became of it.
    pub fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Option<HttpAnswer> {
        self.send("POST", path, headers, body)
    }

    /// As [`Door::post`]: something is taken away.
    pub fn delete(&self, path: &str) -> Option<HttpAnswer> {
        self.send("DELETE", path, &[], b"")
    }

    /// Remote write 1.0.
    pub fn write(&self, path: &str, body: &[u8]) -> Option<HttpAnswer> {
        self.post(path, &vigie_formats::remote_write::RemoteWrite::V1.headers(), body)
    }

    /// What a question has as its answer at a moment, well or refused.
    pub fn query(&self, text: &str, at_ms: i64) -> Option<Value> {
        self.ask("query", text, &[("time", at_ms)])
    }

    /// What a question has as its answer from a moment until another, well or refused.
    pub fn query_range(&self, text: &str, start_ms: i64, end_ms: i64, step_ms: i64) -> Option<Value> {
        self.ask("query_range", text, &[("start", start_ms), ("end", end_ms), ("step", step_ms)])
    }

    fn ask(&self, what: &str, text: &str, times: &[(&str, i64)]) -> Option<Value> {
        let mut form = format!("query={}", escaped(text));
        for (name, ms) in times {
            let sign = if *ms < 0 { "-" } else { "" };
            let (seconds, ms) = (ms.unsigned_abs() / 1000, ms.unsigned_abs() % 1000);
            write!(form, "&{name}={sign}{seconds}.{ms:03}").expect("a text takes all");
        }
        let path = format!("{}/api/v1/{what}", self.root);
        self.post(&path, &[("Content-Type", "application/x-www-form-urlencoded")], form.as_bytes())?.json()
    }

    /// HTTP/1.0, so that the answer is not cut into chunks and ends with the connection.
    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Option<HttpAnswer> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        let mut head = format!("{method} {path} HTTP/1.0\r\nHost: localhost\r\nContent-Length: {}\r\n", body.len());
        for (name, value) in headers {
            write!(head, "{name}: {value}\r\n").expect("a text takes all");
        }
        if let Some(token) = &self.token {
            write!(head, "Authorization: Bearer {token}\r\n").expect("a text takes all");
        }
        head += "\r\n";
        stream.write_all(head.as_bytes()).ok()?;
        stream.write_all(body).ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        read(&answer)
    }
}

fn read(answer: &[u8]) -> Option<HttpAnswer> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let said = std::str::from_utf8(&answer[..end]).ok()?;
    let head = said.to_ascii_lowercase();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let body = answer[end + 4..].to_vec();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    let is_whole = length.is_none_or(|length: usize| length == body.len());
    is_whole.then(|| HttpAnswer { status, head: said.to_owned(), body })
}

/// A text as a part of a form or an address.
pub(crate) fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut escaped, byte| {
        if byte.is_ascii_alphanumeric() {
            escaped.push(char::from(byte));
        } else {
            write!(escaped, "%{byte:02X}").expect("a text takes all");
        }
        escaped
    })
}
