//! What is measured: a name, labels, a unit, a kind and a resolution.

use serde::{Deserialize, Serialize};

use crate::Resolution;

/// Labels on one series. OpenTelemetry's own system conventions use at most five, a container's series thirty.
pub const MAX_LABELS: usize = 64;

/// Bytes of a name, label key, label value or unit. An address with its query string is the longest that others send.
pub const MAX_TEXT_BYTES: usize = 1_024;

/// Bytes to which texts of our own machines are cut: mount points, device names.
pub const CUT_TEXT_BYTES: usize = 256;

/// Stands as the unit of a series that somebody else named: an annotation after UCUM, which adds no word.
const FOREIGN: &str = "{foreign}";

/// The place of a series in its stream's schema, from 0, never reassigned within a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SeriesIx(pub u32);

/// Whether a series is a level or a running total.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// A level that goes up and down.
    Gauge,
    /// A total that only grows, until it starts again at zero.
    Counter,
}

/// One series as its agent declared it.
///
/// Name, attributes and unit follow the OpenTelemetry system semantic conventions (`system.cpu.time`, `cpu.mode`,
/// UCUM units); [`SeriesDef::prometheus_name`] is how queries know it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SeriesDef {
    name: String,
    labels: Vec<(String, String)>,
    unit: String,
    kind: Kind,
    resolution: Resolution,
}

impl SeriesDef {
    /// Declares a series. Labels are sorted by key; texts are cut to [`CUT_TEXT_BYTES`] at a character boundary.
    ///
    /// # Errors
    /// When the name is empty, there are too many labels, a key stands twice, or the resolution is none we keep.
    pub fn new(
        name: &str,
        labels: &[(&str, &str)],
        unit: &str,
        kind: Kind,
        resolution: Resolution,
    ) -> Result<Self, SeriesError> {
        let labels = labels.iter().map(|(key, value)| (cut(key), cut(value))).collect();
        Self { name: cut(name), labels, unit: cut(unit), kind, resolution }.checked()
    }

    /// A series that somebody else named, in Prometheus' form: name and labels are shown as they stand, and every bit of
    /// a value is kept.
    ///
    /// # Errors
    /// As [`SeriesDef::new`], and when a text is too long: it is not ours to cut.
    pub fn foreign(name: &str, labels: &[(&str, &str)]) -> Result<Self, SeriesError> {
        let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let (name, unit) = (name.to_owned(), FOREIGN.to_owned());
        Self { name, labels, unit, kind: Kind::Gauge, resolution: Resolution::Exact }.checked()
    }

    /// The same series with its values kept in another step: for what others named and only ever sent in whole steps.
    ///
    /// # Errors
    /// When the resolution is none we keep.
    pub fn kept_in(self, resolution: Resolution) -> Result<Self, SeriesError> {
        Self { resolution, ..self }.checked()
    }

    /// Whether somebody else named it; see [`SeriesDef::foreign`].
    pub fn is_foreign(&self) -> bool {
        self.unit == FOREIGN
    }

    /// The same series if it keeps the rules of [`SeriesDef::new`]: for shapes that came from disk or from a peer.
    ///
    /// # Errors
    /// As [`SeriesDef::new`], and when a text is too long.
    pub fn checked(mut self) -> Result<Self, SeriesError> {
        self.labels.sort();
        if self.name.is_empty() {
            return Err(SeriesError::NoName);
        }
        if self.labels.len() > MAX_LABELS {
            return Err(SeriesError::TooManyLabels(self.labels.len()));
        }
        if self.labels.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(SeriesError::SameLabelTwice);
        }
        let texts = self.labels.iter().flat_map(|(key, value)| [key, value]).chain([&self.name, &self.unit]);
        if texts.map(String::len).any(|len| len > MAX_TEXT_BYTES) {
            return Err(SeriesError::TextTooLong);
        }
        if !self.resolution.is_valid() {
            return Err(SeriesError::NoSuchResolution);
        }
        Ok(self)
    }

    /// The name in OpenTelemetry form, such as `system.cpu.utilization`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The labels, sorted by key, in OpenTelemetry form.
    pub fn labels(&self) -> &[(String, String)] {
        &self.labels
    }

    /// The unit in UCUM, such as `By`, `s`, `1`, `Cel`.
    pub fn unit(&self) -> &str {
        &self.unit
    }

    /// Level or running total.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The step in which values are kept.
    pub fn resolution(&self) -> Resolution {
        self.resolution
    }

    /// The name as Prometheus writes it, after the OpenTelemetry compatibility rules: dots become underscores, the unit
    /// is spelt out as a suffix, counters end in `_total`, gauges of unit 1 end in `_ratio`.
    pub fn prometheus_name(&self) -> String {
        if self.is_foreign() {
            return self.name.clone();
        }
        let mut name = prometheus_word(&self.name);
        let unit = unit_word(&self.unit, self.kind);
        if !unit.is_empty() && !name.ends_with(&unit) {
            name = format!("{name}_{unit}");
        }
        if self.kind == Kind::Counter && !name.ends_with("_total") {
            name.push_str("_total");
        }
        name
    }

    /// The labels as Prometheus writes them, sorted by key.
    pub fn prometheus_labels(&self) -> Vec<(String, String)> {
        if self.is_foreign() {
            return self.labels.clone();
        }
        let mut labels: Vec<_> = self.labels.iter().map(|(key, value)| (prometheus_word(key), value.clone())).collect();
        labels.sort();
        labels
    }
}

/// A series that can not be declared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SeriesError {
    /// The name is empty.
    #[error("a series needs a name")]
    NoName,
    /// More labels than [`MAX_LABELS`].
    #[error("a series has at most {MAX_LABELS} labels, this one has {0}")]
    TooManyLabels(usize),
    /// A label key stands twice.
    #[error("a label key stands twice")]
    SameLabelTwice,
    /// A text longer than [`MAX_TEXT_BYTES`].
    #[error("a name, label or unit is longer than {MAX_TEXT_BYTES} bytes")]
    TextTooLong,
    /// A step of zero or an exponent out of range.
    #[error("a resolution has a step of at least 1 and an exponent from -9 to 9")]
    NoSuchResolution,
}

fn cut(text: &str) -> String {
    let mut end = text.len().min(CUT_TEXT_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

fn prometheus_word(text: &str) -> String {
    let mut word: String = text.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect();
    if word.starts_with(|c: char| c.is_ascii_digit()) {
        word.insert(0, '_');
    }
    word
}

fn unit_word(unit: &str, kind: Kind) -> String {
    match unit {
        "" => String::new(),
        "1" if kind == Kind::Gauge => "ratio".to_owned(),
        "1" => String::new(),
        "By" => "bytes".to_owned(),
        "s" => "seconds".to_owned(),
        "ms" => "milliseconds".to_owned(),
        "us" => "microseconds".to_owned(),
        "Cel" => "celsius".to_owned(),
        "Hz" => "hertz".to_owned(),
        "%" => "percent".to_owned(),
        "By/s" => "bytes_per_second".to_owned(),
        "bit/s" => "bits_per_second".to_owned(),
        // A UCUM annotation such as {packet} counts things and adds no word.
        annotated if annotated.starts_with('{') => String::new(),
        other => prometheus_word(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prometheus(name: &str, unit: &str, kind: Kind) -> String {
        SeriesDef::new(name, &[], unit, kind, Resolution::ONE).expect("a plain series").prometheus_name()
    }

    #[test]
    fn names_are_what_the_opentelemetry_collector_would_export() {
        assert_eq!(prometheus("system.cpu.time", "s", Kind::Counter), "system_cpu_time_seconds_total");
        assert_eq!(prometheus("system.cpu.utilization", "1", Kind::Gauge), "system_cpu_utilization_ratio");
        assert_eq!(prometheus("system.memory.usage", "By", Kind::Gauge), "system_memory_usage_bytes");
        assert_eq!(prometheus("system.network.packets", "{packet}", Kind::Counter), "system_network_packets_total");
    }

    #[test]
    fn labels_are_sorted_and_stand_once() {
        let def = SeriesDef::new("m", &[("b", "2"), ("a", "1")], "", Kind::Gauge, Resolution::ONE).expect("two labels");
        assert_eq!(def.labels()[0].0, "a");
        let twice = SeriesDef::new("m", &[("a", "2"), ("a", "1")], "", Kind::Gauge, Resolution::ONE);
        assert_eq!(twice, Err(SeriesError::SameLabelTwice));
    }

    #[test]
    fn a_long_machine_text_is_cut_at_a_character() {
        let long = "é".repeat(300);
        let def = SeriesDef::new("m", &[("mount", &long)], "", Kind::Gauge, Resolution::ONE).expect("cut, not refused");
        assert_eq!(def.labels()[0].1.len(), CUT_TEXT_BYTES);
    }

    #[test]
    fn what_others_named_keeps_its_name() {
        let def = SeriesDef::foreign("job:up:sum", &[("le", "+Inf"), ("a.b", "é")]).expect("a plain series");
        assert!(def.is_foreign());
        assert_eq!(def.prometheus_name(), "job:up:sum");
        assert_eq!(def.prometheus_labels(), [("a.b".to_owned(), "é".to_owned()), ("le".to_owned(), "+Inf".to_owned())]);
        let long = "x".repeat(MAX_TEXT_BYTES + 1);
        assert_eq!(SeriesDef::foreign("m", &[("a", &long)]), Err(SeriesError::TextTooLong));
    }
}
