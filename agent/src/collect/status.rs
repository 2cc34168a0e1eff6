//! How is each collector doing?

use std::io;
use std::path::PathBuf;

/// How a collector's last round went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// It has not run yet.
    Waiting,
    /// It measured.
    Up,
    /// The machine has nothing for it: no sensors, no pressure figures in this kernel, no network filesystem.
    Absent,
    /// It could not measure; [`CollectorStatus::last_error`] says why. Its figures are missing meanwhile.
    Down,
}

/// One collector, for `status`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectorStatus {
    /// Its name, as in the label `collector`.
    pub name: &'static str,
    /// How its last round went.
    pub health: Health,
    /// Lines and figures it could not understand since the agent started.
    pub strange: u64,
    /// Rounds that failed since the agent started.
    pub failures: u64,
    /// What it last complained about, kept after it recovered.
    pub last_error: Option<String>,
}

impl CollectorStatus {
    pub(super) fn new(name: &'static str) -> Self {
        Self { name, health: Health::Waiting, strange: 0, failures: 0, last_error: None }
    }

    pub(super) fn note(&mut self, outcome: Result<(), CollectError>, strange: u64) {
        self.strange = self.strange.saturating_add(strange);
        match outcome {
            Ok(()) => self.health = Health::Up,
            Err(CollectError::Absent { .. } | CollectError::NothingHere) => self.health = Health::Absent,
            Err(error) => {
                self.health = Health::Down;
                self.failures = self.failures.saturating_add(1);
                self.last_error = Some(error.to_string());
            }
        }
    }
}

/// Why a collector has no figures this round.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// The kernel does not offer this file: not a failure.
    #[error("{path} is not on this machine")]
    Absent {
        /// The file.
        path: PathBuf,
    },
    /// There is nothing of this kind to measure: not a failure.
    #[error("there is nothing of this kind on this machine")]
    NothingHere,
    /// A file that should be there can not be read. It is opened again in the next round.
    #[error("could not read {path}: {source}; its figures are missing until it reads again")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// A file ended in the middle of a line, so that its last number may be half a number.
    #[error("{path} ended in the middle of a line; its figures are missing this round")]
    Cut {
        /// The file.
        path: PathBuf,
    },
    /// A file larger than a machine text can be.
    #[error("{path} is larger than {limit} bytes; its figures are missing this round")]
    TooLong {
        /// The file.
        path: PathBuf,
        /// What is read at most.
        limit: usize,
    },
    /// Nothing in a file made sense.
    #[error("{path} holds none of the figures it should; its figures are missing this round")]
    Strange {
        /// The file.
        path: PathBuf,
    },
    /// The answer did not come in time. It is dropped when it comes, because nobody knows what time it speaks of.
    #[error("no answer within {patience_ms} ms; its figures are missing until it answers")]
    Late {
        /// How long the round waited.
        patience_ms: u64,
    },
    /// An earlier question has still not been answered. No new one is asked meanwhile.
    #[error("still waiting for an answer since {rounds} rounds; its figures are missing until it answers")]
    Stuck {
        /// Rounds that went by.
        rounds: u64,
    },
    /// The thread that asks could not be started. It is tried again in the next round.
    #[error("could not start a thread: {0}; its figures are missing until one starts")]
    NoThread(io::Error),
    /// The collector or its thread panicked. It is started afresh in the next round.
    #[error("the collector panicked; it starts afresh in the next round")]
    Panicked,
    /// Asking the machine's library failed.
    #[error("could not ask for {what}: {reason}; its figures are missing this round")]
    Refused {
        /// What was asked for.
        what: &'static str,
        /// What the library said.
        reason: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_absent_is_no_failure() {
        let mut status = CollectorStatus::new("pressure");
        status.note(Err(CollectError::Absent { path: "/proc/pressure/cpu".into() }), 0);
        assert_eq!((status.health, status.failures), (Health::Absent, 0));
    }

    #[test]
    fn the_last_complaint_outlives_the_recovery() {
        let mut status = CollectorStatus::new("cpu");
        status.note(Err(CollectError::Cut { path: "/proc/stat".into() }), 2);
        status.note(Ok(()), 1);
        assert_eq!((status.health, status.strange), (Health::Up, 3));
        assert!(status.last_error.is_some_and(|text| text.contains("/proc/stat")));
    }
}
