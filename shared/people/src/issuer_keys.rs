//! By which keys does an issuer sign?
//!
//! A JWK set. Keys of other kinds than those by which we verify are passed over; a shared secret is none of them, so that
//! what is public is never taken for one.

use data_encoding::BASE64URL_NOPAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;

use crate::id_token::BadToken;

/// Keys that are looked at: an issuer has two or three, and some have one for each of their services.
const MOST_KEYS: usize = 64;

/// How something is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Rs256,
    Es256,
    EdDsa,
}

/// The public keys of an issuer.
#[derive(Debug, Clone, Default)]
pub struct Keys(Vec<Key>);

#[derive(Debug, Clone)]
struct Key {
    id: Option<String>,
    public: Public,
}

#[derive(Debug, Clone)]
enum Public {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

/// Not a JWK set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is no set of public keys with one of RSA, P-256 or Ed25519 among its first {MOST_KEYS}")]
pub struct NoKeys;

#[derive(Deserialize)]
struct Set {
    keys: Vec<Jwk>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    used_for: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Algorithm {
    pub(crate) fn of(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "ES256" => Some(Self::Es256),
            "EdDSA" | "Ed25519" => Some(Self::EdDsa),
            _ => None,
        }
    }
}

impl Keys {
    /// Reads a JWK set.
    ///
    /// # Errors
    /// When it is none, or has no key that could be used.
    pub fn read(json: &[u8]) -> Result<Self, NoKeys> {
        let set: Set = serde_json::from_slice(json).map_err(|_| NoKeys)?;
        let keys: Vec<Key> = set.keys.into_iter().take(MOST_KEYS).filter_map(Jwk::key).collect();
        if keys.is_empty() { Err(NoKeys) } else { Ok(Self(keys)) }
    }

    /// Whether one of these keys, and the named one if one is named, signed this.
    pub(crate) fn verify(
        &self,
        algorithm: Algorithm,
        id: Option<&str>,
        signed: &[u8],
        signature: &[u8],
    ) -> Result<(), BadToken> {
        let named = |key: &&Key| id.is_none() || key.id.as_deref() == id;
        let mut fit = self.0.iter().filter(named).filter(|key| key.public.signs_by(algorithm)).peekable();
        if fit.peek().is_none() {
            return Err(BadToken::NoKey);
        }
        if fit.any(|key| key.public.signed(signed, signature)) { Ok(()) } else { Err(BadToken::Signature) }
    }
}

impl Jwk {
    fn key(self) -> Option<Key> {
        if self.used_for.as_deref().is_some_and(|used_for| used_for != "sig") {
            return None;
        }
        let bytes = |text: &Option<String>| BASE64URL_NOPAD.decode(text.as_deref()?.as_bytes()).ok();
        let public = match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => Public::Rsa { n: number(bytes(&self.n)?), e: number(bytes(&self.e)?) },
            ("EC", Some("P-256")) => {
                let (x, y) = (bytes(&self.x)?, bytes(&self.y)?);
                Public::P256([&[4], x.as_slice(), y.as_slice()].concat())
            }
            ("OKP", Some("Ed25519")) => Public::Ed25519(bytes(&self.x)?),
            _ => return None,
        };
        let said = self.alg.as_deref().map(Algorithm::of);
        let agrees = said.is_none_or(|said| said.is_some_and(|said| public.signs_by(said)));
        agrees.then_some(Key { id: self.kid, public })
    }
}

/// Without zeros in front, as ring takes it.
fn number(bytes: Vec<u8>) -> Vec<u8> {
    bytes.into_iter().skip_while(|byte| *byte == 0).collect()
}

impl Public {
    fn signs_by(&self, algorithm: Algorithm) -> bool {
        match self {
            Self::Rsa { .. } => algorithm == Algorithm::Rs256,
            Self::P256(_) => algorithm == Algorithm::Es256,
            Self::Ed25519(_) => algorithm == Algorithm::EdDsa,
        }
    }

    fn signed(&self, signed: &[u8], signature: &[u8]) -> bool {
        let verified = match self {
            Self::Rsa { n, e } => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature)
            }
            Self::P256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed, signature),
            Self::Ed25519(point) => UnparsedPublicKey::new(&ED25519, point).verify(signed, signature),
        };
        verified.is_ok()
    }
}
