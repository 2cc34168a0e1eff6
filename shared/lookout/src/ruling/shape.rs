//! What stands in a row about a rule?

use serde::{Deserialize, Serialize};
use vigie_alerts::Said;
use vigie_merge::{Key, KeyError, Kind, Scope, Ulid};
use vigie_model::{Severity, UtcMs};
use vigie_watch::{Comparison, Reading, Tuning};

/// Version of the value's shape.
const VERSION: u8 = 1;

/// What is said of a rule, version 1.
#[derive(Debug, Clone, PartialEq, PartialOrd, Serialize, Deserialize)]
pub(crate) struct Ruled {
    /// The rule's name.
    pub(crate) name: String,
    /// For which machines of the row's place.
    pub(crate) of: Of,
    /// What.
    pub(crate) what: What,
}

/// For which machines of a place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Of {
    /// All.
    All,
    /// Those of a group.
    Group(String),
    /// Those with a tag.
    Tag(String),
    /// One, by its id, and what it was called.
    Machine(String, String),
}

/// What is said.
#[derive(Debug, Clone, PartialEq, PartialOrd, Serialize, Deserialize)]
pub(crate) enum What {
    /// A rule that is written in PromQL.
    Written {
        /// The file that somebody applied.
        file: String,
        /// The group's name in that file.
        group: String,
        /// Where it stands in the file, from 0.
        turn: u32,
        /// The rule, alone in its group, as a file that Prometheus reads.
        text: String,
    },
    /// What is changed of a rule.
    Tuned(Tuned),
    /// Nothing any more.
    Removed {
        /// The file it was of; none for what was changed.
        file: Option<String>,
    },
}

/// As [`Tuning`], in a shape that stays.
#[derive(Debug, Clone, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
pub(crate) struct Tuned {
    on: Option<bool>,
    metric: Option<String>,
    only: Option<Vec<(String, String)>>,
    reading: Option<ReadingKept>,
    comparison: Option<ComparisonKept>,
    threshold: Option<f64>,
    clear: Option<f64>,
    for_ms: Option<i64>,
    severity: Option<Severity>,
    summary: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
enum ReadingKept {
    Last,
    Average(i64),
    Largest(i64),
    Smallest(i64),
    PerSecond(i64),
    Forecast(i64, i64),
}

#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
enum ComparisonKept {
    Above,
    AtLeast,
    Below,
    AtMost,
    Equal,
    NotEqual,
}

/// Which row.
///
/// # Errors
/// When a file can not be called so.
pub(crate) fn written_key(scope: &Scope, file: &str, of: &Of, rule: (&str, &str, usize)) -> Result<Key, KeyError> {
    let (group, name, turn) = rule;
    let id = same_for(&["file", file, &of.word(), group, name, &turn.to_string()]);
    Key::new(scope, &Kind::Rule, &format!("file/{file}/{id}"))
}

/// Which row.
///
/// # Errors
/// Never, unless the scope is none.
pub(crate) fn tuned_key(scope: &Scope, name: &str, of: &Of) -> Result<Key, KeyError> {
    Key::new(scope, &Kind::Rule, &format!("form/{}", same_for(&["form", name, &of.word()])))
}

/// The same for hub and relay when both say something of the same rule without knowing of each other. Its key may be used
/// again, for these rows are never collected: what is taken back says so.
fn same_for(words: &[&str]) -> Ulid {
    let mut hasher = blake3::Hasher::new();
    for word in words {
        hasher.update(&(word.len() as u64).to_le_bytes()).update(word.as_bytes());
    }
    let hash = hasher.finalize();
    let random = hash.as_bytes().first_chunk::<10>().copied().unwrap_or_default();
    Ulid::new(UtcMs(0), random)
}

pub(crate) fn encode(said: &Said<Ruled>) -> Vec<u8> {
    // It is made of texts and numbers, which can be written.
    [vec![VERSION], postcard::to_stdvec(said).unwrap_or_default()].concat()
}

/// What a value says; the version where this program can not read it.
pub(crate) fn decode(value: &[u8]) -> Result<Said<Ruled>, u8> {
    let version = value.first().copied().unwrap_or(0);
    let body = value.strip_prefix(&[VERSION]).ok_or(version)?;
    postcard::from_bytes(body).map_err(|_| version)
}

impl Of {
    fn word(&self) -> String {
        match self {
            Self::All => "all".to_owned(),
            Self::Group(name) => format!("group {name}"),
            Self::Tag(name) => format!("tag {name}"),
            Self::Machine(id, _) => format!("machine {id}"),
        }
    }

    /// As a person reads it; nothing for all.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::All => String::new(),
            Self::Group(name) => format!(" group {name}"),
            Self::Tag(name) => format!(" tag {name}"),
            Self::Machine(_, name) => format!(" machine {name}"),
        }
    }
}

impl From<&Tuning> for Tuned {
    fn from(said: &Tuning) -> Self {
        Self {
            on: said.on,
            metric: said.metric.clone(),
            only: said.only.clone(),
            reading: said.reading.map(|reading| match reading {
                Reading::Last => ReadingKept::Last,
                Reading::Average(ms) => ReadingKept::Average(ms),
                Reading::Largest(ms) => ReadingKept::Largest(ms),
                Reading::Smallest(ms) => ReadingKept::Smallest(ms),
                Reading::PerSecond(ms) => ReadingKept::PerSecond(ms),
                Reading::Forecast { over_ms, ahead_ms } => ReadingKept::Forecast(over_ms, ahead_ms),
            }),
            comparison: said.comparison.map(|comparison| match comparison {
                Comparison::Above => ComparisonKept::Above,
                Comparison::AtLeast => ComparisonKept::AtLeast,
                Comparison::Below => ComparisonKept::Below,
                Comparison::AtMost => ComparisonKept::AtMost,
                Comparison::Equal => ComparisonKept::Equal,
                Comparison::NotEqual => ComparisonKept::NotEqual,
            }),
            threshold: said.threshold,
            clear: said.clear,
            for_ms: said.for_ms,
            severity: said.severity,
            summary: said.summary.clone(),
        }
    }
}

impl From<&Tuned> for Tuning {
    fn from(said: &Tuned) -> Self {
        Self {
            on: said.on,
            metric: said.metric.clone(),
            only: said.only.clone(),
            reading: said.reading.map(|reading| match reading {
                ReadingKept::Last => Reading::Last,
                ReadingKept::Average(ms) => Reading::Average(ms),
                ReadingKept::Largest(ms) => Reading::Largest(ms),
                ReadingKept::Smallest(ms) => Reading::Smallest(ms),
                ReadingKept::PerSecond(ms) => Reading::PerSecond(ms),
                ReadingKept::Forecast(over_ms, ahead_ms) => Reading::Forecast { over_ms, ahead_ms },
            }),
            comparison: said.comparison.map(|comparison| match comparison {
                ComparisonKept::Above => Comparison::Above,
                ComparisonKept::AtLeast => Comparison::AtLeast,
                ComparisonKept::Below => Comparison::Below,
                ComparisonKept::AtMost => Comparison::AtMost,
                ComparisonKept::Equal => Comparison::Equal,
                ComparisonKept::NotEqual => Comparison::NotEqual,
            }),
            threshold: said.threshold,
            clear: said.clear,
            for_ms: said.for_ms,
            severity: said.severity,
            summary: said.summary.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_of_a_row_stays_what_it_is() {
        let what = What::Tuned(Tuned { threshold: Some(0.5), for_ms: Some(60_000), ..Tuned::default() });
        let said = Said::new(Ruled { name: "A".to_owned(), of: Of::Tag("t".to_owned()), what }, "ann", "hub", UtcMs(1));
        let bytes = encode(&said);
        let golden = "010203616e6e03687562014102017401000000000001000000000000e03f0001c0a9070000";
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, golden);
        assert_eq!(decode(&bytes).as_ref(), Ok(&said));
        assert_eq!(decode(&[2, 1, 2, 3]), Err(2), "a later version is not misread");
        assert!(decode(&[]).is_err() && decode(&[1, 255]).is_err());
    }
}
