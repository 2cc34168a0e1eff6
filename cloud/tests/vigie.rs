//! Does `vigie` ask a real hub, say what went wrong by its exit code, and let no text do anything to a terminal?

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

#[path = "vigie/audit.rs"]
mod audit;
#[path = "vigie/chats.rs"]
mod chats;
#[path = "vigie/demonstration.rs"]
mod demonstration;
#[path = "vigie/erased.rs"]
mod erased;
#[path = "vigie/erased_client.rs"]
mod erased_client;
#[path = "vigie/jobs.rs"]
mod jobs;
#[path = "vigie/mail.rs"]
mod mail;
#[path = "vigie/quotas.rs"]
mod quotas;
#[path = "vigie/status_page.rs"]
mod status_page;
#[path = "vigie/upkeep.rs"]
mod upkeep;
#[path = "vigie/webhooks.rs"]
mod webhooks;

/// A hub on loopback, ended with the test.
struct Hub {
    process: Child,
    folder: tempfile::TempDir,
    url: String,
    /// Where nodes enrol.
    nodes: u16,
}

impl Hub {
    fn start() -> Self {
        Self::configured("")
    }

    fn configured(text: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("cloud.toml"), text).expect("a configuration");
        let http = free_port();
        let nodes = free_udp_port();
        let process = run(folder.path(), http, nodes);
        let hub = Self { process, folder, url: format!("http://127.0.0.1:{http}"), nodes };
        hub.is_up();
        hub
    }

    /// Killed, and started again on what it left.
    fn killed_and_started(&mut self) {
        self.process.kill().expect("it runs");
        self.process.wait().expect("it ends");
        let (_, port) = self.url.rsplit_once(':').expect("a port");
        self.process = run(self.folder.path(), port.parse().expect("a number"), self.nodes);
        self.is_up();
    }

    fn is_up(&self) {
        let begun = Instant::now();
        while self.vigie(&["sites", "list"]).status.code() != Some(0) {
            assert!(begun.elapsed() < Duration::from_secs(60), "the hub does not come up");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Brings samples as others do.
    fn push(&self, path: &str, body: &str) {
        let said = self.wire("POST", path, body);
        assert!(said.starts_with("HTTP/1.1 2"), "{said}");
    }

    /// What stands at an address.
    fn page(&self, path: &str) -> String {
        let said = self.wire("GET", path, "");
        assert!(said.starts_with("HTTP/1.1 200"), "{said}");
        said
    }

    /// Asks as any client of HTTP does, with the hub's own token.
    fn wire(&self, method: &str, path: &str, body: &str) -> String {
        use std::io::{Read, Write};
        let address = self.url.trim_start_matches("http://");
        let mut wire = std::net::TcpStream::connect(address).expect("the hub listens");
        let (token, length) = (self.token(), body.len());
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\ncontent-type: text/plain\r\n\
             content-length: {length}\r\nconnection: close\r\n\r\n"
        );
        wire.write_all((head + body).as_bytes()).expect("it is sent");
        let mut said = String::new();
        wire.read_to_string(&mut said).expect("an answer");
        said
    }

    fn token(&self) -> String {
        let file = self.folder.path().join("hub").join("http.token");
        std::fs::read_to_string(file).map(|token| token.trim().to_owned()).unwrap_or_default()
    }

    /// Asks with the hub's own token.
    fn vigie(&self, words: &[&str]) -> Output {
        self.asks(words, &[("VIGIE_URL", &self.url), ("VIGIE_TOKEN", &self.token())])
    }

    fn asks(&self, words: &[&str], said: &[(&str, &str)]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vigie"));
        command.args(words).env_remove("VIGIE_URL").env_remove("VIGIE_TOKEN").stdin(Stdio::null());
        command.env("XDG_CONFIG_HOME", self.config()).envs(said.iter().copied());
        command.output().expect("vigie runs")
    }

    fn config(&self) -> std::path::PathBuf {
        self.folder.path().join("config")
    }

    fn json(&self, words: &[&str]) -> Value {
        let output = self.vigie(words);
        assert_eq!(output.status.code(), Some(0), "{words:?}: {}", err(&output));
        serde_json::from_str(&out(&output)).unwrap_or_else(|error| panic!("{words:?}: {error}: {}", out(&output)))
    }
}

fn run(folder: &Path, http: u16, nodes: u16) -> Child {
    let nodes = format!("127.0.0.1:{nodes}");
    Command::new(env!("CARGO_BIN_EXE_vigie-cloud"))
        .args(["run", "--listen", &nodes, "--advertise", &nodes])
        .args(["--http", &format!("127.0.0.1:{http}"), "--config"])
        .arg(folder.join("cloud.toml"))
        .arg("--data")
        .arg(folder.join("hub"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a hub")
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port()
}

fn free_udp_port() -> u16 {
    std::net::UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port").port()
}

/// Asks the hub's own command line.
fn console(hub: &Hub, words: &[&str]) -> String {
    let output = at_console(hub, words);
    assert!(output.status.success(), "{words:?}: {}", err(&output));
    out(&output)
}

/// The same, of what is refused: why.
fn console_fails(hub: &Hub, words: &[&str]) -> String {
    let output = at_console(hub, words);
    assert!(!output.status.success(), "{words:?}: {}", out(&output));
    err(&output)
}

fn at_console(hub: &Hub, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vigie-cloud"));
    command.args(words).arg("--data").arg(hub.folder.path().join("hub"));
    command.output().expect("it runs")
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn every_verb_asks_a_real_hub() {
    let hub = Hub::start();
    for words in [
        &["whoami"][..],
        &["status"],
        &["machines", "list", "reach:live", "cpu:>90"],
        &["sites", "list", "--limit", "3"],
        &["alerts", "list", "--all", "severity:crit"],
        &["rules", "list"],
        &["rules", "show", "CpuBusy"],
        &["maintenance", "list"],
        &["availability"],
        &["query", "vector(1)"],
        &["query", "up", "--start", "1h", "--step", "5m"],
        &["export", "up", "--start", "1h"],
        &["people", "list", "role:admin"],
        &["tokens", "list"],
        &["roles"],
        &["jobs", "list", "state:dead,retrying"],
        &["jobs", "queues"],
        &["demo", "show"],
        &["jobs", "messages"],
        &["audit", "list", "what:person.invite"],
        &["audit", "verify"],
        &["audit", "export"],
        &["api", "get", "/api/v1/here"],
        &["completion", "zsh"],
    ] {
        for form in [&[][..], &["--json"], &["--ndjson"]] {
            let output = hub.vigie(&[form, words].concat());
            assert_eq!(output.status.code(), Some(0), "{words:?} {form:?}: {}", err(&output));
        }
    }
    let rules = hub.json(&["--json", "rules", "list"]);
    assert!(rules["groups"].as_array().is_some_and(|groups| !groups.is_empty()));
    let table = out(&hub.vigie(&["--tsv", "rules", "list"]));
    assert!(table.starts_with("rule\tgroup\t") && table.lines().count() > 5, "{table}");
}

#[test]
fn what_is_written_is_there_and_says_nothing_to_a_terminal() {
    let hub = Hub::start();
    let hostile = "x\u{1b}[2J\u{202e}y";
    let add =
        ["--json", "maintenance", "add", "--client", "acme", "--site", "lyon", "--minutes", "5", "--why", hostile];
    let made = hub.json(&add);
    assert_eq!(made["wish"]["why"], hostile, "to programs it is what was written");
    let id = made["id"].as_str().expect("an id").to_owned();
    for form in ["--tsv", "--ndjson", "--json"] {
        let shown = out(&hub.vigie(&[form, "maintenance", "list"]));
        assert!(shown.contains(&id) && !shown.contains(['\u{1b}', '\u{202e}']), "{form}: {shown:?}");
    }
    let unsure = hub.vigie(&["maintenance", "end", &id]);
    assert_eq!(unsure.status.code(), Some(2), "a script says --yes: {}", err(&unsure));
    assert_eq!(hub.vigie(&["maintenance", "end", &id, "--yes"]).status.code(), Some(0));
    let list = hub.json(&["--json", "maintenance", "list"]);
    assert_eq!(list["maintenance"][0]["active"], false);
}

#[test]
fn how_it_ended_is_the_exit_code() {
    let hub = Hub::start();
    let code = |words: &[&str]| hub.vigie(words).status.code();
    assert_eq!(code(&["machines", "list", "colour:red"]), Some(2));
    assert_eq!(code(&["machines", "show", "nobody"]), Some(5));
    assert_eq!(code(&["alerts", "ack", "01KZZZZZZZZZZZZZZZZZZZZZZZ"]), Some(5));
    assert_eq!(code(&["weather"]), Some(2));
    let with = |url: &str, token: &str| hub.asks(&["sites", "list"], &[("VIGIE_URL", url), ("VIGIE_TOKEN", token)]);
    assert_eq!(with(&hub.url, "wrong").status.code(), Some(4));
    let nobody = with(&format!("http://127.0.0.1:{}", free_port()), "x");
    assert_eq!(nobody.status.code(), Some(6), "{}", err(&nobody));
    assert!(err(&nobody).contains("nothing is known"), "{}", err(&nobody));
    assert_eq!(hub.asks(&["sites", "list"], &[]).status.code(), Some(4), "nobody has signed in");
    assert_eq!(code(&["status", "--check"]), Some(3), "of no machine anything is known");
}

#[test]
fn a_token_is_kept_once_it_opened_and_sent_to_no_other_hub() {
    let hub = Hub::start();
    let login = |token: &str| hub.asks(&["login", &hub.url], &[("VIGIE_TOKEN", token)]);
    assert_eq!(login("wrong").status.code(), Some(4));
    assert!(!hub.config().join("vigie/login.json").exists());
    assert_eq!(login(&hub.token()).status.code(), Some(0));
    assert!(is_private(&hub.config().join("vigie/login.json")));
    assert_eq!(hub.asks(&["whoami"], &[]).status.code(), Some(0));
    let elsewhere = format!("http://127.0.0.1:{}", free_port());
    assert_eq!(hub.asks(&["whoami"], &[("VIGIE_URL", &elsewhere)]).status.code(), Some(4), "not with this token");
    assert_eq!(hub.asks(&["logout"], &[]).status.code(), Some(0));
    assert_eq!(hub.asks(&["whoami"], &[]).status.code(), Some(4));
}

fn is_private(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(file).is_ok_and(|there| there.permissions().mode() & 0o077 == 0)
}
