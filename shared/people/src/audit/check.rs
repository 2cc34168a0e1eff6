//! Is a chain as it was written?

use std::collections::{BTreeMap, BTreeSet};

use vigie_model::Slug;

use super::chain::{Head, Held, Link};
use super::erase::Left;

/// Where and how a chain is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A line is not there.
    #[error("line {0} is missing")]
    Missing(u64),
    /// A line is not what was written, or stands where another stood.
    #[error("line {0} was changed or moved")]
    Changed(u64),
    /// Lines at the end are not there.
    #[error("lines after {0} were cut off")]
    Cut(u64),
    /// There are more lines than were written.
    #[error("line {0} was added from outside")]
    Added(u64),
    /// A line says that somebody was erased from it, and no later line tells of that as it stands.
    #[error("line {0} was erased, or changed after it was, and no later line tells of it")]
    Erased(u64),
}

/// Goes through a chain as it is kept, number by number.
#[derive(Debug, Clone)]
pub struct Check {
    at: Head,
    /// What is left of each line from which somebody was erased.
    erased: BTreeMap<u64, Left>,
    /// What each line that tells of an erasure says was left, by the line that says it.
    told: BTreeMap<u64, Vec<Left>>,
}

impl Check {
    /// At the beginning of a client's chain.
    pub fn begin(client: Option<&Slug>) -> Self {
        Self { at: Head::of(client), erased: BTreeMap::new(), told: BTreeMap::new() }
    }

    /// The next line that is there.
    ///
    /// # Errors
    /// When it is not the one that was written.
    pub fn step(&mut self, seq: u64, link: &Link) -> Result<(), Broken> {
        let wanted = self.at.seq + 1;
        if seq != wanted {
            return Err(Broken::Missing(wanted));
        }
        let line = link.line().filter(|line| line.seq == seq).ok_or(Broken::Changed(seq))?;
        let is_as_written = match &link.held {
            Held::Plain => self.at.hash_of(None, &link.text) == link.hash,
            Held::Salted(salt) => self.at.hash_of(Some(salt), &link.text) == link.hash,
            // Whether a later line tells of it is known at the end.
            Held::Erased => true,
        };
        if !is_as_written {
            return Err(Broken::Changed(seq));
        }
        if link.held == Held::Erased {
            self.erased.insert(seq, Left::of(&self.at, link));
        }
        let told = Left::told_by(&line);
        if !told.is_empty() {
            self.told.insert(seq, told);
        }
        self.at = Head { seq, hash: link.hash };
        Ok(())
    }

    /// How many lines were met from which somebody was erased.
    pub fn erased(&self) -> usize {
        self.erased.len()
    }

    /// The end, against the head that is kept apart.
    ///
    /// # Errors
    /// When lines are missing at the end, or too many, or somebody was erased from one and no later line tells of it.
    pub fn end(&self, head: &Head) -> Result<Head, Broken> {
        match self.at.seq.cmp(&head.seq) {
            std::cmp::Ordering::Less => Err(Broken::Cut(self.at.seq)),
            std::cmp::Ordering::Greater => Err(Broken::Added(head.seq + 1)),
            std::cmp::Ordering::Equal if self.at.hash != head.hash => Err(Broken::Changed(head.seq)),
            std::cmp::Ordering::Equal => match self.untold() {
                Some(seq) => Err(Broken::Erased(seq)),
                None => Ok(self.at),
            },
        }
    }

    /// The first line from which somebody was erased without a later line that tells of it as it stands. A line that tells
    /// may itself be one from which somebody was erased since: it counts if a line after it tells of that.
    fn untold(&self) -> Option<u64> {
        let mut untold = BTreeSet::new();
        for (seq, left) in self.erased.iter().rev() {
            let later = self.told.range(seq + 1..).rev().filter(|(at, _)| !untold.contains(*at));
            let latest = later.flat_map(|(_, told)| told).find(|told| told.seq == *seq);
            if latest != Some(left) {
                untold.insert(*seq);
            }
        }
        untold.first().copied()
    }
}
