//! How can a job stand?

use serde::{Deserialize, Serialize};

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// It waits for its moment.
    Scheduled,
    /// Its moment has come; it waits for its turn.
    Due,
    /// It is under way.
    Running,
    /// It failed, and waits to be tried again.
    Retrying,
    /// It was given up, and waits for somebody to look.
    Dead,
    /// It is done.
    Done,
    /// It was called off.
    Cancelled,
}

impl JobState {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Scheduled, Self::Due, Self::Running, Self::Retrying, Self::Dead, Self::Done, Self::Cancelled];

    /// Their names.
    pub const WORDS: [&'static str; 7] = ["scheduled", "due", "running", "retrying", "dead", "done", "cancelled"];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Due => "due",
            Self::Running => "running",
            Self::Retrying => "retrying",
            Self::Dead => "dead",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
        }
    }
}
