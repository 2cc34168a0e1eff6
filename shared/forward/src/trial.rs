//! What of a batch does a receiver refuse?
//!
//! A receiver says yes or no to a whole request. When it says no, the request is split until the samples that it refuses
//! stand alone; they are counted and passed over, and the rest arrives. Knows places in a batch, not samples.

use std::ops::Range;

/// A part of this many samples or fewer is probed before it is split further: where a receiver refuses everything of a
/// time (too old for it), splitting down to each sample would take two requests for each.
const PROBED: usize = 256;

/// Samples tried one by one, spread over such a part. When all are refused the part is; where a receiver takes one in two
/// of them it is wrong once in four thousand parts.
const PROBES: usize = 12;

/// One batch on its way through refusals.
#[derive(Debug, Clone)]
pub struct Trial {
    /// Parts to be sent, the next one last.
    parts: Vec<Part>,
    refused: u64,
}

#[derive(Debug, Clone)]
struct Part {
    range: Range<usize>,
    /// How many of its probes were refused, once it is probed.
    probed: Option<usize>,
}

impl Trial {
    /// A batch to be sent in these requests, one after the other.
    pub fn new(requests: impl IntoIterator<Item = Range<usize>>) -> Self {
        let parts = requests.into_iter().filter(|range| !range.is_empty());
        let mut parts: Vec<Part> = parts.map(|range| Part { range, probed: None }).collect();
        parts.reverse();
        Self { parts, refused: 0 }
    }

    /// The places of the samples to send next; nothing when all is decided. Asked again without a word of how it went, it
    /// answers the same.
    pub fn next(&self) -> Option<Range<usize>> {
        let part = self.parts.last()?;
        Some(match part.probed {
            None => part.range.clone(),
            Some(probes) => {
                let at = part.range.start + probes * part.range.len() / PROBES;
                at..at + 1
            }
        })
    }

    /// The receiver took what was sent last.
    pub fn taken(&mut self) {
        let Some(part) = self.parts.pop() else { return };
        if part.probed.is_some() {
            self.split(&part.range);
        }
    }

    /// The receiver refuses what was sent last; sent again it would refuse it again.
    pub fn refuse(&mut self) {
        let Some(part) = self.parts.pop() else { return };
        let len = part.range.len();
        match part.probed {
            None if len == 1 => self.refused += 1,
            None if len > 2 * PROBES && len <= PROBED => self.parts.push(Part { probed: Some(0), ..part }),
            None => self.split(&part.range),
            Some(probes) if probes + 1 < PROBES => self.parts.push(Part { probed: Some(probes + 1), ..part }),
            Some(_) => self.refused += len as u64,
        }
    }

    /// Samples that were refused for good.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    fn split(&mut self, range: &Range<usize>) {
        let middle = range.start + range.len() / 2;
        self.parts.push(Part { range: middle..range.end, probed: None });
        self.parts.push(Part { range: range.start..middle, probed: None });
    }
}
