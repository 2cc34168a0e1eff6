//! A hub with everything that a provider of many clients has, made through the same doors as anybody's.

use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use vigie_swarm::process::memory_mb;

use super::people::{self, Cast};
use super::{Size, until};
use crate::http::Client;
use crate::program::{Program, own};
use crate::say;

/// Series of each machine: what the lists show is there from the first on, and the samples cost the processors little.
const SERIES: &str = "30";

/// How long all machines may take to enrol and to be heard.
const HEARD_WITHIN: Duration = Duration::from_secs(360);

/// Enrolments and samples go on for longer than anything here takes; the swarm is ended when all is measured.
const GOES_ON_FOR: &str = "2h";

/// Each oven that is too hot is an incident.
const RULES: &str = "groups:
  - name: oven
    interval: 1s
    rules:
      - alert: OvenHot
        expr: oven_celsius > 200
        labels: {severity: warning}
        annotations: {summary: oven too hot}
";

/// The hub, its machines, and who asks it.
#[derive(Debug)]
pub(super) struct World {
    // In this order they end.
    _swarm: Swarm,
    pub(super) hub: Program,
    own_token: String,
    pub(super) cast: Cast,
    _dir: TempDir,
}

/// The program that is all machines; ends with the world.
#[derive(Debug)]
struct Swarm(Child);

impl Drop for Swarm {
    fn drop(&mut self) {
        // Nothing is to be done about one that has ended already.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A client by its number; its one site is called alike.
pub(super) fn client_name(number: u32) -> String {
    format!("client-{number:03}")
}

impl World {
    pub(super) fn make(size: Size) -> Result<Self, String> {
        let began = Instant::now();
        let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
        let data = dir.path().join("hub");
        configure(&data).map_err(|error| format!("the hub can not be told what to do: {error}"))?;
        let hub = Program::start(&own("vigie-cloud")?, &data, arguments, "/readyz")?;
        let own_token = read_token(&data)?;
        let cast = Cast::begin(&hub, &data)?;
        let swarm = swarm(&hub, &cast, &own_token, dir.path(), size)?;
        let world = Self { _swarm: swarm, hub, own_token, cast, _dir: dir };
        people::invite(&world, size)?;
        say(&format!("{} people came in, after {:.0} s", size.people, began.elapsed().as_secs_f64()));
        world.until_heard(size)?;
        say(&format!("{} machines are heard, after {:.0} s", size.machines, began.elapsed().as_secs_f64()));
        people::settle_in(&world, size)?;
        for client in 0..size.clients {
            world.ovens(client, &format!("first-{client}"), size.incidents)?;
        }
        let mut own = world.own()?;
        let wanted = u64::from(size.clients * size.incidents);
        let known = || {
            Ok(own.say("GET", "/api/v1/incidents?limit=1&q=rule:OvenHot", &Value::Null)?["total"].as_u64()
                >= Some(wanted))
        };
        until("incidents of all clients are known", Duration::from_secs(120), known)?;
        let (took, rss) = (began.elapsed().as_secs_f64(), memory_mb(world.hub.pid()).rss);
        say(&format!("the hub has all of it after {took:.0} s, in {rss:.0} MB of RSS"));
        Ok(world)
    }

    /// The hub's own machine asks.
    pub(super) fn own(&self) -> Result<Client, String> {
        Client::connect(self.hub.address, Some(&self.own_token)).map_err(|error| error.to_string())
    }

    /// Some ovens of a client get too hot: as many incidents.
    pub(super) fn ovens(&self, client: u32, name: &str, count: u32) -> Result<(), String> {
        let name_of = client_name(client);
        let line = |number| format!("oven_celsius{{oven=\"{name}-{number}\"}} 300\n");
        let text: String = (0..count).map(line).collect();
        let path = format!("/to/{name_of}/{name_of}/api/v1/import/prometheus");
        let mut own = self.own()?;
        let answer = own.post(&path, &[("Content-Type", "text/plain")], text.as_bytes());
        let answer = answer.map_err(|error| format!("{path}: {error}"))?;
        if answer.is_good() {
            Ok(())
        } else {
            Err(format!("{path} was answered with {}: {}", answer.status, answer.excerpt()))
        }
    }

    fn until_heard(&self, size: Size) -> Result<(), String> {
        let mut own = self.own()?;
        let all_live = || {
            let seen = own.say("GET", "/api/v1/machines?limit=1&q=reach:live", &Value::Null)?;
            Ok(seen["total"].as_u64() >= Some(u64::from(size.machines)))
        };
        until("all machines are live", HEARD_WITHIN, all_live).map(|_| ())
    }
}

/// What the hub is told before it starts. Nodes dial a port that nobody had a moment ago.
fn configure(data: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(data.join("rules"))?;
    std::fs::write(data.join("rules/oven.yml"), RULES)?;
    let nodes = UdpSocket::bind("127.0.0.1:0")?.local_addr()?;
    let said = format!(
        "listen = '{nodes}'\nadvertise = ['{nodes}']\nbehind_tls_proxy = true\nlog = 'error'\n\
         [outgoing]\nallow = ['127.0.0.0/8']\n"
    );
    std::fs::write(data.with_extension("toml"), said)
}

fn arguments(data: &Path, address: SocketAddr) -> Vec<String> {
    let (config, data) = (data.with_extension("toml"), data.to_string_lossy().into_owned());
    let (config, http) = (config.to_string_lossy().into_owned(), address.to_string());
    ["run", "--data", &data, "--config", &config, "--http", &http].map(str::to_owned).into()
}

/// The token that opens a hub to its own machine.
pub(super) fn read_token(data: &Path) -> Result<String, String> {
    let file = data.join("http.token");
    let text = std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(text.trim().to_owned())
}

/// All machines, each client's behind a relay of its own.
fn swarm(hub: &Program, cast: &Cast, own_token: &str, dir: &Path, size: Size) -> Result<Swarm, String> {
    let mut provider = cast.provider()?;
    let uses = size.machines.div_ceil(size.clients) + 1;
    let mut command = Command::new(own("vigie-sim")?);
    for client in 0..size.clients {
        let name = client_name(client);
        let wish = json!({ "client": name, "site": name, "roles": ["agent", "relay"], "uses": uses, "minutes": 600 });
        let made = provider.say("POST", "/api/v1/enrolments", &wish)?;
        command.args(["--token", made["token"].as_str().ok_or("no join token was given")?]);
    }
    let log = std::fs::File::create(dir.join("swarm.log")).map_err(|error| error.to_string())?;
    command
        .args(["--machines", &size.machines.to_string(), "--relays", &size.clients.to_string()])
        .args(["--series", SERIES, "--for", GOES_ON_FOR, "--api", &hub.address.to_string(), "--json"])
        .env("VIGIE_API_TOKEN", own_token)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log);
    command.spawn().map(Swarm).map_err(|error| format!("the swarm can not be started: {error}"))
}
