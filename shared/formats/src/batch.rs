//! What do all formats have in common? Series of others, with their samples and what is known about them.

use std::sync::Arc;

use crate::LeftOut;

/// The label that holds a series' name.
pub const NAME: &str = "__name__";

/// The bits with which Prometheus says that a series is no longer there: a NaN among all others.
pub const STALE_NAN_BITS: u64 = 0x7ff0_0000_0000_0002;

/// The bits of the NaN that Prometheus keeps for every NaN written as text.
pub const NORMAL_NAN_BITS: u64 = 0x7ff8_0000_0000_0001;

/// Whether a value says that its series is no longer there.
pub fn is_stale(value: f64) -> bool {
    value.to_bits() == STALE_NAN_BITS
}

/// A moment in milliseconds since 1970 UTC, and a value of which every bit is kept.
pub type ForeignSample = (i64, f64);

/// What one body, page or flush said.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Batch {
    /// The series, as the sender ordered them. One series may stand twice; storage merges them.
    pub series: Vec<ForeignSeries>,
    /// Metadata, by family name. Prometheus sends it apart from samples, so a family may have no series here.
    pub families: Vec<Family>,
    /// What was left out, and why.
    pub left_out: LeftOut,
}

impl Batch {
    /// Samples in all series.
    pub fn samples(&self) -> usize {
        self.series.iter().map(|series| series.samples.len()).sum()
    }
}

/// One series and its samples.
#[derive(Debug, Clone, PartialEq)]
pub struct ForeignSeries {
    /// Sorted by name, each name once, no name or value empty, [`NAME`] among them; any UTF-8.
    pub labels: Vec<(String, String)>,
    /// In the sender's order.
    pub samples: Vec<ForeignSample>,
    /// What is known about the family, shared with the other series of it.
    pub metadata: Option<Arc<Metadata>>,
    /// Since when a total counts, in milliseconds since 1970 UTC, where the sender says so.
    pub started_ms: Option<i64>,
}

impl ForeignSeries {
    /// The series' name; empty only for labels that did not come from this crate.
    pub fn name(&self) -> &str {
        label(&self.labels, NAME).unwrap_or_default()
    }
}

/// The value of a label, in labels sorted by name.
pub fn label<'a, S: AsRef<str>>(labels: &'a [(S, S)], name: &str) -> Option<&'a str> {
    let at = labels.binary_search_by(|(key, _)| key.as_ref().cmp(name)).ok()?;
    Some(labels[at].1.as_ref())
}

/// What is known about the metrics of one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family {
    /// The name, for histograms and summaries without `_bucket`, `_sum` and `_count`.
    pub name: String,
    /// What is known.
    pub metadata: Arc<Metadata>,
}

/// Kind, help and unit of a family, as its sender said them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    /// What its values mean.
    pub kind: Kind,
    /// A sentence for people; may be empty.
    pub help: String,
    /// A unit; may be empty.
    pub unit: String,
}

/// What the values of a family mean, as OpenMetrics divides them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Not said.
    #[default]
    Unknown,
    /// A total that only grows, until it starts again.
    Counter,
    /// A level that goes up and down.
    Gauge,
    /// Counts in buckets, with sum and count.
    Histogram,
    /// Levels in buckets, which may fall.
    GaugeHistogram,
    /// Quantiles, with sum and count.
    Summary,
    /// Text in labels, with the value 1.
    Info,
    /// Which of several states hold, each 0 or 1.
    StateSet,
}

impl Kind {
    /// The word of the text formats.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::GaugeHistogram => "gaugehistogram",
            Self::Summary => "summary",
            Self::Info => "info",
            Self::StateSet => "stateset",
        }
    }

    /// The kind of a word of the text formats; `untyped` is 0.0.4's word for unknown.
    pub fn of_word(word: &str) -> Option<Self> {
        Some(match word {
            "unknown" | "untyped" => Self::Unknown,
            "counter" => Self::Counter,
            "gauge" => Self::Gauge,
            "histogram" => Self::Histogram,
            "gaugehistogram" => Self::GaugeHistogram,
            "summary" => Self::Summary,
            "info" => Self::Info,
            "stateset" => Self::StateSet,
            _ => return None,
        })
    }
}
