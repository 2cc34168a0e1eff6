//! Whom a hub tells, and who answers: a webhook, a channel of a chat, and no device.

use serde_json::Value;
use vigie_model::UtcMs;
use vigie_people::Id;
use vigie_serve::{
    Chat, ChatRequest, Chats, Device, DeviceChange, DeviceTried, DeviceWish, Devices, Happened, Stamp, Undecided,
    Webhook, WebhookDead, WebhookMade, WebhookTried, WebhookWish, Webhooks,
};

/// One webhook, of acme at lyon.
pub(crate) struct Subscribed;

impl Webhooks for Subscribed {
    fn any(&self) -> bool {
        false
    }

    fn take(&self, _: &[Happened]) -> Result<(), Undecided> {
        Ok(())
    }

    fn list(&self) -> Vec<Webhook> {
        vec![Webhook {
            id: "00000000000000aa".to_owned(),
            url: "https://example.org/token".to_owned(),
            kinds: Vec::new(),
            client: Some("acme".parse().expect("a name")),
            site: Some("lyon".parse().expect("a name")),
            by: "ann@acme.org".to_owned(),
            made_at: Stamp(UtcMs(0)),
            waiting: 3,
            dead: 1,
            failing: Some("503".to_owned()),
            failing_since: Some(Stamp(UtcMs(0))),
            next_at: None,
            oldest_at: Some(Stamp(UtcMs(0))),
            failures: 2,
        }]
    }

    fn subscribe(&self, wish: &WebhookWish, by: &str) -> Result<WebhookMade, Undecided> {
        let WebhookWish { url, kinds, client, site } = wish.clone();
        let known = self.list().remove(0);
        let webhook = Webhook { url, kinds, client, site, by: by.to_owned(), ..known };
        Ok(WebhookMade { webhook, secret: "whsec_AAAA".to_owned() })
    }

    fn unsubscribe(&self, _: &str) -> Result<(), Undecided> {
        Ok(())
    }

    fn test(&self, _: &str) -> Result<WebhookTried, Undecided> {
        Ok(WebhookTried { delivered: true, said: "200".to_owned(), took_ms: 12 })
    }

    fn dead(&self, _: &str) -> Result<Vec<WebhookDead>, Undecided> {
        Ok(vec![WebhookDead {
            delivery: 7,
            kind: "alert".to_owned(),
            data: Value::Object(serde_json::Map::new()),
            seen_at: Stamp(UtcMs(0)),
            given_up_at: Stamp(UtcMs(0)),
            tries: 1,
            why: "410".to_owned(),
        }])
    }

    fn redeliver(&self, _: &str, _: Option<u64>) -> Result<u64, Undecided> {
        Ok(1)
    }
}

/// One channel, `ops`, of either chat, by which whatever is signed `right` is answered with what was sent.
pub(crate) struct OneChat;

impl Chats for OneChat {
    fn hears(&self, _: Chat, channel: &str) -> bool {
        channel == "ops"
    }

    fn answer(&self, request: &ChatRequest) -> Option<Value> {
        let text = String::from_utf8_lossy(&request.body).into_owned();
        let said = match request.chat {
            Chat::Slack => Value::Null,
            Chat::Teams => Value::String(text),
        };
        (request.signature == "right").then_some(said)
    }
}

/// Nobody has a device here, and nobody gets one.
pub(crate) struct NoPhones;

impl Devices for NoPhones {
    fn public_key(&self) -> Result<String, Undecided> {
        Ok("BCVxsr7N".to_owned())
    }

    fn of(&self, _: &Id) -> Vec<Device> {
        Vec::new()
    }

    fn add(&self, _: &Id, _: &DeviceWish, _: &str) -> Result<Device, Undecided> {
        Err(Undecided::Senseless("nobody gets a device here".to_owned()))
    }

    fn change(&self, _: &Id, _: &str, _: &DeviceChange) -> Result<Device, Undecided> {
        Err(Undecided::NotHere("such device"))
    }

    fn remove(&self, _: &Id, _: &str) -> Result<Device, Undecided> {
        Err(Undecided::NotHere("such device"))
    }

    fn test(&self, _: &Id, _: &str) -> Result<DeviceTried, Undecided> {
        Err(Undecided::NotHere("such device"))
    }

    fn displayed(&self, _: &str) -> Result<bool, Undecided> {
        Ok(false)
    }
}
