//! Reads the hub's list of machines as Debian's Chromium shows it: `read_page HUB TOKEN MACHINE`. Ends with 1 when the machine and its
//! CPU are not on it.
//!
//! Chromium without a person can not paste a token, so a small proxy in front of the hub adds it to each request; what the
//! page's own scripts then fetch and draw is the real thing.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [hub, token, machine] = args.as_slice() else {
        return complain("usage: read_page HUB TOKEN MACHINE");
    };
    let hub = hub.trim_start_matches("http://").to_owned();
    let Ok(listener) = TcpListener::bind("127.0.0.1:0") else { return complain("no port is free") };
    let Ok(address) = listener.local_addr() else { return complain("no port is free") };
    let token = token.clone();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let (hub, token) = (hub.clone(), token.clone());
            std::thread::spawn(move || carry(client, &hub, &token));
        }
    });
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut seen = String::new();
    while Instant::now() < deadline {
        seen = dom(&format!("http://{address}/machines"));
        let name = format!(">{machine}</a>");
        let has_cpu = |row: &str| row.split("v-cell ").any(|cell| cell.starts_with("cpu") && cell.contains('%'));
        if seen.split("role=\"row\" id=").skip(1).any(|row| row.contains(&name) && has_cpu(row)) {
            return ExitCode::SUCCESS;
        }
    }
    complain(&format!("{machine} and its CPU are not on the page:\n{}", &seen[..seen.len().min(4_000)]))
}

/// The page after its scripts have run for some seconds.
fn dom(url: &str) -> String {
    let flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
                 --disable-component-update --disable-sync --virtual-time-budget=6000 --dump-dom";
    let shown = Command::new("chromium").args(flags.split_whitespace()).arg(url).output();
    shown.map(|shown| String::from_utf8_lossy(&shown.stdout).into_owned()).unwrap_or_default()
}

/// One request there and one answer back, with the token added.
fn carry(mut client: TcpStream, hub: &str, token: &str) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && head.len() < 16_384 {
        match client.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return,
        }
    }
    let text = String::from_utf8_lossy(&head);
    let Some((first, rest)) = text.split_once("\r\n") else { return };
    let kept: Vec<&str> = rest.lines().filter(|line| !line.to_ascii_lowercase().starts_with("connection")).collect();
    let request = format!("{first}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n{}\r\n", kept.join("\r\n"));
    let Ok(mut server) = TcpStream::connect(hub) else { return };
    if server.write_all(request.as_bytes()).is_ok() {
        // Either side may hang up; the browser asks again.
        let _copied = std::io::copy(&mut server, &mut client);
    }
}

#[expect(clippy::print_stderr, reason = "the answer to whoever ran it")]
fn complain(why: &str) -> ExitCode {
    eprintln!("read_page: {why}");
    ExitCode::FAILURE
}
