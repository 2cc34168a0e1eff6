//! How does a new machine become a node?

use std::time::Duration;

use tokio::time::timeout;
use tracing::debug;
use vigie_model::{NameError, Slug, UtcMs};

use crate::endpoint::EnrolmentEndpoint;
use crate::enrol_wire::{self, Answer, AnswerError, Ask, EnrolRequest, Grant, Refused};
use crate::enrolment::{self, ANSWER_DEADLINE, EnrolmentError};
use crate::envelope::EnvelopeError;
use crate::fingerprint::CaFingerprint;
use crate::identity::{Facts, Identity, IdentityError};
use crate::key::{KeyError, NodeKey};
use crate::refusal::DialError;
use crate::token::JoinToken;

/// A clock that is further off than this is pointed out.
const CLOCK_TOLERANCE_MS: u64 = 5 * 60 * 1_000;

/// A dial and the answer together take no longer than this; then the next address is tried.
const ADDRESS_DEADLINE: Duration = Duration::from_secs(15).saturating_add(ANSWER_DEADLINE);

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
        let attempt = timeout(ADDRESS_DEADLINE, ask_at(endpoint, token, address, &bytes));
        let answer = match attempt.await.unwrap_or(Err(EnrolError::Broken(EnrolmentError::TooSlow))) {
            Ok(answer) => answer,
            Err(error) => {
                debug!(address, %error, "enrolment failed at this address");
                last = error;
                continue;
            }
        };
        match enrol_wire::decode_answer(&answer, &request, &token.secret.proof_key()) {
            Ok(Answer::Granted { grant, server_time }) => return settle(token, key, ask, grant, wall, server_time),
            Ok(Answer::Refused { refused, server_time }) => {
                last = EnrolError::Refused { refused, clock_off_ms: clock_off(wall, server_time) };
            }
            Err(AnswerError::Forged) => last = EnrolError::Forged { address: address.clone() },
            Err(AnswerError::Envelope(error)) => last = error.into(),
        }
    }
    Err(last)
}

async fn ask_at(
    endpoint: &EnrolmentEndpoint,
    token: &JoinToken,
    address: &str,
    request: &[u8],
) -> Result<Vec<u8>, EnrolError> {
    let quinn = endpoint.dial(enrolment::resolve(address).await?, token.ca).await?;
    Ok(enrolment::exchange(&quinn, request).await?)
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
    /// There is nobody to ask.
    #[error("neither the token nor the command says where the hub is")]
    Nowhere,
}

fn clock_hint(off_ms: Option<i64>) -> String {
    let Some(off_ms) = off_ms else { return String::new() };
    let minutes = off_ms.unsigned_abs() / 60_000;
    let side = if off_ms > 0 { "ahead of" } else { "behind" };
    format!(" (this machine's clock is {minutes} minutes {side} the hub's; set it first)")
}
