//! Which samples are the newest at or before some moments?

use vigie_model::UtcMs;

use super::Column;
use crate::log::packed::Packed;

/// Moments of which only the newest sample at or before each matters: this one, and every step before and after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moments {
    /// Any of them.
    pub at: UtcMs,
    /// How far they are apart, in ms; more than nothing.
    pub step_ms: i64,
}

impl Moments {
    /// The first of them that is not before a time. Two times with the same one have no moment between them.
    fn not_before(self, time_ms: i64) -> i64 {
        let past = time_ms.wrapping_sub(self.at.0).rem_euclid(self.step_ms.max(1));
        if past == 0 { time_ms } else { time_ms.saturating_add(self.step_ms.max(1) - past) }
    }
}

/// Of the ticks between two moments the last. Most series stand in each tick, and all of those have the same ones.
pub(super) struct Newest {
    moments: Moments,
    /// How many ticks it is about.
    ticks: usize,
    /// The last of those between two moments.
    of_all: Vec<usize>,
}

impl Newest {
    /// Of some runs of places; times rise.
    pub(super) fn of(rows: &[(usize, usize)], times: &[i64], moments: Moments) -> Self {
        let ticks = rows.iter().map(|(from, to)| to - from).sum();
        Self { moments, ticks, of_all: newest(rows.iter().copied(), times, moments) }
    }

    /// Takes of one series the last sample between two moments.
    pub(super) fn take(&self, stretches: &[(usize, usize, usize)], times: &[i64], values: &Packed, out: &mut Column) {
        let has: usize = stretches.iter().map(|(from, to, _)| to - from).sum();
        let own = || newest(stretches.iter().map(|(from, to, _)| (*from, *to)), times, self.moments);
        let own = (has < self.ticks).then(own);
        let places = own.as_ref().unwrap_or(&self.of_all);
        out.times_ms.reserve(places.len());
        out.values.reserve(places.len());
        let mut places = places.iter().peekable();
        for (from, to, value) in stretches {
            while let Some(place) = places.next_if(|place| *place < to) {
                if let Some(value) = values.get(value + (place - from)) {
                    out.push(times[*place], value);
                }
            }
        }
    }
}

/// The last place between two moments, of some runs of places. Times rise.
fn newest(runs: impl Iterator<Item = (usize, usize)>, times: &[i64], moments: Moments) -> Vec<usize> {
    // The last that was taken gives way to a later one before the same moment.
    let (mut places, mut taken_for) = (Vec::new(), None);
    for (from, to) in runs {
        let mut at = from;
        while at < to {
            let moment = moments.not_before(times[at]);
            at += not_after(&times[at..to], moment);
            if taken_for.replace(moment) == Some(moment) {
                places.pop();
            }
            places.push(at - 1);
        }
    }
    places
}

/// How many of these rising times are not after a moment, the first of which is not: looks wider and wider, then between.
fn not_after(times: &[i64], moment: i64) -> usize {
    let mut width = 1;
    while width < times.len() && times[width] <= moment {
        width *= 2;
    }
    let (from, until) = (width / 2, width.min(times.len()));
    from + times[from..until].partition_point(|at| *at <= moment)
}
