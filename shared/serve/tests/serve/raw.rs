//! Ticks that stay at their site: who may ask for them, and how?

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::json;
use vigie_serve::{Access, Clients, Identity, Options, TokenTable, Writes};

use crate::common::{Answer, Door, Node, machine, slug};

const TIMES: &str = "start=2026-11-20T10:00:00Z&end=2026-11-20T12:00:00Z";

#[tokio::test]
async fn who_may_write_into_the_place_of_a_machine_asks_for_its_ticks_and_who_may_look_sees_how_far_it_is() {
    let door = door();
    let path = format!("/api/v1/machines/{}/raw?{TIMES}", crate::common::id_of("till"));
    let seen = door.get("looks", &path).await.json();
    assert_eq!((&seen["state"], &seen["ticks"]), (&json!("not_asked"), &json!(360)));
    assert_eq!(seen["start"], json!("2026-11-20T10:00:00.000Z"));
    let refused = ask(&door, "looks", &path).await;
    assert_eq!((refused.status, &refused.json()["code"]), (StatusCode::FORBIDDEN, &json!("no-right")));
    let refused = ask(&door, "paris", &path).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "its place is another");
    let kept = ask(&door, "lyon", &path).await;
    assert_eq!((kept.status, &kept.json()["state"]), (StatusCode::ACCEPTED, &json!("asked")));
    // That it is somebody else's and that it is not there are the same answer.
    assert_eq!(ask(&door, "other", &path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(ask(&door, "nobody", &path).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_wish_names_a_time_that_ends_after_it_begins_and_is_no_longer_than_a_month() {
    let door = door();
    let machine = crate::common::id_of("till");
    for times in [
        "",
        "start=2026-11-20T10:00:00Z",
        "start=2026-11-20T10:00:00Z&end=soon",
        "start=2026-11-20T12:00:00Z&end=2026-11-20T10:00:00Z",
        "start=2026-01-20T12:00:00Z&end=2026-11-20T10:00:00Z",
    ] {
        let refused = ask(&door, "lyon", &format!("/api/v1/machines/{machine}/raw?{times}")).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{times}");
    }
}

fn door() -> Door {
    let who = |name: &str, client: &str, writes| Identity {
        name: name.to_owned(),
        clients: Clients::Only([slug(client)].into()),
        writes,
        ..Identity::default()
    };
    let into = |place: &str| Writes::into_one(place.parse().expect("a place"));
    let access: Arc<dyn Access> = Arc::new(TokenTable::new([
        (TokenTable::hash("looks"), who("looks", "acme", Writes::Nothing)),
        (TokenTable::hash("lyon"), who("lyon", "acme", into("acme/lyon"))),
        (TokenTable::hash("paris"), who("paris", "acme", into("acme/paris"))),
        (TokenTable::hash("other"), who("other", "bron", Writes::Everywhere)),
    ]));
    let node = Node { machines: vec![machine("till", "acme", "lyon")], ..Node::new() };
    Door::guarded(node, Options::default(), access)
}

async fn ask(door: &Door, token: &str, path: &str) -> Answer {
    let request = Request::post(path).header("authorization", format!("Bearer {token}"));
    door.send(request.body(Body::empty()).expect("a request")).await
}
