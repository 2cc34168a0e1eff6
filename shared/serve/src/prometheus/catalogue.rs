//! Which series are there, and by which labels?

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{Extension, Path, State};
use axum::response::Response;
use vigie_query::{Coverage, LabelSet, Limits, Matcher, Notes, QueryError, Source, Visit, write_json_text};

use super::write::{separate, write_labels, write_warnings};
use super::{Failure, limit, matchers, name};
use crate::door::Caller;
use crate::params::Params;
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
    answer(app, caller, Wanted::read(params)?, names, |name, out| write_json_text(name, out)).await
}

/// `GET label/{name}/values?match[]=…&start=…&end=…&limit=…`.
pub(crate) async fn label_values(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    params: Result<Params, String>,
) -> Result<Response, Failure> {
    // Any text of one character or more is a label name since Prometheus 3; the router brings no empty one here.
    let name = name::unescaped(name);
    let value = move |labels: &Arc<LabelSet>| Some(labels.get(&name).to_owned()).filter(|value| !value.is_empty());
    answer(app, caller, Wanted::read(params)?, value, |value, out| write_json_text(value, out)).await
}

struct Wanted {
    selectors: Vec<Vec<Matcher>>,
    start_ms: i64,
    end_ms: i64,
    limit: Option<usize>,
}

impl Wanted {
    fn read(params: Result<Params, String>) -> Result<Self, QueryError> {
        let params = params.map_err(QueryError::BadData)?;
        Ok(Self {
            selectors: matchers(&params)?,
            start_ms: params.time("start", i64::MIN).map_err(QueryError::BadData)?,
            end_ms: params.time("end", i64::MAX).map_err(QueryError::BadData)?,
            limit: limit(&params)?,
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
    let job =
        Job { turn, who: caller.who.clone(), life: Some(app.options.query_timeout), content_type: "application/json" };
    let work = move |app: &Shared, limits: &Limits, out: &mut Outlet<QueryError>| {
        let (found, coverage) = wanted.find(&caller.source(app), limits, of)?;
        let most = wanted.limit.unwrap_or(usize::MAX);
        out.text.extend_from_slice(b"{\"status\":\"success\",\"data\":[");
        for (at, one) in found.iter().take(most).enumerate() {
            separate(at, &mut out.text);
            write(one, &mut out.text);
            out.spill().map_err(|_| QueryError::Canceled)?;
        }
        out.text.push(b']');
        write_warnings(&coverage, &Notes::default(), found.len() > most, &mut out.text);
        out.text.push(b'}');
        Ok(())
    };
    stream(&app, job, work).await.map_err(Failure::of_stream)
}
