//! What does an enrolled node know about itself and its deployment, and where is that kept?
//!
//! A folder with four files, the last of which is written last: without `facts.toml` a node is not enrolled.

use std::path::{Path, PathBuf};

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde::Deserialize;
use vigie_model::{NodeId, Role, Slug};

use crate::address;
use crate::files::{self, FileError};
use crate::key::{self, KeyError, NodeKey};
use crate::peer::{Peer, PeerError, Validity};
use crate::pem;
use crate::rights::Standing;

/// An enrolled node: its key, the certificate it was given, and where its deployment is.
#[derive(Debug, Clone)]
pub struct Identity {
    key: NodeKey,
    leaf: Vec<u8>,
    ca: Vec<u8>,
    me: Peer,
    facts: Facts,
}

impl Identity {
    /// An identity from what an enrolment brought: the leaf and the authority in DER form, and the facts beside them.
    ///
    /// Whether the authority is the right one is not checked here: the join token pinned it.
    pub fn new(key: NodeKey, chain: &[Vec<u8>], facts: Facts) -> Result<Self, IdentityError> {
        let [leaf, ca] = chain else {
            return Err(IdentityError::Chain { certificates: chain.len() });
        };
        let me = Peer::of_leaf(leaf)?;
        if me.public_key != key.public_key() {
            return Err(IdentityError::ForeignKey { certificate: me.node, key: key.node_id() });
        }
        if !is_signed_by(leaf, ca) {
            return Err(IdentityError::ForeignAuthority);
        }
        Ok(Self { key, leaf: leaf.clone(), ca: ca.clone(), me, facts: facts.checked()? })
    }

    /// The identity that `folder` holds, which must be one for `role`.
    pub fn load(folder: &Path, role: Role) -> Result<Self, IdentityError> {
        let files = Files::in_folder(folder);
        let facts = match files::read(&files.facts) {
            Err(FileError::Missing { .. }) => {
                return Err(IdentityError::NotEnrolled { folder: folder.display().to_string(), role });
            }
            found => found?,
        };
        let facts = Facts::parse(&facts).map_err(|why| corrupt(&files.facts, why))?;
        let identity = Self::new(NodeKey::load(&files.key)?, &[read_pem(&files.leaf)?, read_pem(&files.ca)?], facts)?;
        if identity.role() != role {
            return Err(IdentityError::OtherRole { found: identity.role(), wanted: role });
        }
        Ok(identity)
    }

    /// Keeps the identity in `folder`; the facts last, because they make the node enrolled.
    pub fn save(&self, folder: &Path) -> Result<(), IdentityError> {
        let files = Files::in_folder(folder);
        files::make_private_folder(folder)?;
        self.key.save(&files.key)?;
        files::write(&files.ca, pem::encode("CERTIFICATE", &self.ca).as_bytes())?;
        files::write(&files.leaf, pem::encode("CERTIFICATE", &self.leaf).as_bytes())?;
        Ok(files::write(&files.facts, self.facts.to_toml().as_bytes())?)
    }

    /// Where the key of a node that is about to enrol belongs, so that a second try finds the same key.
    pub fn key_file(folder: &Path) -> PathBuf {
        Files::in_folder(folder).key
    }

    /// The same node with a later leaf of the same authority.
    pub fn renewed(&self, leaf: Vec<u8>) -> Result<Self, IdentityError> {
        let next = Self::new(self.key.clone(), &[leaf, self.ca.clone()], self.facts.clone())?;
        if next.standing() != self.standing() {
            return Err(IdentityError::OtherStanding { found: next.me.to_string(), wanted: self.me.to_string() });
        }
        Ok(next)
    }

    /// The same node with other addresses of its deployment.
    pub fn with_facts(&self, facts: Facts) -> Result<Self, IdentityError> {
        Ok(Self { facts: facts.checked()?, ..self.clone() })
    }

    /// The key.
    pub fn key(&self) -> &NodeKey {
        &self.key
    }

    /// The node.
    pub fn node(&self) -> NodeId {
        self.me.node
    }

    /// What it may do.
    pub fn role(&self) -> Role {
        self.me.role
    }

    /// Whose it is.
    pub fn client(&self) -> &Slug {
        &self.me.client
    }

    /// Where it is.
    pub fn site(&self) -> &Slug {
        &self.me.site
    }

    /// Node, role, client and site together.
    pub fn standing(&self) -> Standing {
        let Peer { node, role, client, site, .. } = self.me.clone();
        Standing { node, role, client, site }
    }

    /// When its certificate counts.
    pub fn validity(&self) -> Validity {
        self.me.validity()
    }

    /// Its certificate in DER form.
    pub fn leaf(&self) -> &[u8] {
        &self.leaf
    }

    /// The certificate of the authority in DER form.
    pub fn ca(&self) -> &[u8] {
        &self.ca
    }

    /// Addresses and keys of its deployment.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }
}

/// What a node must know of its deployment beside the authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The Ed25519 key with which the hub signs the acknowledgements that allow deletion, and revocations.
    pub hub_key: [u8; 32],
    /// Where the hub listens, `host:port`, in the order to be tried.
    pub hub_addrs: Vec<String>,
    /// Where the relays of the site listen, in the order to be tried.
    pub relay_addrs: Vec<String>,
}

impl Facts {
    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "it is not text".to_owned())?;
        let kept: KeptFacts = toml::from_str(text).map_err(|e| e.message().to_owned())?;
        let hub_key = data_encoding::HEXLOWER_PERMISSIVE.decode(kept.hub_key.as_bytes()).ok();
        let hub_key = hub_key.and_then(|key| key.try_into().ok()).ok_or("hub_key has 64 hexadecimal digits")?;
        Ok(Self { hub_key, hub_addrs: kept.hub_addrs, relay_addrs: kept.relay_addrs })
    }

    /// Addresses are checked before they get here, so quoting needs no escapes.
    fn to_toml(&self) -> String {
        let list = |addresses: &[String]| {
            addresses.iter().map(|address| format!("\"{address}\"")).collect::<Vec<_>>().join(", ")
        };
        format!(
            "# Written by enrolment. The addresses may be edited; they take effect at the next start.\n\
             hub_key = \"{}\"\nhub_addrs = [{}]\nrelay_addrs = [{}]\n",
            data_encoding::HEXLOWER.encode(&self.hub_key),
            list(&self.hub_addrs),
            list(&self.relay_addrs),
        )
    }

    fn checked(self) -> Result<Self, IdentityError> {
        match self.hub_addrs.iter().chain(&self.relay_addrs).find(|address| !address::is_plausible(address)) {
            Some(strange) => Err(IdentityError::Address(strange.chars().take(200).collect())),
            None => Ok(self),
        }
    }
}

/// The shape of `facts.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptFacts {
    hub_key: String,
    hub_addrs: Vec<String>,
    #[serde(default)]
    relay_addrs: Vec<String>,
}

struct Files {
    key: PathBuf,
    leaf: PathBuf,
    ca: PathBuf,
    facts: PathBuf,
}

impl Files {
    fn in_folder(folder: &Path) -> Self {
        let file = |name| folder.join(name);
        Self { key: file("key.pem"), leaf: file("cert.pem"), ca: file("ca.pem"), facts: file("facts.toml") }
    }
}

fn read_pem(path: &Path) -> Result<Vec<u8>, IdentityError> {
    let text = files::read(path)?;
    let der = CertificateDer::from_pem_slice(&text).map_err(|_| corrupt(path, "it is not a certificate"))?;
    Ok(der.to_vec())
}

fn corrupt(path: &Path, why: impl Into<String>) -> IdentityError {
    IdentityError::Corrupt { path: path.display().to_string(), why: why.into() }
}

/// Whether an Ed25519 authority signed this leaf. Times are not looked at: an expired identity still loads and buffers.
pub(crate) fn is_signed_by(leaf: &[u8], ca: &[u8]) -> bool {
    let check = || {
        let (_, leaf) = x509_parser::parse_x509_certificate(leaf).ok()?;
        let (_, ca) = x509_parser::parse_x509_certificate(ca).ok()?;
        let ca_key: [u8; 32] = ca.public_key().subject_public_key.data.as_ref().try_into().ok()?;
        let signature: [u8; 64] = leaf.signature_value.data.as_ref().try_into().ok()?;
        Some(key::verify_signature(&ca_key, leaf.tbs_certificate.as_ref(), &signature))
    };
    check().unwrap_or(false)
}

/// An identity that could not be used or kept.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The folder holds no identity.
    #[error("not enrolled: {folder} holds no identity; run `vigie-{role} enrol --token …` first")]
    NotEnrolled {
        /// The folder.
        folder: String,
        /// What would be enrolled.
        role: Role,
    },
    /// A file is damaged.
    #[error("{path} is damaged ({why}); restore it from a backup, or enrol again")]
    Corrupt {
        /// The file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The key could not be read or written.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The certificate says nothing that can be used.
    #[error("the certificate of this node can not be used: {0}")]
    Certificate(#[from] PeerError),
    /// The certificate is for another key.
    #[error("the certificate is for node {certificate}, the key is that of {key}; they do not belong together")]
    ForeignKey {
        /// The node of the certificate.
        certificate: NodeId,
        /// The node of the key.
        key: NodeId,
    },
    /// The certificate was not signed by the authority beside it.
    #[error("the certificate of this node was not signed by the authority beside it")]
    ForeignAuthority,
    /// A chain is a leaf and an authority.
    #[error("a leaf and its authority were expected, {certificates} certificates came")]
    Chain {
        /// How many came.
        certificates: usize,
    },
    /// The identity is for another role.
    #[error("this is the identity of a {found}, not of a {wanted}; is it the right folder?")]
    OtherRole {
        /// Its role.
        found: Role,
        /// The role of the program.
        wanted: Role,
    },
    /// A renewal that changed more than times.
    #[error("the renewed certificate is for {found}, this node is {wanted}")]
    OtherStanding {
        /// What the new one says.
        found: String,
        /// What this node is.
        wanted: String,
    },
    /// An address that can not be one.
    #[error("{0:?} is not an address: it is host:port")]
    Address(String),
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use vigie_model::UtcMs;

    use super::*;
    use crate::ca::Ca;

    #[test]
    fn an_identity_is_the_same_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let identity = agent(1);
        identity.save(folder.path()).unwrap();
        let found = Identity::load(folder.path(), Role::Agent).unwrap();
        assert_eq!((found.node(), found.facts(), found.leaf()), (identity.node(), identity.facts(), identity.leaf()));
    }

    #[test]
    fn what_is_wrong_with_an_identity_is_said_plainly() {
        let folder = tempfile::tempdir().unwrap();
        let error = Identity::load(folder.path(), Role::Agent).unwrap_err();
        assert!(error.to_string().contains("run `vigie-agent enrol"), "{error}");
        agent(1).save(folder.path()).unwrap();
        assert!(matches!(Identity::load(folder.path(), Role::Relay), Err(IdentityError::OtherRole { .. })));
        NodeKey::from_random_bytes([9; 32]).save(&Identity::key_file(folder.path())).unwrap();
        assert!(matches!(Identity::load(folder.path(), Role::Agent), Err(IdentityError::ForeignKey { .. })));
        std::fs::write(folder.path().join("cert.pem"), "nonsense").unwrap();
        assert!(matches!(Identity::load(folder.path(), Role::Agent), Err(IdentityError::Corrupt { .. })));
    }

    #[test]
    fn a_leaf_of_another_authority_is_no_identity() {
        let (mine, other) = (agent(1), agent(2));
        let chain = [mine.leaf().to_vec(), other.ca().to_vec()];
        let joined = Identity::new(mine.key().clone(), &chain, mine.facts().clone());
        assert!(matches!(joined, Err(IdentityError::ForeignAuthority)));
    }

    fn agent(authority: u8) -> Identity {
        let now = UtcMs(1_800_000_000_000);
        let ca = Ca::create(&NodeKey::from_random_bytes([authority; 32]), now).unwrap();
        let key = NodeKey::from_random_bytes([7; 32]);
        let (client, site) = ("acme".parse().unwrap(), "lyon".parse().unwrap());
        let csr = key.csr().unwrap();
        let issued = ca.issue(&csr, Role::Agent, &client, &site, Duration::from_secs(90), now).unwrap();
        let facts = Facts { hub_key: [3; 32], hub_addrs: vec!["hub.example:4433".to_owned()], relay_addrs: vec![] };
        Identity::new(key, &issued.chain, facts).unwrap()
    }
}
