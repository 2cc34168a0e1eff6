//! What kind of metric is behind a name?

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{Extension, State};
use axum::response::Response;
use serde::Serialize;
use vigie_query::QueryError;

use super::{Failure, success};
use crate::door::Caller;
use crate::params::Params;
use crate::shared::App;
use crate::{Described, work};

/// Type, help and unit, as Prometheus names them; ordered so that an answer is the same twice.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Row {
    r#type: &'static str,
    help: String,
    unit: String,
}

/// `GET metadata?metric=…&limit=…&limit_per_metric=…`.
pub(crate) async fn metadata(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    params: Result<Params, String>,
) -> Result<Response, Failure> {
    let params = params.map_err(QueryError::BadData)?;
    let (most, most_each) = (count(&params, "limit")?, count(&params, "limit_per_metric")?);
    let metric = params.get("metric").map(str::to_owned);
    let rows = work::list(&app, move |app| {
        let mine = app.lookout.described().into_iter().filter(|known| caller.sees(Some(&known.client)));
        Ok(sorted(mine.filter(|known| metric.as_ref().is_none_or(|metric| *metric == known.metric))))
    });
    let cut = |rows: BTreeSet<Row>| rows.into_iter().take(most_each).collect::<Vec<_>>();
    Ok(success(rows.await?.into_iter().take(most).map(|(name, rows)| (name, cut(rows))).collect::<BTreeMap<_, _>>()))
}

fn sorted(known: impl Iterator<Item = Described>) -> BTreeMap<String, BTreeSet<Row>> {
    let mut rows = BTreeMap::<String, BTreeSet<Row>>::new();
    for Described { metric, metadata, .. } in known {
        let row = Row { r#type: metadata.kind.word(), help: metadata.help.clone(), unit: metadata.unit.clone() };
        rows.entry(metric).or_default().insert(row);
    }
    rows
}

/// Nothing and less than nothing mean all, as in Prometheus; so does 0 here, which nobody asks for.
fn count(params: &Params, name: &str) -> Result<usize, QueryError> {
    let Some(text) = params.get(name) else { return Ok(usize::MAX) };
    let count: i64 = text.parse().map_err(|_| QueryError::BadData(format!("{name} must be a number")))?;
    Ok(usize::try_from(count).ok().filter(|count| *count > 0).unwrap_or(usize::MAX))
}
