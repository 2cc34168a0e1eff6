//! What is the newest sample of each series at one moment?
//!
//! Nearly every series comes once and in one piece, so none is looked up: all are put in order first, and those that came
//! more than once are then beside each other.

use std::sync::Arc;

use crate::column::{Budget, Column};
use crate::gather::{too_many_series, visit};
use crate::order::sort_by_labels;
use crate::select::Newest;
use crate::{Coverage, LabelSet, Limits, QueryError, Selection, SeriesPart, Source, Wish};

/// The series in the order of their labels; `bring` notes what a part says of its series.
pub(crate) fn newest_at_once(
    source: &dyn Source,
    (selection, wish): (&Selection<'_>, Wish),
    (limits, budget): (&Limits, &Budget),
    bring: impl Fn(&mut Newest, SeriesPart<'_>),
) -> Result<(Vec<Newest>, Coverage), QueryError> {
    let mut found: Vec<Newest> = Vec::new();
    // Series may come in many pieces, so more of these than of series are held now and then, at most twice as many.
    let mut room = limits.max_series;
    let coverage = visit(source, (selection, wish), limits, |part| {
        if let Some(last) = found.last_mut().filter(|last| Arc::ptr_eq(&last.row.labels, part.labels())) {
            bring(last, part);
            return Ok(());
        }
        if found.len() > room {
            put_together(&mut found);
            if found.len() > limits.max_series {
                return Err(too_many_series(limits));
            }
            room = found.len() + limits.max_series;
        }
        let mut newest = Newest::of(Arc::clone(part.labels()), budget)?;
        bring(&mut newest, part);
        found.push(newest);
        Ok(())
    })?;
    put_together(&mut found);
    if found.len() > limits.max_series { Err(too_many_series(limits)) } else { Ok((found, coverage)) }
}

/// In order, each series once. Of two samples of one moment the one that came last counts.
fn put_together(found: &mut Vec<Newest>) {
    sort_by_labels(found, |newest| &newest.row.labels);
    found.dedup_by(|later, first| {
        let same = later.row.labels == first.row.labels;
        if same && later.measured[0] >= first.measured[0] {
            first.measured[0] = later.measured[0];
            first.row.column.values[0] = later.row.column.values[0];
        }
        same
    });
}

impl Newest {
    fn of(labels: Arc<LabelSet>, budget: &Budget) -> Result<Self, QueryError> {
        Ok(Self::absent(labels, Column::absent(budget, 1)?))
    }
}

#[cfg(test)]
mod tests {
    use crate::{InMemory, LabelSet, Limits, Point, Query, QueryError, Value};

    /// A hundred series, each in four pieces, no two of one series beside each other.
    fn pieces() -> InMemory {
        let mut source = InMemory::default();
        for (turn, at_ms) in [30_000, 50_000, 10_000, 50_000].into_iter().enumerate() {
            for number in (0..100).rev() {
                source.add(LabelSet::new([("n", number.to_string())]), [(at_ms, f64::from(number * 10 + turn as i32))]);
            }
        }
        source
    }

    fn asked(source: &InMemory, max_series: usize) -> Result<Vec<(String, Point)>, QueryError> {
        let limits = Limits { max_series, ..Limits::usual() };
        let query = Query::parse("{n=~\".+\"}").expect("a question");
        let Value::Vector(rows) = query.instant(source, 60_000, Query::LOOKBACK_MS, &limits)?.value else {
            panic!("a selector is a vector")
        };
        Ok(rows.into_iter().map(|(labels, point)| (labels.get("n").to_owned(), point)).collect())
    }

    #[test]
    fn a_series_that_comes_in_pieces_is_answered_once_with_what_came_last_of_its_newest_moment() {
        let mut wanted: Vec<(String, Point)> = (0..100)
            .map(|number| (number.to_string(), Point { at_ms: 60_000, value: f64::from(number * 10 + 3) }))
            .collect();
        wanted.sort_by(|a, b| a.0.cmp(&b.0));
        for max_series in [100, 110, 399, 400, 10_000] {
            assert_eq!(asked(&pieces(), max_series), Ok(wanted.clone()), "pieces are not counted as series");
        }
    }

    #[test]
    fn more_series_than_may_be_are_refused_however_they_come() {
        for max_series in [0, 1, 50, 99] {
            assert!(matches!(asked(&pieces(), max_series), Err(QueryError::Execution(_))), "{max_series}");
        }
    }
}
