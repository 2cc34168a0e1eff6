//! When does an alert come and go so often that each time tells nothing new?

use std::collections::{HashMap, VecDeque};

use crate::mind::Fingerprint;

/// Which alerts flap. Asked with a clock that only goes forward.
#[derive(Debug, Clone)]
pub struct Flaps {
    /// Changes between firing and not firing within the window that make it flap.
    most: usize,
    window_ms: i64,
    calm_ms: i64,
    changes: HashMap<Fingerprint, Changes>,
}

#[derive(Debug, Clone, Default)]
struct Changes {
    at_ms: VecDeque<i64>,
    flapping: bool,
}

impl Flaps {
    /// Alerts flap after `most` changes within a window, until none came for `calm_ms`.
    pub fn new(most: usize, window_ms: i64, calm_ms: i64) -> Self {
        Self { most: most.max(1), window_ms, calm_ms, changes: HashMap::new() }
    }

    /// Takes note that an alert fires now, or does so no more, and says whether it flaps. It begins to when it fires: what
    /// ended is over, and whether it comes again nobody knows.
    pub fn note(&mut self, fingerprint: Fingerprint, fires: bool, now_ms: i64) -> bool {
        let changes = self.changes.entry(fingerprint).or_default();
        if changes.flapping && changes.is_calm(now_ms, self.calm_ms) {
            *changes = Changes::default();
        }
        changes.at_ms.push_back(now_ms);
        while changes.at_ms.len() > self.most {
            changes.at_ms.pop_front();
        }
        let first = changes.at_ms.front().copied().unwrap_or(now_ms);
        let within = now_ms.saturating_sub(first) <= self.window_ms;
        changes.flapping |= fires && changes.at_ms.len() >= self.most && within;
        changes.flapping
    }

    /// Whether an alert flaps at a moment.
    pub fn is_flapping(&self, fingerprint: Fingerprint, now_ms: i64) -> bool {
        self.changes.get(&fingerprint).is_some_and(|changes| changes.flapping && !changes.is_calm(now_ms, self.calm_ms))
    }

    /// Forgets what has been calm for longer than anything here looks back.
    pub fn tidy(&mut self, now_ms: i64) {
        let longest_ms = self.calm_ms.max(self.window_ms);
        self.changes.retain(|_, changes| !changes.is_calm(now_ms, longest_ms));
    }
}

impl Default for Flaps {
    /// Six changes within half an hour; calm after twenty minutes.
    fn default() -> Self {
        Self::new(6, 30 * 60_000, 20 * 60_000)
    }
}

impl Changes {
    fn is_calm(&self, now_ms: i64, calm_ms: i64) -> bool {
        self.at_ms.back().is_none_or(|last| now_ms.saturating_sub(*last) >= calm_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;
    const IT: Fingerprint = Fingerprint([1; 16]);

    #[test]
    fn an_alert_that_comes_and_goes_flaps_from_the_time_it_fires_until_it_is_calm() {
        let mut flaps = Flaps::new(4, 10 * MINUTE, 5 * MINUTE);
        let told: Vec<bool> = (0..8).map(|turn| flaps.note(IT, turn % 2 == 0, turn * MINUTE / 2)).collect();
        assert_eq!(told, [false, false, false, false, true, true, true, true]);
        assert!(!flaps.is_flapping(Fingerprint([2; 16]), 4 * MINUTE), "another one");
        let last = 7 * MINUTE / 2;
        assert!(flaps.is_flapping(IT, last + 5 * MINUTE - 1));
        assert!(!flaps.is_flapping(IT, last + 5 * MINUTE));
        assert!(!flaps.note(IT, true, 20 * MINUTE), "it was calm for long enough");
        flaps.tidy(30 * MINUTE);
        assert!(flaps.changes.is_empty());
    }

    #[test]
    fn an_alert_that_comes_now_and_then_does_not_flap() {
        let mut flaps = Flaps::new(4, 10 * MINUTE, 5 * MINUTE);
        assert!((0..40).all(|turn| !flaps.note(IT, turn % 2 == 0, turn * 4 * MINUTE)));
    }
}
