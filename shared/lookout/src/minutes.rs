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

/// What was found of a machine's minutes.
#[derive(Debug, Default)]
struct Found {
    up: u64,
    down: u64,
    unverified: u64,
    lapses: Vec<Lapse>,
    /// Lapses that are not named.
    more: usize,
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
        let mut found = Found::default();
        let is_measured = |(first, _): &(u8, u8)| *first != NONE;
        let mut at = 0;
        while let Some(left) = self.measured.get(at..).filter(|left| !left.is_empty()) {
            // Run by run: of a day there are a thousand minutes, and mostly they are alike.
            let up = left.iter().position(|minute| !is_measured(minute)).unwrap_or(left.len());
            let not = left[up..].iter().position(is_measured).unwrap_or(left.len() - up);
            found.up += up as u64;
            if not == 1 && self.is_between(at + up) {
                found.up += 1;
            } else if not > 0 {
                self.read_lapses(at + up, at + up + not, silent, &mut found);
            }
            at += up + not;
        }
        let Found { up, down, unverified, lapses, more } = found;
        (Minutes::new(up, down, unverified), lapses, more)
    }

    /// What the minutes from one to before another were, in none of which it was measured.
    fn read_lapses(&self, from: usize, to: usize, silent: &[(UtcMs, UtcMs)], found: &mut Found) {
        let mut begins = from;
        while begins < to {
            let down = self.is_vouched_for(begins, silent);
            // Where nobody says anything of any of them they are all alike.
            let is_other = |minute: &usize| self.is_vouched_for(*minute, silent) != down;
            let ends = if silent.is_empty() { to } else { (begins + 1..to).find(is_other).unwrap_or(to) };
            *if down { &mut found.down } else { &mut found.unverified } += (ends - begins) as u64;
            if found.lapses.len() < NAMED {
                found.lapses.push(Lapse { from: Stamp(self.begin_of(begins)), to: Stamp(self.begin_of(ends)), down });
            } else {
                found.more += 1;
            }
            begins = ends;
        }
    }

    fn begin_of(&self, minute: usize) -> UtcMs {
        // Some ten thousand minutes at most.
        UtcMs(self.from_ms.saturating_add(minute as i64 * MINUTE_MS))
    }

    /// Whether somebody says of a whole minute that it did not answer.
    fn is_vouched_for(&self, minute: usize, silent: &[(UtcMs, UtcMs)]) -> bool {
        let (begins, ends) = (self.begin_of(minute), self.begin_of(minute + 1));
        silent.iter().any(|(since, until)| *since <= begins && *until >= ends)
    }

    /// Whether a minute lies between two in which it was measured, and these measurements close together.
    fn is_between(&self, minute: usize) -> bool {
        let before = minute.checked_sub(1).and_then(|before| self.measured.get(before));
        before.zip(self.measured.get(minute + 1)).is_some_and(|((first, last), (next, _))| {
            let apart_s = 120 - i64::from(*last) + i64::from(*next);
            *first != NONE && *next != NONE && apart_s <= CLOSE_S
        })
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

    /// Minute by minute, as it is told in words.
    fn slowly(tape: &Tape, silent: &[(UtcMs, UtcMs)]) -> (Minutes, Vec<Lapse>) {
        let (mut counts, mut lapses, mut before) = ([0; 3], Vec::<Lapse>::new(), 0);
        for minute in 0..tape.measured.len() {
            let is_up = tape.measured[minute].0 != NONE || tape.is_between(minute);
            let was = if is_up {
                0
            } else if tape.is_vouched_for(minute, silent) {
                1
            } else {
                2
            };
            counts[was] += 1;
            let (from, to) = (Stamp(tape.begin_of(minute)), Stamp(tape.begin_of(minute + 1)));
            match lapses.last_mut() {
                _ if was == 0 => {}
                Some(last) if was == before => last.to = to,
                _ => lapses.push(Lapse { from, to, down: was == 1 }),
            }
            before = was;
        }
        (Minutes::new(counts[0], counts[1], counts[2]), lapses)
    }

    #[test]
    fn run_by_run_comes_to_what_minute_by_minute_does() {
        let mut chance = 1_u64;
        let mut drawn = |below: u64| {
            chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (chance >> 33) % below
        };
        for _ in 0..2_000 {
            let minutes = 1 + drawn(40) as i64;
            let mut tape = tape(minutes);
            (0..drawn(30)).for_each(|_| tape.measure(drawn(minutes as u64 * 60) as i64 * SECOND));
            let mut span = || (UtcMs(drawn(40) as i64 * MINUTE_MS - 5), UtcMs(drawn(45) as i64 * MINUTE_MS));
            let silent: Vec<_> = (0..minutes % 3).map(|_| span()).collect();
            let (found, lapses, more) = tape.read(&silent);
            assert_eq!(
                (found, lapses, more),
                {
                    let (m, l) = slowly(&tape, &silent);
                    (m, l, 0)
                },
                "{tape:?} {silent:?}"
            );
        }
    }
}
