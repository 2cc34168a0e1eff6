//! The thread that lays sealed ticks out by series and folds them into minutes and hours, beside the one that keeps.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tracing::{debug, warn};
use vigie_store::{Folded, LaidOut, LayOut, Log, Rollups, ToFold, Unfit};

use crate::NodeClock;

/// How often it looks for work. Ticks worth laying out come once in an hour from each machine.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How often minutes and hours are looked through for what is too old.
const RETIRE_EVERY: Duration = Duration::from_secs(3_600);

/// Streams laid out, or folded, in one commit: the disk syncs once for all of them.
const STREAMS_AT_ONCE: usize = 64;

/// The thread; stops when dropped.
#[derive(Debug)]
pub(crate) struct Layer {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Layer {
    /// Starts it, where anything is to be laid out or folded at all.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn start(log: Arc<RwLock<Log>>, clock: NodeClock) -> std::io::Result<Self> {
        let idle = {
            let log = log.read().unwrap_or_else(PoisonError::into_inner);
            log.options().lay_out == LayOut::Never && log.options().rollups == Rollups::Never
        };
        if idle {
            return Ok(Self { stop: None, thread: None });
        }
        let (stop, stopped) = channel();
        let work = move || run(&log, &clock, &stopped);
        let thread = std::thread::Builder::new().name("vigie-columns".to_owned()).spawn(work)?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Layer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            warn!("the thread that lays ticks out by series ended badly; they stay as they came");
        }
    }
}

fn run(log: &RwLock<Log>, clock: &NodeClock, stopped: &Receiver<()>) {
    let (mut wait, mut retired) = (LOOK_EVERY, Instant::now());
    while stopped.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
        let begun = Instant::now();
        // As long at rest as at work, so that what comes in never waits for what lies there.
        let (laid_out, folded) = (lay_out(log), fold(log, clock));
        wait = if laid_out || folded { begun.elapsed() } else { LOOK_EVERY };
        if retired.elapsed() >= RETIRE_EVERY {
            retired = Instant::now();
            retire(log, clock, stopped);
        }
    }
}

/// Lays out what is most worth it; says whether there may be more.
fn lay_out(log: &RwLock<Log>) -> bool {
    let gathered = match log.read().unwrap_or_else(PoisonError::into_inner).gather(STREAMS_AT_ONCE) {
        Ok(gathered) => gathered,
        Err(error) => {
            debug!(%error, "nothing can be laid out while the store can not be read");
            return false;
        }
    };
    if gathered.is_empty() {
        return false;
    }
    let leave = |unfit: Unfit| {
        debug!(%unfit, "it stays as it came");
        log.read().unwrap_or_else(PoisonError::into_inner).leave(unfit);
        None
    };
    let laid: Vec<LaidOut> = gathered.into_iter().filter_map(|one| one.lay_out().map_or_else(leave, Some)).collect();
    if let Err(error) = log.write().unwrap_or_else(PoisonError::into_inner).put_in_place(&laid) {
        debug!(%error, "nothing can be laid out while the store can not be written");
        return false;
    }
    true
}

/// Folds what is due into minutes and hours; says whether there may be more.
fn fold(log: &RwLock<Log>, clock: &NodeClock) -> bool {
    let now = clock.now().utc;
    let gathered = match log.read().unwrap_or_else(PoisonError::into_inner).gather_folds(now, STREAMS_AT_ONCE) {
        Ok(gathered) => gathered,
        Err(error) => {
            debug!(%error, "nothing can be folded while the store can not be read");
            return false;
        }
    };
    let folded: Vec<Folded> = gathered.into_iter().map(ToFold::fold).collect();
    if folded.is_empty() {
        return false;
    }
    match log.write().unwrap_or_else(PoisonError::into_inner).put_folded(&folded) {
        Ok(_) => true,
        Err(error) => {
            debug!(%error, "nothing can be folded while the store can not be written");
            false
        }
    }
}

/// Deletes minutes and hours that are too old, stream by stream: others have their turn between two.
fn retire(log: &RwLock<Log>, clock: &NodeClock, stopped: &Receiver<()>) {
    let now = clock.now().utc;
    let streams: Vec<_> = log.read().unwrap_or_else(PoisonError::into_inner).streams().keys().copied().collect();
    for stream in streams {
        if stopped.try_recv() != Err(TryRecvError::Empty) {
            return;
        }
        let done = log.write().unwrap_or_else(PoisonError::into_inner).retire(stream, now);
        if let Err(error) = done {
            return debug!(%error, "old minutes and hours stay until the store can be written");
        }
    }
}
