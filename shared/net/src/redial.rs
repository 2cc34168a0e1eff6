//! When is which address tried again?
//!
//! Pure: told the time and given chance, it says what to dial and what to give up; [`Uplink`](crate::Uplink) does it.

use std::collections::VecDeque;

use vigie_sync::Redial;

/// Attempts that may be under way at once. The oldest gives way.
///
/// Each holds about 50 kB of TLS and packet buffers, of the 8 MB that an agent may have.
pub const MAX_ATTEMPTS: usize = 8;

/// One attempt to reach one target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttemptId(pub u64);

/// What the dialler should do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Begin an attempt; report its failure with [`Redialer::failed`] or its success with [`Redialer::succeeded`].
    Dial {
        /// The attempt.
        attempt: AttemptId,
        /// Which of the targets.
        target: usize,
    },
    /// End an attempt that took too long. It counts as failed; nothing needs to be reported.
    GiveUp {
        /// The attempt.
        attempt: AttemptId,
        /// Which of the targets.
        target: usize,
    },
    /// Nothing to do before this time.
    Wait {
        /// When to ask again.
        until_ms: u64,
    },
}

/// The search for a connection: attempts that overlap, dense at first, then rarer up to a cap.
///
/// Attempts overlap because QUIC repeats the first packet of a handshake more and more slowly: after a long silence a
/// fresh attempt gets through seconds before an old one does. Targets take turns.
#[derive(Debug)]
pub struct Redialer {
    schedule: Redial,
    /// Of each target: whether it was reached and would not have us.
    refused: Vec<bool>,
    /// When this search began.
    began_ms: Option<u64>,
    /// When the next attempt is due.
    due_ms: u64,
    /// Between attempts, before chance.
    interval_ms: u64,
    turn: usize,
    next_attempt: u64,
    under_way: VecDeque<UnderWay>,
}

#[derive(Debug, Clone, Copy)]
struct UnderWay {
    attempt: AttemptId,
    target: usize,
    began_ms: u64,
}

impl Redialer {
    /// A search among this many targets, due at once.
    pub fn new(schedule: Redial, targets: usize) -> Self {
        Self {
            schedule,
            refused: vec![false; targets],
            began_ms: None,
            due_ms: 0,
            interval_ms: schedule.first_ms,
            turn: 0,
            next_attempt: 0,
            under_way: VecDeque::new(),
        }
    }

    /// What to do now. To be asked again after each wish until it says to wait.
    pub fn poll(&mut self, now_ms: u64, chance: u32) -> Wish {
        if let Some(UnderWay { attempt, target, .. }) = self.overdue(now_ms) {
            return Wish::GiveUp { attempt, target };
        }
        if self.refused.is_empty() {
            return Wish::Wait { until_ms: u64::MAX };
        }
        if now_ms >= self.due_ms {
            return self.dial(now_ms, chance);
        }
        let expiry = self.under_way.front().map(|oldest| oldest.began_ms.saturating_add(self.schedule.give_up_ms));
        Wish::Wait { until_ms: expiry.map_or(self.due_ms, |expiry| expiry.min(self.due_ms)) }
    }

    /// An attempt failed. `refusal`: both sides met, and one would not have the other.
    pub fn failed(&mut self, attempt: AttemptId, refusal: bool) {
        if let Some(target) = self.forget(attempt) {
            self.refused[target] = refusal;
        }
    }

    /// An attempt succeeded: all others are to be ended by the caller.
    pub fn succeeded(&mut self, attempt: AttemptId) {
        if let Some(target) = self.forget(attempt) {
            self.refused[target] = false;
        }
        self.under_way.clear();
    }

    /// A connection that had succeeded was refused after all, as TLS 1.3 lets happen.
    pub fn refused(&mut self, target: usize) {
        if let Some(refused) = self.refused.get_mut(target) {
            *refused = true;
        }
    }

    /// Begins a new search, due at once: a good connection was lost, or the machine's network changed. Attempts that
    /// are under way go on.
    pub fn begin_again(&mut self, now_ms: u64) {
        self.began_ms = None;
        self.due_ms = now_ms;
        self.interval_ms = self.schedule.first_ms;
        self.refused.fill(false);
    }

    /// The same search among other targets.
    pub fn set_targets(&mut self, targets: usize, now_ms: u64) {
        self.refused = vec![false; targets];
        self.turn = 0;
        self.under_way.clear();
        self.begin_again(now_ms);
    }

    /// Attempts that are under way.
    pub fn attempts(&self) -> impl Iterator<Item = AttemptId> + '_ {
        self.under_way.iter().map(|under_way| under_way.attempt)
    }

    fn dial(&mut self, now_ms: u64, chance: u32) -> Wish {
        let began_ms = *self.began_ms.get_or_insert(now_ms);
        let (attempt, target) = (AttemptId(self.next_attempt), self.turn);
        self.next_attempt += 1;
        self.turn = (self.turn + 1) % self.refused.len();
        self.under_way.push_back(UnderWay { attempt, target, began_ms: now_ms });
        self.interval_ms = self.interval_after(now_ms - began_ms);
        self.due_ms = now_ms.saturating_add(jittered(self.interval_ms, chance));
        Wish::Dial { attempt, target }
    }

    fn interval_after(&self, searched_ms: u64) -> u64 {
        let Redial { first_ms, cap_ms, dense_for_ms, .. } = self.schedule;
        if self.refused.iter().all(|refused| *refused) {
            // Nobody will have us before a person acts; knocking harder does not help.
            return cap_ms;
        }
        if searched_ms < dense_for_ms {
            return first_ms;
        }
        (self.interval_ms + self.interval_ms / 2 + 1).min(cap_ms).max(first_ms)
    }

    fn overdue(&mut self, now_ms: u64) -> Option<UnderWay> {
        let oldest = *self.under_way.front()?;
        let late = now_ms >= oldest.began_ms.saturating_add(self.schedule.give_up_ms);
        if !late && self.under_way.len() <= MAX_ATTEMPTS {
            return None;
        }
        // Silence is no refusal.
        self.refused[oldest.target] = false;
        self.under_way.pop_front()
    }

    fn forget(&mut self, attempt: AttemptId) -> Option<usize> {
        let place = self.under_way.iter().position(|under_way| under_way.attempt == attempt)?;
        self.under_way.remove(place).map(|under_way| under_way.target)
    }
}

/// Three quarters to five quarters of it, so that a fleet that lost its relay together does not come back in step.
fn jittered(interval_ms: u64, chance: u32) -> u64 {
    let spread = u128::from(interval_ms) * u128::from(chance) / u128::from(u32::MAX) / 2;
    (interval_ms / 4 * 3 + interval_ms % 4 * 3 / 4).saturating_add(u64::try_from(spread).unwrap_or(u64::MAX)).max(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SCHEDULE: Redial = Redial { first_ms: 1_000, cap_ms: 10_000, dense_for_ms: 60_000, give_up_ms: 5_000 };

    #[test]
    fn a_search_begins_at_once_and_its_attempts_overlap() {
        let mut redialer = Redialer::new(SCHEDULE, 1);
        assert!(matches!(redialer.poll(0, 0), Wish::Dial { .. }));
        assert_eq!(redialer.poll(0, 0), Wish::Wait { until_ms: 750 });
        assert!(matches!(redialer.poll(750, 0), Wish::Dial { .. }));
        assert_eq!(redialer.attempts().count(), 2);
    }

    #[test]
    fn targets_take_turns() {
        let mut redialer = Redialer::new(SCHEDULE, 3);
        let turns: Vec<_> = dials(&mut redialer, 6_000).into_iter().map(|(_, target)| target).collect();
        assert_eq!(turns[..6], [0, 1, 2, 0, 1, 2]);
    }

    #[test]
    fn attempts_grow_rarer_after_the_dense_phase_but_never_rarer_than_the_cap() {
        let mut redialer = Redialer::new(SCHEDULE, 1);
        let times: Vec<_> = dials(&mut redialer, 3_600_000).into_iter().map(|(at, _)| at).collect();
        let gaps: Vec<_> = times.windows(2).map(|pair| (pair[0], pair[1] - pair[0])).collect();
        assert!(gaps.iter().filter(|(at, _)| *at < 59_000).all(|(_, gap)| *gap <= 1_250));
        assert!(gaps.iter().filter(|(at, _)| *at > 200_000).all(|(_, gap)| (7_500..=12_500).contains(gap)));
    }

    #[test]
    fn nobody_who_refuses_us_is_hammered_while_another_may_still_answer() {
        let mut redialer = Redialer::new(SCHEDULE, 2);
        let mut refuse_next = |now_ms| match redialer.poll(now_ms, 0) {
            Wish::Dial { attempt, .. } => redialer.failed(attempt, true),
            other => panic!("{other:?}"),
        };
        refuse_next(0);
        refuse_next(750);
        assert!(matches!(redialer.poll(1_500, 0), Wish::Dial { .. }));
        assert_eq!(redialer.poll(1_500, 0), Wish::Wait { until_ms: 6_500 });
        redialer.begin_again(2_000);
        assert!(matches!(redialer.poll(2_000, 0), Wish::Dial { .. }));
    }

    #[test]
    fn a_search_without_targets_waits() {
        let mut redialer = Redialer::new(SCHEDULE, 0);
        assert_eq!(redialer.poll(0, 0), Wish::Wait { until_ms: u64::MAX });
        redialer.set_targets(1, 5);
        assert!(matches!(redialer.poll(5, 0), Wish::Dial { .. }));
    }

    proptest! {
        #[test]
        fn no_schedule_stands_still_or_has_too_many_attempts_under_way(
            first in 1_u64..5_000, cap in 1_u64..100_000, dense in 0_u64..100_000, give_up in 1_u64..100_000,
            chances in prop::collection::vec(any::<u32>(), 1..50),
        ) {
            let schedule = Redial { first_ms: first, cap_ms: cap, dense_for_ms: dense, give_up_ms: give_up };
            let (mut redialer, mut now, mut dialled) = (Redialer::new(schedule, 2), 0, 0);
            for chance in chances.iter().cycle().take(500) {
                match redialer.poll(now, *chance) {
                    Wish::Dial { .. } => dialled += 1,
                    Wish::GiveUp { .. } => {}
                    Wish::Wait { until_ms } => {
                        prop_assert!(until_ms > now);
                        prop_assert!(until_ms <= now + (first.max(cap) * 5 / 4).max(1));
                        now = until_ms;
                    }
                }
                prop_assert!(redialer.attempts().count() <= MAX_ATTEMPTS + 1);
            }
            prop_assert!(dialled > 50);
        }
    }

    fn dials(redialer: &mut Redialer, until_ms: u64) -> Vec<(u64, usize)> {
        let (mut now, mut chance, mut dials) = (0, 7_u32, Vec::new());
        while now < until_ms {
            chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            match redialer.poll(now, chance) {
                Wish::Dial { target, .. } => dials.push((now, target)),
                Wish::GiveUp { .. } => {}
                Wish::Wait { until_ms } => now = until_ms,
            }
        }
        dials
    }
}
