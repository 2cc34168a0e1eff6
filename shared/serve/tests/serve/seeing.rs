//! Somebody of the provider sees what a client's person sees: in a browser's cookies and pages.

use crate::common::hub::{By, Hub};
use crate::common::{Answer, Node, tokens};
use axum::http::StatusCode;
use serde_json::json;

fn hub() -> Hub {
    let hub = Hub::new(Node::new(), tokens());
    hub.roll.begin();
    hub
}

fn secret(answer: &Answer) -> String {
    let set = answer.header("set-cookie").split(';').next().unwrap_or_default();
    set.strip_prefix("vigie=").expect("a cookie").to_owned()
}

#[tokio::test]
async fn a_banner_stands_on_each_page_nothing_is_changed_and_everybody_concerned_can_know() {
    let hub = hub();
    let root = hub.roll.person("second@example.org", &["admin@*"]);
    let ann = hub.roll.person("ann@acme.org", &["operator@acme"]);
    hub.roll.person("boss@acme.org", &["admin@acme"]);
    let root = By::Cookie(hub.roll.session(&root).1);
    let see = json!({ "person": ann, "minutes": 10 });
    let seen = hub.ask("POST", &root, "/api/v1/me/seeing", Some(see.clone())).await;
    assert_eq!(seen.status, StatusCode::CREATED, "{}", seen.text());
    let seen = secret(&seen);
    let (cookie, seen) = (format!("vigie={seen}"), By::Cookie(seen));
    for path in ["/", "/machines", "/account"] {
        let page = hub.door.get_with_cookie(&cookie, path).await;
        assert_eq!(page.status, StatusCode::OK);
        let text = page.text();
        assert!(text.contains("class=\"seeing\"") && text.contains("second@example.org as ann@acme.org"), "{path}");
    }
    let me = hub.ask("GET", &seen, "/api/v1/me", None).await.json();
    assert_eq!((me["seeing"]["by"].clone(), me["seeing"]["acts"].clone()), (json!("second@example.org"), json!(false)));
    let machines = hub.ask("GET", &seen, "/api/v1/machines", None).await;
    assert!(machines.text().contains("compta") && !machines.text().contains("mairie"), "what she sees, and no more");
    for (method, path) in [
        ("POST", "/api/v1/incidents/A/acknowledge"),
        ("POST", "/api/v1/maintenance"),
        ("POST", "/api/v1/tokens"),
        ("POST", "/api/v1/me/totp"),
        ("POST", "/api/v1/me/passkeys/ask"),
    ] {
        let answer = hub.ask(method, &seen, path, Some(json!({}))).await;
        let closed = [StatusCode::FORBIDDEN, StatusCode::NOT_FOUND, StatusCode::BAD_REQUEST];
        assert!(closed.contains(&answer.status), "{method} {path}: {}", answer.text());
    }
    assert!(hub.watch.decided.lock().expect("no test panics here").is_empty());
    // Back in their own browser, and the one of before is not.
    let back = hub.ask("DELETE", &seen, "/api/v1/me/seeing", None).await;
    assert_eq!(back.status, StatusCode::NO_CONTENT, "{}", back.text());
    assert_eq!(hub.ask("GET", &seen, "/api/v1/me", None).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        hub.ask("GET", &root, "/api/v1/me", None).await.status,
        StatusCode::UNAUTHORIZED,
        "it has another secret"
    );
    let own = By::Cookie(secret(&back));
    assert_eq!(hub.ask("GET", &own, "/api/v1/me", None).await.json()["name"], "second@example.org");
    let page = hub.door.get_with_cookie(&format!("vigie={}", secret(&back)), "/").await;
    assert!(!page.text().contains("class=\"seeing\" role"), "nobody sees as anybody");
    // She, and who looks after her at her client, can know of it.
    let boss = hub.roll.person("chief@acme.org", &["admin@acme"]);
    for who in [&ann, &boss] {
        let (_, secret) = hub.roll.session(who);
        let looked = hub.ask("GET", &By::Cookie(secret.clone()), "/api/v1/looked", None).await.json();
        assert_eq!(looked["looked"][0]["by"], "second@example.org", "{looked}");
        assert!(looked["looked"][0]["ended_at"].is_string());
        let page = hub.door.get_with_cookie(&format!("vigie={secret}"), "/account").await;
        assert!(page.text().contains("saw as"), "{}", page.text());
    }
    let boss = By::Cookie(hub.roll.session(&boss).1);
    let audit = hub.ask("GET", &boss, "/api/v1/audit?client=acme&q=what:person.see*", None).await.json();
    let lines = audit["lines"].as_array().expect("lines");
    assert_eq!(lines.len(), 2, "{audit}");
    assert_eq!((lines[0]["who"].clone(), lines[0]["on"].clone()), (json!("second@example.org"), json!("ann@acme.org")));
    assert_eq!(lines[1]["who"], "second@example.org as ann@acme.org");
}

#[tokio::test]
async fn a_page_leads_there_and_back_and_it_ends_by_itself() {
    let hub = hub();
    let root = hub.roll.person("second@example.org", &["admin@*"]);
    let ann = hub.roll.person("ann@acme.org", &["operator@acme"]);
    let (_, own) = hub.roll.session(&root);
    let cookie = format!("vigie={own}");
    let page = hub.door.get_with_cookie(&cookie, "/account/people").await;
    let way = format!("/account/people/{ann}/see");
    assert!(page.text().contains(&format!("action=\"{way}\"")), "{}", page.text());
    let seen = hub.door.post(&way, &[("cookie", &cookie)], "").await;
    assert_eq!((seen.status, seen.header("location")), (StatusCode::SEE_OTHER, "/"));
    let seen = format!("vigie={}", secret(&seen));
    let back = hub.door.post("/account/seeing/end", &[("cookie", &seen)], "").await;
    assert_eq!((back.status, back.header("location")), (StatusCode::SEE_OTHER, "/account/people"));
    let cookie = format!("vigie={}", secret(&back));
    let seen = hub.door.post(&way, &[("cookie", &cookie)], "").await;
    let seen = format!("vigie={}", secret(&seen));
    hub.node.later(15 * 60_000);
    assert_eq!(hub.door.get_with_cookie(&seen, "/api/v1/machines").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(hub.door.get_with_cookie(&seen, "/account").await.header("location"), "/sign-in?again=1");
}
