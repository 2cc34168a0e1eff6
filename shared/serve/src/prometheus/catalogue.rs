//! Which series are there, and by which labels?

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{Extension, Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use vigie_query::{Coverage, LabelSet, Limits, Matcher, QueryError, Source, Visit};

use super::write::{separate, write_labels, write_text, write_warnings};
use super::{Failure, matchers};
use crate::door::Caller;
use crate::params::Params;
use crate::problem::Problem;
use crate::shared::{App, Shared};
use crate::stream::{Job, Outlet, stream};
use crate::work;

/// `GET|POST series?match[]=…&start=…&end=…&limit=…`.
pub(crate) async fn series(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    params: Result<Params, String>,
) -> Result<Response, Failure> {
    let wanted = Wanted::read(params)?;
    if wanted.selectors.is_empty() {
        return Err(QueryError::BadData("no match[] parameter provided".to_owned()).into());
    }
    answer(app, caller, wanted, |labels| [Arc::clone(labels)], |labels, out| write_labels(labels, out)).await
}

/// `GET|POST labels?match[]=…&start=…&end=…&limit=…`.
pub(crate) async fn label_names(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    params: Result<Params, String>,
) -> Result<Response, Failure> {
    let names = |labels: &Arc<LabelSet>| labels.iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>();
    answer(app, caller, Wanted::read(params)?, names, |name, out| write_text(name, out)).await
}

/// `GET label/{name}/values?match[]=…&start=…&end=…&limit=…`.
pub(crate) async fn label_values(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    params: Result<Params, String>,
) -> Result<Response, Failure> {
    if !is_label_name(&name) {
        let shown: String = name.chars().take(40).collect();
        return Err(QueryError::BadData(format!("invalid label name: {shown:?}")).into());
    }
    let value = move |labels: &Arc<LabelSet>| Some(labels.get(&name).to_owned()).filter(|value| !value.is_empty());
    answer(app, caller, Wanted::read(params)?, value, |value, out| write_text(value, out)).await
}

/// `GET status/buildinfo`: by it Grafana decides which questions it may ask.
pub(crate) async fn buildinfo() -> Response {
    let version = env!("CARGO_PKG_VERSION");
    let body = format!(
        "{{\"status\":\"success\",\"data\":{{\"version\":\"2.53.0\",\"revision\":\"vigie {version}\",\"branch\":\"\",\
         \"buildUser\":\"\",\"buildDate\":\"\",\"goVersion\":\"\"}}}}"
    );
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

struct Wanted {
    selectors: Vec<Vec<Matcher>>,
    start_ms: i64,
    end_ms: i64,
    limit: usize,
}

impl Wanted {
    fn read(params: Result<Params, String>) -> Result<Self, QueryError> {
        let params = params.map_err(QueryError::BadData)?;
        let limit = match params.get("limit") {
            None | Some("0") => Limits::MAX_SERIES,
            Some(text) => text.parse().map_err(|_| QueryError::BadData("limit must be a number".to_owned()))?,
        };
        Ok(Self {
            selectors: matchers(&params)?,
            start_ms: params.time("start", i64::MIN).map_err(QueryError::BadData)?,
            end_ms: params.time("end", i64::MAX).map_err(QueryError::BadData)?,
            limit,
        })
    }

    /// Everything that `of` sees in the matching series, each once, in order.
    fn find<T: Ord, I: IntoIterator<Item = T>>(
        &self,
        source: &dyn Source,
        limits: &Limits,
        of: impl Fn(&Arc<LabelSet>) -> I,
    ) -> Result<(BTreeSet<T>, Coverage), QueryError> {
        let everything = [Vec::new()];
        let selectors = if self.selectors.is_empty() { &everything[..] } else { &self.selectors[..] };
        let mut found = BTreeSet::new();
        let mut coverage = Coverage::whole();
        for matchers in selectors {
            coverage.merge(source.series(matchers, self.start_ms, self.end_ms, limits, &mut |labels| {
                found.extend(of(labels));
                if found.len() > limits.max_series { Visit::Break(()) } else { Visit::Continue(()) }
            })?);
        }
        if found.len() > limits.max_series {
            let most = limits.max_series;
            return Err(QueryError::Execution(format!("the selectors match more than {most}: select fewer")));
        }
        Ok((found, coverage))
    }
}

async fn answer<T, I>(
    app: App,
    caller: Caller,
    wanted: Wanted,
    of: impl Fn(&Arc<LabelSet>) -> I + Send + 'static,
    write: impl Fn(&T, &mut Vec<u8>) + Send + 'static,
) -> Result<Response, Failure>
where
    T: Ord + 'static,
    I: IntoIterator<Item = T>,
{
    let turn = work::turn(&app.queries).await?;
    let job = Job { turn, life: Some(app.options.query_timeout), content_type: "application/json" };
    let work = move |app: &Shared, limits: &Limits, out: &mut Outlet<QueryError>| {
        let (found, coverage) = wanted.find(&caller.source(app), limits, of)?;
        out.text.extend_from_slice(b"{\"status\":\"success\",\"data\":[");
        for (at, one) in found.iter().take(wanted.limit).enumerate() {
            separate(at, &mut out.text);
            write(one, &mut out.text);
            out.spill().map_err(|_| QueryError::Canceled)?;
        }
        out.text.push(b']');
        write_warnings(&coverage, &mut out.text);
        out.text.push(b'}');
        Ok(())
    };
    stream(&app, job, work).await.map_err(|error| match error {
        Some(error) => Failure::Query(error),
        None => Failure::Problem(Problem::internal()),
    })
}

fn is_label_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
