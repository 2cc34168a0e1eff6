//! Samples of several streams on their way together.

use std::ops::Range;
use std::sync::Arc;

use vigie_formats::remote_write::{RemoteWrite, V1Writer, V2Writer};
use vigie_formats::{ForeignSample, Metadata};
use vigie_merge::RangeSet;
use vigie_model::{StreamId, Tick};
use vigie_query::LabelSet;

/// Samples in one request: what Prometheus itself sends at once, and a second's worth of a slow line.
pub(crate) const REQUEST_SAMPLES: usize = 2_000;

/// Bytes of one request before it is packed, about: receivers refuse bodies from some megabytes on.
const REQUEST_BYTES: usize = 500_000;

/// What a sample takes on the wire: a double, a time, and their tags.
const SAMPLE_BYTES: usize = 18;

/// A series as receivers know it.
#[derive(Debug)]
pub(crate) struct Series {
    pub(crate) labels: LabelSet,
    pub(crate) metadata: Metadata,
    pub(crate) resolution: vigie_model::Resolution,
}

/// Some ticks of some streams, series by series.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    streams: Vec<Share>,
    samples: Vec<Sample>,
}

/// What of a stream is in a batch.
#[derive(Debug, Clone)]
pub(crate) struct Share {
    pub(crate) stream: StreamId,
    pub(crate) numbers: RangeSet,
    /// When the first and the last of it were measured, in ms since 1970 UTC.
    pub(crate) first_ms: i64,
    pub(crate) last_ms: i64,
}

#[derive(Debug, Clone)]
struct Sample {
    series: Arc<Series>,
    at_ms: i64,
    value: f64,
}

impl Batch {
    /// Adds ticks of one stream with their true times; all their series are among `series`.
    pub(crate) fn add(&mut self, stream: StreamId, ticks: &[(i64, Arc<Tick>)], series: &[Arc<Series>]) {
        let times = || ticks.iter().map(|(at_ms, _)| *at_ms);
        let (Some(first_ms), Some(last_ms)) = (times().min(), times().max()) else { return };
        let numbers = ticks.iter().map(|(_, tick)| (tick.seq.0, tick.seq.0)).collect();
        self.streams.push(Share { stream, numbers, first_ms, last_ms });
        let mut all: Vec<(u32, Sample)> = Vec::new();
        for (at_ms, tick) in ticks {
            for sample in &tick.samples {
                let Some(series) = series.get(sample.series.0 as usize) else { continue };
                let value = series.resolution.value(sample.value);
                all.push((sample.series.0, Sample { series: series.clone(), at_ms: *at_ms, value }));
            }
        }
        all.sort_by_key(|(series, sample)| (*series, sample.at_ms));
        self.samples.extend(all.into_iter().map(|(_, sample)| sample));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.samples.len()
    }

    pub(crate) fn shares(&self) -> &[Share] {
        &self.streams
    }

    /// Where it is cut into requests: at most so many samples and about so many bytes in each.
    pub(crate) fn requests(&self) -> Vec<Range<usize>> {
        let (mut requests, mut start, mut bytes) = (Vec::new(), 0, 0);
        for (at, sample) in self.samples.iter().enumerate() {
            let is_new = at == start || !Arc::ptr_eq(&self.samples[at - 1].series, &sample.series);
            let more = SAMPLE_BYTES + if is_new { sample.series.bytes() } else { 0 };
            if at > start && (at - start >= REQUEST_SAMPLES || bytes + more > REQUEST_BYTES) {
                requests.push(start..at);
                (start, bytes) = (at, 0);
            }
            bytes += more;
        }
        if start < self.samples.len() {
            requests.push(start..self.samples.len());
        }
        requests
    }

    /// The body of a request with some of its samples, packed.
    pub(crate) fn body(&self, range: Range<usize>, version: RemoteWrite) -> Vec<u8> {
        let of_series = self.samples[range].chunk_by(|a, b| Arc::ptr_eq(&a.series, &b.series));
        let columns = of_series.map(|some| {
            let samples: Vec<ForeignSample> = some.iter().map(|sample| (sample.at_ms, sample.value)).collect();
            (&some[0].series, samples)
        });
        let body = match version {
            RemoteWrite::V1 => {
                let mut writer = V1Writer::default();
                columns.for_each(|(series, samples)| writer.series(&series.pairs(), &samples));
                writer.finish()
            }
            RemoteWrite::V2 => {
                let mut writer = V2Writer::default();
                columns.for_each(|(series, samples)| {
                    writer.series(&series.pairs(), &samples, Some(&series.metadata), None);
                });
                writer.finish()
            }
        };
        // Only what is over 4 GiB can not be packed, and a request is far below.
        body.unwrap_or_default()
    }
}

impl Series {
    fn pairs(&self) -> Vec<(&str, &str)> {
        self.labels.iter().collect()
    }

    fn bytes(&self) -> usize {
        self.labels.iter().map(|(name, value)| name.len() + value.len() + 6).sum()
    }
}
