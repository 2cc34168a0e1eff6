//! What waits for a number?

use std::collections::VecDeque;

use super::{Reading, Waiting};

/// Readings in the order in which they came. Those of one moment that no other came between share a tick, if they have no
/// series in common: each number costs a reservation and some bytes.
#[derive(Debug)]
pub(crate) struct Queue {
    readings: VecDeque<Reading>,
    waiting: Waiting,
}

impl Queue {
    pub(crate) fn new(waiting: Waiting) -> Self {
        Self { readings: VecDeque::new(), waiting }
    }

    pub(crate) fn push(&mut self, reading: Reading) {
        match self.readings.back_mut().filter(|last| can_join(last, &reading)) {
            Some(last) => {
                last.samples.extend(reading.samples);
                last.samples.sort_unstable_by_key(|sample| sample.series);
            }
            None => self.readings.push_back(reading),
        }
    }

    pub(crate) fn pop(&mut self) -> Option<Reading> {
        let reading = self.readings.pop_front()?;
        self.waiting.less(reading.samples.len());
        Some(reading)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.readings.is_empty()
    }
}

fn can_join(last: &Reading, next: &Reading) -> bool {
    let has =
        |sample: &vigie_model::Sample| last.samples.binary_search_by_key(&sample.series, |one| one.series).is_ok();
    last.at == next.at && !next.samples.iter().any(has)
}

#[cfg(test)]
mod tests {
    use vigie_model::{Boot, Moment, Sample, SeriesIx, UtcMs};

    use super::*;

    #[test]
    fn readings_of_one_moment_share_a_tick_unless_they_speak_of_the_same_series() {
        let waiting = Waiting::default();
        let mut queue = Queue::new(waiting.clone());
        for (ms, series) in [(0, vec![4, 5]), (0, vec![1]), (0, vec![5]), (1, vec![6])] {
            waiting.add(series.len());
            queue.push(reading(ms, &series));
        }
        let popped: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(popped, [reading(0, &[1, 4, 5]), reading(0, &[5]), reading(1, &[6])]);
        assert_eq!(waiting.count(), 0);
    }

    fn reading(ms: u64, series: &[u32]) -> Reading {
        let at = Moment { utc: UtcMs(ms.cast_signed()), boot: Boot { no: 1, ms } };
        Reading { at, samples: series.iter().map(|ix| Sample { series: SeriesIx(*ix), value: 1 }).collect() }
    }
}
