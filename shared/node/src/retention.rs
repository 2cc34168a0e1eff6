//! What does a hub let go of for its age? Samples first, then minutes, then hours.
//!
//! On a thread of its own, beside the one that keeps, in transactions of some megabytes between which others have their
//! turn: it may be killed at any moment, and goes on at the next start. Samples go only once they are in minutes and hours.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tracing::{debug, info, warn};
use vigie_model::{StreamId, UtcMs};
use vigie_store::{CommitError, Log};

use crate::NodeClock;

/// How often it is looked for what is too old.
const LOOK_EVERY: Duration = Duration::from_secs(3_600);

/// When it is first looked: a hub that has just begun has other things to do. Not much later, for one that is started again
/// and again would let nothing go.
const LOOK_FIRST: Duration = Duration::from_secs(15);

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

/// The thread; stops when dropped.
#[derive(Debug)]
pub struct Retention {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What was let go of.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct LetGo {
    ticks: u64,
    bytes: u64,
}

impl Keeping {
    /// Everything, for ever.
    pub fn is_for_ever(self) -> bool {
        self == Self::default()
    }
}

impl Retention {
    /// Starts it.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(log: Arc<RwLock<Log>>, clock: NodeClock, keeps: Arc<dyn Keeps>) -> std::io::Result<Self> {
        let (stop, stopped) = channel();
        let work = move || run(&log, &clock, keeps.as_ref(), &stopped);
        let thread = std::thread::Builder::new().name("vigie-retention".to_owned()).spawn(work)?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }

    /// Stops it, and waits for the transaction that is under way.
    pub fn stop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            warn!("the thread that deletes what is too old ended badly; it stays until the next start");
        }
    }
}

impl Drop for Retention {
    fn drop(&mut self) {
        self.stop();
    }
}

fn run(log: &RwLock<Log>, clock: &NodeClock, keeps: &dyn Keeps, stopped: &Receiver<()>) {
    let mut wait = LOOK_FIRST;
    while stopped.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
        wait = LOOK_EVERY;
        let now = clock.now().utc;
        let mut all = LetGo::default();
        let streams: Vec<(StreamId, String)> = {
            let log = log.read().unwrap_or_else(PoisonError::into_inner);
            log.streams().iter().map(|(stream, facts)| (*stream, facts.name.clone())).collect()
        };
        for (stream, name) in streams {
            let keeping = keeps.keeping(stream, &name);
            if keeping.is_for_ever() {
                continue;
            }
            match let_go(log, stream, keeping, now, stopped) {
                Ok(Some(gone)) => (all.ticks, all.bytes) = (all.ticks + gone.ticks, all.bytes + gone.bytes),
                Ok(None) => return,
                Err(error) => {
                    debug!(%error, "what is too old stays until the store can be written");
                    break;
                }
            }
        }
        if all != LetGo::default() {
            info!(ticks = all.ticks, bytes = all.bytes, "what is older than it is to be kept was deleted");
        }
    }
}

/// Deletes of one stream what is too old; nothing if it was stopped.
fn let_go(
    log: &RwLock<Log>,
    stream: StreamId,
    keeping: Keeping,
    now: UtcMs,
    stopped: &Receiver<()>,
) -> Result<Option<LetGo>, CommitError> {
    let before = |kept: Option<Duration>| {
        let kept_ms = kept.map(|kept| i64::try_from(kept.as_millis()).unwrap_or(i64::MAX));
        kept_ms.map_or(UtcMs(i64::MIN), |kept_ms| UtcMs(now.0.saturating_sub(kept_ms)))
    };
    let mut gone = LetGo::default();
    let mut more = keeping.raw.is_some();
    while more {
        let begun = Instant::now();
        let evicted = log.write().unwrap_or_else(PoisonError::into_inner).expire(stream, before(keeping.raw))?;
        (gone.ticks, gone.bytes) = (gone.ticks + evicted.expired, gone.bytes + evicted.bytes);
        more = evicted.more;
        // As long at rest as at work, so that what comes in never waits for what goes.
        if more && stopped.recv_timeout(begun.elapsed()) != Err(RecvTimeoutError::Timeout) {
            return Ok(None);
        }
    }
    if keeping.minutes.is_some() || keeping.hours.is_some() {
        let (minutes, hours) = (before(keeping.minutes), before(keeping.hours));
        gone.bytes += log.write().unwrap_or_else(PoisonError::into_inner).expire_rollups(stream, minutes, hours)?;
    }
    let is_stopped = stopped.recv_timeout(Duration::ZERO) != Err(RecvTimeoutError::Timeout);
    Ok((!is_stopped).then_some(gone))
}
