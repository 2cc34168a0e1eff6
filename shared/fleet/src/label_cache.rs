//! The labels of the series that were asked for lately: making them is dearer than finding the samples.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use vigie_model::SeriesIx;
use vigie_query::LabelSet;

/// A stream while it keeps its owner, name and place: with another owner it has another key, so that old labels are found
/// no more and fall out by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LabelKey(pub(crate) u32);

/// Label sets in one generation, two of which are kept. Two of them are more than one question may select
/// ([`MAX_SERIES`](vigie_query::Limits::MAX_SERIES)), and take some 20 MB, or 35 MB where all were shown as JSON.
const GENERATION: usize = 32 * 1024;

/// Two generations: what is asked for goes into the young one, and when that is full the old one is forgotten.
#[derive(Debug, Default)]
pub(crate) struct LabelCache {
    young: Generation,
    old: Generation,
}

type Generation = HashMap<u64, Arc<LabelSet>, BuildHasherDefault<Spread>>;

impl LabelCache {
    /// The labels of a series, made when they are not here.
    pub(crate) fn of(&mut self, key: LabelKey, series: SeriesIx, make: impl FnOnce() -> LabelSet) -> Arc<LabelSet> {
        let key = u64::from(key.0) << 32 | u64::from(series.0);
        if let Some(labels) = self.young.get(&key) {
            return labels.clone();
        }
        let labels = self.old.remove(&key).unwrap_or_else(|| Arc::new(make()));
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, labels.clone());
        labels
    }
}

/// Keys are small counters of our own, so spreading their bits is enough.
#[derive(Debug, Default)]
pub(crate) struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u64(&mut self, number: u64) {
        // Multiplied by the golden ratio; the map takes its bits from both ends.
        let product = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = product ^ (product >> 32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(number: u32) -> LabelSet {
        LabelSet::new([("n".to_owned(), number.to_string())])
    }

    #[test]
    fn what_is_asked_for_again_is_the_same_object_and_the_rest_is_forgotten() {
        let mut cache = LabelCache::default();
        let first = cache.of(LabelKey(1), SeriesIx(0), || labels(0));
        for series in 1..200_000 {
            let found = cache.of(LabelKey(1), SeriesIx(series), || labels(series));
            assert_eq!(found.get("n"), series.to_string());
            if series % 10_000 == 0 {
                let again = cache.of(LabelKey(1), SeriesIx(0), || unreachable!("it is asked for often"));
                assert!(Arc::ptr_eq(&first, &again));
            }
        }
        assert!(cache.young.len() + cache.old.len() <= 2 * GENERATION);
        let gone = cache.of(LabelKey(1), SeriesIx(1), || labels(77));
        assert_eq!(gone.get("n"), "77");
    }

    #[test]
    fn a_stream_with_another_owner_has_other_labels() {
        let mut cache = LabelCache::default();
        cache.of(LabelKey(1), SeriesIx(0), || labels(1));
        assert_eq!(cache.of(LabelKey(2), SeriesIx(0), || labels(2)).get("n"), "2");
    }
}
