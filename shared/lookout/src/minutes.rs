//! Which minutes was a machine up, which was it down, and of which is nothing known?
//!
//! Up is what the machine says of itself, whenever that came; down is what a relay on its network says of it, where the
//! machine says nothing else; the rest is not known. Knows no clock: the same samples and words give the same minutes.

use vigie_model::UtcMs;
use vigie_serve::{Lapse, Minutes, Stamp};

pub(crate) const MINUTE_MS: i64 = 60_000;

/// Two samples so close hold a minute between them in which there is none: a machine that is measured once a minute does
/// not keep to the clock.
const CLOSE_S: i64 = 90;

/// Lapses that are named.
const NAMED: usize = 100;

/// No second of a minute.
const NONE: u8 = u8::MAX;

/// A machine's minutes from a moment on.
#[derive(Debug, Clone)]
pub(crate) struct Tape {
    from_ms: i64,
    /// Of each minute the first and the last second in which it was measured.
    measured: Vec<(u8, u8)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Was {
    Up,
    Down,
    Unverified,
}

impl Tape {
    /// Whole minutes; `from_ms` is the beginning of one.
    pub(crate) fn new(from_ms: i64, to_ms: i64) -> Self {
        let minutes = usize::try_from(to_ms.saturating_sub(from_ms) / MINUTE_MS).unwrap_or(0);
        Self { from_ms, measured: vec![(NONE, NONE); minutes] }
    }

    /// It was measured then.
    pub(crate) fn measure(&mut self, at_ms: i64) {
        let since_ms = at_ms.saturating_sub(self.from_ms);
        let Some(minute) = usize::try_from(since_ms.div_euclid(MINUTE_MS)).ok() else { return };
        let Some(seconds) = self.measured.get_mut(minute) else { return };
        // Below 60.
        let second = (since_ms.rem_euclid(MINUTE_MS) / 1_000) as u8;
        *seconds = if seconds.0 == NONE { (second, second) } else { (seconds.0.min(second), seconds.1.max(second)) };
    }

    /// It was measured in the minute that begins then.
    pub(crate) fn measure_minute(&mut self, begins_ms: i64) {
        self.measure(begins_ms);
        self.measure(begins_ms.saturating_add(MINUTE_MS - 1_000));
    }

    /// What it was, in all and when not up. `silent`: from when until when it did not answer, as relays say.
    pub(crate) fn read(&self, silent: &[(UtcMs, UtcMs)]) -> (Minutes, Vec<Lapse>, usize) {
        let mut counts = [0_u64; 3];
        let mut lapses: Vec<Lapse> = Vec::new();
        let mut more = 0;
        let mut before = Was::Up;
        for (minute, begins_ms) in (0..self.measured.len()).zip((self.from_ms..).step_by(MINUTE_MS as usize)) {
            let was = self.was(minute, begins_ms, silent);
            counts[was as usize] += 1;
            let (goes_on, is_full) = (was == before, lapses.len() == NAMED);
            let lapse = Lapse {
                from: Stamp(UtcMs(begins_ms)),
                to: Stamp(UtcMs(begins_ms + MINUTE_MS)),
                down: was == Was::Down,
            };
            match lapses.last_mut() {
                _ if was == Was::Up => {}
                Some(last) if goes_on && more == 0 => last.to = lapse.to,
                _ if goes_on => {}
                _ if is_full => more += 1,
                _ => lapses.push(lapse),
            }
            before = was;
        }
        let [up, down, unverified] = counts;
        (Minutes::new(up, down, unverified), lapses, more)
    }

    fn was(&self, minute: usize, begins_ms: i64, silent: &[(UtcMs, UtcMs)]) -> Was {
        let is_measured = |(first, _): (u8, u8)| first != NONE;
        let neighbours =
            minute.checked_sub(1).and_then(|before| self.measured.get(before)).zip(self.measured.get(minute + 1));
        let is_between = neighbours.is_some_and(|(before, after)| {
            let apart_s = 120 - i64::from(before.1) + i64::from(after.0);
            is_measured(*before) && is_measured(*after) && apart_s <= CLOSE_S
        });
        let whole = |(since, until): &(UtcMs, UtcMs)| since.0 <= begins_ms && until.0 >= begins_ms + MINUTE_MS;
        match self.measured.get(minute) {
            Some(seconds) if is_measured(*seconds) || is_between => Was::Up,
            _ if silent.iter().any(whole) => Was::Down,
            _ => Was::Unverified,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000;

    fn tape(minutes: i64) -> Tape {
        Tape::new(0, minutes * MINUTE_MS)
    }

    fn stamp(minute: i64) -> Stamp {
        Stamp(UtcMs(minute * MINUTE_MS))
    }

    #[test]
    fn what_nobody_says_anything_of_is_neither_up_nor_down() {
        let mut tape = tape(10);
        (0..12).for_each(|n| tape.measure(n * 10 * SECOND));
        let silent = [(UtcMs(5 * MINUTE_MS - 1), UtcMs(8 * MINUTE_MS - 1))];
        let (minutes, lapses, more) = tape.read(&silent);
        assert_eq!(minutes, Minutes::new(2, 2, 6), "a minute that is not wholly vouched for is not down");
        let lapse = |from, to, down| Lapse { from: stamp(from), to: stamp(to), down };
        assert_eq!((lapses, more), (vec![lapse(2, 5, false), lapse(5, 7, true), lapse(7, 10, false)], 0));
    }

    #[test]
    fn what_the_machine_says_of_itself_outweighs_what_was_said_of_it_whenever_it_comes() {
        let mut tape = tape(4);
        let silent = [(UtcMs(0), UtcMs(4 * MINUTE_MS))];
        assert_eq!(tape.read(&silent).0, Minutes::new(0, 4, 0));
        (0..4).for_each(|minute| tape.measure(minute * MINUTE_MS + 7 * SECOND));
        assert_eq!(tape.read(&silent).0, Minutes::new(4, 0, 0));
    }

    #[test]
    fn who_is_measured_once_a_minute_need_not_keep_to_the_clock() {
        let mut tape = tape(3);
        [0, 61, 121].iter().for_each(|second| tape.measure((second - 1).max(0) * SECOND));
        assert_eq!(tape.read(&[]).0.up, 3);
        let mut sparse = Tape::new(0, 3 * MINUTE_MS);
        [0, 150].iter().for_each(|second| sparse.measure(second * SECOND));
        assert_eq!(sparse.read(&[]).0, Minutes::new(2, 0, 1), "two minutes and a half are long enough to be off");
    }

    #[test]
    fn lapses_beyond_those_that_are_named_are_counted() {
        let mut tape = tape(500);
        (0..500).step_by(2).for_each(|minute| tape.measure(minute * MINUTE_MS));
        let (minutes, lapses, more) = tape.read(&[]);
        assert_eq!((minutes.up, lapses.len(), more), (250, NAMED, 150));
        tape.measure(i64::MIN);
        tape.measure(i64::MAX);
        tape.measure_minute(MINUTE_MS);
        assert_eq!(tape.read(&[]).0.up, 251);
    }
}
