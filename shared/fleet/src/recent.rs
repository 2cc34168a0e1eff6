//! The newest ticks of one stream, as they came: shown before they are durable.

use std::sync::Arc;

use vigie_merge::RangeSet;
use vigie_model::{Moment, Tick, UtcMs};

/// Ticks kept of each stream: more than come between two commits at one a second.
const KEPT: usize = 32;

/// Of ticks that are durable, the last two are remembered, without their samples: two tell the interval.
const KEPT_DURABLE: usize = 2;

/// The newest ticks, by number.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    ticks: Vec<Seen>,
}

/// A tick that came, and when it was learnt.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) seq: u64,
    pub(crate) at: Moment,
    pub(crate) learnt_at: UtcMs,
    /// All of it, as long as it is not durable.
    pub(crate) pending: Option<Arc<Tick>>,
}

impl Recent {
    /// Takes a tick in; older ones than those kept are not kept. Says whether it is new here.
    pub(crate) fn saw(&mut self, tick: &Arc<Tick>, learnt_at: UtcMs, durable: bool) -> bool {
        let seq = tick.seq.0;
        let at = self.ticks.partition_point(|seen| seen.seq < seq);
        if self.ticks.get(at).is_some_and(|seen| seen.seq == seq) {
            return false;
        }
        self.ticks.insert(at, Seen { seq, at: tick.at, learnt_at, pending: (!durable).then(|| tick.clone()) });
        if self.ticks.len() > KEPT {
            self.ticks.remove(0);
        }
        true
    }

    /// What is durable is in the log.
    pub(crate) fn settle(&mut self, have: &RangeSet) {
        for seen in &mut self.ticks {
            if seen.pending.is_some() && have.contains(seen.seq) {
                seen.pending = None;
            }
        }
        let from = self.ticks.len().saturating_sub(KEPT_DURABLE);
        let mut at = 0;
        self.ticks.retain(|seen| {
            at += 1;
            seen.pending.is_some() || at > from
        });
    }

    pub(crate) fn newest(&self) -> Option<&Seen> {
        self.ticks.last()
    }

    /// Those that are not durable, as far as is known.
    pub(crate) fn pending(&self) -> impl Iterator<Item = (&Seen, &Arc<Tick>)> {
        self.ticks.iter().filter_map(|seen| Some((seen, seen.pending.as_ref()?)))
    }

    pub(crate) fn is_pending(&self, seq: u64) -> bool {
        self.pending().any(|(seen, _)| seen.seq == seq)
    }

    /// How often the machine measures, from its newest ticks.
    pub(crate) fn interval_ms(&self) -> Option<u64> {
        let (last, before) = (self.ticks.last()?, self.ticks.get(self.ticks.len().checked_sub(2)?)?);
        let steps = last.seq - before.seq;
        let ms = last.at.boot.ms.checked_sub(before.at.boot.ms)?;
        // Whole seconds: schedules are, and the boot clock is not.
        (last.at.boot.no == before.at.boot.no && steps > 0).then(|| ((ms / steps + 500) / 1_000 * 1_000).max(1_000))
    }
}

#[cfg(test)]
mod tests {
    use vigie_model::{Boot, Sample, Seq, SeriesIx};

    use super::*;

    fn tick(seq: u64, boot_no: u32, boot_ms: u64) -> Arc<Tick> {
        let at = Moment { utc: UtcMs(0), boot: Boot { no: boot_no, ms: boot_ms } };
        Arc::new(Tick { seq: Seq(seq), at, samples: vec![Sample { series: SeriesIx(0), value: 0 }] })
    }

    #[test]
    fn the_newest_is_the_one_with_the_highest_number_whatever_came_last() {
        let mut recent = Recent::default();
        let new = [7, 9, 8, 9].map(|seq| recent.saw(&tick(seq, 1, seq * 10_000), UtcMs(5), false));
        assert_eq!(recent.newest().map(|seen| seen.seq), Some(9));
        assert_eq!(new, [true, true, true, false], "a tick that came twice is kept once");
    }

    #[test]
    fn the_interval_is_that_of_one_run_of_the_machine_in_whole_seconds() {
        let mut recent = Recent::default();
        recent.saw(&tick(7, 1, 70_030), UtcMs(5), false);
        assert_eq!(recent.interval_ms(), None);
        recent.saw(&tick(9, 1, 89_990), UtcMs(5), false);
        assert_eq!(recent.interval_ms(), Some(10_000), "a missing tick does not double it");
        recent.settle(&RangeSet::of(1, 9));
        assert_eq!(recent.interval_ms(), Some(10_000), "nor does that it is durable change it");
        recent.saw(&tick(10, 2, 4_000), UtcMs(5), false);
        assert_eq!(recent.interval_ms(), None, "two boots have no interval between them");
    }

    #[test]
    fn samples_are_kept_until_they_are_durable() {
        let mut recent = Recent::default();
        assert!((1..=5).all(|seq| recent.saw(&tick(seq, 1, seq), UtcMs(5), false)));
        recent.settle(&RangeSet::of(1, 3));
        assert_eq!(recent.pending().map(|(seen, _)| seen.seq).collect::<Vec<_>>(), [4, 5]);
        recent.settle(&RangeSet::of(1, 5));
        assert_eq!((recent.pending().count(), recent.ticks.len()), (0, KEPT_DURABLE));
        recent.saw(&tick(2, 1, 2), UtcMs(5), true);
        assert!(!recent.is_pending(2), "it is in the log already");
    }

    #[test]
    fn memory_is_bounded() {
        let mut recent = Recent::default();
        assert!((1..1_000).all(|seq| recent.saw(&tick(seq, 1, seq), UtcMs(5), false)));
        assert_eq!(recent.ticks.len(), KEPT);
    }
}
