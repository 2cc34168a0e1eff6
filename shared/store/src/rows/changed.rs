//! Which rows changed?

use std::collections::BTreeSet;

use vigie_merge::Key;

/// Keys that are told one by one; whoever has not asked for so long looks at everything again.
const MOST: usize = 65_536;

/// Rows that changed since somebody last asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changed {
    /// Their keys; the rows are there as they are now, or are gone.
    pub keys: BTreeSet<Key>,
    /// More than are told here: everything is to be looked at again.
    pub all: bool,
}

impl Changed {
    /// Nothing did.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty() && !self.all
    }

    /// These did as well.
    pub fn add(&mut self, keys: impl IntoIterator<Item = Key>) {
        if !self.all {
            self.keys.extend(keys);
        }
        if self.keys.len() > MOST {
            (self.keys, self.all) = (BTreeSet::new(), true);
        }
    }

    /// And so did what another says.
    pub fn join(&mut self, other: &Self) {
        self.add(other.keys.iter().cloned());
        if other.all {
            (self.keys, self.all) = (BTreeSet::new(), true);
        }
    }
}
