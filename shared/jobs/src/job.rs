//! One piece of work: where it stands, and what becomes of it.

use std::ops::Deref;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use vigie_model::{Slug, UtcMs};

use crate::{Happened, JobId, JobKind, JobState, Log, Priority, Sealed};

/// What somebody or a plan asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobWish {
    /// What kind of work.
    pub kind: JobKind,
    /// What comes first.
    pub priority: Priority,
    /// Whose it is; nobody's alone where it is the hub's own.
    pub client: Option<Slug>,
    /// What it is about, for people.
    pub what: String,
    /// Who asks.
    pub by: String,
    /// All that is needed to carry it out. Nothing secret, it is kept and shown as it is: see [`Job::sealed`].
    pub order: Value,
    /// Not before this moment.
    pub not_before: UtcMs,
}

/// A job as it is kept. `Scheduled` and `Due` are one here: which of them it is says the clock. What was asked for is read as
/// if it were the job's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Its name.
    pub id: JobId,
    /// What was asked for. Its moment moves with each try; [`Job::next_at`] says whether it still waits for it.
    #[serde(flatten)]
    wish: JobWish,
    /// When it was asked for.
    pub made_at: UtcMs,
    /// How often it was begun since it was last asked for.
    pub tries: u32,
    /// What it gave, once it is done.
    #[serde(default)]
    pub given: Value,
    /// What happened to it.
    pub log: Log,
    state: JobState,
    /// Since when it stands so.
    since: UtcMs,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sealed: Option<Sealed>,
    /// Who asked for it to be called off while it is under way.
    #[serde(default)]
    cancel: Option<String>,
}

/// How a job that was under way ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ended {
    /// All of it is done; what it gave, and that in a sentence.
    Done(Value, String),
    /// It failed, and another try may succeed.
    Failed(String),
    /// It failed, and would fail again.
    Hopeless(String),
    /// It was broken off because it was to be.
    Stopped,
}

/// Why nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotNow {
    /// It has ended.
    #[error("the job is {0} already")]
    Ended(&'static str),
    /// It has not ended.
    #[error("the job has not ended: it is {0}")]
    NotEnded(&'static str),
    /// This kind is never called off.
    #[error("an erasure was decided for good: it is not called off")]
    ForGood,
    /// Somebody asked for that already.
    #[error("the job is being called off already")]
    Already,
}

impl Deref for Job {
    type Target = JobWish;

    fn deref(&self) -> &JobWish {
        &self.wish
    }
}

impl Job {
    /// A job that was just asked for.
    pub fn new(id: JobId, wish: JobWish, now: UtcMs) -> Self {
        let mut log = Log::default();
        log.add(now, Happened::Asked, Some(&wish.by), "");
        Self {
            id,
            wish,
            made_at: now,
            tries: 0,
            given: Value::Null,
            log,
            state: JobState::Due,
            since: now,
            sealed: None,
            cancel: None,
        }
    }

    /// The same with what nobody but who carries it out may read.
    #[must_use]
    pub fn with_sealed(self, sealed: Option<Sealed>) -> Self {
        Self { sealed, ..self }
    }

    /// What nobody but who carries it out may read, until it is done.
    pub fn sealed(&self) -> Option<&Sealed> {
        self.sealed.as_ref()
    }

    /// Where it stands now.
    pub fn state(&self, now: UtcMs) -> JobState {
        match self.state {
            JobState::Due | JobState::Scheduled if self.is_due(now) => JobState::Due,
            JobState::Due | JobState::Scheduled => JobState::Scheduled,
            other => other,
        }
    }

    /// Since when it stands so.
    pub fn since(&self) -> UtcMs {
        self.since
    }

    /// When it is begun, if it waits for that.
    pub fn next_at(&self) -> Option<UtcMs> {
        self.waits().then_some(self.wish.not_before)
    }

    /// When it was last begun, if it ever was.
    pub(crate) fn began_at(&self) -> Option<UtcMs> {
        self.log.began_at()
    }

    /// Whether somebody asked for what is under way to be called off.
    pub fn is_to_stop(&self) -> bool {
        self.cancel.is_some()
    }

    /// Whether something still becomes of it by itself.
    pub fn is_open(&self) -> bool {
        self.waits() || self.state == JobState::Running
    }

    /// Whether it is under way.
    pub fn is_running(&self) -> bool {
        self.state == JobState::Running
    }

    /// For how long it should have ended; nothing while there is time, or once it has. Nobody could carry it out before the
    /// program ran.
    pub fn late_ms(&self, runs_since: UtcMs, now: UtcMs) -> Option<i64> {
        let could_ms = now.0.saturating_sub(self.wish.not_before.0.max(runs_since.0));
        let late_ms = could_ms.saturating_sub(self.kind.late_after_ms());
        (self.is_open() && late_ms > 0).then_some(late_ms)
    }

    fn waits(&self) -> bool {
        matches!(self.state, JobState::Due | JobState::Scheduled | JobState::Retrying)
    }

    /// Whether it may be begun. A clock that was set back behind the moment at which it began to wait makes nothing wait for
    /// years.
    pub(crate) fn is_due(&self, now: UtcMs) -> bool {
        self.waits() && !(self.since.0..self.wish.not_before.0).contains(&now.0)
    }

    /// It is begun. Keep this before anything is done: who finds it so later knows that it was.
    pub fn begin(&mut self, now: UtcMs) {
        self.tries = self.tries.saturating_add(1);
        self.stand(JobState::Running, now);
        self.log.add(now, Happened::Began, None, "");
    }

    /// What was under way has ended. `jitter` is a share from 0 to 1.
    pub fn end(&mut self, ended: Ended, jitter: f64, now: UtcMs) {
        match ended {
            Ended::Done(given, said) => {
                (self.given, self.cancel, self.sealed) = (given, None, None);
                self.stand(JobState::Done, now);
                self.log.add(now, Happened::Done, None, &said);
            }
            // A wish to call it off that came while it failed is granted by that.
            Ended::Failed(_) | Ended::Hopeless(_) | Ended::Stopped if self.cancel.is_some() => self.called_off(now),
            Ended::Stopped => self.interrupted(now, "the hub is stopping"),
            Ended::Failed(why) if self.kind.tries().is_none_or(|most| self.tries < most) => {
                self.wish.not_before = UtcMs(now.0.saturating_add(self.kind.pause_ms(self.tries, jitter)));
                self.stand(JobState::Retrying, now);
                self.log.add(now, Happened::Failed, None, &why);
            }
            Ended::Failed(why) | Ended::Hopeless(why) => self.given_up(&why, now),
        }
    }

    /// It was under way in a life of the program that has ended: nobody carries it out any more.
    pub fn taken_up(&mut self, now: UtcMs) {
        if self.cancel.is_some() {
            return self.called_off(now);
        }
        // What brings the program down each time must not do so for ever.
        if self.kind.tries().is_some_and(|most| self.tries >= most) {
            return self.given_up("the hub ended each time while it ran", now);
        }
        self.wish.not_before = UtcMs(now.0.saturating_add(self.kind.rest_after_start_ms()));
        self.stand(JobState::Due, now);
        self.log.add(now, Happened::TakenUp, None, "the hub ended while it ran");
    }

    /// Calls it off: at once where it waits, else as soon as who carries it out sees that.
    ///
    /// # Errors
    /// When it has ended, is being called off, or is never called off; nothing is changed then.
    pub fn cancel(&mut self, by: &str, now: UtcMs) -> Result<(), NotNow> {
        if !self.is_open() {
            return Err(NotNow::Ended(self.state.as_str()));
        }
        if !self.kind.may_be_cancelled() {
            return Err(NotNow::ForGood);
        }
        if self.cancel.is_some() {
            return Err(NotNow::Already);
        }
        self.cancel = Some(by.to_owned());
        if self.is_running() {
            self.log.add(now, Happened::CancelAsked, Some(by), "");
        } else {
            self.called_off(now);
        }
        Ok(())
    }

    /// Asks for it again, as if it had never been tried; what waits to be tried again does not wait any longer.
    ///
    /// # Errors
    /// When it is under way, due or done; nothing is changed then.
    pub fn retry(&mut self, by: &str, now: UtcMs) -> Result<(), NotNow> {
        match self.state {
            JobState::Done => return Err(NotNow::Ended(self.state.as_str())),
            JobState::Running | JobState::Due | JobState::Scheduled => {
                return Err(NotNow::NotEnded(self.state(now).as_str()));
            }
            JobState::Retrying | JobState::Dead | JobState::Cancelled => {}
        }
        (self.tries, self.cancel, self.wish.not_before) = (0, None, now);
        self.stand(JobState::Due, now);
        self.log.add(now, Happened::AskedAgain, Some(by), "");
        Ok(())
    }

    /// It comes at this moment if it waits for a later one; says whether it did. `by` whom, where it was somebody.
    pub fn hasten(&mut self, to: UtcMs, by: Option<&str>, now: UtcMs) -> bool {
        if !self.waits() || self.wish.not_before <= to {
            return false;
        }
        self.wish.not_before = to;
        self.log.add(now, Happened::Hastened, by, "");
        true
    }

    /// Gives up what is open: nobody can know any more whether it was done. It waits for somebody to look.
    pub fn left_to_people(&mut self, why: &str, now: UtcMs) {
        if self.is_open() {
            self.cancel = None;
            self.given_up(why, now);
        }
    }

    /// What it gave is kept no longer.
    pub fn removed(&mut self, said: &str, now: UtcMs) {
        self.given = Value::Null;
        self.log.add(now, Happened::Removed, None, said);
    }

    /// Writes other names for people who are not to be known any more; says whether any was there.
    pub fn rename(&mut self, new_name: &dyn Fn(&str) -> Option<String>) -> bool {
        let mut renamed = self.log.rename(new_name);
        for by in [Some(&mut self.wish.by), self.cancel.as_mut()].into_iter().flatten() {
            if let Some(name) = new_name(by) {
                (*by, renamed) = (name, true);
            }
        }
        renamed
    }

    fn called_off(&mut self, now: UtcMs) {
        let by = self.cancel.take();
        self.stand(JobState::Cancelled, now);
        self.log.add(now, Happened::Cancelled, by.as_deref(), "");
    }

    /// That it was begun counts for nothing: it was no fault of its own that it did not end.
    fn interrupted(&mut self, now: UtcMs, why: &str) {
        self.tries = self.tries.saturating_sub(1);
        self.wish.not_before = now;
        self.stand(JobState::Due, now);
        self.log.add(now, Happened::TakenUp, None, why);
    }

    fn given_up(&mut self, why: &str, now: UtcMs) {
        self.stand(JobState::Dead, now);
        self.log.add(now, Happened::GivenUp, None, why);
    }

    fn stand(&mut self, state: JobState, now: UtcMs) {
        (self.state, self.since) = (state, now);
    }
}

#[cfg(test)]
mod tests;
