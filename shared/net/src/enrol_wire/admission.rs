//! Who lets nodes in, what these are given, and why others are refused.

use std::net::SocketAddr;

use vigie_model::Slug;

use super::EnrolRequest;
use crate::peer::Peer;
use crate::token::ProofKey;

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
