//! All jobs, as rows of the hub's own store.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use vigie_jobs::{Ended, Job, JobId, JobKind, JobWish, KindHealth, NotNow, health, next, over, wake_at};
use vigie_model::Slug;
use vigie_node::{Failed, NodeClock};
use vigie_people::Erasure;
use vigie_serve::Undecided;
use vigie_store::State;

use crate::people::Belongings;

/// A row for each job, by its name.
pub(crate) const TABLE: &str = "jobs.job";

/// Jobs of one client that wait or are under way: whoever has more waits for some of them first.
const MOST_OF_ONE: usize = 20;

/// Jobs of all, those that are remembered too. Each is some kilobytes in memory.
const MOST: usize = 10_000;

/// All jobs of this hub.
#[derive(Debug)]
pub(crate) struct Book {
    state: Arc<State>,
    clock: NodeClock,
    /// Held through each change, so that nothing is decided by a job that is no more.
    jobs: Mutex<BTreeMap<JobId, Job>>,
    changes: AtomicU64,
    changed: Notify,
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
/// itself, to a place that is another one here, and exports, which are in no backup.
pub(crate) fn forget_files(state: &State) -> Result<(), Failed> {
    for (key, row) in state.scan(TABLE, b"")? {
        let is_file = |job: &Job| job.is_open() && matches!(job.kind, JobKind::Backup | JobKind::Export);
        if serde_json::from_slice::<Job>(&row).is_ok_and(|job| is_file(&job)) {
            state.remove(TABLE, &key)?;
        }
    }
    Ok(())
}

impl Book {
    /// Reads all of them. What was under way is taken up again: the program that did it has ended.
    pub(crate) fn open(state: Arc<State>, clock: NodeClock) -> Result<Self, Failed> {
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
        Ok(Self { state, clock, jobs: Mutex::new(jobs), changes: AtomicU64::new(1), changed: Notify::new() })
    }

    /// Another number whenever something changed.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::SeqCst)
    }

    /// Waits until something changed since it was last waited for.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
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
        health(self.jobs().values(), kind, self.clock.now().utc)
    }

    /// Takes a job in: it is kept when this returns.
    pub(crate) fn add(&self, wish: JobWish) -> Result<Job, NotChanged> {
        let mut chance = [0; 6];
        getrandom::fill(&mut chance)
            .map_err(|error| NotChanged::NotKept(format!("the system gives no random bytes: {error}")))?;
        let mut jobs = self.jobs();
        // What the hub wants by itself always finds room: it is a handful, and without it nothing makes any.
        if wish.client.is_some() && wish.kind != JobKind::Erasure && jobs.len() >= MOST {
            return Err(NotChanged::NoRoom(format!("{MOST} jobs are remembered at most: wait until some are done")));
        }
        has_room(&jobs, wish.client.as_ref())?;
        let now = self.clock.now().utc;
        let job = Job::new(JobId::new(now, chance), wish, now);
        self.keep(&mut jobs, job)
    }

    /// Changes a job: it is kept so when this returns, or is as it was.
    pub(crate) fn change(
        &self,
        id: &JobId,
        change: impl FnOnce(&mut Job, vigie_model::UtcMs) -> Result<(), NotNow>,
    ) -> Result<Job, NotChanged> {
        let mut jobs = self.jobs();
        let mut job = jobs.get(id).cloned().ok_or(NotChanged::NotHere)?;
        change(&mut job, self.clock.now().utc)?;
        self.keep(&mut jobs, job)
    }

    /// Asks for a job again, in a person's name. One that had ended takes as much room of its client's as another one.
    pub(crate) fn retry(&self, id: &JobId, by: &str) -> Result<Job, NotChanged> {
        let mut jobs = self.jobs();
        let mut job = jobs.get(id).cloned().ok_or(NotChanged::NotHere)?;
        let was_open = job.is_open();
        job.retry(by, self.clock.now().utc)?;
        if !was_open {
            has_room(&jobs, job.client.as_ref())?;
        }
        self.keep(&mut jobs, job)
    }

    /// Begins what is due and comes first: whoever is given it carries it out, and nobody else.
    pub(crate) fn begin_next(&self) -> Result<Option<Job>, NotChanged> {
        let mut jobs = self.jobs();
        let now = self.clock.now().utc;
        let Some(mut job) = next(jobs.values(), now).and_then(|id| jobs.get(id)).cloned() else { return Ok(None) };
        job.begin(now);
        self.keep(&mut jobs, job).map(Some)
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
        let mut jobs = self.jobs();
        let over = over(jobs.values(), self.clock.now().utc);
        if over.is_empty() {
            return Ok(());
        }
        let gone = self.state.transact(|tx| over.iter().try_for_each(|id| tx.remove(TABLE, key(id)).map(drop)));
        gone.map_err(|error| NotChanged::NotKept(error.to_string()))?;
        over.iter().for_each(|id| drop(jobs.remove(id)));
        self.tell();
        Ok(())
    }

    fn keep(&self, jobs: &mut BTreeMap<JobId, Job>, job: Job) -> Result<Job, NotChanged> {
        let kept = self.state.put(TABLE, key(&job.id), &written(&job));
        kept.map_err(|error| NotChanged::NotKept(error.to_string()))?;
        jobs.insert(job.id.clone(), job.clone());
        self.tell();
        Ok(job)
    }

    fn tell(&self) {
        self.changes.fetch_add(1, Ordering::SeqCst);
        self.changed.notify_one();
    }

    fn jobs(&self) -> MutexGuard<'_, BTreeMap<JobId, Job>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Belongings for Book {
    /// Who asked for what bears the pseudonym.
    fn let_go(&self, erasure: &Erasure) -> Result<(), String> {
        let mut jobs = self.jobs();
        let mut renamed: Vec<Job> = jobs.values().cloned().collect();
        renamed.retain_mut(|job| job.rename(&|name| erasure.renamed(name)));
        renamed
            .into_iter()
            .try_for_each(|job| self.keep(&mut jobs, job).map(drop))
            .map_err(|not| format!("jobs: {not}"))
    }
}

/// Whether one more of a client's may wait; what the hub does by itself always may.
fn has_room(jobs: &BTreeMap<JobId, Job>, client: Option<&Slug>) -> Result<(), NotChanged> {
    let is_open = |job: &&Job| job.is_open() && client.is_some() && job.client.as_ref() == client;
    if jobs.values().filter(is_open).count() >= MOST_OF_ONE {
        let why = format!("{MOST_OF_ONE} jobs of a client wait at most: wait for some of them");
        return Err(NotChanged::NoRoom(why));
    }
    Ok(())
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
mod tests {
    use serde_json::{Value, json};
    use vigie_jobs::{JobState, Priority};
    use vigie_model::UtcMs;
    use vigie_store::fault::{FaultDisk, Faults};

    use super::*;

    fn book(disk: &FaultDisk) -> Book {
        let state = Arc::new(State::open_on(disk.clone()).expect("a state").0);
        Book::open(state, NodeClock::new()).expect("a book")
    }

    fn wish(kind: JobKind, client: Option<&str>) -> JobWish {
        JobWish {
            kind,
            priority: Priority::Usual,
            client: client.map(|client| client.parse().expect("a name")),
            what: "one".to_owned(),
            by: "ann@acme.org".to_owned(),
            order: json!({}),
            not_before: UtcMs(0),
        }
    }

    fn state(book: &Book, id: &JobId) -> JobState {
        book.one(id).expect("it is remembered").state(NodeClock::new().now().utc)
    }

    #[test]
    fn wherever_the_hub_is_killed_each_job_is_there_and_what_ran_is_begun_once_more() {
        let disk = FaultDisk::new();
        let first = book(&disk);
        let waits = first.add(wish(JobKind::Export, Some("acme"))).expect("kept");
        let runs = first.begin_next().expect("kept").expect("due");
        assert_eq!((&runs.id, first.begin_next().expect("read")), (&waits.id, None), "nobody else is given it");
        let also = first.add(wish(JobKind::Erasure, None)).expect("kept");
        drop(first);
        let disk = disk.power_cut(11);
        let second = book(&disk);
        assert_eq!(state(&second, &runs.id), JobState::Scheduled, "it rests some seconds after the start");
        assert_eq!(second.begin_next().expect("kept").map(|job| job.id), Some(also.id.clone()));
        second.ended(&also.id, Ended::Done(Value::Null, "gone".to_owned()), 0.0).expect("kept");
        drop(second);
        let third = book(&disk.power_cut(12));
        assert_eq!(state(&third, &also.id), JobState::Done, "what is done is not done again");
        assert_eq!(third.all().len(), 2);
    }

    #[test]
    fn what_can_not_be_kept_is_not_begun() {
        let disk = FaultDisk::new();
        let book = book(&disk);
        let job = book.add(wish(JobKind::Export, None)).expect("kept");
        disk.set_faults(Faults { cut_at: Some(disk.operations()), ..Faults::default() });
        assert!(matches!(book.begin_next(), Err(NotChanged::NotKept(_))));
        assert_eq!((state(&book, &job.id), book.one(&job.id).expect("there").tries), (JobState::Due, 0));
    }

    #[test]
    fn a_client_that_asks_for_too_much_waits_and_keeps_nobody_else_from_it() {
        let book = book(&FaultDisk::new());
        for _ in 0..MOST_OF_ONE {
            book.add(wish(JobKind::Export, Some("acme"))).expect("room");
        }
        assert!(matches!(book.add(wish(JobKind::Export, Some("acme"))), Err(NotChanged::NoRoom(_))));
        book.add(wish(JobKind::Export, Some("bron"))).expect("another client's");
        book.add(wish(JobKind::Backup, None)).expect("the hub's own");
    }

    #[test]
    fn what_ended_is_asked_for_again_only_where_its_client_has_room() {
        let book = book(&FaultDisk::new());
        let again = book.add(wish(JobKind::Export, Some("acme"))).expect("room").id;
        book.begin_next().expect("kept").expect("due");
        book.ended(&again, Ended::Hopeless("too large".to_owned()), 0.0).expect("kept");
        let other: Vec<JobId> =
            (0..MOST_OF_ONE).map(|_| book.add(wish(JobKind::Export, Some("acme"))).expect("room").id).collect();
        assert!(matches!(book.retry(&again, "ann"), Err(NotChanged::NoRoom(_))));
        assert_eq!(state(&book, &again), JobState::Dead, "nothing was changed");
        // One that waits to be tried again has its room already.
        let begun = book.begin_next().expect("kept").expect("due").id;
        book.ended(&begun, Ended::Failed("no room".to_owned()), 0.0).expect("kept");
        book.retry(&begun, "ann").expect("it is one of them");
        book.change(other.iter().find(|id| **id != begun).expect("another"), |job, now| job.cancel("ann", now))
            .expect("called off");
        book.retry(&again, "ann").expect("there is room again");
    }

    #[test]
    fn a_job_is_a_clients_or_the_hubs_own() {
        let book = book(&FaultDisk::new());
        let of = |client: Option<&str>| written(&book.add(wish(JobKind::Export, client)).expect("kept"));
        let acme: Slug = "acme".parse().expect("a name");
        assert!(is_of_client(&of(Some("acme")), &acme));
        assert!(!is_of_client(&of(Some("bron")), &acme) && !is_of_client(&of(None), &acme));
    }
}
