//! Who sees a letter that waits, and what of it?

use axum::http::StatusCode;
use serde_json::json;

use crate::common::hub::{By, Hub, LETTER};
use crate::common::{Node, tokens};

#[tokio::test]
async fn a_letter_is_seen_by_who_looks_after_people_there_and_its_secret_by_nobody() {
    let hub = Hub::new(Node::new(), tokens());
    hub.roll.begin();
    let path = format!("/api/v1/jobs/{LETTER}");
    for (email, grant, sees) in [
        ("root@acme.org", "admin@*", true),
        ("boss@acme.org", "admin@acme", true),
        ("ann@acme.org", "operator@acme", false),
        ("all@example.org", "observer@*", false),
        ("bob@bron.org", "admin@bron", false),
        // Who had it written looks after people of one site.
        ("kim@acme.org", "admin@acme/lyon", true),
        ("leo@acme.org", "admin@acme/lyon", false),
    ] {
        let by = By::Cookie(hub.roll.session(&hub.roll.person(email, &[grant])).1);
        let list = hub.ask("GET", &by, "/api/v1/jobs?kind=mail", None).await;
        assert_eq!(list.json()["total"], json!(usize::from(sees)), "{email}: {}", list.text());
        assert_eq!(list.text().contains("zoe@acme.org"), sees, "{email}: to whom it goes is theirs to know");
        let one = hub.ask("GET", &by, &path, None).await;
        let wanted = if sees { StatusCode::OK } else { StatusCode::NOT_FOUND };
        assert_eq!(one.status, wanted, "{email}: {}", one.text());
        let called_off = hub.ask("POST", &by, &format!("{path}/cancel"), Some(json!({}))).await;
        assert_eq!(called_off.status, wanted, "{email}: {}", called_off.text());
        for text in [list.text(), one.text(), called_off.text()] {
            assert!(!text.contains("k3v92mfa7qpd") && !text.contains("sealed"), "{email}: {text}");
        }
        let words = hub.ask("GET", &by, "/api/v1/jobs?q=zoe", None).await.json();
        assert_eq!(words["total"], json!(usize::from(sees)), "{email}: nobody finds what they do not see");
    }
}

#[tokio::test]
async fn whoever_had_a_letter_written_sees_it_only_while_they_look_after_people_there() {
    for grant in ["operator@acme/lyon", "admin@bron"] {
        let hub = Hub::new(Node::new(), tokens());
        hub.roll.begin();
        let by = By::Cookie(hub.roll.session(&hub.roll.person("kim@acme.org", &[grant])).1);
        let one = hub.ask("GET", &by, &format!("/api/v1/jobs/{LETTER}"), None).await;
        assert_eq!(one.status, StatusCode::NOT_FOUND, "{grant}: {}", one.text());
    }
}
