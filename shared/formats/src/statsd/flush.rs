//! What did the packets since the last flush come to?

use std::sync::Arc;

use super::{Labels, Name, StatsD, Timer, Value};
use crate::{Batch, ForeignSeries, Kind, Metadata, NAME};

const QUANTILES: [(f64, &str); 3] = [(0.5, "0.5"), (0.9, "0.9"), (0.99, "0.99")];

impl StatsD {
    /// What there is to say at this moment (milliseconds since 1970 UTC): totals and gauges of all names, quantiles
    /// and set sizes of those that were heard since the last flush. Names that were silent too long are forgotten.
    ///
    /// What was not taken is not in the batch but in [`StatsD::tally`]: it belongs to no flush.
    pub fn flush(&mut self, now_ms: i64) -> Batch {
        let mut series = Vec::new();
        for (labels, name) in &mut self.names {
            name.write(labels, now_ms, &mut series);
        }
        self.names.retain(|_, name| name.begin_again(now_ms, self.limits.idle_ms));
        self.set_members = 0;
        series.sort_by(|one, other| one.labels.cmp(&other.labels));
        let before = series.len();
        series.dedup_by(|one, other| one.labels == other.labels);
        self.tally.series_refused += (before - series.len()) as u64;
        Batch { series, ..Batch::default() }
    }
}

impl Name {
    fn write(&mut self, labels: &Labels, now_ms: i64, series: &mut Vec<ForeignSeries>) {
        let mut write = |labels: Labels, kind: Kind, unit: &str, value: f64| {
            let metadata = Metadata { kind, help: String::new(), unit: unit.to_owned() };
            let (samples, metadata) = (vec![(now_ms, value)], Some(Arc::new(metadata)));
            series.push(ForeignSeries { labels, samples, metadata, started_ms: None });
        };
        match &mut self.value {
            Value::Counter(total) => write(labels.clone(), Kind::Counter, "", *total),
            Value::Gauge(level) => write(labels.clone(), Kind::Gauge, "", *level),
            Value::Set(members) if self.heard => write(labels.clone(), Kind::Gauge, "", members.len() as f64),
            Value::Set(_) => {}
            Value::Timer(timer) => timer.write(labels, &mut write),
        }
    }

    /// Readies a name for the time until the next flush; says whether it is kept.
    fn begin_again(&mut self, now_ms: i64, idle_ms: i64) -> bool {
        if std::mem::take(&mut self.heard) || self.heard_ms.is_none() {
            self.heard_ms = Some(now_ms);
        }
        match &mut self.value {
            Value::Timer(timer) => timer.sketch = Default::default(),
            Value::Set(members) => *members = Default::default(),
            Value::Counter(_) | Value::Gauge(_) => {}
        }
        self.heard_ms.is_some_and(|heard_ms| now_ms.saturating_sub(heard_ms) <= idle_ms)
    }
}

impl Timer {
    fn write(&self, labels: &Labels, write: &mut impl FnMut(Labels, Kind, &str, f64)) {
        let unit = if self.milliseconds { "milliseconds" } else { "" };
        write(suffixed(labels, "_sum"), Kind::Summary, unit, self.sum);
        write(suffixed(labels, "_count"), Kind::Summary, unit, self.count);
        let Some((min, max)) = self.sketch.bounds() else { return };
        write(suffixed(labels, "_min"), Kind::Gauge, unit, min);
        write(suffixed(labels, "_max"), Kind::Gauge, unit, max);
        for (part, text) in QUANTILES {
            let mut labels: Labels = labels.iter().filter(|(key, _)| key != "quantile").cloned().collect();
            labels.push(("quantile".to_owned(), text.to_owned()));
            labels.sort();
            write(labels, Kind::Summary, unit, self.sketch.quantile(part).unwrap_or(max));
        }
    }
}

fn suffixed(labels: &Labels, suffix: &str) -> Labels {
    let rename = |(key, value): &(String, String)| match key == NAME {
        true => (key.clone(), format!("{value}{suffix}")),
        false => (key.clone(), value.clone()),
    };
    labels.iter().map(rename).collect()
}
