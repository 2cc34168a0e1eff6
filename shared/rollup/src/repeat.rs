//! A series has one value at a moment: which samples does a later one take the place of?
//!
//! What a machine measures has a moment for each tick. What others push may be pushed again, or said otherwise, and then
//! lies in the log under two numbers. As in every answer, the one that came last counts.

use std::collections::{BTreeMap, BTreeSet};

use vigie_model::{SeriesIx, Tick, UtcMs};

use crate::piece::{Piece, Rows};

/// Takes out of ticks, which stand in the order of their numbers, each sample that a later one of the same series and
/// moment takes the place of. A tick that has none left stays: its number is still one that was folded.
pub fn keep_last_of_each_moment(ticks: &mut [(UtcMs, Tick)]) {
    if ticks.is_sorted_by(|before, after| before.0 < after.0) {
        return;
    }
    let mut of_moment: BTreeMap<UtcMs, Vec<usize>> = BTreeMap::new();
    ticks.iter().enumerate().for_each(|(place, (at, _))| of_moment.entry(*at).or_default().push(place));
    for places in of_moment.into_values().filter(|places| places.len() > 1) {
        let mut later: BTreeSet<SeriesIx> = BTreeSet::new();
        for place in places.into_iter().rev() {
            ticks[place].1.samples.retain(|sample| later.insert(sample.series));
        }
    }
}

impl Piece {
    /// Whether a series of both, of which climbs are kept, has samples in both between the same times: then a moment may be
    /// in both, and joined it would count twice.
    pub fn may_repeat(&self, other: &Self) -> bool {
        self.series.iter().any(|(ix, ours)| other.series.get(ix).is_some_and(|theirs| ours.lie_among(theirs)))
    }

    /// How many samples it holds.
    pub fn samples(&self) -> u64 {
        let parts = self.series.values().flat_map(|rows| &rows.whole);
        parts.map(|(_, part)| u64::from(part.count) + u64::from(part.stale) + u64::from(part.nan)).sum()
    }
}

impl Rows {
    fn lie_among(&self, other: &Self) -> bool {
        if !self.shape.climbs || !other.shape.climbs {
            return false;
        }
        let theirs = other.spans();
        self.spans().iter().any(|(from, to)| {
            let at = theirs.partition_point(|their| their.1 < *from);
            theirs.get(at).is_some_and(|their| their.0 <= *to)
        })
    }

    /// From when to when there are samples, minute by minute where those are kept, in order.
    fn spans(&self) -> Vec<(i64, i64)> {
        let parts = if self.minutes.is_empty() { &self.whole } else { &self.minutes };
        let numbers = parts.iter().filter(|(_, part)| part.count > 0);
        // What was pushed out of order ends before it begins.
        let span =
            |(_, part): &(u32, crate::part::Part)| (part.first_ms.min(part.last_ms), part.first_ms.max(part.last_ms));
        let mut spans: Vec<(i64, i64)> = numbers.map(span).collect();
        spans.sort_unstable();
        spans
    }
}

#[cfg(test)]
mod tests {
    use vigie_model::{Boot, Moment, Sample, Seq};

    use super::*;
    use crate::{Fold, Hour, Shape, Window};

    const PUSHED: Shape = Shape { exact: true, climbs: true, sketched: true };

    fn tick(seq: u64, at_ms: i64, values: &[(u32, f64)]) -> (UtcMs, Tick) {
        let sample = |(ix, value): &(u32, f64)| Sample { series: SeriesIx(*ix), value: value.to_bits().cast_signed() };
        let at = Moment { utc: UtcMs(at_ms), boot: Boot { no: 0, ms: at_ms.cast_unsigned() } };
        (UtcMs(at_ms), Tick { seq: Seq(seq), at, samples: values.iter().map(sample).collect() })
    }

    fn fold(ticks: &[(UtcMs, Tick)]) -> Piece {
        let mut fold = Fold::new(Hour::of(ticks[0].0));
        ticks.iter().for_each(|(at, tick)| assert!(fold.add(*at, tick, |_| Some(PUSHED))));
        fold.finish().expect("ticks")
    }

    #[test]
    fn of_what_is_pushed_twice_only_the_last_counts() {
        let mut ticks = vec![
            tick(1, 1_000, &[(0, 5.0), (1, 7.0)]),
            tick(2, 2_000, &[(0, 6.0)]),
            tick(3, 1_000, &[(0, 50.0)]),
            tick(4, 2_000, &[(0, 6.0), (1, 8.0)]),
        ];
        keep_last_of_each_moment(&mut ticks);
        let piece = fold(&ticks);
        assert_eq!(piece.covered().count(), 4, "every number was folded");
        let cell = |ix| piece.cells(SeriesIx(ix), Window::Hour)[0].1;
        assert_eq!((cell(0).count(), cell(0).sum(vigie_model::Resolution::Exact)), (2, 56.0));
        assert_eq!((cell(1).count(), cell(1).sum(vigie_model::Resolution::Exact)), (2, 15.0));
        assert_eq!(piece.samples(), 4);
    }

    #[test]
    fn pieces_that_may_hold_one_moment_twice_are_told_from_those_that_fill_each_other() {
        let of = |ticks: &[(UtcMs, Tick)]| fold(ticks);
        let first = of(&[tick(1, 1_000, &[(0, 1.0)]), tick(2, 31_000, &[(0, 2.0)]), tick(3, 61_000, &[(0, 3.0)])]);
        let again = of(&[tick(7, 31_000, &[(0, 2.0)])]);
        let between = of(&[tick(8, 45_000, &[(0, 2.0)]), tick(9, 122_000, &[(0, 2.0)])]);
        let other_series = of(&[tick(10, 31_000, &[(1, 2.0)])]);
        assert!(first.may_repeat(&again) && again.may_repeat(&first));
        assert!(!first.may_repeat(&between) && !between.may_repeat(&first));
        assert!(!first.may_repeat(&other_series));
    }
}
