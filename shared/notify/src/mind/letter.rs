//! What is on its way, what arrived, and what never will?

use serde::{Deserialize, Serialize};
use vigie_model::UtcMs;

use super::alert::Instance;
use super::clocks::Steady;
use super::draft::DIGEST_EXPIRES_MS;
use super::key::{Digest16, Key, hash};
use super::notice::{Intent, Kind};
use super::pauses::LONGEST_ASKED_MS;
use super::text::Text;

/// A message to one receiver by one channel.
pub type LetterId = Digest16;

/// A message that waits to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// What, to whom.
    pub intent: Intent,
    /// In which order it came.
    pub number: u64,
    /// How often it was given to its channel. Written down before it is sent.
    pub attempts: u32,
    /// Not before.
    pub next_at: Steady,
    /// What was said the last time.
    pub why: Option<Text>,
}

impl Letter {
    /// Which.
    pub fn id(&self) -> LetterId {
        id_of(&self.intent)
    }

    /// As it may be after a restart: what was to wait for longer than any receiver may ask for waits for a time of another
    /// clock, and is due.
    pub(crate) fn resumed(mut self, now: Steady) -> Self {
        if self.next_at > now.after(LONGEST_ASKED_MS) {
            self.next_at = now;
        }
        self.intent.not_before = self.intent.not_before.min(now);
        self.intent.expires = self.intent.expires.min(now.after(DIGEST_EXPIRES_MS));
        self
    }
}

pub(crate) fn id_of(intent: &Intent) -> LetterId {
    hash("letter", &[&intent.key.0, intent.channel.as_bytes()])
}

/// Whose trouble is a failure?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// The channel's: nothing else goes through it either.
    Channel,
    /// This receiver's, or this message's.
    Letter,
}

/// How sending went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver has taken it, and said so.
    Taken(Text),
    /// It did not arrive, or nobody knows whether it did. It is sent again with the same key.
    Later {
        /// Why, for people.
        why: Text,
        /// How long the receiver asked to wait, in milliseconds.
        after_ms: Option<i64>,
        /// Whether other letters wait too.
        whose: Whose,
    },
    /// It would be refused again.
    Never(Text),
}

/// A message that arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentLetter {
    /// When the receiver said so.
    pub at: UtcMs,
    /// Which.
    pub id: LetterId,
    /// What the receiver drops doubles by.
    pub key: Key,
    /// Who decided.
    pub route: String,
    /// By which channel.
    pub channel: String,
    /// To whom.
    pub to: String,
    /// What it was.
    pub kind: Kind,
    /// How often it was tried.
    pub attempts: u32,
    /// How long it waited, from the decision on.
    pub took_ms: i64,
    /// What the receiver said.
    pub said: Text,
}

/// Of what a message told that arrived, beside its [`SentLetter`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ToldLetter {
    /// Who decided: it goes with the client whose route that is.
    pub(crate) route: String,
    /// What it named.
    pub(crate) of: Vec<Instance>,
}

/// A message that never will arrive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// When it was given up.
    pub at: UtcMs,
    /// What it was.
    pub letter: Letter,
    /// Why.
    pub why: Text,
}
