//! What does a scraped page say?

use std::collections::HashMap;
use std::sync::Arc;

use super::TextFormat;
use super::line::{Line, Sample};
use crate::family::family_of;
use crate::gather::Gather;
use crate::{Batch, DecodeError, Limits, Metadata, NAME, Place, Reason};

/// Reads a page that was scraped at `at_ms`, which is the time of every sample that says none of its own.
///
/// Exemplars are counted and left out; `_created` series of OpenMetrics are kept as series, as Prometheus keeps them.
///
/// # Errors
/// When a line can not be read, OpenMetrics' end is missing, or the page is over a cap of the whole batch: nothing is
/// kept of such a page, as a scrape is whole or failed.
pub fn parse(body: &[u8], format: TextFormat, at_ms: i64, limits: &Limits) -> Result<Batch, DecodeError> {
    if body.len() > limits.body_bytes {
        return Err(DecodeError::BodyTooLarge { found: body.len() as u64, cap: limits.body_bytes });
    }
    let text = std::str::from_utf8(body).map_err(|error| not_utf8(body, error.valid_up_to()))?;
    let mut page = Page { gather: Gather::new(limits), families: Families::default(), limits: *limits, at_ms };
    let mut ended = false;
    for (nth, line) in text.split('\n').enumerate() {
        let at = Place::Line(nth + 1);
        let malformed = |what| DecodeError::Malformed { what, at };
        let line = Line::read(line, format, limits.labels_per_series).map_err(malformed)?;
        if ended && !matches!(line, Line::Blank) {
            return Err(malformed("something behind the end mark"));
        }
        ended |= matches!(line, Line::End);
        page.take(line, at)?;
    }
    if format == TextFormat::OpenMetrics && !ended {
        let at = Place::Line(text.split('\n').count());
        return Err(DecodeError::Malformed { what: "no end mark, so the page was cut short", at });
    }
    page.finish()
}

fn not_utf8(body: &[u8], at: usize) -> DecodeError {
    let line = 1 + body[..at].iter().filter(|byte| **byte == b'\n').count();
    DecodeError::Malformed { what: "a text that is not UTF-8", at: Place::Line(line) }
}

/// A page that is being read.
#[derive(Debug)]
struct Page {
    gather: Gather,
    families: Families,
    limits: Limits,
    at_ms: i64,
}

impl Page {
    fn take(&mut self, line: Line<'_>, at: Place) -> Result<(), DecodeError> {
        match line {
            Line::Blank | Line::End => {}
            Line::Type(name, kind) => self.families.known(&name, at, &self.limits)?.kind = kind,
            Line::Help(name, help) => self.families.known(&name, at, &self.limits)?.help = help.into_owned(),
            Line::Unit(name, unit) => self.families.known(&name, at, &self.limits)?.unit = unit.to_owned(),
            Line::Sample(sample) => self.sample(sample, at)?,
        }
        Ok(())
    }

    fn sample(&mut self, sample: Sample<'_>, at: Place) -> Result<(), DecodeError> {
        self.gather.leave_out(Reason::Exemplar, u64::from(sample.exemplar));
        let labels = sample.labels.into_iter().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        let time_ms = sample.time_ms.unwrap_or(self.at_ms);
        self.gather.series(labels, vec![(time_ms, sample.value)], None, None, at)
    }

    /// Gives each series what is known of its family: what stands below a sample counts as well.
    fn finish(mut self) -> Result<Batch, DecodeError> {
        let mut known = HashMap::new();
        for (name, metadata, at) in self.families.in_order {
            let metadata = Arc::new(metadata);
            if self.gather.family(&name, &metadata, at)? {
                known.insert(name, metadata);
            }
        }
        let mut batch = self.gather.batch;
        for series in &mut batch.series {
            let name = crate::label(&series.labels, NAME).unwrap_or_default();
            let metadata = family_of(name, |name| known.get(name), |metadata| metadata.kind).map(Arc::clone);
            series.metadata = metadata;
        }
        Ok(batch)
    }
}

/// What comments have said about families so far.
#[derive(Debug, Default)]
struct Families {
    places: HashMap<String, usize>,
    in_order: Vec<(String, Metadata, Place)>,
}

impl Families {
    fn known(&mut self, name: &str, at: Place, limits: &Limits) -> Result<&mut Metadata, DecodeError> {
        let place = match self.places.get(name) {
            Some(place) => *place,
            None => {
                let place = self.in_order.len();
                if place >= limits.series {
                    return Err(DecodeError::TooMany { what: crate::Counted::Families, cap: limits.series, at });
                }
                self.places.insert(name.to_owned(), place);
                self.in_order.push((name.to_owned(), Metadata::default(), at));
                place
            }
        };
        Ok(&mut self.in_order[place].1)
    }
}
