//! How does somebody come to a password of their own?

use serde::{Deserialize, Serialize};
use vigie_model::UtcMs;

use crate::secret::Kept;
use crate::{Email, Grant, Id, Name, Who};

/// An invitation holds for a week: mail is read on Mondays.
pub(crate) const INVITED_MS: i64 = 7 * 24 * 3_600_000;

/// Whoever lost their password waits for the new one: a day.
pub(crate) const RESET_MS: i64 = 24 * 3_600_000;

/// Invitations that are open at once.
pub(crate) const MOST_INVITATIONS: usize = 1_000;

/// A code by which somebody chooses their first password, or another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Invitation {
    /// Which.
    pub id: Id,
    /// Who is invited.
    pub email: Email,
    /// What others will call them.
    pub name: Name,
    /// What they will be allowed.
    pub grants: Vec<Grant>,
    /// The person it is for, when they are here already and need another password.
    pub person: Option<Id>,
    /// What is kept of the code.
    pub kept: Kept,
    /// Who invited; what they may no more when it is taken up, they can not give.
    pub by: Who,
    /// In which language they are written to.
    #[serde(default)]
    pub language: Language,
    /// How the letter with the code went, where one was written.
    #[serde(default)]
    pub mailed: Option<Mailed>,
    /// Since when.
    pub made_ms: i64,
    /// Until when.
    pub until_ms: i64,
}

/// A language in which people are written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// French.
    Fr,
}

/// How a letter went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Mailed {
    /// When it was sent, in ms since 1970.
    pub at_ms: i64,
    /// Whether the mail server has taken it.
    pub taken: bool,
    /// What the mail server said, or why it could not be asked.
    pub said: String,
}

impl Invitation {
    /// Whether its time is over.
    pub fn is_over(&self, now: UtcMs) -> bool {
        self.until_ms <= now.0
    }
}
