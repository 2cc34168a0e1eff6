//! Is an address that subscribed told of what changes, and of what it missed?

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Hub, err};

/// What a receiver on loopback was posted: its headers by name, and the body.
pub(super) type Got = Arc<Mutex<Vec<(Vec<(String, String)>, Value)>>>;

pub(super) fn receiver() -> (String, Got) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let (at, got) = (listener.local_addr().expect("bound"), Got::default());
    let kept = got.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(stream);
            let mut headers = Vec::new();
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|bytes| bytes > 2) {
                if let Some((name, value)) = line.trim().split_once(": ") {
                    headers.push((name.to_lowercase(), value.to_owned()));
                }
                line.clear();
            }
            let length = headers.iter().find(|(name, _)| name == "content-length");
            let mut body = vec![0; length.and_then(|(_, length)| length.parse().ok()).unwrap_or(0)];
            if reader.read_exact(&mut body).is_ok() {
                let body = serde_json::from_slice(&body).unwrap_or_default();
                kept.lock().expect("no test panics here").push((headers, body));
                drop(reader.get_mut().write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"));
            }
        }
    });
    (format!("http://{at}/events"), got)
}

/// Waits for an event of a kind.
pub(super) fn told(got: &Got, is: impl Fn(&Value) -> bool) -> (Vec<(String, String)>, Value) {
    let begun = Instant::now();
    loop {
        if let Some(found) = got.lock().expect("no test panics here").iter().find(|(_, body)| is(body)) {
            return found.clone();
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "it is not told");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn who_subscribed_is_told_of_what_changes_signed_and_of_what_was_missed() {
    let mut hub = Hub::configured("[outgoing]\nallow = [\"127.0.0.0/8\"]\n");
    let (url, got) = receiver();
    let made = hub.json(&["--json", "webhooks", "add", &url, "--kinds", "alert", "--client", "acme"]);
    let id = made["id"].as_str().expect("an id").to_owned();
    assert!(made["secret"].as_str().is_some_and(|secret| secret.starts_with("whsec_")), "{made}");
    let shown = hub.json(&["--json", "webhooks", "show", &id]);
    assert!(shown.get("secret").is_none() && shown["waiting"] == 0, "the secret is shown once: {shown}");
    assert_eq!(hub.json(&["--json", "webhooks", "test", &id])["delivered"], true);
    told(&got, |body| body["kind"] == "test");

    let rule = json!({ "name": "Shelf", "client": "acme", "site": "lyon", "metric": "shelf_celsius", "above": "8", "for": "0s" });
    hub.json(&["--json", "api", "post", "/api/v1/watch/rules", "--body", &rule.to_string()]);
    let begun = Instant::now();
    while hub.json(&["--json", "alerts", "list", "rule:Shelf"])["incidents"][0].is_null() {
        hub.push("/to/acme/lyon/api/v1/import/prometheus", "shelf_celsius 12\n");
        assert!(begun.elapsed() < Duration::from_secs(120), "nothing is found wrong");
        std::thread::sleep(Duration::from_millis(500));
    }
    let (headers, body) = told(&got, |body| body["data"]["rule"] == "Shelf");
    assert_eq!(
        (&body["kind"], &body["client"], &body["data"]["change"]),
        (&json!("alert"), &json!("acme"), &json!("came"))
    );
    let header =
        |name: &str| headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str()).unwrap_or_default();
    assert!(header("webhook-signature").starts_with("v1,") && header("webhook-id") == body["id"], "{headers:?}");
    assert!(header("webhook-id").starts_with(&id), "{headers:?}");

    // It was away, and says so.
    hub.killed_and_started();
    told(&got, |body| body["kind"] == "reset");
    let ended = hub.vigie(&["webhooks", "remove", &id, "--yes"]);
    assert!(ended.status.success(), "{}", err(&ended));
    assert_eq!(hub.vigie(&["webhooks", "show", &id]).status.code(), Some(5));
    let audit = hub.json(&["--json", "audit", "list", "--client", "acme", "what:webhook*"]);
    let lines = audit["lines"].as_array().expect("lines");
    let what: Vec<&str> = lines.iter().filter_map(|line| line["what"].as_str()).collect();
    assert_eq!(what, ["webhook.make", "webhook.test", "webhook.remove"]);
    assert!(!audit.to_string().contains("/events"), "a path may be a secret: {audit}");
}
