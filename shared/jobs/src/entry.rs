//! What happened to a job, as far as it is remembered?

use serde::{Deserialize, Serialize};
use vigie_model::UtcMs;

/// Entries of one job: of one that fails for weeks how it began, and what came last.
const MOST: usize = 40;

/// Of these, the first ones always stay.
const FIRST: usize = 5;

/// Characters of what is said of one thing that happened: an error of the system with a path in it has a tenth of that.
const MOST_CHARS: usize = 2_000;

/// What can happen to a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Happened {
    /// Somebody or a plan asked for it.
    Asked,
    /// It was begun.
    Began,
    /// It failed, and is tried again.
    Failed,
    /// It failed, and is given up.
    GivenUp,
    /// The hub ended while it ran; it is taken up again.
    TakenUp,
    /// Somebody asked for it to be called off.
    CancelAsked,
    /// It was called off.
    Cancelled,
    /// Somebody asked for it again.
    AskedAgain,
    /// It is to come sooner than it was to.
    Hastened,
    /// It is done.
    Done,
    /// What it gave is kept no longer.
    Removed,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: UtcMs,
    /// What.
    pub what: Happened,
    /// Who did it, where it was somebody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// More of it: why it failed, what it gave.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

/// What happened to one job, oldest first; of many entries those in between are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Log {
    entries: Vec<Entry>,
    left_out: u64,
    /// Failures, those that are left out as well. Rows of before did not count them.
    failed: u64,
}

impl Log {
    /// All that is remembered, oldest first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What was last said of it: why it failed, what it gave.
    pub fn last_said(&self) -> Option<&str> {
        self.entries.iter().rev().map(|entry| entry.text.as_str()).find(|text| !text.is_empty())
    }

    /// When it was last begun.
    pub(crate) fn began_at(&self) -> Option<UtcMs> {
        self.entries.iter().rev().find(|entry| entry.what == Happened::Began).map(|entry| entry.at)
    }

    /// How many are not remembered any more.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// The failures that are remembered, oldest first.
    pub(crate) fn failures(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.what.is_failure())
    }

    /// How often it failed.
    pub(crate) fn failed(&self) -> u64 {
        self.failed.max(self.failures().count() as u64)
    }

    pub(crate) fn add(&mut self, at: UtcMs, what: Happened, by: Option<&str>, text: &str) {
        let text = text.chars().take(MOST_CHARS).collect();
        self.failed += u64::from(what.is_failure());
        self.entries.push(Entry { at, what, by: by.map(str::to_owned), text });
        if self.entries.len() > MOST {
            self.entries.remove(FIRST);
            self.left_out += 1;
        }
    }

    pub(crate) fn rename(&mut self, new_name: &dyn Fn(&str) -> Option<String>) -> bool {
        let mut renamed = false;
        for by in self.entries.iter_mut().filter_map(|entry| entry.by.as_mut()) {
            if let Some(name) = new_name(by) {
                (*by, renamed) = (name, true);
            }
        }
        renamed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_job_that_fails_for_weeks_it_is_known_how_it_began_and_what_came_last() {
        let mut log = Log::default();
        (0..500).for_each(|at| log.add(UtcMs(at), Happened::Failed, None, &"x".repeat(10_000)));
        let at: Vec<i64> = log.entries().iter().map(|entry| entry.at.0).collect();
        assert_eq!((at.len() as u64 + log.left_out(), &at[..FIRST]), (500, &[0, 1, 2, 3, 4][..]));
        assert_eq!(at[FIRST..], (465..500).collect::<Vec<_>>());
        assert!(log.entries().iter().all(|entry| entry.text.len() == MOST_CHARS));
    }
}
