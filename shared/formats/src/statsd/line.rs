//! What does one line of a packet say?

use super::{Labels, StatsDLimits};
use crate::NAME;

/// Below this a sampled value would stand for more than a million; no sender samples so thinly.
const MIN_RATE: f64 = 1e-6;

/// One line: a name and what happened to it.
#[derive(Debug)]
pub(super) struct Line<'a> {
    pub(super) labels: Labels,
    pub(super) changes: Vec<Change<'a>>,
}

/// One value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Change<'a> {
    /// More of a counter, its rate undone.
    Count(f64),
    /// A gauge's new level.
    Level(f64),
    /// A gauge's level goes up or down.
    Shift(f64),
    /// An observation, and how many it stands for.
    Timed { value: f64, weight: f64, milliseconds: bool },
    /// A member of a set.
    Member(&'a str),
}

impl<'a> Line<'a> {
    /// Reads a line; none when it can not be read or its texts are over the limits.
    pub(super) fn read(line: &'a str, limits: &StatsDLimits) -> Option<Self> {
        let (name, rest) = line.split_once(':')?;
        let mut parts = rest.split('|');
        let (values, kind) = (parts.next()?, parts.next()?);
        let (mut rate, mut tags) = (1.0, "");
        for part in parts {
            if let Some(text) = part.strip_prefix('@') {
                rate = text.parse().ok().filter(|rate| (MIN_RATE..=1.0).contains(rate))?;
            } else if let Some(text) = part.strip_prefix('#') {
                tags = text;
            }
        }
        let changes = changes(values, kind, rate)?;
        let name = metric_name(name, kind == "c");
        Some(Self { labels: labels(name, tags, limits)?, changes })
    }
}

fn changes<'a>(values: &'a str, kind: &str, rate: f64) -> Option<Vec<Change<'a>>> {
    if kind == "s" {
        // A member is any text, colons and all.
        return (!values.is_empty()).then(|| vec![Change::Member(values)]);
    }
    let changes = values.split(':').map(|text| {
        let value = number(text)?;
        Some(match kind {
            // A total that falls would look like one that began again.
            "c" if value >= 0.0 => Change::Count(value / rate),
            "g" if text.starts_with(['+', '-']) => Change::Shift(value),
            "g" => Change::Level(value),
            "ms" | "h" | "d" => Change::Timed { value, weight: 1.0 / rate, milliseconds: kind == "ms" },
            _ => return None,
        })
    });
    changes.collect()
}

/// A finite number: one infinity would spoil a total for ever.
fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

fn metric_name(name: &str, counter: bool) -> String {
    let mut word = word(name);
    if counter && !word.is_empty() && !word.ends_with("_total") {
        word.push_str("_total");
    }
    word
}

fn labels(name: String, tags: &str, limits: &StatsDLimits) -> Option<Labels> {
    let mut labels = vec![(NAME.to_owned(), name)];
    for tag in tags.split(',').filter(|tag| !tag.is_empty()) {
        // A tag without a value holds or does not.
        let (key, value) = tag.split_once(':').unwrap_or((tag, "true"));
        if labels.len() >= limits.labels_per_series {
            return None;
        }
        if !value.is_empty() {
            labels.push((word(key), value.to_owned()));
        }
    }
    labels.sort();
    let fits = |text: &String| !text.is_empty() && text.len() <= limits.label_bytes;
    let fit = labels.iter().all(|(key, value)| fits(key) && fits(value));
    let once = labels.windows(2).all(|pair| pair[0].0 != pair[1].0);
    (fit && once).then_some(labels)
}

/// Letters, digits and underscores; no digit first.
fn word(text: &str) -> String {
    let mut word: String = text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if word.starts_with(|c: char| c.is_ascii_digit()) {
        word.insert(0, '_');
    }
    word
}
