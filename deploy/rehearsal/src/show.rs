//! The show itself: everything up, in order, then watched until Ctrl-C.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio::signal::unix::{SignalKind, signal};

use crate::cli::{Failed, ShowArgs};
use crate::crew::Crew;
use crate::http;
use crate::plan::{Plan, SitePlan};

/// Series of each synthetic machine.
const SERIES: u32 = 60;

/// Programs get this long to open their doors: seconds where they are alone, more where a whole test runs beside them.
const OPENING: Duration = Duration::from_secs(60);

/// The first sample gets this long to the hub: a measurement's interval, two joinings, and a slow machine.
const FIRST_SAMPLE: Duration = Duration::from_secs(180);

/// Starts everything and stays until a signal.
pub(crate) fn show(args: &ShowArgs) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(stage(args))
}

async fn stage(args: &ShowArgs) -> Result<(), Failed> {
    if let Ok(other) = Plan::running() {
        let text =
            format!("a demo runs already (process {}); end it with Ctrl-C first. Nothing was started.", other.pid);
        return Err(Failed::new(1, text));
    }
    let (dir, temporary) = match &args.dir {
        Some(dir) => (dir.clone(), false),
        None => (fresh_folder()?, true),
    };
    std::fs::create_dir_all(&dir)?;
    let dir = dir.canonicalize()?;
    let plan = Plan::draw(&dir, args.machines, args.http_port)?;
    let mut crew = Crew::new(dir.join("logs"))?;
    let mut stop = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let played = tokio::select! {
        played = play(&plan, args, &mut crew) => played,
        _ = stop.0.recv() => Ok(()),
        _ = stop.1.recv() => Ok(()),
    };
    note("ending every program");
    crew.end().await;
    Plan::withdraw();
    let failed = played.is_err();
    if temporary && !failed {
        drop(std::fs::remove_dir_all(&dir));
    } else {
        note(&format!("data and logs stay in {}", dir.display()));
    }
    played
}

async fn play(plan: &Plan, args: &ShowArgs, crew: &mut Crew) -> Result<(), Failed> {
    let token = hub(plan, crew).await?;
    for site in &plan.sites {
        relay(plan, site, args, crew).await?;
    }
    say(&format!("hub: http://127.0.0.1:{}", plan.hub_http));
    say(&format!("token: {token}"));
    for site in &plan.sites {
        say(&format!("site: {} http://127.0.0.1:{}", site.name, site.relay_http));
    }
    plan.publish()?;
    agents(plan, args, crew).await?;
    ready(plan, &token).await?;
    say("ready");
    note("in another terminal: ./deploy/demo cut lyon · heal lyon · kill hub · status; Ctrl-C ends all");
    loop {
        tokio::time::sleep(Duration::from_millis(300)).await;
        for name in crew.tend().await? {
            note(&format!("{name} had died and was started again"));
        }
        publish_pids(plan, crew)?;
    }
}

async fn hub(plan: &Plan, crew: &mut Crew) -> Result<String, Failed> {
    note("starting the hub");
    let data = plan.dir.join("hub");
    let own = format!("127.0.0.1:{}", plan.hub_udp);
    let args = ["run", "--data", &text(&data), "--listen", &own, "--advertise", &own, "--http"];
    let mut args: Vec<String> = args.iter().map(ToString::to_string).collect();
    args.push(format!("127.0.0.1:{}", plan.hub_http));
    crew.start("hub", "vigie-cloud", args)?;
    let file = data.join("http.token");
    let deadline = Instant::now() + OPENING;
    loop {
        let token = std::fs::read_to_string(&file).unwrap_or_default().trim().to_owned();
        if !token.is_empty() && http::get(plan.hub_http, "/api/v1/sites", &token).is_some() {
            return Ok(token);
        }
        if Instant::now() > deadline {
            return Err(Failed::new(
                1,
                format!("the hub did not open; see {}", plan.dir.join("logs/hub.log").display()),
            ));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn relay(plan: &Plan, site: &SitePlan, args: &ShowArgs, crew: &mut Crew) -> Result<(), Failed> {
    note(&format!("starting site {}", site.name));
    let line = [
        "run".to_owned(),
        "--udp".to_owned(),
        format!("127.0.0.1:{}=127.0.0.1:{}", site.line_udp, plan.hub_udp),
        "--control".to_owned(),
        format!("127.0.0.1:{}", site.line_control),
        "--profile".to_owned(),
        args.line.clone(),
    ];
    crew.start(&format!("line:{}", site.name), "vigie-link", line.to_vec())?;
    let data = text(&plan.dir.join(format!("relay-{}", site.name)));
    let join = token(plan, site, crew).await?;
    let own = format!("127.0.0.1:{}", site.relay_udp);
    let name = format!("relay-{}", site.name);
    let enrol = ["enrol", "--data", &data, "--token", &join, "--advertise", &own, "--name", &name];
    crew.run("vigie-relay", &enrol.map(str::to_owned)).await?;
    let (page, hub) = (format!("127.0.0.1:{}", site.relay_http), format!("127.0.0.1:{}", site.line_udp));
    let secret = text(&plan.dir.join("hub/http.token"));
    let run = ["run", "--data", &data, "--listen", &own, "--http", &page, "--hub", &hub, "--http-token-file", &secret];
    crew.start(&format!("relay:{}", site.name), "vigie-relay", run.map(str::to_owned).to_vec())
}

async fn token(plan: &Plan, site: &SitePlan, crew: &Crew) -> Result<String, Failed> {
    let hub = text(&plan.dir.join("hub"));
    let uses = (site.agents.len() + 8).to_string();
    let args =
        ["token", "create", "--data", &hub, "--client", "demo", "--site", &site.name, "--uses", &uses, "--ttl", "1h"];
    crew.run("vigie-cloud", &args.map(str::to_owned)).await
}

/// This machine first, so that its figures are there while the others still start.
async fn agents(plan: &Plan, args: &ShowArgs, crew: &mut Crew) -> Result<(), Failed> {
    for (at, site) in plan.sites.iter().enumerate() {
        let join = token(plan, site, crew).await?;
        let mut names: Vec<(String, Option<String>)> = Vec::new();
        if at == 0 {
            names.push((host_name(), None));
        }
        let synthetic = |name: &String| format!("synthetic:{},{SERIES}", seed(name));
        names.extend(site.agents.iter().map(|name| (name.clone(), Some(synthetic(name)))));
        for (name, collector) in names {
            agent(plan, &join, &name, collector, args.every, crew).await?;
        }
    }
    Ok(())
}

async fn agent(
    plan: &Plan,
    join: &str,
    name: &str,
    collector: Option<String>,
    every: u64,
    crew: &mut Crew,
) -> Result<(), Failed> {
    let data = text(&plan.dir.join(format!("agent-{name}")));
    let enrol = ["enrol", "--data", &data, "--token", join, "--name", name];
    crew.run("vigie-agent", &enrol.map(str::to_owned)).await?;
    let (fast, medium, slow) = (every.to_string(), (every * 6).to_string(), (every * 90).to_string());
    let run = ["run", "--data", &data, "--fast-s", &fast, "--medium-s", &medium, "--slow-s", &slow, "--seal-s", "60"];
    let mut run: Vec<String> = run.map(str::to_owned).to_vec();
    if let Some(collector) = collector {
        run.extend(["--collector".to_owned(), collector]);
    }
    crew.start(&format!("agent:{name}"), "vigie-agent", run)
}

/// Until this machine's own figure can be asked of the hub.
async fn ready(plan: &Plan, token: &str) -> Result<(), Failed> {
    note("waiting for this machine's first sample at the hub");
    let query = format!("system_cpu_utilization_ratio{{machine=\"{}\"}}", host_name());
    let path = format!("/prometheus/api/v1/query?query={}", escaped(&query));
    let deadline = Instant::now() + FIRST_SAMPLE;
    while Instant::now() < deadline {
        let answer = http::get(plan.hub_http, &path, token);
        if answer.is_some_and(|answer| answer["data"]["result"].as_array().is_some_and(|found| !found.is_empty())) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Err(Failed::new(1, format!("no sample of this machine came to the hub; see {}", plan.dir.join("logs").display())))
}

fn publish_pids(plan: &Plan, crew: &Crew) -> Result<(), Failed> {
    let text = serde_json::to_string(&crew.pids()).map_err(|error| Failed::new(1, error.to_string()))?;
    let file = plan.dir.join("pids.json");
    if std::fs::read_to_string(&file).ok().as_deref() != Some(text.as_str()) {
        std::fs::write(file, text)?;
    }
    Ok(())
}

fn seed(name: &str) -> u64 {
    name.bytes().fold(7, |seed, byte| seed * 31 % 100_003 + u64::from(byte))
}

fn host_name() -> String {
    let name = rustix::system::uname();
    let name = name.nodename().to_string_lossy();
    name.split('.').next().filter(|name| !name.is_empty()).unwrap_or("this-machine").to_owned()
}

fn fresh_folder() -> Result<PathBuf, Failed> {
    let at = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_millis());
    let folder = std::env::temp_dir().join(format!("vigie-demo-{at}-{}", std::process::id()));
    std::fs::create_dir(&folder)?;
    Ok(folder)
}

fn escaped(text: &str) -> String {
    let one =
        |byte: u8| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(one).collect()
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[expect(clippy::print_stdout, reason = "lines for people and programs that started the demo")]
fn say(line: &str) {
    println!("{line}");
}

#[expect(clippy::print_stderr, reason = "progress, beside the lines that programs read")]
fn note(line: &str) {
    eprintln!("demo: {line}");
}
