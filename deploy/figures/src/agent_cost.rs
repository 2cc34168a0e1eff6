//! What does an agent cost its machine?

use std::time::Duration;

use vigie_trial::Mesh;

use crate::table::{Figure, Goal, Peer};

/// Memory and processor time at 150 series each 10 s, connected to a relay.
pub(crate) fn measure(quick: bool) -> Vec<Figure> {
    let mesh = Mesh::new();
    let relay = mesh.relay("lyon", "relay-1", mesh.hub_udp());
    let usual = ["--fast-s", "10", "--medium-s", "60", "--slow-s", "900", "--commit-s", "5", "--seal-s", "600"];
    let synthetic = [&usual[..], &["--collector", "synthetic:7,150"]].concat();
    let machine = [&usual[..], &["--collector", "machine"]].concat();
    let kinds = [("150 synthetic series", synthetic), ("this machine", machine)];
    let agents = kinds.map(|(what, args)| {
        let name = what.replace(' ', "-");
        (what, mesh.agent("lyon", &name, 7, &[relay.udp], &args))
    });
    std::thread::sleep(Duration::from_secs(30));
    let before: Vec<f64> = agents.iter().map(|(_, agent)| cpu_seconds(agent.program.pid())).collect();
    let seconds = if quick { 60 } else { 300 };
    std::thread::sleep(Duration::from_secs(seconds));
    let mut figures = Vec::new();
    for ((what, agent), before) in agents.iter().zip(before) {
        let spent = cpu_seconds(agent.program.pid()) - before;
        figures.push(Figure {
            what: format!("agent, PSS, {what} / 10 s"),
            measured: pss_mb(agent.program.pid()),
            unit: "MB",
            goal: Goal::AtMost(8.0),
            peers: vec![Peer::elsewhere("Zabbix agent2", 18.0)],
        });
        figures.push(Figure {
            what: format!("agent, CPU per hour, {what} / 10 s"),
            measured: spent * 3_600.0 / seconds as f64,
            unit: "s",
            goal: Goal::AtMost(2.5),
            peers: vec![Peer::elsewhere("node_exporter", 3.2)],
        });
    }
    figures
}

/// Time on a processor, of all threads, to the nanosecond.
fn cpu_seconds(pid: Option<u32>) -> f64 {
    let Some(tasks) = pid.and_then(|pid| std::fs::read_dir(format!("/proc/{pid}/task")).ok()) else { return 0.0 };
    let of_task = |path: std::path::PathBuf| -> Option<f64> {
        let text = std::fs::read_to_string(path.join("schedstat")).ok()?;
        Some(text.split(' ').next()?.parse::<f64>().ok()? / 1e9)
    };
    tasks.flatten().filter_map(|task| of_task(task.path())).sum()
}

fn pss_mb(pid: Option<u32>) -> f64 {
    let text =
        pid.and_then(|pid| std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("Pss:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<f64>().ok()).unwrap_or(0.0) / 1_024.0
}
