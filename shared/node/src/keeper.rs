//! The store's thread: groups what is to be kept into commits, and looks up what is asked.

mod ear;
mod worker;

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use tracing::error;
use vigie_codec::SigningKey;
use vigie_codec::wire::Paused;
use vigie_merge::RangeSet;
use vigie_model::StreamId;
use vigie_store::Log;
use vigie_sync::keep::{Outcome, StreamFacts, Write};
use vigie_sync::{Answer, Ask, SessionId, Token};

pub(crate) use self::ear::FirstEar;
use self::worker::Worker;
use crate::NodeClock;
use crate::columns::Layer;

/// How the thread works.
#[derive(Debug, Clone)]
pub struct KeeperOptions {
    /// How long a write that nobody waits for may wait for company.
    pub group: Duration,
    /// How often room is made.
    pub tidy_every: Duration,
    /// The key that gaps are signed with (agent only): what is evicted is owned up to.
    pub gap_key: Option<SigningKey>,
}

/// Something for the thread to do.
enum Job {
    Apply {
        token: Option<Token>,
        writes: Vec<Write>,
        urgent: bool,
        done: Option<Sender2>,
    },
    Ask {
        session: SessionId,
        stream: StreamId,
        ask: Ask,
    },
    /// What is known of these streams has changed.
    Tell(Vec<StreamId>),
    Stop,
}

type Sender2 = tokio::sync::oneshot::Sender<Result<Vec<Outcome>, KeptBack>>;

/// Why something was not kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the store could not keep it: {0}")]
pub struct KeptBack(pub String);

/// What the thread tells the loop.
#[derive(Debug)]
pub(crate) enum Kept {
    Facts(StreamId, Arc<StreamFacts>),
    Applied(Token, Vec<Outcome>),
    NotApplied(Token),
    Answer(SessionId, StreamId, Answer),
    Damaged(StreamId, RangeSet),
    Pause(Paused),
    /// The store was begun anew; the thread has closed it and ended.
    NewStore,
}

/// A hand to the store's thread. The log itself can be read by others between commits.
#[derive(Debug)]
pub struct Keeper {
    jobs: Sender<Job>,
    log: Arc<RwLock<Log>>,
    first: Arc<FirstEar>,
    thread: Option<JoinHandle<()>>,
    /// Ends before the log is closed.
    layer: Option<Layer>,
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Job")
    }
}

impl Keeper {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn start(
        log: Log,
        options: KeeperOptions,
        clock: NodeClock,
        told: tokio::sync::mpsc::UnboundedSender<Kept>,
    ) -> std::io::Result<Self> {
        let (jobs, inbox) = channel();
        let epoch = log.epoch();
        let log = Arc::new(RwLock::new(log));
        let first = Arc::new(FirstEar::default());
        let worker = Worker::new(log.clone(), (options, clock.clone()), (first.clone(), told), epoch);
        let thread = std::thread::Builder::new().name("vigie-store".to_owned()).spawn(move || worker.run(&inbox))?;
        let told = jobs.clone();
        // By way of the other thread, so that nothing older is ever told after something newer.
        let folded = move |streams| drop(told.send(Job::Tell(streams)));
        let layer = Some(Layer::start(log.clone(), clock, folded)?);
        Ok(Self { jobs, log, first, thread: Some(thread), layer })
    }

    /// The log, to read from.
    pub fn log(&self) -> Arc<RwLock<Log>> {
        self.log.clone()
    }

    /// Who hears first what is known of a stream.
    pub(crate) fn first(&self) -> Arc<FirstEar> {
        self.first.clone()
    }

    pub(crate) fn apply(&self, token: Token, writes: Vec<Write>, urgent: bool) {
        self.job(Job::Apply { token: Some(token), writes, urgent, done: None });
    }

    pub(crate) fn keep(&self, writes: Vec<Write>, done: Sender2) {
        self.job(Job::Apply { token: None, writes, urgent: true, done: Some(done) });
    }

    pub(crate) fn ask(&self, session: SessionId, stream: StreamId, ask: Ask) {
        self.job(Job::Ask { session, stream, ask });
    }

    fn job(&self, job: Job) {
        // Fails only once the thread is gone, and then the loop is about to hear of it.
        drop(self.jobs.send(job));
    }

    /// Commits what is waiting and closes the log.
    pub(crate) fn stop(&mut self) {
        drop(self.layer.take());
        self.job(Job::Stop);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            error!("the store's thread ended badly; what was not yet acknowledged comes again");
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.stop();
    }
}
