//! Prometheus' own client, and somebody who says the token for it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use vigie_trial::{Door, run_once};

/// What `promtool query` prints about a question to a node.
pub(crate) fn promtool(door: &Door, args: &[&str], text: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url =
        door.url().replace(&door.port().to_string(), &listener.local_addr().expect("its address").port().to_string());
    let done = std::thread::scope(|scope| {
        scope.spawn(|| pass_on(&listener, door));
        run_once("promtool", &[&["query"], args, &[&url, text]].concat())
    });
    assert!(done.status.success(), "{done:?}");
    String::from_utf8_lossy(&done.stdout).into_owned()
}

/// Passes one request on, with the token.
fn pass_on(listener: &TcpListener, door: &Door) {
    let (mut near, _) = listener.accept().expect("promtool comes");
    let mut asked = Vec::new();
    while !is_whole(&asked) {
        let mut some = [0; 4_096];
        let read = near.read(&mut some).expect("promtool asks");
        assert!(read > 0, "promtool left");
        asked.extend_from_slice(&some[..read]);
    }
    let mut far = TcpStream::connect(("127.0.0.1", door.port())).expect("the node answers");
    let line = asked.iter().position(|byte| *byte == b'\n').expect("a request line") + 1;
    let token = door.token().map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    far.write_all(&asked[..line]).expect("the node listens");
    far.write_all(format!("Connection: close\r\n{token}").as_bytes()).expect("the node listens");
    far.write_all(&asked[line..]).expect("the node listens");
    std::io::copy(&mut far, &mut near).expect("promtool hears the answer");
}

/// Whether a request is all here: its head, and as much as it says.
fn is_whole(asked: &[u8]) -> bool {
    let Some(end) = asked.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&asked[..end]).to_ascii_lowercase();
    let said = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    asked.len() >= end + 4 + said.unwrap_or(0)
}
