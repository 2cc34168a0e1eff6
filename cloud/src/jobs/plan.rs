//! What comes by itself: a job that waits for its moment, so that it is seen when that is.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tracing::warn;
use vigie_jobs::{Job, JobKind, JobState, JobWish, Priority};
use vigie_model::UtcMs;
use vigie_node::NodeClock;
use vigie_serve::{Undecided, Upkeep};

use super::book::NotChanged;
use super::{Book, Exports};
use crate::backup::Backups;
use crate::clients::Eraser;

/// How often it is seen whether each has its job, if none ended before.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// How often it is looked for what is older than it is to be kept.
const RETENTION_EVERY_MS: i64 = 3_600_000;

/// When it is first looked: a hub that has just begun has other things to do. Not much later, for one that is started again
/// and again would let nothing go.
const FIRST_AFTER_MS: i64 = 15_000;

/// After a backup by plan that was given up another one is planned this soon.
const BACKUP_AGAIN_MS: i64 = 3_600_000;

/// Who asks for what comes by itself.
const PLAN: &str = "plan";

/// Sees to it that what comes by itself waits for its moment.
#[derive(Debug)]
pub(crate) struct Planner {
    pub(crate) book: Arc<Book>,
    pub(crate) backups: Arc<Backups>,
    pub(crate) exports: Arc<Exports>,
    pub(crate) eraser: Arc<Eraser>,
    pub(crate) clock: NodeClock,
}

impl Planner {
    /// For as long as the program runs.
    pub(crate) async fn tend(self: Arc<Self>) {
        let mut every = tokio::time::interval(LOOK_EVERY);
        let mut first = true;
        loop {
            tokio::select! {
                _ = every.tick() => {}
                () = self.book.upkeep_is_over() => {}
            }
            let planner = self.clone();
            let planned = tokio::task::spawn_blocking(move || planner.plan(first)).await;
            match planned {
                Ok(Ok(())) => first = false,
                Ok(Err(not)) => warn!(error = %not, "what comes by itself could not be planned; it is tried again"),
                Err(died) => warn!(%died, "what comes by itself could not be planned; it is tried again"),
            }
        }
    }

    fn plan(&self, first: bool) -> Result<(), NotChanged> {
        let now = self.clock.now().utc;
        // Each has its turn, whatever another could not do: there may be no room before the last has been here.
        let steps = [
            self.book.tidy(),
            self.exports.let_go_of_old(),
            self.eraser.go_on(&self.book).map_err(|failed| NotChanged::NotKept(failed.text)),
            self.retention(now, first),
            self.backup(now),
        ];
        steps.into_iter().collect()
    }

    fn retention(&self, now: UtcMs, first: bool) -> Result<(), NotChanged> {
        let soon = UtcMs(now.0.saturating_add(FIRST_AFTER_MS));
        match self.open(JobKind::Retention) {
            Some(job) if first => self.hasten(&job, soon),
            // A clock that was ahead when this was planned must not put it off.
            Some(job) => self.hasten(&job, UtcMs(now.0.saturating_add(RETENTION_EVERY_MS))),
            None => {
                let last = self.ended(JobKind::Retention).filter(|job| !first && job.since() <= now);
                let at = last.map_or(soon, |job| UtcMs(job.since().0.saturating_add(RETENTION_EVERY_MS)));
                self.add(JobKind::Retention, "what is older than it is to be kept", at, PLAN, Priority::Low).map(drop)
            }
        }
    }

    fn backup(&self, now: UtcMs) -> Result<(), NotChanged> {
        let open = self.open(JobKind::Backup);
        let Some(plan) = self.backups.plan.as_ref() else {
            // The plan was taken out of the file.
            let gone = open.filter(|job| !job.is_running() && job.by == PLAN);
            return gone.map_or(Ok(()), |job| self.book.change(&job.id, |job, now| job.cancel(PLAN, now)).map(drop));
        };
        let due = plan.due_at(now, self.backups.last_ms());
        // A plan that says sooner than it did counts at once.
        if let Some(job) = open {
            return if job.state(now) == JobState::Scheduled { self.hasten(&job, due) } else { Ok(()) };
        }
        let failed =
            self.ended(JobKind::Backup).filter(|job| job.since() <= now).and_then(|job| match job.state(now) {
                JobState::Dead => Some(job.since().0.saturating_add(BACKUP_AGAIN_MS)),
                JobState::Cancelled => Some(job.since().0.saturating_add(plan.every_ms)),
                _ => None,
            });
        let at = failed.map_or(due, |after| UtcMs(due.0.max(after)));
        self.add(JobKind::Backup, &plan.folder.display().to_string(), at, PLAN, Priority::Low).map(drop)
    }

    /// What comes by itself comes now, because a person wants it to.
    pub(crate) fn now(&self, what: Upkeep, by: &str) -> Result<Job, Undecided> {
        let now = self.clock.now().utc;
        let about = match (what, &self.backups.plan) {
            (Upkeep::Retention, _) => "what is older than it is to be kept".to_owned(),
            (Upkeep::Backup, Some(plan)) => plan.folder.display().to_string(),
            (Upkeep::Backup, None) => {
                let text = "this hub has no plan by which to take backups: say [backup] folder in its file, or take one with \
                            vigie-cloud backup";
                return Err(Undecided::Senseless(text.to_owned()));
            }
        };
        let Some(job) = self.open(what.kind()) else {
            return Ok(self.add(what.kind(), &about, now, by, Priority::Usual)?);
        };
        // One that waits comes now; one that is under way or due is what they want.
        let hastened = |job: &mut Job, now: UtcMs| {
            job.hasten(now, Some(by), now);
            Ok(())
        };
        Ok(self.book.change(&job.id, hastened)?)
    }

    fn hasten(&self, job: &Job, to: UtcMs) -> Result<(), NotChanged> {
        if job.next_at().is_none_or(|at| at <= to) {
            return Ok(());
        }
        let hastened = |job: &mut Job, now: UtcMs| {
            job.hasten(to, None, now);
            Ok(())
        };
        self.book.change(&job.id, hastened).map(drop)
    }

    fn add(
        &self,
        kind: JobKind,
        what: &str,
        not_before: UtcMs,
        by: &str,
        priority: Priority,
    ) -> Result<Job, NotChanged> {
        let order = json!({ "by_plan": true });
        let (what, by) = (what.to_owned(), by.to_owned());
        self.book.add(JobWish { kind, priority, client: None, what, by, order, not_before })
    }

    fn open(&self, kind: JobKind) -> Option<Job> {
        self.book.all().into_iter().find(|job| job.kind == kind && job.is_upkeep() && job.is_open())
    }

    /// The one of this kind that ended last.
    fn ended(&self, kind: JobKind) -> Option<Job> {
        let ended = self.book.all().into_iter().filter(|job| job.kind == kind && job.is_upkeep() && !job.is_open());
        ended.max_by_key(Job::since)
    }
}
