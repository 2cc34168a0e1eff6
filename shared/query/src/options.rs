//! Which Prometheus is meant, where its versions differ?

/// What a question means beyond its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Whose rules decide where versions of Prometheus differ.
    pub dialect: Dialect,
    /// The step of a subquery that names none, in milliseconds: Prometheus' global evaluation interval.
    pub default_step_ms: i64,
}

/// A generation of Prometheus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// As Prometheus 2.42 answers: ranges and lookback include their left edge, sums are plain, and a rate is
    /// extrapolated to zero before the distance to the edge is judged.
    Prometheus2,
    /// As Prometheus 3 answers: ranges and lookback exclude their left edge, and sums are compensated.
    Prometheus3,
}

impl Default for Options {
    fn default() -> Self {
        Self { dialect: Dialect::Prometheus3, default_step_ms: 60_000 }
    }
}

impl Dialect {
    /// The oldest moment that still lies in a span that ends at `end_ms`.
    pub(crate) fn first_within(self, end_ms: i64, span_ms: i64) -> i64 {
        let edge = end_ms.saturating_sub(span_ms);
        match self {
            Self::Prometheus2 => edge,
            Self::Prometheus3 => edge.saturating_add(1),
        }
    }
}
