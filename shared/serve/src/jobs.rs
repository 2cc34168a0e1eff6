//! What must a node know so that people see what work waits, runs and failed, and decide of it?

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use vigie_jobs::{Happened as JobHappened, Job, JobId, JobKind, JobState, KindHealth, Priority, Told};
use vigie_model::{Slug, UtcMs};

use crate::exports::ExportWish;
use crate::{Stamp, Undecided};

/// What a hub implements so that its jobs are seen and decided of. Asked from blocking threads.
pub trait Jobs: Send + Sync + 'static {
    /// Another number whenever something changed.
    fn changes(&self) -> u64;

    /// All that are remembered.
    fn list(&self) -> Vec<Job>;

    /// One of them.
    fn one(&self, id: &JobId) -> Option<Job>;

    /// How each kind of upkeep goes that this hub has.
    fn upkeep(&self) -> Vec<KindHealth>;

    /// Calls one off, in a person's name: at once where it waits, else as soon as what is under way sees it.
    ///
    /// # Errors
    /// When there is none, it has ended, or it can not be kept; nothing was changed then.
    fn cancel(&self, id: &JobId, by: &str) -> Result<Job, Undecided>;

    /// Asks for one again that failed or was called off.
    ///
    /// # Errors
    /// As [`Jobs::cancel`], and where it is under way or done.
    fn retry(&self, id: &JobId, by: &str) -> Result<Job, Undecided>;

    /// Asks for upkeep now which comes by itself later.
    ///
    /// # Errors
    /// When this hub has no such upkeep, or it can not be kept; nothing was changed then.
    fn run(&self, what: Upkeep, by: &str) -> Result<Job, Undecided>;

    /// Asks for a client's samples in a file.
    ///
    /// # Errors
    /// When too many wait, or it can not be kept; nothing was changed then.
    fn export(&self, wish: &ExportWish, by: &str) -> Result<Job, Undecided>;

    /// The file that an export gave, open for reading.
    ///
    /// # Errors
    /// When it gave none, or it is kept no longer.
    fn file(&self, id: &JobId) -> Result<std::fs::File, Undecided>;
}

/// Upkeep that somebody may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Upkeep {
    /// A backup to where those of the plan go.
    Backup,
    /// What is older than it is to be kept is let go of.
    Retention,
}

impl Upkeep {
    /// The job that carries it out.
    pub fn kind(self) -> JobKind {
        match self {
            Self::Backup => JobKind::Backup,
            Self::Retention => JobKind::Retention,
        }
    }
}

/// A file that an export gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportGiven {
    /// What it is called.
    pub name: String,
    /// What it takes.
    pub bytes: u64,
    /// Samples, or minutes and hours, in it.
    pub samples: u64,
    /// Until when it is kept.
    pub until: UtcMs,
}

impl ExportGiven {
    /// What an export gave, while it is kept.
    pub fn of(job: &Job) -> Option<Self> {
        serde_json::from_value(job.given.clone()).ok().filter(|_| job.kind == JobKind::Export)
    }
}

/// A file that waits to be fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct JobFile {
    /// What it is called.
    pub name: String,
    /// What it takes.
    pub bytes: u64,
    /// Samples, or minutes and hours, in it.
    pub samples: u64,
    /// Until when it is kept.
    pub until: Stamp,
}

/// A job, as people see it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct JobShown {
    /// Its name.
    pub id: JobId,
    /// What kind of work.
    pub kind: JobKind,
    /// Where it stands.
    pub state: JobState,
    /// Since when.
    pub since: Stamp,
    /// What comes first where not all can be carried out at once.
    pub priority: Priority,
    /// Whose it is; null for the hub's own work.
    pub client: Option<Slug>,
    /// What it is about; of a letter to whom it goes.
    pub what: String,
    /// Who asked for it.
    pub by: String,
    /// When.
    pub made_at: Stamp,
    /// When it is begun, if it waits.
    pub next_at: Option<Stamp>,
    /// How often it was begun since it was last asked for.
    pub tries: u32,
    /// After so many it is given up; null where it never is.
    pub most_tries: Option<u32>,
    /// It is under way, and somebody asked for it to be called off.
    pub stopping: bool,
    /// What was last said of it, in English: why it failed, what it gave.
    pub said: Option<String>,
    /// The same for programs and for other languages; null where it is not the hub's own sentence.
    pub told: Option<JobTold>,
    /// What waits to be fetched.
    pub file: Option<JobFile>,
    /// Whether whoever asks may call it off now.
    pub may_cancel: bool,
    /// Whether whoever asks may ask for it again now.
    pub may_retry: bool,
}

impl JobShown {
    /// For somebody who may decide of it, or may not.
    pub fn of(job: &Job, may: bool, now: UtcMs) -> Self {
        let state = job.state(now);
        let file = ExportGiven::of(job).filter(|file| file.until > now);
        Self {
            id: job.id.clone(),
            kind: job.kind,
            state,
            since: Stamp(job.since()),
            priority: job.priority,
            client: job.client.clone(),
            what: about(job),
            by: job.by.clone(),
            made_at: Stamp(job.made_at),
            next_at: job.next_at().map(Stamp),
            tries: job.tries,
            most_tries: job.kind.tries(),
            stopping: job.is_to_stop(),
            said: job.log.last_said().map(str::to_owned),
            told: job.log.last_said().and_then(JobTold::of),
            file: file.map(|ExportGiven { name, bytes, samples, until }| JobFile {
                name,
                bytes,
                samples,
                until: Stamp(until),
            }),
            may_cancel: may && job.is_open() && !job.is_to_stop() && job.kind.may_be_cancelled(),
            may_retry: may && matches!(state, JobState::Retrying | JobState::Dead | JobState::Cancelled),
        }
    }
}

/// What a job is about, for who may see it: of a letter to whom it goes, which is in no event.
pub(crate) fn about(job: &Job) -> String {
    match (job.kind, job.order["to"].as_str()) {
        (JobKind::Mail, Some(to)) => to.to_owned(),
        _ => job.what.clone(),
    }
}

/// One thing that happened to a job.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct JobEntry {
    /// When.
    pub at: Stamp,
    /// What.
    pub what: JobHappened,
    /// Who did it; null where nobody did.
    pub by: Option<String>,
    /// Why it failed, or what it gave, in English; empty where there is no more to say.
    pub text: String,
    /// The same for programs and for other languages; null where it is not the hub's own sentence.
    pub told: Option<JobTold>,
}

/// A sentence that the hub says of its jobs, apart from any language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct JobTold {
    /// Which sentence; never renamed, and new ones may come.
    pub code: String,
    /// What stands in its places, by their names: numbers as digits, sizes in bytes, times in seconds.
    pub figures: BTreeMap<String, String>,
}

impl JobTold {
    fn of(text: &str) -> Option<Self> {
        let Told { code, figures } = Told::of(text)?;
        Some(Self {
            code: code.to_owned(),
            figures: figures.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        })
    }
}

/// A job with what happened to it, and what it was asked for with.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct JobWhole {
    /// As lists show it.
    #[serde(flatten)]
    pub job: JobShown,
    /// What was asked for, as it is kept.
    #[schema(value_type = Object)]
    pub order: Value,
    /// What happened, oldest first.
    pub log: Vec<JobEntry>,
    /// Entries between the first and the last ones that are not remembered any more.
    pub left_out: u64,
}

impl JobWhole {
    /// For somebody who may decide of it, or may not.
    pub fn of(job: &Job, may: bool, now: UtcMs) -> Self {
        let entries = job.log.entries().iter();
        let log = entries.map(|entry| JobEntry {
            at: Stamp(entry.at),
            what: entry.what,
            by: entry.by.clone(),
            text: entry.text.clone(),
            told: JobTold::of(&entry.text),
        });
        Self {
            job: JobShown::of(job, may, now),
            order: job.order.clone(),
            log: log.collect(),
            left_out: job.log.left_out(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_hub_said_of_a_job_is_told_apart_from_any_language_and_what_others_said_is_not() {
        let told = |text| json!(JobTold::of(text));
        let figures = json!({ "ticks": "12", "bytes": "3400" });
        assert_eq!(told("12 ticks, 3400 bytes were let go of"), json!({ "code": "let_go", "figures": figures }));
        assert_eq!(told("the hub is stopping"), json!({ "code": "hub_stopping", "figures": {} }));
        assert_eq!(told("250 kept as 42"), json!(null));
    }
}
