//! A hub, relays, agents and the lines between them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::door::Door;
use crate::ports::free_port;
use crate::program::{Program, run_once};

/// Waits until something is so; the deadline is generous, because correctness never depends on it.
pub fn eventually(what: &str, so: impl FnMut() -> bool) {
    eventually_every(Duration::from_millis(100), what, so);
}

/// The same, looked at this often.
pub(crate) fn eventually_every(interval: Duration, what: &str, mut so: impl FnMut() -> bool) {
    let (began, most) = (Instant::now(), Duration::from_secs(180));
    while began.elapsed() < most {
        if so() {
            println!("{what}: after {:.1} s", began.elapsed().as_secs_f64());
            return;
        }
        std::thread::sleep(interval);
    }
    panic!("not within {} s: {what}", most.as_secs());
}

/// A whole deployment on loopback.
#[derive(Debug)]
pub struct Mesh {
    /// The hub.
    pub hub: Program,
    hub_udp: u16,
    hub_http: u16,
    token: String,
    /// Last: what programs logged is shown before it goes.
    dir: TempDir,
}

/// A relay and where it is.
#[derive(Debug)]
pub struct Relay {
    /// The program.
    pub program: Program,
    /// Its data folder.
    pub data: PathBuf,
    /// Where its agents reach it.
    pub udp: u16,
    http: u16,
}

impl Relay {
    /// Its page and API, with the token that its people have; waits until they are there.
    pub fn door(&self) -> Door {
        door(self.http, &self.data)
    }
}

/// An agent and what makes its figures.
#[derive(Debug)]
pub struct Agent {
    /// The program.
    pub program: Program,
    /// Its data folder.
    pub data: PathBuf,
    /// Its node id.
    pub node: String,
    /// The seed of its figures.
    pub seed: u64,
}

/// A line that can be cut.
#[derive(Debug)]
pub struct Line {
    /// The program.
    pub program: Program,
    /// Where the near side reaches it.
    pub udp: u16,
    control: u16,
}

impl Line {
    /// Bytes that crossed the line so far, both ways, UDP and IP headers counted.
    pub fn wire_bytes(&self) -> u64 {
        let stats = self.tell(r#"{"do":"stats"}"#);
        ["up", "down"].iter().filter_map(|way| stats["stats"][way]["udp"]["out"]["wire_bytes"].as_u64()).sum()
    }

    /// Tells the line something, such as `{"do":"cut"}`; gives its answer.
    pub fn tell(&self, request: &str) -> Value {
        let mut stream = TcpStream::connect(("127.0.0.1", self.control)).expect("the line answers");
        writeln!(stream, "{request}").expect("the line listens");
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).expect("the line answers");
        let answer: Value = serde_json::from_str(&answer).expect("the line answers in JSON");
        assert_eq!(answer["ok"], true, "{answer}");
        answer
    }
}

/// The HTTP side of a node that writes its token into its data folder.
fn door(http: u16, data: &Path) -> Door {
    let mut found = None;
    eventually("a node answers over HTTP", || {
        let token = std::fs::read_to_string(data.join("http.token")).unwrap_or_default();
        let door = Door::new(http, "/prometheus", Some(token.trim()));
        let ready = !token.is_empty() && door.get("/api/v1/sites").is_some_and(|answer| answer.status == 200);
        found = ready.then_some(door);
        ready
    });
    found.expect("it answered")
}

fn owned(args: &[&str]) -> Vec<String> {
    args.iter().map(ToString::to_string).collect()
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

impl Mesh {
    /// A hub alone.
    pub fn new() -> Self {
        Self::with_hub_args(&[])
    }

    /// A hub alone, with further arguments.
    pub fn with_hub_args(more: &[&str]) -> Self {
        let dir = TempDir::new().expect("a temporary folder");
        let (hub_udp, hub_http) = (free_port(), free_port());
        let data = dir.path().join("hub");
        let own = format!("127.0.0.1:{hub_udp}");
        let http = format!("127.0.0.1:{hub_http}");
        let mut args = owned(&["run", "--data", &text(&data), "--listen", &own, "--advertise", &own, "--http", &http]);
        args.extend(owned(more));
        let hub = Program::start("vigie-cloud", args, &dir.path().join("hub.log"));
        let mut mesh = Self { dir, hub, hub_udp, hub_http, token: String::new() };
        eventually("the hub answers", || {
            mesh.token = std::fs::read_to_string(data.join("http.token")).unwrap_or_default().trim().to_owned();
            !mesh.token.is_empty() && mesh.get("/api/v1/sites").is_some()
        });
        mesh
    }

    /// Where all data is.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The hub's data folder.
    pub fn hub_data(&self) -> PathBuf {
        self.dir.path().join("hub")
    }

    /// Where the hub listens.
    pub fn hub_udp(&self) -> u16 {
        self.hub_udp
    }

    /// The hub's page and API, with the token that its people have.
    pub fn door(&self) -> Door {
        door(self.hub_http, &self.hub_data())
    }

    /// The hub's page and API for somebody whom the hub gives a token of their own.
    pub fn door_for(&self, name: &str, more: &[&str]) -> Door {
        let made = self.hub_command(&[&["api-token", "create", "--name", name], more].concat());
        assert!(made.status.success(), "{made:?}");
        let token = String::from_utf8_lossy(&made.stdout).trim().to_owned();
        Door::new(self.hub_http, "/prometheus", Some(&token))
    }

    /// A join token for a site.
    pub fn token(&self, site: &str, more: &[&str]) -> String {
        let data = text(&self.hub_data());
        let mut args = vec!["token", "create", "--data", &data, "--client", "acme", "--site", site, "--uses", "9"];
        args.extend(more);
        let made = run_once("vigie-cloud", &args);
        assert!(made.status.success(), "{made:?}");
        String::from_utf8_lossy(&made.stdout).trim().to_owned()
    }

    /// A line to somewhere on this machine.
    pub fn line(&self, name: &str, target: u16) -> Line {
        let (udp, control) = (free_port(), free_port());
        let args = owned(&[
            "run",
            "--udp",
            &format!("127.0.0.1:{udp}=127.0.0.1:{target}"),
            "--control",
            &format!("127.0.0.1:{control}"),
        ]);
        let program = Program::start("vigie-link", args, &self.dir.path().join(format!("{name}.log")));
        eventually("the line is up", || TcpStream::connect(("127.0.0.1", control)).is_ok());
        Line { program, udp, control }
    }

    /// A relay of a site that reaches the hub through `hub`.
    pub fn relay(&self, site: &str, name: &str, hub: u16) -> Relay {
        let data = self.dir.path().join(name);
        let udp = free_port();
        let own = format!("127.0.0.1:{udp}");
        let token = self.token(site, &["--role", "relay"]);
        let done = run_once(
            "vigie-relay",
            &["enrol", "--data", &text(&data), "--token", &token, "--advertise", &own, "--name", name],
        );
        assert!(done.status.success(), "{done:?}");
        let http = free_port();
        let (listen, hub) = (format!("127.0.0.1:{http}"), format!("127.0.0.1:{hub}"));
        let args = owned(&["run", "--data", &text(&data), "--listen", &own, "--http", &listen, "--hub", &hub]);
        let program = Program::start("vigie-relay", args, &self.dir.path().join(format!("{name}.log")));
        Relay { program, data, udp, http }
    }

    /// An agent with synthetic figures that goes to these relays, and never to the hub itself unless it has none.
    pub fn agent(&self, site: &str, name: &str, seed: u64, relays: &[u16], more: &[&str]) -> Agent {
        self.agent_in(site, name, seed, relays, more, Vec::new())
    }

    /// The same with some environment.
    pub fn agent_in(
        &self,
        site: &str,
        name: &str,
        seed: u64,
        relays: &[u16],
        more: &[&str],
        env: Vec<(String, String)>,
    ) -> Agent {
        let data = self.dir.path().join(name);
        let token = self.token(site, &[]);
        let enrol = ["enrol", "--data", &text(&data), "--token", &token, "--name", name, "--json"];
        let mut done = run_once("vigie-agent", &enrol);
        for _ in 0..50 {
            // A hub that serves as many strangers as it does at once says so.
            if done.status.success() {
                break;
            }
            std::thread::sleep(Duration::from_millis(200));
            done = run_once("vigie-agent", &enrol);
        }
        assert!(done.status.success(), "{done:?}");
        let said: Value = serde_json::from_slice(&done.stdout).expect("enrol answers in JSON");
        let node = said["node"].as_str().expect("a node id").to_owned();
        let collector = format!("synthetic:{seed},{}", crate::oracle::SERIES);
        let mut args = owned(&["run", "--data", &text(&data), "--collector", &collector]);
        args.extend(owned(&[
            "--fast-s",
            "1",
            "--medium-s",
            "10",
            "--slow-s",
            "60",
            "--commit-s",
            "1",
            "--seal-s",
            "5",
        ]));
        if relays.is_empty() {
            args.extend(owned(&["--relays", ""]));
        } else {
            let list: Vec<_> = relays.iter().map(|udp| format!("127.0.0.1:{udp}")).collect();
            args.extend(owned(&["--relays", &list.join(","), "--relay-only"]));
        }
        for said in more.chunks(2) {
            let [option, value] = said else { panic!("an option has a value: {said:?}") };
            match args.iter().position(|arg| arg == option) {
                Some(at) => args[at + 1] = (*value).to_owned(),
                None => args.extend(owned(said)),
            }
        }
        let program = Program::start_in("vigie-agent", args, env, &self.dir.path().join(format!("{name}.log")));
        Agent { program, data, node, seed }
    }

    /// Copies the folder of an agent that does not run, and starts it there as well. Its node id is the same at first.
    pub fn copy_of(&self, agent: &Agent, name: &str) -> Agent {
        let data = self.dir.path().join(name);
        let done = std::process::Command::new("cp").arg("-a").arg(&agent.data).arg(&data).output();
        assert!(done.as_ref().is_ok_and(|done| done.status.success()), "{done:?}");
        let log = self.dir.path().join(format!("{name}.log"));
        std::fs::write(data.join("name"), name).expect("the copy is known by a name of its own");
        let program = agent.program.beside(&[("--data", &text(&data))], &log);
        Agent { program, data, node: agent.node.clone(), seed: agent.seed }
    }

    /// What the hub answers over HTTP, if it does.
    pub fn get(&self, path: &str) -> Option<Value> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.hub_http)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
        let token = &self.token;
        let request = format!("GET {path} HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n");
        stream.write_all(request.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        if head.contains(" 200 ") { serde_json::from_str(body).ok() } else { None }
    }

    /// The ledger of an agent at the hub: collected, at the hub, waiting, given up.
    pub fn ledger(&self, agent: &Agent) -> Option<[u64; 4]> {
        let total = self.get(&format!("/api/v1/machines/{}/ledger", agent.node))?["total"].take();
        let ticks = |key: &str| total[key]["ticks"].as_u64().unwrap_or(0);
        let given_up = total["given_up"].as_array()?.iter().filter_map(|one| one["ticks"].as_u64()).sum();
        let [collected, at_hub, folded, waiting] = ["collected", "at_hub", "folded", "waiting"].map(ticks);
        assert_eq!(collected, at_hub + folded + waiting + given_up, "the sums meet at all times: {total}");
        Some([collected, at_hub, waiting, given_up])
    }

    /// Waits until the hub has at least so many ticks of an agent, and none is known to wait.
    pub fn settles(&self, agent: &Agent, at_least: u64) {
        eventually(&format!("{at_least} ticks of {} are at the hub", agent.node), || {
            self.ledger(agent).is_some_and(|[_, at_hub, waiting, _]| at_hub >= at_least && waiting == 0)
        });
    }

    /// Runs one of the hub's commands on its data.
    pub fn hub_command(&self, args: &[&str]) -> std::process::Output {
        let data = text(&self.hub_data());
        run_once("vigie-cloud", &[args, &["--data", &data]].concat())
    }

    /// What a node says of itself at its local socket.
    pub fn status(&self, program: &str, data: &Path) -> Option<Value> {
        let said = run_once(program, &["status", "--data", &text(data), "--json"]);
        if said.status.success() { serde_json::from_slice(&said.stdout).ok() } else { None }
    }

    /// Waits until everything an agent ever made durable is signed for by the hub, then ends the agent, then the hub.
    pub fn wind_down(&mut self, agents: &mut [Agent], relays: &mut [Relay]) {
        for agent in agents.iter_mut() {
            assert!(agent.program.stop(), "the agent ends in order");
            // Once more up, to bring what it sealed at the end; nothing new is measured within the hour.
            for interval in ["--fast-s", "--medium-s", "--slow-s"] {
                agent.program.say(interval, "3600");
            }
            agent.program.again();
        }
        for agent in agents.iter_mut() {
            eventually("the hub has signed for all an agent has", || {
                let Some(status) = self.status("vigie-agent", &agent.data) else { return false };
                assert_eq!(status["sums_meet"], true, "{status}");
                let ledger = &status["ledger"];
                ledger["at_hub"].as_u64() > Some(0) && ledger["waiting"] == 0 && ledger["at_relay"] == 0
            });
            assert!(agent.program.stop(), "the agent ends in order");
        }
        relays.iter_mut().for_each(|relay| {
            relay.program.stop();
        });
        assert!(self.hub.stop(), "the hub ends in order");
    }
}

impl Default for Mesh {
    fn default() -> Self {
        Self::new()
    }
}
