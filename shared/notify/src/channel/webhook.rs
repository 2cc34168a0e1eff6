//! How is a webhook posted, and what does the answer mean?
//!
//! Signed as Standard Webhooks say (HMAC-SHA256 over id, time and body), with the key as the id and once more as the
//! idempotency key. Redirects are not followed, and of the answer no more is read than a person would.

use bytes::Bytes;
use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use hyper::{Method, Uri};
use sha2::Sha256;
use vigie_model::UtcMs;
use vigie_outgoing::{Ask, Client};

use super::secret::Secret;
use crate::config::WebhookWay;
use crate::mind::{Intent, Outcome, Reply, Text, Whose, json, retry_after_ms, usual};

/// The shortest key. Standard Webhooks ask for 24 bytes; some receivers give less.
const MIN_KEY_BYTES: usize = 16;

#[derive(Debug)]
pub(crate) struct Webhook {
    way: WebhookWay,
    client: Client,
}

impl Webhook {
    pub(crate) fn new(way: WebhookWay) -> Self {
        let client = Client::new(way.guard.clone(), way.patience).trusting(way.ca_file.clone());
        Self { way, client }
    }

    pub(crate) async fn send(&self, intent: &Intent, now: UtcMs) -> Outcome {
        let (secret, keys) = match self.keys() {
            Ok(found) => found,
            Err(why) => return later(&why, None),
        };
        let secrets: Vec<&str> = secret.reveal().lines().map(str::trim).collect();
        let (uri, id) = (self.way.uri.clone(), intent.key.to_string());
        posted(&self.client, (uri, &keys, &secrets), &id, json(intent), now).await
    }

    /// One key on each line, so that it can be changed while receivers know the old one or the new one.
    fn keys(&self) -> Result<(Secret, Vec<Vec<u8>>), String> {
        let secret = Secret::read(&self.way.secret_file)?;
        let path = self.way.secret_file.display();
        let keys: Option<Vec<Vec<u8>>> = secret.reveal().lines().map(|line| key(line.trim())).collect();
        let keys = keys.filter(|keys| keys.iter().all(|key| key.len() >= MIN_KEY_BYTES));
        let keys =
            keys.ok_or_else(|| format!("{path} holds no key: whsec_ and base64, or {MIN_KEY_BYTES} bytes of text"))?;
        Ok((secret, keys))
    }
}

/// Posts a body as any webhook is posted, signed by each of these keys, and says what the answer means.
pub(crate) async fn post_signed(
    client: &Client,
    uri: Uri,
    keys: &[Vec<u8>],
    id: &str,
    body: Vec<u8>,
    now: UtcMs,
) -> Outcome {
    let secrets: Vec<String> = keys.iter().map(|key| BASE64.encode(key)).collect();
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
    posted(client, (uri, keys, &secrets), id, body, now).await
}

async fn posted(
    client: &Client,
    (uri, keys, secrets): (Uri, &[Vec<u8>], &[&str]),
    id: &str,
    body: Vec<u8>,
    now: UtcMs,
) -> Outcome {
    match request(uri, keys, id, body, now) {
        Ok(request) => match client.ask(request).await {
            Ok(answer) => Answer::from(answer).judge(secrets, now),
            Err(why) => later(&why, None),
        },
        Err(why) => later(&why, None),
    }
}

fn request(uri: Uri, keys: &[Vec<u8>], id: &str, body: Vec<u8>, now: UtcMs) -> Result<Ask, String> {
    let seconds = now.0.div_euclid(1_000).to_string();
    let plain = |text: &str| HeaderValue::from_str(text).map_err(|error| error.to_string());
    let headers = vec![
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (HeaderName::from_static("idempotency-key"), plain(id)?),
        (HeaderName::from_static("webhook-id"), plain(id)?),
        (HeaderName::from_static("webhook-timestamp"), plain(&seconds)?),
        (HeaderName::from_static("webhook-signature"), plain(&signatures(keys, id, &seconds, &body))?),
    ];
    Ok(Ask { method: Method::POST, uri, headers, body: Bytes::from(body) })
}

/// What a receiver answered.
struct Answer {
    status: u16,
    reason: String,
    retry_after: Option<String>,
}

impl From<vigie_outgoing::Answer> for Answer {
    fn from(answer: vigie_outgoing::Answer) -> Self {
        let retry_after = answer.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let reason = String::from_utf8_lossy(&answer.body).trim().to_owned();
        Self { status: answer.status, reason, retry_after }
    }
}

impl Answer {
    fn judge(&self, secrets: &[&str], now: UtcMs) -> Outcome {
        let said = secrets.iter().fold(self.reason.clone(), |said, secret| said.replace(secret, "…"));
        let after_ms = self.retry_after.as_deref().and_then(|after| retry_after_ms(after, now));
        usual(&Reply { status: self.status, said: &said, after_ms })
    }
}

fn later(why: &str, after_ms: Option<i64>) -> Outcome {
    Outcome::Later { why: Text::new(why), after_ms, whose: Whose::Channel }
}

fn key(line: &str) -> Option<Vec<u8>> {
    match line.strip_prefix("whsec_") {
        Some(encoded) => BASE64.decode(encoded.as_bytes()).ok(),
        None => Some(line.as_bytes().to_vec()),
    }
}

/// One signature for each key, with a space between them.
fn signatures(keys: &[Vec<u8>], id: &str, seconds: &str, body: &[u8]) -> String {
    let signed = keys.iter().filter_map(|key| {
        // HMAC takes keys of every length.
        let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
        mac.update(format!("{id}.{seconds}.").as_bytes());
        mac.update(body);
        Some(format!("v1,{}", BASE64.encode(&mac.finalize().into_bytes())))
    });
    signed.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, retry_after: Option<&str>) -> Outcome {
        let reason = "you sent a key of sixteen bytes".to_owned();
        let answer = Answer { status, reason, retry_after: retry_after.map(str::to_owned) };
        answer.judge(&["a key of sixteen bytes"], UtcMs(784_111_777_000))
    }

    #[test]
    fn the_signature_is_that_of_the_standard() {
        // The example of Standard Webhooks' own libraries.
        let key = key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("base64");
        let body = br#"{"test": 2432232314}"#;
        let signed = signatures(std::slice::from_ref(&key), "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(signatures(&[key.clone(), key], "a", "1", body).split(' ').count(), 2);
    }

    #[test]
    fn what_is_about_the_message_is_never_sent_again_and_a_mistake_of_ours_waits() {
        for never in [400, 410, 413, 415, 422] {
            assert!(matches!(answer(never, None), Outcome::Never(_)), "{never}");
        }
        for later in [301, 307, 401, 403, 404, 408, 425, 429, 500, 502, 503, 504] {
            assert!(matches!(answer(later, None), Outcome::Later { whose: Whose::Channel, .. }), "{later}");
        }
        assert!(matches!(answer(409, None), Outcome::Later { whose: Whose::Letter, .. }));
        assert!(matches!(answer(204, None), Outcome::Taken(_)));
    }

    #[test]
    fn a_receiver_says_when_to_come_again_in_seconds_or_by_date() {
        let after = |said| match answer(503, Some(said)) {
            Outcome::Later { after_ms, .. } => after_ms,
            other => panic!("{other:?}"),
        };
        assert_eq!(after("120"), Some(120_000));
        assert_eq!(after("Sun, 06 Nov 1994 08:50:37 GMT"), Some(60_000));
        assert_eq!(after("soon"), None);
    }

    #[test]
    fn our_key_is_struck_from_what_a_receiver_says() {
        let Outcome::Never(why) = answer(400, None) else { panic!("it is refused") };
        assert_eq!(why.as_str(), "400: you sent …");
    }
}
