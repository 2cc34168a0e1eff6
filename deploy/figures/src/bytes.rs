//! How many bytes does a sample cost on the wire, everything counted?

use std::time::{Duration, Instant};

use vigie_trial::{Agent, Line, Mesh};

use crate::table::{Figure, Goal, Peer};

const USUAL: [&str; 8] = ["--fast-s", "10", "--medium-s", "60", "--slow-s", "900", "--seal-s", "600"];

/// Agents at once, each on its own line: as many runs in the time of one.
const AGENTS: u64 = 6;

fn agent(mesh: &Mesh, name: &str, seed: u64, relay: u16, series: u32) -> Agent {
    let collector = format!("synthetic:{seed},{series}");
    let args = [&USUAL[..], &["--collector", &collector]].concat();
    mesh.agent("lyon", name, seed, &[relay], &args)
}

/// Bytes that cross lines in whole sealing periods, so that seals, acknowledgements and receipts are all in.
fn bytes_in(lines: &[Line], quick: bool) -> (f64, f64) {
    std::thread::sleep(Duration::from_secs(75));
    let total = || lines.iter().map(Line::wire_bytes).sum::<u64>() as f64;
    let (before, began) = (total(), Instant::now());
    std::thread::sleep(Duration::from_secs(if quick { 120 } else { 600 }));
    (total() - before, began.elapsed().as_secs_f64())
}

/// 100 series each 10 s from agent to relay.
pub(crate) fn agent_to_relay(quick: bool) -> Vec<Figure> {
    let mesh = Mesh::new();
    let relay = mesh.relay("lyon", "relay-1", mesh.hub_udp());
    let lines: Vec<Line> = (0..AGENTS).map(|one| mesh.line(&format!("line-{one}"), relay.udp)).collect();
    let agents: Vec<Agent> =
        (0..).zip(&lines).map(|(one, line)| agent(&mesh, &format!("till-{one}"), one, line.udp, 100)).collect();
    let (bytes, seconds) = bytes_in(&lines, quick);
    let samples = agents.len() as f64 * 100.0 * seconds / 10.0;
    vec![Figure {
        what: "agent → relay, 100 series / 10 s, all in".to_owned(),
        measured: bytes / samples,
        unit: "B/sample",
        goal: Goal::AtMost(3.0),
        peers: vec![Peer::elsewhere("remote write", 31.0)],
    }]
}

/// 1,000 series each 10 s from relay to hub: of one machine, and of ten.
pub(crate) fn relay_to_hub(quick: bool) -> Vec<Figure> {
    let mesh = Mesh::new();
    let sites = [("one machine", 1u64, 1_000u32), ("ten machines", 10, 100)];
    let mut running = Vec::new();
    for (at, (what, machines, series)) in (0u64..).zip(sites) {
        let line = mesh.line(&format!("wan-{at}"), mesh.hub_udp());
        let relay = mesh.relay("lyon", &format!("relay-{at}"), line.udp);
        let agents: Vec<Agent> = (0..machines)
            .map(|one| agent(&mesh, &format!("till-{at}-{one}"), 100 * at + one, relay.udp, series))
            .collect();
        running.push((what, line, relay, agents));
    }
    std::thread::sleep(Duration::from_secs(75));
    let bytes = |line: &Line| line.wire_bytes() as f64;
    let before: Vec<f64> = running.iter().map(|(_, line, ..)| bytes(line)).collect();
    let seconds = if quick { 120.0 } else { 600.0 };
    std::thread::sleep(Duration::from_secs_f64(seconds));
    let figure = |((what, line, ..), before): (&(&str, Line, vigie_trial::Relay, Vec<Agent>), f64)| Figure {
        what: format!("relay → hub, 1,000 series / 10 s of {what}, all in"),
        measured: (bytes(line) - before) / (1_000.0 * seconds / 10.0),
        unit: "B/sample",
        goal: Goal::AtMost(1.0),
        peers: vec![Peer::elsewhere("Netdata", 12.0)],
    };
    running.iter().zip(before).map(figure).collect()
}
