//! How are the values of a series at every step held, and how many of them at once?

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::evaluate::STALE_NAN_BITS;
use crate::gather::too_many_samples;
use crate::{LabelSet, QueryError};

/// The moments at which an expression is worked out, at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grid {
    pub(crate) start_ms: i64,
    pub(crate) step_ms: i64,
    pub(crate) count: usize,
}

impl Grid {
    pub(crate) fn once(at_ms: i64) -> Self {
        Self { start_ms: at_ms, step_ms: 1, count: 1 }
    }

    pub(crate) fn at(&self, step: usize) -> i64 {
        self.start_ms.saturating_add(self.step_ms.saturating_mul(step as i64))
    }
}

/// What a budget counts as one: a moment and a value.
const SAMPLE_BYTES: usize = 16;

/// What stands in a column where a series has no value. No value of a series has these bits: it is Prometheus' mark that
/// a series ended, which is taken out when samples are read, and no arithmetic brings it forth.
pub(crate) const ABSENT: f64 = f64::from_bits(STALE_NAN_BITS);

pub(crate) fn is_present(value: f64) -> bool {
    value.to_bits() != STALE_NAN_BITS
}

/// A value for each step of a grid, or [`ABSENT`].
#[derive(Debug)]
pub(crate) struct Column {
    /// A question about one moment has ten thousand columns of one value, and nothing is allocated for them.
    pub(crate) values: SmallVec<[f64; 1]>,
    hold: Hold,
}

impl Column {
    pub(crate) fn filled(budget: &Budget, value: f64, count: usize) -> Result<Self, QueryError> {
        let hold = budget.hold(count)?;
        Ok(Self { values: SmallVec::from_elem(value, count), hold })
    }

    pub(crate) fn absent(budget: &Budget, count: usize) -> Result<Self, QueryError> {
        Self::filled(budget, ABSENT, count)
    }

    /// Counts what else belongs to its series, in bytes, as long as the series lasts.
    pub(crate) fn hold_bytes(&mut self, budget: &Budget, bytes: usize) -> Result<(), QueryError> {
        self.hold.grow(budget, bytes / SAMPLE_BYTES)
    }

    pub(crate) fn is_empty(&self) -> bool {
        !self.values.iter().any(|value| is_present(*value))
    }

    /// Changes every value that is there; [`ABSENT`] takes it away.
    pub(crate) fn change(&mut self, mut change: impl FnMut(usize, f64) -> f64) {
        for (step, value) in self.values.iter_mut().enumerate() {
            if is_present(*value) {
                *value = change(step, *value);
            }
        }
    }
}

/// A series of an instant vector, over all steps.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) labels: Arc<LabelSet>,
    pub(crate) column: Column,
}

/// What may be held at once, and what is.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    held: Rc<Cell<usize>>,
    most: usize,
}

impl Budget {
    pub(crate) fn new(most: usize) -> Self {
        Self { held: Rc::default(), most }
    }

    /// Room for `count` values, given back when the hold is dropped. Ask before allocating.
    pub(crate) fn hold(&self, count: usize) -> Result<Hold, QueryError> {
        let mut hold = Hold { held: Rc::clone(&self.held), count: 0 };
        hold.grow(self, count)?;
        Ok(hold)
    }
}

/// A part of a budget that is in use.
#[derive(Debug)]
pub(crate) struct Hold {
    held: Rc<Cell<usize>>,
    count: usize,
}

impl Hold {
    pub(crate) fn grow(&mut self, budget: &Budget, count: usize) -> Result<(), QueryError> {
        let held = self.held.get().saturating_add(count);
        if held > budget.most {
            return Err(too_many_samples());
        }
        self.held.set(held);
        self.count += count;
        Ok(())
    }

    pub(crate) fn shrink_to(&mut self, count: usize) {
        self.held.set(self.held.get() - self.count.saturating_sub(count));
        self.count = self.count.min(count);
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.held.set(self.held.get() - self.count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_can_be_held_again() {
        let budget = Budget::new(10);
        let first = Column::absent(&budget, 6).expect("six of ten");
        assert!(Column::absent(&budget, 5).is_err(), "eleven of ten");
        drop(first);
        let mut hold = budget.hold(10).expect("all of it");
        hold.shrink_to(3);
        assert!(budget.hold(7).is_ok() && budget.hold(8).is_err());
    }
}
