//! What does a body say, without a copy of its texts?

use std::collections::HashMap;
use std::sync::Arc;

use crate::{Batch, Counted, DecodeError, Family, ForeignSample, ForeignSeries, Kind, LeftOut, Limits, Metadata, NAME};
use crate::{Place, Reason, family::family_of};

/// A batch whose texts are still the sender's bytes: three flat columns, whatever the number of series.
///
/// It exists only once the whole body was read, so whoever walks it never sees half of a batch that is then refused.
#[derive(Debug)]
pub struct View<'a> {
    limits: Limits,
    labels: Vec<(&'a str, &'a str)>,
    samples: Vec<ForeignSample>,
    spans: Vec<Span<'a>>,
    families: Vec<(&'a str, MetadataView<'a>)>,
    left_out: LeftOut,
}

/// One series of a [`View`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SeriesView<'v, 'a> {
    /// As [`ForeignSeries::labels`]: sorted, each name once, none empty.
    pub labels: &'v [(&'a str, &'a str)],
    /// In the sender's order; never none.
    pub samples: &'v [ForeignSample],
    /// What is known about its family.
    pub metadata: Option<MetadataView<'a>>,
    /// As [`ForeignSeries::started_ms`].
    pub started_ms: Option<i64>,
}

/// As [`Metadata`], in the sender's bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MetadataView<'a> {
    /// What the values mean.
    pub kind: Kind,
    /// A sentence for people; may be empty.
    pub help: &'a str,
    /// A unit; may be empty.
    pub unit: &'a str,
}

/// Where a series' labels and samples end; they begin where those of the series before it end.
#[derive(Debug)]
struct Span<'a> {
    labels_end: usize,
    samples_end: usize,
    metadata: Option<MetadataView<'a>>,
    started_ms: Option<i64>,
}

impl<'a> View<'a> {
    /// The series, as the sender ordered them.
    pub fn series(&self) -> impl Iterator<Item = SeriesView<'_, 'a>> {
        let mut begin = (0, 0);
        self.spans.iter().map(move |span| {
            let (labels, samples) = std::mem::replace(&mut begin, (span.labels_end, span.samples_end));
            SeriesView {
                labels: &self.labels[labels..span.labels_end],
                samples: &self.samples[samples..span.samples_end],
                metadata: span.metadata,
                started_ms: span.started_ms,
            }
        })
    }

    /// Metadata that came apart from series, by family name.
    pub fn families(&self) -> &[(&'a str, MetadataView<'a>)] {
        &self.families
    }

    /// How many series.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there are no series.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Samples in all series.
    pub fn samples(&self) -> usize {
        self.samples.len()
    }

    /// What was left out, and why.
    pub fn left_out(&self) -> &LeftOut {
        &self.left_out
    }

    /// The same as a batch that owns its texts.
    ///
    /// # Errors
    /// When the texts, written down for each series, are more than [`Limits::text_bytes`].
    pub fn to_batch(&self) -> Result<Batch, DecodeError> {
        self.check_text_bytes()?;
        let families: Vec<_> = self.families.iter().map(|(name, known)| family(name, known)).collect();
        let mut last: Option<(MetadataView<'a>, Arc<Metadata>)> = None;
        let series = self.series().map(|series| ForeignSeries {
            labels: series.labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            samples: series.samples.to_vec(),
            metadata: series.metadata.map(|known| shared(&mut last, known)),
            started_ms: series.started_ms,
        });
        Ok(Batch { series: series.collect(), families, left_out: self.left_out.clone() })
    }

    fn check_text_bytes(&self) -> Result<(), DecodeError> {
        let mut bytes = 0_usize;
        for (at, series) in self.series().enumerate() {
            let labels = series.labels.iter().map(|(name, value)| name.len() + value.len());
            let known = series.metadata.map_or(0, |known| known.help.len() + known.unit.len());
            bytes = bytes.saturating_add(labels.sum::<usize>() + known);
            if bytes > self.limits.text_bytes {
                let (what, cap, at) = (Counted::TextBytes, self.limits.text_bytes, Place::Series(at));
                return Err(DecodeError::TooMany { what, cap, at });
            }
        }
        Ok(())
    }
}

impl MetadataView<'_> {
    fn fits(&self, limits: &Limits) -> bool {
        limits.fits(self.help) && limits.fits(self.unit)
    }

    fn owned(self) -> Arc<Metadata> {
        Arc::new(Metadata { kind: self.kind, help: self.help.to_owned(), unit: self.unit.to_owned() })
    }
}

fn family(name: &str, known: &MetadataView<'_>) -> Family {
    Family { name: name.to_owned(), metadata: known.owned() }
}

/// Series of one family follow each other, so remembering the last metadata shares nearly all of it.
fn shared<'a>(last: &mut Option<(MetadataView<'a>, Arc<Metadata>)>, known: MetadataView<'a>) -> Arc<Metadata> {
    match last {
        Some((seen, owned)) if *seen == known => Arc::clone(owned),
        _ => Arc::clone(&last.insert((known, known.owned())).1),
    }
}

/// Puts a view together, series by series, within the limits.
#[derive(Debug)]
pub(crate) struct Builder<'a> {
    view: View<'a>,
    open: Open,
}

/// What is known of the series that is being read.
#[derive(Debug, Default)]
struct Open {
    labels_begin: usize,
    samples_begin: usize,
    labels_seen: usize,
    refused: Option<Reason>,
    named: bool,
}

impl<'a> Builder<'a> {
    pub(crate) fn new(limits: Limits) -> Self {
        let (labels, samples, spans, families) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let view = View { limits, labels, samples, spans, families, left_out: LeftOut::default() };
        Self { view, open: Open::default() }
    }

    pub(crate) fn begin(&mut self) {
        let (labels_begin, samples_begin) = (self.view.labels.len(), self.view.samples.len());
        self.open = Open { labels_begin, samples_begin, ..Open::default() };
    }

    /// A label of the open series. An empty value is the same as no label.
    #[inline]
    pub(crate) fn label(&mut self, name: &'a str, value: &'a str) {
        self.open.labels_seen += 1;
        if value.is_empty() || self.open.refused.is_some() {
            return;
        }
        let limits = &self.view.limits;
        if self.open.labels_seen > limits.labels_per_series || !limits.fits(name) || !limits.fits(value) {
            self.open.refused = Some(Reason::OverLimit);
        } else if name.is_empty() {
            self.open.refused = Some(Reason::InvalidLabels);
        } else {
            self.open.named |= name == NAME;
            self.view.labels.push((name, value));
        }
    }

    /// A sample of the open series.
    #[inline]
    pub(crate) fn sample(&mut self, time_ms: i64, value: f64, at: Place) -> Result<(), DecodeError> {
        let cap = self.view.limits.samples;
        if self.view.samples.len() >= cap {
            return Err(DecodeError::TooMany { what: Counted::Samples, cap, at });
        }
        self.view.samples.push((time_ms, value));
        Ok(())
    }

    pub(crate) fn leave_out(&mut self, reason: Reason, count: u64) {
        self.view.left_out.add(reason, count);
    }

    /// Ends the open series: keeps it, or leaves it out and counts its samples. One without samples is nothing.
    pub(crate) fn end(
        &mut self,
        metadata: Option<MetadataView<'a>>,
        started_ms: Option<i64>,
        at: Place,
    ) -> Result<(), DecodeError> {
        let samples = self.view.samples.len() - self.open.samples_begin;
        if let Some(reason) = self.fault() {
            self.view.left_out.add(reason, samples as u64);
            self.roll_back();
        } else if samples == 0 {
            self.roll_back();
        } else {
            let cap = self.view.limits.series;
            if self.view.spans.len() >= cap {
                return Err(DecodeError::TooMany { what: Counted::Series, cap, at });
            }
            let over = metadata.is_some_and(|known| !known.fits(&self.view.limits));
            self.view.left_out.add(Reason::MetadataOverLimit, u64::from(over));
            let metadata = metadata.filter(|_| !over);
            let (labels_end, samples_end) = (self.view.labels.len(), self.view.samples.len());
            self.view.spans.push(Span { labels_end, samples_end, metadata, started_ms });
        }
        Ok(())
    }

    /// Metadata that comes apart from series.
    pub(crate) fn family(&mut self, name: &'a str, known: MetadataView<'a>, at: Place) -> Result<(), DecodeError> {
        let limits = &self.view.limits;
        if self.view.families.len() >= limits.series {
            return Err(DecodeError::TooMany { what: Counted::Families, cap: limits.series, at });
        }
        if limits.fits(name) && known.fits(limits) {
            self.view.families.push((name, known));
        } else {
            self.view.left_out.add(Reason::MetadataOverLimit, 1);
        }
        Ok(())
    }

    pub(crate) fn finish(mut self) -> View<'a> {
        if !self.view.families.is_empty() && !self.view.spans.is_empty() {
            self.attach_families();
        }
        self.view
    }

    fn fault(&mut self) -> Option<Reason> {
        if self.open.refused.is_some() {
            return self.open.refused;
        }
        let labels = &mut self.view.labels[self.open.labels_begin..];
        if !ascending(labels) {
            labels.sort_unstable();
        }
        (!self.open.named || !ascending(labels)).then_some(Reason::InvalidLabels)
    }

    fn roll_back(&mut self) {
        self.view.labels.truncate(self.open.labels_begin);
        self.view.samples.truncate(self.open.samples_begin);
    }

    fn attach_families(&mut self) {
        let known: HashMap<&str, MetadataView<'a>> = self.view.families.iter().copied().collect();
        let mut begin = 0;
        for span in &mut self.view.spans {
            let labels = &self.view.labels[std::mem::replace(&mut begin, span.labels_end)..span.labels_end];
            if span.metadata.is_none() {
                let name = crate::label(labels, NAME).unwrap_or_default();
                span.metadata = family_of(name, |name| known.get(name).copied(), |known| known.kind);
            }
        }
    }
}

/// Sorted by name, each name once.
fn ascending(labels: &[(&str, &str)]) -> bool {
    labels.windows(2).all(|pair| pair[0].0 < pair[1].0)
}
