//! All jobs, as rows of the hub's own store.

mod room;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use tokio::sync::Notify;
use vigie_jobs::{Ended, Job, JobId, JobKind, JobWish, KindHealth, NotNow, Sealed, health, next, over, wake_at};
use vigie_model::{Slug, UtcMs};
use vigie_node::{Failed, NodeClock};
use vigie_people::Erasure;
use vigie_serve::Undecided;
use vigie_store::State;

use crate::people::Belongings;

/// A row for each job, by its name.
pub(crate) const TABLE: &str = "jobs.job";

/// Jobs of all, those that are remembered too: each is some kilobytes in memory. What has ended makes room for what is asked for.
const MOST: usize = 10_000;

/// All jobs of this hub.
#[derive(Debug)]
pub(crate) struct Book {
    state: Arc<State>,
    clock: NodeClock,
    /// Since when this program runs.
    opened: UtcMs,
    most: usize,
    /// Held through each change and its commit, so that nothing is decided by a job that is no more.
    deciding: Mutex<()>,
    /// As they are kept. Held for no disk: whoever only looks waits for none, tasks neither.
    jobs: RwLock<BTreeMap<JobId, Job>>,
    changes: AtomicU64,
    changed: Notify,
    /// For whoever waits for what becomes of one.
    news: Notify,
    /// For who plans what comes by itself.
    upkeep_is_over: Notify,
}

/// Why a job is as it was.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotChanged {
    #[error("there is no such job here")]
    NotHere,
    #[error(transparent)]
    NotNow(#[from] NotNow),
    #[error("{0}")]
    NoRoom(String),
    #[error("it can not be kept now: {0}")]
    NotKept(String),
}

impl From<NotChanged> for Undecided {
    fn from(not: NotChanged) -> Self {
        match not {
            NotChanged::NotHere => Self::NotHere("such job"),
            NotChanged::NotNow(_) | NotChanged::NoRoom(_) => Self::Senseless(not.to_string()),
            NotChanged::NotKept(why) => Self::NotKept(why),
        }
    }
}

/// Where a backup is restored nobody wishes for the files any more that were being written when it was taken: that backup
/// itself, to a place that is another one here, and exports, which are in no backup. Letters that waited then may have gone since.
pub(crate) fn brought_back(state: &State, now: UtcMs) -> Result<(), Failed> {
    for (key, row) in state.scan(TABLE, b"")? {
        let Some(mut job) = serde_json::from_slice::<Job>(&row).ok().filter(Job::is_open) else { continue };
        match job.kind {
            JobKind::Backup | JobKind::Export => drop(state.remove(TABLE, &key)?),
            JobKind::Mail => {
                let why = "this hub was brought back from a backup: whether the letter went since is not known; send it again if not";
                job.left_to_people(why, now);
                state.put(TABLE, &key, &written(&job))?;
            }
            JobKind::Erasure | JobKind::Retention => {}
        }
    }
    Ok(())
}

impl Book {
    /// Reads all of them. What was under way is taken up again: the program that did it has ended.
    pub(crate) fn open(state: Arc<State>, clock: NodeClock) -> Result<Self, Failed> {
        Self::with_room(state, clock, MOST)
    }

    fn with_room(state: Arc<State>, clock: NodeClock, most: usize) -> Result<Self, Failed> {
        let rows = state.scan(TABLE, b"")?.into_iter();
        // A row of a later version of this program is left as it is.
        let read = |(_, row): (Vec<u8>, Vec<u8>)| serde_json::from_slice::<Job>(&row).ok();
        let mut jobs: BTreeMap<JobId, Job> = rows.filter_map(read).map(|job| (job.id.clone(), job)).collect();
        let now = clock.now().utc;
        let mut left: Vec<&mut Job> = jobs.values_mut().filter(|job| job.is_running()).collect();
        left.iter_mut().for_each(|job| job.taken_up(now));
        if !left.is_empty() {
            state.transact(|tx| left.iter().try_for_each(|job| tx.put(TABLE, key(&job.id), &written(job))))?;
        }
        Ok(Self {
            state,
            clock,
            opened: now,
            most,
            deciding: Mutex::default(),
            jobs: RwLock::new(jobs),
            changes: AtomicU64::new(1),
            changed: Notify::new(),
            news: Notify::new(),
            upkeep_is_over: Notify::new(),
        })
    }

    /// Another number whenever something changed.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::SeqCst)
    }

    /// Waits until something changed since it was last waited for.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Waits until upkeep has ended since it was last waited for: another one is to be planned.
    pub(crate) async fn upkeep_is_over(&self) {
        self.upkeep_is_over.notified().await;
    }

    /// As one job is once it was tried, succeeded or not; nothing where it is none any more.
    pub(crate) async fn tried(&self, id: &JobId) -> Option<Job> {
        loop {
            // Before it is looked at: what changes in between is not missed.
            let news = self.news.notified();
            let job = self.one(id)?;
            if !job.is_open() || (job.tries > 0 && !job.is_running()) {
                return Some(job);
            }
            news.await;
        }
    }

    /// How long nothing is due, if nothing changes.
    pub(crate) fn rest(&self) -> Option<Duration> {
        let now = self.clock.now().utc;
        let at = wake_at(self.jobs().values(), now)?;
        Some(Duration::from_millis(u64::try_from(at.0.saturating_sub(now.0)).unwrap_or_default()))
    }

    pub(crate) fn all(&self) -> Vec<Job> {
        self.jobs().values().cloned().collect()
    }

    pub(crate) fn one(&self, id: &JobId) -> Option<Job> {
        self.jobs().get(id).cloned()
    }

    /// How one kind of work goes.
    pub(crate) fn health(&self, kind: JobKind) -> KindHealth {
        health(self.jobs().values(), kind, (self.opened, self.clock.now().utc))
    }

    /// Takes a job in: it is kept when this returns.
    pub(crate) fn add(&self, wish: JobWish) -> Result<Job, NotChanged> {
        let _deciding = self.deciding();
        self.keep(self.drafted(wish, None)?)
    }

    /// A job that somebody else keeps, in one step with what is theirs: see [`Book::row`]. It is none before [`Book::is_kept`]. What is
    /// sealed nobody reads but who carries it out.
    pub(crate) fn draft(&self, wish: JobWish, sealed: Option<Sealed>) -> Result<Job, NotChanged> {
        let _deciding = self.deciding();
        self.drafted(wish, sealed)
    }

    /// What stands in [`TABLE`] of a job: its key, and its row.
    pub(crate) fn row(job: &Job) -> (Vec<u8>, Vec<u8>) {
        (key(&job.id).to_vec(), written(job))
    }

    /// Somebody else has kept a job that was drafted here.
    pub(crate) fn is_kept(&self, job: Job) {
        self.jobs.write().unwrap_or_else(PoisonError::into_inner).insert(job.id.clone(), job);
        self.tell();
    }

    fn drafted(&self, wish: JobWish, sealed: Option<Sealed>) -> Result<Job, NotChanged> {
        let mut chance = [0; 6];
        getrandom::fill(&mut chance)
            .map_err(|error| NotChanged::NotKept(format!("the system gives no random bytes: {error}")))?;
        self.has_room(&wish)?;
        let forgotten = self.forgotten_for(&wish)?;
        self.write(&[], &forgotten)?;
        let now = self.clock.now().utc;
        Ok(Job::new(JobId::new(now, chance), wish, now).with_sealed(sealed))
    }

    /// Changes a job: it is kept so when this returns, or is as it was.
    pub(crate) fn change(
        &self,
        id: &JobId,
        change: impl FnOnce(&mut Job, UtcMs) -> Result<(), NotNow>,
    ) -> Result<Job, NotChanged> {
        let _deciding = self.deciding();
        let mut job = self.one(id).ok_or(NotChanged::NotHere)?;
        change(&mut job, self.clock.now().utc)?;
        self.keep(job)
    }

    /// Asks for a job again, in a person's name. One that had ended takes as much room of its client's as another one.
    pub(crate) fn retry(&self, id: &JobId, by: &str) -> Result<Job, NotChanged> {
        let _deciding = self.deciding();
        let mut job = self.one(id).ok_or(NotChanged::NotHere)?;
        let was_open = job.is_open();
        job.retry(by, self.clock.now().utc)?;
        if !was_open {
            self.has_room(&job)?;
        }
        self.keep(job)
    }

    /// Begins what is due and comes first: whoever is given it carries it out, and nobody else.
    pub(crate) fn begin_next(&self) -> Result<Option<Job>, NotChanged> {
        let _deciding = self.deciding();
        let now = self.clock.now().utc;
        let first = {
            let jobs = self.jobs();
            next(jobs.values(), now).and_then(|id| jobs.get(id)).cloned()
        };
        let Some(mut job) = first else { return Ok(None) };
        job.begin(now);
        self.keep(job).map(Some)
    }

    /// What was begun has ended. `jitter` is a share from 0 to 1.
    pub(crate) fn ended(&self, id: &JobId, ended: Ended, jitter: f64) -> Result<Job, NotChanged> {
        self.change(id, |job, now| {
            job.end(ended, jitter, now);
            Ok(())
        })
    }

    /// Lets go of what need not be remembered any more.
    pub(crate) fn tidy(&self) -> Result<(), NotChanged> {
        let _deciding = self.deciding();
        let over = over(self.jobs().values(), self.clock.now().utc);
        self.write(&[], &over)
    }

    fn keep(&self, job: Job) -> Result<Job, NotChanged> {
        self.write(&[&job], &[])?;
        Ok(job)
    }

    /// Some as they are from now on, and some no more: kept in one step, and told.
    fn write(&self, changed: &[&Job], gone: &[JobId]) -> Result<(), NotChanged> {
        if changed.is_empty() && gone.is_empty() {
            return Ok(());
        }
        let kept = self.state.transact(|tx| {
            changed.iter().try_for_each(|job| tx.put(TABLE, key(&job.id), &written(job)))?;
            gone.iter().try_for_each(|id| tx.remove(TABLE, key(id)).map(drop))
        });
        kept.map_err(|error| NotChanged::NotKept(error.to_string()))?;
        let mut jobs = self.jobs.write().unwrap_or_else(PoisonError::into_inner);
        gone.iter().for_each(|id| drop(jobs.remove(id)));
        changed.iter().for_each(|job| drop(jobs.insert(job.id.clone(), (*job).clone())));
        drop(jobs);
        self.tell();
        if changed.iter().any(|job| job.is_upkeep() && !job.is_open()) {
            self.upkeep_is_over.notify_one();
        }
        Ok(())
    }

    fn tell(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
        self.changed.notify_one();
        self.news.notify_waiters();
    }

    fn deciding(&self) -> MutexGuard<'_, ()> {
        self.deciding.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Never held while something is kept.
    fn jobs(&self) -> RwLockReadGuard<'_, BTreeMap<JobId, Job>> {
        self.jobs.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Belongings for Book {
    /// Letters to them go, sent or not; who asked for what bears the pseudonym.
    fn let_go(&self, erasure: &Erasure) -> Result<(), String> {
        let _deciding = self.deciding();
        let is_theirs =
            |job: &Job| job.kind == JobKind::Mail && job.order["to"].as_str().is_some_and(|to| erasure.names(to));
        let (theirs, mut renamed): (Vec<Job>, Vec<Job>) = self.all().into_iter().partition(is_theirs);
        renamed.retain_mut(|job| job.rename(&|name| erasure.renamed(name)));
        let theirs: Vec<JobId> = theirs.into_iter().map(|job| job.id).collect();
        self.write(&renamed.iter().collect::<Vec<_>>(), &theirs).map_err(|not| format!("jobs: {not}"))
    }
}

/// Whether a row is a client's.
pub(crate) fn is_of_client(row: &[u8], client: &Slug) -> bool {
    serde_json::from_slice::<Job>(row).is_ok_and(|job| job.client.as_ref() == Some(client))
}

fn key(id: &JobId) -> &[u8] {
    id.as_str().as_bytes()
}

fn written(job: &Job) -> Vec<u8> {
    // Texts and numbers: writing them to memory does not fail.
    serde_json::to_vec(job).unwrap_or_default()
}

#[cfg(test)]
mod tests;
