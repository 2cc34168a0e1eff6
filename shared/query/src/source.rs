//! Where do samples come from?

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::{Coverage, Halt, LabelSet, Limits, Matcher};

/// Whether the one who reads wants more.
pub type Visit = ControlFlow<()>;

/// What a node keeps, as a question sees it. The hub's log, the relay's log, and a vector in a test are all this.
///
/// # How to implement it
/// Walk over the machines, pass over those whose [`Owner::may_match`](crate::Owner::may_match) says no, make each
/// series' labels with [`LabelSet::of`], keep those where [`all_match`](crate::all_match), and give their samples piece
/// by piece, a segment at a time. Ask `limits.stop.check()?` before each segment. Stop at once when the sink breaks.
///
/// The sink may wait for a slow reader (an export over a bad link): hold no lock and no read transaction while calling
/// it.
pub trait Source: Send + Sync {
    /// Gives the samples of every series that matches, from `start_ms` to `end_ms`, both included.
    ///
    /// A series may come in several pieces. Within a piece times rise; pieces of one series may come in any order and
    /// may overlap (two lives of one store, a live tick before its segment): the reader merges them by time, and of two
    /// samples of one moment keeps the one that came last. Times are true times, put right by the machine's anchors.
    ///
    /// # Errors
    /// When storage fails, or `limits.stop` said so.
    fn select(
        &self,
        matchers: &[Matcher],
        start_ms: i64,
        end_ms: i64,
        limits: &Limits,
        sink: &mut dyn FnMut(SeriesSamples<'_>) -> Visit,
    ) -> Result<Coverage, SourceError>;

    /// Gives the labels of every series that matches and may have samples from `start_ms` to `end_ms`. A series may come
    /// more than once, and one without samples in the range may come too.
    ///
    /// Reads the samples unless the storage knows a shorter way.
    ///
    /// # Errors
    /// As [`Source::select`].
    fn series(
        &self,
        matchers: &[Matcher],
        start_ms: i64,
        end_ms: i64,
        limits: &Limits,
        sink: &mut dyn FnMut(&Arc<LabelSet>) -> Visit,
    ) -> Result<Coverage, SourceError> {
        self.select(matchers, start_ms, end_ms, limits, &mut |piece| sink(piece.labels))
    }
}

/// A piece of one series: two columns of equal length, borrowed so that a source can use its buffers again.
#[derive(Debug, Clone, Copy)]
pub struct SeriesSamples<'a> {
    /// The labels.
    pub labels: &'a Arc<LabelSet>,
    /// Milliseconds since 1970 UTC, rising.
    pub timestamps_ms: &'a [i64],
    /// The values.
    pub values: &'a [f64],
}

/// A source that could not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// `limits.stop` said so.
    #[error("the question was given up")]
    Halted(Halt),
    /// Storage failed. The text is for logs and for whoever asked: no path, no key.
    #[error("storage could not be read: {0}")]
    Failed(String),
}

impl From<Halt> for SourceError {
    fn from(halt: Halt) -> Self {
        Self::Halted(halt)
    }
}
