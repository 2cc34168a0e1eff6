//! What does one property of a service on the system bus say?
//!
//! A few messages of D-Bus over one short connection, so that nothing is started and no library is linked for a single
//! number. Never calls a method that changes anything, and asks for no service to be started.

use std::io::{self, Read, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
use std::os::unix::net::UnixStream;

/// The answers looked for are some hundred bytes; signals may come between.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// A number that a service shows on the bus.
#[derive(Debug, Clone, Copy)]
pub(super) struct Property {
    pub(super) service: &'static str,
    pub(super) object: &'static str,
    pub(super) interface: &'static str,
    pub(super) name: &'static str,
}

/// The number; `None` where the bus has no such service or the service no such property.
///
/// # Errors
/// When there is no bus, or it does not answer in time or in a way that can be understood.
pub(super) fn ask(bus: &Path, property: &Property, deadline: Instant) -> io::Result<Option<u32>> {
    let mut talk = Talk { stream: dial(bus)?, deadline, heard: Vec::new() };
    talk.sign_in()?;
    talk.send(&call(1, &HELLO, &[]))?;
    talk.send(&call(2, property, &[property.interface, property.name]))?;
    loop {
        if let Some(answer) = talk.answer(2)? {
            return Ok(answer);
        }
    }
}

/// A bus that takes no more connections is not waited for.
fn dial(bus: &Path) -> io::Result<UnixStream> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    connect(&socket, &SocketAddrUnix::new(bus)?)?;
    let stream = UnixStream::from(socket);
    stream.set_nonblocking(false)?;
    Ok(stream)
}

/// Without it the bus passes nothing on.
const HELLO: Property = Property {
    service: "org.freedesktop.DBus",
    object: "/org/freedesktop/DBus",
    interface: "org.freedesktop.DBus",
    name: "Hello",
};

struct Talk {
    stream: UnixStream,
    deadline: Instant,
    heard: Vec<u8>,
}

impl Talk {
    /// By the user id, which the kernel vouches for.
    fn sign_in(&mut self) -> io::Result<()> {
        let uid = rustix::process::getuid().as_raw().to_string();
        let uid: String = uid.bytes().map(|byte| format!("{byte:02x}")).collect();
        self.send(format!("\0AUTH EXTERNAL {uid}\r\n").as_bytes())?;
        while !self.heard.ends_with(b"\r\n") {
            self.hear()?;
        }
        if !self.heard.starts_with(b"OK ") {
            return Err(strange("the bus does not let this program in"));
        }
        self.heard.clear();
        self.send(b"BEGIN\r\n")
    }

    /// The next message, if it is the answer to this call: its number, or that there is none.
    fn answer(&mut self, serial: u32) -> io::Result<Option<Option<u32>>> {
        loop {
            if let Some(length) = Message::length(&self.heard)?.filter(|length| self.heard.len() >= *length) {
                let message: Vec<u8> = self.heard.drain(..length).collect();
                let answer = Message::read(&message).filter(|read| read.answers == Some(serial));
                return answer.map(Message::number).transpose();
            }
            self.hear()?;
        }
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.set_write_timeout(Some(self.left()?))?;
        self.stream.write_all(bytes)
    }

    fn hear(&mut self) -> io::Result<()> {
        self.stream.set_read_timeout(Some(self.left()?))?;
        let mut some = [0; 1024];
        let count = self.stream.read(&mut some)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.heard.extend_from_slice(&some[..count]);
        if self.heard.len() > MAX_ANSWER_BYTES { Err(strange("the bus says more than was asked for")) } else { Ok(()) }
    }

    fn left(&self) -> io::Result<Duration> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
    }
}

fn strange(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// A call with texts: of a method itself, or of `Get` with two of them.
fn call(serial: u32, property: &Property, texts: &[&str]) -> Vec<u8> {
    let mut body = Vec::new();
    texts.iter().for_each(|text| put_text(&mut body, text));
    let (interface, member) =
        if texts.is_empty() { (property.interface, property.name) } else { ("org.freedesktop.DBus.Properties", "Get") };
    let mut fields = Vec::new();
    for (code, kind, text) in
        [(1, b'o', property.object), (2, b's', interface), (3, b's', member), (6, b's', property.service)]
    {
        pad(&mut fields, 8);
        fields.extend([code, 1, kind, 0]);
        put_text(&mut fields, text);
    }
    if !texts.is_empty() {
        pad(&mut fields, 8);
        fields.extend([8, 1, b'g', 0, 2, b's', b's', 0]);
    }
    // Little endian, a call, which starts no service, version 1.
    let mut message = vec![b'l', 1, 2, 1];
    for number in [body.len() as u32, serial, fields.len() as u32] {
        message.extend(number.to_le_bytes());
    }
    message.extend(fields);
    pad(&mut message, 8);
    message.extend(body);
    message
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    pad(out, 4);
    out.extend((text.len() as u32).to_le_bytes());
    out.extend(text.as_bytes());
    out.push(0);
}

fn pad(out: &mut Vec<u8>, to: usize) {
    out.resize(out.len().next_multiple_of(to), 0);
}

/// What is looked at of a message that came.
struct Message {
    is_error: bool,
    /// The number of the call that it answers.
    answers: Option<u32>,
    /// A variant with a number in it.
    value: Option<u32>,
}

/// Bytes in front of the header's fields.
const FIXED: usize = 16;

impl Message {
    /// How long the message is that begins here, once that can be said.
    fn length(bytes: &[u8]) -> io::Result<Option<usize>> {
        let Some(fixed) = bytes.get(..FIXED) else { return Ok(None) };
        let number = |at| number(fixed, at, fixed[0] == b'B').unwrap_or(u32::MAX) as usize;
        let (body, fields) = (number(4), number(12));
        if !matches!(fixed[0], b'l' | b'B') || body > MAX_ANSWER_BYTES || fields > MAX_ANSWER_BYTES {
            return Err(strange("the bus says what is no message"));
        }
        Ok(Some((FIXED + fields).next_multiple_of(8) + body))
    }

    fn read(message: &[u8]) -> Option<Self> {
        let big = *message.first()? == b'B';
        let end = FIXED + number(message, 12, big)? as usize;
        let (mut at, mut answers) = (FIXED, None);
        while at < end {
            at = at.next_multiple_of(8);
            let (code, kind) = (*message.get(at)?, *message.get(at + 2)?);
            at += 4;
            at = match kind {
                b'u' => {
                    answers = if code == 5 { number(message, at, big) } else { answers };
                    at + 4
                }
                b's' | b'o' => at.checked_add(5)?.checked_add(number(message, at, big)? as usize)?,
                b'g' => at + 2 + usize::from(*message.get(at)?),
                _ => return None,
            };
        }
        let body = end.next_multiple_of(8);
        let is_number = message.get(body..body + 3) == Some(&[1, b'u', 0]);
        let value = is_number.then(|| number(message, body + 4, big)).flatten();
        Some(Self { is_error: message[1] == 3, answers, value })
    }

    fn number(self) -> io::Result<Option<u32>> {
        match (self.is_error, self.value) {
            (true, _) => Ok(None),
            (false, Some(value)) => Ok(Some(value)),
            (false, None) => Err(strange("the bus answers with no number")),
        }
    }
}

fn number(bytes: &[u8], at: usize, big: bool) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?.first_chunk::<4>()?;
    Some(if big { u32::from_be_bytes(*four) } else { u32::from_le_bytes(*four) })
}

#[cfg(test)]
pub(super) mod tests {
    use std::os::unix::net::UnixListener;
    use std::thread::JoinHandle;

    use proptest::prelude::*;

    use super::*;

    pub(in crate::collect) const IT: Property =
        Property { service: "org.example.A", object: "/a", interface: "org.example.A.B", name: "Count" };

    /// A bus that says hello, then something else, then this.
    pub(in crate::collect) fn bus(socket: &Path, answer: Vec<u8>) -> JoinHandle<Vec<u8>> {
        let listener = UnixListener::bind(socket).expect("a socket");
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut said = vec![0; 1024];
            let count = stream.read(&mut said).expect("it signs in");
            assert!(said[..count].starts_with(b"\0AUTH EXTERNAL "), "{said:?}");
            stream.write_all(b"OK 0123456789abcdef0123456789abcdef\r\n").expect("it listens");
            let mut calls = Vec::new();
            while calls.len() < 7 + call(1, &HELLO, &[]).len() + call(2, &IT, &[IT.interface, IT.name]).len() {
                let count = stream.read(&mut said).expect("it asks");
                calls.extend_from_slice(&said[..count]);
                if count == 0 {
                    return calls;
                }
            }
            let named = reply(2, 1, &[1, b's', 0, 0, 2, 0, 0, 0, b':', b'1', 0]);
            stream.write_all(&[named, reply(4, 9, &[]), answer].concat()).expect("it listens");
            calls
        })
    }

    /// A message that answers a call.
    pub(in crate::collect) fn reply(kind: u8, answers: u32, body: &[u8]) -> Vec<u8> {
        let mut fields = vec![5, 1, b'u', 0];
        fields.extend(answers.to_le_bytes());
        fields.extend([6, 1, b's', 0, 4, 0, 0, 0, b':', b'1', b'.', b'7', 0]);
        let mut message = vec![b'l', kind, 0, 1];
        for number in [body.len() as u32, 77, fields.len() as u32] {
            message.extend(number.to_le_bytes());
        }
        message.extend(fields);
        pad(&mut message, 8);
        message.extend(body);
        message
    }

    fn answered(answer: Vec<u8>) -> io::Result<Option<u32>> {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join("bus");
        let bus = bus(&socket, answer);
        let said = ask(&socket, &IT, Instant::now() + Duration::from_secs(20));
        let calls = bus.join().expect("it ends");
        let asked = [b"BEGIN\r\n".to_vec(), call(1, &HELLO, &[]), call(2, &IT, &[IT.interface, IT.name])].concat();
        assert_eq!(calls, asked);
        said
    }

    #[test]
    fn a_number_is_read_from_the_answer_to_the_question_and_from_no_other_message() {
        assert_eq!(answered(reply(2, 2, &[1, b'u', 0, 0, 3, 0, 0, 0])).expect("an answer"), Some(3));
        assert_eq!(answered(reply(3, 2, &[])).expect("an answer"), None, "there is no such service");
        assert!(answered(reply(2, 2, &[1, b's', 0, 0])).is_err(), "no number");
    }

    #[test]
    fn a_bus_that_is_not_there_or_says_nothing_is_not_waited_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join("bus");
        assert!(ask(&socket, &IT, Instant::now() + Duration::from_secs(20)).is_err());
        let _listens = UnixListener::bind(&socket).expect("a socket");
        let soon = Instant::now() + Duration::from_millis(20);
        let error = ask(&socket, &IT, soon).expect_err("nobody answers");
        assert!(matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut), "{error:?}");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            drop((Message::length(&bytes), Message::read(&bytes).is_some()));
        }
    }
}
