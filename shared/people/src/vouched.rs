//! What does another house say of somebody, and how far is it believed?

use serde::{Deserialize, Serialize};
use vigie_model::{Slug, UtcMs};

use crate::{Claims, Email, Grant, Kept, Name, Person};

/// Accounts of other houses that one person has here.
pub(crate) const MOST_LINKED: usize = 8;

/// An account of another house that is somebody's here. The house's own name and its subject make it out, never the address:
/// that may be another's next year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Linked {
    /// What the hub's file calls the issuer.
    pub by: Slug,
    /// The issuer, as it calls itself.
    pub issuer: String,
    /// Who it is there.
    pub subject: String,
    /// Since when it is theirs.
    pub since_ms: i64,
}

/// How far an issuer is believed, as the hub's file says.
#[derive(Debug, Clone, PartialEq)]
pub struct Trust {
    /// What the hub's file calls it.
    pub by: Slug,
    /// The issuer, as it calls itself.
    pub issuer: String,
    /// It speaks for addresses of these domains alone; for any if there are none.
    pub domains: Vec<String>,
    /// What those of its domains may who were not invited; without it they do not come in.
    pub grants: Vec<Grant>,
    /// Addresses are its members' own even where it does not say so: its administrators give them out.
    pub owns_addresses: bool,
    /// `xms_edov` says it, too.
    pub is_microsoft: bool,
}

/// That an issuer's answer was taken, so that it is taken once: through restarts, until it would not be believed anyway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// What is kept of its name.
    pub kept: Kept,
    /// Until when it has to be known.
    pub until_ms: i64,
}

/// What an issuer says of somebody, as far as it is believed.
#[derive(Debug, Clone, PartialEq)]
pub struct Vouched {
    pub(crate) by: Slug,
    pub(crate) issuer: String,
    pub(crate) subject: String,
    /// An address that is theirs.
    pub(crate) email: Option<Email>,
    pub(crate) name: Option<Name>,
    /// What they may if nobody knows them.
    pub(crate) grants: Vec<Grant>,
    pub(crate) proved_ms: Option<i64>,
    /// The answer by which it says so, where that could be brought again.
    pub(crate) taken: Option<Taken>,
}

impl Trust {
    /// What counts of an issuer's words.
    pub fn vouch(&self, claims: &Claims) -> Vouched {
        let is_own = claims.email_verified || self.owns_addresses || (self.is_microsoft && claims.domain_verified);
        let email = claims.email.as_deref().filter(|_| is_own).and_then(|email| email.parse::<Email>().ok());
        let email = email.filter(|email| self.domains.is_empty() || self.has(email));
        // Without a domain nobody comes in whom nobody invited: everybody has an account somewhere.
        let grants = if self.domains.is_empty() { Vec::new() } else { self.grants.clone() };
        Vouched {
            by: self.by.clone(),
            issuer: self.issuer.clone(),
            subject: claims.subject.clone(),
            email,
            name: claims.name.as_deref().and_then(|name| name.parse().ok()),
            grants,
            proved_ms: claims.proved_ms,
            taken: None,
        }
    }

    fn has(&self, email: &Email) -> bool {
        let domain = email.as_str().rsplit_once('@').map(|(_, domain)| domain);
        self.domains.iter().any(|own| Some(own.to_lowercase().as_str()) == domain)
    }
}

impl Vouched {
    /// By an answer of this name, which is taken once and not believed from a time on.
    #[must_use]
    pub fn once(self, answer: &str, until: UtcMs) -> Self {
        let kept = Kept::of(&format!("{} {answer}", self.issuer));
        Self { taken: Some(Taken { kept, until_ms: until.0 }), ..self }
    }

    /// Who they are counts as proved only if that was after they were asked to prove it; never where they were not asked.
    #[must_use]
    pub fn proved_since(self, asked_ms: Option<i64>) -> Self {
        let proved_ms = self.proved_ms.filter(|proved| asked_ms.is_some_and(|asked| *proved >= asked));
        Self { proved_ms, ..self }
    }

    /// Since when they count as having proved who they are: as the issuer says, and not at all where it says nothing, for it
    /// may have known their browser for weeks.
    pub(crate) fn proved_ms(&self, now: UtcMs) -> i64 {
        self.proved_ms.unwrap_or(0).clamp(0, now.0.max(0))
    }

    pub(crate) fn link(&self, now: UtcMs) -> Linked {
        let (by, issuer, subject) = (self.by.clone(), self.issuer.clone(), self.subject.clone());
        Linked { by, issuer, subject, since_ms: now.0 }
    }
}

impl Person {
    pub(crate) fn has_other_of(&self, issuer: &str) -> bool {
        self.linked.iter().any(|linked| linked.issuer == issuer)
    }
}
