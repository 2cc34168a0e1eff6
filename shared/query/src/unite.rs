//! May these rows stand together in one vector?

use std::collections::HashMap;
use std::sync::Arc;

use crate::QueryError;
use crate::column::{Row, is_present};

/// Makes one row of all that bear the same labels.
///
/// # Errors
/// When two of them have a value at the same step, in Prometheus' words.
pub(crate) fn unite(rows: Vec<Row>) -> Result<Vec<Row>, QueryError> {
    merged(rows, |into, from| {
        for (into, from) in into.column.values.iter_mut().zip(&from.column.values) {
            match (is_present(*into), is_present(*from)) {
                (true, true) => return Err(same_labels()),
                (false, true) => *into = *from,
                (true | false, false) => {}
            }
        }
        Ok(())
    })
}

/// Refuses rows that bear the same labels, even at different steps: what Prometheus does after a function over ranges.
pub(crate) fn refuse_same_labels(rows: Vec<Row>) -> Result<Vec<Row>, QueryError> {
    merged(rows, |_, _| Err(same_labels()))
}

fn merged(rows: Vec<Row>, meet: impl Fn(&mut Row, &Row) -> Result<(), QueryError>) -> Result<Vec<Row>, QueryError> {
    let mut places = HashMap::with_capacity(rows.len());
    let mut united: Vec<Row> = Vec::with_capacity(rows.len());
    for row in rows.into_iter().filter(|row| !row.column.is_empty()) {
        match places.get(&row.labels) {
            Some(place) => meet(&mut united[*place], &row)?,
            None => {
                places.insert(Arc::clone(&row.labels), united.len());
                united.push(row);
            }
        }
    }
    Ok(united)
}

fn same_labels() -> QueryError {
    QueryError::Execution("vector cannot contain metrics with the same labelset".to_owned())
}
