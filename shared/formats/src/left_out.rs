//! What of a batch was not taken, and why?

use std::collections::BTreeMap;
use std::fmt;

/// Why something of an otherwise good batch was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Samples of a series without a name, with an empty label name or with a label name that stands twice.
    InvalidLabels,
    /// Samples of a series over a cap of one series: too many labels, or a text too long.
    OverLimit,
    /// Help or unit of a family too long; its samples are kept.
    MetadataOverLimit,
    /// Native (exponential, sparse) histograms.
    NativeHistogram,
    /// Exemplars.
    Exemplar,
    /// Points whose value is the change since the point before, as Prometheus' own receiver leaves them out.
    DeltaTemporality,
    /// Points that say no value, no time, or a time that no `i64` of milliseconds holds.
    NoValue,
    /// Metrics of a kind this version does not know.
    UnknownKind,
}

impl Reason {
    /// A word for logs, metrics and answers.
    pub fn word(self) -> &'static str {
        match self {
            Self::InvalidLabels => "invalid_labels",
            Self::OverLimit => "over_limit",
            Self::MetadataOverLimit => "metadata_over_limit",
            Self::NativeHistogram => "native_histogram",
            Self::Exemplar => "exemplar",
            Self::DeltaTemporality => "delta_temporality",
            Self::NoValue => "no_value",
            Self::UnknownKind => "unknown_kind",
        }
    }
}

/// Counts of what was left out, by reason. The unit is the sample, point, histogram, exemplar or metric itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeftOut {
    counts: BTreeMap<Reason, u64>,
}

impl LeftOut {
    /// Counts some more for a reason; nothing is nothing.
    pub fn add(&mut self, reason: Reason, count: u64) {
        if count > 0 {
            let so_far = self.counts.entry(reason).or_default();
            *so_far = so_far.saturating_add(count);
        }
    }

    /// What was left out for a reason.
    pub fn count(&self, reason: Reason) -> u64 {
        self.counts.get(&reason).copied().unwrap_or(0)
    }

    /// What was left out, all reasons together.
    pub fn total(&self) -> u64 {
        self.counts.values().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// What was left out of the samples themselves: everything but exemplars and metadata, which only decorate them.
    pub fn samples(&self) -> u64 {
        let decoration = [Reason::Exemplar, Reason::MetadataOverLimit];
        let counts = self.iter().filter(|(reason, _)| !decoration.contains(reason));
        counts.fold(0, |sum, (_, count)| sum.saturating_add(count))
    }

    /// Reasons that apply, with their counts.
    pub fn iter(&self) -> impl Iterator<Item = (Reason, u64)> + '_ {
        self.counts.iter().map(|(reason, count)| (*reason, *count))
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (reason, count)) in self.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{}: {count}", reason.word())?;
        }
        Ok(())
    }
}
