//! How long to wait before something is tried again?

use std::time::Duration;

/// The first pause: a receiver that restarts is back within a second or two.
const FIRST: Duration = Duration::from_millis(250);

/// The longest of our own. What waits lies safe in the log, and a receiver that is back should not wait for us long.
const LONGEST: Duration = Duration::from_secs(30);

/// The longest that a receiver may ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(600);

/// Pauses that grow with each failure and never end trying.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pauses {
    failures: u32,
}

impl Pauses {
    /// How long to wait after one more failure. What the receiver asked for is kept, if it is longer and within reason.
    /// `chance` from 0 to 255 takes off up to a quarter, so that many senders do not come back at the same moment.
    pub fn failed(&mut self, asked: Option<Duration>, chance: u8) -> Duration {
        let own = FIRST.saturating_mul(1 << self.failures.min(16)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        let own = own - own / 4 * u32::from(chance) / 255;
        asked.map_or(own, |asked| asked.min(LONGEST_ASKED).max(own))
    }

    /// Something succeeded.
    pub fn succeeded(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_half_a_minute_and_begin_anew_after_success() {
        let mut pauses = Pauses::default();
        let all: Vec<u128> = (0..9).map(|_| pauses.failed(None, 0).as_millis()).collect();
        assert_eq!(all, [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
        pauses.succeeded();
        assert_eq!(pauses.failed(None, 255), Duration::from_micros(187_500));
    }

    #[test]
    fn a_receiver_is_given_the_time_it_asks_for_but_not_a_day() {
        let day = Duration::from_secs(86_400);
        assert_eq!(Pauses::default().failed(Some(Duration::from_secs(7)), 9), Duration::from_secs(7));
        assert_eq!(Pauses::default().failed(Some(day), 9), LONGEST_ASKED);
        assert_eq!(Pauses { failures: 9 }.failed(Some(Duration::ZERO), 0), LONGEST);
    }
}
