//! Does an issuer say this of somebody who signed in there for us, just now?
//!
//! An ID token of OpenID Connect: who says it, to whom, until when, in answer to which question, and by whose key. What is
//! not signed, or signed by another way than with a public key, is nothing. Knows no network: keys come from outside.

use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;
use serde_json::Value;
use vigie_model::UtcMs;

use crate::issuer_keys::{Algorithm, Keys};

/// Clocks of hub and issuer differ by this much at most.
const SLACK_MS: i64 = 120_000;

/// A token was made for the sign-in that it answers, which takes no longer.
const OLDEST_MS: i64 = 60 * 60_000;

/// Tokens are some kB, with groups of a large directory more; beyond this nobody reads.
pub const MOST_TOKEN_BYTES: usize = 32 * 1024;

/// What OpenID Connect lets a subject have.
const SUBJECT_BYTES: usize = 255;

/// What a token must answer.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// Who must have said it.
    pub issuer: &'a str,
    /// To whom: the name by which the issuer knows this hub.
    pub client_id: &'a str,
    /// What was sent with the question, and no other.
    pub nonce: &'a str,
}

/// What an issuer says of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// Who it is there, for ever.
    pub subject: String,
    /// Their address, as it was written.
    pub email: Option<String>,
    /// Whether the issuer says that the address is theirs.
    pub email_verified: bool,
    /// Whether a directory of Microsoft says that the address's domain is its own (`xms_edov`).
    pub domain_verified: bool,
    /// What they are called.
    pub name: Option<String>,
    /// When they proved who they are, if the issuer says so.
    pub proved_ms: Option<i64>,
}

/// Why a token is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// It is not one.
    #[error("it is no signed token of at most {MOST_TOKEN_BYTES} bytes")]
    Shape,
    /// It is not signed by a way that counts.
    #[error("it is not signed by RS256, ES256 or EdDSA")]
    Algorithm,
    /// The key that it names is not the issuer's.
    #[error("none of the issuer's keys is the one that it names")]
    NoKey,
    /// The signature is of something else.
    #[error("its signature is wrong")]
    Signature,
    /// Somebody else says it.
    #[error("it is of another issuer")]
    Issuer,
    /// It is said to somebody else.
    #[error("it is meant for another program")]
    Audience,
    /// It has ended.
    #[error("it has expired, or the clocks differ by more than {} s", SLACK_MS / 1_000)]
    Expired,
    /// It does not hold yet, or was made long before.
    #[error("it was not made now, or the clocks differ by more than {} s", SLACK_MS / 1_000)]
    NotNow,
    /// It answers another question.
    #[error("it answers another sign-in")]
    Nonce,
    /// What stands beside it is of somebody else.
    #[error("what the issuer tells beside it is no answer about the same person")]
    Told,
    /// It is of nobody.
    #[error("it says of nobody who it is")]
    Subject,
}

#[derive(Deserialize)]
struct Head {
    alg: String,
    kid: Option<String>,
    /// What must be understood, of which nothing is.
    crit: Option<Value>,
}

#[derive(Deserialize)]
struct Payload {
    iss: String,
    sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: f64,
    iat: f64,
    nbf: Option<f64>,
    nonce: Option<String>,
    auth_time: Option<f64>,
    email: Option<Value>,
    email_verified: Option<Value>,
    xms_edov: Option<Value>,
    name: Option<Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// Believes a token, or says why not.
///
/// # Errors
/// Whatever is wrong with it first.
pub fn read_id_token(token: &str, keys: &Keys, expected: &Expected<'_>, now: UtcMs) -> Result<Claims, BadToken> {
    if token.len() > MOST_TOKEN_BYTES {
        return Err(BadToken::Shape);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(BadToken::Shape)?;
    let (head, payload) = signed.split_once('.').ok_or(BadToken::Shape)?;
    let decoded = |part: &str| BASE64URL_NOPAD.decode(part.as_bytes()).map_err(|_| BadToken::Shape);
    let head: Head = serde_json::from_slice(&decoded(head)?).map_err(|_| BadToken::Shape)?;
    if head.crit.is_some() {
        return Err(BadToken::Shape);
    }
    let algorithm = Algorithm::of(&head.alg).ok_or(BadToken::Algorithm)?;
    keys.verify(algorithm, head.kid.as_deref(), signed.as_bytes(), &decoded(signature)?)?;
    let payload: Payload = serde_json::from_slice(&decoded(payload)?).map_err(|_| BadToken::Shape)?;
    payload.answers(expected, now)?;
    Ok(payload.claims())
}

impl Payload {
    fn answers(&self, expected: &Expected<'_>, now: UtcMs) -> Result<(), BadToken> {
        if self.iss != expected.issuer {
            return Err(BadToken::Issuer);
        }
        self.is_for(expected.client_id)?;
        if ms(self.exp).saturating_add(SLACK_MS) <= now.0 {
            return Err(BadToken::Expired);
        }
        let begins_ms = ms(self.nbf.unwrap_or(self.iat).max(self.iat));
        let is_early = begins_ms > now.0.saturating_add(SLACK_MS);
        if is_early || ms(self.iat) < now.0.saturating_sub(OLDEST_MS) {
            return Err(BadToken::NotNow);
        }
        if expected.nonce.is_empty() || self.nonce.as_deref() != Some(expected.nonce) {
            return Err(BadToken::Nonce);
        }
        let is_one = (1..=SUBJECT_BYTES).contains(&self.sub.len()) && !self.sub.chars().any(char::is_control);
        if is_one { Ok(()) } else { Err(BadToken::Subject) }
    }

    /// Of several whom it is for, it says which one asked; and that is us.
    fn is_for(&self, client_id: &str) -> Result<(), BadToken> {
        let (has, alone) = match &self.aud {
            Audience::One(one) => (one == client_id, true),
            Audience::Many(many) => (many.iter().any(|one| one == client_id), many.len() == 1),
        };
        let asked = self.azp.as_deref().map_or(alone, |asked| asked == client_id);
        if has && asked { Ok(()) } else { Err(BadToken::Audience) }
    }

    fn claims(self) -> Claims {
        Claims {
            subject: self.sub,
            email: text(self.email),
            email_verified: is_yes(self.email_verified.as_ref()),
            domain_verified: is_yes(self.xms_edov.as_ref()),
            name: text(self.name),
            proved_ms: self.auth_time.map(ms),
        }
    }
}

/// What an issuer tells beside the token.
#[derive(Deserialize)]
struct Told {
    sub: String,
    email: Option<Value>,
    email_verified: Option<Value>,
    xms_edov: Option<Value>,
    name: Option<Value>,
}

impl Claims {
    /// What the issuer tells at its UserInfo address, where the token was silent: whoever it is about must be the token's own
    /// subject, and what the token says stands.
    ///
    /// # Errors
    /// When it is about somebody else, or is no such answer.
    pub fn told(mut self, body: &[u8]) -> Result<Self, BadToken> {
        let told: Told = serde_json::from_slice(body).map_err(|_| BadToken::Told)?;
        if told.sub != self.subject {
            return Err(BadToken::Told);
        }
        if self.email.is_none() {
            self.email = text(told.email);
            // Who says that an address is verified says it of the address beside it.
            self.email_verified = is_yes(told.email_verified.as_ref());
            self.domain_verified = is_yes(told.xms_edov.as_ref());
        }
        self.name = self.name.or_else(|| text(told.name));
        Ok(self)
    }
}

fn text(value: Option<Value>) -> Option<String> {
    value.as_ref().and_then(Value::as_str).map(str::to_owned)
}

/// Issuers write it as a word or a number, too.
fn is_yes(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Bool(yes)) => *yes,
        Some(Value::String(text)) => text == "true" || text == "1",
        Some(Value::Number(number)) => number.as_u64() == Some(1),
        _ => false,
    }
}

/// Seconds as JSON has them. What is no time becomes the end of time, of which each test makes the wrong one.
#[expect(clippy::cast_possible_truncation, reason = "the conversion ends at the ends of i64")]
fn ms(seconds: f64) -> i64 {
    (seconds * 1_000.0) as i64
}
