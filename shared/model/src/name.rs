//! What may a client or a site be called?

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

/// The name of a client or a site: 1 to 63 of `a-z`, `0-9` and `-`, starting with a letter or digit.
///
/// Narrow on purpose: it stands in certificates, addresses and file names, and needs no escaping in any of them. A copy is
/// the same text again and no second one: lists of ten thousand machines bear two names in each row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Slug(Arc<str>);

/// The client of the demonstration: sites and machines that nobody has. The name is nobody else's, and what counts for real
/// ones leaves it out wherever it stands.
pub const DEMONSTRATION: &str = "vigie-demo";

impl Slug {
    /// Whether it is the client of the demonstration.
    pub fn is_demonstration(&self) -> bool {
        &*self.0 == DEMONSTRATION
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Slug {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::try_from(text.to_owned())
    }
}

impl TryFrom<String> for Slug {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if text.is_empty() || text.len() > 63 {
            return Err(NameError::Length(text.len()));
        }
        if text.starts_with('-') || !text.chars().all(allowed) {
            return Err(NameError::Character(text.chars().take(63).collect()));
        }
        Ok(Self(text.into()))
    }
}

impl From<Slug> for String {
    fn from(slug: Slug) -> Self {
        slug.as_str().to_owned()
    }
}

impl Serialize for Slug {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0)
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A name that can not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Empty or longer than 63 characters.
    #[error("a name has 1 to 63 characters, this one has {0}")]
    Length(usize),
    /// A character that is not allowed, or a leading dash.
    #[error("{0:?} is not a name: use a-z, 0-9 and -, starting with a letter or digit")]
    Character(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_plain_or_refused() {
        assert!("lyon-2".parse::<Slug>().is_ok());
        for bad in ["", "-a", "Lyon", "a b", "é", "a/b", &"x".repeat(64)] {
            assert!(bad.parse::<Slug>().is_err(), "{bad}");
        }
    }
}
