//! How does Prometheus read and write samples as text?
//!
//! The exposition format 0.0.4 (<https://prometheus.io/docs/instrumenting/exposition_formats/>) and OpenMetrics 1.0
//! (<https://prometheus.io/docs/specs/om/open_metrics_spec/>), with Prometheus 3's quoted names of any UTF-8.

mod cursor;
mod line;
mod number;
mod parse;
mod write;

pub(crate) use number::written;
pub use parse::parse;
pub use write::{TextWriter, WriteError};

/// A text format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextFormat {
    /// The exposition format 0.0.4: timestamps in milliseconds.
    Prometheus,
    /// OpenMetrics 1.0: timestamps in seconds, exemplars, an end mark.
    OpenMetrics,
}

impl TextFormat {
    /// What a scraper says it accepts, the likeliest to be exact first.
    pub const ACCEPT: &'static str =
        "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.6,text/plain;q=0.3";

    /// The `Content-Type` of what [`TextWriter::new`] writes.
    pub const CONTENT_TYPE: &'static str = "text/plain; version=0.0.4; charset=utf-8";

    /// The `Content-Type` of a page in this format.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => Self::CONTENT_TYPE,
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// The format of a page by its `Content-Type`; without one it is 0.0.4. None for what is no text of Prometheus.
    pub fn of_content_type(content_type: Option<&str>) -> Option<Self> {
        let media = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        match media.to_ascii_lowercase().as_str() {
            "" | "text/plain" => Some(Self::Prometheus),
            "application/openmetrics-text" => Some(Self::OpenMetrics),
            _ => None,
        }
    }
}
