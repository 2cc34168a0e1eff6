//! How fast does what waits go down?
//!
//! By what still waits, and not by what comes: while a backlog drains, what is measured meanwhile comes too, and takes
//! nothing off it.

use std::collections::VecDeque;

use vigie_serve::Drain;

/// What waits is looked back at for so long.
const WINDOW_MS: u64 = 20_000;

/// Where nothing went for so long it stands still: what is bundled on its way comes in lumps.
const STILL_MS: u64 = 10_000;

/// Before this a pace is none: one commit is not a rate.
const BEGUN_MS: u64 = 2_000;

/// From this on a rate is worth saying when it will be done.
const STEADY_MS: u64 = 10_000;

/// How far both halves of that time may differ.
const STEADY_SHARE: f64 = 0.3;

/// Between two looks that are both remembered.
const APART_MS: u64 = 500;

/// Less than this is what is on its way at any moment, and no backlog.
const MANY: u64 = 8;

/// Who waits for no more than this is up to date.
const ON_ITS_WAY: u64 = 2;

/// A moment, and how many ticks waited then.
pub(crate) type Look = (u64, u64);

/// What of a stream waited, as it was told lately. Of a stream that is up to date there is none.
#[derive(Debug, Clone)]
pub(crate) struct Draining(VecDeque<Look>);

impl Draining {
    /// After it was told that so many ticks wait.
    pub(crate) fn next(last: Option<Box<Self>>, waiting: u64, now_ms: u64) -> Option<Box<Self>> {
        let begun = || (waiting >= MANY).then(|| Box::new(Self(VecDeque::from([(now_ms, waiting)]))));
        let Some(mut last) = last else { return begun() };
        let newest = last.0.back().map_or(0, |(_, waiting)| *waiting);
        if waiting >= newest.saturating_add(MANY) {
            // More is heard of than was known: what was seen before says nothing of how that goes.
            return begun();
        }
        last.look(waiting, now_ms);
        last.0.iter().any(|(_, waiting)| *waiting > 0).then_some(last)
    }

    fn look(&mut self, waiting: u64, now_ms: u64) {
        let looks = &mut self.0;
        let before = looks.len().checked_sub(2).and_then(|at| looks.get(at));
        if before.is_some_and(|(at_ms, _)| now_ms.saturating_sub(*at_ms) < APART_MS) {
            looks.pop_back();
        }
        looks.push_back((now_ms, waiting));
        let is_past = |look: Option<&Look>| look.is_some_and(|(at_ms, _)| at_ms.saturating_add(WINDOW_MS) < now_ms);
        while is_past(looks.get(1)) {
            looks.pop_front();
        }
    }

    /// How many waited at a moment, from the first look on.
    fn at(&self, at_ms: u64) -> u64 {
        let until = self.0.partition_point(|(look_ms, _)| *look_ms <= at_ms);
        self.0.get(until.saturating_sub(1)).map_or(0, |(_, waiting)| *waiting)
    }

    fn since_ms(&self) -> u64 {
        self.0.front().map_or(0, |(at_ms, _)| *at_ms)
    }
}

/// How fast what waits of these streams goes down together, while it does; `waiting` ticks of them wait now.
pub(crate) fn together<'a>(
    streams: impl Iterator<Item = &'a Draining> + Clone,
    waiting: u64,
    now_ms: u64,
) -> Option<Drain> {
    let from_ms = streams.clone().map(Draining::since_ms).max()?.max(now_ms.saturating_sub(WINDOW_MS));
    let at = |at_ms: u64| (at_ms, streams.clone().map(|stream| stream.at(at_ms)).sum::<u64>());
    let looks = [at(from_ms), at(from_ms.midpoint(now_ms)), at(now_ms)];
    let lately = at(now_ms.saturating_sub(STILL_MS).max(from_ms));
    let goes = waiting > ON_ITS_WAY && now_ms.saturating_sub(from_ms) >= BEGUN_MS && rate(lately, looks[2]).is_some();
    goes.then(|| drain(looks, waiting))?
}

/// How fast it goes down, by what waited at first, midway and at last; when it will be done only where that was steady.
pub(crate) fn drain([first, middle, last]: [Look; 3], waiting: u64) -> Option<Drain> {
    let ticks_per_second = rate(first, last)?;
    let halves = rate(first, middle).zip(rate(middle, last));
    let is_steady = last.0.saturating_sub(first.0) >= STEADY_MS
        && halves.is_some_and(|(before, after)| (after / before - 1.0).abs() < STEADY_SHARE);
    let done_in_seconds = is_steady.then(|| (waiting as f64 / ticks_per_second).ceil() as u64);
    Some(Drain { ticks_per_second, done_in_seconds })
}

/// By how many a second it went down between two looks, where it did.
fn rate((from_ms, before): Look, (to_ms, after): Look) -> Option<f64> {
    let (took_ms, gone) = (to_ms.saturating_sub(from_ms), before.saturating_sub(after));
    (took_ms > 0 && gone > 0).then(|| gone as f64 * 1_000.0 / took_ms as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stream of which so much was told to wait, a second between each.
    fn told(waiting: impl IntoIterator<Item = u64>) -> Option<Box<Draining>> {
        (0..).zip(waiting).fold(None, |last, (second, waiting)| Draining::next(last, waiting, second * 1_000))
    }

    fn alone(stream: Option<&Draining>, waiting: u64, now_ms: u64) -> Option<Drain> {
        together(stream.into_iter(), waiting, now_ms)
    }

    #[test]
    fn what_comes_while_a_backlog_drains_takes_nothing_off_it() {
        let slow = told((0..=11).map(|second| 100 - 3 * second));
        // Of the machines beside it nothing waits, however much they measure.
        let beside = told([1, 0, 2, 1, 0]);
        assert!(beside.is_none());
        let drain = together(slow.as_deref().into_iter().chain(beside.as_deref()), 67, 11_000).expect("it drains");
        assert_eq!((drain.ticks_per_second, drain.done_in_seconds), (3.0, Some(23)));
    }

    #[test]
    fn of_the_first_two_seconds_nothing_is_told_and_of_the_first_ten_no_end() {
        let drain = |seconds: u64| {
            let stream = told((0..=seconds).map(|second| 1_000 - 10 * second));
            alone(stream.as_deref(), 1_000 - 10 * seconds, seconds * 1_000)
        };
        assert_eq!(drain(1), None);
        assert_eq!(drain(5).map(|drain| drain.done_in_seconds), Some(None));
        assert_eq!(drain(10).map(|drain| drain.done_in_seconds), Some(Some(90)));
        assert_eq!(drain(60).map(|drain| drain.done_in_seconds), Some(Some(40)));
    }

    #[test]
    fn the_hours_before_a_backlog_was_told_of_are_not_counted_as_a_pace() {
        let before = told([0, 1, 0]);
        let hour_ms = 3_600_000;
        let came = Draining::next(before, 720, hour_ms);
        let next = Draining::next(came, 710, hour_ms + 2_000);
        let drain = alone(next.as_deref(), 710, hour_ms + 2_000).expect("it drains");
        assert_eq!((drain.ticks_per_second, drain.done_in_seconds), (5.0, None));
    }

    #[test]
    fn a_backlog_that_stands_still_or_grows_has_no_pace() {
        let stands = told([100; 12]);
        assert_eq!(alone(stands.as_deref(), 100, 11_000), None);
        let grows = told((0..12).map(|second| 100 + second));
        assert_eq!(alone(grows.as_deref(), 111, 11_000), None);
        let stopped = told((0..=12).map(|second| 200 - 10 * second));
        assert!(alone(stopped.as_deref(), 80, 20_000).is_some(), "it comes in lumps");
        assert_eq!(alone(stopped.as_deref(), 80, 23_000), None, "nothing came of it for a while");
    }

    #[test]
    fn no_end_is_told_while_the_pace_changes() {
        let slower = told((0..=5).map(|second| 1_000 - 50 * second).chain((1..=6).map(|second| 750 - 5 * second)));
        assert_eq!(alone(slower.as_deref(), 720, 11_000).map(|drain| drain.done_in_seconds), Some(None));
    }

    #[test]
    fn what_has_drained_is_forgotten() {
        let just = told((0..=12).map(|second| 120 - 10 * second));
        assert_eq!(alone(just.as_deref(), 0, 12_000), None, "nothing is left to wait for");
        let done = told((0..=12).map(|second| 120 - 10 * second).chain([0; 22]));
        assert!(done.is_none());
    }

    #[test]
    fn much_is_told_within_a_second_and_little_of_it_is_remembered() {
        let mut stream = Draining::next(None, 100_000, 0);
        for at_ms in 1..=60_000 {
            stream = Draining::next(stream, 100_000 - at_ms, at_ms);
        }
        let stream = stream.expect("it drains");
        assert!(stream.0.len() <= 45, "{}", stream.0.len());
        let drain = alone(Some(&stream), 40_000, 60_000).expect("it drains");
        assert!((drain.ticks_per_second - 1_000.0).abs() < 50.0, "{drain:?}");
        assert!(drain.done_in_seconds.is_some_and(|seconds| (38..=42).contains(&seconds)), "{drain:?}");
    }
}
