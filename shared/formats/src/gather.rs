//! Puts a batch with texts of its own together, within the limits.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::{Batch, Counted, DecodeError, Family, ForeignSample, ForeignSeries, Limits, Metadata, NAME, Place, Reason};

type Labels = Vec<(String, String)>;

/// A batch that is being put together.
#[derive(Debug)]
pub(crate) struct Gather {
    pub(crate) batch: Batch,
    limits: Limits,
    samples: usize,
    text_bytes: usize,
}

impl Gather {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { batch: Batch::default(), limits: *limits, samples: 0, text_bytes: 0 }
    }

    /// Keeps a series, or leaves it out and counts its samples.
    pub(crate) fn series(
        &mut self,
        labels: Labels,
        samples: Vec<ForeignSample>,
        metadata: Option<&Arc<Metadata>>,
        started_ms: Option<i64>,
        at: Place,
    ) -> Result<(), DecodeError> {
        match self.tidied(labels) {
            Err(reason) => self.batch.left_out.add(reason, samples.len() as u64),
            Ok(labels) => {
                self.count(&labels, samples.len(), at)?;
                let metadata = metadata.map(Arc::clone);
                self.batch.series.push(ForeignSeries { labels, samples, metadata, started_ms });
            }
        }
        Ok(())
    }

    /// Why a series of these labels and this name would be left out, before any is made of them.
    pub(crate) fn fault(&self, labels: &BTreeMap<String, String>, name: &str) -> Option<Reason> {
        let mut texts = labels.iter().flat_map(|(name, value)| [name.as_str(), value]).chain([name]);
        if labels.len() + 1 > self.limits.labels_per_series || !texts.all(|text| self.limits.fits(text)) {
            return Some(Reason::OverLimit);
        }
        labels.contains_key("").then_some(Reason::InvalidLabels)
    }

    /// Keeps what is known about a family, unless it is too long; says whether it was kept.
    pub(crate) fn family(&mut self, name: &str, metadata: &Arc<Metadata>, at: Place) -> Result<bool, DecodeError> {
        if ![name, &metadata.help, &metadata.unit].into_iter().all(|text| self.limits.fits(text)) {
            self.batch.left_out.add(Reason::MetadataOverLimit, 1);
            return Ok(false);
        }
        within(self.batch.families.len(), self.limits.series, Counted::Families, at)?;
        self.batch.families.push(Family { name: name.to_owned(), metadata: Arc::clone(metadata) });
        Ok(true)
    }

    pub(crate) fn leave_out(&mut self, reason: Reason, count: u64) {
        self.batch.left_out.add(reason, count);
    }

    /// Sorted, without empty values, or why not.
    fn tidied(&self, mut labels: Labels) -> Result<Labels, Reason> {
        labels.retain(|(_, value)| !value.is_empty());
        if labels.len() > self.limits.labels_per_series
            || !labels.iter().all(|(name, value)| self.limits.fits(name) && self.limits.fits(value))
        {
            return Err(Reason::OverLimit);
        }
        labels.sort_unstable();
        let twice = labels.windows(2).any(|pair| pair[0].0 == pair[1].0);
        let nameless = crate::label(&labels, NAME).is_none() || labels[0].0.is_empty();
        if twice || nameless { Err(Reason::InvalidLabels) } else { Ok(labels) }
    }

    fn count(&mut self, labels: &Labels, samples: usize, at: Place) -> Result<(), DecodeError> {
        within(self.batch.series.len(), self.limits.series, Counted::Series, at)?;
        self.samples += samples;
        self.text_bytes += labels.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
        within(self.samples.saturating_sub(1), self.limits.samples, Counted::Samples, at)?;
        within(self.text_bytes.saturating_sub(1), self.limits.text_bytes, Counted::TextBytes, at)
    }
}

/// Whether there is room for one more.
fn within(so_far: usize, cap: usize, what: Counted, at: Place) -> Result<(), DecodeError> {
    if so_far < cap { Ok(()) } else { Err(DecodeError::TooMany { what, cap, at }) }
}
