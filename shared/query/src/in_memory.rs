//! A source made of vectors, for tests and for looking at the page without a mesh.

use std::sync::Arc;

use crate::{
    Coverage, LabelSet, Limits, Matcher, Selection, SeriesSamples, Shortfall, Source, SourceError, Visit, all_match,
};

/// Series kept whole in memory. Not a storage: nothing is indexed, nothing is ever dropped.
#[derive(Debug, Clone, Default)]
pub struct InMemory {
    pieces: Vec<Piece>,
    shortfalls: Vec<Shortfall>,
}

#[derive(Debug, Clone)]
struct Piece {
    labels: Arc<LabelSet>,
    timestamps_ms: Vec<i64>,
    values: Vec<f64>,
}

impl InMemory {
    /// Adds a piece of a series, samples in rising order of time.
    pub fn add(&mut self, labels: LabelSet, samples: impl IntoIterator<Item = (i64, f64)>) {
        let (timestamps_ms, values) = samples.into_iter().unzip();
        self.pieces.push(Piece { labels: Arc::new(labels), timestamps_ms, values });
    }

    /// Says that something of this machine is missing, with every answer that may be about it.
    pub fn lacks(&mut self, shortfall: Shortfall) {
        self.shortfalls.push(shortfall);
    }
}

impl Source for InMemory {
    fn select(
        &self,
        selection: &Selection<'_>,
        limits: &Limits,
        sink: &mut dyn FnMut(SeriesSamples<'_>) -> Visit,
    ) -> Result<Coverage, SourceError> {
        let Selection { matchers, start_ms, end_ms, .. } = *selection;
        for Piece { labels, timestamps_ms, values } in &self.pieces {
            limits.stop.check()?;
            let from = timestamps_ms.partition_point(|at| *at < start_ms);
            let until = timestamps_ms.partition_point(|at| *at <= end_ms);
            if from >= until || !all_match(matchers, labels) {
                continue;
            }
            let (timestamps_ms, values) = (&timestamps_ms[from..until], &values[from..until]);
            if sink(SeriesSamples { labels, timestamps_ms, values }).is_break() {
                break;
            }
        }
        let mut coverage = Coverage::whole();
        let asked = self.shortfalls.iter().filter(|shortfall| concerns(matchers, shortfall));
        asked.for_each(|shortfall| coverage.lacks(shortfall.clone()));
        Ok(coverage)
    }
}

fn concerns(matchers: &[Matcher], shortfall: &Shortfall) -> bool {
    let value = |name: &str| match name {
        "machine" => Some(&shortfall.machine),
        "machine_id" => Some(&shortfall.machine_id),
        "client" => Some(&shortfall.client),
        "site" => Some(&shortfall.site),
        _ => None,
    };
    matchers.iter().all(|matcher| value(matcher.name()).is_none_or(|value| matcher.matches(value)))
}
