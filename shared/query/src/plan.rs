//! What is there to work out, once a text is read?
//!
//! One variant for each thing that can be worked out: what a node needs is in it, checked, so that evaluation has nothing
//! left to refuse but values.

use std::sync::Arc;

use regex::Regex;

use crate::calendar::Part;
use crate::operator::Operator;
use crate::rolling::Rolling;
use crate::{LabelSet, Matcher};

/// An expression.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    Number(f64),
    Text(String),
    /// The moment of the step, in seconds.
    Time,
    Instant(Selector),
    /// A range vector that stands alone.
    Windows(Box<Windows>),
    /// What is the same at every step, worked out once.
    Once(Box<Node>),
    Negate(Box<Node>),
    Binary(Box<Binary>),
    Aggregate(Box<Aggregate>),
    Rolling(Box<RollingCall>),
    Absent(Box<Node>, Arc<LabelSet>),
    AbsentOverTime(Box<Windows>, Arc<LabelSet>),
    /// Each value by itself.
    Each(fn(f64) -> f64, Box<Node>),
    Clamp {
        of: Box<Node>,
        least: Option<Box<Node>>,
        most: Option<Box<Node>>,
    },
    Round {
        of: Box<Node>,
        to: Box<Node>,
    },
    /// A part of the date, of each value or of the moment itself.
    Calendar(Part, Box<Node>),
    /// The moment of each sample that a selector finds.
    TimestampOf(Selector),
    /// The moment of the step for each series.
    Timestamp(Box<Node>),
    ToScalar(Box<Node>),
    ToVector(Box<Node>),
    Sort {
        of: Box<Node>,
        descending: bool,
    },
    SortByLabel {
        of: Box<Node>,
        names: Vec<String>,
        descending: bool,
    },
    Relabel(Box<Relabel>),
    HistogramQuantile {
        of: Box<Node>,
        quantile: Box<Node>,
    },
    /// A function on native histograms, of which there are none here.
    NoHistograms(Vec<Node>),
}

/// The type of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Scalar,
    Text,
    Vector,
    Matrix,
}

impl Kind {
    /// As Prometheus calls it in errors.
    pub(crate) fn documented(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Text => "string",
            Self::Vector => "instant vector",
            Self::Matrix => "range vector",
        }
    }
}

/// Which series, and how far from the moment of the question.
#[derive(Debug, Clone)]
pub(crate) struct Selector {
    pub(crate) matchers: Vec<Matcher>,
    pub(crate) when: When,
}

/// How the moment that is looked at follows from that of the step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct When {
    pub(crate) offset_ms: i64,
    pub(crate) at: At,
}

/// Which moment a selector looks at.
#[derive(Debug, Clone, Copy)]
pub(crate) enum At {
    /// That of the step.
    Step,
    /// The first of the range.
    Start,
    /// The last of the range.
    End,
    /// Always the same.
    Fixed(i64),
}

/// A range vector.
#[derive(Debug, Clone)]
pub(crate) enum Windows {
    Raw { selector: Selector, range_ms: i64 },
    Subquery { of: Node, range_ms: i64, step_ms: Option<i64>, when: When },
}

#[derive(Debug, Clone)]
pub(crate) struct RollingCall {
    pub(crate) rolling: Rolling,
    pub(crate) over: Windows,
    pub(crate) parameters: Vec<Node>,
}

#[derive(Debug, Clone)]
pub(crate) struct Binary {
    pub(crate) operator: Operator,
    pub(crate) left: Node,
    pub(crate) right: Node,
    /// A comparison says 0 or 1 instead of filtering.
    pub(crate) as_bool: bool,
    pub(crate) matching: Matching,
}

/// Which series of two vectors belong together.
#[derive(Debug, Clone)]
pub(crate) struct Matching {
    /// `on` these labels, or `ignoring` them.
    pub(crate) on: bool,
    pub(crate) labels: Vec<String>,
    pub(crate) many: Many,
}

/// Which side may have several series for one of the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Many {
    Neither,
    /// `group_left`, and the labels that are taken from the right.
    Left(Vec<String>),
    /// `group_right`, and the labels that are taken from the left.
    Right(Vec<String>),
}

#[derive(Debug, Clone)]
pub(crate) struct Aggregate {
    pub(crate) how: Aggregation,
    pub(crate) of: Node,
    pub(crate) grouping: Grouping,
}

#[derive(Debug, Clone)]
pub(crate) enum Aggregation {
    Sum,
    Avg,
    Min,
    Max,
    Count,
    Group,
    Stddev,
    Stdvar,
    Top(Node),
    Bottom(Node),
    Quantile(Node),
    CountValues(String),
}

/// Which series an aggregation puts together.
#[derive(Debug, Clone)]
pub(crate) enum Grouping {
    By(Vec<String>),
    Without(Vec<String>),
}

impl Grouping {
    /// The labels of the group that a series belongs to.
    pub(crate) fn of(&self, labels: &LabelSet) -> LabelSet {
        match self {
            Self::By(names) => labels.only(names),
            Self::Without(names) => labels.nameless().without(names),
        }
    }

    /// Whether a label of a series is one of its group.
    pub(crate) fn keeps(&self, name: &str) -> bool {
        match self {
            Self::By(names) => names.iter().any(|kept| kept == name),
            Self::Without(names) => name != crate::NAME && !names.iter().any(|dropped| dropped == name),
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Relabel {
    pub(crate) of: Node,
    pub(crate) to: String,
    pub(crate) rule: RelabelRule,
}

#[derive(Debug, Clone)]
pub(crate) enum RelabelRule {
    Replace {
        from: String,
        pattern: Regex,
        template: String,
    },
    Join {
        separator: String,
        from: Vec<String>,
    },
    /// It is wrong in a way that Prometheus notices only when it is worked out.
    Refused(String),
}

impl Node {
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Number(_) | Self::Time | Self::ToScalar(_) => Kind::Scalar,
            Self::Text(_) => Kind::Text,
            Self::Windows(_) => Kind::Matrix,
            Self::Once(of) | Self::Negate(of) => of.kind(),
            Self::Binary(binary) if binary.left.kind() == Kind::Scalar && binary.right.kind() == Kind::Scalar => {
                Kind::Scalar
            }
            Self::Instant(_)
            | Self::Binary(_)
            | Self::Aggregate(_)
            | Self::Rolling(_)
            | Self::Absent(..)
            | Self::AbsentOverTime(..)
            | Self::Each(..)
            | Self::Clamp { .. }
            | Self::Round { .. }
            | Self::Calendar(..)
            | Self::TimestampOf(_)
            | Self::Timestamp(_)
            | Self::ToVector(_)
            | Self::Sort { .. }
            | Self::SortByLabel { .. }
            | Self::Relabel(_)
            | Self::HistogramQuantile { .. }
            | Self::NoHistograms(_) => Kind::Vector,
        }
    }

    /// Whether it is the same at every step, whatever the step.
    pub(crate) fn is_fixed(&self) -> bool {
        match self {
            Self::Number(_) | Self::Text(_) | Self::Once(_) => true,
            Self::Time | Self::Timestamp(_) | Self::Windows(_) | Self::TimestampOf(_) => false,
            Self::Instant(selector) => selector.when.is_fixed(),
            Self::Negate(of) | Self::Each(_, of) | Self::Absent(of, _) | Self::Calendar(_, of) => of.is_fixed(),
            Self::ToScalar(of) | Self::ToVector(of) => of.is_fixed(),
            Self::Sort { of, .. } | Self::SortByLabel { of, .. } => of.is_fixed(),
            Self::Binary(binary) => binary.left.is_fixed() && binary.right.is_fixed(),
            Self::Aggregate(aggregate) => aggregate.of.is_fixed() && aggregate.how.is_fixed(),
            Self::Rolling(call) => {
                // It looks ahead from the moment of the step, wherever its window is.
                call.rolling != Rolling::PredictLinear
                    && call.over.is_fixed()
                    && call.parameters.iter().all(Self::is_fixed)
            }
            Self::AbsentOverTime(over, _) => over.is_fixed(),
            Self::Clamp { of, least, most } => {
                of.is_fixed() && [least, most].into_iter().flatten().all(|bound| bound.is_fixed())
            }
            Self::Round { of, to: by } | Self::HistogramQuantile { of, quantile: by } => of.is_fixed() && by.is_fixed(),
            Self::Relabel(relabel) => relabel.of.is_fixed(),
            Self::NoHistograms(arguments) => arguments.iter().all(Self::is_fixed),
        }
    }
}

impl When {
    pub(crate) fn is_fixed(self) -> bool {
        !matches!(self.at, At::Step)
    }
}

impl Windows {
    fn is_fixed(&self) -> bool {
        match self {
            Self::Raw { selector, .. } => selector.when.is_fixed(),
            Self::Subquery { when, .. } => when.is_fixed(),
        }
    }
}

impl Aggregation {
    fn is_fixed(&self) -> bool {
        match self {
            Self::Top(parameter) | Self::Bottom(parameter) | Self::Quantile(parameter) => parameter.is_fixed(),
            Self::Sum | Self::Avg | Self::Min | Self::Max | Self::Count | Self::Group => true,
            Self::Stddev | Self::Stdvar | Self::CountValues(_) => true,
        }
    }
}
