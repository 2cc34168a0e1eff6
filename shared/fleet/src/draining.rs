//! How fast does what waits for a stream come?

use vigie_sync::keep::StreamFacts;

/// How a stream's waiting ticks go down.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Draining {
    pub(crate) at_ms: u64,
    pub(crate) have: u64,
    pub(crate) per_second: f64,
    pub(crate) stable_since_ms: Option<u64>,
}

impl Draining {
    /// Over a second or more, so that one commit is not taken for a rate.
    pub(crate) fn next(last: Option<Self>, facts: &StreamFacts, now_ms: u64) -> Self {
        let have = facts.have.count();
        let begun = Self { at_ms: now_ms, have, per_second: 0.0, stable_since_ms: None };
        let Some(last) = last else { return begun };
        let took_ms = now_ms.saturating_sub(last.at_ms);
        if took_ms < 1_000 {
            return last;
        }
        let per_second = have.saturating_sub(last.have) as f64 * 1_000.0 / took_ms as f64;
        let steady = last.per_second > 0.0 && (per_second / last.per_second - 1.0).abs() < 0.3;
        let stable_since_ms = if steady { last.stable_since_ms.or(Some(now_ms)) } else { None };
        Self { at_ms: now_ms, have, per_second, stable_since_ms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_told_over_a_second_or_more_and_called_steady_only_when_it_is() {
        let mut facts = StreamFacts::new([0; 32], "box".to_owned());
        let mut at = |last: Option<Draining>, have: u64, now_ms: u64| {
            facts.have = vigie_merge::RangeSet::of(1, have);
            Draining::next(last, &facts, now_ms)
        };
        let begun = at(None, 100, 0);
        assert_eq!(at(Some(begun), 190, 500).per_second, 0.0, "half a second says nothing");
        let first = at(Some(begun), 200, 1_000);
        assert_eq!((first.per_second, first.stable_since_ms), (100.0, None));
        let steady = at(Some(first), 310, 2_000);
        assert_eq!((steady.per_second, steady.stable_since_ms), (110.0, Some(2_000)));
        assert_eq!(at(Some(steady), 320, 3_000).stable_since_ms, None, "it has slowed down");
    }
}
