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

pub use world::Tally;
use world::World;

use crate::seeds::{MOST_FAILURES, side_by_side};

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
    let take = |report: &mut Report, outcome: Result<Tally, Box<Failure>>| {
        match outcome {
            Ok(tally) => {
                report.kept += 1;
                report.tally.add(&tally);
            }
            Err(failure) => report.failures.push(*failure),
        }
        report.failures.len() >= MOST_FAILURES
    };
    let mut report = side_by_side(from..from + count, run_seed, take, each);
    report.failures.sort_by_key(|failure| failure.seed);
    report
}
