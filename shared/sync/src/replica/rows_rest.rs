//! How long does a conversation of rows rest after their store failed?
//!
//! Often enough for alerts at first, and ever more seldom: a disk may be full for days, and each try costs every session's
//! telemetry a new beginning. Sessions that fail in one round rest until its end together.

/// The first rest, and the shortest of any session.
pub(super) const REST_MS: u64 = 60_000;

/// The longest: what makes the store keep again ends it sooner.
const LONGEST_MS: u64 = 16 * REST_MS;

/// The rounds of one trouble.
#[derive(Debug, Default)]
pub(super) struct RowsRest {
    /// Of the present round; none while there is no trouble.
    round_ms: u64,
    until_ms: u64,
}

impl RowsRest {
    /// The store failed: until when the session rests.
    pub(super) fn failed(&mut self, now_ms: u64) -> u64 {
        if self.round_ms == 0 || now_ms >= self.until_ms {
            self.round_ms = (self.round_ms * 2).clamp(REST_MS, LONGEST_MS);
            self.until_ms = now_ms + self.round_ms;
        }
        self.until_ms.max(now_ms + REST_MS)
    }

    /// Something became durable.
    pub(super) fn kept(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_round_without_success_is_twice_as_long_up_to_a_quarter_of_an_hour() {
        let (mut rest, mut now_ms, mut rounds) = (RowsRest::default(), 0, Vec::new());
        for _ in 0..7 {
            let until_ms = rest.failed(now_ms);
            rounds.push((until_ms - now_ms) / 60_000);
            now_ms = until_ms;
        }
        assert_eq!(rounds, [1, 2, 4, 8, 16, 16, 16]);
        rest.kept();
        assert_eq!(rest.failed(now_ms), now_ms + REST_MS, "a new trouble begins anew");
    }

    #[test]
    fn sessions_that_fail_in_one_round_make_it_no_longer_and_none_rests_less_than_the_first() {
        let mut rest = RowsRest::default();
        let ends: Vec<u64> = (0..100).map(|at| rest.failed(at)).collect();
        assert!(ends.iter().zip(0..).all(|(end, at)| *end == at + REST_MS), "{ends:?}");
    }
}
