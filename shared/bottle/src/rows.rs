//! Do all nodes come to have the same rows, and is no write lost?
//!
//! A hub and six relays of three sites, with the real minds and the real store of rows: partitions of days, sessions that end
//! with answers under way, frames twice, power cuts at any commit, stores that are brought back from copies, machines that
//! live twice, clocks that lie. At the end every row has equal bytes wherever it may be seen, after one conversation on each
//! line, and each acknowledged write is there or was overwritten by somebody who had seen it.
//!
//! What an older copy loses that nobody else had is lost, and is not asked for. So is what a copy that nobody could notice
//! yet writes with dots: two writes then bear one name. Neither is a write of a node that was told to begin again.

mod disk;
mod oracle;
mod world;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

pub use world::Tally;
use world::World;

/// One seed in so many runs on the real store on a simulated disk instead of in memory.
const REAL_EVERY: u64 = 64;

/// A seed that did not keep the promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Which seed.
    pub seed: u64,
    /// What is not as promised.
    pub what: String,
    /// What happened.
    pub lines: Vec<String>,
}

/// What many seeds gave.
#[derive(Debug, Default)]
pub struct Report {
    /// Seeds that kept the promise.
    pub kept: u64,
    /// What happened in them.
    pub tally: Tally,
    /// Seeds that did not.
    pub failures: Vec<Failure>,
}

/// Runs one seed.
///
/// # Errors
/// When it did not keep the promise.
pub fn run_seed(seed: u64) -> Result<Tally, Box<Failure>> {
    let real = seed % REAL_EVERY == REAL_EVERY - 1;
    let mut world = World::new(seed, real, false);
    let Err(what) = world.live() else { return Ok(world.tally) };
    let mut again = World::new(seed, real, true);
    let lines = match again.live() {
        Err(same) if same == what => again.said,
        _ => vec!["the second run of the seed differs".to_owned()],
    };
    Err(Box::new(Failure { seed, what, lines }))
}

/// Runs seeds on all processors, up to the tenth failure. `each` is told how many are done.
pub fn run_seeds(from: u64, count: u64, each: impl Fn(u64) + Sync) -> Report {
    let (next, done, enough) = (AtomicU64::new(from), AtomicU64::new(0), AtomicBool::new(false));
    let report = Mutex::new(Report::default());
    let work = || {
        while !enough.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= from + count {
                return;
            }
            let outcome = run_seed(seed);
            let mut report = report.lock().unwrap_or_else(PoisonError::into_inner);
            match outcome {
                Ok(tally) => {
                    report.kept += 1;
                    report.tally.add(&tally);
                }
                Err(failure) => {
                    report.failures.push(*failure);
                    enough.store(report.failures.len() >= 10, Ordering::Relaxed);
                }
            }
            drop(report);
            each(done.fetch_add(1, Ordering::Relaxed) + 1);
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    let mut report = report.into_inner().unwrap_or_else(PoisonError::into_inner);
    report.failures.sort_by_key(|failure| failure.seed);
    report
}
