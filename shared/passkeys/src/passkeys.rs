//! How is a passkey made, and how is it asked for?

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use vigie_model::UtcMs;
use vigie_people::{Id, KeyShown};
use webauthn_rs::prelude::{
    CreationChallengeResponse, DiscoverableAuthentication, Passkey, PasskeyAuthentication, PasskeyRegistration,
    PublicKeyCredential, RegisterPublicKeyCredential, RequestChallengeResponse, Url, Uuid, WebauthnError,
};
use webauthn_rs::{Webauthn, WebauthnBuilder};

use crate::asked::{Asked, LIFE_MS};

/// Answers of browsers are some kB; attestations, which are not asked for, could be more.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// The hub as the owner of its name, who puts questions to passkeys.
#[derive(Debug)]
pub struct Passkeys {
    webauthn: Webauthn,
    asked: Asked<Open>,
}

/// A question that is open.
#[derive(Debug)]
enum Open {
    Make(PasskeyRegistration),
    Any(DiscoverableAuthentication),
    Own(PasskeyAuthentication),
}

/// A question to a browser.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// What its answer is sent back with.
    pub question: String,
    /// What the browser gives to its device.
    pub options: Value,
}

/// Whose passkey is to be made.
#[derive(Debug, Clone, Copy)]
pub struct Owner<'a> {
    /// Who: what the device says when it is asked whose keys it has.
    pub id: &'a Id,
    /// What their device shows.
    pub email: &'a str,
    /// What others call them.
    pub name: &'a str,
}

/// What a passkey that was shown says.
#[derive(Debug, Clone, PartialEq)]
pub enum Shown {
    /// It is the one that it says it is.
    Right(KeyShown),
    /// It is, but counts less than it counted before: there may be a copy of it.
    Backwards {
        /// What browsers call it.
        credential: String,
    },
}

/// Why no passkeys can be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoPasskeys {
    /// Browsers make passkeys for names alone, over TLS.
    #[error("passkeys need [people] url to be https:// with a host's name, not an address")]
    Origin,
    /// The library does not take it.
    #[error("passkeys can not be had for this [people] url: {0}")]
    Refused(String),
}

/// Why an answer counts for nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoKey {
    /// Nobody was asked that: it came late, twice, or to somebody else.
    #[error("this answers no question that was put to this browser within the last five minutes")]
    NotAsked,
    /// Nobody here has it.
    #[error("this passkey is nobody's here")]
    Unknown,
    /// It is no answer of a browser.
    #[error("this is no answer of a browser")]
    NotAnAnswer,
    /// It is not right.
    #[error("this passkey is not right: {0}")]
    Wrong(String),
    /// The system gives no random bytes, or what is kept of a passkey can not be read.
    #[error("a passkey can not be looked at now: {0}")]
    NotNow(String),
}

impl Passkeys {
    /// For a hub that people reach at this origin.
    ///
    /// # Errors
    /// When browsers would make no passkeys for it.
    pub fn new(origin: &str) -> Result<Self, NoPasskeys> {
        let url: Url = origin.parse().map_err(|_| NoPasskeys::Origin)?;
        let host = url.domain().ok_or(NoPasskeys::Origin)?;
        // In the clear to this machine alone, where nobody stands between; browsers see it the same way.
        if url.scheme() != "https" && host != "localhost" {
            return Err(NoPasskeys::Origin);
        }
        let life = Duration::from_millis(LIFE_MS.unsigned_abs());
        let built = WebauthnBuilder::new(host, &url).and_then(|one| one.rp_name("Vigie").timeout(life).build());
        let webauthn = built.map_err(|error| NoPasskeys::Refused(error.to_string()))?;
        Ok(Self { webauthn, asked: Asked::default() })
    }

    /// Asks a browser to make a passkey; of those that its owner has already none is made again. `to` is who is asked.
    ///
    /// # Errors
    /// When none can be asked for now.
    pub fn make(&self, owner: Owner<'_>, keys: &[&Value], to: &str, now: UtcMs) -> Result<Question, NoKey> {
        let has = keys.iter().map(|key| Ok(read(key)?.cred_id().clone())).collect::<Result<Vec<_>, NoKey>>()?;
        let begun = self.webauthn.start_passkey_registration(handle(owner.id)?, owner.email, owner.name, Some(has));
        let (asked, open): (CreationChallengeResponse, _) = begun.map_err(not_now)?;
        let mut options = json!(asked.public_key);
        // Kept by the device together with whose it is, so that nobody types an address to come in.
        let selection =
            json!({ "residentKey": "required", "requireResidentKey": true, "userVerification": "required" });
        options["authenticatorSelection"] = selection;
        options["attestation"] = json!("none");
        options["extensions"] = json!({});
        self.question(Open::Make(open), options, to, now)
    }

    /// The passkey that was made.
    ///
    /// # Errors
    /// When nobody asked for it, or it is not right.
    pub fn made(&self, question: &str, answer: &Value, by: &str, now: UtcMs) -> Result<KeyShown, NoKey> {
        let answer: RegisterPublicKeyCredential = answered(answer)?;
        let Some(Open::Make(open)) = self.asked.answered(question, by, now) else { return Err(NoKey::NotAsked) };
        let made = self.webauthn.finish_passkey_registration(&answer, &open);
        kept(&made.map_err(|error| NoKey::Wrong(error.to_string()))?, 0)
    }

    /// Asks a browser for whatever passkey it has of this hub.
    ///
    /// # Errors
    /// When none can be asked for now.
    pub fn ask_any(&self, to: &str, now: UtcMs) -> Result<Question, NoKey> {
        let (asked, open) = self.webauthn.start_discoverable_authentication().map_err(not_now)?;
        self.question(Open::Any(open), options(&asked), to, now)
    }

    /// Asks a browser for one of these passkeys.
    ///
    /// # Errors
    /// When none can be asked for now.
    pub fn ask_own(&self, keys: &[&Value], to: &str, now: UtcMs) -> Result<Question, NoKey> {
        let keys = keys.iter().map(|key| read(key)).collect::<Result<Vec<_>, NoKey>>()?;
        let (asked, open) = self.webauthn.start_passkey_authentication(&keys).map_err(not_now)?;
        self.question(Open::Own(open), options(&asked), to, now)
    }

    /// What a passkey that was shown says. `find` gives what is kept of it, by what browsers call it.
    ///
    /// # Errors
    /// When nobody asked for it, nobody has it, or it is not right.
    pub fn shown(
        &self,
        question: &str,
        answer: &Value,
        by: &str,
        now: UtcMs,
        find: impl FnOnce(&str) -> Option<Value>,
    ) -> Result<Shown, NoKey> {
        let answer: PublicKeyCredential = answered(answer)?;
        let open = self.asked.answered(question, by, now).ok_or(NoKey::NotAsked)?;
        let credential = BASE64URL_NOPAD.encode(answer.raw_id.as_ref());
        let mut key = read(&find(&credential).ok_or(NoKey::Unknown)?)?;
        let found = match open {
            Open::Make(_) => return Err(NoKey::NotAsked),
            Open::Own(open) => self.webauthn.finish_passkey_authentication(&answer, &open),
            Open::Any(open) => self.webauthn.finish_discoverable_authentication_v2(&answer, open, &key),
        };
        match found {
            Ok(found) => {
                key.update_credential(&found);
                Ok(Shown::Right(kept(&key, found.counter())?))
            }
            Err(WebauthnError::CredentialPossibleCompromise) => Ok(Shown::Backwards { credential }),
            Err(error) => Err(NoKey::Wrong(error.to_string())),
        }
    }

    fn question(&self, open: Open, options: Value, to: &str, now: UtcMs) -> Result<Question, NoKey> {
        let mut name = [0; 32];
        getrandom::fill(&mut name).map_err(|error| NoKey::NotNow(error.to_string()))?;
        let question = BASE64URL_NOPAD.encode(&name);
        self.asked.ask(&question, open, to, now);
        Ok(Question { question, options })
    }
}

fn options(asked: &RequestChallengeResponse) -> Value {
    json!(asked.public_key)
}

fn not_now(error: WebauthnError) -> NoKey {
    NoKey::NotNow(error.to_string())
}

/// What a device is told of whose key it makes: sixteen characters that nobody chose.
fn handle(id: &Id) -> Result<Uuid, NoKey> {
    let bytes: Result<[u8; 16], _> = id.as_str().as_bytes().try_into();
    bytes.map(Uuid::from_bytes).map_err(|_| NoKey::NotNow("an id has sixteen characters".to_owned()))
}

fn answered<T: serde::de::DeserializeOwned>(answer: &Value) -> Result<T, NoKey> {
    let text = answer.to_string();
    if text.len() > MAX_ANSWER_BYTES {
        return Err(NoKey::NotAnAnswer);
    }
    serde_json::from_str(&text).map_err(|_| NoKey::NotAnAnswer)
}

fn read(key: &Value) -> Result<Passkey, NoKey> {
    serde_json::from_value(key.clone()).map_err(|error| NoKey::NotNow(error.to_string()))
}

fn kept(key: &Passkey, counter: u32) -> Result<KeyShown, NoKey> {
    let credential = BASE64URL_NOPAD.encode(key.cred_id().as_ref());
    let key = serde_json::to_value(key).map_err(|error| NoKey::NotNow(error.to_string()))?;
    Ok(KeyShown { credential, key, counter })
}
