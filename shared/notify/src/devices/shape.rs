//! What is kept of a device?

use serde::{Deserialize, Serialize};
use vigie_store::{CommitError, ReadError};

use crate::config::{ConfigError, hours};
use crate::mind::{Hours, Language};

use super::{MOST_ALL, MOST_OF_ONE};

/// A browser that somebody has messages pushed to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Which: what its endpoint comes down to, so that a browser knows itself again.
    pub id: String,
    /// Whose, by their id.
    pub person: String,
    /// What they call it.
    pub name: String,
    /// Where it is pushed to. Whoever has this and the keys can push to it.
    pub(crate) endpoint: String,
    pub(crate) p256dh: String,
    pub(crate) auth: String,
    /// Where its pages are: a tap on a message leads there.
    pub origin: String,
    /// In which language it is told.
    pub language: Language,
    /// Since when, in ms since 1970.
    pub made_ms: i64,
    /// When it does not ring but for what is critical.
    pub quiet: Option<Quiet>,
    /// Since when its subscription is gone.
    pub gone_ms: Option<i64>,
    /// What was pushed to it, the latest last.
    pub pushes: Vec<Push>,
}

impl Device {
    /// Whether it does not ring at that time.
    pub fn is_quiet(&self, now: vigie_model::UtcMs) -> bool {
        self.quiet.as_ref().and_then(|quiet| quiet.hours().ok()).is_some_and(|hours| hours.is_open(now))
    }

    /// Messages that a push service took since the last that was seen shown.
    pub fn unseen(&self) -> usize {
        self.pushes.iter().rev().take_while(|push| push.displayed_ms.is_none()).filter(|push| push.taken).count()
    }
}

/// Hours of each day, by a clock on the wall.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quiet {
    /// From when, as in `22:00`.
    pub from: String,
    /// Until when; on the next day if that is not after `from`.
    pub to: String,
    /// Whose clock, as in `Europe/Paris`.
    pub zone: String,
}

impl Quiet {
    /// The hours.
    ///
    /// # Errors
    /// When a time or the zone is none.
    pub fn hours(&self) -> Result<Hours, ConfigError> {
        hours("quiet", &self.zone, &[], &self.from, &self.to)
    }
}

/// A message that was pushed to a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Push {
    /// The message's key, as it stands in what was told.
    pub key: String,
    /// What the word that it was shown comes down to: whoever reads this can not say it.
    pub(crate) receipt: [u8; 32],
    /// When it was pushed.
    pub at_ms: i64,
    /// Whether the push service took it.
    pub taken: bool,
    /// What the push service said.
    pub said: String,
    /// When the device said that it was shown, by this node's clock.
    pub displayed_ms: Option<i64>,
}

/// What a browser says when somebody subscribes there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDevice {
    /// Whose, by their id.
    pub person: String,
    /// What they call it.
    pub name: String,
    /// `endpoint` of its subscription.
    pub endpoint: String,
    /// `keys.p256dh`.
    pub p256dh: String,
    /// `keys.auth`.
    pub auth: String,
    /// Where its pages are.
    pub origin: String,
    /// In which language it is told.
    pub language: Language,
    /// When, in ms since 1970.
    pub made_ms: i64,
}

/// Why nothing was done with a device.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// Theirs is none such.
    #[error("there is no such device")]
    NotThere,
    /// What was said of it is wrong.
    #[error("{0}")]
    Wrong(String),
    /// They have as many as anybody needs.
    #[error("a person has at most {MOST_OF_ONE} devices: take one away before")]
    TooMany,
    /// All of them together.
    #[error("there are at most {MOST_ALL} devices here: take one away before")]
    Full,
    /// There is no chance.
    #[error("the system gives no random bytes")]
    Chance,
    /// It could not be kept.
    #[error("it could not be kept: {0}")]
    Commit(#[from] CommitError),
    /// It could not be read.
    #[error("it could not be read: {0}")]
    Read(#[from] ReadError),
}
