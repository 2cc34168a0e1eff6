//! How does OpenTelemetry send metrics? OTLP 1.x, as protocol buffers and as JSON.
//!
//! `opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest`, translated to series as Prometheus' own
//! receiver does by default: <https://opentelemetry.io/docs/specs/otlp/>. Delta points and exponential histograms are
//! left out and counted. Packing (gzip) is the transport's business: what comes here is unpacked.

mod answer;
mod any_value;
mod json;
mod names;
mod protobuf;
mod translate;
mod tree;

pub use answer::Answer;

use crate::{Batch, DecodeError, Limits};

/// An encoding of a request, and of its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Otlp {
    /// `application/x-protobuf`.
    Protobuf,
    /// `application/json`.
    Json,
}

/// Attributes and other parts that one series may bring. Parts take up to 150 bytes each, so that a body of 32 MB
/// can not ask for more than 240 MB by the default limits.
const PARTS_PER_SERIES: usize = 16;

impl Otlp {
    /// The encoding of a request by its `Content-Type`; none is answered with 415.
    pub fn of_content_type(content_type: Option<&str>) -> Option<Self> {
        match content_type?.split(';').next()?.trim().to_ascii_lowercase().as_str() {
            "application/x-protobuf" => Some(Self::Protobuf),
            "application/json" => Some(Self::Json),
            _ => None,
        }
    }

    /// The `Content-Type` of the answer.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        }
    }

    /// Reads an unpacked body and translates it.
    ///
    /// # Errors
    /// When the body is damaged or over a cap of the whole batch; see [`DecodeError::status`].
    pub fn decode(self, body: &[u8], limits: &Limits) -> Result<Batch, DecodeError> {
        let parts_cap = limits.series.saturating_mul(PARTS_PER_SERIES);
        let request = match self {
            Self::Protobuf => protobuf::read(body, parts_cap, limits)?,
            Self::Json => json::read(body, parts_cap, limits)?,
        };
        translate::batch(&request, limits)
    }

    /// The body of an answer.
    pub fn encode(self, answer: &Answer) -> Vec<u8> {
        match self {
            Self::Protobuf => answer.to_protobuf(),
            Self::Json => answer.to_json().into_bytes(),
        }
    }

    /// The body of a refusal: a `google.rpc.Status` with its code, which is not 0, and why, for people.
    pub fn encode_refusal(self, code: u8, why: &str) -> Vec<u8> {
        match self {
            Self::Protobuf => answer::status_to_protobuf(code, why),
            Self::Json => serde_json::json!({ "code": code, "message": why }).to_string().into_bytes(),
        }
    }
}
