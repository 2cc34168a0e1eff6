//! How is a secret made and kept?

use data_encoding::{BASE64URL_NOPAD, Encoding, HEXLOWER, Specification};
use serde::{Deserialize, Serialize};

/// Random bytes from outside, enough for all that one order needs.
#[derive(Clone)]
pub struct Chance([u8; 32]);

/// Which person, token, invitation or session: sixteen digits that nobody chose.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Id(String);

/// What is kept of a secret that nobody chose: its hash. There is nothing to slow down, because it can not be guessed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Kept([u8; 32]);

/// Crockford's digits: no `i`, `l`, `o` or `u`, which are mistaken for others on paper.
const DIGITS: &str = "0123456789abcdefghjkmnpqrstvwxyz";

/// Characters of an [`Id`].
const ID_CHARS: usize = 16;

impl Chance {
    /// From bytes that nobody knows.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Bytes for one purpose, which tell nothing of those for another.
    pub(crate) fn bytes<const N: usize>(&self, purpose: &str) -> [u8; N] {
        let mut bytes = [0; N];
        blake3::Hasher::new_keyed(&self.0).update(purpose.as_bytes()).finalize_xof().fill(&mut bytes);
        bytes
    }

    pub(crate) fn id(&self, purpose: &str) -> Id {
        Id(encoding().encode(&self.bytes::<10>(purpose)))
    }

    /// A secret for a program or a browser: 256 bits, with a mark in front by which a leaked one is found.
    pub(crate) fn secret(&self, mark: &str, purpose: &str) -> String {
        format!("{mark}{}", BASE64URL_NOPAD.encode(&self.bytes::<32>(purpose)))
    }

    /// A secret for a person: 80 bits, which can be read out on the telephone.
    pub(crate) fn code(&self, purpose: &str) -> String {
        let digits = encoding().encode(&self.bytes::<10>(purpose));
        let groups: Vec<&str> = (0..digits.len()).step_by(4).map(|at| &digits[at..at + 4]).collect();
        groups.join("-")
    }
}

impl std::fmt::Debug for Chance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Chance")
    }
}

impl Kept {
    /// What is kept of a token or a session's secret.
    pub fn of(secret: &str) -> Self {
        Self(blake3::derive_key("vigie 2026-11 secret of a program or browser", secret.as_bytes()))
    }

    /// What is kept of a code for people, however it was typed.
    pub(crate) fn of_code(typed: &str) -> Self {
        let meant = |char: char| match char.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            other => other,
        };
        let plain: String = typed.chars().filter(|char| !char.is_whitespace() && *char != '-').map(meant).collect();
        Self(blake3::derive_key("vigie 2026-11 code of a person", plain.as_bytes()))
    }

    /// Its bytes, which tell nothing of the secret.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Kept")
    }
}

impl From<Kept> for String {
    fn from(kept: Kept) -> Self {
        HEXLOWER.encode(&kept.0)
    }
}

impl TryFrom<String> for Kept {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let bytes = HEXLOWER.decode(text.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or("not 64 hexadecimal digits")
    }
}

impl Id {
    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Id> for String {
    fn from(id: Id) -> Self {
        id.0
    }
}

impl TryFrom<String> for Id {
    type Error = NotAnId;

    fn try_from(text: String) -> Result<Self, NotAnId> {
        let is = text.len() == ID_CHARS && text.chars().all(|char| DIGITS.contains(char));
        if is { Ok(Self(text)) } else { Err(NotAnId) }
    }
}

impl std::str::FromStr for Id {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        Self::try_from(text.to_owned())
    }
}

/// Not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id has 16 digits and small letters")]
pub struct NotAnId;

fn encoding() -> Encoding {
    let mut specification = Specification::new();
    specification.symbols.push_str(DIGITS);
    specification.encoding().expect("32 digits, each once")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_chance_gives_another_secret_for_each_purpose_and_the_same_for_one() {
        let chance = Chance::new([7; 32]);
        assert_eq!(chance.secret("x", "a"), chance.secret("x", "a"));
        assert_ne!(chance.secret("x", "a"), chance.secret("x", "b"));
        assert!(chance.secret("vgp_", "a").starts_with("vgp_") && chance.secret("", "a").len() == 43);
        assert_eq!(chance.id("a").to_string().parse(), Ok(chance.id("a")));
    }

    #[test]
    fn a_code_is_known_however_it_is_typed() {
        let code = Chance::new([3; 32]).code("a");
        assert_eq!(code.len(), 19, "{code}");
        let typed = format!(" {} ", code.to_uppercase().replace('-', " ").replace('0', "O").replace('1', "l"));
        assert_eq!(Kept::of_code(&typed), Kept::of_code(&code));
        assert_ne!(Kept::of_code(&code[1..]), Kept::of_code(&code));
    }

    #[test]
    fn nothing_secret_is_printed() {
        assert_eq!(format!("{:?} {:?}", Chance::new([1; 32]), Kept::of("x")), "Chance Kept");
    }
}
