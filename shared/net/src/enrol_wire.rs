//! What do a node that enrols and the hub say to each other, byte for byte?
//!
//! Shapes are frozen per version. Counts and lengths are checked as they are read: this comes from strangers.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};
use vigie_model::{Role, Slug, UtcMs};

use crate::address;
use crate::envelope::{self, EnvelopeError, Kind};
use crate::key::{self, NodeKey};
use crate::peer::Peer;
use crate::token::{JoinToken, ProofKey, TokenId};

const REQUEST: Kind = Kind { number: 0x20, version: 1 };
const ANSWER: Kind = Kind { number: 0x21, version: 1 };
const RETURN: Kind = Kind { number: 0x22, version: 1 };
const PART: Kind = Kind { number: 0x23, version: 1 };

const REQUEST_DOMAIN: &[u8] = b"vigie enrolment request v1\0";
const ANSWER_DOMAIN: &[u8] = b"vigie enrolment answer v1\0";
const PART_DOMAIN: &[u8] = b"vigie parting of a copy v1\0";

/// A host name has at most this (RFC 1035).
const MAX_HOSTNAME_BYTES: usize = 255;
/// Addresses that one node may announce, and that one answer may name.
const MAX_ADDRESSES: usize = 16;
/// Requests and certificates of ours are far below this.
const MAX_DER_BYTES: usize = 4 * 1024;
/// What a refusal may say.
const MAX_TEXT_BYTES: usize = 500;

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
    proof: [u8; 32],
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
    signature: Vec<u8>,
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

    fn decode(bytes: &[u8]) -> Result<Self, EnvelopeError> {
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

/// A machine that runs with another's identity, as it asks the hub to be a node of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parting {
    /// Whose identity it runs with: our authority signed that leaf, and the machine holds its key.
    pub peer: Peer,
    /// The request, with a key of its own.
    pub csr: Vec<u8>,
    /// What it is called, for people.
    pub hostname: String,
    /// Whether it knows that it is the copy; otherwise it only came later, or does not know.
    pub certain: bool,
}

/// Who lets nodes in: the hub's token store and authority.
pub trait Admission: Sync {
    /// Decides a request: finds the token, asks [`Token::check`](crate::Token::check), issues the certificate, and
    /// counts the use *durably before answering*.
    ///
    /// The same key with the same token again is the same node whose answer was lost: it gets a certificate, and no
    /// second use is counted. `from` is who carried it here: the node itself, or a relay for it.
    fn admit(&self, request: EnrolRequest, from: SocketAddr) -> impl Future<Output = Result<Admitted, Refused>> + Send;

    /// Decides whether a node whose certificate ended may have the next one, made by [`Ca::renew`](crate::Ca::renew).
    ///
    /// It is checked already that our authority signed its old leaf, that it still holds the key, and that it is not
    /// revoked. Left to decide is whether it is still on the roster. Unless told otherwise, it must enrol again.
    fn readmit(
        &self,
        peer: Peer,
        csr: Vec<u8>,
        from: SocketAddr,
    ) -> impl Future<Output = Result<[Vec<u8>; 2], Refused>> + Send {
        drop((csr, from));
        let text = format!("the certificate of {peer} has expired; enrol it again with a new token");
        async move { Err(Refused::saying(RefusedWhy::Expired, text)) }
    }

    /// Decides whether a machine that runs with another's identity becomes a node of its own, by a certificate from
    /// [`Ca::issue_as`](crate::Ca::issue_as).
    ///
    /// Checked already is what [`Parting`] says. The same key again must get the same answer: the first may have been lost.
    fn part(&self, parting: Parting, from: SocketAddr) -> impl Future<Output = Result<[Vec<u8>; 2], Refused>> + Send {
        let text = format!("copies of {} get no identity here; enrol this machine with a new token", parting.peer);
        drop((parting, from));
        async move { Err(Refused::saying(RefusedWhy::NotNow, text)) }
    }
}

/// What an enrolled node is given.
#[derive(Debug, Clone)]
pub struct Admitted {
    /// Its leaf and the authority, from [`Ca::issue`](crate::Ca::issue).
    pub chain: [Vec<u8>; 2],
    /// Whose it is.
    pub client: Slug,
    /// Where it is.
    pub site: Slug,
    /// The hub's key for acknowledgements.
    pub hub_key: [u8; 32],
    /// Where the hub listens.
    pub hub_addrs: Vec<String>,
    /// Where the relays of the site listen.
    pub relay_addrs: Vec<String>,
    /// The key of the token, which seals the answer.
    pub proof_key: ProofKey,
}

/// An enrolment that was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Refused {
    /// The kind of reason.
    pub why: RefusedWhy,
    /// The reason, for the person at the machine.
    pub text: String,
}

/// Why an enrolment was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusedWhy {
    /// No such token, or the secret is wrong.
    Unknown,
    /// Its time is over.
    Expired,
    /// As many nodes as it was for have enrolled.
    UsedUp,
    /// A person took it back.
    Revoked,
    /// It is for another role.
    WrongRole,
    /// The request makes no sense.
    BadRequest,
    /// Not now: the hub can not decide, or can not be reached from here.
    NotNow,
}

impl Refused {
    /// A refusal in plain words.
    pub fn new(why: RefusedWhy) -> Self {
        let text = match why {
            RefusedWhy::Unknown => "the hub does not know this token; copy it again, or ask for a new one",
            RefusedWhy::Expired => "this token has expired; ask for a new one",
            RefusedWhy::UsedUp => "this token has been used as often as it may be; ask for a new one",
            RefusedWhy::Revoked => "this token was taken back; ask for a new one",
            RefusedWhy::WrongRole => "this token is for another kind of node",
            RefusedWhy::BadRequest => "the hub could not make sense of the request; are both programs up to date?",
            RefusedWhy::NotNow => "the hub can not decide this now; try again in a few minutes",
        };
        Self { why, text: text.to_owned() }
    }

    /// The same with other words.
    pub fn saying(why: RefusedWhy, text: impl Into<String>) -> Self {
        Self { why, text: text.into() }
    }
}

/// What the hub answers, with its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    Granted { grant: Grant, server_time: UtcMs },
    Refused { refused: Refused, server_time: UtcMs },
}

/// What a granted answer says, once its seal was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) chain: Vec<Vec<u8>>,
    pub(crate) client: String,
    pub(crate) site: String,
    pub(crate) hub_key: [u8; 32],
    pub(crate) hub_addrs: Vec<String>,
    pub(crate) relay_addrs: Vec<String>,
}

/// The bytes of a granted answer, sealed for whoever made the request.
pub(crate) fn encode_grant(
    admitted: Admitted,
    request: &EnrolRequest,
    server_time: UtcMs,
) -> Result<Vec<u8>, EnvelopeError> {
    let Admitted { chain, client, site, hub_key, hub_addrs, relay_addrs, proof_key } = admitted;
    let grant = v1::Grant {
        chain: chain.to_vec(),
        client: client.into(),
        site: site.into(),
        hub_key,
        hub_addrs,
        relay_addrs,
        server_time: server_time.0,
    };
    let body = postcard::to_stdvec(&grant).map_err(|_| EnvelopeError::Unwritable)?;
    let seal = proof_key.prove(ANSWER_DOMAIN, &[&request.proof, &body]);
    envelope::seal(ANSWER, &v1::Answer::Granted { body, seal })
}

/// The bytes of a refusal. It carries no seal: whoever holds no token shares no key with the hub.
pub(crate) fn encode_refusal(refused: &Refused, server_time: UtcMs) -> Result<Vec<u8>, EnvelopeError> {
    let text = refused.text.chars().take(MAX_TEXT_BYTES / 4).collect();
    envelope::seal(ANSWER, &v1::Answer::Refused { why: why_number(refused.why), text, server_time: server_time.0 })
}

/// Reads the answer to a request that was made with this token.
pub(crate) fn decode_answer(bytes: &[u8], request: &EnrolRequest, key: &ProofKey) -> Result<Answer, AnswerError> {
    match envelope::open::<v1::Answer>(ANSWER, bytes)? {
        v1::Answer::Refused { why, text, server_time } => {
            let text = crate::refusal::plain(text.as_bytes());
            let refused = Refused { why: why_of(why), text };
            Ok(Answer::Refused { refused, server_time: UtcMs(server_time) })
        }
        v1::Answer::Granted { body, seal } => {
            if !key.is_proof(&seal, ANSWER_DOMAIN, &[&request.proof, &body]) {
                return Err(AnswerError::Forged);
            }
            let (grant, rest) = postcard::take_from_bytes::<v1::Grant>(&body).map_err(|_| EnvelopeError::Damaged)?;
            let fits = rest.is_empty()
                && grant.chain.iter().all(|der| der.len() <= MAX_DER_BYTES)
                && are_addresses(&grant.hub_addrs)
                && are_addresses(&grant.relay_addrs);
            if !fits {
                return Err(EnvelopeError::Damaged.into());
            }
            let server_time = UtcMs(grant.server_time);
            let v1::Grant { chain, client, site, hub_key, hub_addrs, relay_addrs, .. } = grant;
            Ok(Answer::Granted { grant: Grant { chain, client, site, hub_key, hub_addrs, relay_addrs }, server_time })
        }
    }
}

/// An answer that can not be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AnswerError {
    #[error("the answer can not be read: {0}")]
    Envelope(#[from] EnvelopeError),
    #[error("the answer was not made by the hub that made the token; somebody on the way changed it")]
    Forged,
}

fn are_addresses(addresses: &[String]) -> bool {
    addresses.len() <= MAX_ADDRESSES && addresses.iter().all(|address| address::is_plausible(address))
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

fn why_number(why: RefusedWhy) -> u8 {
    match why {
        RefusedWhy::Unknown => 0,
        RefusedWhy::Expired => 1,
        RefusedWhy::UsedUp => 2,
        RefusedWhy::Revoked => 3,
        RefusedWhy::WrongRole => 4,
        RefusedWhy::BadRequest => 5,
        RefusedWhy::NotNow => 6,
    }
}

/// A newer hub may know more reasons; its text still says which.
fn why_of(number: u8) -> RefusedWhy {
    match number {
        0 => RefusedWhy::Unknown,
        1 => RefusedWhy::Expired,
        2 => RefusedWhy::UsedUp,
        3 => RefusedWhy::Revoked,
        4 => RefusedWhy::WrongRole,
        6 => RefusedWhy::NotNow,
        _ => RefusedWhy::BadRequest,
    }
}

mod v1 {
    use super::{Deserialize, Serialize};

    #[derive(Serialize, Deserialize)]
    pub(super) struct Request {
        pub(super) body: Vec<u8>,
        pub(super) proof: [u8; 32],
    }

    #[derive(Serialize, Deserialize)]
    pub(super) struct Body {
        pub(super) token: [u8; 8],
        pub(super) csr: Vec<u8>,
        pub(super) role: u8,
        pub(super) hostname: String,
        pub(super) advertised: Vec<String>,
        pub(super) client_time: i64,
        pub(super) nonce: [u8; 16],
    }

    #[derive(Serialize, Deserialize)]
    pub(super) struct Part {
        pub(super) leaf: Vec<u8>,
        pub(super) csr: Vec<u8>,
        pub(super) hostname: String,
        pub(super) certain: bool,
        pub(super) signature: Vec<u8>,
    }

    #[derive(Serialize, Deserialize)]
    pub(super) struct Return {
        pub(super) leaf: Vec<u8>,
        pub(super) csr: Vec<u8>,
    }

    #[derive(Serialize, Deserialize)]
    pub(super) enum Answer {
        Granted { body: Vec<u8>, seal: [u8; 32] },
        Refused { why: u8, text: String, server_time: i64 },
    }

    #[derive(Serialize, Deserialize)]
    pub(super) struct Grant {
        pub(super) chain: Vec<Vec<u8>>,
        pub(super) client: String,
        pub(super) site: String,
        pub(super) hub_key: [u8; 32],
        pub(super) hub_addrs: Vec<String>,
        pub(super) relay_addrs: Vec<String>,
        pub(super) server_time: i64,
    }
}

#[cfg(test)]
mod tests;
