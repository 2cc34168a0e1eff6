//! Which series stood together in which tick?

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use vigie_model::{SeriesIx, Tick};

/// The sets of series that occur, each once, and which of them each tick has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Shape", into = "Shape")]
pub(super) struct Layouts {
    /// Each sorted by series.
    sets: Vec<Vec<SeriesIx>>,
    /// Ticks that follow one another with the same set.
    runs: Vec<(u32, u32)>,
}

/// As it is written.
#[derive(Serialize, Deserialize)]
struct Shape {
    /// Sorted by series, as the gaps between them: small numbers.
    sets: Vec<Vec<u32>>,
    runs: Vec<(u32, u32)>,
}

impl From<Shape> for Layouts {
    fn from(shape: Shape) -> Self {
        Self { sets: shape.sets.iter().map(|gaps| series(gaps).collect()).collect(), runs: shape.runs }
    }
}

impl From<Layouts> for Shape {
    fn from(layouts: Layouts) -> Self {
        Self { sets: layouts.sets.iter().map(|set| gaps(set)).collect(), runs: layouts.runs }
    }
}

impl Layouts {
    pub(super) fn of(ticks: &[Tick]) -> Self {
        let mut known: HashMap<Vec<SeriesIx>, u32> = HashMap::new();
        let (mut sets, mut runs): (Vec<Vec<SeriesIx>>, Vec<(u32, u32)>) = (Vec::new(), Vec::new());
        for tick in ticks {
            let is_of = |set: &[SeriesIx]| set.iter().eq(tick.samples.iter().map(|sample| &sample.series));
            // Most ticks have the series of the one before.
            if let Some((set, count)) = runs.last_mut()
                && is_of(&sets[*set as usize])
            {
                *count += 1;
                continue;
            }
            let series: Vec<SeriesIx> = tick.samples.iter().map(|sample| sample.series).collect();
            let next = sets.len() as u32;
            let set = *known.entry(series).or_insert_with_key(|series| {
                sets.push(series.clone());
                next
            });
            runs.push((set, 1));
        }
        Self { sets, runs }
    }

    /// How many ticks there are, if no run and no set is wrong.
    pub(super) fn ticks(&self) -> Option<usize> {
        let known = self.runs.iter().all(|(set, _)| (*set as usize) < self.sets.len());
        let rising = self.sets.iter().all(|set| set.is_sorted_by(|a, b| a < b));
        let count: u64 = self.runs.iter().map(|(_, count)| u64::from(*count)).sum();
        usize::try_from(count).ok().filter(|_| known && rising)
    }

    /// How many samples each of some series has, which are sorted; those of others are not counted.
    pub(super) fn counts(&self, of: impl ExactSizeIterator<Item = SeriesIx> + Clone) -> Vec<usize> {
        let mut ticks_of = vec![0usize; self.sets.len()];
        self.runs.iter().for_each(|(set, count)| ticks_of[*set as usize] += *count as usize);
        let mut counts = vec![0; of.len()];
        let wanted: Vec<SeriesIx> = of.collect();
        for (set, ticks) in self.sets.iter().zip(ticks_of) {
            // Most sets have most series, one after the other.
            let mut next = 0;
            for series in set {
                if wanted.get(next) != Some(series) {
                    let Ok(found) = wanted.binary_search(series) else { continue };
                    next = found;
                }
                counts[next] += ticks;
                next += 1;
            }
        }
        counts
    }

    /// The ticks that have a series, as runs of their places from 0: from, and up to but not including.
    pub(super) fn having(&self, wanted: SeriesIx) -> impl Iterator<Item = (usize, usize)> + '_ {
        let has: Vec<bool> = self.sets.iter().map(|set| set.binary_search(&wanted).is_ok()).collect();
        let mut next = 0;
        self.runs.iter().filter_map(move |(set, count)| {
            let from = next;
            next += *count as usize;
            has[*set as usize].then_some((from, next))
        })
    }

    pub(super) fn sets(&self) -> &[Vec<SeriesIx>] {
        &self.sets
    }

    /// Which set each tick has, in order.
    pub(super) fn each(&self) -> impl Iterator<Item = usize> + '_ {
        self.runs.iter().flat_map(|(set, count)| std::iter::repeat_n(*set as usize, *count as usize))
    }

    /// What it takes in memory.
    pub(super) fn bytes(&self) -> usize {
        self.sets.iter().map(|set| set.len() * 4 + 24).sum::<usize>() + self.runs.len() * 8
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
