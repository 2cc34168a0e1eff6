//! What somebody says without a good certificate: that it enrols, comes back, or is no copy.

use super::{EnrolRequest, MAX_DER_BYTES, MAX_HOSTNAME_BYTES, v1};
use crate::envelope::{self, EnvelopeError, Kind};
use crate::key::{self, NodeKey};

const RETURN: Kind = Kind { number: 0x22, version: 1 };
const PART: Kind = Kind { number: 0x23, version: 1 };

const PART_DOMAIN: &[u8] = b"vigie parting of a copy v1\0";

/// What somebody without a good certificate may want.
#[derive(Debug)]
pub(crate) enum Plea {
    /// To become a node.
    Enrol(EnrolRequest),
    /// To become one again, after its certificate ended while it was away.
    Return(Return),
    /// To become a node of its own, because another machine runs with the same identity.
    Part(Part),
}

impl Plea {
    /// Reads what a stranger sent.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        let (kind, _) = envelope::split(bytes)?;
        if kind == RETURN {
            Ok(Self::Return(Return::decode(bytes)?))
        } else if kind == PART {
            Ok(Self::Part(Part::decode(bytes)?))
        } else {
            Ok(Self::Enrol(EnrolRequest::decode(bytes)?))
        }
    }
}

/// A node's old leaf, and a request for the next one with the same key, which proves that it is still that node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Return {
    pub(crate) leaf: Vec<u8>,
    pub(crate) csr: Vec<u8>,
}

impl Return {
    pub(crate) fn encode(&self) -> Result<Vec<u8>, EnvelopeError> {
        envelope::seal(RETURN, &v1::Return { leaf: self.leaf.clone(), csr: self.csr.clone() })
    }

    fn decode(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        let v1::Return { leaf, csr } = envelope::open(RETURN, bytes)?;
        let fits = leaf.len() <= MAX_DER_BYTES && csr.len() <= MAX_DER_BYTES;
        if fits { Ok(Self { leaf, csr }) } else { Err(EnvelopeError::Damaged) }
    }
}

/// What a machine says that runs with another's identity: that identity's leaf, and a request with a key of its own, which
/// the shared key has signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) leaf: Vec<u8>,
    pub(crate) csr: Vec<u8>,
    pub(crate) hostname: String,
    pub(crate) certain: bool,
    pub(super) signature: Vec<u8>,
}

impl Part {
    pub(crate) fn new(shared: &NodeKey, leaf: &[u8], csr: Vec<u8>, hostname: &str, certain: bool) -> Self {
        let hostname: String = hostname.chars().filter(|one| !one.is_control()).take(MAX_HOSTNAME_BYTES / 4).collect();
        let signature = shared.sign(&part_message(&csr, &hostname, certain)).to_vec();
        Self { leaf: leaf.to_vec(), csr, hostname, certain, signature }
    }

    /// Whether who said it holds this key.
    pub(crate) fn is_signed_by(&self, key: &[u8; 32]) -> bool {
        let message = part_message(&self.csr, &self.hostname, self.certain);
        <[u8; 64]>::try_from(&self.signature[..]).is_ok_and(|signed| key::verify_signature(key, &message, &signed))
    }

    pub(crate) fn encode(&self) -> Result<Vec<u8>, EnvelopeError> {
        let Self { leaf, csr, hostname, certain, signature } = self.clone();
        envelope::seal(PART, &v1::Part { leaf, csr, hostname, certain, signature })
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        let v1::Part { leaf, csr, hostname, certain, signature } = envelope::open(PART, bytes)?;
        let fits = leaf.len() <= MAX_DER_BYTES
            && csr.len() <= MAX_DER_BYTES
            && signature.len() == 64
            && hostname.len() <= MAX_HOSTNAME_BYTES
            && !hostname.chars().any(char::is_control);
        if fits { Ok(Self { leaf, csr, hostname, certain, signature }) } else { Err(EnvelopeError::Damaged) }
    }
}

fn part_message(csr: &[u8], hostname: &str, certain: bool) -> Vec<u8> {
    let length = (csr.len() as u64).to_be_bytes();
    [PART_DOMAIN, &length, csr, &[u8::from(certain)], hostname.as_bytes()].concat()
}
