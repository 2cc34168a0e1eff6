//! Whose certificate is worth something? The hub's authority: it alone makes nodes of the deployment.
//!
//! Never copies anything from a request but its key. Knows no tokens: whoever calls [`Ca::issue`] has already decided.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType, SerialNumber,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, CertificateSigningRequestDer};
use time::OffsetDateTime;
use vigie_model::{NodeId, Role, Slug, UtcMs};

use crate::files::{self, FileError};
use crate::fingerprint::CaFingerprint;
use crate::key::{KeyError, NodeKey};
use crate::peer::{NodeName, Peer, Validity, formerly_name};
use crate::pem;
use crate::rights::Standing;

/// How long a leaf counts unless a person says otherwise.
///
/// A node renews from two thirds of it, so that one that was away for a month comes back by itself.
pub const LEAF_LIFE: Duration = Duration::from_secs(90 * 24 * 3_600);

/// How long the authority itself counts.
///
/// Long, because trust anchors are pinned and not looked at again; replacing one means visiting every node.
const CA_LIFE_DAYS: i64 = 20 * 365;

/// Certificate requests above this are not parsed; one for an Ed25519 key that names nothing has under 200 bytes.
const MAX_CSR_BYTES: usize = 4 * 1024;

/// The authority of a deployment: a key that signs leaves, and the certificate that every node pins.
pub struct Ca {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
}

impl Ca {
    /// The authority in `folder`, made there if the folder holds none.
    pub fn load_or_create(folder: &Path, now: UtcMs) -> Result<Self, CaError> {
        let (key, certificate) = (folder.join(KEY_FILE), folder.join(CERTIFICATE_FILE));
        if !certificate.exists() {
            // The certificate is written last; without it nothing was ever issued, so a key alone may be used as is.
            files::make_private_folder(folder)?;
            let ca = Self::create(&NodeKey::load_or_generate(&key)?, now)?;
            files::write(&certificate, pem::encode("CERTIFICATE", &ca.certificate).as_bytes())?;
            return Ok(ca);
        }
        let corrupt = || CaError::Corrupt { path: certificate.display().to_string() };
        let der = CertificateDer::from_pem_slice(&files::read(&certificate)?).map_err(|_| corrupt())?;
        let key = NodeKey::load(&key)?;
        if !certifies(&der, &key.public_key()) {
            return Err(corrupt());
        }
        let issuer = Issuer::from_ca_cert_der(&der, key.rcgen()?)?;
        Ok(Self { issuer, certificate: der })
    }

    /// A new authority with this key, kept nowhere.
    pub fn create(key: &NodeKey, now: UtcMs) -> Result<Self, CaError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = common_name(&format!("Vigie authority {}", key.node_id().short()));
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.serial_number = Some(serial()?);
        params.not_before = moment(now)?;
        params.not_after = moment(now)? + time::Duration::days(CA_LIFE_DAYS);
        let pair = key.rcgen()?;
        let certificate = params.self_signed(&pair)?.der().clone();
        Ok(Self { issuer: Issuer::new(params, pair), certificate })
    }

    /// A leaf for the key in `csr`. Names, usages and times are the caller's; the request only proves its key.
    pub fn issue(
        &self,
        csr: &[u8],
        role: Role,
        client: &Slug,
        site: &Slug,
        valid_for: Duration,
        now: UtcMs,
    ) -> Result<Issued, CaError> {
        let standing = Standing {
            node: NodeId::of_key(&public_key_of_csr(csr)?),
            role,
            client: client.clone(),
            site: site.clone(),
        };
        self.issue_as(csr, standing, None, valid_for, now)
    }

    /// As [`Ca::issue`], for a machine that was a copy of another and is a node of its own from now on, if `formerly` names
    /// that other. The node in `standing` must be the one of the request's key.
    pub fn issue_as(
        &self,
        csr: &[u8],
        standing: Standing,
        formerly: Option<NodeId>,
        valid_for: Duration,
        now: UtcMs,
    ) -> Result<Issued, CaError> {
        let request = parse_request(csr)?;
        let Standing { node, role, client, site } = standing;
        if NodeId::of_key(&key_of(&request)?) != node {
            return Err(CaError::OtherKey { node });
        }
        let name = NodeName { node, role, client, site };
        let params = leaf_params(&name, formerly, valid_for, now)?;
        let leaf = CertificateSigningRequestParams { params, ..request }.signed_by(&self.issuer)?;
        Ok(Issued { node: name.node, chain: [leaf.der().to_vec(), self.certificate.to_vec()] })
    }

    /// A later leaf for a node that proved with its present one who it is. The key must stay the same.
    pub fn renew(&self, csr: &[u8], peer: &Peer, valid_for: Duration, now: UtcMs) -> Result<Issued, CaError> {
        if public_key_of_csr(csr)? != peer.public_key {
            return Err(CaError::OtherKey { node: peer.node });
        }
        let Peer { node, role, client, site, formerly, .. } = peer.clone();
        self.issue_as(csr, Standing { node, role, client, site }, formerly, valid_for, now)
    }

    /// The certificate that every node of the deployment pins.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// What a join token pins it by.
    pub fn fingerprint(&self) -> CaFingerprint {
        CaFingerprint::of(&self.certificate)
    }
}

impl fmt::Debug for Ca {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ca({})", self.fingerprint())
    }
}

const KEY_FILE: &str = "ca-key.pem";
const CERTIFICATE_FILE: &str = "ca.pem";

/// A leaf and the authority that signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// The node it is for.
    pub node: NodeId,
    /// The leaf, then the authority, in DER form.
    pub chain: [Vec<u8>; 2],
}

/// When a node should ask for its next certificate: at two thirds of the life of this one, give or take a twelfth.
///
/// The spread keeps a fleet that enrolled in one afternoon from asking in one minute; `chance` is any random number,
/// drawn once per certificate.
pub fn renewal_due(validity: Validity, chance: u32) -> UtcMs {
    let life = i128::from(validity.not_after.0.saturating_sub(validity.not_before.0).max(0));
    let spread = life / 6 * i128::from(chance) / i128::from(u32::MAX);
    let after = life * 2 / 3 - life / 12 + spread;
    UtcMs(validity.not_before.0.saturating_add(i64::try_from(after).unwrap_or(i64::MAX)))
}

/// The Ed25519 key for which a request asks; proof of possession is checked.
pub fn public_key_of_csr(csr: &[u8]) -> Result<[u8; 32], CaError> {
    key_of(&parse_request(csr)?)
}

fn parse_request(csr: &[u8]) -> Result<CertificateSigningRequestParams, CaError> {
    if csr.len() > MAX_CSR_BYTES {
        return Err(CaError::Request("it is larger than any request of ours".to_owned()));
    }
    // Checks the signature with the key that the request carries: that is the proof of possession.
    CertificateSigningRequestParams::from_der(&CertificateSigningRequestDer::from(csr.to_vec())).map_err(|e| match e {
        rcgen::Error::InvalidCertificationRequestSignature => CaError::NotItsKey,
        other => CaError::Request(other.to_string()),
    })
}

fn key_of(request: &CertificateSigningRequestParams) -> Result<[u8; 32], CaError> {
    use rcgen::PublicKeyData;
    if request.public_key.algorithm() != &rcgen::PKCS_ED25519 {
        return Err(CaError::NotEd25519);
    }
    request.public_key.der_bytes().try_into().map_err(|_| CaError::NotEd25519)
}

fn leaf_params(
    name: &NodeName,
    formerly: Option<NodeId>,
    valid_for: Duration,
    now: UtcMs,
) -> Result<CertificateParams, CaError> {
    let text = |text: String| text.try_into().map_err(|_| CaError::Request("a name is not ASCII".to_owned()));
    let mut params = CertificateParams::default();
    params.distinguished_name = common_name(&name.node.to_string());
    params.subject_alt_names =
        vec![SanType::URI(text(name.uri())?), SanType::DnsName(text(format!("{}.vigie", name.node))?)];
    if let Some(node) = formerly {
        params.subject_alt_names.push(SanType::DnsName(text(formerly_name(node))?));
    }
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = match name.role {
        Role::Agent => vec![ExtendedKeyUsagePurpose::ClientAuth],
        Role::Relay | Role::Hub => vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth],
    };
    params.serial_number = Some(serial()?);
    params.not_before = moment(now)?;
    params.not_after =
        moment(now)? + time::Duration::try_from(valid_for).map_err(|_| CaError::Time { at: UtcMs(i64::MAX) })?;
    Ok(params)
}

fn common_name(text: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, text);
    name
}

/// Whole seconds: certificates know nothing finer.
fn moment(at: UtcMs) -> Result<OffsetDateTime, CaError> {
    OffsetDateTime::from_unix_timestamp(at.0.div_euclid(1_000)).map_err(|_| CaError::Time { at })
}

/// 16 random bytes, the first bit clear so that the number is positive.
fn serial() -> Result<SerialNumber, CaError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|e| CaError::NoRandomness(e.to_string()))?;
    bytes[0] = (bytes[0] & 0x7f) | 1;
    Ok(SerialNumber::from_slice(&bytes))
}

fn certifies(der: &CertificateDer<'_>, public_key: &[u8; 32]) -> bool {
    x509_parser::parse_x509_certificate(der)
        .is_ok_and(|(_, ca)| ca.public_key().subject_public_key.data.as_ref() == public_key.as_slice())
}

/// A certificate that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CaError {
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The key of the authority could not be read or kept.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The certificate of the authority is damaged or belongs to another key.
    #[error("{path} is not the certificate of the authority's key beside it; restore both from one backup")]
    Corrupt {
        /// The file.
        path: String,
    },
    /// The request can not be read.
    #[error("the certificate request was refused: {0}")]
    Request(String),
    /// The request was not signed by the key that it carries.
    #[error("the certificate request was refused: whoever sent it does not hold its key")]
    NotItsKey,
    /// The request is for another kind of key.
    #[error("the certificate request was refused: its key is not an Ed25519 key")]
    NotEd25519,
    /// A renewal for another key.
    #[error("the renewal of {node} was refused: the key changed, and a new key is a new node that must enrol")]
    OtherKey {
        /// The node that asked.
        node: NodeId,
    },
    /// A time that no certificate can express.
    #[error("no certificate can be made for the time {at:?}")]
    Time {
        /// The time.
        at: UtcMs,
    },
    /// The operating system gave no random bytes.
    #[error("no random bytes for a serial number: {0}")]
    NoRandomness(String),
    /// The certificate could not be written.
    #[error("the certificate could not be made: {0}")]
    Making(#[from] rcgen::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UtcMs = UtcMs(1_800_000_000_000);

    #[test]
    fn a_leaf_says_what_the_hub_decided_and_not_what_the_request_asked() {
        let (ca, key) = (ca(), NodeKey::from_random_bytes([2; 32]));
        let mut wish = CertificateParams::new(vec!["hub.example".to_owned()]).unwrap();
        wish.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        wish.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let csr = wish.serialize_request(&key.rcgen().unwrap()).unwrap();
        let issued = issue(&ca, csr.der(), Role::Agent).unwrap();
        let peer = Peer::of_leaf(&issued.chain[0]).unwrap();
        assert_eq!((peer.node, peer.role, peer.client.as_str()), (key.node_id(), Role::Agent, "acme"));
        assert_eq!(peer.not_after.0 - peer.not_before.0, 90_000);
        let (_, leaf) = x509_parser::parse_x509_certificate(&issued.chain[0]).unwrap();
        assert!(!leaf.is_ca());
        let usage = leaf.extended_key_usage().unwrap().unwrap().value;
        assert!(usage.client_auth && !usage.server_auth);
    }

    #[test]
    fn a_request_is_refused_without_proof_or_with_another_kind_of_key() {
        let ca = ca();
        let mut forged = NodeKey::from_random_bytes([2; 32]).csr().unwrap();
        *forged.last_mut().unwrap() ^= 1;
        assert!(matches!(issue(&ca, &forged, Role::Agent), Err(CaError::NotItsKey)));
        let curve = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let csr = CertificateParams::default().serialize_request(&curve).unwrap();
        assert!(matches!(issue(&ca, csr.der(), Role::Agent), Err(CaError::NotEd25519)));
    }

    #[test]
    fn a_renewal_keeps_name_and_key() {
        let (ca, key) = (ca(), NodeKey::from_random_bytes([2; 32]));
        let first = Peer::of_leaf(&issue(&ca, &key.csr().unwrap(), Role::Relay).unwrap().chain[0]).unwrap();
        let later = UtcMs(NOW.0 + 60_000);
        let next = ca.renew(&key.csr().unwrap(), &first, Duration::from_secs(90), later).unwrap();
        let next = Peer::of_leaf(&next.chain[0]).unwrap();
        assert_eq!((next.node, next.role, &next.site), (first.node, first.role, &first.site));
        assert_ne!(next.serial, first.serial);
        let stranger = NodeKey::from_random_bytes([3; 32]).csr().unwrap();
        assert!(matches!(ca.renew(&stranger, &first, Duration::from_secs(90), later), Err(CaError::OtherKey { .. })));
    }

    #[test]
    fn a_leaf_says_whose_copy_a_machine_was_and_so_does_the_next() {
        let (ca, key) = (ca(), NodeKey::from_random_bytes([2; 32]));
        let was = NodeKey::from_random_bytes([3; 32]).node_id();
        let place = |name: &str| name.parse().unwrap();
        let standing = Standing { node: key.node_id(), role: Role::Agent, client: place("acme"), site: place("lyon") };
        let (csr, life) = (key.csr().unwrap(), Duration::from_secs(90));
        let first = ca.issue_as(&csr, standing.clone(), Some(was), life, NOW).unwrap();
        let first = Peer::of_leaf(&first.chain[0]).unwrap();
        assert_eq!((first.node, first.formerly), (key.node_id(), Some(was)));
        let next = ca.renew(&csr, &first, life, NOW).unwrap();
        assert_eq!(Peer::of_leaf(&next.chain[0]).unwrap().formerly, Some(was));
        let usual = issue(&ca, &csr, Role::Agent).unwrap();
        assert_eq!(Peer::of_leaf(&usual.chain[0]).unwrap().formerly, None);
        let stranger = NodeKey::from_random_bytes([4; 32]).csr().unwrap();
        let other = ca.issue_as(&stranger, standing, Some(was), life, NOW);
        assert!(matches!(other, Err(CaError::OtherKey { .. })));
    }

    #[test]
    fn an_authority_is_the_same_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let made = Ca::load_or_create(folder.path(), NOW).unwrap();
        let found = Ca::load_or_create(folder.path(), UtcMs(NOW.0 + 5_000)).unwrap();
        assert_eq!(made.fingerprint(), found.fingerprint());
        let csr = NodeKey::from_random_bytes([2; 32]).csr().unwrap();
        assert!(issue(&found, &csr, Role::Relay).is_ok());
        NodeKey::from_random_bytes([9; 32]).save(&folder.path().join(KEY_FILE)).unwrap();
        assert!(matches!(Ca::load_or_create(folder.path(), NOW), Err(CaError::Corrupt { .. })));
    }

    #[test]
    fn a_renewal_is_due_around_two_thirds_of_a_life() {
        let life = Validity { not_before: UtcMs(0), not_after: UtcMs(12_000) };
        assert_eq!(renewal_due(life, 0), UtcMs(7_000));
        assert_eq!(renewal_due(life, u32::MAX), UtcMs(9_000));
        let nonsense = Validity { not_before: UtcMs(i64::MAX), not_after: UtcMs(i64::MIN) };
        assert_eq!(renewal_due(nonsense, 7), UtcMs(i64::MAX));
    }

    fn ca() -> Ca {
        Ca::create(&NodeKey::from_random_bytes([1; 32]), NOW).unwrap()
    }

    fn issue(ca: &Ca, csr: &[u8], role: Role) -> Result<Issued, CaError> {
        ca.issue(csr, role, &"acme".parse().unwrap(), &"lyon".parse().unwrap(), Duration::from_secs(90), NOW)
    }
}
