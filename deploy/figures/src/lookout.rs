//! How soon is something noticed, told and known on both sides?
//!
//! Whole programs again, and for a day's state the simulated line, whose bytes and milliseconds are the same on each machine.

use std::time::{Duration, Instant};

use vigie_trial::watched::{ALONE_AFTER, People, incident, known, oven, said_at_hub, said_at_site, tells, took, words};
use vigie_trial::{Agent, Door, Line, Mesh, Relay, eventually};

use crate::table::{Figure, Goal, percentile};

/// Bytes a second of 64 kbit/s.
const NARROW: u64 = 8_000;

const SITE: &str = "lyon";

/// All of it.
pub(crate) fn measure(quick: bool) -> Vec<Figure> {
    let mut figures = silence(quick);
    figures.extend(told_and_false_green(quick));
    figures.extend(behind_a_backlog(quick));
    figures.extend(state());
    figures
}

fn figure(what: impl Into<String>, measured: f64, unit: &'static str, goal: Goal) -> Figure {
    Figure { what: what.into(), measured, unit, goal, peers: Vec::new() }
}

/// Machines that are killed, measured as machines usually are.
fn silence(quick: bool) -> Vec<Figure> {
    let (machines, rounds) = if quick { (9, 1) } else { (9, 12) };
    let mesh = Mesh::new();
    let relay = mesh.relay(SITE, "relay-1", mesh.hub_udp());
    let usual = ["--fast-s", "10", "--medium-s", "60", "--slow-s", "900", "--collector", "synthetic:7,50"];
    let site = relay.door();
    let mut agents: Vec<Agent> =
        (0..machines).map(|one| mesh.agent(SITE, &format!("till-{one}"), one, &[relay.udp], &usual)).collect();
    let mut took = Vec::new();
    for _ in 0..rounds {
        eventually("all are live", || agents.iter().all(|agent| state_of(&site, &agent.node) == "live"));
        // At any moment between two of a machine's ticks.
        let mut killed = Vec::new();
        for agent in &mut agents {
            std::thread::sleep(Duration::from_millis(1_300));
            agent.program.kill();
            killed.push((agent.node.clone(), Instant::now()));
        }
        while !killed.is_empty() {
            killed.retain(|(node, at)| {
                let known = state_of(&site, node) == "silent";
                if known {
                    took.push(at.elapsed().as_secs_f64());
                }
                !known
            });
            std::thread::sleep(Duration::from_millis(100));
        }
        agents.iter_mut().for_each(|agent| agent.program.again());
    }
    let what = |share: &str| format!("a machine that is killed: silent on its relay's page, {share}");
    vec![
        figure(what("p50"), percentile(&mut took, 0.5), "s", Goal::None),
        figure(what("p99"), percentile(&mut took, 0.99), "s", Goal::AtMost(30.0)),
    ]
}

fn state_of(door: &Door, node: &str) -> String {
    let machine = door.get(&format!("/api/v1/machines/{node}")).and_then(|answer| answer.json()).unwrap_or_default();
    machine["reachability"]["state"].as_str().unwrap_or_default().to_owned()
}

/// A site whose two sides tell their people.
struct Told {
    wan: Line,
    relay: Relay,
    people: People,
    mesh: Mesh,
}

impl Told {
    fn new() -> Self {
        let mesh = Mesh::new();
        let wan = mesh.line("wan", mesh.hub_udp());
        let mut relay = mesh.relay(SITE, "relay-1", wan.udp);
        let (people, data) = (People::new(), relay.data.clone());
        tells(&mut relay.program, "relay", &data, &people);
        Self { wan, relay, people, mesh }
    }

    fn doors(&self) -> (Door, Door) {
        (self.relay.door(), self.mesh.door())
    }
}

/// With the line cut: how long the hub goes on showing as live what it can not know, and how soon the site is told.
fn told_and_false_green(quick: bool) -> Vec<Figure> {
    let (cuts, fires) = if quick { (1, 5) } else { (5, 40) };
    let told = Told::new();
    let agent = told.mesh.agent(SITE, "till-1", 1, &[told.relay.udp], &[]);
    let (site, hub) = told.doors();
    let mut green = Vec::new();
    for _ in 0..cuts {
        eventually("the hub sees it live", || state_of(&hub, &agent.node) == "live");
        told.wan.tell(r#"{"do":"cut"}"#);
        green.push(took("the hub owns up", || state_of(&hub, &agent.node) != "live").as_secs_f64());
        told.wan.tell(r#"{"do":"heal"}"#);
    }
    eventually("the hub sees it live", || state_of(&hub, &agent.node) == "live");
    told.wan.tell(r#"{"do":"cut"}"#);
    std::thread::sleep(ALONE_AFTER);
    let mut took = Vec::new();
    for fire in 0..fires {
        let (before, lit) = (told.people.hook.came().len(), Instant::now());
        oven(&site, &format!("oven-{fire}"), 300);
        eventually("the site is told", || told.people.hook.came().len() > before);
        took.push((told.people.hook.came()[before].at - lit).as_secs_f64());
        std::thread::sleep(Duration::from_millis(170));
    }
    let green = green.into_iter().fold(0.0, f64::max);
    vec![
        figure(
            format!("the line is cut: live at the hub although it can not know, longest of {cuts}"),
            green,
            "s",
            Goal::AtMost(35.0),
        ),
        figure(
            "the line is cut: sample → webhook, rules looked at each second, p99",
            percentile(&mut took, 0.99),
            "s",
            Goal::AtMost(2.0),
        ),
    ]
}

/// Some 15 MB wait at the relay, as thirty days of a usual machine would; both sides have decided meanwhile.
fn behind_a_backlog(quick: bool) -> Vec<Figure> {
    let (cut, alerts) = if quick { (30, 5) } else { (240, 60) };
    let told = Told::new();
    let (site, hub) = told.doors();
    oven(&site, "old", 300);
    let old = known(&hub, "old");
    // Each second a third of a record of usual size.
    let noise = ["--collector", "synthetic:9,1000,noise", "--medium-s", "1", "--slow-s", "1"];
    let mut loud: Vec<Agent> =
        (0..8).map(|one| told.mesh.agent(SITE, &format!("till-{one}"), 9, &[told.relay.udp], &noise)).collect();
    // The hub knows their series, as it does of machines that were there a month ago.
    loud.iter().for_each(|agent| {
        eventually("the hub has ticks of it", || told.mesh.ledger(agent).is_some_and(|[_, at_hub, ..]| at_hub > 2));
    });
    told.wan.tell(r#"{"do":"cut"}"#);
    said_at_hub(&told.mesh, &["ack", &old, "calling them", "--as", "hannah"]);
    oven(&site, "new", 300);
    let new = known(&site, "new");
    said_at_site(&told.relay, &["ack", &new, "on my way", "--as", "ann"]);
    std::thread::sleep(Duration::from_secs(cut));
    loud.iter_mut().for_each(|agent| {
        agent.program.stop();
    });
    told.wan.tell(r#"{"do":"set","both":{"delay_ms":300,"rate_kbit":64,"loss_percent":0}}"#);
    told.wan.tell(r#"{"do":"heal"}"#);
    let both = took("both know what was decided", || {
        words(&incident(&hub, "new"), "acknowledgements").len() == 1
            && words(&incident(&site, "old"), "acknowledgements").len() == 1
    });
    let narrow = percentile(&mut to_hub(&site, &hub, "narrow", alerts), 0.99);
    told.wan.tell(r#"{"do":"set","both":{"delay_ms":50,"rate_kbit":256,"loss_percent":5}}"#);
    std::thread::sleep(Duration::from_secs(5));
    let lossy = percentile(&mut to_hub(&site, &hub, "lossy", alerts), 0.99);
    let status = told.mesh.status("vigie-relay", &told.relay.data).unwrap_or_default();
    assert!(status["backlog_ticks"].as_u64() > Some(0), "the backlog was under way all the time: {status}");
    let what = |what: &str| format!("behind 30 days of samples, {what}");
    vec![
        figure(
            what("64 kbit/s, 600 ms: both sides know what both decided, after the return"),
            both.as_secs_f64(),
            "s",
            Goal::AtMost(5.0),
        ),
        figure(what("64 kbit/s, 600 ms: sample → alert at the hub, p99"), narrow, "s", Goal::AtMost(6.0)),
        figure(what("256 kbit/s, 5 % loss: sample → alert at the hub, p99"), lossy, "s", Goal::AtMost(3.0)),
    ]
}

/// From a sample at the relay until the hub shows the alert.
fn to_hub(site: &Door, hub: &Door, name: &str, alerts: u32) -> Vec<f64> {
    let one = |number| {
        let name = format!("{name}-{number}");
        oven(site, &name, 300);
        let took = took("the hub knows", || incident(hub, &name)["standing"] == "firing").as_secs_f64();
        std::thread::sleep(Duration::from_millis(230));
        took
    };
    (0..alerts).map(one).collect()
}

/// What a site of 50 machines changed in a day's cut, and what one change costs.
fn state() -> Vec<Figure> {
    let day = vigie_bottle::day_of_state(NARROW).expect("the rows become the same");
    vec![
        figure(
            "a day's state of 50 machines after a cut, 64 kbit/s, 600 ms: the same on both sides",
            day.ms as f64 / 1_000.0,
            "s",
            Goal::AtMost(5.0),
        ),
        figure("one change of state, both ways, all in but IP", day.bytes_per_change as f64, "B", Goal::None),
    ]
}
