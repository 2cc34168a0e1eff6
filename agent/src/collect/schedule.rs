//! When is the next round due, and how much of it?
//!
//! A thinking part: it is told the time and what was done last, and asks no clock. Due times are whole seconds of UTC,
//! shifted per site: the machines of a site are measured in the same second, so that their relay passes them on in one
//! packet and people compare like with like, and no two sites load the hub together. The larger rounds are shifted per
//! machine as well. Because the next time is always
//! worked out from now, nothing is ever caught up: after a suspend or a clock that jumped there is one round, not many.

use std::time::Duration;

use vigie_model::{NodeId, Slug, UtcMs};

use super::{Tier, Tiers};

/// How often each tier runs, in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intervals {
    fast_seconds: i64,
    medium_seconds: i64,
    slow_seconds: i64,
}

impl Intervals {
    /// The intervals if they fit into each other.
    ///
    /// # Errors
    /// When one is not a whole number of seconds between one second and one day, or a slower one is not a multiple of the
    /// fast one: every round is a fast round, so that a tick always carries the figures people watch.
    pub fn try_new(fast: Duration, medium: Duration, slow: Duration) -> Result<Self, IntervalsError> {
        let fast_seconds = whole_seconds(fast)?;
        let medium_seconds = whole_seconds(medium)?;
        let slow_seconds = whole_seconds(slow)?;
        for seconds in [medium_seconds, slow_seconds] {
            if seconds % fast_seconds != 0 {
                return Err(IntervalsError::NoMultiple { seconds, fast_seconds });
            }
        }
        Ok(Self { fast_seconds, medium_seconds, slow_seconds })
    }

    /// How often a tier runs.
    pub fn of(&self, tier: Tier) -> Duration {
        Duration::from_secs(self.seconds(tier).unsigned_abs())
    }

    fn seconds(&self, tier: Tier) -> i64 {
        match tier {
            Tier::Fast => self.fast_seconds,
            Tier::Medium => self.medium_seconds,
            Tier::Slow => self.slow_seconds,
        }
    }
}

impl Default for Intervals {
    fn default() -> Self {
        Self { fast_seconds: 10, medium_seconds: 60, slow_seconds: 900 }
    }
}

/// Intervals nobody can keep.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IntervalsError {
    /// Not a whole number of seconds, or out of range.
    #[error("an interval of {0:?} is not a whole number of seconds between 1 s and one day")]
    NotSeconds(Duration),
    /// A slower tier that would fall between two rounds.
    #[error("an interval of {seconds} s is not a multiple of the fast interval of {fast_seconds} s")]
    NoMultiple {
        /// The interval that does not fit.
        seconds: i64,
        /// What it should be a multiple of.
        fast_seconds: i64,
    },
}

/// A round to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// When: a whole second.
    pub at: UtcMs,
    /// Which tiers; the fast one is always among them.
    pub tiers: Tiers,
}

/// Knows when this machine's rounds are due.
///
/// Wait until [`Due::at`], but never longer than the fast interval before asking again: timers stand still while a
/// machine sleeps, and clocks are set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    intervals: Intervals,
    site_spread: i64,
    machine_spread: i64,
}

impl Schedule {
    /// The schedule of one machine. Its place within the interval comes from its site and its id, so it is the same after
    /// a restart.
    pub fn new(intervals: Intervals, (client, site): (&Slug, &Slug), node: NodeId) -> Self {
        let place = blake3::hash(format!("{client}/{site}").as_bytes());
        Self { intervals, site_spread: spread(place.as_bytes()), machine_spread: spread(node.as_bytes()) }
    }

    /// The round after `last`, seen from `now`. Without a last round, the first one has every tier.
    pub fn next(&self, now: UtcMs, last: Option<Due>) -> Due {
        let fast = self.intervals.fast_seconds;
        let mut at = slot_after(now.0.div_euclid(1000), fast, self.phase(Tier::Fast));
        if last.is_some_and(|last| last.at.0.div_euclid(1000) == at) {
            // The clock was set back a little, or the timer rang early: that slot is used.
            at = at.saturating_add(fast);
        }
        Due { at: UtcMs(at.saturating_mul(1000)), tiers: self.due_at(at, last) }
    }

    /// The next second after `now` and `last` for something that is done every so many seconds; beside the machine's own
    /// rounds wherever the intervals let it.
    pub fn slot(&self, every_seconds: i64, now: UtcMs, last: Option<UtcMs>) -> UtcMs {
        let every = every_seconds.max(1);
        let phase = self.phase_of_all() % every;
        let mut at = slot_after(now.0.div_euclid(1000), every, phase);
        if last.is_some_and(|last| last.0.div_euclid(1000) == at) {
            at = at.saturating_add(every);
        }
        UtcMs(at.saturating_mul(1000))
    }

    /// Seconds into the fast interval at which every machine of the site is measured.
    fn phase_of_all(&self) -> i64 {
        self.site_spread % self.intervals.fast_seconds
    }

    /// A tier is due in its slot, and once when its slot went by unused while the machine slept.
    fn due_at(&self, at: i64, last: Option<Due>) -> Tiers {
        let Some(last) = last else { return Tiers::ALL };
        let last = last.at.0.div_euclid(1000);
        let due = |tier: &Tier| {
            let slot = slot_after(last, self.intervals.seconds(*tier), self.phase(*tier));
            *tier == Tier::Fast || self.is_slot(at, *tier) || (last < at && slot <= at)
        };
        Tier::ALL.into_iter().filter(due).collect()
    }

    fn is_slot(&self, at: i64, tier: Tier) -> bool {
        at.rem_euclid(self.intervals.seconds(tier)) == self.phase(tier)
    }

    /// Seconds into its interval at which a tier runs; the slower ones fall on fast slots.
    fn phase(&self, tier: Tier) -> i64 {
        let fast = self.intervals.fast_seconds;
        let rounds = self.intervals.seconds(tier) / fast;
        self.phase_of_all() + self.machine_spread % rounds * fast
    }
}

/// A number that is the same for the same bytes. 62 bits: a sum with a phase below a day can not leave the range.
fn spread(bytes: &[u8]) -> i64 {
    let mut half = [0; 8];
    half.copy_from_slice(&bytes[..8]);
    (u64::from_le_bytes(half) >> 2).cast_signed()
}

/// The first second after `now` that lies `phase` into an interval.
fn slot_after(now: i64, interval: i64, phase: i64) -> i64 {
    let ahead = interval - (now.rem_euclid(interval) - phase).rem_euclid(interval);
    now.saturating_add(ahead)
}

fn whole_seconds(interval: Duration) -> Result<i64, IntervalsError> {
    let seconds = i64::try_from(interval.as_secs()).ok().filter(|seconds| (1..=86_400).contains(seconds));
    seconds.filter(|_| interval.subsec_nanos() == 0).ok_or(IntervalsError::NotSeconds(interval))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    const NOON: i64 = 1_795_219_200_000;

    #[test]
    fn the_first_round_measures_everything_and_then_each_tier_keeps_its_pace() {
        let schedule = schedule(5);
        let mut due = schedule.next(UtcMs(NOON), None);
        assert_eq!(due.tiers, Tiers::ALL);
        let (mut medium, mut slow) = (0, 0);
        for _ in 0..360 {
            let next = schedule.next(UtcMs(due.at.0 + 3), Some(due));
            assert_eq!(next.at.0 - due.at.0, 10_000);
            assert!(next.tiers.contains(Tier::Fast));
            medium += u32::from(next.tiers.contains(Tier::Medium));
            slow += u32::from(next.tiers.contains(Tier::Slow));
            due = next;
        }
        assert_eq!((medium, slow), (60, 4));
    }

    #[test]
    fn after_a_night_asleep_there_is_one_round_with_what_was_missed() {
        let schedule = schedule(11);
        let last = schedule.next(UtcMs(NOON), None);
        let awake = UtcMs(last.at.0 + 8 * 3_600_000 + 1_234);
        let due = schedule.next(awake, Some(last));
        assert!(due.at > awake && due.at.0 - awake.0 <= 10_000);
        assert_eq!(due.tiers, Tiers::ALL);
        let after = schedule.next(UtcMs(due.at.0 + 1), Some(due));
        assert_eq!(after.at.0 - due.at.0, 10_000);
    }

    #[test]
    fn a_clock_set_back_a_little_does_not_use_a_slot_twice() {
        let schedule = schedule(0);
        let last = schedule.next(UtcMs(NOON), None);
        let due = schedule.next(UtcMs(last.at.0 - 40), Some(last));
        assert_eq!(due.at.0, last.at.0 + 10_000);
    }

    #[test]
    fn a_clock_set_back_a_year_goes_on_at_once() {
        let schedule = schedule(9);
        let last = schedule.next(UtcMs(NOON), None);
        let now = UtcMs(last.at.0 - 365 * 86_400_000);
        let due = schedule.next(now, Some(last));
        assert!(due.at > now && due.at.0 - now.0 <= 10_000);
    }

    #[test]
    fn a_sites_machines_are_measured_together_and_their_larger_rounds_apart() {
        let slots = |tier| -> BTreeSet<i64> { (0..200).map(|id| schedule(id).phase(tier)).collect() };
        assert_eq!((slots(Tier::Fast).len(), slots(Tier::Medium).len()), (1, 6));
        assert!(slots(Tier::Slow).len() > 60, "{:?}", slots(Tier::Slow));
    }

    #[test]
    fn what_is_asked_at_the_fast_pace_is_asked_in_the_second_of_a_round() {
        let schedule = schedule(3);
        let due = schedule.next(UtcMs(NOON), None).at;
        assert_eq!(schedule.slot(10, UtcMs(NOON), None), due);
        assert_eq!(schedule.slot(10, UtcMs(due.0 - 1), Some(due)).0, due.0 + 10_000, "no second is used twice");
        assert_eq!((schedule.slot(30, due, None).0 - due.0) % 10_000, 0);
        assert_eq!(schedule.slot(1, due, None).0, due.0 + 1_000);
    }

    #[test]
    fn sites_are_spread_over_the_interval() {
        let at =
            |site: u32| Schedule::new(Intervals::default(), (&slug("blue"), &slug(&format!("site-{site}"))), node(1));
        let slots: BTreeSet<i64> = (0..200).map(|site| at(site).phase(Tier::Fast)).collect();
        assert_eq!(slots.len(), 10);
    }

    #[test]
    fn intervals_that_do_not_fit_are_refused_with_their_reason() {
        let s = Duration::from_secs;
        assert_eq!(
            Intervals::try_new(s(10), s(65), s(900)),
            Err(IntervalsError::NoMultiple { seconds: 65, fast_seconds: 10 })
        );
        let half = Duration::from_millis(500);
        assert_eq!(Intervals::try_new(half, s(60), s(900)), Err(IntervalsError::NotSeconds(half)));
        assert_eq!(Intervals::try_new(s(0), s(60), s(900)), Err(IntervalsError::NotSeconds(s(0))));
        assert_eq!(Intervals::try_new(s(10), s(60), s(900)), Ok(Intervals::default()));
    }

    proptest! {
        #[test]
        fn the_next_round_is_always_ahead_and_never_far(now: i64, last: Option<i64>, id: u8, fast in 1u64..100) {
            let s = Duration::from_secs;
            let intervals = Intervals::try_new(s(fast), s(fast * 6), s(fast * 60)).expect("multiples");
            let schedule = Schedule::new(intervals, (&slug("blue"), &slug("lyon")), node(id));
            let now = now / 2;
            let last = last.map(|at| Due { at: UtcMs(at), tiers: Tiers::ALL });
            let due = schedule.next(UtcMs(now), last);
            let fast_ms = i64::try_from(fast).expect("small") * 1000;
            prop_assert!(due.at.0 > now && due.at.0 - now <= 2 * fast_ms);
            prop_assert_eq!(due.at.0 % 1000, 0);
            prop_assert!(due.tiers.contains(Tier::Fast));
        }
    }

    fn slug(text: &str) -> Slug {
        text.parse().expect("a slug")
    }

    fn node(id: u8) -> NodeId {
        NodeId::of_key(&[id; 32])
    }

    fn schedule(id: u8) -> Schedule {
        Schedule::new(Intervals::default(), (&slug("blue"), &slug("lyon")), node(id))
    }
}
