//! Who sees which routes, and who may try them?

use crate::common::hub::{By, Hub};
use crate::common::{Node, tokens};
use axum::http::StatusCode;
use serde_json::json;

fn names(answer: &crate::common::Answer) -> Vec<String> {
    let routes = answer.json()["routes"].as_array().cloned().expect("a list");
    routes.iter().map(|route| route["name"].as_str().expect("a name").to_owned()).collect()
}

#[tokio::test]
async fn a_route_is_seen_by_who_sees_all_that_it_tells_of_and_tried_by_who_may_tell_there() {
    let hub = Hub::new(Node::new(), tokens());
    hub.roll.begin();
    let by = |email: &str, role: &str, scope: &str| {
        let person = hub.roll.person(email, &[&format!("{role}@{scope}")]);
        By::Cookie(hub.roll.session(&person).1)
    };
    let (root, acme) = (by("root2@x.org", "admin", "*"), by("a@acme.org", "operator", "acme"));
    let (looks, bron) = (by("l@acme.org", "observer", "acme"), by("b@bron.org", "admin", "bron"));
    for (who, seen) in [
        (&root, vec!["all", "acme", "lyon"]),
        (&acme, vec!["acme", "lyon"]),
        (&looks, vec!["acme", "lyon"]),
        (&bron, vec![]),
    ] {
        assert_eq!(names(&hub.ask("GET", who, "/api/v1/routes", None).await), seen);
    }
    for (who, seen) in [(&root, 2), (&acme, 1), (&bron, 0)] {
        let answer = hub.ask("GET", who, "/api/v1/oncall", None).await;
        assert_eq!(answer.json()["schedules"].as_array().map(Vec::len), Some(seen), "{}", answer.text());
    }
    for (who, route, status) in [
        (&root, "all", StatusCode::OK),
        (&acme, "lyon", StatusCode::OK),
        (&acme, "all", StatusCode::NOT_FOUND),
        (&looks, "lyon", StatusCode::FORBIDDEN),
        (&bron, "lyon", StatusCode::NOT_FOUND),
        (&root, "none", StatusCode::NOT_FOUND),
    ] {
        let answer = hub.ask("POST", who, &format!("/api/v1/routes/{route}/test"), Some(json!({}))).await;
        assert_eq!(answer.status, status, "{route}: {}", answer.text());
        if status == StatusCode::OK {
            let said = &answer.json()["receivers"][0];
            assert_eq!((&said["said"], &said["took_ms"]), (&json!("250 kept"), &json!(12)));
        }
    }
    let tried = hub.watch.tried.lock().expect("no test panics here").clone();
    assert_eq!(tried, [("all".to_owned(), "root2@x.org".to_owned()), ("lyon".to_owned(), "a@acme.org".to_owned())]);
    let odd = hub.ask("POST", &root, "/api/v1/routes/all/test", Some(json!({ "to": "x" }))).await;
    assert_eq!(odd.status, StatusCode::BAD_REQUEST);
}
