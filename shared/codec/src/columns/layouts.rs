//! Which series stood together in which tick?

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use vigie_model::{SeriesIx, Tick};

/// The sets of series that occur, each once, and which of them each tick has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Layouts {
    /// Sorted by series, as the gaps between them: small numbers.
    sets: Vec<Vec<u32>>,
    /// Ticks that follow one another with the same set.
    runs: Vec<(u32, u32)>,
}

impl Layouts {
    pub(super) fn of(ticks: &[Tick]) -> Self {
        let mut known: HashMap<Vec<SeriesIx>, u32> = HashMap::new();
        let (mut sets, mut runs): (Vec<Vec<u32>>, Vec<(u32, u32)>) = (Vec::new(), Vec::new());
        for tick in ticks {
            let series: Vec<SeriesIx> = tick.samples.iter().map(|sample| sample.series).collect();
            let next = sets.len() as u32;
            let set = *known.entry(series).or_insert_with_key(|series| {
                sets.push(gaps(series));
                next
            });
            match runs.last_mut() {
                Some((last, count)) if *last == set => *count += 1,
                _ => runs.push((set, 1)),
            }
        }
        Self { sets, runs }
    }

    /// How many ticks there are, if no run is wrong.
    pub(super) fn ticks(&self) -> Option<usize> {
        let sound = self.runs.iter().all(|(set, _)| (*set as usize) < self.sets.len());
        let count: u64 = self.runs.iter().map(|(_, count)| u64::from(*count)).sum();
        usize::try_from(count).ok().filter(|_| sound)
    }

    /// How many samples each series has.
    pub(super) fn counts(&self) -> HashMap<SeriesIx, usize> {
        let mut ticks_of = vec![0usize; self.sets.len()];
        self.runs.iter().for_each(|(set, count)| ticks_of[*set as usize] += *count as usize);
        let mut counts = HashMap::new();
        for (set, ticks) in self.sets.iter().zip(ticks_of) {
            series(set).for_each(|series| *counts.entry(series).or_default() += ticks);
        }
        counts
    }

    /// The ticks that have a series, as runs of their places from 0: from, and up to but not including.
    pub(super) fn having(&self, wanted: SeriesIx) -> impl Iterator<Item = (usize, usize)> + '_ {
        let has: Vec<bool> = self.sets.iter().map(|set| series(set).any(|series| series == wanted)).collect();
        let mut next = 0;
        self.runs.iter().filter_map(move |(set, count)| {
            let from = next;
            next += *count as usize;
            has[*set as usize].then_some((from, next))
        })
    }

    /// The series of each tick, in order.
    pub(super) fn each(&self) -> impl Iterator<Item = Vec<SeriesIx>> + '_ {
        let sets: Vec<Vec<SeriesIx>> = self.sets.iter().map(|set| series(set).collect()).collect();
        self.runs.iter().flat_map(move |(set, count)| {
            let set = sets[*set as usize].clone();
            std::iter::repeat_n(set, *count as usize)
        })
    }
}

fn gaps(series: &[SeriesIx]) -> Vec<u32> {
    let mut next = 0;
    let gap = |series: &SeriesIx| {
        let gap = series.0 - next;
        next = series.0 + 1;
        gap
    };
    series.iter().map(gap).collect()
}

fn series(gaps: &[u32]) -> impl Iterator<Item = SeriesIx> + '_ {
    let mut next = 0u32;
    gaps.iter().map(move |gap| {
        let series = next.wrapping_add(*gap);
        next = series.wrapping_add(1);
        SeriesIx(series)
    })
}
