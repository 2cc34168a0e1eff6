//! By which other houses do people come in, and how is one way from the door there and back?

use data_encoding::BASE64URL_NOPAD;
use ring::digest::{SHA256, digest};
use vigie_model::{Slug, UtcMs};
use vigie_outgoing::Guard;
use vigie_people::Vouched;

use crate::begun::{Begun, Way, kept};
use crate::issuer::Issuer;
use crate::refused::NoSignIn;
use crate::said::Setup;
use crate::words::secret;

/// Codes and states longer than this are nobody's.
const MAX_RETURNED_BYTES: usize = 4_096;

/// The issuers of a hub. The default is none.
#[derive(Debug, Default)]
pub struct Issuers {
    each: Vec<Issuer>,
    origin: String,
    begun: Begun,
}

/// Where a browser is sent, and what it keeps meanwhile.
#[derive(Clone, PartialEq, Eq)]
pub struct Question {
    /// The issuer's address with the question.
    pub to: String,
    /// What the browser brings back beside the answer.
    pub keep: String,
}

impl std::fmt::Debug for Question {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Question")
    }
}

/// What a browser came back with.
#[derive(Clone, Copy)]
pub struct Returned<'a> {
    /// Which question is answered.
    pub state: &'a str,
    /// What is changed for a token.
    pub code: &'a str,
    /// Who answers, if that is said.
    pub iss: Option<&'a str>,
    /// Why nobody was let in there.
    pub error: Option<&'a str>,
    /// What this browser kept.
    pub kept: &'a str,
}

impl std::fmt::Debug for Returned<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Returned").field("error", &self.error).finish_non_exhaustive()
    }
}

impl Issuers {
    /// Issuers, for a hub that people reach at this origin; what is asked of them goes where the guard lets it.
    pub fn new(each: Vec<Setup>, origin: String, guard: &Guard) -> Self {
        let each = each.into_iter().map(|setup| Issuer::new(setup, guard.clone())).collect();
        Self { each, origin, begun: Begun::default() }
    }

    /// What they are called, in the order of the file.
    pub fn shown(&self) -> impl Iterator<Item = (&Slug, &str)> {
        self.each.iter().map(|issuer| (&issuer.setup.trust.by, issuer.setup.label.as_str()))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.each.is_empty()
    }

    fn issuer(&self, name: &str) -> Result<&Issuer, NoSignIn> {
        self.each.iter().find(|issuer| issuer.setup.trust.by.as_str() == name).ok_or(NoSignIn::NoIssuer)
    }

    /// Where an issuer sends browsers back to; it has to be registered there, letter by letter.
    fn back(&self, issuer: &Issuer) -> String {
        format!("{}/sign-in/with/{}/back", self.origin, issuer.setup.trust.by)
    }

    /// Sends a browser to an issuer. With `again` its person proves there who they are, however well it knows the browser.
    ///
    /// # Errors
    /// When there is no such issuer, or it can not be asked.
    pub async fn begin(&self, name: &str, again: bool, from: &str, now: UtcMs) -> Result<Question, NoSignIn> {
        let issuer = self.issuer(name)?;
        let new = || secret().ok_or(NoSignIn::NoChance);
        let (state, nonce, verifier, keep) = (new()?, new()?, new()?, new()?);
        let challenge = BASE64URL_NOPAD.encode(digest(&SHA256, verifier.as_bytes()).as_ref());
        let back = self.back(issuer);
        let mut query = vec![
            ("response_type", "code"),
            ("client_id", issuer.setup.client_id.as_str()),
            ("redirect_uri", back.as_str()),
            ("scope", "openid email profile"),
            ("state", state.as_str()),
            ("nonce", nonce.as_str()),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ];
        if again {
            query.extend([("prompt", "login"), ("max_age", "0")]);
        }
        let to = issuer.asked_at(&query).await?;
        let (issuer, browser) = (issuer.setup.trust.by.clone(), kept(&keep));
        self.begun.begin(&state, Way { issuer, nonce, verifier, browser, from: from.to_owned(), at_ms: now.0 });
        Ok(Question { to, keep })
    }

    /// What an issuer says of somebody whose browser came back. One question is answered once.
    ///
    /// # Errors
    /// When it answers nothing that this browser was sent to ask, or is not believed.
    pub async fn end(&self, name: &str, returned: Returned<'_>, now: UtcMs) -> Result<Vouched, NoSignIn> {
        let issuer = self.issuer(name)?;
        let too_long =
            [returned.state, returned.code, returned.kept].iter().any(|text| text.len() > MAX_RETURNED_BYTES);
        let way = if too_long { None } else { self.begun.end(returned.state, returned.kept, now) };
        // A question to one issuer is not answered by another.
        let way = way.filter(|way| way.issuer == issuer.setup.trust.by).ok_or(NoSignIn::NotBegun)?;
        if !issuer.answered(returned.iss).await? {
            return Err(NoSignIn::NotBegun);
        }
        if let Some(error) = returned.error {
            return Err(issuer.declined(error, ""));
        }
        if returned.code.is_empty() {
            return Err(NoSignIn::NotBegun);
        }
        let claims = issuer.redeem(returned.code, &way, &self.back(issuer), now).await?;
        Ok(issuer.setup.trust.vouch(&claims))
    }
}
