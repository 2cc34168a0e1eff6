//! How does a passphrase become the key of one backup?

use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};

/// What the key costs, by RFC 9106's second recommendation: 64 MiB, three times over, and one lane.
const COST: (u32, u32, u32) = (64 * 1024, 3, 1);

/// Whoever wrote the head may ask for so much, not more.
const MOST: (u32, u32, u32) = (1024 * 1024, 16, 4);

/// Words that only their keeper knows.
#[derive(Clone)]
pub struct Passphrase(Vec<u8>);

impl Passphrase {
    /// Of the text as it stands, without the line's end that a file of it may have.
    pub fn new(text: &str) -> Self {
        Self(text.trim_end_matches(['\r', '\n']).as_bytes().to_vec())
    }

    /// Whether there are no words.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passphrase(..)")
    }
}

/// How the key of a backup follows from a passphrase: in its head, in the clear.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// Another one for each backup, so that no key is used twice.
    salt: [u8; 16],
    memory_kib: u32,
    times: u32,
    lanes: u32,
}

impl Lock {
    /// A lock with a salt of random bytes.
    pub fn new(salt: [u8; 16]) -> Self {
        let (memory_kib, times, lanes) = COST;
        Self { salt, memory_kib, times, lanes }
    }

    /// Takes some tenths of a second, on purpose.
    pub(crate) fn key(&self, passphrase: &Passphrase) -> Result<[u8; 32], String> {
        let most = self.memory_kib <= MOST.0 && self.times <= MOST.1 && self.lanes <= MOST.2;
        if !most {
            return Err("it asks for more memory or time than any backup does".to_owned());
        }
        let cost = Params::new(self.memory_kib, self.times, self.lanes, Some(32)).map_err(|error| error.to_string())?;
        let mut key = [0; 32];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, cost)
            .hash_password_into(&passphrase.0, &self.salt, &mut key)
            .map_err(|error| error.to_string())?;
        Ok(key)
    }
}
