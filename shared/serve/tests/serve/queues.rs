//! What waits beside the jobs is seen where jobs are, and decided of by who tells people everywhere.

use axum::http::StatusCode;
use serde_json::json;

use crate::common::hub::{By, Hub};
use crate::common::watch::MESSAGE;
use crate::common::{Node, tokens};

#[tokio::test]
async fn who_looks_at_jobs_sees_what_waits_in_every_queue_that_is_theirs_to_know() {
    let hub = Hub::new(Node::new(), tokens());
    hub.roll.begin();
    for (email, grant, wanted) in [
        (
            "root@acme.org",
            "admin@*",
            vec![("notification", "mail", 1, "451 later"), ("webhook", "00000000000000aa", 3, "503")],
        ),
        ("all@example.org", "observer@*", vec![("notification", "mail", 1, "451 later")]),
        ("ann@acme.org", "operator@acme", vec![("webhook", "00000000000000aa", 3, "503")]),
        ("look@acme.org", "observer@acme", vec![]),
        ("bob@bron.org", "admin@bron", vec![]),
    ] {
        let by = By::Cookie(hub.roll.session(&hub.roll.person(email, &[grant])).1);
        let list = hub.ask("GET", &by, "/api/v1/jobs", None).await.json();
        let queues = list["queues"].as_array().expect("a list").iter();
        let told: Vec<_> = queues.map(|one| json!([one["of"], one["id"], one["waiting"], one["failing"]])).collect();
        let wanted: Vec<_> = wanted.into_iter().map(|one| json!(one)).collect();
        assert_eq!(told, wanted, "{email}");
    }
}

#[tokio::test]
async fn a_message_is_sent_again_or_called_off_by_who_tells_people_everywhere_and_the_audit_says_so() {
    let hub = Hub::new(Node::new(), tokens());
    hub.roll.begin();
    let by = |email: &str, grant: &str| By::Cookie(hub.roll.session(&hub.roll.person(email, &[grant])).1);
    let (root, acme, looks) =
        (by("root@acme.org", "admin@*"), by("boss@acme.org", "admin@acme"), by("all@example.org", "observer@*"));
    for word in ["retry", "cancel"] {
        let path = format!("/api/v1/telling/{MESSAGE}/{word}");
        for who in [&acme, &looks] {
            assert_eq!(hub.ask("POST", who, &path, Some(json!({}))).await.status, StatusCode::FORBIDDEN);
        }
        let done = hub.ask("POST", &root, &path, Some(json!({}))).await;
        assert_eq!((done.status, &done.json()["id"]), (StatusCode::OK, &json!(MESSAGE)), "{}", done.text());
        let none = hub.ask("POST", &root, &path.replace(MESSAGE, "nonsense"), Some(json!({}))).await;
        assert_eq!(none.status, StatusCode::NOT_FOUND, "{}", none.text());
        let lines = hub.ask("GET", &root, "/api/v1/audit", None).await;
        let line = format!("message.{word}");
        assert!(lines.text().contains(&line) && !lines.text().contains("ops@example.org"), "{}", lines.text());
    }
}

#[tokio::test]
async fn one_message_is_seen_with_where_it_stands_by_who_sees_everybody() {
    let hub = Hub::new(Node::new(), tokens());
    hub.roll.begin();
    let path = format!("/api/v1/telling/{MESSAGE}");
    for (email, grant, wanted) in
        [("all@example.org", "observer@*", StatusCode::OK), ("boss@acme.org", "admin@acme", StatusCode::FORBIDDEN)]
    {
        let by = By::Cookie(hub.roll.session(&hub.roll.person(email, &[grant])).1);
        let one = hub.ask("GET", &by, &path, None).await;
        assert_eq!(one.status, wanted, "{email}: {}", one.text());
        assert_eq!(one.text().contains("451 later"), wanted == StatusCode::OK, "{email}");
        if wanted == StatusCode::OK {
            assert_eq!((&one.json()["id"], &one.json()["state"]), (&json!(MESSAGE), &json!("waiting")));
            let none = hub.ask("GET", &by, "/api/v1/telling/nonsense", None).await;
            assert_eq!(none.status, StatusCode::NOT_FOUND, "{}", none.text());
        }
    }
}

#[tokio::test]
async fn who_sees_an_incident_sees_that_people_were_told_and_who_sees_everybody_sees_whom() {
    let hub = Hub::new(Node::new(), tokens());
    hub.roll.begin();
    let by = |email: &str, grant: &str| By::Cookie(hub.roll.session(&hub.roll.person(email, &[grant])).1);
    let path = "/api/v1/incidents/A/messages";
    for (who, to) in [
        (by("all@example.org", "observer@*"), json!("ops@acme.org")),
        (by("boss@acme.org", "admin@acme"), json!(null)),
        (by("look@acme.org", "observer@acme"), json!(null)),
    ] {
        let told = hub.ask("GET", &who, path, None).await;
        let (message, route) = (&told.json()["messages"][0], &told.json()["routes"][0]);
        assert_eq!((told.status, &message["to"], message["said"].is_null()), (StatusCode::OK, &to, to.is_null()));
        let said = (&message["state"], &message["channel"], &route["standing"]);
        assert_eq!(said, (&json!("sent"), &json!("mail"), &json!("told")));
    }
    let stranger = by("bob@bron.org", "admin@bron");
    assert_eq!(hub.ask("GET", &stranger, path, None).await.status, StatusCode::NOT_FOUND);
}
