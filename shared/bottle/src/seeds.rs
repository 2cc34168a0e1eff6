//! Many seeds, side by side on all processors.

use std::num::NonZero;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::{available_parallelism, scope};

/// After so many failures it is known well enough that something is broken.
pub(crate) const MOST_FAILURES: usize = 10;

/// Runs seeds and takes what each gave into a report, until `take` says that it is enough. `each` is told how many are done.
pub(crate) fn side_by_side<R: Default + Send, T>(
    seeds: Range<u64>,
    run: impl Fn(u64) -> T + Sync,
    take: impl Fn(&mut R, T) -> bool + Sync,
    each: impl Fn(u64) + Sync,
) -> R {
    let (next, done, enough) = (AtomicU64::new(seeds.start), AtomicU64::new(0), AtomicBool::new(false));
    let report = Mutex::new(R::default());
    let work = || {
        while !enough.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return;
            }
            let outcome = run(seed);
            let mut report = report.lock().unwrap_or_else(PoisonError::into_inner);
            enough.fetch_or(take(&mut report, outcome), Ordering::Relaxed);
            drop(report);
            each(done.fetch_add(1, Ordering::Relaxed) + 1);
        }
    };
    let threads = available_parallelism().map_or(1, NonZero::get);
    scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    report.into_inner().unwrap_or_else(PoisonError::into_inner)
}
