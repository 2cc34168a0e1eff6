//! The thread that lays sealed ticks out by series and folds them into minutes and hours, beside the one that keeps.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tracing::{debug, warn};
use vigie_model::StreamId;
use vigie_store::{Folded, Gathered, LaidOut, LayOut, Log, Rollups, ToFold, Unfit};

use crate::NodeClock;

/// How often it looks for work. Ticks worth laying out come once in an hour from each machine.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How often minutes and hours are looked through for what is too old.
const RETIRE_EVERY: Duration = Duration::from_secs(3_600);

/// Streams laid out, or folded, in one commit: the disk syncs once for all of them.
const STREAMS_AT_ONCE: usize = 64;

/// Threads that lay out what was gathered: a small hub has two cores.
const THREADS: usize = 2;

/// Sealed ticks that come in during one step, beyond which there is more to do than to tidy up: machines that are
/// connected seal some hundred at once.
const MANY_TICKS: u64 = 1_000;

/// The longest rest between two steps of work.
const LONGEST_REST: Duration = Duration::from_secs(2);

/// The thread; stops when dropped.
#[derive(Debug)]
pub(crate) struct Layer {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Layer {
    /// Starts it, where anything is to be laid out or folded at all. `folded` is told of which streams something was.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn start(
        log: Arc<RwLock<Log>>,
        clock: NodeClock,
        folded: impl Fn(Vec<StreamId>) + Send + 'static,
    ) -> std::io::Result<Self> {
        let idle = {
            let log = log.read().unwrap_or_else(PoisonError::into_inner);
            log.options().lay_out == LayOut::Never && log.options().rollups == Rollups::Never
        };
        if idle {
            return Ok(Self { stop: None, thread: None });
        }
        let (stop, stopped) = channel();
        let work = move || run(&log, &clock, &folded, &stopped);
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

fn run(log: &RwLock<Log>, clock: &NodeClock, folded: &impl Fn(Vec<StreamId>), stopped: &Receiver<()>) {
    let (mut wait, mut retired) = (LOOK_EVERY, Instant::now());
    while stopped.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
        let (begun, sealed) = (Instant::now(), sealed_ticks(log));
        let (laid_out, more) = (lay_out(log), fold(log, clock, folded));
        wait = if laid_out || more { rest(begun.elapsed(), sealed_ticks(log) - sealed) } else { LOOK_EVERY };
        if !(laid_out || more) {
            give_back(log);
        }
        if retired.elapsed() >= RETIRE_EVERY {
            retired = Instant::now();
            retire(log, clock, stopped);
        }
    }
}

/// Gives back to the disk what laying out has left behind in the file, now that there is nothing to do.
fn give_back(log: &RwLock<Log>) {
    if !log.read().unwrap_or_else(PoisonError::into_inner).has_to_give_back() {
        return;
    }
    let begun = Instant::now();
    match log.write().unwrap_or_else(PoisonError::into_inner).give_back() {
        Ok(()) => debug!(took = ?begun.elapsed(), "gave back to the disk what was free in the file"),
        Err(error) => debug!(%error, "what is free in the file stays there until the store can be written"),
    }
}

/// While much comes in, as long at rest as at work, so that it never waits for what lies there; else hardly.
fn rest(worked: Duration, came_in: u64) -> Duration {
    if came_in > MANY_TICKS { worked.min(LONGEST_REST) } else { worked / 8 }
}

fn sealed_ticks(log: &RwLock<Log>) -> u64 {
    log.read().unwrap_or_else(PoisonError::into_inner).sealed_ticks()
}

/// Lays out what is most worth it; says whether there may be more.
fn lay_out(log: &RwLock<Log>) -> bool {
    let begun = Instant::now();
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
    let (count, read) = (gathered.len(), begun.elapsed());
    let leave = |unfit: Unfit| {
        debug!(%unfit, "it stays as it came");
        log.read().unwrap_or_else(PoisonError::into_inner).leave(unfit);
    };
    let laid: Vec<LaidOut> = each_laid_out(gathered).into_iter().filter_map(|laid| laid.map_err(leave).ok()).collect();
    let worked = begun.elapsed();
    if let Err(error) = log.write().unwrap_or_else(PoisonError::into_inner).put_in_place(&laid) {
        debug!(%error, "nothing can be laid out while the store can not be written");
        return false;
    }
    debug!(count, ?read, worked = ?worked - read, placed = ?begun.elapsed() - worked, "laid out by series");
    true
}

/// Lays out all that was gathered, on some threads.
fn each_laid_out(gathered: Vec<Gathered>) -> Vec<Result<LaidOut, Unfit>> {
    let waiting = Mutex::new(gathered.into_iter());
    let work = || {
        let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
        std::iter::from_fn(next).map(Gathered::lay_out).collect::<Vec<_>>()
    };
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..THREADS).map(|_| scope.spawn(work)).collect();
        let mut laid = work();
        // A thread that died has laid out nothing: what it had is gathered again.
        others.into_iter().filter_map(|other| other.join().ok()).for_each(|more| laid.extend(more));
        laid
    })
}

/// Folds what is due into minutes and hours; says whether there may be more.
fn fold(log: &RwLock<Log>, clock: &NodeClock, tell: &impl Fn(Vec<StreamId>)) -> bool {
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
        Ok(_) => {
            tell(folded.iter().map(Folded::stream).collect());
            true
        }
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
