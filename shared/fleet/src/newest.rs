//! What is the newest value of each series of a stream, and is it sure that there is none newer?
//!
//! The list of machines shows what is held here whatever the log says. A question takes it in place of a look into the
//! log, and so only where the log would answer the same: see [`Newest::tell`]. Where that is not sure, memory is filled
//! from the log and sure again.
//!
//! Ten bytes a series: a value, and the place of the tick it came in. Series that are measured every minute or quarter of
//! an hour keep an older tick; there are as many of those as there are rhythms.

use std::collections::BTreeMap;

use vigie_merge::RangeSet;
use vigie_model::{Anchor, Moment, SeriesIx, Tick, UtcMs};

/// No tick carried this series yet.
const NONE: u16 = u16::MAX;

/// Before a stream was looked up in the log, nothing is sure at any time.
const NEVER: i64 = i64::MAX;

/// The newest value of each series, by the number of the tick it came in.
#[derive(Debug)]
pub(crate) struct Newest {
    values: Vec<i64>,
    places: Vec<u16>,
    ticks: Vec<Measured>,
    /// Places that no series has any more.
    free: Vec<u16>,
    /// Ticks that were taken in here, or are known to be older than `since_ms`.
    taken: RangeSet,
    /// Every tick of this time or a later one was taken in, as long as `whole`.
    since_ms: i64,
    /// The latest time of any tick that was taken in.
    latest_ms: i64,
    /// Times do not rise with numbers: a clock was set back. Up to this time memory does not know what is newest.
    unsteady_until_ms: Option<i64>,
    /// Everything durable was taken.
    whole: bool,
}

/// A tick without its samples.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured {
    pub(crate) seq: u64,
    at: Moment,
    pub(crate) true_ms: i64,
    pub(crate) learnt_at: UtcMs,
    /// How many series have their newest value from it.
    series: u32,
}

/// What memory says of one series in a range of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// Its newest sample.
    Sample { true_ms: i64, kept: i64 },
    /// There is none.
    Nothing,
    /// Ask the log.
    Unsure,
}

/// The best known true time.
pub(crate) fn true_ms(anchors: &BTreeMap<u32, Anchor>, at: Moment) -> i64 {
    anchors.get(&at.boot.no).and_then(|anchor| anchor.resolve(at)).unwrap_or(at.utc).0
}

impl Default for Newest {
    fn default() -> Self {
        Self::reading(NEVER, RangeSet::new())
    }
}

impl Newest {
    /// Begins with nothing, to be given every tick of this time or later that the log has, which has these numbers.
    pub(crate) fn reading(since_ms: i64, have: RangeSet) -> Self {
        Self {
            values: Vec::new(),
            places: Vec::new(),
            ticks: Vec::new(),
            free: Vec::new(),
            taken: have,
            since_ms,
            latest_ms: i64::MIN,
            unsteady_until_ms: None,
            whole: true,
        }
    }

    /// Takes in a tick of a stream that has so many definitions.
    pub(crate) fn take(&mut self, tick: &Tick, true_ms: i64, learnt_at: UtcMs, defs: usize) {
        self.latest_ms = self.latest_ms.max(true_ms);
        let known = tick.samples.partition_point(|sample| (sample.series.0 as usize) < defs);
        if known < tick.samples.len() || self.ticks.len() - self.free.len() >= usize::from(NONE) {
            // It came before its definitions; or there are more rhythms than places. Then the log knows better.
            self.since_ms = NEVER;
        }
        let (seq, at) = (tick.seq.0, tick.at);
        let Some(place) = self.place(Measured { seq, at, true_ms, learnt_at, series: 0 }) else { return };
        self.values.resize(self.values.len().max(defs), 0);
        self.places.resize(self.places.len().max(defs), NONE);
        for sample in &tick.samples[..known] {
            self.put(sample.series.0 as usize, sample.value, place);
        }
        if self.ticks[usize::from(place)].series == 0 {
            self.free.push(place);
        }
        self.taken.insert(seq, seq);
    }

    fn place(&mut self, tick: Measured) -> Option<u16> {
        if let Some(place) = self.free.pop() {
            self.ticks[usize::from(place)] = tick;
            return Some(place);
        }
        let place = u16::try_from(self.ticks.len()).ok().filter(|place| *place < NONE)?;
        self.ticks.push(tick);
        Some(place)
    }

    fn put(&mut self, series: usize, value: i64, place: u16) {
        let new = self.ticks[usize::from(place)];
        let old_place = self.places[series];
        if old_place != NONE {
            let old = &mut self.ticks[usize::from(old_place)];
            if new.seq == old.seq {
                return;
            }
            let later = new.seq > old.seq;
            if new.true_ms == old.true_ms || later != (new.true_ms > old.true_ms) {
                self.unsteady_until_ms = Some(self.latest_ms);
            }
            if !later {
                return;
            }
            old.series -= 1;
            if old.series == 0 {
                self.free.push(old_place);
            }
        }
        self.values[series] = value;
        self.places[series] = place;
        self.ticks[usize::from(place)].series += 1;
    }

    /// Anchors have changed, and with them the times of ticks that are no longer here.
    pub(crate) fn put_right(&mut self, anchors: &BTreeMap<u32, Anchor>) {
        for tick in &mut self.ticks {
            tick.true_ms = true_ms(anchors, tick.at);
        }
        self.latest_ms = self.ticks.iter().map(|tick| tick.true_ms).max().unwrap_or(i64::MIN);
        self.since_ms = NEVER;
        self.unsteady_until_ms = None;
    }

    /// These ticks are durable, those of them not to come.
    pub(crate) fn settle(&mut self, have: &RangeSet, gaps: &RangeSet) {
        self.whole = have.without(&self.taken).without(gaps).is_empty();
    }

    /// Lets what was just read from the log take the place of what was held, but for values from before that time.
    pub(crate) fn replace(&mut self, read: Self) {
        let old = std::mem::replace(self, read);
        self.latest_ms = self.latest_ms.max(old.latest_ms);
        let mut moved = vec![None; old.ticks.len()];
        self.values.resize(self.values.len().max(old.values.len()), 0);
        self.places.resize(self.places.len().max(old.places.len()), NONE);
        for (series, place) in old.places.iter().enumerate().filter(|(_, place)| **place != NONE) {
            let tick = old.ticks[usize::from(*place)];
            if self.places[series] != NONE || tick.true_ms >= self.since_ms {
                continue;
            }
            let to = &mut moved[usize::from(*place)];
            if to.is_none() {
                *to = self.place(Measured { series: 0, ..tick });
            }
            if let Some(to) = *to {
                self.put(series, old.values[series], to);
            }
        }
    }

    /// Whether a look into the log would let memory answer for this range.
    pub(crate) fn is_worth_reading(&self, start_ms: i64, end_ms: i64) -> bool {
        let sure = self.whole && self.since_ms <= start_ms;
        let steady = self.unsteady_until_ms.is_none_or(|until| start_ms > until);
        end_ms >= self.latest_ms && steady && (!sure || self.unsteady_until_ms.is_some())
    }

    /// The newest sample of a series from `start_ms` to `end_ms`, both included, where the log could say nothing else.
    ///
    /// That is so when every tick of the range was taken in, and times rise with numbers: then the sample with the highest
    /// number is the newest, and what came before is older. `is_here` says whether a tick is still in the log, or is to be.
    pub(crate) fn tell(&self, series: SeriesIx, start_ms: i64, end_ms: i64, is_here: impl Fn(u64) -> bool) -> Told {
        if !self.whole || self.unsteady_until_ms.is_some() || self.since_ms == NEVER {
            return Told::Unsure;
        }
        match self.held(series).filter(|(_, tick)| tick.true_ms >= self.since_ms) {
            Some((_, tick)) if tick.true_ms < start_ms => Told::Nothing,
            Some((kept, tick)) if tick.true_ms <= end_ms && is_here(tick.seq) => {
                Told::Sample { true_ms: tick.true_ms, kept }
            }
            Some(_) => Told::Unsure,
            None if self.since_ms <= start_ms => Told::Nothing,
            None => Told::Unsure,
        }
    }

    /// Whether it is sure that a series has no sample at this time or later.
    pub(crate) fn ended_before(&self, series: SeriesIx, start_ms: i64) -> bool {
        self.tell(series, start_ms, i64::MAX, |_| true) == Told::Nothing
    }

    /// The value of a series with the highest number, and its tick, whatever is in the log.
    pub(crate) fn held(&self, series: SeriesIx) -> Option<(i64, &Measured)> {
        let at = series.0 as usize;
        let place = *self.places.get(at).filter(|place| **place != NONE)?;
        Some((self.values[at], &self.ticks[usize::from(place)]))
    }
}

#[cfg(test)]
mod tests {
    use vigie_model::{Boot, Sample, Seq};

    use super::*;

    const DEFS: usize = 3;

    fn tick(seq: u64, series: &[u32]) -> Tick {
        let at = Moment { utc: UtcMs(seq as i64 * 10), boot: Boot { no: 1, ms: seq * 10 } };
        let samples = series.iter().map(|ix| Sample { series: SeriesIx(*ix), value: seq as i64 });
        Tick { seq: Seq(seq), at, samples: samples.collect() }
    }

    fn take(newest: &mut Newest, seq: u64, series: &[u32]) {
        newest.take(&tick(seq, series), seq as i64 * 10, UtcMs(0), DEFS);
    }

    fn tell(newest: &Newest, series: u32, start_ms: i64, end_ms: i64) -> Told {
        newest.tell(SeriesIx(series), start_ms, end_ms, |_| true)
    }

    fn sample(seq: u64) -> Told {
        Told::Sample { true_ms: seq as i64 * 10, kept: seq as i64 }
    }

    fn filled() -> Newest {
        let mut newest = Newest::reading(40, RangeSet::of(1, 6));
        take(&mut newest, 4, &[0, 1]);
        take(&mut newest, 5, &[0]);
        take(&mut newest, 6, &[0]);
        newest
    }

    #[test]
    fn a_slow_series_keeps_its_older_tick() {
        let mut newest = filled();
        (7..50).for_each(|seq| take(&mut newest, seq, &[0]));
        assert_eq!(tell(&newest, 0, 50, 1_000), sample(49));
        assert_eq!(tell(&newest, 1, 40, 1_000), sample(4));
        assert_eq!(tell(&newest, 1, 41, 1_000), Told::Nothing, "it is older than what was asked for");
        assert_eq!(tell(&newest, 2, 40, 1_000), Told::Nothing);
        assert!(newest.ticks.len() <= 3, "ticks that gave way leave their places");
    }

    #[test]
    fn a_series_takes_ten_bytes() {
        let mut newest = Newest::reading(0, RangeSet::new());
        let all: Vec<u32> = (0..150).collect();
        for seq in 1..1_000 {
            let some = if seq % 6 == 0 { &all[..] } else { &all[50..] };
            newest.take(&tick(seq, some), seq as i64 * 10, UtcMs(0), all.len());
        }
        let of_series = newest.values.capacity() * 8 + newest.places.capacity() * 2;
        assert_eq!(of_series, all.len() * 10);
        assert!(newest.ticks.len() <= 3, "whatever passed by");
    }

    #[test]
    fn before_the_log_was_read_nothing_is_sure() {
        let mut newest = Newest::default();
        take(&mut newest, 6, &[0]);
        assert_eq!(tell(&newest, 0, 50, 1_000), Told::Unsure);
        assert_eq!(newest.held(SeriesIx(0)).map(|(value, _)| value), Some(6), "but the list may show it");
        assert!(newest.is_worth_reading(50, 1_000));
    }

    #[test]
    fn what_reaches_further_back_or_ends_earlier_is_the_log_s() {
        let newest = filled();
        assert_eq!(tell(&newest, 2, 39, 1_000), Told::Unsure, "it may have been measured before");
        assert_eq!(tell(&newest, 0, 39, 1_000), sample(6), "nothing before matters here");
        assert_eq!(tell(&newest, 0, 40, 55), Told::Unsure, "it was something else then");
        assert!(newest.is_worth_reading(39, 1_000) && !newest.is_worth_reading(39, 55));
    }

    #[test]
    fn durable_ticks_that_did_not_pass_by_make_it_unsure_unless_they_are_gaps() {
        let mut newest = filled();
        newest.settle(&RangeSet::of(1, 8), &RangeSet::of(7, 8));
        assert_eq!(tell(&newest, 0, 40, 1_000), sample(6));
        newest.settle(&RangeSet::of(1, 8), &RangeSet::of(7, 7));
        assert_eq!(tell(&newest, 0, 40, 1_000), Told::Unsure);
        take(&mut newest, 8, &[0]);
        newest.settle(&RangeSet::of(1, 8), &RangeSet::of(7, 7));
        assert_eq!(tell(&newest, 0, 40, 1_000), sample(8));
    }

    #[test]
    fn a_tick_that_comes_late_changes_nothing_while_times_rise_with_numbers() {
        let mut newest = filled();
        take(&mut newest, 9, &[0]);
        take(&mut newest, 8, &[0, 1]);
        assert_eq!((tell(&newest, 0, 40, 1_000), tell(&newest, 1, 40, 1_000)), (sample(9), sample(8)));
    }

    #[test]
    fn a_clock_that_was_set_back_makes_it_unsure_until_that_is_past() {
        let mut newest = filled();
        newest.take(&tick(7, &[0]), 55, UtcMs(0), DEFS);
        assert_eq!(tell(&newest, 0, 40, 1_000), Told::Unsure);
        assert!(!newest.is_worth_reading(40, 1_000), "reading would show the same");
        assert!(newest.is_worth_reading(61, 1_000));
    }

    #[test]
    fn a_tick_before_its_definitions_makes_it_unsure() {
        let mut newest = filled();
        take(&mut newest, 7, &[0, 9]);
        assert_eq!(tell(&newest, 0, 40, 1_000), Told::Unsure);
        assert_eq!(newest.held(SeriesIx(0)).map(|(value, _)| value), Some(7));
        assert!(newest.values.len() == DEFS, "nobody makes memory grow with numbers that mean nothing");
    }

    #[test]
    fn reading_again_keeps_what_is_older_for_the_list_alone() {
        let mut newest = filled();
        let mut read = Newest::reading(50, RangeSet::of(1, 6));
        take(&mut read, 5, &[0]);
        take(&mut read, 6, &[0]);
        newest.replace(read);
        assert_eq!(newest.held(SeriesIx(1)).map(|(value, _)| value), Some(4));
        assert_eq!(tell(&newest, 1, 50, 1_000), Told::Nothing);
        assert_eq!(tell(&newest, 1, 30, 1_000), Told::Unsure, "newer ones may not have been read");
    }

    #[test]
    fn a_sample_that_left_the_log_is_asked_of_the_log() {
        let newest = filled();
        assert_eq!(newest.tell(SeriesIx(1), 0, 1_000, |seq| seq != 4), Told::Unsure);
    }
}
