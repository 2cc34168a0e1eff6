//! What time is it, as far as this node can know?

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};
use vigie_model::{Now, UtcMs};

/// The clock of a node: the machine's wall clock, and what a better-informed peer said about it.
///
/// The one place of the program that asks a clock on behalf of minds.
#[derive(Debug, Clone)]
pub struct NodeClock {
    began: Instant,
    /// True time less wall clock, in milliseconds, as far as is known.
    offset_ms: Arc<AtomicI64>,
    /// Whether the time is more than what this machine believes.
    trusted: Arc<AtomicBool>,
}

impl NodeClock {
    /// A clock that believes the machine.
    pub fn new() -> Self {
        Self { began: Instant::now(), offset_ms: Arc::default(), trusted: Arc::default() }
    }

    /// The time, for a mind.
    pub fn now(&self) -> Now {
        Now { mono_ms: self.mono_ms(), utc: UtcMs(wall_ms().saturating_add(self.offset_ms())) }
    }

    /// Milliseconds since the program began.
    pub fn mono_ms(&self) -> u64 {
        self.began.elapsed().as_millis() as u64
    }

    /// When a mind's deadline is, for a timer.
    pub fn instant(&self, mono_ms: u64) -> Instant {
        self.began + std::time::Duration::from_millis(mono_ms)
    }

    /// True time less wall clock, as far as is known.
    pub fn offset_ms(&self) -> i64 {
        self.offset_ms.load(Ordering::Relaxed)
    }

    /// A peer that knows better says that it is `utc` now.
    pub fn correct(&self, utc: UtcMs) {
        self.offset_ms.store(utc.0.saturating_sub(wall_ms()), Ordering::Relaxed);
        self.vouch();
    }

    /// This machine's own clock is the one that others go by: the hub's.
    pub fn vouch(&self) {
        self.trusted.store(true, Ordering::Relaxed);
    }

    /// The true time, once somebody who knows it has told it since the program began.
    pub fn trusted(&self) -> Option<UtcMs> {
        self.trusted.load(Ordering::Relaxed).then(|| self.now().utc)
    }
}

impl Default for NodeClock {
    fn default() -> Self {
        Self::new()
    }
}

/// What the machine's wall clock says.
fn wall_ms() -> i64 {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        // A clock before 1970 is a dead battery with a sense of history.
        Err(before) => -i64::try_from(before.duration().as_millis()).unwrap_or(i64::MAX),
    }
}

/// The wall clock and the boot clock (suspended time counted) at the same moment.
pub fn boot_moment() -> (UtcMs, u64) {
    let boot = clock_gettime(ClockId::Boottime);
    let ms = boot.tv_sec.max(0).cast_unsigned() * 1_000 + boot.tv_nsec.max(0).cast_unsigned() / 1_000_000;
    (UtcMs(wall_ms()), ms)
}
