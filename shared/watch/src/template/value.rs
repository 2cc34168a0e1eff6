//! What can a template hold?

use std::sync::Arc;

use vigie_query::LabelSet;

use super::gofmt::shortest;
use super::humanize::go_time;

/// What a query within a template finds.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The labels, with the series' name.
    pub labels: Arc<LabelSet>,
    /// The value.
    pub value: f64,
}

#[derive(Debug, Clone)]
pub(super) enum Value {
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Labels(Arc<LabelSet>),
    Sample(Arc<Sample>),
    Found(Vec<Arc<Sample>>),
    /// What `args` makes.
    Named(Vec<(String, Value)>),
    /// Milliseconds since 1970.
    Time(i64),
    /// What a template begins with.
    Subject,
}

impl Value {
    pub(super) fn is_true(&self) -> bool {
        match self {
            Self::Nil => false,
            Self::Bool(is) => *is,
            Self::Int(number) => *number != 0,
            Self::Float(number) => *number != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::Labels(labels) => labels.iter().len() > 0,
            Self::Found(found) => !found.is_empty(),
            Self::Named(named) => !named.is_empty(),
            Self::Sample(_) | Self::Time(_) | Self::Subject => true,
        }
    }

    pub(super) fn go_type(&self) -> String {
        match self {
            Self::Nil => "<nil>",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float64",
            Self::Text(_) => "string",
            Self::Labels(_) => "map[string]string",
            Self::Sample(_) => "*template.sample",
            Self::Found(_) => "template.queryResult",
            Self::Named(_) => "map[string]interface {}",
            Self::Time(_) => "*time.Time",
            Self::Subject => {
                "struct { Labels map[string]string; ExternalLabels map[string]string; \
                 ExternalURL string; Value interface {} }"
            }
        }
        .to_owned()
    }

    /// As Go prints it. Where Go shows an address in memory, the value is shown.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Nil => "<no value>".to_owned(),
            Self::Bool(is) => is.to_string(),
            Self::Int(number) => number.to_string(),
            Self::Float(number) => shortest(*number),
            Self::Text(text) => text.clone(),
            Self::Labels(labels) => shown_map(labels.iter().map(|(name, value)| (name, value.to_owned()))),
            Self::Sample(sample) => {
                let labels = shown_map(sample.labels.iter().map(|(name, value)| (name, value.to_owned())));
                format!("{{{labels} {}}}", shortest(sample.value))
            }
            Self::Found(found) => {
                let shown: Vec<_> = found.iter().map(|sample| Self::Sample(sample.clone()).shown()).collect();
                format!("[{}]", shown.join(" "))
            }
            Self::Named(named) => shown_map(named.iter().map(|(name, value)| (name.as_str(), value.shown()))),
            Self::Time(ms) => go_time(*ms),
            Self::Subject => "{}".to_owned(),
        }
    }
}

fn shown_map<'a>(pairs: impl Iterator<Item = (&'a str, String)>) -> String {
    let pairs: Vec<_> = pairs.map(|(name, value)| format!("{name}:{value}")).collect();
    format!("map[{}]", pairs.join(" "))
}
