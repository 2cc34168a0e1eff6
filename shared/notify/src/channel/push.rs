//! How does a message get to a telephone or a browser by its maker's push service (RFC 8030)?

use std::path::Path;

use hyper::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Method, Uri};
use serde_json::{Value, json};
use vigie_model::{Severity, UtcMs};
use vigie_outgoing::{Ask, Client};

use super::encrypted::{Subscription, Vapid};
use super::post::asked_for;
use crate::config::PushWay;
use crate::mind::{Intent, Kind, Notice, Outcome, Reply, Text, Whose, push_text, subject, usual};

/// The longest file of a subscription: an address and two keys.
const MAX_SUBSCRIPTION_BYTES: u64 = 8_192;

/// How long our word is good: push services take a day at most, and clocks differ.
const WORD_LASTS_S: i64 = 12 * 3_600;

/// What a message may have in clear: 4,096 bytes, of which the header takes 86, the end of the record one and the tag 16.
const MAX_PLAIN_BYTES: usize = 4_096 - 86 - 17;

#[derive(Debug)]
pub(crate) struct Pusher {
    way: PushWay,
    client: Client,
}

impl Pusher {
    pub(crate) fn new(way: PushWay) -> Self {
        let client = Client::new(way.guard.clone(), way.patience).trusting(way.ca_file.clone());
        Self { way, client }
    }

    pub(crate) async fn send(&self, intent: &Intent, now: UtcMs) -> Outcome {
        let asked = match self.ask(intent, now) {
            Ok(asked) => self.client.ask(asked).await,
            Err(why) => return Outcome::Later { why: Text::new(&why), after_ms: None, whose: Whose::Letter },
        };
        match asked {
            Ok(answer) => {
                let said = String::from_utf8_lossy(&answer.body).trim().to_owned();
                let reply = Reply { status: answer.status, said: &said, after_ms: asked_for(&answer, now) };
                push_verdict(&reply, &intent.to)
            }
            Err(why) => Outcome::Later { why: Text::new(&why), after_ms: None, whose: Whose::Letter },
        }
    }

    fn ask(&self, intent: &Intent, now: UtcMs) -> Result<Ask, String> {
        let to = &intent.to;
        let pushing = Pushing {
            subscription: &read(&self.way.subscriptions.join(format!("{to}.json")), to)?,
            vapid: &Vapid::read(&self.way.key_file)?,
            contact: &self.way.contact,
            urgency: Pushing::urgency(&intent.notice),
            ttl_s: Pushing::ttl_s(intent),
            topic: &intent.thread.to_string(),
        };
        pushing.ask(to, &plain(intent), now)
    }
}

/// A message on its way to one browser.
pub(crate) struct Pushing<'a> {
    pub(crate) subscription: &'a Subscription,
    pub(crate) vapid: &'a Vapid,
    /// Whom a push service turns to when something is wrong with us.
    pub(crate) contact: &'a str,
    pub(crate) urgency: &'static str,
    pub(crate) ttl_s: i64,
    /// The newest of one trouble takes the place of what a telephone that was off did not get.
    pub(crate) topic: &'a str,
}

impl Pushing<'_> {
    /// The request. `to` is what people call it.
    pub(crate) fn ask(&self, to: &str, plain: &[u8], now: UtcMs) -> Result<Ask, String> {
        let wrong = || format!("the endpoint of {to} is no address of a push service");
        let uri: Uri = self.subscription.endpoint.parse().map_err(|_| wrong())?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return Err(wrong()) };
        let until = now.0.div_euclid(1_000).saturating_add(WORD_LASTS_S);
        let authorization = self.vapid.authorization(&format!("{scheme}://{authority}"), self.contact, until)?;
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(|_| "there is no chance to encrypt with".to_owned())?;
        let body = self.subscription.close(plain, salt)?;
        let value = |text: &str| HeaderValue::from_str(text).map_err(|error| error.to_string());
        let headers = vec![
            (AUTHORIZATION, value(&authorization)?),
            (CONTENT_ENCODING, HeaderValue::from_static("aes128gcm")),
            (CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
            (HeaderName::from_static("ttl"), value(&self.ttl_s.to_string())?),
            (HeaderName::from_static("urgency"), HeaderValue::from_static(self.urgency)),
            (HeaderName::from_static("topic"), value(self.topic)?),
        ];
        Ok(Ask { method: Method::POST, uri, headers, body: body.into() })
    }

    /// As long as the letter is worth sending.
    pub(crate) fn ttl_s(intent: &Intent) -> i64 {
        (intent.expires.since(intent.not_before) / 1_000).clamp(60, 28 * 86_400)
    }

    pub(crate) fn urgency(notice: &Notice) -> &'static str {
        match (notice.kind, notice.severity) {
            (Kind::Digest | Kind::Acknowledged, _) => "low",
            (Kind::Resolved | Kind::Back, _) => "normal",
            (_, Severity::Info) => "normal",
            (_, Severity::Warning | Severity::Critical) => "high",
        }
    }

    /// A body with as much text as a message has room for. Escapes make text longer than it is: less room is given until it
    /// fits.
    pub(crate) fn fitted(
        notice: &Notice,
        mut body: Value,
        put: impl Fn(&mut Value, String),
        text: impl Fn(&Notice, usize) -> String,
    ) -> Vec<u8> {
        let mut room = MAX_PLAIN_BYTES.saturating_sub(body.to_string().len());
        loop {
            put(&mut body, text(notice, room));
            let whole = body.to_string();
            if whole.len() <= MAX_PLAIN_BYTES || room == 0 {
                return whole.into_bytes();
            }
            room = room.saturating_sub(whole.len() - MAX_PLAIN_BYTES);
        }
    }
}

/// What the page's worker shows.
fn plain(intent: &Intent) -> Vec<u8> {
    let notice = &intent.notice;
    let line = notice.wrong.first().or(notice.over.first());
    let body = json!({
        "version": 1,
        "key": intent.key.to_string(),
        "thread": intent.thread.to_string(),
        "kind": notice.kind.word(),
        "severity": notice.severity.as_str(),
        "title": subject(notice),
        "alert": line.map(|line| line.alert.to_string()),
        "link": line.and_then(|line| line.link.as_ref()).map(|link| link.as_str()),
        "body": "",
    });
    Pushing::fitted(notice, body, |body, text| body["body"] = Value::String(text), push_text)
}

/// A subscription that is gone does not come back: its browser makes a new one.
pub(crate) fn push_verdict(reply: &Reply<'_>, to: &str) -> Outcome {
    match reply.status {
        404 | 410 => {
            Outcome::Never(Text::new(&format!("{to} is subscribed no more ({}): subscribe again", reply.status)))
        }
        _ => match usual(reply) {
            // One maker's service says nothing of another's.
            Outcome::Later { why, after_ms, .. } => Outcome::Later { why, after_ms, whose: Whose::Letter },
            settled => settled,
        },
    }
}

fn read(path: &Path, to: &str) -> Result<Subscription, String> {
    let wrong = |why: String| format!("the subscription of {to} can not be read: {why}");
    let size = std::fs::metadata(path).map_err(|error| wrong(error.kind().to_string()))?.len();
    if size > MAX_SUBSCRIPTION_BYTES {
        return Err(wrong("it is too long".to_owned()));
    }
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.kind().to_string()))?;
    // What is wrong in it is not repeated: its address opens it.
    serde_json::from_str(&text).map_err(|_| wrong("it is not what a browser's PushSubscription says".to_owned()))
}
