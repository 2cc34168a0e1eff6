//! Who is told: a mail server and a webhook on this machine that keep what they are sent, and when it came.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// A message that came.
#[derive(Debug, Clone)]
pub struct Came {
    /// When all of it was there.
    pub at: Instant,
    /// Its headers, as they were sent.
    pub head: String,
    /// Its body.
    pub body: String,
}

/// A receiver and all that came.
#[derive(Debug)]
pub struct Receiver {
    /// Where it listens.
    pub port: u16,
    came: Arc<Mutex<Vec<Came>>>,
}

impl Receiver {
    /// A webhook that takes everything.
    pub fn webhook() -> Self {
        Self::start(take_posted)
    }

    /// A mail server without TLS or sign-in that takes everything.
    pub fn mail() -> Self {
        Self::start(take_mail)
    }

    /// All that came so far, each key of a webhook once: who honours it drops the rest.
    pub fn came(&self) -> Vec<Came> {
        self.came.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn start(take: fn(TcpStream) -> Option<Came>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("it listens").port();
        let came: Arc<Mutex<Vec<Came>>> = Arc::default();
        let kept = came.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let kept = kept.clone();
                std::thread::spawn(move || {
                    let one = take(stream);
                    kept.lock().unwrap_or_else(PoisonError::into_inner).extend(one);
                });
            }
        });
        Self { port, came }
    }
}

fn take_posted(mut stream: TcpStream) -> Option<Came> {
    let mut lines = BufReader::new(stream.try_clone().ok()?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if lines.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let length = head.lines().filter_map(|line| line.split_once(':'));
    let length = length.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let mut body = vec![0; length.and_then(|(_, value)| value.trim().parse().ok()).unwrap_or(0)];
    lines.read_exact(&mut body).ok()?;
    let at = Instant::now();
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").ok()?;
    Some(Came { at, head, body: String::from_utf8_lossy(&body).into_owned() })
}

fn take_mail(mut stream: TcpStream) -> Option<Came> {
    let mut lines = BufReader::new(stream.try_clone().ok()?);
    let mut came = None;
    stream.write_all(b"220 here\r\n").ok()?;
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line).ok()? == 0 {
            return came;
        }
        let word = line.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
        match word.as_str() {
            "EHLO" => stream.write_all(b"250-here\r\n250 8BITMIME\r\n").ok()?,
            "DATA" => {
                stream.write_all(b"354 go on\r\n").ok()?;
                let mut letter = String::new();
                while !letter.ends_with("\r\n.\r\n") {
                    lines.read_line(&mut letter).ok().filter(|read| *read > 0)?;
                }
                let (head, body) = letter.split_once("\r\n\r\n").unwrap_or((&letter, ""));
                came = Some(Came { at: Instant::now(), head: head.to_owned(), body: body.to_owned() });
                stream.write_all(b"250 taken\r\n").ok()?;
            }
            "QUIT" => {
                // Whoever leaves does not wait for a farewell.
                stream.write_all(b"221 bye\r\n").ok();
                return came;
            }
            _ => stream.write_all(b"250 well\r\n").ok()?,
        }
    }
}
