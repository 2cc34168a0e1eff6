//! Backups of the running hub: at a person's word, and by plan.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tracing::{info, warn};
use vigie_backup::Passphrase;
use vigie_model::Role;
use vigie_net::Identity;
use vigie_node::{Failed, NodeClock};
use vigie_store::{Log, State};

use super::plan::Plan;
use super::take::{self, Progress, Taken, Taking};
use super::{LAST, TABLE};

/// How often it is seen whether one is due.
const LOOK_EVERY: Duration = Duration::from_secs(30);

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
    standing: Mutex<Standing>,
}

#[derive(Debug, Default)]
struct Standing {
    /// Under way, to this place.
    running: Option<(PathBuf, Arc<Progress>)>,
    last: Option<Taken>,
    /// The last one, if it failed.
    failed: Option<Failure>,
    stopping: bool,
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
    ) -> Result<Self, Failed> {
        // What an older or damaged row says is not known then.
        let last = state.get(TABLE, LAST)?.and_then(|row| serde_json::from_slice(&row).ok());
        let standing = Mutex::new(Standing { last, ..Standing::default() });
        Ok(Self { data: data.to_owned(), node, name, log, state, clock, plan, standing })
    }

    /// Carries out what is asked, if it is about backups.
    pub(crate) fn answer(self: &Arc<Self>, request: &Value) -> Option<Result<Value, Failed>> {
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
        let standing = self.standing();
        let running = standing.running.as_ref().map(|(to, progress)| {
            json!({ "to": to.display().to_string(), "rows": progress.rows.load(Ordering::Relaxed),
                "of_rows": progress.of_rows.load(Ordering::Relaxed) })
        });
        json!({ "running": running, "last": standing.last, "failed": standing.failed,
            "every_ms": self.plan.as_ref().map(|plan| plan.every_ms) })
    }

    /// Takes them by plan for as long as the program runs.
    pub(crate) async fn tend(self: Arc<Self>) {
        let Some(plan) = self.plan.clone() else { return };
        let mut every = tokio::time::interval(LOOK_EVERY);
        loop {
            every.tick().await;
            let now = self.clock.now().utc;
            let (last_ms, failed_ms, is_busy) = {
                let standing = self.standing();
                let failed = standing.failed.as_ref().filter(|failed| failed.by_plan);
                let last = standing.last.as_ref();
                (last.map(|last| last.made_at_ms), failed.map(|failed| failed.at_ms), standing.running.is_some())
            };
            if plan.is_due(now, last_ms, failed_ms) && !is_busy {
                let to = plan.file(now);
                let begun = plan.passphrase().and_then(|words| self.begin(to.clone(), words));
                if let Err(failed) = begun {
                    self.ended(&to, Err(failed));
                }
            }
        }
    }

    /// Breaks off what is under way, and begins no other.
    pub(crate) fn close(&self) {
        let mut standing = self.standing();
        standing.stopping = true;
        if let Some((_, progress)) = &standing.running {
            progress.stop.store(true, Ordering::Relaxed);
        }
    }

    fn begin(self: &Arc<Self>, to: PathBuf, passphrase: Option<Passphrase>) -> Result<(), Failed> {
        let progress = Arc::new(Progress::default());
        {
            let mut standing = self.standing();
            if standing.stopping {
                return Err(Failed::new(1, "the hub is stopping; no backup was begun"));
            }
            if let Some((other, _)) = &standing.running {
                let text = format!("a backup to {} is under way; wait for it; no other was begun", other.display());
                return Err(Failed::new(1, text));
            }
            standing.running = Some((to.clone(), progress.clone()));
        }
        let backups = self.clone();
        tokio::task::spawn_blocking(move || {
            let taken = backups.take(&to, passphrase.as_ref(), &progress);
            backups.ended(&to, taken);
        });
        Ok(())
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
        let by_plan = self.plan.as_ref().is_some_and(|plan| to.starts_with(&plan.folder));
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
