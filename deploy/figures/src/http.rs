//! How is a program asked over HTTP so that little of the time is the asker's own? One kept connection, no packing.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// An answer takes this long at most; the slowest question of the slowest program takes some seconds.
const PATIENCE: Duration = Duration::from_secs(120);

/// One kept connection.
#[derive(Debug)]
pub(crate) struct Client {
    address: SocketAddr,
    stream: BufReader<TcpStream>,
    /// What every request says of itself. A cookie that is set stands in it from then on, as a browser sends it.
    head: String,
    line: String,
    body: Vec<u8>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

impl Answer<'_> {
    pub(crate) fn is_good(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The beginning of the body, for a person.
    pub(crate) fn excerpt(&self) -> String {
        String::from_utf8_lossy(&self.body[..self.body.len().min(200)]).into_owned()
    }
}

impl Client {
    pub(crate) fn connect(address: SocketAddr, token: Option<&str>) -> std::io::Result<Self> {
        let token = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
        Self::with_head(address, format!("Host: {address}\r\n{token}"))
    }

    fn with_head(address: SocketAddr, head: String) -> std::io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, Duration::from_secs(5))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let stream = BufReader::with_capacity(1 << 16, stream);
        Ok(Self { address, stream, head, line: String::new(), body: Vec::new() })
    }

    /// Another connection of whoever this is.
    pub(crate) fn again(&self) -> Result<Self, String> {
        Self::with_head(self.address, self.head.clone()).map_err(|error| format!("no connection: {error}"))
    }

    pub(crate) fn get(&mut self, path: &str) -> std::io::Result<Answer<'_>> {
        self.send("GET", path, &[], &[])
    }

    pub(crate) fn post(&mut self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> std::io::Result<Answer<'_>> {
        self.send("POST", path, headers, body)
    }

    /// Says JSON, and reads the JSON that it is answered with; null where there is none.
    pub(crate) fn say(&mut self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let answer = self.send(method, path, &[("Content-Type", "application/json")], text.as_bytes());
        let answer = answer.map_err(|error| format!("{method} {path}: {error}"))?;
        if !answer.is_good() {
            return Err(format!("{method} {path} was answered with {}: {}", answer.status, answer.excerpt()));
        }
        Ok(serde_json::from_slice(answer.body).unwrap_or_default())
    }

    /// Reads what comes, line by line, after a question whose answer does not end.
    pub(crate) fn listen(mut self, path: &str) -> std::io::Result<BufReader<TcpStream>> {
        let request = format!("GET {path} HTTP/1.1\r\n{}\r\n", self.head);
        self.stream.get_mut().write_all(request.as_bytes())?;
        self.next_line()?;
        if self.line.contains(" 200 ") { Ok(self.stream) } else { Err(std::io::Error::other(self.line)) }
    }

    fn send(&mut self, method: &str, path: &str, lines: &[(&str, &str)], body: &[u8]) -> std::io::Result<Answer<'_>> {
        let said: String = lines.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let length = if method == "GET" { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
        let head = format!("{method} {path} HTTP/1.1\r\n{}{said}{length}\r\n", self.head);
        // In one piece, so that no sender waits for an acknowledgement in between.
        self.stream.get_mut().write_all(&[head.as_bytes(), body].concat())?;
        self.answer()
    }

    fn answer(&mut self) -> std::io::Result<Answer<'_>> {
        self.next_line()?;
        let status = self.line.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or_else(|| strange("status"))?;
        let (mut length, mut chunked) = (0, false);
        loop {
            self.next_line()?;
            let Some((name, value)) = self.line.trim_end().split_once(':') else { break };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().map_err(|_| strange("length"))?;
            }
            chunked |= name.eq_ignore_ascii_case("transfer-encoding") && value.contains("chunked");
            if name.eq_ignore_ascii_case("set-cookie") {
                let cookie = value.split(';').next().unwrap_or_default();
                self.head.push_str(&format!("Cookie:{cookie}\r\n"));
            }
        }
        self.body.clear();
        if chunked {
            while self.chunk()? > 0 {}
        } else {
            self.take(length)?;
        }
        Ok(Answer { status, body: &self.body })
    }

    fn chunk(&mut self) -> std::io::Result<usize> {
        self.next_line()?;
        let length = usize::from_str_radix(self.line.trim_end(), 16).map_err(|_| strange("chunk"))?;
        self.take(length)?;
        self.next_line()?;
        Ok(length)
    }

    fn take(&mut self, length: usize) -> std::io::Result<()> {
        let at = self.body.len();
        self.body.resize(at + length, 0);
        self.stream.read_exact(&mut self.body[at..])
    }

    fn next_line(&mut self) -> std::io::Result<()> {
        self.line.clear();
        match self.stream.read_line(&mut self.line)? {
            0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

fn strange(what: &str) -> std::io::Error {
    std::io::Error::other(format!("the answer has no {what} that can be read"))
}

/// A text as it may stand in a query string.
pub(crate) fn encoded(text: &str) -> String {
    let one = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' | b'.' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(one).collect()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// A client of a server that says these answers, one to each request.
    fn told(answers: &'static [&'static str]) -> Client {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        std::thread::spawn(move || {
            let (stream, _) = listener.accept().expect("a client");
            let mut reader = BufReader::new(stream);
            for answer in answers {
                let mut line = String::new();
                while line != "\r\n" {
                    line.clear();
                    reader.read_line(&mut line).expect("a request");
                }
                reader.get_mut().write_all(answer.as_bytes()).expect("a client that reads");
            }
        });
        Client::connect(address, Some("t")).expect("it listens")
    }

    #[test]
    fn one_connection_carries_answers_of_every_shape() {
        let mut client = told(&[
            "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\na\r\n0123456789\r\n0\r\n\r\n",
            "HTTP/1.1 204 No Content\r\n\r\n",
        ]);
        let mut next = || {
            let answer = client.get("/").expect("an answer");
            (answer.status, answer.excerpt())
        };
        assert_eq!(next(), (200, "abc".to_owned()));
        assert_eq!(next(), (200, "de0123456789".to_owned()));
        assert_eq!(next(), (204, String::new()));
    }

    #[test]
    fn a_question_stands_in_a_query_string_as_it_was_meant() {
        assert_eq!(encoded("a{b=\"c\"}[5m]"), "a%7Bb%3D%22c%22%7D%5B5m%5D");
    }
}
