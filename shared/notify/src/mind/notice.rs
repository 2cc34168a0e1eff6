//! What stands in a message, before it has words and a shape?

use serde::{Deserialize, Serialize};
use vigie_model::{Severity, Slug, UtcMs};

use super::alert::{AlertId, Reach};
use super::clocks::Steady;
use super::key::{Digest16, Key};
use super::text::{Link, Text};

/// Alerts that a message tells in full, of each list. Two screens of a phone.
pub const MAX_LINES: usize = 20;

/// Alerts that a message names, of each list; the rest is counted. A site's machines that fail together stand in one
/// message that says which; a letter takes some 30 kB then.
pub const MAX_NAMED: usize = 120;

/// The language of the words around what machines and people said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Language {
    /// English.
    #[default]
    #[serde(rename = "en")]
    English,
    /// French.
    #[serde(rename = "fr")]
    French,
}

/// What a notice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Something is wrong; what of the same group is over is said with it.
    Firing,
    /// What was told is over.
    Resolved,
    /// A site is cut off.
    Cut,
    /// It is back.
    Back,
    /// What began and ended while nobody was told.
    Digest,
    /// Somebody tries the channel.
    Test,
    /// Somebody knows: told to who follows each alert by itself, and to nobody else.
    Acknowledged,
    /// Told before to others, and nobody has said that they know.
    Escalated,
}

impl Kind {
    /// As it stands in keys, logs and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Resolved => "resolved",
            Self::Cut => "cut",
            Self::Back => "back",
            Self::Digest => "digest",
            Self::Test => "test",
            Self::Acknowledged => "acknowledged",
            Self::Escalated => "escalated",
        }
    }
}

/// A time, and by how much the reader's clock is ahead of UTC then.
///
/// The offset travels with it, so that a message is rendered the same at every attempt, on whatever machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// When.
    pub at: UtcMs,
    /// Minutes ahead of UTC.
    pub offset_minutes: i16,
}

/// One alert in a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Which.
    pub alert: AlertId,
    /// How bad.
    pub severity: Severity,
    /// Its rule.
    pub rule: Text,
    /// What it says.
    pub title: Text,
    /// Whose.
    pub client: Slug,
    /// Where.
    pub site: Option<Slug>,
    /// Of which machine.
    pub machine: Option<Text>,
    /// Since when it is wrong.
    pub since: Stamp,
    /// When it was over, if it is.
    pub until: Option<Stamp>,
    /// The value with its unit.
    pub value: Option<Text>,
    /// How we know.
    pub reach: Reach,
    /// When it was last heard.
    pub heard: Option<Stamp>,
    /// By which relay.
    pub via: Option<Text>,
    /// Its page.
    pub link: Option<Link>,
    /// What nobody watches during the cut of a site.
    pub exposed: Vec<Text>,
}

/// A message without words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What it is.
    pub kind: Kind,
    /// The language of its words.
    pub language: Language,
    /// Whose.
    pub client: Option<Slug>,
    /// Where, if all of it is in one place.
    pub site: Option<Slug>,
    /// The worst of what it tells.
    pub severity: Severity,
    /// When it was decided to tell.
    pub made: Stamp,
    /// What is wrong, the worst first; no more than [`MAX_NAMED`].
    pub wrong: Vec<Line>,
    /// How many more are wrong.
    pub more_wrong: u32,
    /// What is over; no more than [`MAX_NAMED`].
    pub over: Vec<Line>,
    /// How many more are over.
    pub more_over: u32,
    /// Told before, and still so.
    pub again: bool,
}

/// Somebody is to be told something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// What the receiver drops doubles by.
    pub key: Key,
    /// What messages of the same trouble share.
    pub thread: Digest16,
    /// Who decided.
    pub route: String,
    /// By which channel.
    pub channel: String,
    /// To which of its receivers.
    pub to: String,
    /// What.
    pub notice: Notice,
    /// What it says that nobody was told before, to be shown to the other side and to be taken back.
    pub tells: Vec<(super::alert::Instance, super::alert::Change)>,
    /// Not before.
    pub not_before: Steady,
    /// Nobody cares after this.
    pub expires: Steady,
}
