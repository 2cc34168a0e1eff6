//! What the hub keeps of a person: all of it, for whom it concerns, and nothing that opens.

use crate::common::hub::{By, Hub};
use crate::common::{Node, tokens};
use axum::http::StatusCode;
use serde_json::{Value, json};

fn rows(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

#[tokio::test]
async fn a_person_and_who_looks_after_them_get_all_that_is_kept_and_nothing_that_opens() {
    let hub = Hub::new(Node::new(), tokens());
    hub.roll.begin();
    let ann = hub.roll.person("ann@acme.org", &["operator@acme", "observer@bron"]);
    hub.roll.person("joann@acme.org", &["operator@acme"]);
    let (_, secret) = hub.roll.session(&ann);
    let (_, token) = hub.roll.token(&ann, "acme", 30);
    let own = By::Cookie(secret.clone());
    let answer = hub.ask("GET", &own, "/api/v1/me/export", None).await;
    assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, "application/x-ndjson"));
    let all = rows(answer.text());
    let of = |kind: &str| all.iter().filter(|row| row["kind"] == kind).collect::<Vec<_>>();
    assert_eq!((of("person").len(), of("token").len()), (1, 1));
    assert!(of("session").len() >= 2 && of("person")[0]["addresses"] == json!(["192.0.2.99"]), "{all:?}");
    let chains: Vec<_> = of("audit").iter().map(|row| row["chain"].clone()).collect();
    assert!(chains.contains(&json!("acme")) && chains.contains(&json!("bron")), "{chains:?}");
    assert!(of("audit").iter().all(|row| row["hash"].is_string()));
    for secret in [secret.as_str(), token.as_str(), "argon2", "verifier", "kept"] {
        assert!(!answer.text().contains(secret), "{secret}");
    }
    assert!(!answer.text().contains("joann@"), "what is of another is not hers");
    // Who looks after her at one of her clients alone does not get what is of the other.
    let boss = hub.roll.person("boss@acme.org", &["admin@acme"]);
    let boss = By::Token(hub.roll.token(&boss, "acme", 30).1);
    let path = format!("/api/v1/people/{ann}/export");
    assert_eq!(hub.ask("GET", &boss, &path, None).await.status, StatusCode::FORBIDDEN);
    let root = hub.roll.person("second@example.org", &["admin@*"]);
    let (_, secret) = hub.roll.session(&root);
    let root = By::Cookie(secret);
    let answer = hub.ask("GET", &root, &path, None).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert!(rows(answer.text()).iter().any(|row| row["kind"] == "person" && row["email"] == "ann@acme.org"));
    // Whoever sees as her does not carry it away.
    let seen = hub.ask("POST", &root, "/api/v1/me/seeing", Some(json!({ "person": ann }))).await;
    let cookie = seen.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
    assert_eq!(hub.door.get_with_cookie(&cookie, "/api/v1/me/export").await.status, StatusCode::FORBIDDEN);
}
