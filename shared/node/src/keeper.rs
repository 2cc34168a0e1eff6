//! The store's thread: groups what is to be kept into commits, and looks up what is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tracing::{debug, error, info, warn};
use vigie_codec::SigningKey;
use vigie_codec::wire::Paused;
use vigie_merge::RangeSet;
use vigie_model::{StreamId, UtcMs};
use vigie_store::{CommitError, Log, Pressure};
use vigie_sync::keep::{Outcome, StreamFacts, Write};
use vigie_sync::{Answer, Ask, SessionId, Token};

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
        let worker = Worker {
            log: log.clone(),
            options,
            clock: clock.clone(),
            told,
            epoch,
            paused: Paused::default(),
            last_tidy: None,
            trouble: None,
        };
        let thread = std::thread::Builder::new().name("vigie-store".to_owned()).spawn(move || worker.run(&inbox))?;
        let told = jobs.clone();
        // By way of the other thread, so that nothing older is ever told after something newer.
        let folded = move |streams| drop(told.send(Job::Tell(streams)));
        let layer = Some(Layer::start(log.clone(), clock, folded)?);
        Ok(Self { jobs, log, thread: Some(thread), layer })
    }

    /// The log, to read from.
    pub fn log(&self) -> Arc<RwLock<Log>> {
        self.log.clone()
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

struct Worker {
    log: Arc<RwLock<Log>>,
    options: KeeperOptions,
    clock: NodeClock,
    told: tokio::sync::mpsc::UnboundedSender<Kept>,
    /// The life of the log that the program knows.
    epoch: u64,
    paused: Paused,
    last_tidy: Option<Instant>,
    /// The trouble that was told last, until there is none: a disk may be full for days, and the log may be on it.
    trouble: Option<String>,
}

/// One wish within a commit.
struct Part {
    token: Option<Token>,
    done: Option<Sender2>,
    writes: usize,
}

/// Writes in one commit. Beyond it the commit itself would make others wait.
const MAX_GROUP: usize = 4_096;

impl Worker {
    fn run(mut self, inbox: &Receiver<Job>) {
        let (mut parts, mut writes) = (Vec::new(), Vec::new());
        let mut due: Option<Instant> = None;
        loop {
            if self.log().epoch() != self.epoch {
                self.log().close();
                return self.tell(Kept::NewStore);
            }
            let wait = due.map_or(self.options.tidy_every, |due| due.saturating_duration_since(Instant::now()));
            let job = if writes.len() >= MAX_GROUP { Err(RecvTimeoutError::Timeout) } else { inbox.recv_timeout(wait) };
            match job {
                Ok(Job::Apply { token, writes: more, urgent, done }) => {
                    let limit = if urgent { Duration::ZERO } else { self.options.group };
                    let at = Instant::now() + limit;
                    due = Some(due.map_or(at, |due| due.min(at)));
                    parts.push(Part { token, done, writes: more.len() });
                    writes.extend(more);
                }
                Ok(Job::Ask { session, stream, ask }) => self.answer(session, stream, ask),
                Ok(Job::Tell(streams)) => {
                    let facts = self.log().facts_of(streams);
                    facts.into_iter().for_each(|(stream, facts)| self.tell(Kept::Facts(stream, facts)));
                }
                Err(RecvTimeoutError::Timeout) => {
                    due = None;
                    self.commit(std::mem::take(&mut parts), std::mem::take(&mut writes));
                    self.tidy();
                }
                Ok(Job::Stop) | Err(RecvTimeoutError::Disconnected) => {
                    self.commit(parts, writes);
                    return self.log().close();
                }
            }
        }
    }

    fn log(&self) -> std::sync::RwLockWriteGuard<'_, Log> {
        self.log.write().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn tell(&self, kept: Kept) {
        // The loop may be gone first when the program stops; then nobody needs to know.
        drop(self.told.send(kept));
    }

    fn commit(&mut self, parts: Vec<Part>, writes: Vec<Write>) {
        if parts.is_empty() {
            return;
        }
        let touched: BTreeSet<_> = writes.iter().map(Write::stream).collect();
        let mut log = self.log();
        match log.commit(writes) {
            Ok(outcomes) => {
                let facts = log.facts_of(touched);
                drop(log);
                self.out_of_trouble();
                facts.into_iter().for_each(|(stream, facts)| self.tell(Kept::Facts(stream, facts)));
                let mut outcomes = outcomes.into_iter();
                for part in parts {
                    let own: Vec<_> = outcomes.by_ref().take(part.writes).collect();
                    self.answer_part(part, Ok(own));
                }
            }
            Err(failed) => {
                let healed = heal(&mut log, &failed);
                drop(log);
                healed.into_iter().for_each(|(stream, facts)| self.tell(Kept::Facts(stream, facts)));
                self.in_trouble(&failed, "nothing can be kept; whoever sends it will send it again");
                let why = KeptBack(failed.to_string());
                parts.into_iter().for_each(|part| self.answer_part(part, Err(why.clone())));
            }
        }
        self.tell_damage();
        self.tell_pressure();
    }

    /// Told when it begins and when it changes.
    fn in_trouble(&mut self, failed: &CommitError, what: &'static str) {
        let error = failed.to_string();
        if self.trouble.as_ref() == Some(&error) {
            return debug!(error, "{what}");
        }
        warn!(error, "{what}");
        self.trouble = Some(error);
    }

    fn out_of_trouble(&mut self) {
        if let Some(trouble) = self.trouble.take() {
            info!(trouble, "the store keeps again");
        }
    }

    fn answer_part(&self, part: Part, result: Result<Vec<Outcome>, KeptBack>) {
        match (part.token, part.done) {
            (Some(token), _) => self.tell(match result {
                Ok(outcomes) => Kept::Applied(token, outcomes),
                Err(_) => Kept::NotApplied(token),
            }),
            // Whoever asked may have gone.
            (None, Some(done)) => drop(done.send(result)),
            (None, None) => {}
        }
    }

    fn answer(&self, session: SessionId, stream: StreamId, ask: Ask) {
        let answer = self.log().look_up(stream, ask);
        match answer {
            Ok(answer) => self.tell(Kept::Answer(session, stream, answer)),
            Err(failed) => {
                warn!(%stream, error = %failed, "the store could not look something up");
                self.tell(Kept::Answer(session, stream, Answer::Failed));
            }
        }
        self.tell_damage();
    }

    fn tell_damage(&self) {
        let mut log = self.log();
        let damage = log.take_damage();
        let facts = log.facts_of(damage.iter().map(|(stream, _)| *stream));
        drop(log);
        for (stream, lost) in damage {
            warn!(%stream, ticks = lost.count(), "records failed their checksum and were set aside");
            self.tell(Kept::Damaged(stream, lost));
        }
        facts.into_iter().for_each(|(stream, facts)| self.tell(Kept::Facts(stream, facts)));
    }

    fn tell_pressure(&mut self) {
        let pressure = self.log().pressure();
        let paused = Paused { live: pressure == Pressure::Hard, bulk: pressure != Pressure::None };
        if paused != self.paused {
            info!(?pressure, "how full the store is has changed");
            self.paused = paused;
            self.tell(Kept::Pause(paused));
        }
    }

    /// Makes room now and then, and at once when it is scarce.
    fn tidy(&mut self) {
        let pressed = self.paused.bulk;
        let due = self.last_tidy.is_none_or(|last| last.elapsed() >= self.options.tidy_every);
        if !due && !pressed {
            return;
        }
        self.last_tidy = Some(Instant::now());
        let now: UtcMs = self.clock.now().utc;
        let mut log = self.log();
        // By a time that somebody else has told: a clock that runs ahead would take what nobody else has.
        let aged = self.clock.trusted().map(|trusted| log.thin_for_age(trusted));
        let room = log.make_room(now, self.options.gap_key.as_ref());
        let (done, failed): (Vec<_>, Vec<_>) = aged.into_iter().chain([room]).partition(Result::is_ok);
        let changed: BTreeSet<StreamId> = done.into_iter().flatten().flat_map(|evicted| evicted.streams).collect();
        let facts = log.facts_of(changed);
        drop(log);
        for failed in failed.into_iter().filter_map(Result::err) {
            self.in_trouble(&failed, "no room can be made in the store");
        }
        facts.into_iter().for_each(|(stream, facts)| self.tell(Kept::Facts(stream, facts)));
        self.tell_pressure();
    }
}

/// A damaged file is replaced by what can be read of it; what is missing then comes again from below, or is a gap.
fn heal(log: &mut Log, failed: &CommitError) -> BTreeMap<StreamId, Arc<StreamFacts>> {
    if !matches!(failed, CommitError::Damaged(_)) {
        return BTreeMap::new();
    }
    match log.heal() {
        Ok(report) => warn!(?report, "the store was damaged and has been mended"),
        Err(error) => error!(%error, "the store is damaged and can not be mended yet; the next write tries again"),
    }
    log.all_facts()
}
