//! Who is a person to the hub?

use serde::{Deserialize, Serialize};
use vigie_model::UtcMs;

use crate::secret::Kept;
use crate::{Grant, Id, Linked, Passkey, Totp, Verifier};

/// Bytes of an address: what a mail server takes.
const EMAIL_BYTES: usize = 254;

/// Bytes of a name: it stands in each decision of its bearer.
const NAME_BYTES: usize = 100;

/// Addresses from which somebody came in that are remembered.
const PLACES: usize = 8;

/// A person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Person {
    /// Which.
    pub id: Id,
    /// By what they sign in; no two have the same.
    pub email: Email,
    /// What others call them.
    pub name: Name,
    /// What they may, and where.
    pub grants: Vec<Grant>,
    /// Nothing until they have chosen one, and after theirs was taken back.
    pub password: Option<Password>,
    /// The telephone that must agree when they sign in.
    pub totp: Option<Totp>,
    /// One that was shown, and has not yet answered.
    pub totp_offered: Option<Totp>,
    /// What is left of their recovery codes.
    pub recovery: Vec<Kept>,
    /// Accounts of other houses by which they sign in, too.
    #[serde(default)]
    pub linked: Vec<Linked>,
    /// Their passkeys.
    #[serde(default)]
    pub passkeys: Vec<Passkey>,
    /// Their password alone opens nothing, whether they have a telephone or not.
    #[serde(default)]
    pub second_needed: bool,
    /// They come in nowhere, and their tokens open nothing.
    pub disabled: bool,
    /// Since when they are here.
    pub made_ms: i64,
    /// When they signed in last.
    pub seen_ms: Option<i64>,
    /// From where they came in, the latest last.
    pub from: Vec<String>,
    /// Who saw what they see, the latest last.
    #[serde(default)]
    pub looked: Vec<Looked>,
    /// Counts what was changed: two who change the same do not overwrite one another.
    pub version: u64,
}

/// That somebody saw what a person sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Looked {
    /// Who.
    pub by: Email,
    /// From when, in ms since 1970.
    pub from_ms: i64,
    /// Until when at most.
    pub until_ms: i64,
    /// When they ended it themselves.
    pub ended_ms: Option<i64>,
    /// Whether they could act in the person's name.
    pub acts: bool,
}

/// Times somebody saw what a person sees that are kept with them; the audit has them all.
pub(crate) const MOST_LOOKED: usize = 50;

/// A password as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Password {
    /// What proves it.
    pub verifier: Verifier,
    /// Since when it is theirs.
    pub since_ms: i64,
}

impl Person {
    /// Whether they came in from there before.
    pub fn knows(&self, address: &str) -> bool {
        self.from.iter().any(|from| from == address)
    }

    /// Whether their password is older than the operator wants.
    pub fn has_old_password(&self, life_days: u32, now: UtcMs) -> bool {
        let life_ms = i64::from(life_days) * 86_400_000;
        life_days > 0 && self.password.as_ref().is_some_and(|own| now.0.saturating_sub(own.since_ms) > life_ms)
    }

    pub(crate) fn came_in(&mut self, from: &str, now: UtcMs) {
        self.seen_ms = Some(now.0);
        self.from.retain(|other| other != from);
        self.from.push(from.to_owned());
        let too_many = self.from.len().saturating_sub(PLACES);
        self.from.drain(..too_many);
    }

    pub(crate) fn changed(mut self) -> Self {
        self.version += 1;
        self
    }
}

/// An address by which somebody signs in: one `@`, and nothing that could be read as something else. Capitals do not
/// matter, and are not kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

/// What others call a person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

/// Why a text is no address or no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAPerson {
    /// Not an address.
    #[error("an e-mail address has one @, no spaces, and at most {EMAIL_BYTES} bytes")]
    Email,
    /// Not a name.
    #[error("a name has 1 to {NAME_BYTES} bytes and no control characters")]
    Name,
}

impl Email {
    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Name {
    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Email {
    type Error = NotAPerson;

    fn try_from(text: String) -> Result<Self, NotAPerson> {
        // Only of ASCII: other letters that fold into it would make one address of two.
        let folded = text.trim().to_ascii_lowercase();
        let plain = |char: char| char.is_ascii_graphic() && !"\"<>()[]\\,;:".contains(char);
        let is = match folded.split_once('@') {
            Some((who, host)) => {
                !who.is_empty() && !host.is_empty() && !host.contains('@') && folded.chars().all(plain)
            }
            None => false,
        };
        if is && folded.len() <= EMAIL_BYTES { Ok(Self(folded)) } else { Err(NotAPerson::Email) }
    }
}

impl TryFrom<String> for Name {
    type Error = NotAPerson;

    fn try_from(text: String) -> Result<Self, NotAPerson> {
        let plain = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let turns =
            |char: char| matches!(char, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        let is = !plain.is_empty()
            && plain.len() <= NAME_BYTES
            && !plain.chars().any(|char| char.is_control() || turns(char));
        if is { Ok(Self(plain)) } else { Err(NotAPerson::Name) }
    }
}

macro_rules! text {
    ($kind:ident) => {
        impl std::str::FromStr for $kind {
            type Err = NotAPerson;

            fn from_str(text: &str) -> Result<Self, NotAPerson> {
                Self::try_from(text.to_owned())
            }
        }

        impl From<$kind> for String {
            fn from(text: $kind) -> Self {
                text.0
            }
        }

        impl std::fmt::Display for $kind {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text!(Email);
text!(Name);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_however_it_is_written() {
        let email = |text: &str| text.parse::<Email>().map(String::from);
        assert_eq!(email(" Ann.Lemoine@Example.ORG "), Ok("ann.lemoine@example.org".to_owned()));
        for bad in ["", "ann", "@x", "ann@", "a@b@c", "a b@c", "a@b\nc", "<a@b>", &format!("{}@x", "a".repeat(254))] {
            assert_eq!(email(bad), Err(NotAPerson::Email), "{bad}");
        }
    }

    #[test]
    fn a_name_moves_no_terminal_and_turns_no_line() {
        assert_eq!("  Ann   Lemoine ".parse::<Name>().map(String::from), Ok("Ann Lemoine".to_owned()));
        for bad in ["", "\u{1b}[2J", "a\u{202e}b", &"x".repeat(101)] {
            assert_eq!(bad.parse::<Name>(), Err(NotAPerson::Name), "{bad:?}");
        }
    }
}
