//! Who am I? One Ed25519 key: the node's name, its TLS key, and its signature.
//!
//! Knows no certificates and no folders but the one file it is kept in.

use std::fmt;
use std::path::Path;

use ed25519_dalek::{Signer, SigningKey};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use vigie_model::NodeId;

use crate::files::{self, FileError};
use crate::pem;

/// The secret of a node, from which its id, its certificate and its signatures follow.
///
/// One key for all three, so that a batch, a connection and a row can be tied to each other without a table. The price
/// is that messages need distinct beginnings: whoever signs puts a domain before the bytes.
#[derive(Clone)]
pub struct NodeKey(SigningKey);

impl NodeKey {
    /// A key from 32 bytes of chance, drawn at the edge.
    pub fn from_random_bytes(seed: [u8; 32]) -> Self {
        Self(SigningKey::from_bytes(&seed))
    }

    /// A new key from the machine's own randomness.
    pub fn generate() -> Result<Self, KeyError> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|e| KeyError::NoRandomness(e.to_string()))?;
        Ok(Self::from_random_bytes(seed))
    }

    /// The node that holds this key.
    pub fn node_id(&self) -> NodeId {
        NodeId::of_key(&self.public_key())
    }

    /// The half that others may know.
    pub fn public_key(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    /// Signs bytes that already begin with their domain.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }

    /// The key itself, for crates that sign batches with it.
    pub fn signing_key(&self) -> &SigningKey {
        &self.0
    }

    /// The key that `path` holds.
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        let text = files::read(path)?;
        Self::from_pem(&text).ok_or_else(|| KeyError::Corrupt { path: path.display().to_string() })
    }

    /// Keeps the key in `path`, readable by its owner only: either the old file or the whole new one is there after.
    pub fn save(&self, path: &Path) -> Result<(), KeyError> {
        Ok(files::write_secret(path, pem::encode("PRIVATE KEY", &self.pkcs8()).as_bytes())?)
    }

    /// The key that `path` holds, or a new one that it then holds.
    ///
    /// An enrolment that broke off half way is repeated with the same key, and so counts as the same node.
    pub fn load_or_generate(path: &Path) -> Result<Self, KeyError> {
        match Self::load(path) {
            Err(KeyError::File(FileError::Missing { .. })) => {
                let key = Self::generate()?;
                if let Some(folder) = path.parent() {
                    files::make_private_folder(folder)?;
                }
                key.save(path)?;
                Ok(key)
            }
            found => found,
        }
    }

    /// A request for a certificate, which proves that this key is held. It names nothing: the hub decides all names.
    pub fn csr(&self) -> Result<Vec<u8>, KeyError> {
        let unusable = |e: rcgen::Error| KeyError::Unusable(e.to_string());
        let key = self.rcgen().map_err(unusable)?;
        let mut request = rcgen::CertificateParams::default();
        request.distinguished_name = rcgen::DistinguishedName::new();
        Ok(request.serialize_request(&key).map_err(unusable)?.der().to_vec())
    }

    /// The key in the form that rustls takes.
    pub(crate) fn tls_key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.pkcs8()))
    }

    /// The key in the form that rcgen takes.
    pub(crate) fn rcgen(&self) -> Result<rcgen::KeyPair, rcgen::Error> {
        let pkcs8 = PrivatePkcs8KeyDer::from(self.pkcs8());
        rcgen::KeyPair::from_pkcs8_der_and_sign_algo(&pkcs8, &rcgen::PKCS_ED25519)
    }

    fn from_pem(text: &[u8]) -> Option<Self> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(text).ok()?;
        let der = der.secret_pkcs8_der();
        let seed = der.strip_prefix(&PKCS8_ED25519[..])?;
        Some(Self::from_random_bytes(seed.try_into().ok()?))
    }

    /// PKCS#8 version 1 (RFC 8410): what OpenSSL writes, and what every reader takes.
    fn pkcs8(&self) -> Vec<u8> {
        [&PKCS8_ED25519[..], &self.0.to_bytes()].concat()
    }
}

/// What stands before the 32 bytes of an Ed25519 key in PKCS#8 version 1; its fields never vary.
const PKCS8_ED25519: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

impl fmt::Debug for NodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeKey({})", self.node_id().short())
    }
}

/// Checks a signature of the node with this public key, over bytes that begin with their domain.
///
/// Strict: one message has one signature for a key, so that a signature may stand in for what it signs.
pub fn verify_signature(public_key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    let signature = ed25519_dalek::Signature::from_bytes(signature);
    ed25519_dalek::VerifyingKey::from_bytes(public_key).is_ok_and(|key| key.verify_strict(message, &signature).is_ok())
}

/// A key that could not be made, read or kept.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file holds something else.
    #[error(
        "{path} does not hold an Ed25519 key in PKCS#8 form; restore it, or remove it and enrol again as a new node"
    )]
    Corrupt {
        /// The file.
        path: String,
    },
    /// The operating system gave no random bytes.
    #[error("no random bytes for a new key: {0}")]
    NoRandomness(String),
    /// The key could not sign a certificate request.
    #[error("the key could not sign a certificate request: {0}")]
    Unusable(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_same_after_it_was_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        let key = NodeKey::load_or_generate(&path).unwrap();
        assert_eq!(NodeKey::load_or_generate(&path).unwrap().node_id(), key.node_id());
        assert_eq!(key.node_id(), NodeId::of_key(&key.public_key()));
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_can_read_a_key() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        NodeKey::from_random_bytes([1; 32]).save(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_key_is_refused_and_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        std::fs::write(&path, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").unwrap();
        assert!(matches!(NodeKey::load_or_generate(&path), Err(KeyError::Corrupt { .. })));
    }

    #[test]
    fn a_signature_is_good_for_its_own_bytes_only() {
        let key = NodeKey::from_random_bytes([2; 32]);
        let signature = key.sign(b"domain: yes");
        assert!(verify_signature(&key.public_key(), b"domain: yes", &signature));
        assert!(!verify_signature(&key.public_key(), b"domain: no", &signature));
        assert!(!format!("{key:?}").contains("[2, 2"));
    }
}
