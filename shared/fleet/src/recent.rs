//! The newest ticks of one stream, as they came: shown before they are durable.

use std::collections::VecDeque;
use std::sync::Arc;

use vigie_model::{SeriesDef, SeriesIx, Tick, UtcMs};

/// Ticks kept of each stream: more than come between two commits at one a second.
const KEPT: usize = 32;

/// What is remembered of one stream beside the log.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    ticks: VecDeque<Seen>,
    /// Definitions, read from the log when it has more.
    pub(crate) defs: Vec<SeriesDef>,
    cpu: Option<SeriesIx>,
    memory: Option<SeriesIx>,
}

/// A tick, when it was learnt, and its true time as far as known.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) tick: Arc<Tick>,
    pub(crate) learnt_at: UtcMs,
}

impl Recent {
    /// Takes a tick in; older ones than those kept are not kept.
    pub(crate) fn saw(&mut self, tick: Arc<Tick>, learnt_at: UtcMs) {
        let at = self.ticks.partition_point(|seen| seen.tick.seq < tick.seq);
        if self.ticks.get(at).is_some_and(|seen| seen.tick.seq == tick.seq) {
            return;
        }
        self.ticks.insert(at, Seen { tick, learnt_at });
        if self.ticks.len() > KEPT {
            self.ticks.pop_front();
        }
    }

    pub(crate) fn newest(&self) -> Option<&Seen> {
        self.ticks.back()
    }

    pub(crate) fn ticks(&self) -> impl Iterator<Item = &Seen> {
        self.ticks.iter()
    }

    /// How often the machine measures, from its newest ticks.
    pub(crate) fn interval_ms(&self) -> Option<u64> {
        let (last, before) = (self.ticks.back()?, self.ticks.get(self.ticks.len().checked_sub(2)?)?);
        let steps = last.tick.seq.0 - before.tick.seq.0;
        let ms = last.tick.at.boot.ms.checked_sub(before.tick.at.boot.ms)?;
        // Whole seconds: schedules are, and the boot clock is not.
        (last.tick.at.boot.no == before.tick.at.boot.no && steps > 0)
            .then(|| ((ms / steps + 500) / 1_000 * 1_000).max(1_000))
    }

    pub(crate) fn learn(&mut self, defs: Vec<SeriesDef>) {
        let find = |name: &str| {
            let at = defs.iter().position(|def| def.name() == name && def.labels().is_empty())?;
            Some(SeriesIx(at as u32))
        };
        self.cpu = find("system.cpu.utilization");
        self.memory = find("system.memory.utilization");
        self.defs = defs;
    }

    /// How busy and how full, from the newest tick that says so.
    pub(crate) fn cpu(&self) -> Option<(f64, &Seen)> {
        self.newest_of(self.cpu?)
    }

    pub(crate) fn memory(&self) -> Option<(f64, &Seen)> {
        self.newest_of(self.memory?)
    }

    fn newest_of(&self, series: SeriesIx) -> Option<(f64, &Seen)> {
        let resolution = self.defs.get(series.0 as usize)?.resolution();
        let value = |seen: &Seen| seen.tick.value(series).map(|kept| resolution.value(kept));
        self.ticks.iter().rev().find_map(|seen| Some((value(seen)?, seen)))
    }
}

#[cfg(test)]
mod tests {
    use vigie_model::{Boot, Kind, Moment, Resolution, Sample, Seq};

    use super::*;

    fn tick(seq: u64, boot_no: u32, boot_ms: u64, value: i64) -> Arc<Tick> {
        let at = Moment { utc: UtcMs(0), boot: Boot { no: boot_no, ms: boot_ms } };
        Arc::new(Tick { seq: Seq(seq), at, samples: vec![Sample { series: SeriesIx(0), value }] })
    }

    fn cpu() -> SeriesDef {
        SeriesDef::new("system.cpu.utilization", &[], "1", Kind::Gauge, Resolution::ONE).expect("a definition")
    }

    #[test]
    fn the_newest_is_the_one_with_the_highest_number_whatever_came_last() {
        let mut recent = Recent::default();
        [7, 9, 8, 9].into_iter().for_each(|seq| recent.saw(tick(seq, 1, seq * 10_000, 0), UtcMs(5)));
        assert_eq!(recent.newest().map(|seen| seen.tick.seq), Some(Seq(9)));
        assert_eq!(recent.ticks().count(), 3, "a tick that came twice is kept once");
    }

    #[test]
    fn the_interval_is_that_of_one_run_of_the_machine_in_whole_seconds() {
        let mut recent = Recent::default();
        recent.saw(tick(7, 1, 70_030, 0), UtcMs(5));
        assert_eq!(recent.interval_ms(), None);
        recent.saw(tick(9, 1, 89_990, 0), UtcMs(5));
        assert_eq!(recent.interval_ms(), Some(10_000), "a missing tick does not double it");
        recent.saw(tick(10, 2, 4_000, 0), UtcMs(5));
        assert_eq!(recent.interval_ms(), None, "two boots have no interval between them");
    }

    #[test]
    fn a_figure_comes_from_the_newest_tick_that_has_it() {
        let mut recent = Recent::default();
        recent.learn(vec![cpu()]);
        recent.saw(tick(7, 1, 70_000, 40), UtcMs(5));
        let without = Tick { samples: Vec::new(), ..Tick::clone(&tick(8, 1, 80_000, 0)) };
        recent.saw(Arc::new(without), UtcMs(6));
        let (value, seen) = recent.cpu().expect("it was told");
        assert_eq!((value, seen.tick.seq), (40.0, Seq(7)), "and is as old as that tick");
        assert!(recent.memory().is_none());
    }

    #[test]
    fn memory_is_bounded() {
        let mut recent = Recent::default();
        (1..1_000).for_each(|seq| recent.saw(tick(seq, 1, seq, 0), UtcMs(5)));
        assert_eq!(recent.ticks().count(), KEPT);
    }
}
