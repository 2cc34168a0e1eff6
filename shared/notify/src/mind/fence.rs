//! Who speaks of what happened on a site: its relay or the hub?
//!
//! The hub while it hears the site, the relay while the hub does not. The relay is quiet only about what the hub has said
//! that it knows, and the hub tells whatever it knows; so there is always one who speaks, whatever the line and the clocks
//! do. In the seconds of doubt both do, with the same key; what comes over a line that was cut is given a moment to prove told.

use vigie_model::UtcMs;

use super::clocks::Steady;

/// How long the relay waits for the hub's word. Longer than the 30 s after which a silent hub counts as gone, so that a
/// pause of the line does not wake two people; short enough for a person who waits for it.
pub const HAND_OVER_MS: i64 = 45_000;

/// How long the hub waits, with what a site's relay saw that it holds for cut off, for that relay's word that it told it: alerts
/// and such words come together when the line is back, the word a moment later.
pub(super) const WORD_WITHIN_MS: i64 = 2_000;

/// How a side speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seat {
    /// Everyone's.
    Hub,
    /// A site's.
    Relay,
}

/// When a relay speaks of something, unless it hears before that the hub knows of it.
///
/// At once where the hub has been silent for the hand-over time; never later than that time after it happened, even if
/// the hub is heard and yet does not say that it knows.
pub(crate) fn relay_speaks_at(at: Steady, hub_heard: Option<Steady>) -> Steady {
    let silent = hub_heard.map_or(Steady(i64::MIN), |heard| heard.after(HAND_OVER_MS));
    silent.clamp(at, at.after(HAND_OVER_MS))
}

/// Whether the hub pages for something it learnt now. What is older goes into a digest, and pages if it is still wrong.
///
/// A wrong clock on the site changes which of the two it is, and never makes it neither.
pub(crate) fn is_fresh(at: UtcMs, learnt: UtcMs) -> bool {
    learnt.0.saturating_sub(at.0) <= HAND_OVER_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000;

    #[test]
    fn a_relay_that_was_long_alone_speaks_at_once_and_one_with_a_hub_waits_for_its_word() {
        let at = Steady(1_000_000);
        assert_eq!(relay_speaks_at(at, None), at);
        assert_eq!(relay_speaks_at(at, Some(at.after(-HAND_OVER_MS))), at);
        assert_eq!(relay_speaks_at(at, Some(at.after(-10 * SECOND))), at.after(HAND_OVER_MS - 10 * SECOND));
        assert_eq!(relay_speaks_at(at, Some(at.after(900 * SECOND))), at.after(HAND_OVER_MS));
    }

    #[test]
    fn somebody_always_speaks_and_both_only_within_the_seconds_of_doubt() {
        // The line works or not, the hub learns and its word comes back after every delay, its clock is off by anything.
        let at = UtcMs(0);
        for heard in [None, Some(-90), Some(-44), Some(-1), Some(30)] {
            let speaks = relay_speaks_at(Steady(at.0), heard.map(|s| Steady(s * SECOND)));
            for learnt in (0..200).map(Some).chain([None]) {
                for back in [0, 1, 20, 60, 10_000] {
                    for skew in [-3_600, -50, 0, 50, 3_600] {
                        let relay = learnt.is_none_or(|learnt| (learnt + back) * SECOND > speaks.0);
                        let pages = learnt.is_some_and(|learnt| is_fresh(at, UtcMs((learnt + skew) * SECOND)));
                        let digests = learnt.is_some() && !pages;
                        assert!(relay || pages || digests, "nobody: heard {heard:?}, learnt {learnt:?} + {back}");
                        if relay && pages && skew == 0 {
                            assert!(learnt.is_some_and(|learnt| learnt * SECOND <= HAND_OVER_MS), "doubt has an end");
                        }
                    }
                }
            }
        }
    }
}
