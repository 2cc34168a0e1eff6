//! What work waits, what is under way, what failed, and what do people decide of it?
//!
//! A client's jobs are seen by who sees all of that client, the hub's own by who sees everybody. Who keeps data there decides of
//! them, and whoever asked for one of a client. Letters are seen and decided of by who looks after people there, and whoever had
//! them written while they look after anybody there: to whom they go, and what mail servers said of that, is nobody else's.

use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use vigie_jobs::{Job, JobId, JobKind, JobState};
use vigie_model::{Slug, UtcMs};
use vigie_people::{At, Right};
use vigie_query::filter::{self, Field, Kind};

use super::incidents::undecided;
use super::queues::{Queue, queues};
use crate::act::Act;
use crate::answer::Drawn;
use crate::door::Caller;
use crate::jobs::about;
use crate::list::{self, age_seconds};
use crate::params::Params;
use crate::problem::{Code, Problem};
use crate::said::Fields;
use crate::shared::{App, Shared};
use crate::{JobShown, JobWhole, Jobs, Stamp, Telling, Upkeep, work};

/// Jobs in one answer unless the asker says otherwise.
const USUAL_LIMIT: usize = 100;

/// Jobs, the latest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct JobList {
    jobs: Vec<JobShown>,
    /// How many of all that you see stand how, whatever was asked for.
    counts: JobCounts,
    /// Messages and events to people and programs, which wait in a queue of their own; null for who does not see everybody.
    messages: Option<MessageCounts>,
    /// What waits beside the jobs: messages by each channel, events for each webhook; as far as you may know of them.
    queues: Vec<Queue>,
    /// How many match, on all pages.
    total: usize,
    /// What to ask for as `cursor` to go on; none on the last page.
    next_cursor: Option<String>,
}

/// How many jobs stand how.
#[derive(Default, Serialize, ToSchema)]
pub(crate) struct JobCounts {
    scheduled: usize,
    due: usize,
    running: usize,
    retrying: usize,
    dead: usize,
    done: usize,
    cancelled: usize,
}

/// How telling people goes.
#[derive(Serialize, ToSchema)]
pub(crate) struct MessageCounts {
    /// Messages that wait or are under way.
    waiting: usize,
    /// Messages that were given up.
    dead: usize,
    /// Events that wait for webhooks.
    events_waiting: u64,
    /// Events that were given up.
    events_dead: u64,
}

/// Upkeep that somebody wants now.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunJob {
    kind: Upkeep,
}

/// `GET /api/v1/jobs?q=&limit=&cursor=&state=&kind=&client=`.
pub(crate) async fn list(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let wanted = Wanted::read(&Params::of_uri(&uri))?;
    let drawn = work::list(&app, move |app| {
        let now = app.lookout.now();
        let mut all = jobs(app)?.list();
        all.retain(|job| sees(&caller, job));
        let counts = counts(&all, now.utc);
        all.retain(|job| wanted.has(job, now.utc));
        // An id begins with its time, so that the newest is the last by name.
        all.sort_by(|a, b| b.id.cmp(&a.id));
        let list::Page { rows, total, next_cursor } = wanted.list.page_down(all, |job| job.id.to_string());
        let jobs = rows.iter().map(|job| JobShown::of(job, decides(&caller, job), now.utc)).collect();
        let telling = app.incidents.as_deref().filter(|_| caller.sees_all()).map(|watch| watch.telling());
        let messages = telling.as_ref().map(|telling| messages(app, telling));
        let queues = queues(app, &caller, telling.as_ref());
        Drawn::new(&JobList { jobs, counts, messages, queues, total, next_cursor }, now)
    });
    Ok(drawn.await?.answer(&headers))
}

/// `GET /api/v1/jobs/{id}`: one of them, with what happened to it.
pub(crate) async fn one(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let drawn = work::list(&app, move |app| {
        let job = visible(app, &caller, &id)?;
        let now = app.lookout.now();
        Drawn::new(&JobWhole::of(&job, decides(&caller, &job), now.utc), now)
    });
    Ok(drawn.await?.answer(&headers))
}

/// `POST /api/v1/jobs`: upkeep that comes by itself later comes now.
pub(crate) async fn run(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    let fields = fields.map_err(Problem::bad_parameter)?;
    work::list(&app, move |app| {
        if !caller.may(Right::Keep, At::Provider) {
            let next = "ask who looks after this hub: the right keep is needed for all of it";
            return Err(Problem::new(Code::NoRight, "these credentials do no upkeep of this hub", next));
        }
        let wish: RunJob = serde_json::from_value(fields.into_value())
            .map_err(|error| Problem::bad_parameter(format!("this does not say what is to be done: {error}")))?;
        let job = jobs(app)?.run(wish.kind, act.name()).map_err(undecided)?;
        act.noted(app, None, ("job.run", job.id.to_string()), (Value::Null, json!({ "kind": job.kind })))?;
        let shown = JobShown::of(&job, decides(&caller, &job), app.lookout.now().utc);
        Ok((StatusCode::ACCEPTED, Json(shown)).into_response())
    })
    .await
}

/// `POST /api/v1/jobs/{id}/cancel`.
pub(crate) async fn cancel(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    decide(app, caller, act, id, "job.cancel", |jobs, id, by| jobs.cancel(id, by)).await
}

/// `POST /api/v1/jobs/{id}/retry`.
pub(crate) async fn retry(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    decide(app, caller, act, id, "job.retry", |jobs, id, by| jobs.retry(id, by)).await
}

/// What is decided of a job in a person's name.
type Decision = fn(&dyn Jobs, &JobId, &str) -> Result<Job, crate::Undecided>;

async fn decide(
    app: App,
    caller: Caller,
    act: Act,
    id: String,
    what: &'static str,
    decision: Decision,
) -> Result<Response, Problem> {
    let drawn = work::list(&app, move |app| {
        let job = visible(app, &caller, &id)?;
        if !decides(&caller, &job) {
            let next = "ask whoever asked for it, or who keeps data there (the right keep; of letters people)";
            return Err(Problem::new(Code::NoRight, "these credentials do not decide of this job", next));
        }
        let now = app.lookout.now();
        let before = json!({ "state": job.state(now.utc) });
        let decided = decision(jobs(app)?, &job.id, act.name()).map_err(undecided)?;
        let after = json!({ "state": decided.state(now.utc), "kind": decided.kind, "what": decided.what });
        act.noted(app, decided.client.as_ref(), (what, decided.id.to_string()), (before, after))?;
        Drawn::new(&JobShown::of(&decided, true, now.utc), now)
    });
    Ok(drawn.await?.answer(&HeaderMap::new()))
}

pub(super) fn jobs(app: &Shared) -> Result<&dyn Jobs, Problem> {
    app.jobs.as_deref().ok_or_else(|| Problem::not_found("this node has no jobs"))
}

/// A job that the asker sees.
pub(super) fn visible(app: &Shared, caller: &Caller, id: &str) -> Result<Job, Problem> {
    let found = id.parse().ok().and_then(|id| jobs(app).ok()?.one(&id));
    found.filter(|job| sees(caller, job)).ok_or_else(|| Problem {
        next: "GET /api/v1/jobs lists those that you see",
        ..Problem::not_found("there is no such job here")
    })
}

/// Who sees all of the client, or everybody; of letters who decides of them.
fn sees(caller: &Caller, job: &Job) -> bool {
    if job.kind == JobKind::Mail { decides(caller, job) } else { caller.sees(job.client.as_ref()) }
}

/// Who keeps data there, of letters who looks after people there; and whoever asked for it: of letters as long as they look after
/// anybody's people there, be it at one site.
pub(super) fn decides(caller: &Caller, job: &Job) -> bool {
    let (client, is_own) = (job.client.as_ref(), job.by == caller.who.name);
    if job.kind == JobKind::Mail {
        return caller.may(Right::People, At::of(client, None)) || (is_own && looks_after_some(caller, client));
    }
    caller.may(Right::Keep, At::of(client, None)) || (is_own && client.is_some())
}

/// Whether they look after people of any part of this client; of anybody's, where it is about people of several.
fn looks_after_some(caller: &Caller, client: Option<&Slug>) -> bool {
    let mut scopes = caller.powers().scopes(Right::People);
    scopes.any(|scope| client.is_none() || scope.of_client().is_none_or(|own| Some(own) == client))
}

fn counts(jobs: &[Job], now: UtcMs) -> JobCounts {
    let mut counts = JobCounts::default();
    for job in jobs {
        *match job.state(now) {
            JobState::Scheduled => &mut counts.scheduled,
            JobState::Due => &mut counts.due,
            JobState::Running => &mut counts.running,
            JobState::Retrying => &mut counts.retrying,
            JobState::Dead => &mut counts.dead,
            JobState::Done => &mut counts.done,
            JobState::Cancelled => &mut counts.cancelled,
        } += 1;
    }
    counts
}

fn messages(app: &Shared, telling: &Telling) -> MessageCounts {
    let hooks = app.hooks.as_deref().map(|hooks| hooks.list()).unwrap_or_default();
    MessageCounts {
        waiting: telling.waiting.len(),
        dead: telling.dead.len(),
        events_waiting: hooks.iter().map(|hook| hook.waiting).sum(),
        events_dead: hooks.iter().map(|hook| hook.dead).sum(),
    }
}

/// What jobs can be filtered by.
const FIELDS: &[Field] = &[
    Field { key: "state", kind: Kind::Word(&JobState::WORDS) },
    Field { key: "kind", kind: Kind::Word(&JobKind::WORDS) },
    Field { key: "client", kind: Kind::Text },
    Field { key: "by", kind: Kind::Text },
    Field { key: "age", kind: Kind::Span },
    Field { key: "tries", kind: Kind::Number },
];

/// A job, as filters look at it.
struct Looked<'a> {
    job: &'a Job,
    now: UtcMs,
}

impl filter::Row for Looked<'_> {
    fn texts(&self, key: &str, passes: &mut dyn FnMut(&str) -> bool) -> bool {
        match key {
            "state" => passes(self.job.state(self.now).as_str()),
            "kind" => passes(self.job.kind.as_str()),
            "client" => self.job.client.as_ref().is_some_and(|client| passes(client.as_str())),
            "by" => passes(&self.job.by),
            _ => false,
        }
    }

    fn number(&self, key: &str) -> Option<f64> {
        match key {
            "age" => Some(age_seconds(Stamp(self.job.made_at), self.now)),
            "tries" => Some(f64::from(self.job.tries)),
            _ => None,
        }
    }

    fn anywhere(&self, passes: &mut dyn FnMut(&str) -> bool) -> bool {
        passes(&about(self.job)) || passes(&self.job.by) || passes(self.job.id.as_str())
    }
}

/// Which of them are wanted.
struct Wanted {
    list: list::Wanted,
    state: Option<String>,
    kind: Option<String>,
    client: Option<String>,
}

impl Wanted {
    fn read(params: &Params) -> Result<Self, Problem> {
        let word = |name: &str, words: &[&str]| match params.get(name) {
            Some(word) if !words.contains(&word) => {
                Err(Problem::bad_parameter(format!("{name} is one of {}", words.join(", "))))
            }
            word => Ok(word.map(str::to_owned)),
        };
        Ok(Self {
            list: list::Wanted::read(params, "jobs", FIELDS, USUAL_LIMIT, &["state", "kind", "client"])?,
            state: word("state", &JobState::WORDS)?,
            kind: word("kind", &JobKind::WORDS)?,
            client: params.get("client").map(str::to_owned),
        })
    }

    fn has(&self, job: &Job, now: UtcMs) -> bool {
        let is = |wanted: &Option<String>, own: &str| wanted.as_deref().is_none_or(|wanted| wanted == own);
        is(&self.state, job.state(now).as_str())
            && is(&self.kind, job.kind.as_str())
            && is(&self.client, job.client.as_ref().map_or("", |client| client.as_str()))
            && self.list.keeps(&Looked { job, now })
    }
}
