//! What must a node know so that other programs are told of every event?

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use vigie_model::Slug;

use crate::{Stamp, Undecided};

/// What a hub implements so that events are posted to whoever subscribed. Asked from blocking threads.
pub trait Webhooks: Send + Sync + 'static {
    /// Whether anybody subscribed: then what there is is watched, whoever looks.
    fn any(&self) -> bool;

    /// Events that were seen: durable for whom they concern before this returns.
    ///
    /// # Errors
    /// When they can not be kept now; they are given again.
    fn take(&self, events: &[Happened]) -> Result<(), Undecided>;

    /// Who subscribed, and how it goes.
    fn list(&self) -> Vec<Webhook>;

    /// Somebody subscribes.
    ///
    /// # Errors
    /// When it can not be kept; nothing was changed then.
    fn subscribe(&self, wish: &WebhookWish, by: &str) -> Result<WebhookMade, Undecided>;

    /// A subscription ends, and what waits for it goes.
    ///
    /// # Errors
    /// When there is none, or it can not be kept; nothing was changed then.
    fn unsubscribe(&self, id: &str) -> Result<(), Undecided>;

    /// Posts a test, and says what the receiver said.
    ///
    /// # Errors
    /// When there is none.
    fn test(&self, id: &str) -> Result<WebhookTried, Undecided>;

    /// What was given up, oldest first.
    ///
    /// # Errors
    /// When there is none, or it can not be read now.
    fn dead(&self, id: &str) -> Result<Vec<WebhookDead>, Undecided>;

    /// Sends again what was given up: one event by its number, or all; how many.
    ///
    /// # Errors
    /// When there is none, or it can not be kept; nothing was changed then.
    fn redeliver(&self, id: &str, only: Option<u64>) -> Result<u64, Undecided>;
}

/// Something that changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Happened {
    /// One word, as in the stream of events.
    pub kind: &'static str,
    /// Whose it is; nobody's alone for what concerns the deployment.
    pub client: Option<Slug>,
    /// Where.
    pub site: Option<Slug>,
    /// As JSON.
    pub data: String,
    /// When it was seen.
    pub at: Stamp,
}

/// A wish to be told of events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookWish {
    /// Where to: an address of https, or of http.
    pub url: String,
    /// Of which kinds; of all where none is named.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// Of a client's alone; of everybody's if left out.
    #[serde(default)]
    pub client: Option<Slug>,
    /// Of one site's alone.
    #[serde(default)]
    pub site: Option<Slug>,
}

/// A subscription.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Webhook {
    /// Which.
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
    /// When.
    pub made_at: Stamp,
    /// Events that wait.
    pub waiting: u64,
    /// Events that were given up and are kept.
    pub dead: u64,
    /// What the receiver said the last time, while it takes nothing.
    pub failing: Option<String>,
    /// Since when it takes nothing.
    pub failing_since: Option<Stamp>,
    /// When it is tried again, while it takes nothing.
    pub next_at: Option<Stamp>,
    /// When the event was seen that waits for the longest, where that is known.
    pub oldest_at: Option<Stamp>,
    /// How often in a row it took nothing.
    pub failures: u32,
}

/// A subscription, and the secret by which its requests are signed: it is shown this once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WebhookMade {
    /// The subscription.
    #[serde(flatten)]
    pub webhook: Webhook,
    /// `whsec_…`, as Standard Webhooks take it.
    pub secret: String,
}

/// What a receiver said to a test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WebhookTried {
    /// Whether it has taken it.
    pub delivered: bool,
    /// What it said, or why there was nothing to be heard.
    pub said: String,
    /// How long it took.
    pub took_ms: u64,
}

/// An event that was given up.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct WebhookDead {
    /// Its number.
    pub delivery: u64,
    /// One word.
    pub kind: String,
    /// What.
    #[schema(value_type = Object)]
    pub data: Value,
    /// When it was seen.
    pub seen_at: Stamp,
    /// When it was given up.
    pub given_up_at: Stamp,
    /// How often it was tried.
    pub tries: u32,
    /// Why.
    pub why: String,
}
