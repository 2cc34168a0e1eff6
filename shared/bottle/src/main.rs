//! As many seeds as wanted.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use vigie_bottle::{Failure, Plan, Report, run, run_seeds};

/// Runs the mesh in a bottle: real minds, real store, simulated network, disks and clocks.
///
/// Each seed is one run with its own nodes and its own troubles; the same seed is always the same run. Ends with 1 when a
/// seed did not keep the promise, and says how to run that seed again.
#[derive(Debug, Parser)]
#[command(name = "vigie-bottle", version)]
struct Options {
    /// How many seeds to run.
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Rows instead of telemetry: state that relays and the hub change on their own.
    #[arg(long, conflicts_with_all = ["minutes"])]
    rows: bool,
    /// One seed alone.
    #[arg(long)]
    seed: Option<u64>,
    /// Says everything that happens in that seed.
    #[arg(long, requires = "seed")]
    trace: bool,
    /// Minutes of trouble in each seed, instead of what the seed says.
    #[arg(long)]
    minutes: Option<u64>,
}

/// Lines of a trace that are shown when nobody asked for all.
const SHOWN: usize = 60;

fn main() -> ExitCode {
    let options = Options::parse();
    match options.seed {
        seed if options.rows => rows(seed, &options),
        Some(seed) => one(seed, &options),
        None => many(&options),
    }
}

fn one(seed: u64, options: &Options) -> ExitCode {
    let plan = Plan::of_seed(seed, options.minutes);
    println!("{plan}");
    match run(plan, true) {
        Ok(kept) => {
            println!("kept the promise in {} virtual seconds: {}", kept.ms / 1_000, kept.tally);
            println!("trace hash {:016x}", kept.hash);
            ExitCode::SUCCESS
        }
        Err(failure) => {
            show(&failure, if options.trace { usize::MAX } else { SHOWN }, options.minutes);
            ExitCode::FAILURE
        }
    }
}

fn many(options: &Options) -> ExitCode {
    let began = Instant::now();
    let last = std::sync::Mutex::new(began);
    let report = run_seeds(options.from, options.seeds, options.minutes, |done| {
        let mut last = last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if last.elapsed().as_secs() >= 5 {
            *last = Instant::now();
            println!("{done} of {} seeds, {:.1} a second", options.seeds, done as f64 / began.elapsed().as_secs_f64());
            // Progress that can not be shown is no reason to stop.
            std::io::stdout().flush().unwrap_or_default();
        }
    });
    summarise(&report, began.elapsed().as_secs_f64());
    for failure in &report.failures {
        show(failure, SHOWN, options.minutes);
    }
    if report.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn rows(seed: Option<u64>, options: &Options) -> ExitCode {
    let began = Instant::now();
    let last = std::sync::Mutex::new(began);
    let (from, count) = seed.map_or((options.from, options.seeds), |seed| (seed, 1));
    let report = vigie_bottle::rows::run_seeds(from, count, |done| {
        let mut last = last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if last.elapsed().as_secs() >= 5 {
            *last = Instant::now();
            println!("{done} of {count} seeds, {:.1} a second", done as f64 / began.elapsed().as_secs_f64());
        }
    });
    let all = report.kept + report.failures.len() as u64;
    println!("{} of {all} seeds kept the promise in {:.0} s", report.kept, began.elapsed().as_secs_f64());
    println!("{}", report.tally);
    let shown = if options.trace { usize::MAX } else { SHOWN };
    for failure in &report.failures {
        println!("\nseed {} FAILED: {}", failure.seed, failure.what);
        println!("again: cargo run --release -p vigie-bottle -- --rows --seed {} --trace", failure.seed);
        let skipped = if seed.is_some() { failure.lines.len().saturating_sub(shown) } else { failure.lines.len() };
        failure.lines.iter().skip(skipped).for_each(|line| println!("{line}"));
    }
    if report.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn summarise(report: &Report, seconds: f64) {
    let all = report.kept + report.failures.len() as u64;
    println!(
        "{} of {all} seeds kept the promise; {:.1} seeds a second; {:.0} virtual hours",
        report.kept,
        all as f64 / seconds,
        report.ms as f64 / 3.6e6
    );
    println!("{}", report.tally);
}

fn show(failure: &Failure, lines: usize, minutes: Option<u64>) {
    println!("\nseed {} FAILED: {}", failure.seed, failure.what);
    let minutes = minutes.map_or_else(String::new, |minutes| format!(" --minutes {minutes}"));
    println!("again: cargo run --release -p vigie-bottle -- --seed {}{minutes} --trace", failure.seed);
    println!("{}", failure.plan);
    let skipped = failure.lines.len().saturating_sub(lines);
    failure.lines.iter().skip(skipped).for_each(|line| println!("{line}"));
}
