//! Whom does this certificate speak for?
//!
//! Reads what the hub wrote into a leaf. Verifies no signature: the TLS stack did, before a [`Peer`] is made.

use std::fmt;

use vigie_model::{NameError, NodeId, Role, Slug, UtcMs};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

/// A node as its certificate tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// The node; it follows from the key.
    pub node: NodeId,
    /// What it may do.
    pub role: Role,
    /// Whose it is; `hub` for the hub.
    pub client: Slug,
    /// Where it is; `hub` for the hub.
    pub site: Slug,
    /// Its Ed25519 key.
    pub public_key: [u8; 32],
    /// When its authority begins.
    pub not_before: UtcMs,
    /// When its authority ends.
    pub not_after: UtcMs,
    /// The number that the hub gave this certificate.
    pub serial: Vec<u8>,
    /// The node it was a copy of, before it had a key of its own: what it measured as that node it may still bring.
    pub formerly: Option<NodeId>,
}

impl Peer {
    /// The node that a verified leaf speaks for.
    pub fn of_leaf(der: &[u8]) -> Result<Self, PeerError> {
        let (rest, leaf) = X509Certificate::from_der(der).map_err(|_| PeerError::NotACertificate)?;
        if !rest.is_empty() {
            return Err(PeerError::NotACertificate);
        }
        let public_key = ed25519_key(&leaf)?;
        let name = NodeName::of_certificate(&leaf)?;
        if name.node != NodeId::of_key(&public_key) {
            return Err(PeerError::KeyIsNotItsOwn { claimed: name.node });
        }
        Ok(Self {
            node: name.node,
            role: name.role,
            client: name.client,
            site: name.site,
            public_key,
            not_before: UtcMs(leaf.validity().not_before.timestamp().saturating_mul(1_000)),
            not_after: UtcMs(leaf.validity().not_after.timestamp().saturating_mul(1_000)),
            serial: leaf.raw_serial().to_vec(),
            formerly: formerly(&leaf),
        })
    }

    /// When the certificate counts.
    pub fn validity(&self) -> Validity {
        Validity { not_before: self.not_before, not_after: self.not_after }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.role {
            Role::Hub => write!(f, "hub {}", self.node.short()),
            Role::Agent | Role::Relay => {
                write!(f, "{} {} of {}/{}", self.role, self.node.short(), self.client, self.site)
            }
        }
    }
}

/// The span in which a certificate counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// Its first moment.
    pub not_before: UtcMs,
    /// Its last moment.
    pub not_after: UtcMs,
}

/// A node's name in a certificate: `vigie://{client}/{site}/{role}/{node}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NodeName {
    pub(crate) node: NodeId,
    pub(crate) role: Role,
    pub(crate) client: Slug,
    pub(crate) site: Slug,
}

impl NodeName {
    /// The form that stands in the certificate.
    pub(crate) fn uri(&self) -> String {
        format!("vigie://{}/{}/{}/{}", self.client, self.site, self.role, self.node)
    }

    fn of_certificate(leaf: &X509Certificate<'_>) -> Result<Self, PeerError> {
        let names =
            leaf.subject_alternative_name().map_err(|_| PeerError::NotACertificate)?.ok_or(PeerError::NoName)?;
        let mut found = names.value.general_names.iter().filter_map(|name| match name {
            GeneralName::URI(uri) => uri.strip_prefix("vigie://"),
            _ => None,
        });
        let name = found.next().ok_or(PeerError::NoName)?;
        if found.next().is_some() {
            return Err(PeerError::TwoNames);
        }
        Self::parse(name)
    }

    fn parse(name: &str) -> Result<Self, PeerError> {
        let strange = || PeerError::StrangeName(name.chars().take(200).collect());
        let parts: Vec<&str> = name.split('/').collect();
        let [client, site, role, node] = parts[..] else {
            return Err(strange());
        };
        let slug = |text: &str| text.parse().map_err(|_: NameError| strange());
        Ok(Self {
            client: slug(client)?,
            site: slug(site)?,
            role: role.parse().map_err(|_| strange())?,
            node: node.parse().map_err(|_| strange())?,
        })
    }
}

/// How the node whose copy this was stands in a certificate: as a second name for machines, which older readers pass over.
pub(crate) fn formerly_name(node: NodeId) -> String {
    format!("{node}{FORMERLY}")
}

const FORMERLY: &str = ".formerly.vigie";

fn formerly(leaf: &X509Certificate<'_>) -> Option<NodeId> {
    let names = leaf.subject_alternative_name().ok().flatten()?;
    names.value.general_names.iter().find_map(|name| match name {
        GeneralName::DNSName(name) => name.strip_suffix(FORMERLY)?.parse().ok(),
        _ => None,
    })
}

fn ed25519_key(leaf: &X509Certificate<'_>) -> Result<[u8; 32], PeerError> {
    let key = leaf.public_key();
    if key.algorithm.algorithm != x509_parser::oid_registry::OID_SIG_ED25519 {
        return Err(PeerError::NotEd25519);
    }
    key.subject_public_key.data.as_ref().try_into().map_err(|_| PeerError::NotEd25519)
}

/// A certificate that does not say whom it speaks for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeerError {
    /// The bytes are no X.509 certificate.
    #[error("not a certificate")]
    NotACertificate,
    /// Its key is of another kind.
    #[error("its key is not an Ed25519 key")]
    NotEd25519,
    /// It names no node.
    #[error("it names no node")]
    NoName,
    /// It names more than one.
    #[error("it names more than one node")]
    TwoNames,
    /// Its name is not client, site, role and node.
    #[error("its name {0:?} is not client/site/role/node")]
    StrangeName(String),
    /// Its name belongs to another key.
    #[error("it names node {claimed}, which has another key")]
    KeyIsNotItsOwn {
        /// The node it claims to be.
        claimed: NodeId,
    },
}
