//! What does a round cost here? Runs a thousand and tells the CPU time, the series and the memory.
//!
//! `cargo run --release -p vigie-agent --example round_cost [machine|synthetic:SEED,SERIES[,CLASS]] [--cold] [--list]`
//!
//! `--cold` leaves 300 ms between rounds, so that other work takes the caches meanwhile, as it does in life.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use vigie_agent::collect::{Choice, Collectors, OwnFigures, Schema, Tier, Tiers};
use vigie_model::Seq;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let choice: Choice = std::env::args().nth(1).map_or(Ok(Choice::Machine), |text| text.parse())?;
    let mut collectors = Collectors::new(choice, Schema::new());
    let own = OwnFigures::default();
    collectors.round(Tiers::ALL, Seq(1), &own);
    let cold = std::env::args().any(|arg| arg == "--cold");
    let (rounds, pause) = if cold { (50, Duration::from_millis(300)) } else { (1_000, Duration::from_micros(500)) };
    for (name, tiers) in [
        ("fast", Tiers::NONE.with(Tier::Fast)),
        ("fast and medium", Tiers::NONE.with(Tier::Fast).with(Tier::Medium)),
        ("all", Tiers::ALL),
    ] {
        let mut samples = 0;
        let before = cpu_us();
        for seq in 0..rounds {
            samples = collectors.round(tiers, Seq(seq + 2), &own).len();
            // As in life: time passes, so that shares have something to share.
            std::thread::sleep(pause);
        }
        let us = (cpu_us() - before) / rounds;
        println!("{name}: {samples} samples, {us} µs of CPU a round");
    }
    println!("{} series declared", collectors.schema().defs().len());
    for status in collectors.statuses() {
        println!("{status:?}");
    }
    if std::env::args().any(|arg| arg == "--list") {
        collectors.schema().defs().iter().for_each(|def| println!("{} {:?}", def.prometheus_name(), def.labels()));
    }
    print!("{}", std::fs::read_to_string("/proc/self/smaps_rollup")?);
    Ok(())
}

fn cpu_us() -> u64 {
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    spent.tv_sec.unsigned_abs() * 1_000_000 + spent.tv_nsec.unsigned_abs() / 1_000
}
