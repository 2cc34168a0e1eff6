//! What may a program do in its maker's name?

use serde::{Deserialize, Serialize};
use vigie_model::UtcMs;

use crate::secret::Kept;
use crate::{Id, Name, Powers};

/// In front of each token, so that one that leaked into a text is found by its look.
pub(crate) const MARK: &str = "vgp_";

/// The longest that a token is made for: a year. Nobody remembers longer what it opens.
pub const LONGEST_TOKEN_DAYS: u32 = 366;

/// Tokens of one person.
pub(crate) const MOST_TOKENS: usize = 50;

/// A token, of which the hub keeps a hash.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Token {
    /// Which.
    pub id: Id,
    /// What it is for.
    pub name: Name,
    /// Whose it is.
    pub maker: Id,
    /// What it was made for. What it may is this, as far as its maker may it now.
    pub asked: Powers,
    /// What is kept of it.
    pub kept: Kept,
    /// Since when.
    pub made_ms: i64,
    /// Until when.
    pub until_ms: i64,
    /// When it was used last, to some minutes.
    pub used_ms: Option<i64>,
}

impl Token {
    /// Whether its time is over.
    pub fn is_over(&self, now: UtcMs) -> bool {
        self.until_ms <= now.0
    }
}
