//! What was kept of late, so that what is sent again is known?
//!
//! A sender whose connection broke never heard that its samples were kept, and sends the same body again within seconds.
//! [`Recent`] tells what is durable: whoever hears that does not send it again. [`OnTheWay`] tells what is numbered and not
//! durable yet: whoever sends that again waits for the outcome.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use vigie_model::{SeriesIx, Tick};

/// Samples that are remembered of one stream, at 16 bytes each: eight of each of its series, and as much as what is not
/// sealed yet.
pub(crate) const MAX_SAMPLES: usize = 8_192;

/// The newest durable ticks of one stream.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    /// By moment and number.
    ticks: BTreeMap<(i64, u64), Arc<Tick>>,
    /// In the order in which they became durable.
    order: VecDeque<(i64, u64)>,
    samples: usize,
}

impl Recent {
    /// A tick is durable.
    pub(crate) fn take(&mut self, tick: &Arc<Tick>) {
        let key = (tick.at.utc.0, tick.seq.0);
        self.samples += tick.samples.len();
        self.ticks.insert(key, Arc::clone(tick));
        self.order.push_back(key);
        while self.samples > MAX_SAMPLES
            && let Some(oldest) = self.order.pop_front()
        {
            let forgotten = self.ticks.remove(&oldest);
            self.samples -= forgotten.map_or(0, |tick| tick.samples.len());
        }
    }

    /// All that is remembered.
    pub(crate) fn ticks(&self) -> impl Iterator<Item = &Tick> {
        self.ticks.values().map(Arc::as_ref)
    }

    /// Whether a series has a value at a moment that is remembered.
    pub(crate) fn has(&self, series: SeriesIx, at_ms: i64) -> bool {
        let mut of_moment = self.ticks.range((at_ms, 0)..=(at_ms, u64::MAX));
        of_moment.any(|(_, tick)| tick.value(series).is_some())
    }
}

/// The moment and the number of a tick.
pub(crate) type TickKey = (i64, u64);

/// The ticks of one stream that are numbered and not durable; how many, the book limits.
#[derive(Debug, Default)]
pub(crate) struct OnTheWay(BTreeMap<TickKey, Arc<Tick>>);

impl OnTheWay {
    /// A tick is numbered.
    pub(crate) fn take(&mut self, tick: &Arc<Tick>) {
        self.0.insert((tick.at.utc.0, tick.seq.0), Arc::clone(tick));
    }

    /// It is durable.
    pub(crate) fn arrived(&mut self, tick: &Tick) {
        self.0.remove(&(tick.at.utc.0, tick.seq.0));
    }

    /// The tick that has a value of a series at a moment.
    pub(crate) fn find(&self, series: SeriesIx, at_ms: i64) -> Option<TickKey> {
        let mut of_moment = self.0.range((at_ms, 0)..=(at_ms, u64::MAX));
        of_moment.find(|(_, tick)| tick.value(series).is_some()).map(|(key, _)| *key)
    }

    /// Whether a tick is still on its way.
    pub(crate) fn has(&self, key: &TickKey) -> bool {
        self.0.contains_key(key)
    }
}

#[cfg(test)]
mod tests {
    use vigie_model::{Boot, Moment, Sample, Seq, UtcMs};

    use super::*;

    fn tick(seq: u64, at_ms: i64, values: &[(u32, i64)]) -> Arc<Tick> {
        let samples =
            values.iter().map(|(series, value)| Sample { series: SeriesIx(*series), value: *value }).collect();
        let at = Moment { utc: UtcMs(at_ms), boot: Boot { no: 0, ms: at_ms.cast_unsigned() } };
        Arc::new(Tick { seq: Seq(seq), at, samples })
    }

    #[test]
    fn a_moment_is_known_by_the_series_that_have_a_value_at_it() {
        let mut recent = Recent::default();
        recent.take(&tick(1, 50, &[(0, 7), (1, 8)]));
        recent.take(&tick(2, 40, &[(0, 6)]));
        recent.take(&tick(3, 50, &[(2, 9)]));
        let known = [(0, 50), (1, 50), (2, 50), (0, 40), (1, 40), (0, 45)].map(|(n, at)| recent.has(SeriesIx(n), at));
        assert_eq!(known, [true, true, true, true, false, false]);
    }

    #[test]
    fn no_more_is_remembered_than_the_limit_says() {
        let mut recent = Recent::default();
        let wide: Vec<(u32, i64)> = (0..1_000).map(|n| (n, 1)).collect();
        (1..=100).for_each(|n| recent.take(&tick(n, n as i64, &wide)));
        assert!(recent.samples <= MAX_SAMPLES && recent.ticks.len() == recent.order.len());
        assert_eq!((recent.has(SeriesIx(0), 1), recent.has(SeriesIx(0), 100)), (false, true));
    }
}
