//! Does a hub hold ten thousand machines, and a relay five hundred agents? The swarm's own account of each.

use std::process::Command;

use serde_json::Value;

use crate::program::own;
use crate::table::{Figure, Goal};

/// One kind of node under its swarm.
struct Trial {
    what: &'static str,
    args: &'static [&'static str],
    cores: f64,
    memory_mb: f64,
}

const TRIALS: [Trial; 2] = [
    Trial {
        what: "hub, 10,000 machines × 150 series / 10 s behind 20 relays",
        args: &["--machines", "10000", "--relays", "20"],
        cores: 2.0,
        memory_mb: 4_000.0,
    },
    Trial {
        what: "relay, 500 agents × 150 series / 10 s",
        args: &["--site", "--machines", "500"],
        cores: 1.0,
        memory_mb: 300.0,
    },
];

/// Processors and memory in steady state.
pub(crate) fn measure(quick: bool) -> Vec<Figure> {
    TRIALS.iter().flat_map(|trial| trial.run(if quick { "30s" } else { "3m" })).collect()
}

impl Trial {
    #[expect(clippy::print_stderr, reason = "a person waits for it")]
    fn run(&self, span: &str) -> Vec<Figure> {
        self.report(span).map(|report| self.figures(&report)).unwrap_or_else(|error| {
            eprintln!("bench: {} is missing: {error}", self.what);
            Vec::new()
        })
    }

    fn report(&self, span: &str) -> Result<Value, String> {
        let done = Command::new(own("vigie-sim")?)
            .args(["--self", "--json", "--for", span])
            .args(self.args)
            .env("VIGIE_CLOUD", own("vigie-cloud")?)
            .env("VIGIE_RELAY", own("vigie-relay")?)
            .output()
            .map_err(|error| format!("the swarm can not be started: {error}"))?;
        let report: Value = serde_json::from_slice(&done.stdout)
            .map_err(|_| format!("the swarm failed: {}", String::from_utf8_lossy(&done.stderr)))?;
        let meets = report["account"]["meets"] == true;
        if meets { Ok(report) } else { Err(format!("the accounts do not meet: {}", report["account"])) }
    }

    fn figures(&self, report: &Value) -> Vec<Figure> {
        let phases = report["phases"].as_array().into_iter().flatten();
        let live: Vec<&Value> = phases.filter(|phase| phase["name"] == "live").collect();
        let of = |key: &str| live.iter().find_map(|phase| phase[key].as_f64());
        let figure = |what: &str, measured: Option<f64>, unit: &'static str, most: f64| {
            let what = format!("{}: {what}", self.what);
            measured.map(|measured| Figure { what, measured, unit, goal: Goal::AtMost(most), peers: Vec::new() })
        };
        let all = [
            figure("processors", of("cores"), "cores", self.cores),
            figure("peak RSS", of("peak_rss_mb"), "MB", self.memory_mb),
        ];
        all.into_iter().flatten().collect()
    }
}
