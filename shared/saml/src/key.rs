//! By which keys is something signed, and which signatures count?

use ring::rand::SystemRandom;
use ring::rsa::KeyPair;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED, EcdsaKeyPair,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PKCS1_SHA256,
    UnparsedPublicKey, VerificationAlgorithm,
};
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;

const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
const RSA_SHA384: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384";
const RSA_SHA512: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512";
const ECDSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256";
const ECDSA_SHA384: &str = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384";

/// A way to sign that counts. Each is one of public keys: a shared secret signs nothing here, nor does SHA-1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    RsaSha256,
    RsaSha384,
    RsaSha512,
    EcdsaSha256,
    EcdsaSha384,
}

impl Method {
    pub(crate) fn of(uri: &str) -> Option<Self> {
        match uri {
            RSA_SHA256 => Some(Self::RsaSha256),
            RSA_SHA384 => Some(Self::RsaSha384),
            RSA_SHA512 => Some(Self::RsaSha512),
            ECDSA_SHA256 => Some(Self::EcdsaSha256),
            ECDSA_SHA384 => Some(Self::EcdsaSha384),
            _ => None,
        }
    }
}

/// A public key of a house.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Key {
    Rsa(Vec<u8>),
    P256(Vec<u8>),
    P384(Vec<u8>),
}

impl Key {
    /// The key of a certificate. Who signed that, and until when it lasts, is nothing to us: metadata names the keys of a house,
    /// and whoever wrote them down believed them.
    pub(crate) fn of_certificate(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let public = certificate.public_key();
        let bits = public.subject_public_key.data.to_vec();
        match public.parsed().ok()? {
            PublicKey::RSA(key) if key.key_size() >= 2_048 => Some(Self::Rsa(bits)),
            PublicKey::EC(point) => match point.key_size() {
                256 => Some(Self::P256(bits)),
                384 => Some(Self::P384(bits)),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether this key signed these bytes in that way; nothing where it signs in other ways.
    pub(crate) fn verifies(&self, method: Method, bytes: &[u8], signature: &[u8]) -> Option<bool> {
        let (key, by): (_, &dyn VerificationAlgorithm) = match (self, method) {
            (Self::Rsa(key), Method::RsaSha256) => (key, &RSA_PKCS1_2048_8192_SHA256),
            (Self::Rsa(key), Method::RsaSha384) => (key, &RSA_PKCS1_2048_8192_SHA384),
            (Self::Rsa(key), Method::RsaSha512) => (key, &RSA_PKCS1_2048_8192_SHA512),
            (Self::P256(key), Method::EcdsaSha256) => (key, &ECDSA_P256_SHA256_FIXED),
            (Self::P384(key), Method::EcdsaSha384) => (key, &ECDSA_P384_SHA384_FIXED),
            _ => return None,
        };
        Some(UnparsedPublicKey::new(by, key).verify(bytes, signature).is_ok())
    }
}

/// What signs our questions.
pub struct Signer(Own);

enum Own {
    Rsa(Box<KeyPair>),
    P256(Box<EcdsaKeyPair>),
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer")
    }
}

/// Not a key that questions are signed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is no private key of RSA (2048 bits or more) or P-256, as PKCS #8 or PKCS #1")]
pub struct BadKey;

impl Signer {
    /// A private key, as PKCS #8 or, of RSA, PKCS #1.
    ///
    /// # Errors
    /// When it is no such key.
    pub fn new(der: &[u8]) -> Result<Self, BadKey> {
        if let Ok(pair) = KeyPair::from_pkcs8(der).or_else(|_| KeyPair::from_der(der)) {
            return Ok(Self(Own::Rsa(Box::new(pair))));
        }
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der, &SystemRandom::new());
        pair.map(|pair| Self(Own::P256(Box::new(pair)))).map_err(|_| BadKey)
    }

    pub(crate) fn method(&self) -> &'static str {
        match self.0 {
            Own::Rsa(_) => RSA_SHA256,
            Own::P256(_) => ECDSA_SHA256,
        }
    }

    /// Signs; nothing when the system gives no random bytes.
    pub(crate) fn sign(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match &self.0 {
            Own::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, bytes, &mut signature).ok()?;
                Some(signature)
            }
            Own::P256(pair) => Some(pair.sign(&random, bytes).ok()?.as_ref().to_vec()),
        }
    }
}
