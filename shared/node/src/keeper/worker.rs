//! What the thread does: commits, answers, makes room, and tells what became of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedSender;
use tracing::{debug, error, info, warn};
use vigie_codec::wire::Paused;
use vigie_model::{StreamId, UtcMs};
use vigie_store::{CommitError, Log, Pressure};
use vigie_sync::keep::{Outcome, StreamFacts, Write};
use vigie_sync::{Answer, Ask, SessionId, Token};

use super::{FirstEar, Job, KeeperOptions, Kept, KeptBack, Sender2};
use crate::NodeClock;

/// The thread, and all that it goes by.
pub(super) struct Worker {
    log: Arc<RwLock<Log>>,
    options: KeeperOptions,
    clock: NodeClock,
    first: Arc<FirstEar>,
    told: UnboundedSender<Kept>,
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
    pub(super) fn new(
        log: Arc<RwLock<Log>>,
        (options, clock): (KeeperOptions, NodeClock),
        (first, told): (Arc<FirstEar>, UnboundedSender<Kept>),
        epoch: u64,
    ) -> Self {
        let (paused, last_tidy, trouble) = (Paused::default(), None, None);
        Self { log, options, clock, first, told, epoch, paused, last_tidy, trouble }
    }

    pub(super) fn run(mut self, inbox: &Receiver<Job>) {
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

    fn log(&self) -> RwLockWriteGuard<'_, Log> {
        self.log.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, kept: Kept) {
        if let Kept::Facts(stream, facts) = &kept {
            self.first.hears(*stream, facts);
        }
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
