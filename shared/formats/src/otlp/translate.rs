//! Which series do OpenTelemetry's metrics become?

use std::collections::BTreeMap;
use std::sync::Arc;

use super::names::{NameKind, label_name, metric_name};
use super::tree::*;
use crate::gather::Gather;
use crate::{Batch, DecodeError, ForeignSample, Kind, Limits, Metadata, NAME, Place, Reason, STALE_NAN_BITS};

/// Translates a request as Prometheus' own receiver does by default.
pub(super) fn batch(request: &Request<'_>, limits: &Limits) -> Result<Batch, DecodeError> {
    let mut gather = Gather::new(limits);
    for resource in &request.resource_metrics {
        let mut target = Target::of(&resource.resource);
        for metric in resource.scope_metrics.iter().flat_map(|scope| &scope.metrics) {
            Translation { gather: &mut gather, target: &mut target }.metric(metric)?;
        }
        target.write_info(&mut gather)?;
    }
    Ok(gather.batch)
}

/// The point's value is not known any more; Prometheus says so with its stale marker.
const NO_RECORDED_VALUE: u64 = 1;

/// Who measured: `job` and `instance`, and the rest for `target_info`.
#[derive(Debug, Default)]
struct Target {
    identity: Vec<(&'static str, String)>,
    info: BTreeMap<String, String>,
    last_ms: Option<i64>,
}

impl Target {
    fn of(resource: &Resource<'_>) -> Self {
        let attributes = &resource.attributes;
        let value = |key: &str| attributes.iter().find(|one| one.key == key).map(|one| one.value.as_text());
        let mut target = Self::default();
        if let Some(name) = value("service.name") {
            let space = value("service.namespace").map(|space| format!("{space}/")).unwrap_or_default();
            target.identity.push(("job", format!("{space}{name}")));
        }
        if let Some(instance) = value("service.instance.id") {
            target.identity.push(("instance", instance.into_owned()));
        }
        let identifying = ["service.name", "service.namespace", "service.instance.id"];
        target.info = merged(attributes.iter().filter(|one| !identifying.contains(&one.key.as_ref())));
        target
    }

    /// The series that carries what is known of the target, once, at its newest sample; none for an unnamed target.
    fn write_info(self, gather: &mut Gather) -> Result<(), DecodeError> {
        let Some(last_ms) = self.last_ms else { return Ok(()) };
        if self.info.is_empty() || self.identity.is_empty() {
            return Ok(());
        }
        let mut labels = self.info;
        labels.extend(self.identity.into_iter().map(|(name, value)| (name.to_owned(), value)));
        labels.insert(NAME.to_owned(), "target_info".to_owned());
        let at = Place::Series(gather.batch.series.len());
        let metadata = Metadata { kind: Kind::Gauge, help: "Target metadata".to_owned(), unit: String::new() };
        gather.series(labels.into_iter().collect(), vec![(last_ms, 1.0)], Some(&Arc::new(metadata)), None, at)
    }
}

/// Label names and values; keys that become one name share it, their values joined in the order of the keys.
fn merged<'a>(attributes: impl Iterator<Item = &'a Attribute<'a>>) -> BTreeMap<String, String> {
    let mut sorted: Vec<_> = attributes.collect();
    sorted.sort_by(|one, other| one.key.cmp(&other.key));
    let mut labels: BTreeMap<String, String> = BTreeMap::new();
    for attribute in sorted {
        let value = attribute.value.as_text();
        labels
            .entry(label_name(&attribute.key))
            .and_modify(|so_far| {
                so_far.push(';');
                so_far.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    labels
}

/// One metric being translated.
struct Translation<'g, 't> {
    gather: &'g mut Gather,
    target: &'t mut Target,
}

/// What the points of a metric share.
struct Shared {
    name: String,
    metadata: Option<Arc<Metadata>>,
}

/// What the series of a point share.
struct Point<'a> {
    shared: &'a Shared,
    labels: BTreeMap<String, String>,
    time_ms: i64,
    started_ms: Option<i64>,
    stale: bool,
}

impl Translation<'_, '_> {
    fn metric(&mut self, metric: &Metric<'_>) -> Result<(), DecodeError> {
        if let Some(gauge) = &metric.gauge {
            self.numbers(metric, gauge, NameKind::Gauge, Kind::Gauge)
        } else if let Some(sum) = &metric.sum {
            self.sum(metric, sum)
        } else if let Some(histogram) = &metric.histogram {
            self.histograms(metric, histogram)
        } else if let Some(summary) = &metric.summary {
            self.summaries(metric, summary)
        } else if let Some(skipped) = &metric.exponential_histogram {
            self.gather.leave_out(Reason::NativeHistogram, skipped.data_points);
            Ok(())
        } else {
            self.gather.leave_out(Reason::UnknownKind, 1);
            Ok(())
        }
    }

    fn sum(&mut self, metric: &Metric<'_>, sum: &Numbers<'_>) -> Result<(), DecodeError> {
        if sum.aggregation_temporality != Temporality::Cumulative {
            self.gather.leave_out(Reason::DeltaTemporality, sum.data_points.len() as u64);
            return Ok(());
        }
        match sum.is_monotonic {
            true => self.numbers(metric, sum, NameKind::Counter, Kind::Counter),
            false => self.numbers(metric, sum, NameKind::Other, Kind::Gauge),
        }
    }

    fn numbers(
        &mut self,
        metric: &Metric<'_>,
        numbers: &Numbers<'_>,
        name_kind: NameKind,
        kind: Kind,
    ) -> Result<(), DecodeError> {
        let shared = self.shared(metric, name_kind, kind)?;
        for point in &numbers.data_points {
            self.gather.leave_out(Reason::Exemplar, point.exemplars);
            let value = point.as_double.or(point.as_int.map(|int| int as f64));
            let times = (point.start_time_unix_nano, point.time_unix_nano);
            let Some(found) = self.point(&shared, &point.attributes, times, point.flags) else { continue };
            match value {
                None if !found.stale => self.gather.leave_out(Reason::NoValue, 1),
                value => self.series(&found, "", None, value.unwrap_or(0.0))?,
            }
        }
        Ok(())
    }

    fn histograms(&mut self, metric: &Metric<'_>, histograms: &Histograms<'_>) -> Result<(), DecodeError> {
        if histograms.aggregation_temporality != Temporality::Cumulative {
            self.gather.leave_out(Reason::DeltaTemporality, histograms.data_points.len() as u64);
            return Ok(());
        }
        let shared = self.shared(metric, NameKind::Other, Kind::Histogram)?;
        for point in &histograms.data_points {
            self.gather.leave_out(Reason::Exemplar, point.exemplars);
            let times = (point.start_time_unix_nano, point.time_unix_nano);
            let Some(found) = self.point(&shared, &point.attributes, times, point.flags) else { continue };
            if let Some(sum) = point.sum {
                self.series(&found, "_sum", None, sum)?;
            }
            self.series(&found, "_count", None, point.count as f64)?;
            let mut below = 0_u64;
            for (bound, count) in point.explicit_bounds.iter().zip(&point.bucket_counts) {
                below = below.saturating_add(*count);
                self.series(&found, "_bucket", Some(("le", bound_text(*bound))), below as f64)?;
            }
            self.series(&found, "_bucket", Some(("le", "+Inf".to_owned())), point.count as f64)?;
        }
        Ok(())
    }

    fn summaries(&mut self, metric: &Metric<'_>, summaries: &Summaries<'_>) -> Result<(), DecodeError> {
        let shared = self.shared(metric, NameKind::Other, Kind::Summary)?;
        for point in &summaries.data_points {
            let times = (point.start_time_unix_nano, point.time_unix_nano);
            let Some(found) = self.point(&shared, &point.attributes, times, point.flags) else { continue };
            self.series(&found, "_sum", None, point.sum)?;
            self.series(&found, "_count", None, point.count as f64)?;
            for one in &point.quantile_values {
                self.series(&found, "", Some(("quantile", bound_text(one.quantile))), one.value)?;
            }
        }
        Ok(())
    }

    fn shared(&mut self, metric: &Metric<'_>, name_kind: NameKind, kind: Kind) -> Result<Shared, DecodeError> {
        let name = metric_name(&metric.name, &metric.unit, name_kind);
        let (help, unit) = (metric.description.as_ref().to_owned(), metric.unit.as_ref().to_owned());
        let metadata = Arc::new(Metadata { kind, help, unit });
        let at = Place::Series(self.gather.batch.series.len());
        let kept = !name.is_empty() && self.gather.family(&name, &metadata, at)?;
        Ok(Shared { name, metadata: kept.then_some(metadata) })
    }

    /// What a point's series share, or nothing when the point is left out.
    fn point<'a>(
        &mut self,
        shared: &'a Shared,
        attributes: &[Attribute<'_>],
        (start_nanos, nanos): (u64, u64),
        flags: u64,
    ) -> Option<Point<'a>> {
        if nanos == 0 || shared.name.is_empty() {
            let reason = if nanos == 0 { Reason::NoValue } else { Reason::InvalidLabels };
            self.gather.leave_out(reason, 1);
            return None;
        }
        let mut labels = merged(attributes.iter());
        labels.extend(self.target.identity.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        if let Some(reason) = self.gather.fault(&labels, &shared.name) {
            self.gather.leave_out(reason, 1);
            return None;
        }
        let time_ms = whole_ms(nanos);
        self.target.last_ms = self.target.last_ms.max(Some(time_ms));
        let started_ms = (start_nanos != 0).then(|| whole_ms(start_nanos));
        Some(Point { shared, labels, time_ms, started_ms, stale: flags & NO_RECORDED_VALUE != 0 })
    }

    fn series(
        &mut self,
        point: &Point<'_>,
        suffix: &str,
        extra: Option<(&str, String)>,
        value: f64,
    ) -> Result<(), DecodeError> {
        let mut labels = point.labels.clone();
        labels.insert(NAME.to_owned(), format!("{}{suffix}", point.shared.name));
        labels.extend(extra.map(|(name, value)| (name.to_owned(), value)));
        let value = if point.stale { f64::from_bits(STALE_NAN_BITS) } else { value };
        let samples: Vec<ForeignSample> = vec![(point.time_ms, value)];
        let at = Place::Series(self.gather.batch.series.len());
        let metadata = point.shared.metadata.as_ref();
        self.gather.series(labels.into_iter().collect(), samples, metadata, point.started_ms, at)
    }
}

fn whole_ms(nanos: u64) -> i64 {
    (nanos / 1_000_000).cast_signed()
}

/// A bound as Go's `'f'` format writes it: never with an exponent.
fn bound_text(bound: f64) -> String {
    if bound.is_nan() {
        "NaN".to_owned()
    } else if bound.is_infinite() {
        if bound > 0.0 { "+Inf" } else { "-Inf" }.to_owned()
    } else {
        bound.to_string()
    }
}
