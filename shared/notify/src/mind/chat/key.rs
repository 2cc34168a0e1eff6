//! By what does a chat prove that it is the chat?

use std::fmt;

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The shortest secret: Slack's have 32 characters, Teams' 32 bytes.
const MIN_BYTES: usize = 16;

/// What chat and hub both know, and nobody else. Shows itself to nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct ChatKey(Vec<u8>);

/// Why a secret is none. Says nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoChatKey {
    /// Nobody's.
    #[error("it holds no signing secret: {MIN_BYTES} characters at least, as Slack shows it under Basic Information")]
    Slack,
    /// Nobody's.
    #[error("it holds no security token: base64, as Teams shows it once when the outgoing webhook is made")]
    Teams,
}

impl ChatKey {
    /// Slack's signing secret, as it is shown.
    ///
    /// # Errors
    /// When it is too short to be one.
    pub fn of_slack(secret: &str) -> Result<Self, NoChatKey> {
        if secret.len() < MIN_BYTES { Err(NoChatKey::Slack) } else { Ok(Self(secret.as_bytes().to_vec())) }
    }

    /// The security token of an outgoing webhook of Teams, as it is shown.
    ///
    /// # Errors
    /// When it is no base64, or too short to be one.
    pub fn of_teams(secret: &str) -> Result<Self, NoChatKey> {
        let bytes = BASE64.decode(secret.as_bytes()).map_err(|_| NoChatKey::Teams)?;
        if bytes.len() < MIN_BYTES { Err(NoChatKey::Teams) } else { Ok(Self(bytes)) }
    }

    /// HMAC-SHA256 over parts, one after the other.
    pub(super) fn sign(&self, parts: &[&[u8]]) -> [u8; 32] {
        self.over(parts).finalize().into_bytes().into()
    }

    /// Whether this is what [`ChatKey::sign`] gives, in the same time whatever it is.
    pub(super) fn has_signed(&self, parts: &[&[u8]], signature: &[u8]) -> bool {
        self.over(parts).verify_slice(signature).is_ok()
    }

    /// Whether both are the same, in the same time whatever they are.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        other.has_signed(&[b"vigie same key"], &self.sign(&[b"vigie same key"]))
    }

    fn over(&self, parts: &[&[u8]]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        parts.iter().for_each(|part| mac.update(part));
        mac
    }
}

impl fmt::Debug for ChatKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChatKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_is_none_is_refused_and_one_that_is_shows_itself_to_nobody() {
        assert_eq!(ChatKey::of_slack("short"), Err(NoChatKey::Slack));
        assert_eq!(ChatKey::of_teams("no base64 at all!"), Err(NoChatKey::Teams));
        assert_eq!(ChatKey::of_teams("c2hvcnQ="), Err(NoChatKey::Teams));
        let key = ChatKey::of_slack("8f742231b10e8888abcd99yyyzzz85a5").expect("a secret");
        assert_eq!(format!("{key:?}"), "ChatKey(…)");
        let other = ChatKey::of_slack("8f742231b10e8888abcd99yyyzzz85a6").expect("a secret");
        assert!(key.is(&key.clone()) && !key.is(&other));
    }
}
