//! Backups of the running hub: at a person's word, and by plan.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tracing::{info, warn};
use vigie_backup::Passphrase;
use vigie_jobs::{Ended, Job, JobId, JobKind, JobWish, Priority};
use vigie_model::Role;
use vigie_net::Identity;
use vigie_node::{Failed, NodeClock};
use vigie_store::{Log, State};

use super::plan::Plan;
use super::take::{self, Progress, Taken, Taking};
use super::{LAST, TABLE};
use crate::jobs::Book;

/// What backups are taken of, and how they go.
#[derive(Debug)]
pub(crate) struct Backups {
    pub(crate) data: PathBuf,
    pub(crate) node: String,
    pub(crate) name: String,
    pub(crate) log: Arc<RwLock<Log>>,
    pub(crate) state: Arc<State>,
    pub(crate) clock: NodeClock,
    pub(crate) plan: Option<Plan>,
    book: Arc<Book>,
    standing: Mutex<Standing>,
}

#[derive(Debug, Default)]
struct Standing {
    /// Under way, or the next to be.
    running: Option<Running>,
    last: Option<Taken>,
    /// The last one, if it failed.
    failed: Option<Failure>,
    /// What seals those that wait: never written down, so that they go with this program.
    words: BTreeMap<JobId, Passphrase>,
}

#[derive(Debug)]
struct Running {
    to: PathBuf,
    progress: Arc<Progress>,
    job: JobId,
}

/// What a job says of the backup that it takes.
#[derive(Deserialize)]
#[serde(untagged)]
enum Order {
    To {
        to: PathBuf,
        sealed: bool,
    },
    ByPlan {
        #[serde(rename = "by_plan")]
        _by_plan: bool,
    },
}

#[derive(Debug, Serialize)]
struct Failure {
    at_ms: i64,
    why: String,
    /// Nobody stood by and read why.
    by_plan: bool,
}

/// What is asked of the running hub.
#[derive(Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case", deny_unknown_fields)]
enum Request {
    BackupTake { to: PathBuf, passphrase: Option<String> },
    BackupState,
}

impl Backups {
    pub(crate) fn new(
        (data, plan): (&Path, Option<Plan>),
        (node, name): (String, String),
        (log, state): (Arc<RwLock<Log>>, Arc<State>),
        clock: NodeClock,
        book: Arc<Book>,
    ) -> Result<Self, Failed> {
        // What an older or damaged row says is not known then.
        let last = state.get(TABLE, LAST)?.and_then(|row| serde_json::from_slice(&row).ok());
        let standing = Mutex::new(Standing { last, ..Standing::default() });
        Ok(Self { data: data.to_owned(), node, name, log, state, clock, plan, book, standing })
    }

    /// Carries out what is asked, if it is about backups.
    pub(crate) fn answer(&self, request: &Value) -> Option<Result<Value, Failed>> {
        let ask = request["ask"].as_str().filter(|ask| ask.starts_with("backup-"))?;
        let request = serde_json::from_value(request.clone())
            .map_err(|error| Failed::new(2, format!("{ask}: {error}; no backup was taken")));
        Some(request.and_then(|request| match request {
            Request::BackupState => Ok(self.told()),
            Request::BackupTake { to, passphrase } => {
                self.begin(to, passphrase.map(|text| Passphrase::new(&text)))?;
                Ok(Value::Null)
            }
        }))
    }

    /// As it stands, for people.
    pub(crate) fn told(&self) -> Value {
        let mut standing = self.standing();
        // One that was called off before its turn came.
        if let Some(gone) = standing.running.take_if(|running| !self.is_open(&running.job)) {
            let why = format!("the backup to {} was called off; no backup was taken", gone.to.display());
            let at_ms = self.clock.now().utc.0;
            standing.failed = Some(Failure { at_ms, why, by_plan: self.is_of_plan(&gone.to) });
        }
        let running = standing.running.as_ref().map(|Running { to, progress, .. }| {
            json!({ "to": to.display().to_string(), "rows": progress.rows.load(Ordering::Relaxed),
                "of_rows": progress.of_rows.load(Ordering::Relaxed) })
        });
        json!({ "running": running, "last": standing.last, "failed": standing.failed,
            "every_ms": self.plan.as_ref().map(|plan| plan.every_ms) })
    }

    /// When the last one was taken, if that is known.
    pub(crate) fn last_ms(&self) -> Option<i64> {
        self.standing().last.as_ref().map(|last| last.made_at_ms)
    }

    /// Takes the one that a job asks for.
    pub(crate) fn carry_out(&self, job: &Job, stop: &Arc<AtomicBool>) -> Ended {
        let order: Order = match serde_json::from_value(job.order.clone()) {
            Ok(order) => order,
            Err(error) => return Ended::Hopeless(format!("what was asked for can not be read any more: {error}")),
        };
        let (to, words, is_asked) = match self.ready(job, order) {
            Ok(ready) => ready,
            Err(ended) => return ended,
        };
        // It was taken, and the hub was killed before that was written down.
        if let Some(last) = self.standing().last.as_ref().filter(|last| is_asked && is_of(last, &to, job)) {
            return done(last);
        }
        let progress = Arc::new(Progress { stop: stop.clone(), ..Progress::default() });
        self.standing().running = Some(Running { to: to.clone(), progress: progress.clone(), job: job.id.clone() });
        let taken = self.take(&to, words.as_ref(), &progress);
        let ended = match &taken {
            Ok(taken) => done(taken),
            Err(_) if stop.load(Ordering::Relaxed) => Ended::Stopped,
            // Somebody stands by and reads why.
            Err(failed) if is_asked => Ended::Hopeless(failed.text.clone()),
            Err(failed) => Ended::Failed(failed.text.clone()),
        };
        self.ended(&to, taken);
        ended
    }

    /// Where it goes, the words that seal it, and whether somebody stands by.
    fn ready(&self, job: &Job, order: Order) -> Result<(PathBuf, Option<Passphrase>, bool), Ended> {
        match order {
            Order::ByPlan { .. } => {
                let gone = || Ended::Hopeless("there is no plan any more".to_owned());
                let plan = self.plan.as_ref().ok_or_else(gone)?;
                let to = plan.file(self.clock.now().utc);
                let words = plan.passphrase().map_err(|failed| {
                    let ended = Ended::Failed(failed.text.clone());
                    self.ended(&to, Err(failed));
                    ended
                });
                Ok((to.clone(), words?, false))
            }
            Order::To { to, sealed: false } => Ok((to, None, true)),
            Order::To { to, sealed: true } => {
                let words = self.standing().words.remove(&job.id);
                let gone = "the words that seal it went with the hub, which ended meanwhile: ask for another one";
                Ok((to, Some(words.ok_or_else(|| Ended::Hopeless(gone.to_owned()))?), true))
            }
        }
    }

    /// Has one taken as soon as its turn comes.
    fn begin(&self, to: PathBuf, passphrase: Option<Passphrase>) -> Result<(), Failed> {
        let mut standing = self.standing();
        if let Some(other) = standing.running.as_ref().filter(|running| self.is_open(&running.job)) {
            let text = format!("a backup to {} is under way; wait for it; no other was begun", other.to.display());
            return Err(Failed::new(1, text));
        }
        let added = self.book.add(JobWish {
            kind: JobKind::Backup,
            priority: Priority::Usual,
            client: None,
            what: to.display().to_string(),
            by: "console".to_owned(),
            order: json!({ "to": to, "sealed": passphrase.is_some() }),
            not_before: self.clock.now().utc,
        });
        let job = added.map_err(|not| Failed::new(1, format!("{not}; no backup was begun")))?;
        // Held since before it was taken in: whoever carries it out finds its words.
        standing.words.extend(passphrase.map(|words| (job.id.clone(), words)));
        standing.running = Some(Running { to, progress: Arc::default(), job: job.id });
        Ok(())
    }

    fn is_open(&self, job: &JobId) -> bool {
        self.book.one(job).is_some_and(|job| job.is_open())
    }

    fn take(&self, to: &Path, passphrase: Option<&Passphrase>, progress: &Progress) -> Result<Taken, Failed> {
        let head = take::head(self.node.clone(), self.name.clone(), self.clock.now().utc.0, passphrase.is_some())?;
        let state = self.state.snapshot()?;
        let log = self.log.read().unwrap_or_else(PoisonError::into_inner).snapshot()?;
        let taking = Taking { data: &self.data, to, head, passphrase, snapshots: vec![state, log] };
        let taken = taking.carry_out(progress)?;
        let row = serde_json::to_vec(&taken)?;
        self.state.put(TABLE, LAST, &row)?;
        Ok(taken)
    }

    fn ended(&self, to: &Path, taken: Result<Taken, Failed>) {
        let by_plan = self.is_of_plan(to);
        let mut standing = self.standing();
        standing.running = None;
        match taken {
            Ok(taken) => {
                info!(
                    path = taken.path,
                    bytes = taken.bytes,
                    rows = taken.rows,
                    took_ms = taken.took_ms,
                    "a backup was taken"
                );
                (standing.last, standing.failed) = (Some(taken), None);
                drop(standing);
                if by_plan {
                    self.remove_old();
                }
            }
            Err(failed) => {
                warn!(error = %failed.text, "a backup failed");
                standing.failed = Some(Failure { at_ms: self.clock.now().utc.0, why: failed.text, by_plan });
            }
        }
    }

    fn is_of_plan(&self, to: &Path) -> bool {
        self.plan.as_ref().is_some_and(|plan| to.starts_with(&plan.folder))
    }

    fn remove_old(&self) {
        let Some(plan) = &self.plan else { return };
        let removed = plan.too_many().and_then(|files| files.iter().try_for_each(std::fs::remove_file));
        if let Err(error) = removed {
            warn!(%error, folder = %plan.folder.display(), "old backups could not be removed");
        }
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn done(taken: &Taken) -> Ended {
    Ended::Done(json!(taken), format!("{}: {} rows, {} bytes", taken.path, taken.rows, taken.bytes))
}

/// Whether a backup is the one that a job asked for.
fn is_of(taken: &Taken, to: &Path, job: &Job) -> bool {
    Path::new(&taken.path) == to && taken.made_at_ms >= job.made_at.0
}

/// A backup of a hub that does not run, by this program.
pub(super) fn take_at_rest(
    data: &Path,
    to: &Path,
    passphrase: Option<&Passphrase>,
    progress: &Progress,
) -> Result<Taken, Failed> {
    if !data.join("state.redb").exists() || !data.join("log.redb").exists() {
        let text = format!("{} is no hub's data folder; name it with --data; no backup was taken", data.display());
        return Err(Failed::new(5, text));
    }
    let (state, _) = State::open(data)?;
    let (log, _) = Log::open(data, vigie_store::Options::hub(u64::MAX))?;
    let node = Identity::load(&vigie_node::identity_folder(data), Role::Hub)?.node();
    let now = NodeClock::new().now().utc;
    let head = take::head(node.to_string(), vigie_node::host_name(), now.0, passphrase.is_some())?;
    let snapshots = vec![state.snapshot()?, log.snapshot()?];
    let taking = Taking { data, to, head, passphrase, snapshots };
    let taken = taking.carry_out(progress)?;
    state.put(TABLE, LAST, &serde_json::to_vec(&taken)?)?;
    Ok(taken)
}
