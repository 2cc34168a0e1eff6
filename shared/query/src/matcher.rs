//! Does a label have the value that was asked for?

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use regex::{Regex, RegexBuilder};

use crate::{Dialect, LabelSet};

/// What a compiled regular expression may take.
///
/// `.*(cpu|disk).*` takes a few kB; a counted repetition of a Unicode class takes megabytes and is nobody's question.
pub(crate) const MAX_REGEX_BYTES: usize = 512 * 1024;

/// One condition on one label.
#[derive(Debug, Clone)]
pub struct Matcher {
    name: String,
    test: Test,
}

#[derive(Debug, Clone)]
enum Test {
    Equal(String),
    NotEqual(String),
    Regex(Box<Regex>),
    NotRegex(Box<Regex>),
    /// Shared: whoever is confined to some thousand machines asks with them again and again.
    OneOf(Arc<BTreeSet<String>>),
}

impl Matcher {
    /// `name="value"`. The empty value asks for the label's absence.
    pub fn equal(name: &str, value: &str) -> Self {
        Self { name: name.to_owned(), test: Test::Equal(value.to_owned()) }
    }

    /// `name!="value"`.
    pub fn not_equal(name: &str, value: &str) -> Self {
        Self { name: name.to_owned(), test: Test::NotEqual(value.to_owned()) }
    }

    /// `name=~"pattern"`: the pattern fits the whole value.
    ///
    /// # Errors
    /// When the pattern is no regular expression, or too large a one.
    pub fn regex(name: &str, pattern: &str) -> Result<Self, RegexError> {
        Ok(Self { name: name.to_owned(), test: Test::Regex(Box::new(anchored(pattern)?)) })
    }

    /// `name!~"pattern"`.
    ///
    /// # Errors
    /// As [`Matcher::regex`].
    pub fn not_regex(name: &str, pattern: &str) -> Result<Self, RegexError> {
        Ok(Self { name: name.to_owned(), test: Test::NotRegex(Box::new(anchored(pattern)?)) })
    }

    /// The value is one of these; with none, nothing matches. PromQL has no such matcher: it confines a tenant.
    pub fn one_of(name: &str, values: impl IntoIterator<Item = String>) -> Self {
        Self { name: name.to_owned(), test: Test::OneOf(Arc::new(values.into_iter().collect())) }
    }

    /// The label it looks at.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether this value is one that was asked for.
    pub fn matches(&self, value: &str) -> bool {
        match &self.test {
            Test::Equal(wanted) => value == wanted,
            Test::NotEqual(unwanted) => value != unwanted,
            Test::Regex(regex) => regex.is_match(value),
            Test::NotRegex(regex) => !regex.is_match(value),
            Test::OneOf(values) => values.contains(value),
        }
    }

    /// The only value that matches, when there is just one: for a storage with an index.
    pub fn exact(&self) -> Option<&str> {
        match &self.test {
            Test::Equal(value) => Some(value),
            Test::OneOf(values) if values.len() == 1 => values.first().map(String::as_str),
            Test::NotEqual(_) | Test::Regex(_) | Test::NotRegex(_) | Test::OneOf(_) => None,
        }
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        match &self.test {
            Test::Equal(value) => write!(f, "{name}={value:?}"),
            Test::NotEqual(value) => write!(f, "{name}!={value:?}"),
            Test::Regex(regex) => write!(f, "{name}=~{:?}", regex.as_str()),
            Test::NotRegex(regex) => write!(f, "{name}!~{:?}", regex.as_str()),
            Test::OneOf(values) => write!(f, "{name} one of {values:?}"),
        }
    }
}

/// Whether a series has every value that was asked for.
pub fn all_match(matchers: &[Matcher], labels: &LabelSet) -> bool {
    matchers.iter().all(|matcher| matcher.matches(labels.get(&matcher.name)))
}

/// A regular expression that is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegexError {
    /// Not a regular expression in RE2 syntax.
    #[error("error parsing regexp {pattern:?}: {reason}")]
    Syntax {
        /// What was given.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Compiled, it would take more than half a megabyte.
    #[error("regexp {pattern:?} is too large: it would take more than {MAX_REGEX_BYTES} bytes")]
    TooLarge {
        /// What was given.
        pattern: String,
    },
}

/// A pattern of a function, over the whole value. Prometheus 3 lets a dot fit a line break here too.
pub(crate) fn function_pattern(pattern: &str, dialect: Dialect) -> Result<Regex, RegexError> {
    match dialect {
        Dialect::Prometheus3 => anchored(pattern),
        Dialect::Prometheus2 => {
            compile(pattern, pattern)?;
            compile(&format!("^(?:{pattern})$"), pattern)
        }
    }
}

/// The pattern over the whole value, as Prometheus reads it: a dot fits a line break too.
pub(crate) fn anchored(pattern: &str) -> Result<Regex, RegexError> {
    // Alone first: `a)|(b` is no pattern, but would be one between the anchors, and match anywhere.
    compile(pattern, pattern)?;
    compile(&format!("^(?s:{pattern})$"), pattern)
}

fn compile(text: &str, pattern: &str) -> Result<Regex, RegexError> {
    let built = RegexBuilder::new(text).size_limit(MAX_REGEX_BYTES).dfa_size_limit(MAX_REGEX_BYTES).build();
    let shown = || pattern.chars().take(80).collect();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => RegexError::TooLarge { pattern: shown() },
        other => RegexError::Syntax { pattern: shown(), reason: last_line(&other.to_string()) },
    })
}

/// The regex crate draws the pattern over several lines and says what is wrong in the last.
fn last_line(text: &str) -> String {
    let line = text.lines().last().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_fits_the_whole_value_or_not_at_all() {
        let matcher = Matcher::regex("m", "lyon|par").expect("a pattern");
        assert!(matcher.matches("lyon") && matcher.matches("par"));
        assert!(!matcher.matches("paris") && !matcher.matches("xlyon"));
        assert!(Matcher::regex("m", "a.b").expect("a pattern").matches("a\nb"));
    }

    #[test]
    fn no_pattern_breaks_out_of_its_anchors() {
        assert!(matches!(Matcher::regex("client", "a)|(.*"), Err(RegexError::Syntax { .. })));
    }

    #[test]
    fn a_pattern_that_would_fill_the_memory_is_refused() {
        assert!(matches!(Matcher::regex("m", r"\w{500}{50}"), Err(RegexError::TooLarge { .. })));
        assert!(Matcher::regex("m", ".*(cpu|disk|memory).*[0-9]{1,5}").is_ok());
    }

    #[test]
    fn nothing_is_one_of_nothing() {
        assert!(!Matcher::one_of("client", []).matches(""));
        assert_eq!(Matcher::one_of("client", ["a".to_owned()]).exact(), Some("a"));
    }
}
