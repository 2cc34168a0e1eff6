//! Is this the answer of that house to a question of ours?

use roxmltree::Node;
use vigie_model::UtcMs;

use crate::key::Key;
use crate::signature::signed;
use crate::statements::{Wanted, statements};
use crate::xml::{ASSERTION, Most, PROTOCOL, base64, is, one, read, text};

/// An answer as a browser posts it. They are some 10 kB, with the groups of a large directory some 100.
pub const MOST_ANSWER_BYTES: usize = 256 * 1024;

/// The same, as it is read.
pub(crate) const MOST: Most = Most { bytes: MOST_ANSWER_BYTES / 4 * 3, nodes: 16_384, equals: 8_192 };

/// Clocks of hub and house differ by this much at most.
pub const SLACK_MS: i64 = 120_000;

/// An answer was made for the sign-in that it ends, which takes no longer; so that which answers were taken need not be kept
/// any longer either, whatever a house says of how long they hold.
pub(crate) const OLDEST_MS: i64 = 10 * 60_000;

const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";

/// What an answer must be.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// Who must have said it, as the house calls itself.
    pub house: &'a str,
    /// To whom: as the house calls this hub.
    pub service: &'a str,
    /// Where it was sent to.
    pub back: &'a str,
    /// Where the house keeps addresses and names.
    pub wanted: &'a Wanted,
    /// Whether the house may begin, so that it answers nothing.
    pub unasked: bool,
}

/// What a house says of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The question that it answers; nothing if it answers none.
    pub answers: Option<String>,
    /// What this statement is called, once and for ever.
    pub id: String,
    /// From when on it is not believed anyway.
    pub until: UtcMs,
    /// Who it is there.
    pub subject: String,
    /// Their address.
    pub email: Option<String>,
    /// What they are called.
    pub name: Option<String>,
    /// When they proved who they are.
    pub proved: UtcMs,
}

/// Why an answer is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadAnswer {
    /// It is not one.
    #[error("it is no SAML 2.0 response of at most {MOST_ANSWER_BYTES} bytes")]
    Shape,
    /// The house, or the person there, said no.
    #[error("the house says no: {0}")]
    Declined(String),
    /// What it says is hidden.
    #[error("it is encrypted, which this hub does not read: have it signed only, TLS hides it on its way")]
    Encrypted,
    /// Nobody signed what it says.
    #[error("neither the response nor its assertion is signed")]
    NotSigned,
    /// It is not signed by a way that counts.
    #[error(
        "it is not signed by RSA or ECDSA with SHA-256 or longer over exclusive canonical XML; SHA-1 and shared secrets do not count"
    )]
    Algorithm,
    /// No key of the metadata signs in this way.
    #[error("none of the keys in the house's metadata signs in the way that it says")]
    NoKey,
    /// The signature is of something else, or another's.
    #[error("its signature is wrong, or of a key that is not in the house's metadata")]
    Signature,
    /// The signature is of another part than what would be read.
    #[error("its signature is not of the one statement that it has: somebody may have moved or added parts")]
    Wrapped,
    /// Somebody else says it.
    #[error("it is of another issuer")]
    Issuer,
    /// It is said to somebody else.
    #[error("it is meant for another audience than this hub")]
    Audience,
    /// It was sent to somewhere else.
    #[error("it was made to be sent to another address")]
    Recipient,
    /// It answers nothing, and should.
    #[error("it answers no question of this hub")]
    Unasked,
    /// Its parts answer different questions.
    #[error("its parts answer different questions")]
    Mixed,
    /// It has ended.
    #[error("it has expired, or the clocks differ by more than {} s", SLACK_MS / 1_000)]
    Expired,
    /// It does not hold yet, or was made long before.
    #[error("it was not made within the last {} minutes, or the clocks differ by more than {} s", OLDEST_MS / 60_000, SLACK_MS / 1_000)]
    NotNow,
    /// It holds under a condition that nobody knows.
    #[error("it holds under conditions that this hub does not know")]
    Condition,
    /// It is of nobody.
    #[error("it says of nobody who it is, or not by a bearer's confirmation and a statement of how they signed in")]
    Subject,
    /// It calls them another name each time.
    #[error(
        "it names its subject by a transient name, another each time: have it send a persistent one, or name a subject_attribute"
    )]
    Transient,
}

/// Believes what a browser posts, as base64, or says why not.
///
/// # Errors
/// Whatever is wrong with it first.
pub(crate) fn read_posted(
    posted: &str,
    keys: &[Key],
    expected: &Expected<'_>,
    now: UtcMs,
) -> Result<Answer, BadAnswer> {
    if posted.len() > MOST_ANSWER_BYTES {
        return Err(BadAnswer::Shape);
    }
    let bytes = base64(posted).ok_or(BadAnswer::Shape)?;
    let xml = String::from_utf8(bytes).map_err(|_| BadAnswer::Shape)?;
    let document = read(&xml, MOST).ok_or(BadAnswer::Shape)?;
    let response = document.root_element();
    if !is(response, PROTOCOL, "Response") || response.attribute("Version") != Some("2.0") {
        return Err(BadAnswer::Shape);
    }
    if document.descendants().any(|node| is(node, ASSERTION, "EncryptedAssertion")) {
        return Err(BadAnswer::Encrypted);
    }
    let whole = signed(response, keys)?;
    succeeded(response, whole.is_some())?;
    // Answers that were tampered with have a second one somewhere; right ones have one, where it belongs.
    let all = document.descendants().filter(|node| node.is_element() && node.tag_name().name() == "Assertion").count();
    let own = one(response, ASSERTION, "Assertion").filter(|_| all == 1).ok_or(BadAnswer::Wrapped)?;
    let part = signed(own, keys)?;
    envelope(response, whole.is_some(), expected)?;
    let asked = response.attribute("InResponseTo");
    // From here on only signed bytes are read, anew.
    let answer = match (part, whole) {
        (Some(part), _) => {
            let part = read(&part, MOST).ok_or(BadAnswer::Shape)?;
            statements(part.root_element(), expected, now)?
        }
        (None, Some(whole)) => {
            let whole = read(&whole, MOST).ok_or(BadAnswer::Shape)?;
            let own = one(whole.root_element(), ASSERTION, "Assertion").ok_or(BadAnswer::Wrapped)?;
            statements(own, expected, now)?
        }
        (None, None) => return Err(BadAnswer::NotSigned),
    };
    // What is around the statement is believed only where it says less.
    if asked.is_some() && asked != answer.answers.as_deref() { Err(BadAnswer::Mixed) } else { Ok(answer) }
}

/// Why it says no is repeated only where it is signed: anybody may post an answer that says no.
fn succeeded(response: Node<'_, '_>, is_signed: bool) -> Result<(), BadAnswer> {
    let status = one(response, PROTOCOL, "Status").ok_or(BadAnswer::Shape)?;
    let code = one(status, PROTOCOL, "StatusCode").ok_or(BadAnswer::Shape)?;
    let value = |node: Node<'_, '_>| node.attribute("Value").map(str::to_owned);
    let said = value(code).ok_or(BadAnswer::Shape)?;
    if said == SUCCESS {
        return Ok(());
    }
    let why = one(code, PROTOCOL, "StatusCode").and_then(value).unwrap_or(said);
    let message = one(status, PROTOCOL, "StatusMessage").and_then(text).unwrap_or_default();
    let why = why.rsplit(':').next().unwrap_or_default();
    let said = if is_signed { format!("{why} {message}").trim().to_owned() } else { known(why).to_owned() };
    Err(BadAnswer::Declined(said))
}

/// What a status is called that SAML 2.0 names.
fn known(status: &str) -> &'static str {
    const STATUSES: [&str; 9] = [
        "Requester",
        "Responder",
        "VersionMismatch",
        "AuthnFailed",
        "NoAuthnContext",
        "NoPassive",
        "RequestDenied",
        "RequestUnsupported",
        "UnknownPrincipal",
    ];
    STATUSES.into_iter().find(|known| *known == status).unwrap_or("without a reason that it signed")
}

/// Who sent it, and where to, where that is said. A signed one says where to.
fn envelope(response: Node<'_, '_>, is_signed: bool, expected: &Expected<'_>) -> Result<(), BadAnswer> {
    let issuer = one(response, ASSERTION, "Issuer").map(|issuer| text(issuer).unwrap_or_default());
    if issuer.is_some_and(|issuer| issuer != expected.house) {
        return Err(BadAnswer::Issuer);
    }
    match response.attribute("Destination").filter(|to| !to.is_empty()) {
        Some(to) if to == expected.back => Ok(()),
        None if !is_signed => Ok(()),
        _ => Err(BadAnswer::Recipient),
    }
}
