//! What a node says that enrols by a token.

use vigie_model::{Role, UtcMs};

use super::{MAX_DER_BYTES, MAX_HOSTNAME_BYTES, are_addresses, v1};
use crate::envelope::{self, EnvelopeError, Kind};
use crate::token::{JoinToken, ProofKey, TokenId};

const REQUEST: Kind = Kind { number: 0x20, version: 1 };
const REQUEST_DOMAIN: &[u8] = b"vigie enrolment request v1\0";

/// What a node asks for when it enrols.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// What it wants to be.
    pub role: Role,
    /// What its machine is called, for people.
    pub hostname: String,
    /// Where a relay will listen; empty for an agent.
    pub advertised: Vec<String>,
}

/// An enrolment request as the hub reads it. Nothing in it is true before [`EnrolRequest::is_proven_by`] says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrolRequest {
    /// The token it claims to hold.
    pub token: TokenId,
    /// The certificate request.
    pub csr: Vec<u8>,
    /// What it wants to be.
    pub role: Role,
    /// What its machine is called, for people; no names or rights may be taken from it.
    pub hostname: String,
    /// Where a relay will listen.
    pub advertised: Vec<String>,
    /// What its clock said, so that a wrong one can be pointed out.
    pub client_time: UtcMs,
    body: Vec<u8>,
    pub(super) proof: [u8; 32],
}

impl EnrolRequest {
    /// A request that proves the token. `nonce` is chance: it ties the answer to this very request.
    pub fn new(
        token: &JoinToken,
        ask: &Ask,
        csr: Vec<u8>,
        client_time: UtcMs,
        nonce: [u8; 16],
    ) -> Result<Self, EnvelopeError> {
        let body = v1::Body {
            token: token.id.0,
            csr,
            role: role_number(ask.role),
            hostname: ask.hostname.clone(),
            advertised: ask.advertised.clone(),
            client_time: client_time.0,
            nonce,
        };
        let body = postcard::to_stdvec(&body).map_err(|_| EnvelopeError::Unwritable)?;
        let proof = token.secret.proof_key().prove(REQUEST_DOMAIN, &[&body]);
        Self::from_body(body, proof)
    }

    /// Whether whoever made the request holds the token with this key, and nobody changed it on the way.
    pub fn is_proven_by(&self, key: &ProofKey) -> bool {
        key.is_proof(&self.proof, REQUEST_DOMAIN, &[&self.body])
    }

    /// The bytes to send.
    pub fn encode(&self) -> Result<Vec<u8>, EnvelopeError> {
        envelope::seal(REQUEST, &v1::Request { body: self.body.clone(), proof: self.proof })
    }

    /// Reads what a stranger sent.
    pub fn decode(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        let v1::Request { body, proof } = envelope::open(REQUEST, bytes)?;
        Self::from_body(body, proof)
    }

    fn from_body(body: Vec<u8>, proof: [u8; 32]) -> Result<Self, EnvelopeError> {
        let (read, rest) = postcard::take_from_bytes::<v1::Body>(&body).map_err(|_| EnvelopeError::Damaged)?;
        let fits = rest.is_empty()
            && read.csr.len() <= MAX_DER_BYTES
            && read.hostname.len() <= MAX_HOSTNAME_BYTES
            && !read.hostname.chars().any(char::is_control)
            && are_addresses(&read.advertised);
        let role = role_of(read.role).filter(|_| fits).ok_or(EnvelopeError::Damaged)?;
        Ok(Self {
            token: TokenId(read.token),
            csr: read.csr,
            role,
            hostname: read.hostname,
            advertised: read.advertised,
            client_time: UtcMs(read.client_time),
            body,
            proof,
        })
    }
}

fn role_number(role: Role) -> u8 {
    match role {
        Role::Agent => 0,
        Role::Relay => 1,
        Role::Hub => 2,
    }
}

fn role_of(number: u8) -> Option<Role> {
    match number {
        0 => Some(Role::Agent),
        1 => Some(Role::Relay),
        2 => Some(Role::Hub),
        _ => None,
    }
}
