//! Has every answer of the API that is no success the same shape, whoever refuses it?

use crate::common::hub::{By, Hub, parts};
use crate::common::{Answer, Node, tokens};
use axum::body::Body;
use axum::http::Request;
use serde_json::Value;
use vigie_serve::{Way, ways};

struct Asked {
    hub: Hub,
    ways: Vec<Way>,
    root: String,
}

impl Asked {
    fn new() -> Self {
        let hub = Hub::new(Node::new(), tokens());
        hub.roll.begin();
        let root = hub.roll.person("second@example.org", &["admin@*"]);
        let (_, root) = hub.roll.token(&root, "*", 30);
        let mut ways = ways(parts(&hub.node, &hub.watch, &tokens(), &hub.roll));
        ways.retain(|way| way.path.starts_with("/api/v1/"));
        assert!(ways.len() > 50, "the router's own list");
        Self { hub, ways, root }
    }

    /// Sends a body as it is, as somebody who may everything.
    async fn send(&self, method: &str, path: &str, body: Vec<u8>) -> Answer {
        let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        let request = request.header("authorization", format!("Bearer {}", self.root));
        self.hub.door.send(request.body(Body::from(body)).expect("a request")).await
    }
}

/// The path, with the same text for each of its parameters.
fn filled(path: &str, with: &str) -> String {
    let mut parts = path.split(['{', '}']);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.enumerate().fold(first, |path, (at, part)| path + if at % 2 == 0 { with } else { part })
}

fn is_prometheus(path: &str) -> bool {
    ["/api/v1/rules", "/api/v1/alerts"].contains(&path.split('?').next().unwrap_or_default())
}

fn is_push(path: &str) -> bool {
    ["/api/v1/write", "/api/v1/import/prometheus"].contains(&path)
}

#[track_caller]
fn has_the_shape(answer: &Answer, asked: &str, path: &str) {
    let (status, text) = (answer.status, answer.text());
    if status.is_success() || status.is_redirection() {
        return;
    }
    assert_ne!(status.as_u16(), 500, "{asked}: {text}");
    if is_push(path) && status.as_u16() != 405 {
        assert!(!text.is_empty() && text.trim_end().lines().count() == 1, "{asked}: one line for a log: {text}");
        return;
    }
    let said: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{asked}: {status} {error}: {text}"));
    if is_prometheus(path) {
        assert_eq!(said["status"], "error", "{asked}: {text}");
        assert!(said["errorType"].is_string() && said["error"].is_string(), "{asked}: {text}");
        return;
    }
    assert_eq!(answer.header("content-type"), "application/problem+json", "{asked}: {text}");
    assert_eq!(said["status"], status.as_u16(), "{asked}: {text}");
    let code = said["code"].as_str().unwrap_or_else(|| panic!("{asked}: no code: {text}"));
    assert!(code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{asked}: {code}");
    assert_eq!(said["type"], format!("urn:vigie:problem:{code}"), "{asked}: {text}");
    for field in ["title", "detail", "unchanged", "next"] {
        assert!(said[field].as_str().is_some_and(|said| !said.is_empty()), "{asked}: no {field}: {text}");
    }
    if !["GET", "PATCH"].iter().any(|reads| asked.starts_with(reads)) {
        assert!(said["unchanged"].as_str().is_some_and(|said| said.contains("nothing was changed")), "{asked}: {text}");
    }
}

#[tokio::test]
async fn every_refusal_of_the_api_has_the_same_shape() {
    let asked = Asked::new();
    for way in &asked.ways {
        // Whoever guesses is soon not listened to; that is tried elsewhere.
        asked.hub.node.later(5 * 60_000);
        let (method, plain) = (way.method, filled(&way.path, "none"));
        let nobody = asked.hub.ask(method, &By::Nobody, &plain, None).await;
        has_the_shape(&nobody, &format!("{method} {plain} by nobody"), &way.path);
        let stranger = By::Token("not-a-token".to_owned());
        let stranger = asked.hub.ask(method, &stranger, &plain, None).await;
        has_the_shape(&stranger, &format!("{method} {plain} with a wrong token"), &way.path);
        let elsewhere = asked.send("PATCH", &plain, Vec::new()).await;
        assert_eq!(elsewhere.status.as_u16(), 405, "{plain}: {}", elsewhere.text());
        has_the_shape(&elsewhere, &format!("PATCH {plain}"), &way.path);
        let unread = filled(&way.path, "%ff");
        let bodies = [&b""[..], b"{", b"[]", b"\xff\xfe", b"{\"what\":1}", &[b' '; 200_000]];
        for (path, body) in [&plain, &unread].into_iter().flat_map(|path| bodies.map(|body| (path, body))) {
            let said = format!("{method} {path} with {:?}", String::from_utf8_lossy(&body[..body.len().min(12)]));
            let answer = asked.send(method, path, body.to_vec()).await;
            has_the_shape(&answer, &said, &way.path);
        }
        let wild = format!("{plain}?limit=many&start=soon&client=%00&match[]=%7B&format=x&standing=x&machine=%ff");
        let answer = asked.send(method, &wild, Vec::new()).await;
        has_the_shape(&answer, &format!("{method} {wild}"), &way.path);
    }
    let nothing = asked.send("GET", "/api/v1/nothing", Vec::new()).await;
    assert_eq!(nothing.status.as_u16(), 404);
    has_the_shape(&nothing, "GET /api/v1/nothing", "/api/v1/nothing");
}
