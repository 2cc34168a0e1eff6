//! What was found, for people and for programs.

use std::time::Duration;

use serde_json::{Value, json};

use crate::account::Comparison;
use crate::cli::Cli;
use crate::process::MemoryMb;

/// One part of a trial. What only a hub or relay of our own shows is missing for others.
#[derive(Debug, Clone)]
pub(crate) struct Phase {
    pub(crate) name: &'static str,
    pub(crate) seconds: f64,
    pub(crate) cpu_s: Option<f64>,
    pub(crate) own_cpu_s: f64,
    pub(crate) memory: Option<MemoryMb>,
    pub(crate) own_memory: MemoryMb,
    /// Growth of the data folder of what is measured.
    pub(crate) disk_bytes: Option<i64>,
    /// Live ticks measured.
    pub(crate) measured: u64,
    /// Ticks acknowledged as durable, and samples in them.
    pub(crate) acknowledged: u64,
    pub(crate) samples: u64,
    /// Ticks signed for.
    pub(crate) signed: u64,
    pub(crate) wire_up: u64,
    pub(crate) wire_down: u64,
    /// From measured to acknowledged, signed for, shown by the API: the middle one, the slowest of a hundred.
    pub(crate) acknowledged_ms: Option<[u32; 2]>,
    pub(crate) signed_ms: Option<[u32; 2]>,
    pub(crate) shown_ms: Option<[u32; 2]>,
    /// Machines whose newest tick is not shown.
    pub(crate) stale: usize,
    /// How long the API took to list all machines.
    pub(crate) listed_ms: Option<u64>,
}

/// All of a trial.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) cli: Cli,
    pub(crate) phases: Vec<Phase>,
    pub(crate) comparison: Comparison,
    pub(crate) refused: u64,
    pub(crate) lost_links: u64,
    pub(crate) late_rounds: u64,
    pub(crate) status: Option<Value>,
    /// How long the hub took to end, or that it did not.
    pub(crate) stopped: Option<Option<Duration>>,
    pub(crate) took: Duration,
}

/// Tells how it goes.
#[expect(clippy::print_stderr, reason = "this is where a program speaks to the person who ran it")]
pub(crate) fn progress(text: &str) {
    eprintln!("vigie-sim: {text}");
}

/// Shows what was found.
#[expect(clippy::print_stdout, reason = "the answer to a person's command")]
pub(crate) fn show(report: &Report, as_json: bool) {
    if as_json {
        println!("{}", report.json());
    } else {
        println!("{}", report.text());
    }
}

impl Phase {
    fn cores(&self) -> Option<f64> {
        self.cpu_s.map(|cpu| cpu / self.seconds)
    }

    /// One line for whoever waits.
    pub(crate) fn line(&self) -> String {
        let mut line = format!("{:<14} {:>6.1} s", self.name, self.seconds);
        if let (Some(cores), Some(memory)) = (self.cores(), self.memory) {
            line += &format!(" | measured {cores:.2} cores {:.0} MB", memory.pss);
        }
        line += &format!(" | own {:.2} cores", self.own_cpu_s / self.seconds);
        if self.acknowledged > 0 {
            line += &format!(" | durable {} samples, {:.2} M/s", self.samples, self.rate() / 1e6);
        }
        if self.measured > 0 {
            line += &format!(" | measured {} ticks", self.measured);
        }
        line
    }

    fn rate(&self) -> f64 {
        self.samples as f64 / self.seconds
    }

    fn json(&self) -> Value {
        json!({
            "name": self.name, "seconds": self.seconds, "cpu_s": self.cpu_s, "cores": self.cores(),
            "own_cpu_s": self.own_cpu_s, "pss_mb": self.memory.map(|memory| memory.pss),
            "rss_mb": self.memory.map(|memory| memory.rss),
            "peak_rss_mb": self.memory.map(|memory| memory.peak_rss), "own_rss_mb": self.own_memory.rss,
            "disk_bytes": self.disk_bytes, "ticks_measured": self.measured, "ticks_acknowledged": self.acknowledged,
            "samples_acknowledged": self.samples, "samples_per_s": self.rate(), "ticks_signed": self.signed,
            "wire_up_bytes": self.wire_up, "wire_down_bytes": self.wire_down,
            "acknowledged_ms": self.acknowledged_ms, "signed_ms": self.signed_ms, "shown_ms": self.shown_ms,
            "machines_stale": self.stale, "machines_listed_ms": self.listed_ms,
        })
    }
}

impl Report {
    fn text(&self) -> String {
        let (cli, who) = (&self.cli, self.measured());
        let mut text = format!(
            "{} machines × {} series / {} s {}\n\n| phase | s | {who} cores | {who} PSS MB | own cores | ticks durable | M samples/s | wire B/sample | disk B/sample |\n|---|---|---|---|---|---|---|---|---|\n",
            cli.machines,
            cli.series,
            cli.interval.as_secs(),
            if cli.site { "at one relay".to_owned() } else { format!("behind {} relays", cli.relays) }
        );
        for phase in &self.phases {
            let per_sample =
                |bytes: f64| if phase.samples > 0 { two(Some(bytes / phase.samples as f64)) } else { two(None) };
            text += &format!(
                "| {} | {:.1} | {} | {:.0} | {:.2} | {} | {:.3} | {} | {} |\n",
                phase.name,
                phase.seconds,
                two(phase.cores()),
                phase.memory.map_or(0.0, |memory| memory.pss),
                phase.own_cpu_s / phase.seconds,
                phase.acknowledged,
                phase.rate() / 1e6,
                per_sample((phase.wire_up + phase.wire_down) as f64),
                phase.disk_bytes.map_or_else(|| two(None), |bytes| per_sample(bytes as f64)),
            );
        }
        for phase in self.phases.iter().filter(|phase| phase.listed_ms.is_some()) {
            let between = |delays: Option<[u32; 2]>| {
                delays.map_or("–".to_owned(), |[middle, slow]| {
                    format!("{:.2} s, {:.2} s", f64::from(middle) / 1e3, f64::from(slow) / 1e3)
                })
            };
            text += &format!(
                "\n{}: measured → shown p50, p99: {}; → acknowledged as durable: {}; → signed for: {}; not shown: {} machines; all listed in {} ms",
                phase.name,
                between(phase.shown_ms),
                between(phase.acknowledged_ms),
                between(phase.signed_ms),
                phase.stale,
                phase.listed_ms.map_or("–".to_owned(), |ms| ms.to_string()),
            );
        }
        text + "\n" + &self.verdict()
    }

    /// Whose processors and memory the phases show.
    fn measured(&self) -> &'static str {
        if self.cli.site { "relay" } else { "hub" }
    }

    fn verdict(&self) -> String {
        let Comparison { met, at_hub, sent, duplicates, wrong } = &self.comparison;
        let mut text = format!(
            "sent {} ticks, {} samples; at the hub {} ticks, {} samples; {duplicates} came twice and were counted once\n",
            sent[0], sent[1], at_hub[0], at_hub[1]
        );
        text += &format!(
            "{} pieces refused, {} connections lost, {} rounds late; {:.0} s in all",
            self.refused,
            self.lost_links,
            self.late_rounds,
            self.took.as_secs_f64()
        );
        match self.stopped {
            Some(Some(took)) => text += &format!("; what was started ended within {:.1} s", took.as_secs_f64()),
            Some(None) => text += "; what was started DID NOT END when it was told to",
            None => {}
        }
        if wrong.is_empty() {
            text += &format!("\nthe accounts of {met} machines meet");
        } else {
            text += &format!("\nTHE ACCOUNTS DO NOT MEET ({met} do):\n  {}", wrong.join("\n  "));
        }
        text
    }

    fn json(&self) -> Value {
        let Comparison { met, at_hub, sent, duplicates, wrong } = &self.comparison;
        json!({
            "machines": self.cli.machines, "relays": self.cli.sites(), "measured": self.measured(), "series": self.cli.series,
            "interval_s": self.cli.interval.as_secs(), "class": self.cli.class.to_string(),
            "phases": self.phases.iter().map(Phase::json).collect::<Vec<_>>(),
            "account": {
                "meets": self.comparison.meets(), "machines_met": met, "wrong": wrong, "duplicates": duplicates,
                "sent": { "ticks": sent[0], "samples": sent[1] }, "at_hub": { "ticks": at_hub[0], "samples": at_hub[1] },
            },
            "pieces_refused": self.refused, "connections_lost": self.lost_links, "rounds_late": self.late_rounds,
            "hub_status": self.status, "ended_s": self.stopped.flatten().map(|took| took.as_secs_f64()),
            "seconds": self.took.as_secs_f64(),
        })
    }
}

fn two(number: Option<f64>) -> String {
    number.map_or("–".to_owned(), |number| format!("{number:.2}"))
}
