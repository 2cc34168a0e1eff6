//! Why is there no answer, as Prometheus would say it?

use crate::{Halt, RegexError, SourceError};

/// A question without an answer. The variants are Prometheus' error types; the texts are its texts where it has one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// The question can not be read, or asks for an experiment that is not built.
    #[error("{0}")]
    BadData(String),
    /// It can be read but not worked out within the limits.
    #[error("{0}")]
    Execution(String),
    /// It took too long.
    #[error("query timed out in expression evaluation")]
    TimedOut,
    /// The asker left.
    #[error("query was canceled in expression evaluation")]
    Canceled,
    /// Storage failed.
    #[error("{0}")]
    Internal(String),
}

impl QueryError {
    /// The `errorType` of Prometheus' HTTP API.
    pub fn error_type(&self) -> &'static str {
        match self {
            Self::BadData(_) => "bad_data",
            Self::Execution(_) => "execution",
            Self::TimedOut => "timeout",
            Self::Canceled => "canceled",
            Self::Internal(_) => "internal",
        }
    }
}

impl From<RegexError> for QueryError {
    fn from(error: RegexError) -> Self {
        Self::BadData(error.to_string())
    }
}

impl From<Halt> for QueryError {
    fn from(halt: Halt) -> Self {
        match halt {
            Halt::TimedOut => Self::TimedOut,
            Halt::Canceled => Self::Canceled,
        }
    }
}

impl From<SourceError> for QueryError {
    fn from(error: SourceError) -> Self {
        match error {
            SourceError::Halted(halt) => halt.into(),
            SourceError::Failed(_) => Self::Internal(error.to_string()),
        }
    }
}
