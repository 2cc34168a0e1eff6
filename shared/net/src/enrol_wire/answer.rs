//! What the hub answers whoever enrols.

use vigie_model::UtcMs;

use super::{Admitted, EnrolRequest, MAX_DER_BYTES, Refused, RefusedWhy, are_addresses, v1};
use crate::envelope::{self, EnvelopeError, Kind};
use crate::token::ProofKey;

const ANSWER: Kind = Kind { number: 0x21, version: 1 };
const ANSWER_DOMAIN: &[u8] = b"vigie enrolment answer v1\0";

/// What a refusal may say.
const MAX_TEXT_BYTES: usize = 500;

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
