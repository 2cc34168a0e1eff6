//! What has been measured and written so far in a test?

use std::collections::BTreeMap;
use std::sync::Arc;

use vigie_query::{
    Coverage, LabelSet, Limits, Matcher, NAME, Selection, SeriesSamples, Source, SourceError, Visit, all_match,
};

use crate::mind::Output;

/// Series by name. A sample that is not newer than its series' newest is left out, as Prometheus leaves it out.
#[derive(Debug, Default)]
pub(crate) struct Storage {
    by_name: BTreeMap<String, BTreeMap<Arc<LabelSet>, Column>>,
}

#[derive(Debug, Default)]
struct Column {
    times_ms: Vec<i64>,
    values: Vec<f64>,
}

impl Storage {
    pub(crate) fn add(&mut self, labels: &Arc<LabelSet>, at_ms: i64, value: f64) {
        let series = self.by_name.entry(labels.get(NAME).to_owned()).or_default();
        let column = series.entry(labels.clone()).or_default();
        if column.times_ms.last().is_none_or(|last| *last < at_ms) {
            column.times_ms.push(at_ms);
            column.values.push(value);
        }
    }

    /// How many samples are kept.
    pub(crate) fn samples(&self) -> usize {
        self.by_name.values().flat_map(BTreeMap::values).map(|column| column.times_ms.len()).sum()
    }

    /// Forgets what is older.
    pub(crate) fn forget_before(&mut self, at_ms: i64) {
        for series in self.by_name.values_mut() {
            for column in series.values_mut() {
                let old = column.times_ms.partition_point(|at| *at < at_ms);
                column.times_ms.drain(..old);
                column.values.drain(..old);
            }
            series.retain(|_, column| !column.times_ms.is_empty());
        }
        self.by_name.retain(|_, series| !series.is_empty());
    }

    pub(crate) fn write(&mut self, outputs: &[Output]) {
        outputs.iter().for_each(|output| self.add(&output.labels, output.at_ms, output.value));
    }
}

impl Source for Storage {
    fn select(
        &self,
        selection: &Selection<'_>,
        limits: &Limits,
        sink: &mut dyn FnMut(SeriesSamples<'_>) -> Visit,
    ) -> Result<Coverage, SourceError> {
        let Selection { matchers, start_ms, end_ms, .. } = *selection;
        let name = matchers.iter().filter(|matcher| matcher.name() == NAME).find_map(Matcher::exact);
        let wanted = self.by_name.iter().filter(|(own, _)| name.is_none_or(|name| name == *own));
        for (labels, column) in wanted.flat_map(|(_, series)| series) {
            limits.stop.check()?;
            let from = column.times_ms.partition_point(|at| *at < start_ms);
            let until = column.times_ms.partition_point(|at| *at <= end_ms);
            if from >= until || !all_match(matchers, labels) {
                continue;
            }
            let (timestamps_ms, values) = (&column.times_ms[from..until], &column.values[from..until]);
            if sink(SeriesSamples { labels, timestamps_ms, values }).is_break() {
                break;
            }
        }
        Ok(Coverage::whole())
    }
}
