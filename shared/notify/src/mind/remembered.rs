//! What is known for a while, and no longer than there is room?

use std::collections::{BTreeMap, BTreeSet};

use super::clocks::Steady;
use super::key::Mark;
use super::rows::{Rows, Table};

/// Marks of one kind that are remembered: ten for each of 1,000 machines.
const MAX_MARKS: usize = 10_000;

/// Marks, the newest of them.
#[derive(Debug, Default)]
pub(crate) struct Remembered {
    since: BTreeMap<Mark, Steady>,
    by_age: BTreeSet<(Steady, Mark)>,
}

impl Remembered {
    pub(crate) fn has(&self, mark: Mark) -> bool {
        self.since.contains_key(&mark)
    }

    /// Remembers one more, and forgets the oldest where there is no room. Says whether it is new.
    pub(crate) fn add(&mut self, mark: Mark, now: Steady, table: Table, rows: &mut Rows) -> bool {
        if self.has(mark) {
            return false;
        }
        self.restore(mark, now);
        rows.put(table, &mark.0, &now);
        while self.since.len() > MAX_MARKS
            && let Some((_, oldest)) = self.by_age.pop_first()
        {
            self.since.remove(&oldest);
            rows.remove(table, &oldest.0);
        }
        true
    }

    pub(crate) fn restore(&mut self, mark: Mark, at: Steady) {
        self.since.insert(mark, at);
        self.by_age.insert((at, mark));
    }
}
