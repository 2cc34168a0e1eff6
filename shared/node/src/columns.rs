//! The thread that lays sealed ticks out by series, beside the one that keeps.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tracing::{debug, warn};
use vigie_store::{LaidOut, LayOut, Log, Unfit};

/// How often it looks for work. Ticks worth laying out come once in an hour from each machine.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Streams laid out in one commit: the disk syncs once for all of them.
const STREAMS_AT_ONCE: usize = 64;

/// The thread; stops when dropped.
#[derive(Debug)]
pub(crate) struct Layer {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Layer {
    /// Starts it, where anything is to be laid out at all.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn start(log: Arc<RwLock<Log>>) -> std::io::Result<Self> {
        let idle = log.read().unwrap_or_else(PoisonError::into_inner).options().lay_out == LayOut::Never;
        if idle {
            return Ok(Self { stop: None, thread: None });
        }
        let (stop, stopped) = channel();
        let work = move || run(&log, &stopped);
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

fn run(log: &RwLock<Log>, stopped: &Receiver<()>) {
    let mut wait = LOOK_EVERY;
    while stopped.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
        let begun = Instant::now();
        // As long at rest as at work, so that what comes in never waits for what lies there.
        wait = if step(log) { begun.elapsed() } else { LOOK_EVERY };
    }
}

/// Lays out what is most worth it; says whether there may be more.
fn step(log: &RwLock<Log>) -> bool {
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
