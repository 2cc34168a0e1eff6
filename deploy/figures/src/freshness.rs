//! How soon is a sample seen, every day and after a cut?

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use vigie_trial::{Agent, Mesh};

use crate::table::{Figure, Goal, Peer};

const LINK: &str = r#"{"do":"set","both":{"delay_ms":400,"loss_percent":5,"rate_kbit":256}}"#;

/// 200 samples a second, a cut of five minutes, and a return over 800 ms, 5 % loss and 256 kbit/s.
pub(crate) fn cut_and_return(quick: bool) -> Vec<Figure> {
    let (runs, cut) = if quick { (1, 60) } else { (3, 300) };
    let (mut fresh, mut whole) = (Vec::new(), Vec::new());
    for run in 0..runs {
        let (first, all) = one_return(run, Duration::from_secs(cut));
        fresh.push(first);
        whole.push(all);
    }
    let median = |values: &mut Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let what =
        |what: &str| format!("after a cut of {cut} s at 200 samples/s, back over 800 ms, 5 % loss, 256 kbit/s: {what}");
    vec![
        Figure {
            what: what("fresh samples"),
            measured: median(&mut fresh),
            unit: "s",
            goal: Goal::AtMost(3.0),
            peers: vec![Peer::elsewhere("Zabbix", 58.0)],
        },
        Figure {
            what: what("all of it"),
            measured: median(&mut whole),
            unit: "s",
            goal: Goal::AtMost(15.0),
            peers: vec![Peer::elsewhere("Zabbix", 58.0)],
        },
    ]
}

fn one_return(run: u64, cut: Duration) -> (f64, f64) {
    let mesh = Mesh::new();
    let wan = mesh.line("wan", mesh.hub_udp());
    let relay = mesh.relay("lyon", "relay-1", wan.udp);
    let collector = format!("synthetic:{run},200");
    let args = ["--collector", &collector, "--seal-s", "600", "--commit-s", "5"];
    let agent = mesh.agent("lyon", "till-1", run, &[relay.udp], &args);
    mesh.settles(&agent, 5);
    std::thread::sleep(Duration::from_secs(20));
    wan.tell(r#"{"do":"cut"}"#);
    std::thread::sleep(cut);
    wan.tell(LINK);
    wan.tell(r#"{"do":"heal"}"#);
    let (healed, healed_ms) = (Instant::now(), utc_ms());
    let (mut fresh, mut collected) = (None, 0);
    while healed.elapsed() < Duration::from_secs(180) {
        if fresh.is_none() && observed_ms(&mesh, &agent).is_some_and(|at| at >= healed_ms - 1_000.0) {
            fresh = Some(healed.elapsed().as_secs_f64());
        }
        if let Some([known, at_hub, _, _]) = mesh.ledger(&agent) {
            collected = collected.max(known);
            // Everything up to the heal: one tick a second, and what was measured since may still be on its way.
            if fresh.is_some()
                && at_hub + healed.elapsed().as_secs() + 2 >= collected
                && at_hub + 3 >= known
                && known > cut.as_secs()
            {
                return (fresh.unwrap_or(f64::NAN), healed.elapsed().as_secs_f64());
            }
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    (fresh.unwrap_or(180.0), 180.0)
}

/// From the second a tick bears to its first being seen at the hub's API, over a good line.
pub(crate) fn visible(quick: bool) -> Vec<Figure> {
    let mesh = Mesh::new();
    let wan = mesh.line("wan", mesh.hub_udp());
    wan.tell(r#"{"do":"set","both":{"delay_ms":10}}"#);
    let relay = mesh.relay("lyon", "relay-1", wan.udp);
    let agent = mesh.agent("lyon", "till-1", 5, &[relay.udp], &["--collector", "synthetic:5,100"]);
    mesh.settles(&agent, 3);
    let wanted = if quick { 30 } else { 200 };
    let (mut last, mut took) = (observed_ms(&mesh, &agent), Vec::new());
    while took.len() < wanted {
        let seen = observed_ms(&mesh, &agent);
        if seen != last {
            last = seen;
            took.push((utc_ms() - seen.unwrap_or(0.0)) / 1_000.0);
        }
        std::thread::sleep(Duration::from_millis(15));
    }
    took.sort_by(f64::total_cmp);
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize];
    let figure = |what: &str, measured| Figure {
        what: format!("collected → visible at the hub, good line, {what}"),
        measured,
        unit: "s",
        goal: Goal::AtMost(1.5),
        peers: Vec::new(),
    };
    vec![figure("p50", at(0.5)), figure("p99", at(0.99))]
}

fn utc_ms() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_millis() as f64)
}

/// When the newest sample that the hub shows was measured.
fn observed_ms(mesh: &Mesh, agent: &Agent) -> Option<f64> {
    let query = format!("system_cpu_utilization_ratio%7Bmachine_id%3D%22{}%22%7D%5B60s%5D", agent.node);
    let answer = mesh.get(&format!("/prometheus/api/v1/query?query={query}"))?;
    answer["data"]["result"][0]["values"].as_array()?.last()?[0].as_f64().map(|seconds| seconds * 1_000.0)
}
