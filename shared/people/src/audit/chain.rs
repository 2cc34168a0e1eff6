//! How does each line cover the one before it?

use serde::{Deserialize, Serialize};
use vigie_model::Slug;

use super::Line;

/// What nobody knows of a line but who has the line itself. Without it, whoever has a line's hash and the line before could
/// try texts until one fits: a hash of what can be guessed tells it, after it was erased, too.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt(pub [u8; 16]);

/// The end of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The number of the last line; 0 for none.
    pub seq: u64,
    /// Its hash.
    pub hash: [u8; 32],
}

/// A line as it is kept: its hash, and its bytes as they were hashed or as they were left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What the chain says up to here.
    pub hash: [u8; 32],
    /// What the hash is of.
    pub held: Held,
    /// The line as JSON.
    pub text: Vec<u8>,
}

/// What the hash of a line is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// Of the text, as all lines were once, and as a line is when the system gives no random bytes.
    Plain,
    /// Of the text and a salt.
    Salted(Salt),
    /// Of what stood there before somebody was erased. The salt went with it.
    Erased,
}

// Lines of before there were salts begin with the brace of their text.
const SALTED: u8 = 1;
const ERASED: u8 = 2;

impl Head {
    /// The head of a chain without lines.
    pub fn of(client: Option<&Slug>) -> Self {
        // No client is called so: a name has no star.
        let name = client.map_or("*", Slug::as_str);
        Self { seq: 0, hash: blake3::derive_key("vigie 2026-11 audit chain begins", name.as_bytes()) }
    }

    /// The next line after this one.
    pub fn next(&self, line: &Line, salt: Option<Salt>) -> (Self, Link) {
        // A struct of texts and numbers always has a form.
        let text = serde_json::to_vec(line).unwrap_or_default();
        let held = salt.map_or(Held::Plain, Held::Salted);
        let hash = self.hash_of(salt.as_ref(), &text);
        (Self { seq: self.seq + 1, hash }, Link { hash, held, text })
    }

    pub(super) fn hash_of(&self, salt: Option<&Salt>, text: &[u8]) -> [u8; 32] {
        let context = match salt {
            None => "vigie 2026-11 audit chain",
            Some(_) => "vigie 2026-11 audit chain with salts",
        };
        let mut hasher = blake3::Hasher::new_derive_key(context);
        hasher.update(&self.hash).update(&(self.seq + 1).to_be_bytes());
        hasher.update(salt.map_or(&[][..], |salt| &salt.0)).update(text);
        *hasher.finalize().as_bytes()
    }
}

impl Link {
    /// As it stands in a row.
    pub fn encode(&self) -> Vec<u8> {
        match &self.held {
            Held::Plain => [self.hash.as_slice(), &self.text].concat(),
            Held::Salted(salt) => [self.hash.as_slice(), &[SALTED], &salt.0, &self.text].concat(),
            Held::Erased => [self.hash.as_slice(), &[ERASED], &self.text].concat(),
        }
    }

    /// Out of a row; nothing when it is too short to be one.
    pub fn decode(row: &[u8]) -> Option<Self> {
        let (hash, rest) = row.split_first_chunk::<32>()?;
        let (held, text) = match rest.split_first() {
            Some((&SALTED, rest)) => {
                let (salt, text) = rest.split_first_chunk::<16>()?;
                (Held::Salted(Salt(*salt)), text)
            }
            Some((&ERASED, text)) => (Held::Erased, text),
            _ => (Held::Plain, rest),
        };
        Some(Self { hash: *hash, held, text: text.to_vec() })
    }

    /// What it says; nothing when it was damaged.
    pub fn line(&self) -> Option<Line> {
        serde_json::from_slice(&self.text).ok()
    }
}

impl std::fmt::Debug for Salt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Salt")
    }
}
