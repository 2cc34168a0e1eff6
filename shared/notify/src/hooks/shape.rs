//! What is a subscription, an event, and what became of it?

use serde::{Deserialize, Serialize};
use serde_json::Value;
use vigie_model::Slug;
use vigie_store::{CommitError, ReadError};

use super::MOST_HOOKS;
use crate::mind::Outcome;

/// The kind of what tells that events are missing.
pub const RESET: &str = "reset";

/// Who is told of events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hook {
    /// Sixteen hexadecimal digits.
    pub id: String,
    /// Where to.
    pub url: String,
    /// Of which kinds; of all where none is named.
    pub kinds: Vec<String>,
    /// Of whose; of everybody's if nobody's.
    pub client: Option<Slug>,
    /// Of which site.
    pub site: Option<Slug>,
    /// Who subscribed.
    pub by: String,
    /// When, in ms since 1970.
    pub made_ms: i64,
}

/// Something that changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HookEvent {
    /// One word.
    pub kind: String,
    /// Whose it is; nobody's alone for what concerns the deployment.
    pub client: Option<Slug>,
    /// Where.
    pub site: Option<Slug>,
    /// What.
    pub data: Value,
    /// When it was seen, in ms since 1970.
    pub at_ms: i64,
}

/// An event on its way to one receiver.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// Of which subscription.
    pub hook: Hook,
    /// Its number there, which is never given again.
    pub seq: u64,
    /// What.
    pub event: HookEvent,
    /// How often it was tried.
    pub tries: u32,
}

impl Delivery {
    /// What a receiver drops doubles by.
    pub fn id(&self) -> String {
        format!("{}-{}", self.hook.id, self.seq)
    }
}

/// What is sent to one receiver now, one after the other.
#[derive(Debug, Clone, PartialEq)]
pub struct Round(pub Vec<Delivery>);

impl Round {
    /// To whom.
    pub fn hook(&self) -> Option<&Hook> {
        self.0.first().map(|first| &first.hook)
    }
}

/// What became of a round: of its deliveries from the first on, as far as it came.
#[derive(Debug, Clone, PartialEq)]
pub struct Gone {
    /// Which.
    pub round: Round,
    /// One for each delivery that was tried.
    pub outcomes: Vec<Outcome>,
}

/// An event that was given up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeadEvent {
    /// Its number.
    pub seq: u64,
    /// What.
    pub event: HookEvent,
    /// How often it was tried.
    pub tries: u32,
    /// When it was given up, in ms since 1970.
    pub at_ms: i64,
    /// Why.
    pub why: String,
}

/// How a subscription is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookStanding {
    /// Which.
    pub hook: Hook,
    /// Events that wait.
    pub waiting: u64,
    /// Events that were given up and are kept.
    pub dead: u64,
    /// What went wrong the last time, while it does.
    pub failing: Option<String>,
    /// Since when nothing is taken, in ms since 1970.
    pub failing_since_ms: Option<i64>,
    /// In how many ms it is tried again, where it waits for that.
    pub again_in_ms: Option<u64>,
    /// When what waits for the longest was seen, in ms since 1970.
    pub oldest_ms: Option<i64>,
    /// How often in a row it did.
    pub failures: u32,
}

/// Why something could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum HookError {
    /// Too many.
    #[error("there are {MOST_HOOKS} webhooks already")]
    TooMany,
    /// No such subscription, or no such event.
    #[error("there is none of that name")]
    NotThere,
    /// The store can not write now.
    #[error("the store can not keep it: {0}")]
    Commit(#[from] CommitError),
    /// The store can not read now.
    #[error("the store can not read it: {0}")]
    Read(#[from] ReadError),
}

impl Hook {
    /// Whether an event is for this receiver: of its kinds, and within its place. A reset is everybody's, and what is of the
    /// demonstration only who names that client.
    pub fn wants(&self, event: &HookEvent) -> bool {
        if event.kind == RESET {
            return true;
        }
        let is_kind = self.kinds.is_empty() || self.kinds.contains(&event.kind);
        let is_there = |own: &Option<Slug>, of: &Option<Slug>| own.is_none() || own == of;
        let is_played = self.client.is_none() && event.client.as_ref().is_some_and(Slug::is_demonstration);
        is_kind && !is_played && is_there(&self.client, &event.client) && is_there(&self.site, &event.site)
    }
}

/// What tells that events are missing.
pub(super) fn reset(why: &str, at_ms: i64) -> HookEvent {
    let data = serde_json::json!({ "why": why, "next": "load the lists anew" });
    HookEvent { kind: RESET.to_owned(), client: None, site: None, data, at_ms }
}
