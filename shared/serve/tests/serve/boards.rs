//! Are boards their owners', seen by whom they are shared with, and changed by nobody unseen?

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};

use crate::common::hub::{By, Hub};
use crate::common::{Answer, Node, tokens};

const PATH: &str = "/api/v1/boards";

struct Scene {
    hub: Hub,
    ann: By,
    /// Looks at lyon, too.
    bob: By,
    /// Looks after the people of acme.
    boss: By,
    /// Of another client.
    eve: By,
}

impl Scene {
    fn new() -> Self {
        let hub = Hub::new(Node::new(), tokens());
        hub.roll.begin();
        let cookie = |email: &str, grant: &str| By::Cookie(hub.roll.session(&hub.roll.person(email, &[grant])).1);
        let (ann, bob) = (cookie("ann@acme.org", "observer@acme/lyon"), cookie("bob@acme.org", "observer@acme/lyon"));
        let (boss, eve) = (cookie("boss@acme.org", "admin@acme"), cookie("eve@bron.org", "admin@bron"));
        Self { hub, ann, bob, boss, eve }
    }

    async fn make(&self, by: &By, board: Value) -> Answer {
        self.hub.ask("POST", by, PATH, Some(board)).await
    }

    async fn ids(&self, by: &By) -> Vec<String> {
        let list = self.hub.ask("GET", by, PATH, None).await.json();
        let boards = list["boards"].as_array().expect("a list").clone();
        boards.iter().map(|board| board["id"].as_str().expect("an id").to_owned()).collect()
    }

    /// As a page does: with the version that it saw.
    async fn put(&self, by: &By, path: &str, seen: &str, board: &Value) -> Answer {
        let By::Cookie(secret) = by else { panic!("a browser") };
        let request = Request::put(path).header("cookie", format!("vigie={secret}")).header("if-match", seen);
        let request = request.header("content-type", "application/json").body(Body::from(board.to_string()));
        self.hub.door.send(request.expect("a request")).await
    }
}

fn board(name: &str, shared: Value) -> Value {
    json!({ "name": name, "shared": shared, "widgets": [{ "kind": "status", "x": 0, "y": 0, "w": 6, "h": 3 }] })
}

fn path_of(made: &Answer) -> String {
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    format!("{PATH}/{}", made.json()["about"]["id"].as_str().expect("an id"))
}

#[tokio::test]
async fn a_board_is_its_owners_until_it_is_shared_and_then_only_seen() {
    let scene = Scene::new();
    let path = path_of(&scene.make(&scene.ann, board("Mine", Value::Null)).await);
    for by in [&scene.bob, &scene.boss, &scene.eve] {
        let (found, none) = (scene.hub.ask("GET", by, &path, None).await, format!("{PATH}/0000000000000000"));
        assert_eq!(found.status, StatusCode::NOT_FOUND);
        assert_eq!(found.text(), scene.hub.ask("GET", by, &none, None).await.text(), "as if it were not there");
        assert!(scene.ids(by).await.is_empty());
        assert_eq!(scene.hub.ask("DELETE", by, &path, None).await.status, StatusCode::NOT_FOUND);
    }
    let seen = scene.hub.ask("GET", &scene.ann, &path, None).await;
    let shared = scene.put(&scene.ann, &path, seen.header("etag"), &board("Ours", json!("acme/lyon"))).await;
    assert_eq!(shared.status, StatusCode::OK, "{}", shared.text());
    let seen = scene.hub.ask("GET", &scene.bob, &path, None).await.json();
    assert_eq!((&seen["about"]["own"], &seen["about"]["may_change"]), (&json!(false), &json!(false)));
    let refused = scene.hub.ask("PUT", &scene.bob, &path, Some(board("Bob's", Value::Null))).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.text());
    assert_eq!(scene.hub.ask("DELETE", &scene.bob, &path, None).await.status, StatusCode::FORBIDDEN);
    assert_eq!(scene.hub.ask("GET", &scene.eve, &path, None).await.status, StatusCode::NOT_FOUND);
    let by_boss = scene.hub.ask("DELETE", &scene.boss, &path, None).await;
    assert_eq!(by_boss.status, StatusCode::NO_CONTENT, "who looks after the people there: {}", by_boss.text());
    assert!(scene.ids(&scene.ann).await.is_empty());
}

#[tokio::test]
async fn nobody_shares_with_a_place_that_they_do_not_see_as_a_whole() {
    let scene = Scene::new();
    for wide in ["*", "acme", "bron", "acme/paris"] {
        let made = scene.make(&scene.ann, board("Wide", json!(wide))).await;
        assert_eq!(made.status, StatusCode::FORBIDDEN, "{wide}: {}", made.text());
    }
    assert!(scene.ids(&scene.ann).await.is_empty());
    let path = path_of(&scene.make(&scene.boss, board("All of acme", json!("acme"))).await);
    assert_eq!(scene.hub.ask("GET", &scene.ann, &path, None).await.status, StatusCode::OK, "she sees a part of acme");
}

#[tokio::test]
async fn what_somebody_else_changed_meanwhile_is_not_written_over() {
    let scene = Scene::new();
    let path = path_of(&scene.make(&scene.boss, board("Acme", json!("acme"))).await);
    let seen = scene.hub.ask("GET", &scene.boss, &path, None).await.header("etag").to_owned();
    let first = scene.put(&scene.boss, &path, &seen, &board("First", json!("acme"))).await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.text());
    let second = scene.put(&scene.boss, &path, &seen, &board("Second", json!("acme"))).await;
    assert_eq!(second.status, StatusCode::PRECONDITION_FAILED, "{}", second.text());
    let now = scene.hub.ask("GET", &scene.boss, &path, None).await;
    assert_eq!(now.json()["said"]["name"], "First");
    assert_eq!(now.header("etag"), first.header("etag"), "the answer to a write gives the version for the next");
}

#[tokio::test]
async fn what_is_no_board_is_refused_with_its_place_and_keeps_nothing() {
    let scene = Scene::new();
    for (wrong, why) in [
        (json!({}), "missing field `name`"),
        (json!({ "name": "x", "colour": 1 }), "unknown field"),
        (json!({ "name": "x", "shared": "a b" }), "that is no board"),
        (json!({ "name": "x", "widgets": [{ "kind": "status", "x": 9, "y": 0, "w": 6, "h": 1 }] }), "widgets[0]"),
    ] {
        let answer = scene.make(&scene.ann, wrong).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert!(answer.json()["detail"].as_str().is_some_and(|said| said.contains(why)), "{}", answer.text());
    }
    let wide = json!({ "name": "x", "widgets": [], "more": "é".repeat(40_000) });
    assert!(scene.make(&scene.ann, wide).await.status.is_client_error(), "longer than any board");
    assert!(scene.ids(&scene.ann).await.is_empty());
}

#[tokio::test]
async fn a_persons_boards_are_theirs_by_each_token_and_in_what_is_kept_of_them() {
    let hub = Hub::new(Node::new(), tokens());
    hub.roll.begin();
    let ann = hub.roll.person("ann@acme.org", &["observer@acme", "operator@acme"]);
    let (cookie, token) = (By::Cookie(hub.roll.session(&ann).1), By::Token(hub.roll.token(&ann, "acme", 3).1));
    let made = hub.ask("POST", &token, PATH, Some(board("By a program", Value::Null))).await;
    let seen = hub.ask("GET", &cookie, &path_of(&made), None).await.json();
    assert_eq!((&seen["about"]["own"], &seen["said"]["name"]), (&json!(true), &json!("By a program")));
    let export = hub.ask("GET", &cookie, "/api/v1/me/export", None).await;
    assert!(export.text().lines().any(|line| line.contains("\"board\"") && line.contains("By a program")));
    assert!(hub.roll.written() > 0);
}
