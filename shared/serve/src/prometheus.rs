//! What do Prometheus' clients ask of `/prometheus/api/v1`?
//!
//! Shapes, error types, status codes and number formats are Prometheus' own, so that Grafana and every such client works.

mod ask;
mod catalogue;
mod error;
mod write;

pub(crate) use ask::{query, query_range};
pub(crate) use catalogue::{buildinfo, label_names, label_values, series};
pub(crate) use error::{Failure, denied};
pub(crate) use write::write_labels;

use vigie_query::{Matcher, QueryError, selector};

use crate::params::Params;

/// Selectors in one question; each is a walk over the storage.
const MAX_SELECTORS: usize = 32;

/// The `match[]` parameters.
pub(crate) fn matchers(params: &Params) -> Result<Vec<Vec<Matcher>>, QueryError> {
    let selectors: Vec<_> = params.all("match[]").collect();
    if selectors.len() > MAX_SELECTORS {
        return Err(QueryError::BadData(format!("at most {MAX_SELECTORS} match[] parameters are taken")));
    }
    let read = selectors.into_iter().map(|text| {
        selector(text).map_err(|error| QueryError::BadData(format!("invalid parameter \"match[]\": {error}")))
    });
    read.collect()
}
