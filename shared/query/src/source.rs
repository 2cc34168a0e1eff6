//! Where do samples come from?

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::{Cell, Coverage, Halt, LabelSet, Limits, Matcher, Wish};

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
    /// Gives the samples of every series that matches, from `start_ms` to `end_ms` of the selection, both included.
    ///
    /// A series may come in several pieces. Within a piece times rise; pieces of one series may come in any order and
    /// may overlap (two lives of one store, a live tick before its segment): the reader merges them by time, and of two
    /// samples of one moment keeps the one that came last. Times are true times, put right by the machine's anchors.
    ///
    /// # Errors
    /// When storage fails, or `limits.stop` said so.
    fn select(
        &self,
        selection: &Selection<'_>,
        limits: &Limits,
        sink: &mut dyn FnMut(SeriesSamples<'_>) -> Visit,
    ) -> Result<Coverage, SourceError>;

    /// As [`Source::select`], and where single samples are no longer kept, or too many for what is asked, what minutes or
    /// hours came down to, as far as `wish` allows. No sample is given in both forms, nor in two cells. The coverage says
    /// what was given as cells.
    ///
    /// # Errors
    /// As [`Source::select`].
    fn select_parts(
        &self,
        selection: &Selection<'_>,
        _wish: Wish,
        limits: &Limits,
        sink: &mut dyn FnMut(SeriesPart<'_>) -> Visit,
    ) -> Result<Coverage, SourceError> {
        self.select(selection, limits, &mut |samples| sink(SeriesPart::Samples(samples)))
    }

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
        self.select(&Selection::new(matchers, start_ms, end_ms), limits, &mut |piece| sink(piece.labels))
    }
}

/// [`Source::select`] of a source that gives parts: single samples, and nothing that stands for them.
///
/// # Errors
/// As [`Source::select`].
pub fn samples_alone(
    source: &dyn Source,
    selection: &Selection<'_>,
    limits: &Limits,
    sink: &mut dyn FnMut(SeriesSamples<'_>) -> Visit,
) -> Result<Coverage, SourceError> {
    source.select_parts(selection, Wish::RAW, limits, &mut |part| match part {
        SeriesPart::Samples(samples) => sink(samples),
        // Not wished for.
        SeriesPart::Cells(_) => Visit::Continue(()),
    })
}

/// What is wanted of a source, and what for.
#[derive(Debug, Clone, Copy)]
pub struct Selection<'a> {
    /// A series is wanted when all of these match.
    pub matchers: &'a [Matcher],
    /// The oldest moment that is wanted, in ms since 1970 UTC.
    pub start_ms: i64,
    /// The newest, included.
    pub end_ms: i64,
    /// What the samples are for.
    pub hints: Hints,
}

/// What samples are for. A source that keeps several resolutions may choose by it; one that does not pays no attention.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hints {
    /// How far the moments of the answer are apart; nothing when there is only one, or when all samples are wanted.
    pub step_ms: Option<i64>,
    /// How far back each moment looks: the range of a range vector, the lookback of an instant vector.
    pub range_ms: Option<i64>,
    /// The function over the range, such as `rate` or `max_over_time`; nothing for an instant vector.
    pub function: Option<&'static str>,
    /// Only the newest sample of each series matters: an instant vector at one moment. A source that has it at hand need
    /// not look further back.
    pub newest_alone: bool,
    /// Only the newest sample at or before each moment matters: an instant vector at each step. The moments are `end_ms`
    /// of the selection and every `step_ms` before it; a source may leave out what is the newest at none of them.
    pub newest_at_steps: bool,
}

impl<'a> Selection<'a> {
    /// All samples of a time, for no purpose that is told.
    pub fn new(matchers: &'a [Matcher], start_ms: i64, end_ms: i64) -> Self {
        Self { matchers, start_ms, end_ms, hints: Hints::default() }
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

/// A piece of one series in either form.
#[derive(Debug, Clone, Copy)]
pub enum SeriesPart<'a> {
    /// Single samples.
    Samples(SeriesSamples<'a>),
    /// What minutes or hours came down to.
    Cells(SeriesCells<'a>),
}

/// Minutes or hours of one series.
#[derive(Debug, Clone, Copy)]
pub struct SeriesCells<'a> {
    /// The labels.
    pub labels: &'a Arc<LabelSet>,
    /// All of one length, in order of time.
    pub cells: &'a [Cell],
}

impl<'a> SeriesPart<'a> {
    /// The labels.
    pub fn labels(&self) -> &'a Arc<LabelSet> {
        match self {
            Self::Samples(samples) => samples.labels,
            Self::Cells(cells) => cells.labels,
        }
    }
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
