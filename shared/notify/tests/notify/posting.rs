//! Do messages reach services as these document it, and does no secret stand in what is said afterwards? Over real
//! connections on loopback.

use crate::common::sink::Sink;
use crate::common::{MINUTE, alert, at, clocks, configured};
use data_encoding::BASE64URL_NOPAD;
use ring::agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey as Verifies};
use serde_json::{Value, json};
use vigie_notify::{Channel, Intent, Language, Mind, Outcome, Seat, Whose};

const TOKEN: &str = "b1tterLantern7731";

struct Line {
    channel: Channel,
    intent: Intent,
    dir: tempfile::TempDir,
}

/// A channel whose file holds `secret`, in which `SINK` is where the sink is.
fn line_to(sink: &Sink, channel: &str, secret: &str) -> Line {
    let dir = tempfile::tempdir().expect("a folder");
    let filled =
        |text: &str| text.replace("SINK", &sink.at.to_string()).replace("DIR", &dir.path().display().to_string());
    std::fs::write(dir.path().join("secret"), filled(secret)).expect("written");
    let text = format!("[[channel]]\n{}\nname='c'\n[[route]]\nname='r'\nchannels=['c']\nwait_s=0\n", filled(channel));
    let (rules, mut channels) = configured(&text, Seat::Relay);
    let mut mind = Mind::new(rules, clocks(0));
    mind.hear(alert(1, 0).begins(), clocks(0)).expect("heard");
    let intent = mind.due(clocks(MINUTE)).remove(0);
    Line { channel: Channel::new(channels.remove(0)), intent, dir }
}

#[tokio::test]
async fn each_service_gets_its_request_where_and_as_it_wants_it() {
    for (channel, secret, path, header) in [
        (
            "kind='slack'\nurl_file='DIR/secret'",
            "http://SINK/services/T0/b1tterLantern7731\n",
            "/services/T0/b1tterLantern7731",
            None,
        ),
        (
            "kind='teams'\nurl_file='DIR/secret'",
            "http://SINK/workflows/1?sig=b1tterLantern7731",
            "/workflows/1?sig=b1tterLantern7731",
            None,
        ),
        (
            "kind='discord'\nurl_file='DIR/secret'",
            "http://SINK/api/webhooks/1/b1tterLantern7731",
            "/api/webhooks/1/b1tterLantern7731?wait=true",
            None,
        ),
        ("kind='pagerduty'\nkey_file='DIR/secret'\nurl='http://SINK/v2/enqueue'", TOKEN, "/v2/enqueue", None),
        (
            "kind='ntfy'\nurl='http://SINK'\ntopic='alerts'\ntoken_file='DIR/secret'",
            TOKEN,
            "/",
            Some(("authorization", format!("Bearer {TOKEN}"))),
        ),
        (
            "kind='gotify'\nurl='http://SINK'\ntoken_file='DIR/secret'",
            TOKEN,
            "/message",
            Some(("x-gotify-key", TOKEN.to_owned())),
        ),
        (
            "kind='sms'\nurl='http://SINK/send?to={to}'\nbody='{\"m\":\"{text}\"}'\nsecret_file='DIR/secret'\nto=['+33 6 12 34 56 78']\n\
             headers={X-Api-Key='{secret}'}\nexpect='ok'",
            TOKEN,
            "/send?to=%2B33612345678",
            Some(("x-api-key", TOKEN.to_owned())),
        ),
    ] {
        let sink = Sink::new().await;
        let line = line_to(&sink, channel, secret);
        let said = line.channel.send(&line.intent, at(0)).await;
        assert!(matches!(&said, Outcome::Taken(said) if said.as_str() == "200: ok"), "{channel}: {said:?}");
        let came = sink.came().remove(0);
        assert_eq!((came.method.as_str(), came.path.as_str()), ("POST", path), "{channel}");
        assert_eq!(came.headers["content-type"], "application/json");
        assert!(came.headers["user-agent"].starts_with("vigie/"));
        assert!(came.json().is_object());
        if let Some((name, value)) = header {
            assert_eq!(came.headers[name], value, "{channel}");
        }
    }
}

#[tokio::test]
async fn who_is_busy_is_given_the_time_it_asks_for() {
    let sink = Sink::new().await;
    let line = line_to(&sink, "kind='discord'\nurl_file='DIR/secret'", "http://SINK/api/webhooks/1/x");
    sink.answers(429, &[("retry-after", "65"), ("x-ratelimit-reset-after", "64.57")], "{\"retry_after\": 64.57}");
    sink.answers(429, &[("x-ratelimit-reset-after", "1.2")], "");
    sink.answers(503, &[], "");
    for expected in [Some(65_000), Some(1_200), None] {
        match line.channel.send(&line.intent, at(0)).await {
            Outcome::Later { after_ms, whose: Whose::Channel, .. } => assert_eq!(after_ms, expected),
            other => panic!("it should come later: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_secret_stands_in_no_outcome_and_in_no_log() {
    let sink = Sink::new().await;
    let echoes = format!("no such hook /services/T0/{TOKEN} for {TOKEN}");
    for (channel, secret) in [
        ("kind='slack'\nurl_file='DIR/secret'", format!("http://SINK/services/T0/{TOKEN}")),
        ("kind='slack'\nurl_file='DIR/secret'", format!("http://127.0.0.1:1/services/T0/{TOKEN}")),
        ("kind='slack'\nurl_file='DIR/secret'", format!("not an address {TOKEN}")),
        ("kind='gotify'\nurl='http://SINK'\ntoken_file='DIR/secret'", TOKEN.to_owned()),
        ("kind='ntfy'\nurl='http://SINK'\ntopic='t'\ntoken_file='DIR/secret'", format!("bad\u{1}{TOKEN}")),
    ] {
        sink.answers(404, &[], &echoes);
        let line = line_to(&sink, channel, &secret);
        let outcome = line.channel.send(&line.intent, at(0)).await;
        let shown = format!("{outcome:?} {:?}", line.channel);
        assert!(matches!(outcome, Outcome::Later { .. }) && !shown.contains(TOKEN), "{shown}");
    }
}

#[tokio::test]
async fn a_file_that_is_not_there_makes_what_is_to_be_told_wait() {
    let sink = Sink::new().await;
    let line = line_to(&sink, "kind='slack'\nurl_file='DIR/absent'", "x");
    let outcome = line.channel.send(&line.intent, at(0)).await;
    assert!(
        matches!(&outcome, Outcome::Later { why, .. } if why.as_str().contains("absent can not be read")),
        "{outcome:?}"
    );
}

/// A browser that subscribed.
pub(crate) struct Browser {
    key: EphemeralPrivateKey,
    public: Vec<u8>,
    auth: [u8; 16],
}

impl Browser {
    pub(crate) fn new() -> Self {
        let key = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new()).expect("a key");
        let public = key.compute_public_key().expect("a key").as_ref().to_vec();
        Self { key, public, auth: [7; 16] }
    }

    pub(crate) fn subscription(&self, endpoint: &str) -> String {
        let encode = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
        json!({ "endpoint": endpoint, "expirationTime": null,
            "keys": { "p256dh": encode(&self.public), "auth": encode(&self.auth) } })
        .to_string()
    }

    /// RFC 8188 and RFC 8291 from the other end, with HMAC written out.
    pub(crate) fn opens(self, body: &[u8]) -> Vec<u8> {
        use hmac::{Hmac, KeyInit, Mac};
        let hmac = |key: &[u8], text: &[u8]| {
            let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key).expect("a key");
            mac.update(text);
            mac.finalize().into_bytes().to_vec()
        };
        let (salt, rest) = body.split_at(16);
        let (size, rest) = rest.split_at(4);
        assert_eq!(size, 4_096u32.to_be_bytes());
        assert_eq!(rest[0], 65);
        let (theirs, record) = rest[1..].split_at(65);
        let shared =
            agree_ephemeral(self.key, &UnparsedPublicKey::new(&ECDH_P256, theirs), <[u8]>::to_vec).expect("a point");
        let info = [b"WebPush: info\0".as_slice(), &self.public, theirs, &[1]].concat();
        let ikm = hmac(&hmac(&self.auth, &shared), &info);
        let prk = hmac(salt, &ikm);
        let key = &hmac(&prk, b"Content-Encoding: aes128gcm\0\x01")[..16];
        let nonce = &hmac(&prk, b"Content-Encoding: nonce\0\x01")[..12];
        let key = ring::aead::UnboundKey::new(&ring::aead::AES_128_GCM, key).expect("a key");
        let nonce = ring::aead::Nonce::try_assume_unique_for_key(nonce).expect("a nonce");
        let mut record = record.to_vec();
        let open = ring::aead::LessSafeKey::new(key)
            .open_in_place(nonce, ring::aead::Aad::empty(), &mut record)
            .expect("it opens")
            .to_vec();
        let end = open.iter().rposition(|byte| *byte != 0).expect("an end");
        assert_eq!(open[end], 2, "the last record");
        open[..end].to_vec()
    }
}

fn pushed(sink: &Sink, browser: &Browser) -> Line {
    let channel = "kind='webpush'\nkey_file='DIR/vapid.pem'\ncontact='mailto:ops@acme.example'\nsubscriptions='DIR'\nto=['marie-phone']";
    let line = line_to(sink, channel, "x");
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("a key");
    std::fs::write(line.dir.path().join("vapid.pem"), pair.serialize_pem()).expect("written");
    let endpoint = format!("http://{}/push/abc", sink.at);
    std::fs::write(line.dir.path().join("marie-phone.json"), browser.subscription(&endpoint)).expect("written");
    line
}

#[tokio::test]
async fn a_push_is_opened_by_its_browser_alone_and_says_whose_it_is() {
    let (sink, browser) = (Sink::new().await, Browser::new());
    let line = pushed(&sink, &browser);
    sink.answers(201, &[], "");
    assert!(matches!(line.channel.send(&line.intent, at(0)).await, Outcome::Taken(_)));
    let came = sink.came().remove(0);
    assert_eq!((came.method.as_str(), came.path.as_str()), ("POST", "/push/abc"));
    assert_eq!((came.headers["content-encoding"].as_str(), came.headers["urgency"].as_str()), ("aes128gcm", "high"));
    assert_eq!(came.headers["ttl"], "86400");
    let topic = &came.headers["topic"];
    assert!(topic.len() <= 32 && topic.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{topic}");
    assert!(came.body.len() <= 4_096);
    // RFC 8292: a token that the key in `k` signed, for this service and for some hours.
    let word = came.headers["authorization"].strip_prefix("vapid t=").expect("a word of ours");
    let (token, key) = word.split_once(", k=").expect("our key");
    let decode = |text: &str| BASE64URL_NOPAD.decode(text.as_bytes()).expect("base64url");
    let (signed, signature) = token.rsplit_once('.').expect("three parts");
    Verifies::new(&ECDSA_P256_SHA256_FIXED, decode(key)).verify(signed.as_bytes(), &decode(signature)).expect("signed");
    let (head, claims) = signed.split_once('.').expect("two parts");
    let read = |part: &str| serde_json::from_slice::<Value>(&decode(part)).expect("JSON");
    assert_eq!(read(head), json!({ "typ": "JWT", "alg": "ES256" }));
    let claims = read(claims);
    assert_eq!(
        (&claims["aud"], &claims["sub"]),
        (&json!(format!("http://{}", sink.at)), &json!("mailto:ops@acme.example"))
    );
    let lasts = claims["exp"].as_i64().expect("a time") - at(0).0 / 1_000;
    assert!((3_600..=86_400).contains(&lasts), "{lasts}");
    let open: Value = serde_json::from_slice(&browser.opens(&came.body)).expect("JSON");
    assert_eq!(open["title"], "[Critical] disk almost full · web-1 · acme/lyon");
    assert_eq!(
        (&open["link"], &open["kind"], &open["version"]),
        (&json!("https://hub.example.org/m/1"), &json!("firing"), &json!(1))
    );
    assert!(open["body"].as_str().is_some_and(|body| body.contains("97 %")), "{open}");
}

#[tokio::test]
async fn a_browser_that_subscribed_no_more_is_told_nothing_again_and_others_do_not_wait_for_it() {
    let (sink, browser) = (Sink::new().await, Browser::new());
    let line = pushed(&sink, &browser);
    for status in [404, 410, 413, 400] {
        sink.answers(status, &[], "");
        let outcome = line.channel.send(&line.intent, at(0)).await;
        assert!(matches!(outcome, Outcome::Never(_)), "{status}: {outcome:?}");
    }
    for status in [401, 403, 429, 500] {
        sink.answers(status, &[("retry-after", "9")], "");
        let outcome = line.channel.send(&line.intent, at(0)).await;
        assert!(
            matches!(outcome, Outcome::Later { whose: Whose::Letter, after_ms: Some(9_000), .. }),
            "{status}: {outcome:?}"
        );
    }
}

#[tokio::test]
async fn a_test_of_a_service_says_what_it_said_and_leaves_no_incident_open() {
    let sink = Sink::new().await;
    let line = line_to(&sink, "kind='pagerduty'\nkey_file='DIR/secret'\nurl='http://SINK/v2/enqueue'", TOKEN);
    sink.answers(202, &[], "{\"status\":\"success\"}");
    let tried = line.channel.test(Language::French, at(0)).await;
    assert_eq!(tried[0].said.as_ref().map(|said| said.as_str()), Ok("202: {\"status\":\"success\"}"));
    let came: Vec<Value> = sink.came().iter().map(crate::common::sink::Came::json).collect();
    assert_eq!((&came[0]["event_action"], &came[1]["event_action"]), (&json!("trigger"), &json!("resolve")));
    assert_eq!(came[0]["dedup_key"], came[1]["dedup_key"]);
    assert_eq!(came[0]["payload"]["severity"], "info");
}
