//! The hub and the programs beside it: how each is started on a folder, written to, and brought to rest.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use vigie_formats::remote_write::RemoteWrite;
use vigie_swarm::process::folder_bytes;

use super::bodies::{Body, World};
use crate::http::Client;
use crate::program::{Program, hub_alone, installed, own};

/// How long a program may tidy up after itself.
const REST_WITHIN: Duration = Duration::from_secs(600);

/// Senders at once. What is pushed to the hub is answered when it is durable, so that one alone would mostly wait.
const SENDERS: usize = 8;

/// How often a sender asks again that was told to come later.
const AGAIN: usize = 600;

/// A program that keeps samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keeper {
    Vigie,
    VictoriaMetrics,
    Prometheus,
}

/// What taking in cost.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cost {
    pub(super) samples: u64,
    pub(super) seconds: f64,
    pub(super) cpu_s: f64,
    /// The same with everything done afterwards, until it rests.
    pub(super) settled_cpu_s: f64,
    pub(super) peak_rss_mb: f64,
    /// What the samples take in its folder when the last is answered, beyond what an empty one has.
    pub(super) bytes_at_once: u64,
    /// What the samples take in its folder at rest, beyond what an empty one has.
    pub(super) bytes: u64,
    /// How long after the last answer it came to rest.
    pub(super) settled_s: f64,
}

/// A program with samples in it, at rest.
#[derive(Debug)]
pub(super) struct Filled {
    pub(super) keeper: Keeper,
    pub(super) program: Program,
    pub(super) token: Option<String>,
    pub(super) cost: Cost,
    /// The newest tick.
    pub(super) end_ms: i64,
}

impl Keeper {
    pub(super) const PEERS: [Self; 2] = [Self::VictoriaMetrics, Self::Prometheus];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Vigie => "Vigie",
            Self::VictoriaMetrics => "VictoriaMetrics",
            Self::Prometheus => "Prometheus",
        }
    }

    /// Where its Prometheus API begins.
    pub(super) fn api(self) -> &'static str {
        if self == Self::Vigie { "/prometheus/api/v1" } else { "/api/v1" }
    }

    /// Ends every question: an answer out of a cache of answers would say nothing about the program.
    pub(super) fn suffix(self) -> &'static str {
        if self == Self::VictoriaMetrics { "&nocache=1" } else { "" }
    }

    pub(super) fn binary(self) -> Result<PathBuf, String> {
        let debian = |name: &str| installed(name).ok_or_else(|| format!("it is not here: apt-get install {name}"));
        match self {
            Self::Vigie => own("vigie-cloud"),
            Self::VictoriaMetrics => debian("victoria-metrics"),
            Self::Prometheus => debian("prometheus"),
        }
    }

    pub(super) fn start(self, data: &Path) -> Result<Program, String> {
        let (arguments, ready): (crate::program::Arguments, _) = match self {
            Self::Vigie => (hub_alone, "/readyz"),
            Self::VictoriaMetrics => (victoria_metrics, "/health"),
            Self::Prometheus => (prometheus, "/-/ready"),
        };
        Program::start(&self.binary()?, data, arguments, ready)
    }

    /// Starts it on an empty folder and writes all of it, several senders at once.
    pub(super) fn fill(self, data: &Path, world: &World, end_ms: i64) -> Result<Filled, String> {
        let bodies = world.bodies(end_ms);
        std::fs::create_dir_all(data).map_err(|error| error.to_string())?;
        let program = self.start(data)?;
        let token = if self == Self::Vigie { Some(write_token(data)?) } else { None };
        let (empty, idle_s) = (folder_bytes(data), program.cpu_s());
        let began = Instant::now();
        let samples = push(program.address, self.api(), token.as_deref(), (&bodies, world.pace))?;
        let (seconds, cpu_s) = (began.elapsed().as_secs_f64(), program.cpu_s() - idle_s);
        let bytes_at_once = folder_bytes(data).saturating_sub(empty);
        let (bytes, settled) = self.settle(&program, data, empty)?;
        let cost = Cost {
            samples,
            seconds,
            cpu_s,
            settled_cpu_s: program.cpu_s() - idle_s,
            peak_rss_mb: program.peak_rss_mb(),
            bytes_at_once,
            bytes,
            settled_s: settled.as_secs_f64(),
        };
        let token = read_token(self, data);
        Ok(Filled { keeper: self, program, token, cost, end_ms })
    }

    /// Brings it to rest; says what its samples then take, beyond what it took when it was empty, and how long that took.
    fn settle(self, program: &Program, data: &Path, empty: u64) -> Result<(u64, Duration), String> {
        match self {
            Self::Vigie => {}
            Self::VictoriaMetrics => {
                told(program, "GET", "/internal/force_flush")?;
                told(program, "GET", "/internal/force_merge")?;
            }
            Self::Prometheus => {
                // What it would be once all of it is in blocks: the newest hours stay in the write-ahead log until then.
                let settled = program.rests(data, REST_WITHIN);
                told(program, "POST", "/api/v1/admin/tsdb/snapshot")?;
                return Ok((folder_bytes(&data.join("snapshots")), settled));
            }
        }
        let settled = program.rests(data, REST_WITHIN);
        Ok((folder_bytes(data).saturating_sub(empty), settled))
    }
}

impl Filled {
    /// What machines at relays sealed, brought over sessions by the swarm; the hub is at rest and runs.
    pub(super) fn by_sessions(data: &Path, world: World, empty_bytes: u64) -> Result<Self, String> {
        let ticks = format!("{}s", world.ticks * world.interval_s);
        let [machines, relays, series] = [world.machines, world.relays, world.series].map(|count| count.to_string());
        let done = Command::new(own("vigie-sim")?)
            .args(["--self", "--json", "--patience", "10m", "--data", &data.to_string_lossy()])
            .args(["--machines", &machines, "--relays", &relays, "--series", &series, "--backlog", &ticks])
            .env("VIGIE_CLOUD", own("vigie-cloud")?)
            .output()
            .map_err(|error| format!("the swarm can not be started: {error}"))?;
        let report: serde_json::Value = serde_json::from_slice(&done.stdout)
            .map_err(|_| format!("the swarm failed: {}", String::from_utf8_lossy(&done.stderr)))?;
        if report["account"]["meets"] != true {
            return Err(format!("the accounts of the swarm and the hub do not meet: {}", report["account"]));
        }
        let of = |phase: &str, key: &str| {
            let phases = report["phases"].as_array().into_iter().flatten();
            phases.filter(|one| one["name"] == phase).filter_map(|one| one[key].as_f64()).sum::<f64>()
        };
        let at_once = folder_bytes(data);
        let cpu_s = of("backlog", "cpu_s") + of("close", "cpu_s");
        let program = Keeper::Vigie.start(data)?;
        let settled = program.rests(data, REST_WITHIN);
        let cost = Cost {
            samples: world.samples(),
            seconds: of("backlog", "seconds"),
            cpu_s,
            settled_cpu_s: cpu_s + program.cpu_s(),
            peak_rss_mb: of("close", "peak_rss_mb"),
            bytes_at_once: at_once.saturating_sub(empty_bytes),
            bytes: folder_bytes(data).saturating_sub(empty_bytes),
            settled_s: settled.as_secs_f64(),
        };
        let token = read_token(Keeper::Vigie, data);
        let mut filled = Self { keeper: Keeper::Vigie, program, token, cost, end_ms: 0 };
        filled.end_ms = filled.newest_ms()?;
        Ok(filled)
    }

    pub(super) fn client(&self) -> Result<Client, String> {
        Client::connect(self.program.address, self.token.as_deref()).map_err(|error| error.to_string())
    }

    /// When the swarm's newest tick was measured.
    fn newest_ms(&self) -> Result<i64, String> {
        let query = crate::http::encoded("max(timestamp(system_cpu_utilization_ratio))");
        let path = format!("{}/query?query={query}&lookback_delta=1h", self.keeper.api());
        let mut client = self.client()?;
        let answer = client.get(&path).map_err(|error| error.to_string())?;
        let said: serde_json::Value = serde_json::from_slice(answer.body).unwrap_or_default();
        let seconds = said["data"]["result"][0]["value"][1].as_str().and_then(|text| text.parse::<f64>().ok());
        seconds.map(|seconds| (seconds * 1_000.0) as i64).ok_or_else(|| format!("no newest tick: {}", answer.excerpt()))
    }
}

/// Bytes that a hub takes with nothing in it.
pub(super) fn empty_hub_bytes(data: &Path) -> Result<u64, String> {
    std::fs::create_dir_all(data).map_err(|error| error.to_string())?;
    let mut hub = Keeper::Vigie.start(data)?;
    hub.stop();
    Ok(folder_bytes(data))
}

/// Writes one stretch of time after the other: none of the programs takes samples much older than the newest.
fn push(
    address: SocketAddr,
    api: &str,
    token: Option<&str>,
    (stretches, pace): (&[Vec<Body>], Duration),
) -> Result<u64, String> {
    let (path, together) = (format!("{api}/write"), Barrier::new(SENDERS));
    let next: Vec<AtomicUsize> = stretches.iter().map(|_| AtomicUsize::new(0)).collect();
    let bring = || {
        let mut client = Client::connect(address, token).map_err(|error| error.to_string());
        let mut sent = Ok(());
        for (stretch, next) in stretches.iter().zip(&next) {
            let begun = Instant::now();
            while let (Ok(client), Ok(())) = (&mut client, &sent) {
                let Some(body) = stretch.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
                sent = send(client, &path, body);
            }
            std::thread::sleep(pace.saturating_sub(begun.elapsed()));
            // Whoever failed waits too, or the others would wait for ever.
            together.wait();
        }
        client.map(|_| ()).and(sent)
    };
    let all: Result<(), String> = std::thread::scope(|scope| {
        let senders: Vec<_> = (0..SENDERS).map(|_| scope.spawn(bring)).collect();
        senders.into_iter().try_for_each(|sender| sender.join().expect("senders do not panic"))
    });
    all.map(|()| stretches.iter().flatten().map(|body| body.samples).sum())
}

/// Sends a body until it is taken, as a sender of Prometheus would.
fn send(client: &mut Client, path: &str, body: &Body) -> Result<(), String> {
    for _ in 0..AGAIN {
        let answer = client.post(path, &RemoteWrite::V1.headers(), &body.bytes).map_err(|error| error.to_string())?;
        match answer.status {
            200..300 => return Ok(()),
            429 | 500.. => std::thread::sleep(Duration::from_millis(100)),
            status => return Err(format!("a body was refused with {status}: {}", answer.excerpt())),
        }
    }
    Err("a body was refused again and again".to_owned())
}

fn told(program: &Program, method: &str, path: &str) -> Result<(), String> {
    let mut client = Client::connect(program.address, None).map_err(|error| error.to_string())?;
    let answer = if method == "POST" { client.post(path, &[], &[]) } else { client.get(path) };
    let answer = answer.map_err(|error| error.to_string())?;
    if answer.is_good() { Ok(()) } else { Err(format!("{path} was answered with {}", answer.status)) }
}

fn write_token(data: &Path) -> Result<String, String> {
    let made = Command::new(own("vigie-cloud")?)
        .args(["api-token", "create", "--name", "bench", "--write", "acme/lyon", "--data"])
        .arg(data)
        .output()
        .map_err(|error| error.to_string())?;
    if !made.status.success() {
        return Err(format!("no token to write with: {}", String::from_utf8_lossy(&made.stderr)));
    }
    Ok(String::from_utf8_lossy(&made.stdout).trim().to_owned())
}

fn read_token(keeper: Keeper, data: &Path) -> Option<String> {
    let text = std::fs::read_to_string(data.join("http.token")).ok().filter(|_| keeper == Keeper::Vigie)?;
    Some(text.trim().to_owned())
}

fn victoria_metrics(data: &Path, address: SocketAddr) -> Vec<String> {
    vec![
        format!("-storageDataPath={}", data.display()),
        format!("-httpListenAddr={address}"),
        "-retentionPeriod=12".to_owned(),
        // As fresh as the others' answers.
        "-search.latencyOffset=0s".to_owned(),
        "-loggerLevel=WARN".to_owned(),
    ]
}

fn prometheus(data: &Path, address: SocketAddr) -> Vec<String> {
    let config = data.with_extension("yml");
    // Without it the program says so and ends.
    drop(std::fs::write(&config, "global:\n  scrape_interval: 1h\n"));
    vec![
        format!("--config.file={}", config.display()),
        format!("--storage.tsdb.path={}", data.display()),
        format!("--web.listen-address={address}"),
        "--web.enable-remote-write-receiver".to_owned(),
        "--web.enable-admin-api".to_owned(),
        "--log.level=warn".to_owned(),
    ]
}
