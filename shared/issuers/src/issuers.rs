//! By which other houses do people come in, and how is one way from the door there and back?

use data_encoding::BASE64URL_NOPAD;
use ring::digest::{SHA256, digest};
use vigie_model::{Slug, UtcMs};
use vigie_outgoing::Guard;
use vigie_people::Vouched;
use vigie_saml::SLACK_MS;

use crate::begun::{Awaits, Begun, Code, Way, kept};
use crate::house::{House, ID_PREFIX};
use crate::issuer::Issuer;
use crate::refused::NoSignIn;
use crate::said::{How, Setup};
use crate::words::secret;

/// Codes and states longer than this are nobody's.
const MAX_RETURNED_BYTES: usize = 4_096;

/// The issuers of a hub. The default is none.
#[derive(Debug, Default)]
pub struct Issuers {
    each: Vec<Kind>,
    origin: String,
    begun: Begun,
}

/// One of them, as it speaks.
#[derive(Debug)]
enum Kind {
    Oidc(Issuer),
    Saml(House),
}

impl Kind {
    fn new(setup: Setup, origin: &str, guard: &Guard) -> Self {
        let Setup { label, trust, how } = setup;
        match how {
            How::Oidc(oidc) => Self::Oidc(Issuer::new(label, trust, oidc, guard.clone())),
            How::Saml(saml) => Self::Saml(House::new(label, trust, saml, origin)),
        }
    }

    fn name(&self) -> &Slug {
        match self {
            Self::Oidc(issuer) => &issuer.trust.by,
            Self::Saml(house) => &house.trust.by,
        }
    }

    fn label(&self) -> &str {
        match self {
            Self::Oidc(issuer) => &issuer.label,
            Self::Saml(house) => &house.label,
        }
    }
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

/// Where a browser that posted an answer is led.
#[derive(Clone, PartialEq, Eq)]
pub struct Taken {
    /// An address of this hub.
    pub to: String,
    /// What the browser brings there, where it keeps nothing yet.
    pub keep: Option<String>,
}

impl std::fmt::Debug for Taken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Taken")
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
        let each = each.into_iter().map(|setup| Kind::new(setup, &origin, guard)).collect();
        Self { each, origin, begun: Begun::default() }
    }

    /// What they are called, in the order of the file.
    pub fn shown(&self) -> impl Iterator<Item = (&Slug, &str)> {
        self.each.iter().map(|kind| (kind.name(), kind.label()))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.each.is_empty()
    }

    /// Houses that can not be asked as things stand here, and why: a file of theirs is missing, or of no use.
    pub fn unready(&self, now: UtcMs) -> Vec<(&str, String)> {
        let why = |kind: &Kind| match kind {
            Kind::Oidc(_) => None,
            Kind::Saml(house) => house.ready(now).err().map(|no| no.to_string()),
        };
        self.each.iter().filter_map(|kind| Some((kind.label(), why(kind)?))).collect()
    }

    fn kind(&self, name: &str) -> Result<&Kind, NoSignIn> {
        self.each.iter().find(|kind| kind.name().as_str() == name).ok_or(NoSignIn::NoIssuer)
    }

    fn house(&self, name: &str) -> Result<&House, NoSignIn> {
        match self.kind(name)? {
            Kind::Saml(house) => Ok(house),
            Kind::Oidc(_) => Err(NoSignIn::NoIssuer),
        }
    }

    /// Where an issuer sends browsers back to; it has to be registered there, letter by letter.
    fn back(&self, issuer: &Issuer) -> String {
        format!("{}/sign-in/with/{}/back", self.origin, issuer.trust.by)
    }

    /// Sends a browser to an issuer. With `again` its person proves there who they are, however well it knows the browser.
    ///
    /// # Errors
    /// When there is no such issuer, or it can not be asked.
    pub async fn begin(&self, name: &str, again: bool, from: &str, now: UtcMs) -> Result<Question, NoSignIn> {
        let kind = self.kind(name)?;
        let new = || secret().ok_or(NoSignIn::NoChance);
        let (state, keep) = (new()?, new()?);
        let (awaits, to) = match kind {
            Kind::Oidc(issuer) => {
                let code = Code { nonce: new()?, verifier: new()? };
                let to = self.asked_by_code(issuer, &state, &code, again).await?;
                (Awaits::Code(code), to)
            }
            Kind::Saml(house) => (Awaits::Answer { again }, house.asked_at(&state, again, now)?),
        };
        let (issuer, browser) = (kind.name().clone(), kept(&keep));
        self.begun.begin(&state, Way { issuer, awaits, browser, from: from.to_owned(), at_ms: now.0 });
        Ok(Question { to, keep })
    }

    async fn asked_by_code(&self, issuer: &Issuer, state: &str, code: &Code, again: bool) -> Result<String, NoSignIn> {
        let challenge = BASE64URL_NOPAD.encode(digest(&SHA256, code.verifier.as_bytes()).as_ref());
        let back = self.back(issuer);
        let mut query = vec![
            ("response_type", "code"),
            ("client_id", issuer.oidc.client_id.as_str()),
            ("redirect_uri", back.as_str()),
            ("scope", "openid email profile"),
            ("state", state),
            ("nonce", code.nonce.as_str()),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ];
        if again {
            query.extend([("prompt", "login"), ("max_age", "0")]);
        }
        issuer.asked_at(&query).await
    }

    /// Takes an answer that a house has a browser post. Nobody is signed in by that, for the browser sends it without what it
    /// keeps: it is led on by a link, where it brings that.
    ///
    /// # Errors
    /// When the answer is not believed, or is to nothing that is still open.
    pub fn take(&self, name: &str, posted: &str, from: &str, now: UtcMs) -> Result<Taken, NoSignIn> {
        let house = self.house(name)?;
        let (answers, vouched) = house.read(posted, now)?;
        let ticket = secret().ok_or(NoSignIn::NoChance)?;
        let (way, keep) = match answers {
            Some(question) => {
                let question = question.strip_prefix(ID_PREFIX).unwrap_or_default();
                let way = self.begun.answered(question, &house.trust.by, now).ok_or(NoSignIn::NotBegun)?;
                (way, None)
            }
            // The house begins, as the hub's file lets it: whichever browser brings the answer is the one.
            None => {
                let keep = secret().ok_or(NoSignIn::NoChance)?;
                let (issuer, browser, awaits) = (house.trust.by.clone(), kept(&keep), Awaits::Answer { again: false });
                (Way { issuer, awaits, browser, from: from.to_owned(), at_ms: now.0 }, Some(keep))
            }
        };
        // Many houses say of whom they knew anyway that they signed in just now: only who was asked to prove it has.
        let asked_ms = matches!(way.awaits, Awaits::Answer { again: true }).then_some(way.at_ms);
        let vouched = vouched.proved_since(asked_ms.map(|asked| asked.saturating_sub(SLACK_MS)));
        self.begun.begin(&ticket, Way { awaits: Awaits::Browser(Box::new(vouched)), ..way });
        Ok(Taken { to: format!("/sign-in/with/{name}/back?state={ticket}"), keep })
    }

    /// What a house that speaks SAML has to know of this hub.
    ///
    /// # Errors
    /// When there is no such house, or the certificate can not be read.
    pub fn metadata(&self, name: &str) -> Result<String, NoSignIn> {
        self.house(name)?.metadata()
    }

    /// What an issuer says of somebody whose browser came back. One question is answered once.
    ///
    /// # Errors
    /// When it answers nothing that this browser was sent to ask, or is not believed.
    pub async fn end(&self, name: &str, returned: Returned<'_>, now: UtcMs) -> Result<Vouched, NoSignIn> {
        let kind = self.kind(name)?;
        let too_long =
            [returned.state, returned.code, returned.kept].iter().any(|text| text.len() > MAX_RETURNED_BYTES);
        let way = if too_long { None } else { self.begun.end(returned.state, returned.kept, now) };
        // A question to one issuer is not answered by another.
        let way = way.filter(|way| way.issuer == *kind.name()).ok_or(NoSignIn::NotBegun)?;
        match (kind, way.awaits) {
            (Kind::Oidc(issuer), Awaits::Code(code)) => self.redeemed(issuer, &code, returned, now).await,
            (Kind::Saml(_), Awaits::Browser(vouched)) => Ok(*vouched),
            (_, Awaits::Code(_) | Awaits::Answer { .. } | Awaits::Browser(_)) => Err(NoSignIn::NotBegun),
        }
    }

    async fn redeemed(
        &self,
        issuer: &Issuer,
        asked: &Code,
        returned: Returned<'_>,
        now: UtcMs,
    ) -> Result<Vouched, NoSignIn> {
        if !issuer.answered(returned.iss).await? {
            return Err(NoSignIn::NotBegun);
        }
        if let Some(error) = returned.error {
            return Err(issuer.declined(error, ""));
        }
        if returned.code.is_empty() {
            return Err(NoSignIn::NotBegun);
        }
        let claims = issuer.redeem(returned.code, asked, &self.back(issuer), now).await?;
        Ok(issuer.trust.vouch(&claims))
    }
}
