//! What is the sum, the mean, the extreme of a window?

use std::collections::VecDeque;

use crate::Dialect;
use crate::kahan::{Kahan, Mean, RunningMean};
use crate::windows::Window;

pub(crate) fn sum(window: &Window<'_>) -> f64 {
    let mut sum = Kahan::default();
    window.values.iter().for_each(|value| sum.add(*value));
    sum.total()
}

pub(crate) fn mean(window: &Window<'_>) -> f64 {
    let mut mean = Mean::default();
    window.values.iter().for_each(|value| mean.add(*value));
    mean.value()
}

pub(crate) fn running_mean(window: &Window<'_>) -> f64 {
    let mut mean = RunningMean::default();
    window.values.iter().for_each(|value| mean.add(*value));
    mean.value()
}

/// After Welford, compensated.
pub(crate) fn variance(window: &Window<'_>, dialect: Dialect) -> f64 {
    let add = match dialect {
        Dialect::Prometheus2 => Kahan::add_within_bounds,
        Dialect::Prometheus3 => Kahan::add,
    };
    let (mut mean, mut squares, mut count) = (Kahan::default(), Kahan::default(), 0.0);
    for value in window.values {
        count += 1.0;
        let from_old = value - (mean.sum + mean.rest);
        add(&mut mean, from_old / count);
        add(&mut squares, from_old * (value - (mean.sum + mean.rest)));
    }
    (squares.sum + squares.rest) / count
}

/// The value that this part of all values do not exceed, between neighbours in proportion. NaN is the smallest.
pub(crate) fn quantile(part: f64, values: &mut [f64]) -> f64 {
    if values.is_empty() || part.is_nan() {
        return f64::NAN;
    }
    if !(0.0..=1.0).contains(&part) {
        return if part < 0.0 { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    let rank = part * (values.len() - 1) as f64;
    let lower = rank.floor();
    let weight = rank - lower;
    let lower = lower as usize;
    let upper = (lower + 1).min(values.len() - 1);
    // Only two places of the sorted values are needed.
    let (_, low, above) = values.select_nth_unstable_by(lower, nan_first);
    let low = *low;
    let high = if upper == lower { low } else { above.iter().copied().min_by(nan_first).unwrap_or(low) };
    low * (1.0 - weight) + high * weight
}

fn nan_first(a: &f64, b: &f64) -> std::cmp::Ordering {
    match (a.is_nan(), b.is_nan()) {
        (false, false) => a.total_cmp(b),
        (a, b) => b.cmp(&a),
    }
}

/// The median of how far values are from their median.
pub(crate) fn median_deviation(window: &Window<'_>) -> f64 {
    let mut values = window.values.to_vec();
    let median = quantile(0.5, &mut values);
    values.iter_mut().for_each(|value| *value = (*value - median).abs());
    quantile(0.5, &mut values)
}

pub(crate) fn is_change(before: f64, after: f64) -> bool {
    before != after && !(before.is_nan() && after.is_nan())
}

/// How often something has happened from one sample to the next, up to each sample.
pub(crate) fn counted(values: &[f64], happened: impl Fn(f64, f64) -> bool) -> Vec<u32> {
    let mut count = 0;
    let mut counts = vec![0];
    counts.extend(values.windows(2).map(|pair| {
        count += u32::from(happened(pair[0], pair[1]));
        count
    }));
    counts
}

/// How often it has happened within a window.
pub(crate) fn between(counts: &[u32], window: &Window<'_>) -> f64 {
    f64::from(counts[window.first + window.values.len() - 1] - counts[window.first])
}

/// The extreme of windows that only move on: each value comes and goes once. NaN is no extreme, unless all are NaN.
pub(crate) struct Extreme<'a> {
    values: &'a [f64],
    beats: fn(f64, f64) -> bool,
    /// Places of values that may still be the extreme, the present one first.
    candidates: VecDeque<usize>,
    next: usize,
}

impl<'a> Extreme<'a> {
    pub(crate) fn new(values: &'a [f64], beats: fn(f64, f64) -> bool) -> Self {
        Self { values, beats, candidates: VecDeque::new(), next: 0 }
    }

    pub(crate) fn of(&mut self, window: &Window<'_>) -> f64 {
        self.next = self.next.max(window.first);
        for at in self.next..window.first + window.values.len() {
            self.come(at);
        }
        self.next = self.next.max(window.first + window.values.len());
        while self.candidates.front().is_some_and(|at| *at < window.first) {
            self.candidates.pop_front();
        }
        self.candidates.front().map_or(f64::NAN, |at| self.values[*at])
    }

    fn come(&mut self, at: usize) {
        let value = self.values[at];
        if value.is_nan() {
            return;
        }
        while self.candidates.back().is_some_and(|back| (self.beats)(value, self.values[*back])) {
            self.candidates.pop_back();
        }
        self.candidates.push_back(at);
    }
}
