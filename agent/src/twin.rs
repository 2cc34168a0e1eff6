//! Does another machine run with this identity, and which of the two parts from it?
//!
//! Who is pushed out of its connection again and again, by one that is none of its own, is not alone. Who lies elsewhere than
//! it did is the copy and parts at once; where neither does, who began later asks first, and the hub lets only one of both go.

use std::collections::VecDeque;

/// Two programs that displace each other redial within some seconds each; a relay that restarts, or a line that moved,
/// displaces once.
const WITHIN_MS: u64 = 60_000;
const ENOUGH: usize = 2;

/// Who was not displaced for so long is alone again: the other has parted, or was stopped.
const ALONE_MS: u64 = 30_000;

/// Where this one does not know who is the copy: how long it waits at least, and how much longer at most if it has run
/// longer.
const DOUBT_MS: u64 = 5_000;
const ELDER_MS: u64 = 10_000;

/// How soon it is asked again. Who is in doubt is heard the second time it asks, after the hub was in reach for long enough
/// that one who is certain has come first.
const AGAIN_MS: u64 = 10_000;
const AGAIN_IN_DOUBT_MS: u64 = 40_000;

/// What is known of another machine with this identity.
#[derive(Debug)]
pub(crate) struct Twin {
    /// This one is surely the copy.
    certain: bool,
    began_ms: u64,
    displaced: VecDeque<u64>,
    ask_ms: Option<u64>,
}

impl Twin {
    pub(crate) fn new(certain: bool, began_ms: u64) -> Self {
        Self { certain, began_ms, displaced: VecDeque::new(), ask_ms: None }
    }

    /// Whether this one is surely the copy.
    pub(crate) fn is_certain(&self) -> bool {
        self.certain
    }

    /// This program's connection was pushed out by one that is none of its own. Says whether that is news.
    pub(crate) fn displaced(&mut self, now_ms: u64) -> bool {
        self.displaced.retain(|at| now_ms.saturating_sub(*at) <= WITHIN_MS);
        self.displaced.push_back(now_ms);
        if self.displaced.len() > ENOUGH {
            self.displaced.pop_front();
        }
        if self.displaced.len() < ENOUGH || self.ask_ms.is_some() {
            return false;
        }
        let run_ms = now_ms.saturating_sub(self.began_ms);
        let wait_ms = if self.certain { 0 } else { DOUBT_MS + run_ms.min(ELDER_MS) };
        self.ask_ms = Some(now_ms + wait_ms);
        true
    }

    /// Whether the hub is to be asked for an identity now.
    pub(crate) fn is_due(&mut self, now_ms: u64) -> bool {
        if self.displaced.back().is_none_or(|at| now_ms.saturating_sub(*at) > ALONE_MS) {
            self.ask_ms = None;
        }
        let due = self.ask_ms.is_some_and(|at| now_ms >= at);
        if due {
            self.ask_ms = Some(now_ms + if self.certain { AGAIN_MS } else { AGAIN_IN_DOUBT_MS });
        }
        due
    }

    /// Whether somebody else runs with this identity, as far as is known now.
    pub(crate) fn is_there(&self) -> bool {
        self.ask_ms.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When a twin asks that is displaced every two seconds from `from_ms` until `until_ms`.
    fn asks(mut twin: Twin, from_ms: u64, until_ms: u64) -> Vec<u64> {
        let mut asked = Vec::new();
        for now_ms in (from_ms..from_ms + 200_000).step_by(1_000) {
            if now_ms % 2_000 == 0 && now_ms < until_ms {
                twin.displaced(now_ms);
            }
            if twin.is_due(now_ms) {
                asked.push(now_ms - from_ms);
            }
        }
        asked
    }

    #[test]
    fn the_copy_asks_at_once_and_again_and_who_stayed_where_it_was_after_it_had_time_to_part() {
        let hour = 3_600_000;
        let copy = asks(Twin::new(true, hour), hour, u64::MAX);
        assert_eq!(copy[..3], [2_000, 12_000, 22_000]);
        let elder = asks(Twin::new(false, 0), hour, u64::MAX);
        assert!(elder[0] > copy[0] + 10_000 && elder[1] < 60_000, "twice within a minute, if nobody parts: {elder:?}");
        let alone = asks(Twin::new(false, 0), hour, hour + 10_000);
        assert!(alone.len() < 2, "the copy parted, and asking once is not heard: {alone:?}");
    }

    #[test]
    fn where_nobody_knows_who_came_later_asks_first() {
        let (now, late) = (3_600_000, 3_598_000);
        let (elder, younger) = (asks(Twin::new(false, 0), now, u64::MAX), asks(Twin::new(false, late), now, u64::MAX));
        assert!(younger[0] + 5_000 < elder[0] && younger[1] + 5_000 < elder[1], "{younger:?} {elder:?}");
    }

    #[test]
    fn who_is_displaced_now_and_then_asks_nothing() {
        let mut twin = Twin::new(true, 0);
        for minute in 1..600 {
            assert!(!twin.displaced(minute * 61_000) && !twin.is_due(minute * 61_000 + 1));
        }
    }
}
