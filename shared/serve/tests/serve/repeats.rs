//! Is a write that is sent twice carried out once, and answered twice?

use crate::common::hub::Hub;
use crate::common::{Answer, Node, tokens};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};

struct Sender {
    hub: Hub,
    ann: String,
    bea: String,
}

impl Sender {
    fn new() -> Self {
        let hub = Hub::new(Node::new(), tokens());
        hub.roll.begin();
        let token = |name: &str| {
            let person = hub.roll.person(&format!("{name}@acme.org"), &["admin@acme"]);
            hub.roll.token(&person, "acme", 30).1
        };
        let (ann, bea) = (token("ann"), token("bea"));
        Self { hub, ann, bea }
    }

    async fn post(&self, by: &str, key: &str, path: &str, body: Value) -> Answer {
        let request =
            Request::post(path).header("authorization", format!("Bearer {by}")).header("idempotency-key", key);
        let request = request.header("content-type", "application/json").body(Body::from(body.to_string()));
        self.hub.door.send(request.expect("a request")).await
    }

    fn decided(&self) -> usize {
        self.hub.watch.decided.lock().expect("no test panics here").len()
    }
}

const COMMENT: &str = "/api/v1/incidents/A/comment";

#[tokio::test]
async fn what_is_sent_twice_is_done_once() {
    let sender = Sender::new();
    let first = sender.post(&sender.ann, "k1", COMMENT, json!({ "text": "on it" })).await;
    let again = sender.post(&sender.ann, "k1", COMMENT, json!({ "text": "on it" })).await;
    assert_eq!((first.status, again.status, sender.decided()), (StatusCode::OK, StatusCode::OK, 1));
    assert_eq!((first.text(), first.header("etag")), (again.text(), again.header("etag")));
    assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), ("", "true"));
    assert_eq!(again.header("content-type"), "application/json");
    // Another key, another person and another address are another write.
    sender.post(&sender.ann, "k2", COMMENT, json!({ "text": "on it" })).await;
    sender.post(&sender.bea, "k1", COMMENT, json!({ "text": "on it" })).await;
    sender.post(&sender.ann, "k1", "/api/v1/incidents/A/acknowledge", json!({ "text": "on it" })).await;
    assert_eq!(sender.decided(), 4);
}

#[tokio::test]
async fn a_key_stands_for_one_write() {
    let sender = Sender::new();
    sender.post(&sender.ann, "k1", COMMENT, json!({ "text": "on it" })).await;
    let other = sender.post(&sender.ann, "k1", COMMENT, json!({ "text": "off it" })).await;
    assert_eq!((other.status, &other.json()["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("key-used")));
    let none = sender.post(&sender.ann, "", COMMENT, json!({ "text": "x" })).await;
    let long = sender.post(&sender.ann, &"k".repeat(256), COMMENT, json!({ "text": "x" })).await;
    assert_eq!((none.status, long.status, sender.decided()), (StatusCode::BAD_REQUEST, StatusCode::BAD_REQUEST, 1));
}

#[tokio::test]
async fn what_was_refused_may_be_sent_again_with_its_key() {
    let sender = Sender::new();
    let refused = sender.post(&sender.ann, "k1", COMMENT, json!({ "what": 1 })).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    let done = sender.post(&sender.ann, "k1", COMMENT, json!({ "text": "x" })).await;
    assert_eq!((done.status, sender.decided()), (StatusCode::OK, 1));
}

#[tokio::test]
async fn a_secret_is_kept_nowhere_and_shown_once() {
    let sender = Sender::new();
    let made = json!({ "name": "x", "rights": ["look"], "scopes": ["acme"] });
    let root = sender.hub.roll.person("second@example.org", &["admin@*"]);
    let browser = sender.hub.roll.session(&root).1;
    let post = async |key: &str| {
        let request = Request::post("/api/v1/tokens").header("cookie", format!("vigie={browser}"));
        let request = request.header("idempotency-key", key).header("content-type", "application/json");
        sender.hub.door.send(request.body(Body::from(made.to_string())).expect("a request")).await
    };
    let first = post("k1").await;
    let token = first.json()["token"].as_str().expect("its text").to_owned();
    let again = post("k1").await;
    assert_eq!((first.status, again.status), (StatusCode::CREATED, StatusCode::CONFLICT), "{}", again.text());
    assert!(!again.text().contains(&token));
    let kept = sender.hub.roll.remembered.0.lock().expect("no test panics here").clone();
    let encoded = data_encoding::BASE64.encode(first.text().as_bytes());
    for row in kept.values().map(|row| String::from_utf8_lossy(row)) {
        assert!(!row.contains(&token) && !row.contains(&encoded), "{row}");
    }
}

#[tokio::test]
async fn of_a_write_that_a_crash_cut_short_it_is_said_that_nobody_knows() {
    let sender = Sender::new();
    sender.post(&sender.ann, "k1", COMMENT, json!({ "text": "x" })).await;
    // As it stands on disk between the beginning and the answer.
    for row in sender.hub.roll.remembered.0.lock().expect("no test panics here").values_mut() {
        let mut kept: Value = serde_json::from_slice(row).expect("a row");
        kept["answer"] = Value::Null;
        *row = kept.to_string().into_bytes();
    }
    let again = sender.post(&sender.ann, "k1", COMMENT, json!({ "text": "x" })).await;
    assert_eq!((again.status, sender.decided()), (StatusCode::CONFLICT, 1), "{}", again.text());
    assert!(again.text().contains("not known"), "{}", again.text());
}

#[tokio::test]
async fn who_saw_another_version_of_a_rule_changes_nothing() {
    let sender = Sender::new();
    let tune = async |version: &str| {
        let request = Request::post("/api/v1/watch/rules").header("authorization", format!("Bearer {}", sender.ann));
        let request = request.header("if-match", version).header("content-type", "application/json");
        let body = json!({ "name": "Hot", "client": "acme", "on": false });
        sender.hub.door.send(request.body(Body::from(body.to_string())).expect("a request")).await
    };
    let seen = sender.hub.door.get(&sender.ann, "/api/v1/watch/rules/Hot").await;
    let old = tune("W/\"000000000000000000000000\"").await;
    assert_eq!((old.status, &old.json()["code"]), (StatusCode::PRECONDITION_FAILED, &json!("outdated")));
    assert_eq!(tune(seen.header("etag")).await.status, StatusCode::CREATED);
    assert_eq!(sender.hub.watch.tuned.lock().expect("no test panics here").len(), 1);
}
