//! What does a hub let go of for its age? Samples first, then minutes, then hours.
//!
//! Beside the thread that keeps, in transactions of some megabytes between which others have their turn: it may be killed at any
//! moment, and goes on when it is asked again. Samples go only once they are in minutes and hours.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use vigie_model::{StreamId, UtcMs};
use vigie_store::{CommitError, Log};

/// How long something is kept; for ever where nothing is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Keeping {
    /// Samples as they were measured.
    pub raw: Option<Duration>,
    /// What minutes came down to.
    pub minutes: Option<Duration>,
    /// What hours came down to.
    pub hours: Option<Duration>,
}

/// Who decides how long a stream is kept, by the name it was introduced with; nothing keeps it for ever.
pub trait Keeps: Send + Sync + 'static {
    /// What is kept of a stream.
    fn keeping(&self, stream: StreamId, name: &str) -> Keeping;
}

/// What was let go of.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct LetGo {
    /// Ticks.
    pub ticks: u64,
    /// Bytes of them, and of minutes and hours.
    pub bytes: u64,
    /// Streams of which something is kept for some time only.
    pub streams: u64,
    /// Whether it was told to stop before it was through.
    pub stopped: bool,
}

impl Keeping {
    /// Everything, for ever.
    pub fn is_for_ever(self) -> bool {
        self == Self::default()
    }
}

/// Lets go of all that is too old now, until `stop` says otherwise. Blocks.
///
/// # Errors
/// When the store can not be written; what went until then has gone.
pub fn let_go_of_old(
    log: &RwLock<Log>,
    keeps: &dyn Keeps,
    now: UtcMs,
    stop: &AtomicBool,
) -> Result<LetGo, CommitError> {
    let streams: Vec<(StreamId, String)> = {
        let log = log.read().unwrap_or_else(PoisonError::into_inner);
        log.streams().iter().map(|(stream, facts)| (*stream, facts.name.clone())).collect()
    };
    let mut all = LetGo::default();
    for (stream, name) in streams {
        let keeping = keeps.keeping(stream, &name);
        if keeping.is_for_ever() {
            continue;
        }
        all.streams += 1;
        let_go(log, stream, keeping, now, stop, &mut all)?;
        if stop.load(Ordering::Relaxed) {
            return Ok(LetGo { stopped: true, ..all });
        }
    }
    Ok(all)
}

/// Deletes of one stream what is too old, or some of it if it is stopped.
fn let_go(
    log: &RwLock<Log>,
    stream: StreamId,
    keeping: Keeping,
    now: UtcMs,
    stop: &AtomicBool,
    gone: &mut LetGo,
) -> Result<(), CommitError> {
    let before = |kept: Option<Duration>| {
        let kept_ms = kept.map(|kept| i64::try_from(kept.as_millis()).unwrap_or(i64::MAX));
        kept_ms.map_or(UtcMs(i64::MIN), |kept_ms| UtcMs(now.0.saturating_sub(kept_ms)))
    };
    let mut more = keeping.raw.is_some();
    while more {
        let begun = Instant::now();
        let evicted = log.write().unwrap_or_else(PoisonError::into_inner).expire(stream, before(keeping.raw))?;
        (gone.ticks, gone.bytes) = (gone.ticks + evicted.expired, gone.bytes + evicted.bytes);
        more = evicted.more;
        if stop.load(Ordering::Relaxed) {
            return Ok(());
        }
        // As long at rest as at work, so that what comes in never waits for what goes.
        if more {
            std::thread::sleep(begun.elapsed());
        }
    }
    if keeping.minutes.is_some() || keeping.hours.is_some() {
        let (minutes, hours) = (before(keeping.minutes), before(keeping.hours));
        gone.bytes += log.write().unwrap_or_else(PoisonError::into_inner).expire_rollups(stream, minutes, hours)?;
    }
    Ok(())
}
