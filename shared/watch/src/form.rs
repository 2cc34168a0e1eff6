//! How does a person say what they want watched, and which of their words holds for a machine?
//!
//! A [`Form`] is written to PromQL. A [`Family`] is one rule with what is said of it here and there, as [`Tuning`]s: each
//! says what it changes, and inherits the rest. The most specific place wins: a machine before its tags, those before its
//! groups, its site, its client, and everything. A rule that was written in PromQL, such as one of the defaults, takes
//! another threshold or is switched off in the same words.

mod applied;
mod family;
mod parts;
mod promql;
mod scope;

pub use applied::{Applied, Value};
pub use family::{Family, FormError, Layer, Tuning};
pub use parts::Spread;
pub use promql::{ConfineError, confined};
pub use scope::{Machine, Scope};

use vigie_model::Severity;

use crate::duration::write_duration;
use crate::mind::Comparison;
use crate::rule::{Alerting, CLEAR_ANNOTATION, Rule, RuleKind, SEVERITY_LABEL};

/// A rule in the words of a person.
#[derive(Debug, Clone, PartialEq)]
pub struct Form {
    /// The name of the series, in Prometheus' form.
    pub metric: String,
    /// Labels that it must have, with their values.
    pub only: Vec<(String, String)>,
    /// What is made of its samples.
    pub reading: Reading,
    /// How it is compared.
    pub comparison: Comparison,
    /// With what.
    pub threshold: f64,
    /// What it must come back to before the alert clears, if not to the threshold itself.
    pub clear: Option<f64>,
    /// For how long it must hold, in ms.
    pub for_ms: i64,
    /// How bad it is.
    pub severity: Severity,
    /// Texts for people: templates.
    pub annotations: Vec<(String, String)>,
}

/// What is made of the samples of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// The newest.
    Last,
    /// The mean of some ms.
    Average(i64),
    /// The largest of some ms.
    Largest(i64),
    /// The smallest of some ms.
    Smallest(i64),
    /// How fast a running total grows in a second, over some ms.
    PerSecond(i64),
    /// Where a straight line leads.
    Forecast {
        /// Over which it is drawn, in ms.
        over_ms: i64,
        /// How far ahead it is looked at, in ms.
        ahead_ms: i64,
    },
}

impl Form {
    /// The rule in PromQL, for all series of the metric.
    pub fn rule(&self, name: &str) -> Rule {
        let mut annotations = self.annotations.clone();
        let clear = self.clear.map(|clear| self.compared(self.comparison.opposite(), clear));
        annotations.extend(clear.map(|expr| (CLEAR_ANNOTATION.to_owned(), expr)));
        annotations.sort();
        let alerting = Alerting { for_ms: self.for_ms, keep_firing_for_ms: 0, annotations };
        Rule {
            name: name.to_owned(),
            expr: self.compared(self.comparison, self.threshold),
            labels: vec![(SEVERITY_LABEL.to_owned(), self.severity.as_str().to_owned())],
            kind: RuleKind::Alerting(alerting),
        }
    }

    fn compared(&self, comparison: Comparison, with: f64) -> String {
        let only: Vec<String> = self.only.iter().map(|(name, value)| format!("{name}={}", quoted(value))).collect();
        let braces = if only.is_empty() { String::new() } else { format!("{{{}}}", only.join(",")) };
        let series = format!("{}{braces}", self.metric);
        format!("{} {} {with}", self.reading.of(&series), comparison.sign())
    }
}

impl Reading {
    /// What is made of a series, in PromQL.
    pub(crate) fn of(self, series: &str) -> String {
        let over = |function: &str, ms: i64| format!("{function}({series}[{}])", write_duration(ms));
        match self {
            Self::Last => series.to_owned(),
            Self::Average(ms) => over("avg_over_time", ms),
            Self::Largest(ms) => over("max_over_time", ms),
            Self::Smallest(ms) => over("min_over_time", ms),
            Self::PerSecond(ms) => over("rate", ms),
            Self::Forecast { over_ms, ahead_ms } => {
                format!("predict_linear({series}[{}], {})", write_duration(over_ms), ahead_ms / 1000)
            }
        }
    }
}

fn quoted(text: &str) -> String {
    crate::template::go_quoted(text)
}
