//! How does an event leave the house?

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use hyper::Uri;
use serde_json::json;
use vigie_model::UtcMs;
use vigie_outgoing::{Client, Guard};

use super::{Delivery, Hook, HookEvent};
use crate::channel::post_signed;
use crate::mind::{Outcome, Text, Whose};

/// For how long a receiver is listened to.
const PATIENCE: Duration = Duration::from_secs(15);

/// What a subscription's requests are signed by.
pub type KeyOf = Arc<dyn Fn(&Hook) -> Vec<u8> + Send + Sync>;

/// Posts events as the other webhooks are posted: signed as Standard Webhooks say, by the guarded client.
pub struct HookPost {
    client: Client,
    key_of: KeyOf,
}

impl fmt::Debug for HookPost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HookPost").finish_non_exhaustive()
    }
}

impl HookPost {
    /// Goes where the guard lets it, and signs with the keys that are given.
    pub fn new(guard: Guard, key_of: KeyOf) -> Self {
        Self { client: Client::new(guard, PATIENCE), key_of }
    }

    /// Posts what is due.
    pub async fn send(&self, delivery: &Delivery, now: UtcMs) -> Outcome {
        self.post(&delivery.hook, &delivery.id(), &delivery.event, now).await
    }

    /// Posts an event that waits in no queue, to hear what the receiver says.
    pub async fn test(&self, hook: &Hook, id: &str, now: UtcMs) -> Outcome {
        let data = json!({ "text": "a test of this webhook; nothing has changed" });
        let (client, site) = (hook.client.clone(), hook.site.clone());
        let event = HookEvent { kind: "test".to_owned(), client, site, data, at_ms: now.0 };
        self.post(hook, id, &event, now).await
    }

    async fn post(&self, hook: &Hook, id: &str, event: &HookEvent, now: UtcMs) -> Outcome {
        let Ok(uri) = hook.url.parse::<Uri>() else {
            return Outcome::Later { why: Text::new("no address"), after_ms: None, whose: Whose::Channel };
        };
        let at = jiff::Timestamp::from_millisecond(event.at_ms).map_or_else(|_| String::new(), |at| format!("{at:.3}"));
        let body = json!({ "id": id, "kind": event.kind, "at": at, "client": event.client, "site": event.site,
            "data": event.data });
        let key = (self.key_of)(hook);
        post_signed(&self.client, uri, &[key], id, body.to_string().into_bytes(), now).await
    }
}
