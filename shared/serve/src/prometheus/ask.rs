//! What is the value, now or over a range?

use axum::extract::{Extension, State};
use axum::response::Response;
use vigie_query::{Answer, Grain, Limits, Query, QueryError, Steps, duration_ms};

use super::write::write_answer;
use super::{Failure, limit, success};
use crate::door::Caller;
use crate::params::Params;
use crate::shared::{App, Shared};
use crate::stream::{Job, Outlet, stream};
use crate::work;

/// `GET|POST query?query=…&time=…&limit=…&timeout=…&lookback_delta=…&resolution=…`.
pub(crate) async fn query(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    params: Result<Params, String>,
) -> Result<Response, Failure> {
    let params = params.map_err(QueryError::BadData)?;
    let asked = Asked::read(&params)?;
    let at_ms = params.time("time", app.lookout.now().utc.0).map_err(QueryError::BadData)?;
    answer(app, caller, asked, move |asked, source, limits| {
        asked.query.instant(source, at_ms, asked.lookback_ms, limits)
    })
    .await
}

/// `GET|POST query_range?query=…&start=…&end=…&step=…&limit=…&timeout=…&lookback_delta=…&resolution=…`.
///
/// `resolution` is `auto`, `raw`, `1m` or `1h`: from what an answer may be made. An answer says when it was made from minutes
/// or hours.
pub(crate) async fn query_range(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    params: Result<Params, String>,
) -> Result<Response, Failure> {
    let params = params.map_err(QueryError::BadData)?;
    let (start_ms, end_ms) = (needed_time(&params, "start")?, needed_time(&params, "end")?);
    let step_ms = read_step(&params)?;
    let steps = Steps::new(start_ms, end_ms, step_ms, &Limits::usual())?;
    let asked = Asked::read(&params)?;
    answer(app, caller, asked, move |asked, source, limits| asked.query.range(source, steps, asked.lookback_ms, limits))
        .await
}

/// `GET|POST query_exemplars?query=…&start=…&end=…`: no exemplar is kept here, so a good question has an empty answer.
pub(crate) async fn exemplars(params: Result<Params, String>) -> Result<Response, Failure> {
    let params = params.map_err(QueryError::BadData)?;
    let start_ms = params.time("start", i64::MIN).map_err(QueryError::BadData)?;
    let end_ms = params.time("end", i64::MAX).map_err(QueryError::BadData)?;
    if end_ms < start_ms {
        return Err(QueryError::BadData("end timestamp must not be before start timestamp".to_owned()).into());
    }
    Query::parse(params.get("query").unwrap_or("")).map_err(of_query)?;
    Ok(success([(); 0]))
}

/// `GET|POST format_query?query=…`.
pub(crate) async fn format_query(params: Result<Params, String>) -> Result<Response, Failure> {
    let params = params.map_err(QueryError::BadData)?;
    let text = vigie_query::format_query(params.get("query").unwrap_or("")).map_err(of_query)?;
    Ok(success(text))
}

struct Asked {
    query: Query,
    lookback_ms: i64,
    timeout_ms: Option<i64>,
    limit: Option<usize>,
}

impl Asked {
    fn read(params: &Params) -> Result<Self, QueryError> {
        let text = params.get("query").unwrap_or("");
        let query = Query::parse(text).map_err(of_query)?.at_grain(grain(params)?);
        let lookback_ms = read_duration(params, "lookback_delta")?.unwrap_or(Query::LOOKBACK_MS);
        Ok(Self { query, lookback_ms, timeout_ms: read_duration(params, "timeout")?, limit: limit(params)? })
    }
}

type Evaluate = dyn FnOnce(&Asked, &dyn vigie_query::Source, &Limits) -> Result<Answer, QueryError> + Send;

async fn answer(
    app: App,
    caller: Caller,
    asked: Asked,
    evaluate: impl FnOnce(&Asked, &dyn vigie_query::Source, &Limits) -> Result<Answer, QueryError> + Send + 'static,
) -> Result<Response, Failure> {
    let evaluate: Box<Evaluate> = Box::new(evaluate);
    let turn = work::turn(&app.queries).await?;
    let most = app.options.query_timeout;
    // A client may want an answer sooner than we give up, never later.
    let life = asked.timeout_ms.map_or(most, |ms| most.min(std::time::Duration::from_millis(ms.unsigned_abs())));
    let job = Job { turn, who: caller.who.clone(), life: Some(life), content_type: "application/json" };
    let write = move |app: &Shared, limits: &Limits, out: &mut Outlet<QueryError>| {
        let answer = evaluate(&asked, &caller.source(app), limits)?;
        write_answer(&answer, asked.limit, out).map_err(|_| QueryError::Canceled)
    };
    stream(&app, job, write).await.map_err(Failure::of_stream)
}

fn of_query(error: QueryError) -> QueryError {
    match error {
        QueryError::BadData(why) => QueryError::BadData(format!("invalid parameter \"query\": {why}")),
        other => other,
    }
}

fn grain(params: &Params) -> Result<Grain, QueryError> {
    let Some(text) = params.get("resolution") else { return Ok(Grain::Auto) };
    Grain::read(text)
        .ok_or_else(|| QueryError::BadData("invalid parameter \"resolution\": it is auto, raw, 1m or 1h".to_owned()))
}

fn needed_time(params: &Params, name: &str) -> Result<i64, QueryError> {
    if params.get(name).is_none() {
        return Err(missing(name, "a timestamp"));
    }
    params.time(name, 0).map_err(QueryError::BadData)
}

fn read_step(params: &Params) -> Result<i64, QueryError> {
    if params.get("step").and_then(|text| text.parse::<f64>().ok()).is_some_and(|seconds| seconds <= 0.0) {
        // The steps themselves say what is wrong with it.
        return Ok(0);
    }
    read_duration(params, "step")?.ok_or_else(|| missing("step", "a duration"))
}

fn read_duration(params: &Params, name: &str) -> Result<Option<i64>, QueryError> {
    let read = params.get(name).map(duration_ms).transpose();
    read.map_err(|error| QueryError::BadData(format!("invalid parameter \"{name}\": {error}")))
}

fn missing(name: &str, what: &str) -> QueryError {
    QueryError::BadData(format!("invalid parameter \"{name}\": cannot parse \"\" to a valid {}", &what[2..]))
}
