//! How do pieces from everywhere become whole series?

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::{Coverage, LabelSet, Limits, Matcher, Point, QueryError, SeriesSamples, Source, Visit};

/// How many pieces pass between two looks at the deadline; a piece is some hundred samples.
const PIECES_PER_LOOK: usize = 64;

/// Whole series and what is missing from them.
pub(crate) type Gathered = (Vec<(Arc<LabelSet>, Vec<Point>)>, Coverage);

/// Whole series: sorted by labels, each with its samples in rising time, one for each moment.
pub(crate) fn gather(
    source: &dyn Source,
    matchers: &[Matcher],
    start_ms: i64,
    end_ms: i64,
    limits: &Limits,
) -> Result<Gathered, QueryError> {
    let mut heap = Heap { series: HashMap::new(), samples: 0, pieces: 0, limits, refusal: None };
    let coverage = source.select(matchers, start_ms, end_ms, limits, &mut |piece| heap.take(piece))?;
    if let Some(refusal) = heap.refusal {
        return Err(refusal);
    }
    let mut series: Vec<_> = heap.series.into_iter().collect();
    series.sort_by(|a, b| a.0.cmp(&b.0));
    series.iter_mut().for_each(|(_, points)| merge_by_time(points));
    Ok((series, coverage))
}

struct Heap<'a> {
    series: HashMap<Arc<LabelSet>, Vec<Point>>,
    samples: usize,
    pieces: usize,
    limits: &'a Limits,
    refusal: Option<QueryError>,
}

impl Heap<'_> {
    fn take(&mut self, piece: SeriesSamples<'_>) -> Visit {
        match self.try_take(piece) {
            Ok(()) => ControlFlow::Continue(()),
            Err(refusal) => {
                self.refusal = Some(refusal);
                ControlFlow::Break(())
            }
        }
    }

    fn try_take(&mut self, piece: SeriesSamples<'_>) -> Result<(), QueryError> {
        self.pieces += 1;
        if self.pieces.is_multiple_of(PIECES_PER_LOOK) {
            self.limits.stop.check()?;
        }
        self.samples = self.samples.saturating_add(piece.timestamps_ms.len());
        if self.samples > self.limits.max_samples {
            return Err(too_many_samples());
        }
        if !self.series.contains_key(piece.labels) {
            if self.series.len() >= self.limits.max_series {
                let most = self.limits.max_series;
                return Err(QueryError::Execution(format!("the query selects more than {most} series")));
            }
            self.series.insert(Arc::clone(piece.labels), Vec::with_capacity(piece.timestamps_ms.len()));
        }
        let points = self.series.get_mut(piece.labels).expect("put there above when it was missing");
        points.extend(
            piece.timestamps_ms.iter().zip(piece.values).map(|(at_ms, value)| Point { at_ms: *at_ms, value: *value }),
        );
        Ok(())
    }
}

/// Prometheus' words, which clients know.
pub(crate) fn too_many_samples() -> QueryError {
    QueryError::Execution("query processing would load too many samples into memory in query execution".to_owned())
}

/// Puts pieces in order; of two samples of one moment the one that came last stays.
fn merge_by_time(points: &mut Vec<Point>) {
    if points.windows(2).all(|pair| pair[0].at_ms < pair[1].at_ms) {
        return;
    }
    // Stable, so the order of arrival is kept within a moment.
    points.sort_by_key(|point| point.at_ms);
    points.reverse();
    points.dedup_by_key(|point| point.at_ms);
    points.reverse();
}
