//! How does a new machine become a node?

use std::time::Duration;

use tokio::time::timeout;
use tracing::debug;
use vigie_model::{NameError, Slug, UtcMs};

use crate::endpoint::EnrolmentEndpoint;
use crate::enrol_wire::{self, Answer, AnswerError, Ask, EnrolRequest, Grant, Part, Refused, RefusedWhy, Return};
use crate::enrolment::{self, ANSWER_DEADLINE, EnrolmentError};
use crate::envelope::EnvelopeError;
use crate::fingerprint::CaFingerprint;
use crate::identity::{Facts, Identity, IdentityError};
use crate::key::{KeyError, NodeKey};
use crate::refusal::DialError;
use crate::renewal::Renewal;
use crate::token::JoinToken;

/// A clock that is further off than this is pointed out.
const CLOCK_TOLERANCE_MS: u64 = 5 * 60 * 1_000;

/// An address that does not answer for this long is given up, and the next one is tried.
const DIAL_DEADLINE: Duration = Duration::from_secs(15);

/// A machine that is a node now.
#[derive(Debug, Clone)]
pub struct Enrolled {
    /// Who it is; to be saved.
    pub identity: Identity,
    /// What the hub's clock says; the first floor of trusted time.
    pub server_time: UtcMs,
    /// How far the machine's clock is ahead of the hub's, if that is worth telling a person.
    pub clock_off_ms: Option<i64>,
}

/// Enrols with a token. `via` are addresses to try before those in the token: relays of the site, for a machine that
/// has no route to the hub.
///
/// May be repeated with the same key: the hub takes it for the same node and counts no second use.
pub async fn enrol(
    endpoint: &EnrolmentEndpoint,
    token: &JoinToken,
    key: &NodeKey,
    ask: &Ask,
    via: &[String],
) -> Result<Enrolled, EnrolError> {
    let wall = endpoint.time().wall();
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce).map_err(|e| KeyError::NoRandomness(e.to_string()))?;
    let request = EnrolRequest::new(token, ask, key.csr()?, wall, nonce)?;
    let bytes = request.encode()?;
    let mut last = EnrolError::Nowhere;
    for address in via.iter().chain(&token.hub_addrs) {
        let failed = match ask_at(endpoint, token.ca, address, &bytes).await {
            Err(error) => error,
            Ok(answer) => match enrol_wire::decode_answer(&answer, &request, &token.secret.proof_key()) {
                Ok(Answer::Granted { grant, server_time }) => {
                    return settle(token, key, ask, grant, wall, server_time);
                }
                Ok(Answer::Refused { refused, server_time }) => {
                    EnrolError::Refused { refused, clock_off_ms: clock_off(wall, server_time) }
                }
                Err(AnswerError::Forged) => EnrolError::Forged { address: address.clone() },
                Err(AnswerError::Envelope(error)) => error.into(),
            },
        };
        debug!(address, error = %failed, "enrolment failed at this address");
        last = last.or_rather(failed);
    }
    Err(last)
}

/// Asks for the next certificate when the present one has ended, so that sessions are refused as expired.
///
/// Needs no token: the key and the old certificate are proof enough, and the hub decides whether the node still
/// belongs. `via` are tried first, then the addresses that the identity knows. The result is to be saved, and given to
/// [`Endpoint::adopt`](crate::Endpoint::adopt).
pub async fn come_back(
    endpoint: &EnrolmentEndpoint,
    identity: &Identity,
    via: &[String],
) -> Result<Identity, EnrolError> {
    let plea = Return { leaf: identity.leaf().to_vec(), csr: identity.key().csr()? }.encode()?;
    let (pinned, facts) = (CaFingerprint::of(identity.ca()), identity.facts());
    let mut last = EnrolError::Nowhere;
    for address in via.iter().chain(&facts.relay_addrs).chain(&facts.hub_addrs) {
        let answer = ask_at(endpoint, pinned, address, &plea).await;
        let failed = match answer.and_then(|answer| Ok(Renewal::decode(&answer)?)) {
            Ok(Renewal::Granted { chain: [leaf, _] }) => return Ok(identity.renewed(leaf)?),
            Ok(Renewal::Refused { text }) => EnrolError::NotReadmitted { text },
            Ok(Renewal::Request { .. }) => EnvelopeError::Damaged.into(),
            Err(error) => error,
        };
        debug!(address, error = %failed, "coming back failed at this address");
        last = last.or_rather(failed);
    }
    Err(last)
}

/// Asks for an identity of its own for a machine that runs with another's: its folder was copied. `key` is the new key;
/// `certain` says that this machine is surely the copy. The result is to be saved apart, and taken into use when all that was
/// measured under the old one is signed with the old key.
///
/// `at` are tried in their order: relays of the site, or the hub. May be repeated with the same key.
///
/// # Errors
/// When nobody answers, or the hub refuses; the machine is what it was.
pub async fn part_from_twin(
    endpoint: &EnrolmentEndpoint,
    identity: &Identity,
    key: &NodeKey,
    (hostname, certain): (&str, bool),
    at: &[String],
) -> Result<Identity, EnrolError> {
    let plea = Part::new(identity.key(), identity.leaf(), key.csr()?, hostname, certain).encode()?;
    let (pinned, facts) = (CaFingerprint::of(identity.ca()), identity.facts());
    let mut last = EnrolError::Nowhere;
    for address in at {
        let answer = ask_at(endpoint, pinned, address, &plea).await;
        let failed = match answer.and_then(|answer| Ok(Renewal::decode(&answer)?)) {
            Ok(Renewal::Granted { chain: [leaf, _] }) => {
                let own = Identity::new(key.clone(), &[leaf, identity.ca().to_vec()], facts.clone())?;
                let same =
                    (own.role(), own.client(), own.site()) == (identity.role(), identity.client(), identity.site());
                return if same { Ok(own) } else { Err(EnrolError::OtherAuthority) };
            }
            Ok(Renewal::Refused { text }) => EnrolError::NotReadmitted { text },
            Ok(Renewal::Request { .. }) => EnvelopeError::Damaged.into(),
            Err(error) => error,
        };
        debug!(address, error = %failed, "parting from a copy failed at this address");
        last = last.or_rather(failed);
    }
    Err(last)
}

async fn ask_at(
    endpoint: &EnrolmentEndpoint,
    pinned: CaFingerprint,
    address: &str,
    request: &[u8],
) -> Result<Vec<u8>, EnrolError> {
    let dial = async { endpoint.dial(enrolment::resolve(address).await?, pinned).await };
    let quinn =
        timeout(DIAL_DEADLINE, dial).await.map_err(|_| EnrolError::Silent { address: address.to_owned() })??;
    let answer = timeout(ANSWER_DEADLINE, enrolment::exchange(&quinn, request)).await;
    Ok(answer.unwrap_or(Err(EnrolmentError::TooSlow))?)
}

fn settle(
    token: &JoinToken,
    key: &NodeKey,
    ask: &Ask,
    grant: Grant,
    wall: UtcMs,
    server_time: UtcMs,
) -> Result<Enrolled, EnrolError> {
    let Grant { chain, client, site, hub_key, hub_addrs, relay_addrs } = grant;
    if chain.last().map(|ca| CaFingerprint::of(ca)) != Some(token.ca) {
        return Err(EnrolError::OtherAuthority);
    }
    let identity = Identity::new(key.clone(), &chain, Facts { hub_key, hub_addrs, relay_addrs })?;
    let (client, site): (Slug, Slug) = (client.parse()?, site.parse()?);
    if identity.role() != ask.role || *identity.client() != client || *identity.site() != site {
        return Err(EnrolError::OtherAuthority);
    }
    Ok(Enrolled { identity, server_time, clock_off_ms: clock_off(wall, server_time) })
}

fn clock_off(wall: UtcMs, server_time: UtcMs) -> Option<i64> {
    let off = wall.0.saturating_sub(server_time.0);
    (off.unsigned_abs() > CLOCK_TOLERANCE_MS).then_some(off)
}

/// A machine that did not become a node.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// The hub said no.
    #[error("{refused}{}", clock_hint(*clock_off_ms))]
    Refused {
        /// Why.
        refused: Refused,
        /// How far the machine's clock is ahead of the hub's, if that is worth telling.
        clock_off_ms: Option<i64>,
    },
    /// The hub does not want the node back as it is.
    #[error("{text}")]
    NotReadmitted {
        /// Why.
        text: String,
    },
    /// No address could be reached, or none answered as our hub does; the last failure.
    #[error("could not reach the hub: {0}")]
    Dial(#[from] DialError),
    /// It broke off; the last failure.
    #[error(transparent)]
    Broken(#[from] EnrolmentError),
    /// The answer was changed on the way.
    #[error("{address} gave an answer that the hub did not make; do not trust that address, and report it")]
    Forged {
        /// Who gave it.
        address: String,
    },
    /// The answer does not fit the request.
    #[error("the hub answered with a certificate of another authority or for another node")]
    OtherAuthority,
    /// The answer could not be read.
    #[error("the answer could not be read: {0}")]
    Message(#[from] EnvelopeError),
    /// A name in the answer is none.
    #[error("the answer could not be read: {0}")]
    Name(#[from] NameError),
    /// What came back can not be an identity.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The key could not be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// An address did not answer.
    #[error("{address} did not answer")]
    Silent {
        /// The address.
        address: String,
    },
    /// There is nobody to ask.
    #[error("neither the token nor the command says where the hub is")]
    Nowhere,
}

impl EnrolError {
    /// Of two failures at two addresses, the one that tells a person more: a decision rather than silence.
    fn or_rather(self, later: Self) -> Self {
        if self.is_telling() && !later.is_telling() { self } else { later }
    }

    fn is_telling(&self) -> bool {
        match self {
            Self::Refused { refused, .. } => refused.why != RefusedWhy::NotNow,
            Self::Dial(error) => error.is_refusal(),
            Self::Forged { .. } | Self::NotReadmitted { .. } | Self::OtherAuthority => true,
            Self::Broken(_)
            | Self::Message(_)
            | Self::Name(_)
            | Self::Identity(_)
            | Self::Key(_)
            | Self::Silent { .. }
            | Self::Nowhere => false,
        }
    }
}

fn clock_hint(off_ms: Option<i64>) -> String {
    let Some(off_ms) = off_ms else { return String::new() };
    let minutes = off_ms.unsigned_abs() / 60_000;
    let side = if off_ms > 0 { "ahead of" } else { "behind" };
    format!(" (this machine's clock is {minutes} minutes {side} the hub's; set it first)")
}
