//! What does a person paste into a new machine, and what does the hub keep of it?
//!
//! Pure. The secret itself never travels: it proves a request, and proves the answer, so that a relay that carries both
//! can neither use the token nor change a byte.

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE32_NOPAD;
use serde::{Deserialize, Serialize};
use vigie_model::{Role, Slug, UtcMs};

use crate::address;
use crate::enrol_wire::{EnrolRequest, Refused, RefusedWhy};
use crate::fingerprint::CaFingerprint;

/// What every token begins with; the digit is the version of what follows.
const BEGINS: &str = "vg1.";

/// Longer texts are no tokens: room for eight long addresses.
const MAX_TEXT_BYTES: usize = 4 * 1024;

/// Addresses of the hub in one token.
const MAX_HUB_ADDRS: usize = 8;

/// Checks that a token was copied whole.
const CHECK_BYTES: usize = 4;

/// The number under which the hub knows a token; no secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TokenId(pub [u8; 8]);

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenId({self})")
    }
}

/// The secret half of a token. Never printed; [`JoinToken::to_text`] is the only way out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TokenSecret([u8; 16]);

impl TokenSecret {
    /// A secret from 16 bytes of chance.
    pub fn from_random_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The key that both ends prove messages with; all that the hub keeps of the secret.
    pub fn proof_key(&self) -> ProofKey {
        ProofKey(blake3::derive_key("vigie 2026 join token proof", &self.0))
    }
}

impl fmt::Debug for TokenSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenSecret(..)")
    }
}

/// Proves that a message comes from somebody who holds a token, or from the hub that made it.
///
/// Whoever reads it can enrol as long as the token counts, so the hub keeps it beside its authority's key and no less
/// carefully. Storing a plain hash instead would need the secret to travel, through relays that could keep it.
#[derive(Clone, Copy)]
pub struct ProofKey([u8; 32]);

impl ProofKey {
    /// The key as it was kept.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes to be kept.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn prove(&self, domain: &[u8], parts: &[&[u8]]) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(domain);
        for part in parts {
            hasher.update(part);
        }
        *hasher.finalize().as_bytes()
    }

    /// In constant time: `blake3::Hash` compares so.
    pub(crate) fn is_proof(&self, proof: &[u8; 32], domain: &[u8], parts: &[&[u8]]) -> bool {
        blake3::Hash::from(self.prove(domain, parts)) == blake3::Hash::from(*proof)
    }
}

impl fmt::Debug for ProofKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProofKey(..)")
    }
}

/// A token as it is handed to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinToken {
    /// Where the hub listens, in the order to be tried.
    pub hub_addrs: Vec<String>,
    /// Which authority to trust.
    pub ca: CaFingerprint,
    /// Under which number the hub knows the token.
    pub id: TokenId,
    /// What proves it.
    pub secret: TokenSecret,
}

impl JoinToken {
    /// The text to paste: one word, letters and digits only, the same in upper and lower case.
    pub fn to_text(&self) -> Result<String, TokenError> {
        let shape = v1::Token { hub_addrs: self.hub_addrs.clone(), ca: self.ca, id: self.id.0, secret: self.secret.0 };
        let bytes = postcard::to_stdvec(&shape).map_err(|_| TokenError::Damaged)?;
        let check = blake3::hash(&bytes);
        let bytes = [&bytes[..], &check.as_bytes()[..CHECK_BYTES]].concat();
        let text = format!("{BEGINS}{}", BASE32_NOPAD.encode(&bytes).to_ascii_lowercase());
        // What could not be read back must not be handed out.
        text.parse::<Self>().map(|_| text)
    }
}

impl FromStr for JoinToken {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.len() > MAX_TEXT_BYTES {
            return Err(TokenError::Damaged);
        }
        let text = text.to_ascii_lowercase();
        let text = text.strip_prefix(BEGINS).ok_or(TokenError::NotAToken)?.to_ascii_uppercase();
        let bytes = BASE32_NOPAD.decode(text.as_bytes()).map_err(|_| TokenError::Damaged)?;
        let (bytes, check) = bytes.split_last_chunk::<CHECK_BYTES>().ok_or(TokenError::Damaged)?;
        if blake3::hash(bytes).as_bytes()[..CHECK_BYTES] != check[..] {
            return Err(TokenError::Damaged);
        }
        let (shape, rest) = postcard::take_from_bytes::<v1::Token>(bytes).map_err(|_| TokenError::Damaged)?;
        if !rest.is_empty() || shape.hub_addrs.is_empty() || shape.hub_addrs.len() > MAX_HUB_ADDRS {
            return Err(TokenError::Damaged);
        }
        if let Some(strange) = shape.hub_addrs.iter().find(|address| !address::is_plausible(address)) {
            return Err(TokenError::Address(strange.chars().take(100).collect()));
        }
        let secret = TokenSecret(shape.secret);
        Ok(Self { hub_addrs: shape.hub_addrs, ca: shape.ca, id: TokenId(shape.id), secret })
    }
}

mod v1 {
    use super::{CaFingerprint, Deserialize, Serialize};

    #[derive(Serialize, Deserialize)]
    pub(super) struct Token {
        pub(super) hub_addrs: Vec<String>,
        pub(super) ca: CaFingerprint,
        pub(super) id: [u8; 8],
        pub(super) secret: [u8; 16],
    }
}

/// A text that is no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It begins otherwise.
    #[error("this is not a join token: one begins with {BEGINS:?}")]
    NotAToken,
    /// It was not copied whole.
    #[error("this join token is damaged; copy it again, whole")]
    Damaged,
    /// An address in it can not be one.
    #[error("this join token carries {0:?}, which is not an address")]
    Address(String),
}

/// What the hub keeps of a token.
#[derive(Debug, Clone)]
pub struct Token {
    /// For which client.
    pub client: Slug,
    /// For which site.
    pub site: Slug,
    /// What may enrol with it.
    pub roles: Vec<Role>,
    /// How many more nodes may.
    pub uses_left: u32,
    /// Until when.
    pub expires_at: UtcMs,
    /// Whether a person took it back.
    pub revoked: bool,
    /// What checks a request.
    pub proof_key: ProofKey,
}

impl Token {
    /// Whether a request may enrol now. `again`: this key enrolled with this token before, and only its answer was
    /// lost; that uses nothing up.
    ///
    /// The proof is checked first, and a wrong one is answered like an unknown token: nobody learns about tokens that
    /// they do not hold.
    pub fn check(&self, now: UtcMs, request: &EnrolRequest, again: bool) -> Result<(), Refused> {
        if !request.is_proven_by(&self.proof_key) {
            return Err(Refused::new(RefusedWhy::Unknown));
        }
        if self.revoked {
            return Err(Refused::new(RefusedWhy::Revoked));
        }
        if now >= self.expires_at {
            return Err(Refused::new(RefusedWhy::Expired));
        }
        if self.uses_left == 0 && !again {
            return Err(Refused::new(RefusedWhy::UsedUp));
        }
        if !self.roles.contains(&request.role) {
            return Err(Refused::new(RefusedWhy::WrongRole));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::enrol_wire::Ask;
    use crate::key::NodeKey;

    #[test]
    fn a_token_survives_a_person() {
        let token = token();
        let text = token.to_text().unwrap();
        assert!(text.starts_with("vg1.") && text.len() < 140, "{text}");
        assert_eq!(text.parse(), Ok(token.clone()));
        assert_eq!(format!("  {}\n", text.to_uppercase()).parse(), Ok(token));
        assert_eq!(text[..text.len() - 1].parse::<JoinToken>(), Err(TokenError::Damaged));
        assert_eq!("hello".parse::<JoinToken>(), Err(TokenError::NotAToken));
    }

    #[test]
    fn a_token_never_prints_its_secret() {
        let shown = format!("{:?} {:?}", token(), record());
        assert!(!shown.contains("9, 9") && shown.contains("TokenSecret(..)") && shown.contains("ProofKey(..)"));
    }

    #[test]
    fn a_token_says_why_it_does_not_count() {
        let (now, request) = (UtcMs(1_000), request(Role::Agent));
        let why = |token: Token, again| token.check(now, &request, again).map_err(|refused| refused.why);
        assert_eq!(why(record(), false), Ok(()));
        assert_eq!(why(Token { expires_at: now, ..record() }, false), Err(RefusedWhy::Expired));
        assert_eq!(why(Token { revoked: true, ..record() }, false), Err(RefusedWhy::Revoked));
        assert_eq!(why(Token { roles: vec![Role::Relay], ..record() }, false), Err(RefusedWhy::WrongRole));
        assert_eq!(why(Token { uses_left: 0, ..record() }, false), Err(RefusedWhy::UsedUp));
        assert_eq!(why(Token { uses_left: 0, ..record() }, true), Ok(()));
        let other = TokenSecret([1; 16]).proof_key();
        assert_eq!(why(Token { revoked: true, proof_key: other, ..record() }, true), Err(RefusedWhy::Unknown));
    }

    proptest! {
        #[test]
        fn arbitrary_text_is_no_token_and_no_panic(text in ".{0,200}", letters in "[a-z2-7]{0,200}") {
            prop_assert!(text.parse::<JoinToken>().is_err());
            let text = format!("vg1.{letters}");
            prop_assert!(text.parse::<JoinToken>().is_err());
        }
    }

    fn token() -> JoinToken {
        JoinToken {
            hub_addrs: vec!["hub.example.org:4433".to_owned()],
            ca: CaFingerprint::of(b"a certificate"),
            id: TokenId([1; 8]),
            secret: TokenSecret([9; 16]),
        }
    }

    fn record() -> Token {
        Token {
            client: "acme".parse().unwrap(),
            site: "lyon".parse().unwrap(),
            roles: vec![Role::Agent],
            uses_left: 1,
            expires_at: UtcMs(2_000),
            revoked: false,
            proof_key: token().secret.proof_key(),
        }
    }

    fn request(role: Role) -> EnrolRequest {
        let ask = Ask { role, hostname: "web-1".to_owned(), advertised: vec![] };
        let csr = NodeKey::from_random_bytes([3; 32]).csr().unwrap();
        EnrolRequest::new(&token(), &ask, csr, UtcMs(0), [0; 16]).unwrap()
    }
}
