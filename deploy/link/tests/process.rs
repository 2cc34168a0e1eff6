//! What a link promises to those who start it as a program.

#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader};
use std::net::UdpSocket;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use vigie_link::Reply;

#[test]
fn a_program_can_be_started_cut_healed_read_and_ended() {
    let target = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut link = Link::start(&["--udp", &format!("127.0.0.1:0={}", target.local_addr().unwrap())]);
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.connect(&link.udp).unwrap();
    target.set_read_timeout(Some(GENEROUS)).unwrap();
    let mut buffer = [0; 64];

    link.told(&["cut"]);
    client.send(b"lost").unwrap();
    link.until(|reply| reply.stats.unwrap().up.udp.dropped.cut == 1);
    link.told(&["heal"]);
    client.send(b"found").unwrap();
    let length = target.recv(&mut buffer).unwrap();
    assert_eq!(&buffer[..length], b"found");

    let reply = link.told(&["set", "--loss-percent", "100", "--down-loss-percent", "0"]);
    assert_eq!(reply.up.unwrap().condition.loss_percent, Some(100.0));
    assert_eq!(reply.down.unwrap().condition.loss_percent, Some(0.0));
    client.send(b"lost again").unwrap();
    link.until(|reply| reply.stats.unwrap().up.udp.dropped.loss == 1);
    link.ended();
}

#[test]
fn wrong_usage_is_2_and_failure_is_1_and_both_say_why() {
    for wrong in [&["run"][..], &["set", "--control", "127.0.0.1:1"], &["run", "--udp", "nonsense"]] {
        let output = vigie_link(wrong);
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
        assert!(!output.stderr.is_empty());
    }
    let output = vigie_link(&["stats", "--control", "127.0.0.1:1"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot reach a link at 127.0.0.1:1"));
}

// === helpers

const GENEROUS: Duration = Duration::from_secs(30);

/// A running program; killed if the test does not get to end it.
struct Link {
    child: Child,
    udp: String,
    control: String,
}

impl Link {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_vigie-link"))
            .arg("run")
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut said: Vec<String> = Vec::new();
        while said.last().is_none_or(|line| line != "ready") {
            said.push(lines.next().expect("it says ready before it ends").unwrap());
        }
        let find = |label: &str| said.iter().find_map(|line| line.strip_prefix(label)).unwrap();
        let udp = find("udp: ").split(" -> ").next().unwrap().to_owned();
        let control = find("control: ").to_owned();
        Self { child, udp, control }
    }

    fn told(&self, arguments: &[&str]) -> Reply {
        let control = ["--control", &self.control, "--json"];
        let output = vigie_link(&[arguments, &control].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn until(&self, reached: impl Fn(&Reply) -> bool) {
        let begun = std::time::Instant::now();
        while !reached(&self.told(&["stats"])) {
            assert!(begun.elapsed() < GENEROUS, "the link does not get there");
        }
    }

    fn ended(&mut self) {
        let terminated = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(terminated.success());
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            self.child.kill().unwrap();
            self.child.wait().unwrap();
        }
    }
}

fn vigie_link(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vigie-link")).args(arguments).output().unwrap()
}
