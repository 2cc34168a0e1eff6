//! How fast does it grow?

use crate::Dialect;
use crate::windows::Window;

/// Where a counter began again, and what it had counted by then.
pub(crate) struct Resets(Vec<(usize, f64)>);

impl Resets {
    pub(crate) fn of(values: &[f64]) -> Self {
        let pairs = values.windows(2).enumerate();
        Self(pairs.filter(|(_, pair)| pair[1] < pair[0]).map(|(at, pair)| (at + 1, pair[0])).collect())
    }

    /// What was lost by resets between two samples of the same window: the first of a window is never a reset.
    fn lost(&self, first: usize, count: usize) -> impl Iterator<Item = f64> {
        let from = self.0.partition_point(|(at, _)| *at <= first);
        let until = self.0.partition_point(|(at, _)| *at < first + count);
        self.0[from..until].iter().map(|(_, lost)| *lost)
    }
}

/// What a window gained, and by how much it is stretched to the edges of the window.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gain {
    seen: f64,
    stretch: f64,
}

impl Gain {
    pub(crate) fn increase(self) -> f64 {
        self.seen * self.stretch
    }

    pub(crate) fn rate(self, range_seconds: f64) -> f64 {
        self.seen * (self.stretch / range_seconds)
    }
}

/// The gain between the first and the last sample, stretched to the whole window where samples come close enough to its
/// edges; of a counter (with its resets) never to before it was zero.
pub(crate) fn extrapolated(window: &Window<'_>, resets: Option<&Resets>, dialect: Dialect) -> Option<Gain> {
    let (times, values) = (window.times, window.values);
    let (first, last) = (*values.first()?, *values.last()?);
    if values.len() < 2 {
        return None;
    }
    let mut seen = last - first;
    if let Some(resets) = resets {
        resets.lost(window.first, values.len()).for_each(|lost| seen += lost);
    }
    let of_zero = if resets.is_some() && seen > 0.0 && first >= 0.0 { first / seen } else { f64::INFINITY };
    let sampled = (*times.first()?, *times.last()?);
    let edges = (window.start_ms, window.end_ms);
    Some(Gain { seen, stretch: stretched(sampled, values.len() as u64, edges, of_zero, dialect) })
}

/// How much longer a window counts as than what was sampled in it: to its edges where samples come close enough to them.
/// `of_zero` is the first value as a part of what was gained since, of a counter, which was not measured before it was zero.
pub(crate) fn stretched(
    (first_ms, last_ms): (i64, i64),
    points: u64,
    (start_ms, end_ms): (i64, i64),
    of_zero: f64,
    dialect: Dialect,
) -> f64 {
    let seconds = |from: i64, to: i64| to.saturating_sub(from) as f64 / 1000.0;
    let sampled = seconds(first_ms, last_ms);
    let mean_gap = sampled / (points - 1) as f64;
    let close = mean_gap * 1.1;
    let since_zero = if of_zero.is_finite() { sampled * of_zero } else { f64::INFINITY };
    let near_edge = |distance: f64| if distance < close { distance } else { mean_gap / 2.0 };
    let (to_start, to_end) = (seconds(start_ms, first_ms), seconds(last_ms, end_ms));
    let to_start = match dialect {
        // A counter that was zero not long ago counts as close to the edge.
        Dialect::Prometheus2 => near_edge(if since_zero < to_start { since_zero } else { to_start }),
        Dialect::Prometheus3 => {
            let near = near_edge(to_start);
            if since_zero < near { since_zero } else { near }
        }
    };
    (sampled + to_start + near_edge(to_end)) / sampled
}

/// The gain from the last sample but one to the last; of a counter per second.
pub(crate) fn of_last_two(window: &Window<'_>, of_counter: bool) -> Option<f64> {
    let ([.., before, last], [.., before_ms, last_ms]) = (window.values, window.times) else { return None };
    let gain = if of_counter && last < before { *last } else { last - before };
    let gap_ms = last_ms.saturating_sub(*before_ms);
    Some(if of_counter { gain / (gap_ms as f64 / 1000.0) } else { gain })
}
