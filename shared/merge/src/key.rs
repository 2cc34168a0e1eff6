//! What is a row called?
//!
//! `client/site/kind/name`, with `*` for a client or a site where all are meant: `acme/lyon/alert/01JD…`, `acme/*/rule/…`,
//! `*/*/grant/…`. Plain text, so that it can be read in a log, and ordered, so that what differs between two nodes after
//! a cut stands side by side.

use std::fmt;

use vigie_model::{NameError, NodeId, Slug, UtcMs};

use crate::kind::{Kind, Writer};
use crate::row::RowType;

/// Bytes of a key. Twice 63 for client and site, and room for a kind and two ids; a key stands in each message about its row.
pub const MAX_KEY_BYTES: usize = 240;

/// For whom a row is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Everybody.
    Deployment,
    /// One client.
    Client(Slug),
    /// One site of a client.
    Site(Slug, Slug),
}

impl Scope {
    /// Whether who sees `self` sees rows of `other`: a site sees its own rows, its client's and everybody's.
    pub fn sees(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::Deployment) => true,
            (Self::Client(mine) | Self::Site(mine, _), Self::Client(theirs)) => mine == theirs,
            (Self::Client(mine), Self::Site(theirs, _)) => mine == theirs,
            (Self::Site(..), Self::Site(..)) => self == other,
            (Self::Deployment, Self::Client(_) | Self::Site(..)) => true,
        }
    }

    /// The scopes a site's relay sees.
    pub fn seen_by_site(client: &Slug, site: &Slug) -> [Self; 3] {
        [Self::Deployment, Self::Client(client.clone()), Self::Site(client.clone(), site.clone())]
    }

    fn read(client: &str, site: &str) -> Result<Self, KeyError> {
        let slug = |text: &str| text.parse::<Slug>().map_err(KeyError::Name);
        match (client, site) {
            ("*", "*") => Ok(Self::Deployment),
            (client, "*") => Ok(Self::Client(slug(client)?)),
            (client, site) => Ok(Self::Site(slug(client)?, slug(site)?)),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deployment => f.write_str("*/*"),
            Self::Client(client) => write!(f, "{client}/*"),
            Self::Site(client, site) => write!(f, "{client}/{site}"),
        }
    }
}

/// 26 characters that nobody gives twice: 48 bits of milliseconds and 80 of chance, in Crockford's base 32.
///
/// See <https://github.com/ulid/spec>. A row with dots that was collected and begun again under the same key would count
/// from 1, and who still has the old clock would take the new dots for old ones: so such keys hold one of these.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ulid(u128);

impl Ulid {
    /// Characters of its text.
    pub const CHARS: usize = 26;

    const ALPHABET: &'static [u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    /// From the time and ten random bytes.
    pub fn new(at: UtcMs, random: [u8; 10]) -> Self {
        let ms = u128::from(at.0.max(0).cast_unsigned() & ((1 << 48) - 1));
        Self(random.iter().fold(ms, |number, byte| number << 8 | u128::from(*byte)))
    }

    /// The one in a text, if it is one as it would be printed.
    pub fn read(text: &str) -> Option<Self> {
        let digit = |byte: u8| Self::ALPHABET.iter().position(|digit| *digit == byte);
        let begins_low = text.as_bytes().first().is_some_and(|first| (b'0'..=b'7').contains(first));
        if text.len() != Self::CHARS || !begins_low {
            return None;
        }
        text.bytes().try_fold(0, |number: u128, byte| Some(number << 5 | digit(byte)? as u128)).map(Self)
    }
}

impl fmt::Display for Ulid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = (0..Self::CHARS).rev().map(|at| Self::ALPHABET[(self.0 >> (5 * at)) as usize & 31]);
        digits.map(char::from).try_for_each(|digit| fmt::Write::write_char(f, digit))
    }
}

impl fmt::Debug for Ulid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a row is called. Ordered as its text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(String);

impl Key {
    /// A key of a kind whose names may be used again: whose rows are told apart by time alone, or never collected.
    ///
    /// # Errors
    /// When the name is empty, too long or has other characters, or the kind's rows have dots and there is no [`Ulid`] among
    /// the name's parts.
    pub fn new(scope: &Scope, kind: &Kind, name: &str) -> Result<Self, KeyError> {
        Self::read(format!("{scope}/{kind}/{name}").as_bytes())
    }

    /// The key that arrived.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(bytes: &[u8]) -> Result<Self, KeyError> {
        if bytes.len() > MAX_KEY_BYTES {
            return Err(KeyError::Length(bytes.len()));
        }
        let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"*/-_.:".contains(byte);
        if let Some(other) = bytes.iter().find(|byte| !allowed(byte)) {
            return Err(KeyError::Character(*other));
        }
        let key = Self(String::from_utf8_lossy(bytes).into_owned());
        let mut parts = key.0.splitn(4, '/');
        let (Some(client), Some(site), Some(word), Some(name)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(KeyError::Parts);
        };
        if name.split('/').any(str::is_empty) {
            return Err(KeyError::Parts);
        }
        Scope::read(client, site)?;
        let kind = Kind::of_word(word.parse().map_err(KeyError::Name)?);
        let dotted = kind.row_type().is_some_and(RowType::has_dots);
        if dotted && !name.split('/').any(|part| Ulid::read(part).is_some()) {
            return Err(KeyError::Reusable(kind));
        }
        Ok(key)
    }

    /// For whom the row is.
    pub fn scope(&self) -> Scope {
        let (client, site, ..) = self.parts();
        // Only what was read as a scope is in a key.
        Scope::read(client, site).unwrap_or(Scope::Deployment)
    }

    /// What the row is about.
    pub fn kind(&self) -> Kind {
        let word = self.parts().2;
        word.parse().map_or(Kind::Audit, Kind::of_word)
    }

    /// What is left: which one of its kind.
    pub fn name(&self) -> &str {
        self.parts().3
    }

    /// The machine the row is about, for kinds that are about one: it stands first in the name.
    pub fn machine(&self) -> Option<NodeId> {
        match self.kind() {
            Kind::Fact | Kind::Presence => self.name().split('/').next()?.parse().ok(),
            Kind::Rule
            | Kind::Maintenance
            | Kind::Alert
            | Kind::Ack
            | Kind::About
            | Kind::Comment
            | Kind::Route
            | Kind::Grant
            | Kind::Held
            | Kind::Budget
            | Kind::Tag
            | Kind::Audit
            | Kind::Other(_) => None,
        }
    }

    /// Whether it tells of an alert that is no client's: the hub's own affairs, which nobody at a site can do anything about.
    pub fn is_hubs_own(&self) -> bool {
        let is_of_alert = match self.kind() {
            Kind::Alert | Kind::Ack | Kind::About | Kind::Comment => true,
            Kind::Fact
            | Kind::Presence
            | Kind::Rule
            | Kind::Maintenance
            | Kind::Route
            | Kind::Grant
            | Kind::Held
            | Kind::Budget
            | Kind::Tag
            | Kind::Audit
            | Kind::Other(_) => false,
        };
        is_of_alert && self.scope() == Scope::Deployment
    }

    /// Who may write the row: what is wider than a site is the hub's, whatever its kind.
    pub fn writer(&self) -> Writer {
        match self.scope() {
            Scope::Deployment | Scope::Client(_) => Writer::Hub,
            Scope::Site(..) => self.kind().writer(),
        }
    }

    /// Its bytes, which sort as keys do.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    fn parts(&self) -> (&str, &str, &str, &str) {
        let mut parts = self.0.splitn(4, '/');
        let mut next = || parts.next().unwrap_or_default();
        (next(), next(), next(), next())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Bytes that are no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Longer than [`MAX_KEY_BYTES`].
    #[error("a row's key has at most {MAX_KEY_BYTES} bytes, this one has {0}")]
    Length(usize),
    /// A character that keys do not have.
    #[error("a row's key has no byte {0:#04x}: letters, digits and -_.:*/ alone")]
    Character(u8),
    /// Not `client/site/kind/name`.
    #[error("a row's key is client/site/kind/name, with no empty part")]
    Parts,
    /// A client, a site or a kind that can not be called so.
    #[error("a row's key holds what is no name")]
    Name(#[source] NameError),
    /// Rows of this kind have dots, so their keys hold what is never used again.
    #[error("the key of {0} rows holds a ULID, for it may never be used again")]
    Reusable(Kind),
}
