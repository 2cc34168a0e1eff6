//! Everything one agent measured at one moment.

use serde::{Deserialize, Serialize};

use crate::{Moment, Seq, SeriesIx};

/// One value of one series, kept as a whole number in the series' resolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// Which series of the stream.
    pub series: SeriesIx,
    /// The value in steps of the series' [`Resolution`](crate::Resolution).
    pub value: i64,
}

/// Everything one agent measured at one moment: what is numbered, carried, acknowledged and counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tick {
    /// Its number in the stream.
    pub seq: Seq,
    /// When it was measured.
    pub at: Moment,
    /// Sorted by series, each series at most once.
    pub samples: Vec<Sample>,
}

impl Tick {
    /// Whether the samples are sorted and no series stands twice.
    pub fn is_well_formed(&self) -> bool {
        self.samples.windows(2).all(|pair| pair[0].series < pair[1].series)
    }

    /// The value of a series in this tick, if it was measured.
    pub fn value(&self, series: SeriesIx) -> Option<i64> {
        let at = self.samples.binary_search_by_key(&series, |sample| sample.series).ok()?;
        Some(self.samples[at].value)
    }
}
