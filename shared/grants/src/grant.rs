//! What is granted to a person, and how does it stand in a row?

use data_encoding::BASE32_NOPAD;
use serde::{Deserialize, Serialize};
use vigie_merge::{Key, KeyError, Kind, Row, Scope};
use vigie_model::UtcMs;
use vigie_serve::Place;

use crate::passphrase::Verifier;

/// The version that stands before a grant in its row. Shapes of a version are never edited.
const VERSION: u8 = 1;

/// What stands before the name of such rows, among other grants.
const FAMILY: &str = "sign-in";

/// The right of a person at a site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Who, as they type it.
    pub name: String,
    /// What they may.
    pub may: May,
    /// Since when, in ms since 1970.
    pub from_ms: i64,
    /// Until when.
    pub until_ms: i64,
    /// When it was taken back, if it was.
    pub revoked_ms: Option<i64>,
    pub(crate) verifier: Verifier,
}

/// What a person may at a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum May {
    /// See what is there.
    Look,
    /// Decide of alerts, too.
    Decide,
}

impl May {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Look => "look",
            Self::Decide => "decide",
        }
    }
}

impl std::str::FromStr for May {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Look, Self::Decide]
            .into_iter()
            .find(|may| may.as_str() == text)
            .ok_or_else(|| format!("a person may look or decide, not {text:?}"))
    }
}

impl Grant {
    /// How it stands at a moment: `valid`, `expired` or `revoked`.
    pub fn state(&self, now: UtcMs) -> &'static str {
        match self.revoked_ms {
            Some(_) => "revoked",
            None if self.until_ms <= now.0 => "expired",
            None => "valid",
        }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        // Numbers and texts always have a form.
        let body = postcard::to_stdvec(self).unwrap_or_default();
        [&[VERSION], body.as_slice()].concat()
    }

    /// The grant in a row; none in one that was deleted, or that a later version wrote.
    pub(crate) fn of_row(row: &Row) -> Option<Self> {
        let Row::Last(last) = row else { return None };
        let (version, body) = last.value()?.split_first()?;
        (*version == VERSION).then(|| postcard::from_bytes(body).ok()).flatten()
    }
}

/// The row of a person at a place: found by their name, however they write it.
pub(crate) fn key(place: &Place, name: &str) -> Result<Key, KeyError> {
    let hash = blake3::derive_key("vigie 2026-11 sign-in name", folded(name).as_bytes());
    let name = BASE32_NOPAD.encode(&hash[..15]).to_ascii_lowercase();
    Key::new(&scope(place), &Kind::Grant, &format!("{FAMILY}/{name}"))
}

/// Whether a row is one of these.
pub(crate) fn is_ours(key: &Key) -> bool {
    key.kind() == Kind::Grant && key.name().split('/').next() == Some(FAMILY)
}

pub(crate) fn scope(place: &Place) -> Scope {
    Scope::Site(place.client.clone(), place.site.clone())
}

/// The same for one person, however they write their name.
pub(crate) fn folded(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}
