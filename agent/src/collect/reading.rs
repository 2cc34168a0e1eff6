//! Where do collectors put what they measured?
//!
//! One reading is one round. A series is declared once and then spoken of by its [`Slot`]; values are quantised here,
//! at the source. Knows nothing of time or tick numbers: whoever asked for the round stamps it.

use vigie_model::{Kind, Resolution, Sample, SeriesDef, SeriesIx};

use super::Schema;

/// The cheap handle of a declared series: copy it, keep it, record with it.
///
/// A series that was refused has a slot as well; what is recorded there goes nowhere, so collectors need not ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot(Option<(SeriesIx, Resolution)>);

/// What one round measured so far.
#[derive(Debug)]
pub struct Reading<'a> {
    schema: &'a mut Schema,
    samples: Vec<Sample>,
    strange: u64,
}

impl<'a> Reading<'a> {
    /// An empty reading that declares new series in `schema`.
    pub fn new(schema: &'a mut Schema) -> Self {
        let samples = Vec::with_capacity(schema.defs().len());
        Self { schema, samples, strange: 0 }
    }

    /// Declares a level, or finds it again.
    pub fn gauge(&mut self, name: &str, labels: &[(&str, &str)], unit: &str, resolution: Resolution) -> Slot {
        self.slot(name, labels, unit, Kind::Gauge, resolution)
    }

    /// Declares a running total, or finds it again.
    pub fn counter(&mut self, name: &str, labels: &[(&str, &str)], unit: &str, resolution: Resolution) -> Slot {
        self.slot(name, labels, unit, Kind::Counter, resolution)
    }

    /// Declares a series that is written out elsewhere, or finds it again.
    pub fn declare(&mut self, def: SeriesDef) -> Slot {
        let resolution = def.resolution();
        Slot(self.schema.ix_of(def).ok().map(|ix| (ix, resolution)))
    }

    /// Records a value. One that can not be kept in the declared resolution is missing, and counted as strange.
    pub fn record(&mut self, slot: Slot, value: f64) {
        let Some((series, resolution)) = slot.0 else { return };
        match resolution.quantise(value) {
            Some(value) => self.samples.push(Sample { series, value }),
            None => self.strange(1),
        }
    }

    /// Records a value that is a whole number of steps already.
    pub fn keep(&mut self, slot: Slot, steps: i64) {
        if let Some((series, _)) = slot.0 {
            self.samples.push(Sample { series, value: steps });
        }
    }

    /// Records a figure the machine may not tell: what it does not tell is missing, not zero.
    pub fn record_told(&mut self, slot: Slot, value: Option<u64>) {
        if let Some(value) = value {
            self.record(slot, value as f64);
        }
    }

    /// Counts lines or figures that could not be understood.
    pub fn strange(&mut self, count: u64) {
        self.strange = self.strange.saturating_add(count);
    }

    /// The samples, sorted by series, each series at most once: as a tick wants them.
    pub fn finish(mut self) -> Vec<Sample> {
        self.samples.sort_by_key(|sample| sample.series);
        self.samples.dedup_by_key(|sample| sample.series);
        self.samples
    }

    /// How much was strange since this was last asked.
    pub(super) fn take_strange(&mut self) -> u64 {
        std::mem::take(&mut self.strange)
    }

    pub(super) fn schema(&self) -> &Schema {
        self.schema
    }

    fn slot(&mut self, name: &str, labels: &[(&str, &str)], unit: &str, kind: Kind, resolution: Resolution) -> Slot {
        match SeriesDef::new(name, labels, unit, kind, resolution) {
            Ok(def) => self.declare(def),
            Err(_) => {
                self.schema.refuse();
                Slot(None)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_comes_out_sorted_and_each_series_once() {
        let mut schema = Schema::new();
        let mut reading = Reading::new(&mut schema);
        let first = reading.gauge("a", &[], "1", Resolution::TENTH);
        let second = reading.counter("b", &[], "1", Resolution::ONE);
        reading.record(second, 4.0);
        reading.record(first, 0.26);
        reading.record(first, 9.0);
        let samples = reading.finish();
        assert_eq!(samples, [sample(0, 3), sample(1, 4)]);
    }

    #[test]
    fn a_value_that_can_not_be_kept_is_missing_and_counted() {
        let mut schema = Schema::new();
        let mut reading = Reading::new(&mut schema);
        let slot = reading.gauge("a", &[], "1", Resolution::ONE);
        reading.record(slot, f64::NAN);
        reading.record_told(slot, None);
        assert_eq!(reading.take_strange(), 1);
        assert!(reading.finish().is_empty());
    }

    #[test]
    fn a_series_nobody_can_declare_records_nothing() {
        let mut schema = Schema::new();
        let mut reading = Reading::new(&mut schema);
        let slot = reading.gauge("", &[], "1", Resolution::ONE);
        reading.record(slot, 1.0);
        assert!(reading.finish().is_empty());
        assert_eq!(schema.refused(), 1);
    }

    fn sample(series: u32, value: i64) -> Sample {
        Sample { series: SeriesIx(series), value }
    }
}
