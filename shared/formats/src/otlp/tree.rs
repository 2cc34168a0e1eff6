//! What does an OpenTelemetry request hold? The parts that are used, whichever encoding they came in.

use std::borrow::Cow;

use serde::Deserialize;

use super::any_value::AnyValue;
use super::json;

/// An `ExportMetricsServiceRequest`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Request<'a> {
    #[serde(borrow, deserialize_with = "json::or_default")]
    pub(super) resource_metrics: Vec<ResourceMetrics<'a>>,
}

/// What one resource measured.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ResourceMetrics<'a> {
    #[serde(borrow, deserialize_with = "json::or_default")]
    pub(super) resource: Resource<'a>,
    #[serde(borrow, deserialize_with = "json::or_default")]
    pub(super) scope_metrics: Vec<ScopeMetrics<'a>>,
}

/// Who measured.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Resource<'a> {
    #[serde(borrow, deserialize_with = "json::or_default")]
    pub(super) attributes: Vec<Attribute<'a>>,
}

/// What one library measured.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ScopeMetrics<'a> {
    #[serde(borrow, deserialize_with = "json::or_default")]
    pub(super) metrics: Vec<Metric<'a>>,
}

/// A key and its value.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Attribute<'a> {
    #[serde(borrow)]
    pub(super) key: Cow<'a, str>,
    #[serde(borrow, deserialize_with = "json::or_default")]
    pub(super) value: AnyValue<'a>,
}

/// A metric and its points.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Metric<'a> {
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) description: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) unit: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) gauge: Option<Box<Numbers<'a>>>,
    #[serde(borrow)]
    pub(super) sum: Option<Box<Numbers<'a>>>,
    #[serde(borrow)]
    pub(super) histogram: Option<Box<Histograms<'a>>>,
    pub(super) exponential_histogram: Option<Box<Skipped>>,
    #[serde(borrow)]
    pub(super) summary: Option<Box<Summaries<'a>>>,
}

/// How a point's value relates to the point before.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Temporality {
    #[default]
    Unspecified,
    Delta,
    Cumulative,
}

/// Points of one number each.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Numbers<'a> {
    #[serde(borrow, deserialize_with = "json::or_default")]
    pub(super) data_points: Vec<NumberPoint<'a>>,
    #[serde(deserialize_with = "json::temporality")]
    pub(super) aggregation_temporality: Temporality,
    pub(super) is_monotonic: bool,
}

/// One number.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct NumberPoint<'a> {
    #[serde(borrow, deserialize_with = "json::or_default")]
    pub(super) attributes: Vec<Attribute<'a>>,
    #[serde(deserialize_with = "json::unsigned")]
    pub(super) start_time_unix_nano: u64,
    #[serde(deserialize_with = "json::unsigned")]
    pub(super) time_unix_nano: u64,
    #[serde(deserialize_with = "json::maybe_double")]
    pub(super) as_double: Option<f64>,
    #[serde(deserialize_with = "json::maybe_signed")]
    pub(super) as_int: Option<i64>,
    #[serde(rename = "exemplars", deserialize_with = "json::count")]
    pub(super) exemplars: u64,
    #[serde(deserialize_with = "json::unsigned")]
    pub(super) flags: u64,
}

/// Points of buckets.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Histograms<'a> {
    #[serde(borrow, deserialize_with = "json::or_default")]
    pub(super) data_points: Vec<HistogramPoint<'a>>,
    #[serde(deserialize_with = "json::temporality")]
    pub(super) aggregation_temporality: Temporality,
}

/// Buckets with explicit bounds.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct HistogramPoint<'a> {
    #[serde(borrow, deserialize_with = "json::or_default")]
    pub(super) attributes: Vec<Attribute<'a>>,
    #[serde(deserialize_with = "json::unsigned")]
    pub(super) start_time_unix_nano: u64,
    #[serde(deserialize_with = "json::unsigned")]
    pub(super) time_unix_nano: u64,
    #[serde(deserialize_with = "json::unsigned")]
    pub(super) count: u64,
    #[serde(deserialize_with = "json::maybe_double")]
    pub(super) sum: Option<f64>,
    #[serde(deserialize_with = "json::unsigned_list")]
    pub(super) bucket_counts: Vec<u64>,
    #[serde(deserialize_with = "json::double_list")]
    pub(super) explicit_bounds: Vec<f64>,
    #[serde(deserialize_with = "json::count")]
    pub(super) exemplars: u64,
    #[serde(deserialize_with = "json::unsigned")]
    pub(super) flags: u64,
}

/// Points of quantiles.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Summaries<'a> {
    #[serde(borrow, deserialize_with = "json::or_default")]
    pub(super) data_points: Vec<SummaryPoint<'a>>,
}

/// Quantiles.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct SummaryPoint<'a> {
    #[serde(borrow, deserialize_with = "json::or_default")]
    pub(super) attributes: Vec<Attribute<'a>>,
    #[serde(deserialize_with = "json::unsigned")]
    pub(super) start_time_unix_nano: u64,
    #[serde(deserialize_with = "json::unsigned")]
    pub(super) time_unix_nano: u64,
    #[serde(deserialize_with = "json::unsigned")]
    pub(super) count: u64,
    #[serde(deserialize_with = "json::double")]
    pub(super) sum: f64,
    #[serde(deserialize_with = "json::or_default")]
    pub(super) quantile_values: Vec<Quantile>,
    #[serde(deserialize_with = "json::unsigned")]
    pub(super) flags: u64,
}

/// One quantile.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Quantile {
    #[serde(deserialize_with = "json::double")]
    pub(super) quantile: f64,
    #[serde(deserialize_with = "json::double")]
    pub(super) value: f64,
}

/// Points that are only counted.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Skipped {
    #[serde(deserialize_with = "json::count")]
    pub(super) data_points: u64,
}
