//! What does a hub cost that has nothing to do, and how long do its backup, its return and a new version take?

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use vigie_swarm::process::{folder_bytes, memory_mb};

use super::world::read_token;
use super::{Found, Row, Size, until};
use crate::http::Client;
use crate::program::{Program, hub_alone, own};
use crate::say;
use crate::table::{Goal, load};

/// Where a program of the version before this one is, if there is one.
const BEFORE: &str = "VIGIE_CLOUD_BEFORE";

/// How long a hub that took samples in may lay them out, before it is backed up all the same.
const RESTS_WITHIN: Duration = Duration::from_secs(90);

/// Series of each machine that is backed up. Their values are noise: they take the room of many more that are not.
const SERIES: &str = "100";

const GB: f64 = 1e9;

pub(super) fn idle_rows() -> Vec<Row> {
    vec![Row { what: "hub with nothing in it, RSS after a minute".to_owned(), unit: "MB", goal: Goal::AtMost(60.0) }]
}

/// What a hub has in memory that nobody has asked anything.
pub(super) fn idle(size: Size) -> Result<Vec<Found>, String> {
    let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
    let hub = start(&own("vigie-cloud")?, &dir.path().join("hub"))?;
    std::thread::sleep(size.idle);
    let memory = memory_mb(hub.pid());
    say(&format!("an idle hub: RSS {:.1} MB, PSS {:.1} MB, at most {:.1} MB", memory.rss, memory.pss, memory.peak_rss));
    if memory.rss > 0.0 { Ok(vec![memory.rss.into()]) } else { Err("it ended".to_owned()) }
}

pub(super) fn backup_rows(size: Size) -> Vec<Row> {
    let (machines, hours) = size.store;
    let row = |what: &str| {
        let what = format!("hub with {machines} machines × {SERIES} series of noise × {hours} h: {what}");
        Row { what, unit: "s for each GB of its folder", goal: Goal::None }
    };
    vec![row("backup while it runs"), row("restored from it")]
}

/// A backup of a hub that runs, and another hub made of it, which has the same machines.
pub(super) fn backup(size: Size) -> Result<Vec<Found>, String> {
    let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
    let (data, file, again) = (dir.path().join("hub"), dir.path().join("hub.backup"), dir.path().join("again"));
    fill(&own("vigie-cloud")?, &data, size)?;
    let mut hub = start(&own("vigie-cloud")?, &data)?;
    let rested = hub.rests(&data, RESTS_WITHIN);
    let bytes = folder_bytes(&data);
    say(&format!(
        "a store of {:.2} GB, {:.0} s after the start (load {})",
        bytes as f64 / GB,
        rested.as_secs_f64(),
        load()
    ));
    let machines = machines(&hub, &data)?;
    let taken = timed(&["backup", &text(&file), "--data", &text(&data), "--json"])?;
    hub.stop();
    let restored = timed(&["restore", &text(&file), "--data", &text(&again), "--json"])?;
    let hub = start(&own("vigie-cloud")?, &again)?;
    let there = self::machines(&hub, &again)?;
    if (there, u64::from(size.store.0)) != (machines, machines) {
        return Err(format!("of {machines} machines {there} came back"));
    }
    let packed = std::fs::metadata(&file).map_or(0, |file| file.len());
    say(&format!(
        "a backup of {:.2} GB in {taken:.1} s, restored in {restored:.1} s (load {})",
        packed as f64 / GB,
        load()
    ));
    Ok([taken, restored].map(|seconds| Found::from(seconds * GB / bytes as f64)).into())
}

pub(super) fn upgrade_rows() -> Vec<Row> {
    let what = format!("hub on a store of the version before ({BEFORE}): answers after its start");
    vec![Row { what, unit: "s", goal: Goal::None }]
}

/// How long this version takes to answer on a store that the one before wrote.
pub(super) fn upgrade(size: Size) -> Result<Vec<Found>, String> {
    let before = std::env::var_os(BEFORE).map(PathBuf::from);
    let before = before.ok_or_else(|| format!("{BEFORE} names no program of the version before"))?;
    let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
    let data = dir.path().join("hub");
    fill(&before, &data, size)?;
    let bytes = folder_bytes(&data);
    let began = Instant::now();
    let hub = start(&own("vigie-cloud")?, &data)?;
    let there = machines(&hub, &data)?;
    let seconds = began.elapsed().as_secs_f64();
    say(&format!("a store of {:.2} GB of the version before: answers after {seconds:.2} s", bytes as f64 / GB));
    if there == u64::from(size.store.0) {
        Ok(vec![seconds.into()])
    } else {
        Err(format!("only {there} machines are there"))
    }
}

fn start(program: &Path, data: &Path) -> Result<Program, String> {
    std::fs::create_dir_all(data).map_err(|error| error.to_string())?;
    Program::start(program, data, hub_alone, "/readyz")
}

/// Has the swarm fill a folder by this program.
fn fill(program: &Path, data: &Path, size: Size) -> Result<(), String> {
    let (machines, hours) = size.store;
    let done = Command::new(own("vigie-sim")?)
        .args(["--self", "--json", "--patience", "10m", "--class", "noise", "--data", &text(data)])
        .args([
            "--machines",
            &machines.to_string(),
            "--relays",
            "4",
            "--series",
            SERIES,
            "--backlog",
            &format!("{hours}h"),
        ])
        .env("VIGIE_CLOUD", program)
        .output()
        .map_err(|error| format!("the swarm can not be started: {error}"))?;
    let report: Value = serde_json::from_slice(&done.stdout)
        .map_err(|_| format!("the swarm failed: {}", String::from_utf8_lossy(&done.stderr)))?;
    let meets = report["account"]["meets"] == true;
    if meets {
        Ok(())
    } else {
        Err(format!("the accounts of the swarm and the hub do not meet: {}", report["account"]))
    }
}

/// How many machines a hub shows, as soon as it shows any.
fn machines(hub: &Program, data: &Path) -> Result<u64, String> {
    let token = read_token(data)?;
    let mut client = Client::connect(hub.address, Some(&token)).map_err(|error| error.to_string())?;
    let mut total = 0;
    until("the hub shows its machines", Duration::from_secs(60), || {
        total = client.say("GET", "/api/v1/machines?limit=1", &Value::Null)?["total"].as_u64().unwrap_or(0);
        Ok(total > 0)
    })?;
    Ok(total)
}

/// Runs the hub's program with these words; says how many seconds that took.
fn timed(words: &[&str]) -> Result<f64, String> {
    let began = Instant::now();
    let done = Command::new(own("vigie-cloud")?).args(words).output().map_err(|error| error.to_string())?;
    let seconds = began.elapsed().as_secs_f64();
    if done.status.success() { Ok(seconds) } else { Err(String::from_utf8_lossy(&done.stderr).into_owned()) }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
