//! How long to wait before something is sent again?

/// The first pause: a mail server that restarts is back within some seconds.
const FIRST_MS: i64 = 2_000;

/// The longest of our own: somebody waits for this, and a receiver that is back should not wait for us.
const LONGEST_MS: i64 = 5 * 60_000;

/// The longest that a receiver may ask for.
pub(crate) const LONGEST_ASKED_MS: i64 = 3_600_000;

/// Pauses that double with each failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pauses;

impl Pauses {
    /// How long to wait after so many failures, in milliseconds. What the receiver asked for is kept, if it is longer and
    /// within reason. `chance` takes off up to a quarter of our own, so that many senders do not come back together.
    pub fn after(failures: u32, asked_ms: Option<i64>, chance: u8) -> i64 {
        let own = FIRST_MS.saturating_mul(1 << failures.saturating_sub(1).min(16)).min(LONGEST_MS);
        let own = own - own / 4 * i64::from(chance) / 255;
        asked_ms.map_or(own, |asked| asked.clamp(own, LONGEST_ASKED_MS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_five_minutes() {
        let all: Vec<i64> = (1..11).map(|failures| Pauses::after(failures, None, 0) / 1_000).collect();
        assert_eq!(all, [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        assert_eq!(Pauses::after(2, None, 255), 3_000);
        assert_eq!(Pauses::after(u32::MAX, None, 0), LONGEST_MS);
    }

    #[test]
    fn a_receiver_is_given_the_time_it_asks_for_but_not_a_day() {
        assert_eq!(Pauses::after(1, Some(30_000), 7), 30_000);
        assert_eq!(Pauses::after(1, Some(86_400_000), 7), LONGEST_ASKED_MS);
        assert_eq!(Pauses::after(3, Some(-5), 0), 8_000);
    }
}
