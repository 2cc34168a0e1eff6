//! One tick, given the ticks of its stream before it.

use vigie_model::{Boot, Moment, Sample, Seq, SeriesIx, Tick, UtcMs};

use crate::number::{Numbers, Past};
use crate::range_coder::{Chance, Decoder, Encoder};

/// Series in one stream. A machine has hundreds; a store of foreign series may have thousands.
pub const MAX_SERIES: u32 = 65_536;

/// Layouts remembered: the tiers of an agent fall together in four ways, and collectors come and go.
const LAYOUTS: usize = 8;

/// What all streams of one coder have learnt together.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    values: Numbers,
    times: Numbers,
    layout_is_new: Chance,
    layout_is: [Chance; LAYOUTS],
}

/// What is remembered of one stream.
#[derive(Debug, Clone, Default)]
pub(crate) struct StreamPast {
    series: Vec<Past>,
    /// Which series stood together, most recent first.
    layouts: Vec<Vec<SeriesIx>>,
    boot_no: Past,
    utc: Past,
    /// Wall clock less boot clock: still, until somebody sets the clock.
    offset: Past,
}

/// Foreign bytes that are no tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TickError {
    /// A layout names a series beyond [`MAX_SERIES`].
    #[error("a layout names a series beyond {MAX_SERIES}")]
    NoSuchSeries,
    /// More samples than the caller allows.
    #[error("more samples than are allowed in one piece")]
    TooManySamples,
    /// Time runs out of the number line.
    #[error("a time beyond the number line")]
    NoSuchTime,
}

impl Shared {
    pub(crate) fn new() -> Self {
        Self {
            values: Numbers::new(),
            times: Numbers::new(),
            layout_is_new: Chance::EVEN,
            layout_is: [Chance::EVEN; LAYOUTS],
        }
    }

    pub(crate) fn encode(&mut self, past: &mut StreamPast, tick: &Tick, out: &mut Encoder) {
        let offset = tick.at.utc.0.wrapping_sub(tick.at.boot.ms.cast_signed());
        self.times.encode(&mut past.boot_no, i64::from(tick.at.boot.no), out);
        self.times.encode(&mut past.utc, tick.at.utc.0, out);
        self.times.encode(&mut past.offset, offset, out);
        self.encode_layout(past, tick, out);
        for sample in &tick.samples {
            self.values.encode(&mut past.series[sample.series.0 as usize], sample.value, out);
        }
    }

    fn encode_layout(&mut self, past: &mut StreamPast, tick: &Tick, out: &mut Encoder) {
        let same = |layout: &Vec<SeriesIx>| layout.iter().copied().eq(tick.samples.iter().map(|sample| sample.series));
        let known = past.layouts.iter().position(same);
        out.bit(&mut self.layout_is_new, known.is_none());
        if let Some(at) = known {
            (0..=at.min(LAYOUTS - 2)).for_each(|step| out.bit(&mut self.layout_is[step], step == at));
            past.recall(at);
            return;
        }
        let layout: Vec<_> = tick.samples.iter().map(|sample| sample.series).collect();
        let mut gaps = Past::default();
        self.times.encode(&mut Past::default(), layout.len() as i64, out);
        let mut next = 0u32;
        for series in &layout {
            self.times.encode(&mut gaps, i64::from(series.0) - i64::from(next), out);
            next = series.0 + 1;
        }
        past.learn(layout);
    }

    pub(crate) fn decode(
        &mut self,
        past: &mut StreamPast,
        seq: Seq,
        max_samples: usize,
        bits: &mut Decoder<'_>,
    ) -> Result<Tick, TickError> {
        let no = self.times.decode(&mut past.boot_no, bits);
        let utc = self.times.decode(&mut past.utc, bits);
        let offset = self.times.decode(&mut past.offset, bits);
        let no = u32::try_from(no).map_err(|_| TickError::NoSuchTime)?;
        let ms = utc.wrapping_sub(offset).cast_unsigned();
        self.decode_layout(past, max_samples, bits)?;
        let StreamPast { series, layouts, .. } = past;
        let samples = layouts[0]
            .iter()
            .map(|ix| Sample { series: *ix, value: self.values.decode(&mut series[ix.0 as usize], bits) })
            .collect();
        Ok(Tick { seq, at: Moment { utc: UtcMs(utc), boot: Boot { no, ms } }, samples })
    }

    /// Leaves the layout of the tick in front.
    fn decode_layout(&mut self, past: &mut StreamPast, max: usize, bits: &mut Decoder<'_>) -> Result<(), TickError> {
        if !bits.bit(&mut self.layout_is_new) {
            let at = (0..LAYOUTS - 1).find(|step| bits.bit(&mut self.layout_is[*step])).unwrap_or(LAYOUTS - 1);
            let len = past.layouts.get(at).ok_or(TickError::NoSuchSeries)?.len();
            if len > max {
                return Err(TickError::TooManySamples);
            }
            past.recall(at);
            return Ok(());
        }
        let count = usize::try_from(self.times.decode(&mut Past::default(), bits)).unwrap_or(usize::MAX);
        if count > max.min(MAX_SERIES as usize) {
            return Err(TickError::TooManySamples);
        }
        let (mut gaps, mut next) = (Past::default(), 0i64);
        let mut layout = Vec::with_capacity(count);
        for _ in 0..count {
            let gap = self.times.decode(&mut gaps, bits);
            let series = next.checked_add(gap).filter(|_| gap >= 0).ok_or(TickError::NoSuchSeries)?;
            let ix = u32::try_from(series).ok().filter(|ix| *ix < MAX_SERIES).ok_or(TickError::NoSuchSeries)?;
            layout.push(SeriesIx(ix));
            next = series + 1;
        }
        past.learn(layout);
        Ok(())
    }
}

impl StreamPast {
    /// Series remembered.
    pub(crate) fn width(&self) -> usize {
        self.series.len()
    }

    fn recall(&mut self, at: usize) {
        self.layouts[..=at].rotate_right(1);
    }

    fn learn(&mut self, layout: Vec<SeriesIx>) {
        let series = layout.last().map_or(0, |last| last.0 as usize + 1);
        if self.series.len() < series {
            self.series.resize(series, Past::default());
        }
        self.layouts.truncate(LAYOUTS - 1);
        self.layouts.insert(0, layout);
    }
}
