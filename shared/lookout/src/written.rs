//! What rules wrote for rules: kept in memory for as long as most of them look back.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use vigie_query::{LabelSet, Selection, SeriesSamples, Visit, all_match};
use vigie_watch::Output;

use crate::seats::Seat;

/// How far back rules see what rules wrote. After a restart that begins again.
const KEPT_MS: i64 = 3_600_000;

/// Samples of one series: one each 10 s for that time, and some more.
const SAMPLES: usize = 512;

/// Series that are kept, 100 MB of samples at the very most. Of what comes beyond them, only the node's log tells.
const SERIES: usize = 10_000;

/// Series that rules wrote.
#[derive(Debug, Default)]
pub(crate) struct Written {
    series: HashMap<Arc<LabelSet>, VecDeque<(i64, f64)>>,
    refused: u64,
}

impl Written {
    /// Keeps what an evaluation wrote.
    pub(crate) fn take(&mut self, outputs: Vec<Output>, now_ms: i64) {
        for Output { labels, at_ms, value } in outputs {
            if self.series.len() >= SERIES && !self.series.contains_key(&labels) {
                self.refused += 1;
                if self.refused.is_power_of_two() {
                    tracing::warn!(refused = self.refused, "rules write more series than are kept");
                }
                continue;
            }
            let samples = self.series.entry(labels).or_default();
            // Times rise, unless the clock was set back: then what was written by the other clock goes.
            if samples.back().is_some_and(|(last, _)| *last >= at_ms) {
                samples.clear();
            }
            samples.push_back((at_ms, value));
            if samples.len() > SAMPLES {
                samples.pop_front();
            }
        }
        self.series.retain(|_, samples| {
            let old = samples.partition_point(|(at, _)| *at < now_ms.saturating_sub(KEPT_MS));
            samples.drain(..old);
            !samples.is_empty()
        });
    }

    /// Gives what matches, of what is seen from a seat.
    pub(crate) fn select(
        &self,
        selection: &Selection<'_>,
        seat: Seat,
        sink: &mut dyn FnMut(SeriesSamples<'_>) -> Visit,
    ) -> Visit {
        let is_meant = |labels: &LabelSet| seat.sees_written(labels) && all_match(selection.matchers, labels);
        for (labels, samples) in self.series.iter().filter(|(labels, _)| is_meant(labels)) {
            let wanted = samples.iter().filter(|(at, _)| (selection.start_ms..=selection.end_ms).contains(at));
            let (timestamps_ms, values): (Vec<i64>, Vec<f64>) = wanted.copied().unzip();
            if !timestamps_ms.is_empty() {
                sink(SeriesSamples { labels, timestamps_ms: &timestamps_ms, values: &values })?;
            }
        }
        Visit::Continue(())
    }
}
