//! How much may one question cost, and is anybody still waiting for the answer?

use std::fmt;
use std::sync::Arc;

/// The ceilings of one question.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Series in an answer.
    pub max_series: usize,
    /// Samples and points held in memory at once, 16 bytes each.
    pub max_samples: usize,
    /// Points of one series in a range answer.
    pub max_points: usize,
    /// Whether to go on.
    pub stop: Stop,
}

impl Limits {
    /// One number of each of 10,000 machines, several times over.
    pub const MAX_SERIES: usize = 50_000;

    /// 80 MB: a month of one machine's series at 5 s is half a million.
    pub const MAX_SAMPLES: usize = 5_000_000;

    /// Prometheus' own number: more than any screen has columns, and what clients expect to be refused above.
    pub const MAX_POINTS: usize = 11_000;

    /// The usual ceilings, with no deadline.
    pub fn usual() -> Self {
        Self {
            max_series: Self::MAX_SERIES,
            max_samples: Self::MAX_SAMPLES,
            max_points: Self::MAX_POINTS,
            stop: Stop::never(),
        }
    }
}

/// Why a question is not worth answering any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Halt {
    /// It took too long.
    TimedOut,
    /// The asker left.
    Canceled,
}

/// Asked now and then by whoever works on a question: shall I go on?
///
/// A function, because this crate has no clock. A source asks before each piece of work that takes milliseconds
/// (a segment, a machine).
#[derive(Clone)]
pub struct Stop(Arc<dyn Fn() -> Option<Halt> + Send + Sync>);

impl Stop {
    /// Stops when `halt` says so.
    pub fn when(halt: impl Fn() -> Option<Halt> + Send + Sync + 'static) -> Self {
        Self(Arc::new(halt))
    }

    /// Always goes on.
    pub fn never() -> Self {
        Self::when(|| None)
    }

    /// Goes on, or says why not: `limits.stop.check()?` in a source.
    ///
    /// # Errors
    /// When the question is not worth answering any more.
    pub fn check(&self) -> Result<(), Halt> {
        (self.0)().map_or(Ok(()), Err)
    }
}

impl fmt::Debug for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stop")
    }
}
