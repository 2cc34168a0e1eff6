//! Who comes first?

use std::cmp::Ordering;

use crate::QueryError;
use crate::column::{Grid, Row};
use crate::evaluate::Evaluator;
use crate::plan::Node;

/// Up to this many Go sorts by insertion, which decides the order of equals.
const INSERTION: usize = 12;

impl Evaluator<'_> {
    /// By value, NaN last. Only a single moment has an order.
    pub(crate) fn sorted(&mut self, of: &Node, descending: bool, grid: Grid) -> Result<Vec<Row>, QueryError> {
        let mut rows = self.vector(of, grid)?;
        if grid.count == 1 {
            sort(&mut rows, |row| row.column.values[0], descending);
        }
        Ok(rows)
    }

    /// By these labels in natural order, equals by all labels.
    pub(crate) fn sorted_by_label(
        &mut self,
        of: &Node,
        names: &[String],
        descending: bool,
        grid: Grid,
    ) -> Result<Vec<Row>, QueryError> {
        let mut rows = self.vector(of, grid)?;
        rows.sort_by(|a, b| {
            let by_name = |name: &String| natural(a.labels.get(name), b.labels.get(name));
            let order = names.iter().map(by_name).find(|order| order.is_ne()).unwrap_or(Ordering::Equal);
            let order = order.then_with(|| a.labels.cmp(&b.labels));
            if descending { order.reverse() } else { order }
        });
        Ok(rows)
    }
}

/// Sorts by value, NaN last whichever way, equals as Prometheus leaves them when they are few.
pub(crate) fn sort<T>(items: &mut [T], value: impl Fn(&T) -> f64, descending: bool) {
    // What Prometheus' heaps call less, seen from behind.
    let behind = |a: f64, b: f64| b.is_nan() || if descending { a > b } else { a < b };
    if items.len() > INSERTION {
        items.sort_by(|a, b| {
            let (a, b) = (value(a), value(b));
            let order = if descending { b.partial_cmp(&a) } else { a.partial_cmp(&b) };
            order.unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
        });
        return;
    }
    for unsorted in 1..items.len() {
        let mut at = unsorted;
        while at > 0 && behind(value(&items[at]), value(&items[at - 1])) {
            items.swap(at, at - 1);
            at -= 1;
        }
    }
}

/// Texts with numbers in them, by the numbers: `disk2` before `disk10`.
fn natural(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        match (chunk(a), chunk(b)) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some((one, rest_a)), Some((other, rest_b))) => {
                let order = match (one.parse::<u64>(), other.parse::<u64>()) {
                    (Ok(one_number), Ok(other_number)) => one_number.cmp(&other_number).then_with(|| one.cmp(other)),
                    _ => one.cmp(other),
                };
                if order.is_ne() {
                    return order;
                }
                (a, b) = (rest_a, rest_b);
            }
        }
    }
}

/// The digits at the beginning, or all up to the first digit.
fn chunk(text: &str) -> Option<(&str, &str)> {
    let first = text.chars().next()?;
    let end = text.find(|c: char| c.is_ascii_digit() != first.is_ascii_digit()).unwrap_or(text.len());
    Some(text.split_at(end))
}

/// The best few of what comes by, the worst of them on top. Of equals those stay that stay in Prometheus, whose heap this
/// follows step by step.
pub(crate) struct Best<T> {
    heap: Vec<(f64, T)>,
    most: usize,
    descending: bool,
}

impl<T> Best<T> {
    /// The `most` largest when descending, otherwise the smallest.
    pub(crate) fn new(most: usize, descending: bool) -> Self {
        Self { heap: Vec::new(), most, descending }
    }

    pub(crate) fn offer(&mut self, value: f64, item: T) {
        if self.heap.len() == self.most {
            let Some((worst, _)) = self.heap.first() else { return };
            let beats = if self.descending { *worst < value } else { *worst > value };
            if !beats && !worst.is_nan() {
                return;
            }
            self.remove_worst();
        }
        self.heap.push((value, item));
        self.up(self.heap.len() - 1);
    }

    fn remove_worst(&mut self) {
        self.heap.swap_remove(0);
        self.down();
    }

    /// The best first, NaN last.
    pub(crate) fn into_sorted(mut self) -> impl Iterator<Item = (f64, T)> {
        sort(&mut self.heap, |(value, _)| *value, self.descending);
        self.heap.into_iter()
    }

    fn is_worse(&self, a: usize, b: usize) -> bool {
        let (a, b) = (self.heap[a].0, self.heap[b].0);
        a.is_nan() || if self.descending { a < b } else { a > b }
    }

    fn up(&mut self, mut at: usize) {
        while at > 0 && self.is_worse(at, (at - 1) / 2) {
            self.heap.swap(at, (at - 1) / 2);
            at = (at - 1) / 2;
        }
    }

    fn down(&mut self) {
        let mut at = 0;
        loop {
            let (left, right) = (2 * at + 1, 2 * at + 2);
            if left >= self.heap.len() {
                return;
            }
            let worse = if right < self.heap.len() && self.is_worse(right, left) { right } else { left };
            if !self.is_worse(worse, at) {
                return;
            }
            self.heap.swap(at, worse);
            at = worse;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_texts_count_as_numbers() {
        let mut disks = vec!["disk10", "disk2", "disk02", "disk", "cpu9", "disk2b"];
        disks.sort_by(|a, b| natural(a, b));
        assert_eq!(disks, ["cpu9", "disk", "disk02", "disk2", "disk2b", "disk10"]);
    }

    #[test]
    fn the_best_are_the_best_whatever_the_order_in_which_they_come() {
        for turn in 0..7 {
            let mut values: Vec<f64> = vec![3.0, f64::NAN, 1.0, 9.0, -2.0, f64::INFINITY, 5.0];
            values.rotate_left(turn);
            for (descending, wanted) in [(true, [f64::INFINITY, 9.0, 5.0]), (false, [-2.0, 1.0, 3.0])] {
                let mut best = Best::new(3, descending);
                values.iter().for_each(|value| best.offer(*value, ()));
                assert_eq!(best.into_sorted().map(|(value, ())| value).collect::<Vec<_>>(), wanted);
            }
        }
    }
}
