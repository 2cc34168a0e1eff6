//! Of whom does a statement speak, to whom, until when?
//!
//! Read out of bytes that are known to be signed.

use roxmltree::Node;
use vigie_model::UtcMs;

use crate::answer::{Answer, BadAnswer, Expected, OLDEST_MS, SLACK_MS};
use crate::moment;
use crate::xml::{ASSERTION, all, one, text};

const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
const EMAIL: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";

/// What a subject may have, as what OpenID Connect lets one have.
const SUBJECT_BYTES: usize = 255;

/// Where houses usually keep an address: plain words, and the names that directories give it.
const EMAILS: [&str; 6] = [
    "email",
    "mail",
    "emailAddress",
    "urn:oid:0.9.2342.19200300.100.1.3",
    "urn:oid:1.2.840.113549.1.9.1",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
];

/// Where houses usually keep what somebody is called.
const NAMES: [&str; 5] = [
    "displayName",
    "urn:oid:2.16.840.1.113730.3.1.241",
    "http://schemas.microsoft.com/identity/claims/displayname",
    "cn",
    "urn:oid:2.5.4.3",
];

/// In which attributes a house keeps something, where it is not the usual ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Who somebody is, for ever; otherwise the name identifier says so.
    pub subject: Option<String>,
    /// Their address.
    pub email: Option<String>,
    /// What they are called.
    pub name: Option<String>,
}

/// What an assertion says, if it says it to us, now.
pub(crate) fn statements(assertion: Node<'_, '_>, expected: &Expected<'_>, now: UtcMs) -> Result<Answer, BadAnswer> {
    let id = assertion.attribute("ID").filter(|id| !id.is_empty() && id.len() <= SUBJECT_BYTES);
    let id = id.filter(|_| assertion.attribute("Version") == Some("2.0")).ok_or(BadAnswer::Shape)?;
    if one(assertion, ASSERTION, "Issuer").and_then(text).as_deref() != Some(expected.house) {
        return Err(BadAnswer::Issuer);
    }
    let made = assertion.attribute("IssueInstant").and_then(moment::read).ok_or(BadAnswer::Shape)?;
    let is_now = made.0 <= now.0.saturating_add(SLACK_MS) && made.0 > now.0.saturating_sub(OLDEST_MS + SLACK_MS);
    if !is_now {
        return Err(BadAnswer::NotNow);
    }
    conditions(assertion, expected, now)?;
    let subject = one(assertion, ASSERTION, "Subject").ok_or(BadAnswer::Subject)?;
    let answers = confirmed(subject, expected, now)?;
    let proved = proved(assertion, now)?;
    let (own, own_email) = named(subject, assertion, expected.wanted)?;
    let found = |wanted: &Option<String>, usual: &[&str]| match wanted {
        Some(name) => attribute(assertion, &[name]),
        None => attribute(assertion, usual),
    };
    Ok(Answer {
        answers,
        id: id.to_owned(),
        until: UtcMs(made.0.saturating_add(OLDEST_MS + SLACK_MS)),
        subject: own,
        email: found(&expected.wanted.email, &EMAILS).or(own_email),
        name: found(&expected.wanted.name, &NAMES),
        proved,
    })
}

/// To whom it is said, and since and until when it holds.
fn conditions(assertion: Node<'_, '_>, expected: &Expected<'_>, now: UtcMs) -> Result<(), BadAnswer> {
    let conditions = one(assertion, ASSERTION, "Conditions").ok_or(BadAnswer::Audience)?;
    holds(conditions, now)?;
    let known = ["AudienceRestriction", "OneTimeUse", "ProxyRestriction"];
    let is_known =
        |node: Node<'_, '_>| node.tag_name().namespace() == Some(ASSERTION) && known.contains(&node.tag_name().name());
    if !conditions.children().filter(Node::is_element).all(is_known) {
        return Err(BadAnswer::Condition);
    }
    let for_us = |restriction: Node<'_, '_>| {
        all(restriction, ASSERTION, "Audience").any(|one| text(one).as_deref() == Some(expected.service))
    };
    let mut restrictions = all(conditions, ASSERTION, "AudienceRestriction").peekable();
    let is_said = restrictions.peek().is_some();
    if is_said && restrictions.all(for_us) { Ok(()) } else { Err(BadAnswer::Audience) }
}

/// Whether what bears these times holds now.
fn holds(node: Node<'_, '_>, now: UtcMs) -> Result<(), BadAnswer> {
    let time = |name: &str| match node.attribute(name) {
        Some(text) => moment::read(text).map(Some).ok_or(BadAnswer::Shape),
        None => Ok(None),
    };
    if time("NotOnOrAfter")?.is_some_and(|end| end.0.saturating_add(SLACK_MS) <= now.0) {
        return Err(BadAnswer::Expired);
    }
    if time("NotBefore")?.is_some_and(|begin| begin.0 > now.0.saturating_add(SLACK_MS)) {
        return Err(BadAnswer::NotNow);
    }
    Ok(())
}

/// The question that it answers: one confirmation has to be for whoever brings it, here and now.
fn confirmed(subject: Node<'_, '_>, expected: &Expected<'_>, now: UtcMs) -> Result<Option<String>, BadAnswer> {
    let bearers = all(subject, ASSERTION, "SubjectConfirmation").filter(|one| one.attribute("Method") == Some(BEARER));
    let mut why = BadAnswer::Subject;
    for bearer in bearers {
        match confirms(bearer, expected, now) {
            Ok(answers) => return Ok(answers),
            Err(bad) => why = bad,
        }
    }
    Err(why)
}

fn confirms(bearer: Node<'_, '_>, expected: &Expected<'_>, now: UtcMs) -> Result<Option<String>, BadAnswer> {
    let data = one(bearer, ASSERTION, "SubjectConfirmationData").ok_or(BadAnswer::Subject)?;
    if data.attribute("Recipient") != Some(expected.back) {
        return Err(BadAnswer::Recipient);
    }
    // A confirmation that never ends is none.
    if !data.has_attribute("NotOnOrAfter") {
        return Err(BadAnswer::Expired);
    }
    holds(data, now)?;
    match data.attribute("InResponseTo") {
        Some(answers) => Ok(Some(answers.to_owned())),
        None if expected.unasked => Ok(None),
        None => Err(BadAnswer::Unasked),
    }
}

/// When they proved who they are, in a session that has not ended there.
fn proved(assertion: Node<'_, '_>, now: UtcMs) -> Result<UtcMs, BadAnswer> {
    let statement = all(assertion, ASSERTION, "AuthnStatement").next().ok_or(BadAnswer::Subject)?;
    if let Some(end) = statement.attribute("SessionNotOnOrAfter") {
        let end = moment::read(end).ok_or(BadAnswer::Shape)?;
        if end.0.saturating_add(SLACK_MS) <= now.0 {
            return Err(BadAnswer::Expired);
        }
    }
    let proved = statement.attribute("AuthnInstant").and_then(moment::read).ok_or(BadAnswer::Shape)?;
    if proved.0 > now.0.saturating_add(SLACK_MS) { Err(BadAnswer::NotNow) } else { Ok(proved) }
}

/// Who it is, for ever, and their address if they are called by it.
fn named(
    subject: Node<'_, '_>,
    assertion: Node<'_, '_>,
    wanted: &Wanted,
) -> Result<(String, Option<String>), BadAnswer> {
    if all(subject, ASSERTION, "EncryptedID").next().is_some() {
        return Err(BadAnswer::Encrypted);
    }
    let id = one(subject, ASSERTION, "NameID");
    let format = id.and_then(|id| id.attribute("Format")).unwrap_or_default();
    let text = id.and_then(text);
    let email = text.clone().filter(|_| format == EMAIL);
    let own = match &wanted.subject {
        Some(name) => attribute(assertion, &[name]),
        None if format == TRANSIENT => return Err(BadAnswer::Transient),
        None => text,
    };
    let fits = |own: &String| (1..=SUBJECT_BYTES).contains(&own.len()) && !own.chars().any(char::is_control);
    Ok((own.filter(fits).ok_or(BadAnswer::Subject)?, email))
}

/// The first value of the first of these attributes that has one.
fn attribute(assertion: Node<'_, '_>, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| {
        let said = all(assertion, ASSERTION, "AttributeStatement")
            .flat_map(|statement| all(statement, ASSERTION, "Attribute"));
        let values = said
            .filter(|one| one.attribute("Name") == Some(name))
            .flat_map(|one| all(one, ASSERTION, "AttributeValue"));
        values.filter_map(text).find(|value| !value.is_empty())
    })
}
